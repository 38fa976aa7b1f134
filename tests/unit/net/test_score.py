"""Scores of peers."""

import pytest

from zkattest.net.score import FAULTS_HALF_LIFE_S, ScoreBook


def test_score__is_zero_for_a_stranger() -> None:
    assert ScoreBook().score("a", 0.0) == 0.0


def test_score__falls_by_the_square_of_the_rejections() -> None:
    book = ScoreBook()
    scores = []
    for _ in range(3):
        book.rejected("a", 0.0)
        scores.append(book.score("a", 0.0))
    assert scores == [-10.0, -40.0, -90.0]
    assert book.score("b", 0.0) == 0.0


def test_score__counts_twenty_deliveries_at_most() -> None:
    book = ScoreBook()
    for _ in range(100):
        book.delivered("a", 0.0)
    assert book.score("a", 0.0) == 20.0


def test_score__forgives_the_breaches_of_a_busy_peer() -> None:
    book = ScoreBook()
    book.breached("a", 0.0, times=6.0)
    assert book.score("a", 0.0) == 0.0
    book.breached("a", 0.0, times=3.0)
    assert book.score("a", 0.0) == -9.0


def test_score__halves_a_count_in_its_half_life() -> None:
    book = ScoreBook()
    book.rejected("a", 0.0)
    assert book.score("a", FAULTS_HALF_LIFE_S) == pytest.approx(-2.5)


def test_graylist__keeps_a_peer_out_until_it_is_pardoned() -> None:
    book = ScoreBook()
    for _ in range(3):
        book.rejected("a", 0.0)
    # 0.58 half-lives bring three rejections to two: the pardon.
    assert book.is_graylisted("a", 0.0)
    assert book.is_graylisted("a", 0.5 * FAULTS_HALF_LIFE_S)
    assert not book.is_graylisted("a", 0.6 * FAULTS_HALF_LIFE_S)


def test_graylist__does_not_hold_two_rejections() -> None:
    book = ScoreBook()
    book.rejected("a", 0.0)
    book.rejected("a", 0.0)
    assert not book.is_graylisted("a", 0.0)
