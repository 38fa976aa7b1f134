"""What is known of proofs that are waited for, under a virtual clock."""

import pytest

from zkattest.machines.proof_board import BoardLimits, ProofBoard
from zkattest.types.ids import ProofType, Root
from zkattest.types.verification import FailureReason, ProofComplete, ProofFailure

ROOT, OTHER = Root(b"\1" * 32), Root(b"\2" * 32)
ONE, TWO = ProofType(1), ProofType(2)


def late(root, kind):
    return ProofFailure(root, kind, FailureReason.PROVING_TIMEOUT, "no proof came in time")


def test_board__completes_what_is_expected_and_gives_up_the_rest():
    board = ProofBoard()
    assert board.expect(ROOT, [ONE, TWO], 100)
    assert board.next_expiry_ms() == 100
    assert board.complete(ROOT, ONE) == ProofComplete(ROOT, ONE)
    assert board.expire(99) == []
    assert board.expire(100) == [late(ROOT, TWO)]
    assert (board.expected, board.next_expiry_ms()) == (0, None)
    assert board.catch_up(ROOT) == (ProofComplete(ROOT, ONE), late(ROOT, TWO))


def test_board__completes_late_what_has_failed():
    board = ProofBoard()
    board.expect(ROOT, [ONE], 100)
    board.expire(100)
    assert board.complete(ROOT, ONE) == ProofComplete(ROOT, ONE)
    assert board.catch_up(ROOT) == (ProofComplete(ROOT, ONE),)


def test_board__tells_news_once():
    board = ProofBoard()
    assert board.complete(ROOT, ONE) is not None
    assert board.complete(ROOT, ONE) is None


def test_board__expects_nothing_that_is_there():
    board = ProofBoard()
    board.complete(ROOT, ONE)
    assert board.expect(ROOT, [ONE], 100)
    assert board.expire(200) == []


def test_board__withdraws_what_counts_no_longer():
    board = ProofBoard()
    assert board.withdraw(ROOT, ONE, "revoked") is None
    board.complete(ROOT, ONE)
    expected = ProofFailure(ROOT, ONE, FailureReason.PROVING_ERROR, "revoked")
    assert board.withdraw(ROOT, ONE, "revoked") == expected
    assert board.catch_up(None) == (expected,)


def test_board__forgets_those_longest_unheard_of():
    board = ProofBoard(BoardLimits(requests=2))
    for root in (ROOT, OTHER, Root(b"\3" * 32)):
        board.complete(root, ONE)
    assert board.catch_up(ROOT) == ()
    assert board.catch_up(OTHER) != ()


@pytest.mark.parametrize("limits", [BoardLimits(expected=1), BoardLimits(requests=1)])
def test_board__refuses_to_wait_for_more_than_it_may(limits):
    board = ProofBoard(limits)
    assert board.expect(ROOT, [ONE], 100)
    assert board.expect(ROOT, [ONE], 120)
    assert not board.expect(OTHER, [ONE], 100)
    # A proof of something else is told all the same, and not remembered.
    assert board.complete(OTHER, ONE) == ProofComplete(OTHER, ONE)
    assert (board.next_expiry_ms(), board.expected) == (120, 1)
