# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Batch
@notice Code that an account delegates to: the account alone may make it call several targets in one transaction.
"""

MAX_CALLS: constant(uint256) = 4
MAX_DATA: constant(uint256) = 128


struct Call:
    target: address
    value: uint256
    data: Bytes[MAX_DATA]


@external
@payable
def __default__():
    pass


@external
@payable
def execute(calls: DynArray[Call, MAX_CALLS]):
    assert msg.sender == self, "only the account itself"
    for call: Call in calls:
        raw_call(call.target, call.data, value=call.value)
