"""Whom announced messages are asked from."""

from zkattest.net.wants import MOST_ASKED_OF_A_PEER, Wants


def test_wants__asks_one_peer_at_a_time() -> None:
    wants = Wants(3.0, 10.0, 3.0)
    assert wants.offer(b"1", "a", 0.0)
    assert not wants.offer(b"1", "b", 0.1)


def test_wants__asks_the_next_when_the_first_is_silent() -> None:
    wants = Wants(3.0, 10.0, 3.0)
    wants.offer(b"1", "a", 0.0)
    wants.offer(b"1", "b", 0.1)
    assert wants.due(2.9) == []
    assert wants.due(3.0) == [("b", b"1")]
    assert wants.due(6.0) == []
    # Nobody is left: whoever announces it next is asked at once.
    assert wants.offer(b"1", "c", 6.1)


def test_wants__stops_when_the_message_came() -> None:
    wants = Wants(3.0, 10.0, 3.0)
    wants.offer(b"1", "a", 0.0)
    wants.offer(b"1", "b", 0.0)
    wants.arrived(b"1")
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


def test_wants__waits_for_a_peer_that_is_sending_but_not_for_ever() -> None:
    wants = Wants(retry_s=1.0, most_s=6.0, promise_s=3.0)
    wants.offer(b"1", "a", 0.0)
    wants.offer(b"1", "b", 0.0)
    for tenths in range(1, 60):
        now_s = tenths / 10
        assert wants.due(now_s, lambda _, now_s=now_s: now_s - 0.3) == []
    assert wants.due(6.0, lambda _: 5.9) == [("b", b"1")]


def test_wants__asks_another_when_a_peer_stops_in_the_middle() -> None:
    wants = Wants(retry_s=1.0, most_s=6.0, promise_s=3.0)
    wants.offer(b"1", "a", 0.0)
    wants.offer(b"1", "b", 0.0)
    assert wants.due(2.4, lambda _: 1.5) == []
    assert wants.due(2.5, lambda _: 1.5) == [("b", b"1")]


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
