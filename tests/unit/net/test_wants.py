"""Whom announced messages are asked from."""

import pytest

from zkattest.net.wants import MOST_ASKED_OF_A_PEER, USUAL_S, Wants


def test_wants__asks_one_peer_at_a_time() -> None:
    wants = Wants(3.0, 10.0, 3.0)
    assert wants.offer(b"1", "a", 0.0)
    assert not wants.offer(b"1", "b", 0.1)


def test_wants__asks_the_next_when_the_first_is_silent() -> None:
    wants = Wants(1.0, 10.0, 3.0)
    wants.offer(b"1", "a", 0.0)
    wants.offer(b"1", "b", 0.1)
    assert wants.due(0.9) == []
    assert wants.due(1.0) == [("b", b"1")]
    assert wants.due(2.0) == []
    # Nobody is left: whoever announces it next is asked at once.
    assert wants.offer(b"1", "c", 2.1)


def test_wants__stops_when_the_message_came() -> None:
    wants = Wants(3.0, 10.0, 3.0)
    wants.offer(b"1", "a", 0.0)
    wants.offer(b"1", "b", 0.0)
    wants.arrived(b"1", 0.1, is_big=False)
    assert wants.due(10.0) == []


def test_wants__keeps_a_place_for_others_when_one_announces_again_and_again() -> None:
    wants = Wants(3.0, 10.0, 3.0)
    wants.offer(b"1", "a", 0.0)
    for _ in range(20):
        wants.offer(b"1", "b", 0.1)
    wants.offer(b"1", "c", 0.2)
    assert wants.due(3.0) == [("b", b"1")]
    assert wants.due(6.0) == [("c", b"1")]


def test_wants__leaves_room_beside_a_peer_that_announces_what_nobody_has() -> None:
    wants = Wants(3.0, 10.0, 3.0)
    asked = [wants.offer(number.to_bytes(20, "big"), "a", 0.0) for number in range(5000)]
    assert sum(asked) == MOST_ASKED_OF_A_PEER
    assert wants.offer(b"1", "b", 0.0)
    assert wants.take_silent(0.0) == set()
    wants.due(3.0)
    assert wants.take_silent(3.0) == {"a", "b"}
    assert wants.take_silent(9.0) == set()
    assert wants.offer(b"2", "a", 3.0)


def sending(wants: Wants, until_s: float) -> list[tuple[str, bytes]]:
    """Let whoever was asked send without a pause; return who else was asked meanwhile."""
    asked: list[tuple[str, bytes]] = []
    now_s = 0.0
    while now_s < until_s:
        now_s += 0.1
        asked += wants.due(now_s, lambda _: now_s - 0.3)  # noqa: B023 - called at once
    return asked


def test_wants__waits_for_the_only_peer_that_is_sending_but_not_for_ever() -> None:
    wants = Wants(retry_s=1.0, most_s=6.0, promise_s=3.0)
    wants.offer(b"1", "a", 0.0)
    assert sending(wants, 5.9) == []
    assert not wants.offer(b"1", "b", 5.9)
    assert wants.due(6.0, lambda _: 5.9) == [("b", b"1")]


def test_wants__asks_two_more_peers_while_those_before_are_slower_than_usual() -> None:
    wants = Wants(retry_s=1.0, most_s=6.0, promise_s=3.0)
    for peer in "abcd":
        wants.offer(b"1", peer, 0.0)
    soon_s = USUAL_S * 1.3
    assert wants.due(soon_s - 0.01, lambda _: soon_s - 0.1) == []
    assert wants.due(soon_s, lambda _: soon_s - 0.1) == [("b", b"1")]
    assert wants.due(2 * soon_s - 0.01, lambda _: 2 * soon_s - 0.1) == []
    assert wants.due(2 * soon_s, lambda _: 2 * soon_s - 0.1) == [("c", b"1")]
    # Three are sending now; the fourth is kept for when they fail.
    assert wants.due(2 * soon_s + 3.0, lambda _: 2 * soon_s + 2.9) == []


@pytest.mark.parametrize(("took_s", "second_s"), [(0.1, 0.52), (3.0, 3.9)])
def test_wants__learns_how_long_transfers_take(took_s: float, second_s: float) -> None:
    wants = Wants(retry_s=9.0, most_s=30.0, promise_s=30.0)
    for number in range(100):
        message_id = number.to_bytes(20, "big")
        wants.offer(message_id, "a", 0.0)
        wants.arrived(message_id, took_s, is_big=True)
        # Small messages say nothing about it.
        wants.offer(message_id, "a", 0.0)
        wants.arrived(message_id, 0.01, is_big=False)
    wants.offer(b"1", "a", 0.0)
    wants.offer(b"1", "b", 0.0)
    assert wants.due(second_s - 0.01) == []
    assert wants.due(second_s + 0.01) == [("b", b"1")]


def test_wants__asks_another_when_a_peer_stops_in_the_middle() -> None:
    wants = Wants(retry_s=0.3, most_s=6.0, promise_s=3.0)
    wants.offer(b"1", "a", 0.0)
    wants.offer(b"1", "b", 0.0)
    assert wants.due(0.79, lambda _: 0.5) == []
    assert wants.due(0.8, lambda _: 0.5) == [("b", b"1")]


def test_wants__asks_others_at_once_when_a_peer_is_lost_and_blames_nobody() -> None:
    wants = Wants(retry_s=1.0, most_s=6.0, promise_s=3.0)
    for peer in "abc":
        wants.offer(b"1", peer, 0.0)
    wants.lost("b")
    wants.lost("a")
    assert wants.due(0.1) == [("c", b"1")]
    assert wants.due(1.1) == []
    assert wants.take_silent(99.0) == {"c"}


def test_wants__counts_a_peer_as_silent_when_its_promise_is_due() -> None:
    wants = Wants(retry_s=1.0, most_s=6.0, promise_s=3.0)
    wants.offer(b"1", "a", 0.0)
    wants.due(1.0)
    assert wants.take_silent(2.9) == set()
    assert wants.take_silent(3.0) == {"a"}
