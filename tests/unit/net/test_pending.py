"""Budgets of messages that wait for a verdict."""

from zkattest.net.pending import PendingMessage, PendingMessages
from zkattest.net.settings import GossipSettings

SETTINGS = GossipSettings(
    pending_limit=3, pending_limit_bytes=100, pending_peer_limit=2, pending_peer_limit_bytes=60
)


def message(sender: str, size_bytes: int = 10, expires_s: float = 5.0) -> PendingMessage:
    return PendingMessage("t", b"", size_bytes, expires_s, [sender])


def test_pending__limits_one_peer_and_spares_the_others() -> None:
    pending = PendingMessages(SETTINGS)
    assert pending.admit(b"1", message("a"))
    assert pending.admit(b"2", message("a"))
    assert not pending.admit(b"3", message("a"))
    assert pending.admit(b"3", message("b"))


def test_pending__limits_the_bytes_of_one_peer() -> None:
    pending = PendingMessages(SETTINGS)
    assert pending.admit(b"1", message("a", size_bytes=50))
    assert not pending.admit(b"2", message("a", size_bytes=11))


def test_pending__limits_all_peers_together() -> None:
    pending = PendingMessages(SETTINGS)
    assert all(pending.admit(name, message(name.decode())) for name in (b"a", b"b", b"c"))
    assert not pending.admit(b"d", message("d"))


def test_pending__returns_what_a_decided_message_took() -> None:
    pending = PendingMessages(SETTINGS)
    for _ in range(10):
        assert pending.admit(b"1", message("a", size_bytes=60))
        assert pending.take(b"1") is not None
    assert pending.take(b"1") is None
    assert len(pending) == 0


def test_pending__names_every_sender_once() -> None:
    pending = PendingMessages(SETTINGS)
    pending.admit(b"1", message("a"))
    for sender in ("b", "a", "b"):
        pending.add_sender(b"1", sender)
    taken = pending.take(b"1")
    assert taken is not None
    assert taken.senders == ["a", "b"]


def test_pending__names_what_waited_too_long() -> None:
    pending = PendingMessages(SETTINGS)
    pending.admit(b"1", message("a", expires_s=5.0))
    pending.admit(b"2", message("b", expires_s=6.0))
    assert pending.expired(5.0) == [b"1"]


def test_pending__names_the_newest_of_the_peer_that_holds_most() -> None:
    pending = PendingMessages(SETTINGS)
    for name, sender in ((b"1", "a"), (b"2", "b"), (b"3", "a")):
        assert pending.admit(name, message(sender))
    assert not pending.has_room("c", 10)
    assert pending.newest_of_most("c", 10) == b"3"
    # Who would hold as many itself displaces nobody.
    assert pending.newest_of_most("b", 10) is None


def test_pending__names_the_newest_of_the_peer_that_holds_most_bytes() -> None:
    pending = PendingMessages(SETTINGS)
    assert pending.admit(b"1", message("a", size_bytes=55))
    assert pending.admit(b"2", message("b", size_bytes=20))
    assert not pending.has_room("c", 40)
    assert pending.newest_of_most("c", 40) == b"1"
    assert pending.newest_of_most("c", 56) is None
    assert not pending.has_share("c", 61)
