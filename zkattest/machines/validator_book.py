"""
Keep what a node has said about validators, and decide what it is asked next.

Sans-IO: time is an argument, the question goes out by whoever holds the book. One question is out
at a time; what is asked meanwhile becomes the next one. Everything is bounded: a peer can make us
look up whatever index it likes.

A state's validators are numbered without gaps, and none ever leaves. So one unknown index answers
for all above it; and a node that lacks a validator below one that it has shown is not believed.
The first question about an epoch asks for validator 0, too, which every state has.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from zkattest.spec.answers import Fault, ValidatorOutcome
from zkattest.spec.reasons import Cause
from zkattest.spec.validators import (
    VALIDATOR_REGISTRY_LIMIT,
    ValidatorRecord,
    judge_validator,
    unknown_validator,
)
from zkattest.types.ids import Epoch, ValidatorIndex

_K = TypeVar("_K")
_V = TypeVar("_V")
Key: TypeAlias = tuple[Epoch, ValidatorIndex]
_EPOCHS: Final = 16
_FIRST: Final = ValidatorIndex(0)


@dataclass(frozen=True, slots=True)
class BookLimits:
    """Bound the book: answers kept (about 400 bytes each), look-ups waiting, and pauses."""

    answers: int = 16_384
    waiting: int = 4_096
    batch: int = 512
    first_pause_ms: int = 500
    longest_pause_ms: int = 30_000


@dataclass(frozen=True, slots=True)
class ValidatorQuestion:
    """Ask for the records of some validators, in the state that knows about an epoch."""

    epoch: Epoch
    indices: tuple[ValidatorIndex, ...]


@dataclass(frozen=True, slots=True)
class _Pause:
    failures: int
    until_ms: int
    fault: Fault


class ValidatorBook:
    """Answer look-ups from what is known, and gather the rest into questions."""

    def __init__(self, limits: BookLimits | None = None) -> None:
        self._limits = limits or BookLimits()
        self._answers: OrderedDict[Key, ValidatorOutcome] = OrderedDict()
        # By epoch the first index that the state lacks, and the highest that it has shown.
        self._registry_ends: OrderedDict[Epoch, ValidatorIndex] = OrderedDict()
        self._highest: OrderedDict[Epoch, ValidatorIndex] = OrderedDict()
        self._wanted: dict[Epoch, dict[ValidatorIndex, None]] = {}
        self._waiting = 0
        self._out: ValidatorQuestion | None = None
        # By epoch for a state that the node lacks, under None for the node itself.
        self._pauses: OrderedDict[Epoch | None, _Pause] = OrderedDict()

    def ask(self, index: ValidatorIndex, epoch: Epoch, now_ms: int) -> ValidatorOutcome | None:
        """Return what is known; None where it has to be waited for."""
        known = self._known(index, epoch) or self._paused(epoch, now_ms)
        if known is not None or self._is_waited_for(index, epoch):
            return known
        if self._waiting >= self._limits.waiting:
            return Fault(Cause.OUT_OF_RESOURCES, f"{self._waiting} validators wait to be asked for")
        self._wanted.setdefault(epoch, {})[index] = None
        self._waiting += 1
        return None

    def next_question(self) -> ValidatorQuestion | None:
        """Take the next question; None while one is out, or where nothing is wanted."""
        if self._out is not None or not self._wanted:
            return None
        epoch = next(iter(self._wanted))
        indices = tuple(self._wanted[epoch])[: self._limits.batch]
        self._drop_wanted(epoch, indices)
        if epoch not in self._highest and _FIRST not in indices:
            indices = (_FIRST, *indices)
        self._out = ValidatorQuestion(epoch, indices)
        return self._out

    def answered(
        self, records: Mapping[ValidatorIndex, ValidatorRecord], now_ms: int
    ) -> dict[Key, ValidatorOutcome]:
        """Take the answer to the question that is out, and say what it means for each index."""
        if self._out is not None and self._has_gap(self._out, records):
            detail = "the node lacks a validator below one that it has"
            return self.failed(Fault(Cause.BACKEND_UNAVAILABLE, detail), now_ms)
        question = self._close_question()
        epoch = question.epoch
        self._pauses.pop(None, None)
        self._pauses.pop(epoch, None)
        self._learn_extent(question, records)
        outcomes: dict[Key, ValidatorOutcome] = {}
        for index in question.indices:
            outcomes[epoch, index] = unknown_validator()
            if index in records:
                outcome = judge_validator(records[index], epoch)
                outcomes[epoch, index] = self._answers[epoch, index] = outcome
        _keep_newest(self._answers, self._limits.answers)
        return outcomes

    def failed(
        self, fault: Fault, now_ms: int, *, of_state: bool = False
    ) -> dict[Key, ValidatorOutcome]:
        """
        Take note that the question that is out has no answer, and pause, longer each time.

        `of_state`: the node is well, it only lacks this state. Otherwise whatever waits fails, too.
        """
        question = self._close_question()
        self._pause(question.epoch if of_state else None, fault, now_ms)
        epochs = [question.epoch] if of_state else list(self._wanted)
        keys = [(question.epoch, index) for index in question.indices]
        for epoch in epochs:
            indices = tuple(self._wanted.get(epoch, ()))
            keys += [(epoch, index) for index in indices]
            self._drop_wanted(epoch, indices)
        return dict.fromkeys(keys, fault)

    @property
    def size(self) -> int:
        """Return how many answers are kept."""
        return len(self._answers)

    def _known(self, index: ValidatorIndex, epoch: Epoch) -> ValidatorOutcome | None:
        end = self._registry_ends.get(epoch, VALIDATOR_REGISTRY_LIMIT)
        if index >= end:
            return unknown_validator()
        known = self._answers.get((epoch, index))
        if known is not None:
            self._answers.move_to_end((epoch, index))
        return known

    def _paused(self, epoch: Epoch, now_ms: int) -> Fault | None:
        for key in (None, epoch):
            pause = self._pauses.get(key)
            if pause is not None and now_ms < pause.until_ms:
                return pause.fault
        return None

    def _is_waited_for(self, index: ValidatorIndex, epoch: Epoch) -> bool:
        out = self._out
        if out is not None and out.epoch == epoch and index in out.indices:
            return True
        return index in self._wanted.get(epoch, ())

    def _pause(self, key: Epoch | None, fault: Fault, now_ms: int) -> None:
        earlier = self._pauses.pop(key, None)
        failures = 1 if earlier is None else earlier.failures + 1
        # The shift is bounded: a node may be away for days.
        pause_ms = self._limits.first_pause_ms << min(failures - 1, 32)
        until_ms = now_ms + min(pause_ms, self._limits.longest_pause_ms)
        self._pauses[key] = _Pause(failures, until_ms, fault)
        _keep_newest(self._pauses, _EPOCHS)

    def _has_gap(
        self, question: ValidatorQuestion, records: Mapping[ValidatorIndex, ValidatorRecord]
    ) -> bool:
        missing = min((one for one in question.indices if one not in records), default=None)
        if missing is None:
            return False
        shown = [one for epoch, one in self._highest.items() if epoch <= question.epoch]
        return missing == _FIRST or missing < max([*shown, *records], default=_FIRST)

    def _learn_extent(
        self, question: ValidatorQuestion, records: Mapping[ValidatorIndex, ValidatorRecord]
    ) -> None:
        epoch = question.epoch
        if records:
            highest = max([*records, self._highest.pop(epoch, _FIRST)])
            self._highest[epoch] = highest
            _keep_newest(self._highest, _EPOCHS)
        missing = [one for one in question.indices if one not in records]
        if missing:
            end = min([*missing, *filter(None, [self._registry_ends.pop(epoch, None)])])
            self._registry_ends[epoch] = end
            _keep_newest(self._registry_ends, _EPOCHS)

    def _close_question(self) -> ValidatorQuestion:
        question, self._out = self._out, None
        if question is None:
            raise ValueError("no question is out")
        return question

    def _drop_wanted(self, epoch: Epoch, indices: tuple[ValidatorIndex, ...]) -> None:
        wanted = self._wanted.get(epoch, {})
        for index in indices:
            del wanted[index]
        self._waiting -= len(indices)
        if not wanted:
            self._wanted.pop(epoch, None)


def _keep_newest(table: OrderedDict[_K, _V], limit: int) -> None:
    while len(table) > limit:
        table.popitem(last=False)
