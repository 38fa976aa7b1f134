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
    """Say who may have sent each transaction of a block, and where their keys are kept."""

    __slots__ = ("addresses", "keys")

    def __init__(self, keys: KeyCache, addresses: Sequence[bytes | None] = ()) -> None:
        """Take addresses of 20 bytes in the order of the block; None, or too few, say nothing."""
        self.keys = keys
        self.addresses = addresses
