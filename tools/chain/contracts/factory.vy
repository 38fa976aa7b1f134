# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Factory
@notice Makes children at addresses known beforehand (CREATE2), and can end one in the transaction that made it.
"""

MAX_INITCODE: constant(uint256) = 512


interface Mortal:
    def end(heir: address): nonpayable


event Made:
    child: indexed(address)


@external
@payable
def make(initcode: Bytes[MAX_INITCODE], salt: bytes32) -> address:
    return self._make(initcode, salt)


@external
@payable
def make_and_end(initcode: Bytes[MAX_INITCODE], salt: bytes32, heir: address):
    child: address = self._make(initcode, salt)
    extcall Mortal(child).end(heir)


@internal
@payable
def _make(initcode: Bytes[MAX_INITCODE], salt: bytes32) -> address:
    child: address = raw_create(initcode, value=msg.value, salt=salt)
    log Made(child=child)
    return child
