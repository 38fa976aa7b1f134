"""Choose who says which validators may sign proofs: a list, or a beacon node."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

import trio

from zkattest.machines.validator_book import BookLimits
from zkattest.node.loop import SystemClock
from zkattest.ports import Clock, ValidatorView
from zkattest.rpc import BeaconLimits, BeaconNode, CachedValidatorView
from zkattest.spec.answers import ActiveValidator, ValidatorOutcome
from zkattest.spec.validators import unknown_validator
from zkattest.types.ids import Epoch, ValidatorIndex


@dataclass(frozen=True, slots=True)
class ListedValidators:
    """Take validators from a list: all of them are active, nobody else is known."""

    pubkeys: Mapping[ValidatorIndex, bytes]

    @classmethod
    def in_order(cls, pubkeys: Sequence[bytes]) -> Self:
        """Number keys of 48 bytes in their order, as the devnet's profile has them."""
        return cls({ValidatorIndex(index): pubkey for index, pubkey in enumerate(pubkeys)})

    async def validator_at(self, index: ValidatorIndex, epoch: Epoch) -> ValidatorOutcome:
        """Say who a validator is, whatever the epoch."""
        await trio.lowlevel.checkpoint()
        pubkey = self.pubkeys.get(index)
        return unknown_validator() if pubkey is None else ActiveValidator(pubkey)


@dataclass(frozen=True, slots=True)
class BeaconValidators:
    """Name the beacon node that is asked, and what asking may take."""

    url: str
    slots_per_epoch: int
    limits: BeaconLimits = field(default_factory=BeaconLimits)
    book: BookLimits = field(default_factory=BookLimits)


@asynccontextmanager
async def open_beacon_validators(
    settings: BeaconValidators, clock: Clock | None = None
) -> AsyncIterator[ValidatorView]:
    """
    Ask a beacon node, through a cache, for as long as this is open.

    Raises `ValueError` for what is no http(s) address; the node is not asked before a look-up.
    """
    node = BeaconNode(settings.url, settings.slots_per_epoch, settings.limits)
    view = CachedValidatorView(node, clock or SystemClock(), settings.book)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(view.run)
            yield view
            nursery.cancel_scope.cancel()
    finally:
        node.close()
