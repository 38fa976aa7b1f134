# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Ledger
@notice One storage slot a key: written, changed and cleared by transactions that declare an access list.
"""

entries: public(HashMap[uint256, uint256])


@external
def record(key: uint256, amount: uint256):
    self.entries[key] = amount


@external
def copy(source: uint256, target: uint256):
    self.entries[target] = self.entries[source]
