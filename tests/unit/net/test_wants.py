"""Whom announced messages are asked from."""

from zkattest.net.wants import Wants


def test_wants__asks_one_peer_at_a_time() -> None:
    wants = Wants(retry_s=3.0)
    assert wants.offer(b"1", "a", 0.0)
    assert not wants.offer(b"1", "b", 0.1)


def test_wants__asks_the_next_when_the_first_is_silent() -> None:
    wants = Wants(retry_s=3.0)
    wants.offer(b"1", "a", 0.0)
    wants.offer(b"1", "b", 0.1)
    assert wants.due(2.9) == []
    assert wants.due(3.0) == [("b", b"1")]
    assert wants.due(6.0) == []
    # Nobody is left: whoever announces it next is asked at once.
    assert wants.offer(b"1", "c", 6.1)


def test_wants__stops_when_the_message_came() -> None:
    wants = Wants(retry_s=3.0)
    wants.offer(b"1", "a", 0.0)
    wants.offer(b"1", "b", 0.0)
    wants.arrived(b"1")
    assert wants.due(10.0) == []
