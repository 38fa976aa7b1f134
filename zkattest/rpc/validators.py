"""Answer look-ups of validators from a source that is asked as little as possible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import trio

from zkattest.machines.validator_book import BookLimits, Key, ValidatorBook, ValidatorQuestion
from zkattest.ports import Clock
from zkattest.rpc.beacon import StateUnavailable
from zkattest.spec.answers import Fault, ValidatorOutcome
from zkattest.spec.reasons import Cause
from zkattest.spec.validators import ValidatorRecord
from zkattest.types.errors import SourceTimeout, SourceUnavailable
from zkattest.types.ids import Epoch, ValidatorIndex

DEFAULT_WAIT_MS: Final = 6_000


class ValidatorSource(Protocol):
    """Fetch records: what a `BeaconNode` does."""

    async def validators(
        self, epoch: Epoch, indices: Sequence[ValidatorIndex]
    ) -> Mapping[ValidatorIndex, ValidatorRecord]:
        """Return the records that are there, or raise `SourceUnavailable` or `SourceTimeout`."""
        ...


@dataclass(slots=True)
class _Reply:
    ready: trio.Event = field(default_factory=trio.Event)
    outcome: ValidatorOutcome | None = None


class CachedValidatorView:
    """Ask a source once for what many want to know, behind `ValidatorView`; `run` asks."""

    def __init__(
        self,
        source: ValidatorSource,
        clock: Clock,
        limits: BookLimits | None = None,
        *,
        wait_ms: int = DEFAULT_WAIT_MS,
    ) -> None:
        self._source = source
        self._clock = clock
        self._book = ValidatorBook(limits)
        self._wait_ms = wait_ms
        self._work = trio.Event()
        self._replies: dict[Key, _Reply] = {}

    async def validator_at(self, index: ValidatorIndex, epoch: Epoch) -> ValidatorOutcome:
        """
        Say whether a validator is active in an epoch, and with which key.

        A look-up that takes longer than it may is a `Fault`, as is one that the source refuses.
        """
        await trio.lowlevel.checkpoint()
        outcome = self._book.ask(index, epoch, self._clock.now_ms())
        if outcome is not None:
            return outcome
        reply = self._replies.setdefault((epoch, index), _Reply())
        self._work.set()
        with trio.move_on_after(self._wait_ms / 1_000):
            await reply.ready.wait()
        return reply.outcome or Fault(Cause.TIMEOUT, f"no answer within {self._wait_ms} ms")

    async def run(self) -> None:
        """Ask the source whatever is wanted, one question after another, until cancelled."""
        while True:
            question = self._book.next_question()
            if question is None:
                await self._work.wait()
                self._work = trio.Event()
            else:
                self._settle(await self._ask(question))

    async def _ask(self, question: ValidatorQuestion) -> dict[Key, ValidatorOutcome]:
        try:
            records = await self._source.validators(question.epoch, question.indices)
        except (SourceTimeout, SourceUnavailable) as error:
            fault = Fault(Cause(error.cause), f"beacon node {error.detail}")
            of_state = isinstance(error, StateUnavailable)
            return self._book.failed(fault, self._clock.now_ms(), of_state=of_state)
        return self._book.answered(records, self._clock.now_ms())

    def _settle(self, outcomes: Mapping[Key, ValidatorOutcome]) -> None:
        for key, outcome in outcomes.items():
            reply = self._replies.pop(key, None)
            if reply is not None:
                reply.outcome = outcome
                reply.ready.set()
