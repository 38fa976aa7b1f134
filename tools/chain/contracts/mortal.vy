# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Mortal
@notice Ends itself on demand: gone if it was made in the same transaction, otherwise only emptied.
"""


@deploy
@payable
def __init__():
    pass


@external
def end(heir: address):
    selfdestruct(heir)
