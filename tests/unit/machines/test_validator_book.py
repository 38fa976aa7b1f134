"""The book asks once for what many want, forgets what it must, and blames nobody for a bad node."""

import pytest

from tests.helpers.beacon_node import key_of
from zkattest.machines.validator_book import BookLimits, ValidatorBook, ValidatorQuestion
from zkattest.spec.answers import ActiveValidator, Fault, Refused
from zkattest.spec.reasons import Cause, Reason
from zkattest.spec.validators import (
    VALIDATOR_REGISTRY_LIMIT,
    ValidatorRecord,
    ValidatorStatus,
    unknown_validator,
)
from zkattest.types.ids import Epoch, ValidatorIndex

ONE, TWO = Epoch(1), Epoch(2)
DOWN = Fault(Cause.BACKEND_UNAVAILABLE, "the node is down")
NO_STATE = Fault(Cause.BACKEND_UNAVAILABLE, "no such state")
GAP = Fault(Cause.BACKEND_UNAVAILABLE, "the node lacks a validator below one that it has")
INACTIVE = Refused(Reason.VALIDATOR_NOT_ACTIVE, "exited_unslashed")


def index(number):
    return ValidatorIndex(number)


def active(number):
    return ActiveValidator(key_of(number))


def records(*numbers, inactive=()):
    made = {}
    for number in numbers:
        gone = number in inactive
        status = ValidatorStatus.EXITED_UNSLASHED if gone else ValidatorStatus.ACTIVE_ONGOING
        ends = Epoch(1) if gone else Epoch(2**64 - 1)
        made[index(number)] = ValidatorRecord(index(number), key_of(number), status, Epoch(0), ends)
    return made


def question(epoch, *numbers):
    return ValidatorQuestion(epoch, tuple(map(index, numbers)))


def filled(*numbers, epoch=ONE, limits=None):
    """Make a book that knows some validators."""
    book = ValidatorBook(limits)
    for number in numbers:
        assert book.ask(index(number), epoch, 0) is None
    asked = book.next_question()
    book.answered(records(*asked.indices), 0)
    return book


def test_book__gathers_what_is_asked_while_a_question_is_out():
    book = ValidatorBook()
    assert book.next_question() is None
    assert book.ask(index(5), ONE, 0) is None
    # Validator 0 stands in every state: who lacks it has no answer.
    assert book.next_question() == question(ONE, 0, 5)
    for number in (5, 6, 7, 6):
        assert book.ask(index(number), ONE, 0) is None
    assert book.next_question() is None
    assert book.answered(records(0, 5), 0) == {(ONE, 0): active(0), (ONE, 5): active(5)}
    assert book.next_question() == question(ONE, 6, 7)
    book.answered(records(6, 7), 0)
    assert book.next_question() is None
    assert [book.ask(index(one), ONE, 0) for one in (5, 6, 7)] == [active(5), active(6), active(7)]


def test_book__asks_again_for_another_epoch():
    book = filled(5)
    assert book.ask(index(5), TWO, 0) is None
    assert book.next_question() == question(TWO, 0, 5)
    outcome = book.answered(records(0, 5, inactive=(5,)), 0)
    assert outcome == {(TWO, 0): active(0), (TWO, 5): INACTIVE}
    assert (book.ask(index(5), ONE, 0), book.ask(index(5), TWO, 0)) == (active(5), INACTIVE)


def test_book__asks_for_one_epoch_at_a_time_in_the_order_of_asking():
    book = ValidatorBook()
    for number, epoch in ((1, TWO), (2, ONE), (3, TWO)):
        book.ask(index(number), epoch, 0)
    assert book.next_question() == question(TWO, 0, 1, 3)
    book.answered(records(0, 1, 3), 0)
    assert book.next_question() == question(ONE, 0, 2)


def test_book__asks_for_no_more_than_a_batch():
    book = ValidatorBook(BookLimits(batch=3))
    for number in range(1, 9):
        book.ask(index(number), ONE, 0)
    asked = []
    while (out := book.next_question()) is not None:
        asked.append([int(one) for one in out.indices])
        book.answered(records(*out.indices), 0)
    assert asked == [[0, 1, 2, 3], [4, 5, 6], [7, 8]]


def test_book__takes_one_unknown_index_for_all_above_it():
    book = filled(5)
    book.ask(index(9), ONE, 0)
    book.next_question()
    assert book.answered({}, 0) == {(ONE, 9): unknown_validator()}
    for number in (9, 10, 2**39):
        assert book.ask(index(number), ONE, 0) == unknown_validator()
    # Below it nothing is known yet, and another epoch may have more validators.
    assert book.ask(index(8), ONE, 0) is None
    assert book.ask(index(9), TWO, 0) is None


def test_book__asks_for_no_index_that_no_state_has():
    book = ValidatorBook()
    for number in (VALIDATOR_REGISTRY_LIMIT, 2**64 - 1):
        assert book.ask(index(number), ONE, 0) == unknown_validator()
    assert book.next_question() is None
    assert book.ask(index(VALIDATOR_REGISTRY_LIMIT - 1), ONE, 0) is None


@pytest.mark.parametrize(
    "answer", [records(), records(5), records(0, 9)], ids=["nothing", "not the first", "a gap"]
)
def test_book__does_not_believe_a_node_that_lacks_a_validator_in_between(answer):
    book = ValidatorBook()
    for number in (5, 9):
        book.ask(index(number), ONE, 0)
    book.next_question()
    outcome = book.answered(answer, 0)
    assert outcome == dict.fromkeys([(ONE, 0), (ONE, 5), (ONE, 9)], GAP)
    assert book.ask(index(5), ONE, 0) == GAP
    assert book.size == 0


def test_book__does_not_believe_that_a_validator_went_away():
    book = filled(5)
    for epoch in (ONE, TWO):
        book.ask(index(4), epoch, 0)
        asked = book.next_question()
        assert set(book.answered(records(*set(asked.indices) - {4}), 0).values()) == {GAP}
        assert book.ask(index(4), epoch, 500) is None
        assert book.next_question().indices == asked.indices
        book.answered(records(*asked.indices), 500)


def test_book__lets_an_earlier_epoch_have_fewer_validators():
    book = filled(9, epoch=TWO)
    book.ask(index(8), ONE, 0)
    book.next_question()
    assert book.answered(records(0), 0)[ONE, 8] == unknown_validator()


def test_book__pauses_longer_after_each_failure_and_recovers():
    book = ValidatorBook(BookLimits(first_pause_ms=100, longest_pause_ms=350))
    now_ms = 0
    for pause_ms in (100, 200, 350, 350):
        assert book.ask(index(5), ONE, now_ms) is None
        book.next_question()
        assert book.failed(DOWN, now_ms) == {(ONE, 0): DOWN, (ONE, 5): DOWN}
        # Nobody waits for a node that has just failed, whatever they ask.
        assert book.ask(index(6), TWO, now_ms + pause_ms - 1) == DOWN
        assert book.next_question() is None
        now_ms += pause_ms
    assert book.ask(index(5), ONE, now_ms) is None
    book.next_question()
    assert book.answered(records(0, 5), now_ms)[ONE, 5] == active(5)
    assert book.ask(index(6), ONE, now_ms) is None
    book.next_question()
    book.failed(DOWN, now_ms)
    assert book.ask(index(6), ONE, now_ms + 99) == DOWN
    assert book.ask(index(6), ONE, now_ms + 100) is None


def test_book__gives_what_it_knows_while_the_node_is_down():
    book = filled(5)
    book.ask(index(6), ONE, 0)
    book.next_question()
    book.failed(DOWN, 0)
    assert book.ask(index(5), ONE, 1) == active(5)


def test_book__fails_all_that_waits_when_the_node_is_down():
    book = ValidatorBook()
    for number, epoch in ((5, ONE), (6, TWO)):
        book.ask(index(number), epoch, 0)
    book.next_question()
    assert book.failed(DOWN, 0) == dict.fromkeys([(ONE, 0), (ONE, 5), (TWO, 6)], DOWN)


def test_book__fails_one_epoch_when_its_state_is_not_there():
    book = ValidatorBook()
    for number, epoch in ((5, ONE), (6, TWO)):
        book.ask(index(number), epoch, 0)
    book.next_question()
    assert book.failed(NO_STATE, 0, of_state=True) == {(ONE, 0): NO_STATE, (ONE, 5): NO_STATE}
    assert book.ask(index(7), ONE, 499) == NO_STATE
    assert book.next_question() == question(TWO, 0, 6)
    assert book.answered(records(0, 6), 0)[TWO, 6] == active(6)
    assert book.ask(index(7), ONE, 500) is None


def test_book__forgets_the_answers_used_longest_ago():
    book = filled(1, 2, limits=BookLimits(answers=3))
    assert book.ask(index(0), ONE, 0) == active(0)
    assert book.ask(index(1), ONE, 0) == active(1)
    book.ask(index(3), ONE, 0)
    book.next_question()
    book.answered(records(3), 0)
    assert book.size == 3
    assert book.ask(index(1), ONE, 0) == active(1)
    assert book.ask(index(2), ONE, 0) is None


def test_book__refuses_to_hold_more_that_wait_than_it_may():
    book = ValidatorBook(BookLimits(waiting=2))
    for number in (1, 2, 1):
        assert book.ask(index(number), ONE, 0) is None
    full = Fault(Cause.OUT_OF_RESOURCES, "2 validators wait to be asked for")
    assert book.ask(index(3), ONE, 0) == full
    asked = book.next_question()
    assert book.ask(index(3), ONE, 0) is None
    book.answered(records(*asked.indices), 0)
    assert book.ask(index(1), ONE, 0) == active(1)


def test_book__refuses_an_answer_to_nothing():
    with pytest.raises(ValueError, match="no question is out"):
        ValidatorBook().answered({}, 0)
