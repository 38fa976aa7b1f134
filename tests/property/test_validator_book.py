"""Whatever is asked in whatever order, of a node that fails or lies: true answers, or faults."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zkattest.machines.validator_book import BookLimits, ValidatorBook
from zkattest.spec.answers import ActiveValidator, Fault
from zkattest.spec.validators import (
    ValidatorRecord,
    ValidatorStatus,
    judge_validator,
    unknown_validator,
)
from zkattest.types.ids import Epoch, ValidatorIndex

LIMITS = BookLimits(answers=12, waiting=10, batch=4, first_pause_ms=5, longest_pause_ms=20)
EPOCHS = st.integers(1, 3).map(Epoch)
STEPS = st.one_of(
    st.tuples(st.just("ask"), st.integers(0, 30).map(ValidatorIndex), EPOCHS),
    st.tuples(st.sampled_from(["answer", "fail", "lack", "lie", "wait"])),
)


def record_of(number: int, epoch: int) -> ValidatorRecord:
    """Every third validator leaves with epoch 2."""
    ends = Epoch(2) if number % 3 == 2 else Epoch(99)
    status = ValidatorStatus.ACTIVE_ONGOING if epoch - 1 < ends else ValidatorStatus.EXITED_SLASHED
    return ValidatorRecord(ValidatorIndex(number), bytes([number]) * 48, status, Epoch(0), ends)


def size_of(epoch: int) -> int:
    """The registry grows."""
    return 10 + 5 * epoch


def truth(number: int, epoch: Epoch):
    if number >= size_of(epoch):
        return unknown_validator()
    return judge_validator(record_of(number, epoch), epoch)


@given(st.lists(STEPS, max_size=80))
def test_book__true_or_a_fault_and_bounded(steps):
    book, now_ms, out, waiting = ValidatorBook(LIMITS), 0, None, set()

    def settle(outcomes, *, honest=True):
        for (epoch, number), outcome in outcomes.items():
            waiting.discard((epoch, number))
            if isinstance(outcome, Fault):
                continue
            assert honest, "a node that leaves out a validator is found out"
            assert outcome == truth(number, epoch)

    for step, *arguments in steps:
        out = out or book.next_question()
        if step == "ask":
            number, epoch = arguments
            outcome = book.ask(number, epoch, now_ms)
            if outcome is None:
                waiting.add((epoch, number))
            elif not isinstance(outcome, Fault):
                assert outcome == truth(number, epoch)
        elif step == "wait":
            now_ms += 7
        elif out is not None:
            there = {
                one: record_of(one, out.epoch) for one in out.indices if one < size_of(out.epoch)
            }
            if step == "answer":
                settle(book.answered(there, now_ms))
            elif step == "lie" and len(there) > 1:
                # It leaves out a validator, and gives a later one.
                there.pop(min(there))
                settle(book.answered(there, now_ms), honest=False)
            else:
                settle(book.failed(Fault("timeout"), now_ms, of_state=step == "lack"))
            out = None
        assert book.size <= LIMITS.answers + LIMITS.batch
        assert len(waiting) <= LIMITS.waiting + LIMITS.batch

    # Nothing that waits is lost: an honest node settles all of it.
    while (out := out or book.next_question()) is not None:
        there = {one: record_of(one, out.epoch) for one in out.indices if one < size_of(out.epoch)}
        settle(book.answered(there, now_ms))
        out = None
    assert waiting == set()


def test_truth__has_active_and_inactive_and_unknown_validators():
    answers = {type(truth(number, Epoch(3))) for number in (0, 2, 40)}
    assert ActiveValidator in answers
    assert len(answers) == 2
