"""Keep the public keys of senders seen before: with them signatures are checked together."""

from __future__ import annotations

from collections.abc import Sequence

from zkattest import _core


class KeyCache:
    """
    Keep the newest `capacity` keys of senders, about 200 bytes each; for several threads.

    A cache has no say in a verdict: whoever names the wrong sender costs time, nothing else.
    """

    __slots__ = ("core",)

    def __init__(self, capacity: int) -> None:
        """Make an empty cache; raise ValueError for a capacity below one."""
        self.core = _core.KeyCache(capacity)


class SenderHints:
    """Say who may have signed what a block holds, and where their keys are kept."""

    __slots__ = ("addresses", "authorities", "keys")

    def __init__(
        self,
        keys: KeyCache,
        addresses: Sequence[bytes | None] = (),
        authorities: Sequence[bytes | None] = (),
    ) -> None:
        """
        Take senders and EIP-7702 authorities, 20 bytes each, in the order of the block.

        None, or too few, say nothing.
        """
        self.keys = keys
        self.addresses = addresses
        self.authorities = authorities

    def in_order(self, transactions: int) -> Sequence[bytes | None]:
        """Give one hint for each transaction, then those for the authorizations."""
        if not self.authorities:
            return self.addresses[:transactions]
        unnamed = [None] * (transactions - len(self.addresses))
        return [*self.addresses[:transactions], *unnamed, *self.authorities]
