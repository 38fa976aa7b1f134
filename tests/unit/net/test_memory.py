"""What is remembered of messages."""

from zkattest.net.memory import ENTRY_BYTES, MessageCache, SeenMessages, Status


def test_seen__forgets_after_its_time() -> None:
    seen = SeenMessages(limit=10)
    seen.record(b"a", Status.IGNORED, until_s=5.0)
    assert seen.status(b"a", 4.9) is Status.IGNORED
    assert seen.status(b"a", 5.0) is None


def test_seen__keeps_a_pending_message_until_its_verdict() -> None:
    seen = SeenMessages(limit=10)
    seen.record(b"a", Status.PENDING, until_s=5.0)
    seen.sweep(100.0)
    assert seen.status(b"a", 100.0) is Status.PENDING


def test_seen__drops_the_oldest_above_its_limit() -> None:
    seen = SeenMessages(limit=2)
    for name in (b"a", b"b", b"c"):
        seen.record(name, Status.ACCEPTED, until_s=5.0)
    assert [seen.status(name, 0.0) for name in (b"a", b"b", b"c")] == [
        None,
        Status.ACCEPTED,
        Status.ACCEPTED,
    ]


def test_seen__sweep_frees_what_expired() -> None:
    seen = SeenMessages(limit=10)
    seen.record(b"a", Status.ACCEPTED, until_s=5.0)
    seen.record(b"b", Status.ACCEPTED, until_s=7.0)
    seen.sweep(6.0)
    assert len(seen) == 1


def test_cache__stays_within_its_bytes() -> None:
    limit_bytes = 100 + 3 * ENTRY_BYTES
    cache = MessageCache(ttl_s=60.0, limit_bytes=limit_bytes)
    for index in range(1000):
        cache.put(index.to_bytes(20, "big"), "t", bytes(30), now_s=float(index))
        assert cache.size_bytes <= limit_bytes
    assert cache.get((999).to_bytes(20, "big")) is not None
    assert cache.get((990).to_bytes(20, "big")) is None


def test_cache__does_not_keep_what_alone_is_too_big() -> None:
    cache = MessageCache(ttl_s=60.0, limit_bytes=100 + ENTRY_BYTES)
    cache.put(b"a", "t", bytes(50), 0.0)
    cache.put(b"b", "t", bytes(101), 0.0)
    assert cache.get(b"a") is not None
    assert cache.get(b"b") is None


def test_cache__names_recent_messages_of_a_topic_newest_first() -> None:
    cache = MessageCache(ttl_s=60.0, limit_bytes=100 + 4 * ENTRY_BYTES)
    for at_s, (name, topic) in enumerate([(b"a", "t"), (b"b", "t"), (b"c", "u"), (b"d", "t")]):
        cache.put(name, topic, bytes(10), float(at_s))
    assert list(cache.newest_ids("t", since_s=1.0)) == [b"d", b"b"]


def test_cache__sweep_drops_what_is_too_old() -> None:
    cache = MessageCache(ttl_s=10.0, limit_bytes=100 + 2 * ENTRY_BYTES)
    cache.put(b"a", "t", bytes(10), 0.0)
    cache.put(b"b", "t", bytes(10), 5.0)
    cache.sweep(12.0)
    assert cache.get(b"a") is None
    assert cache.get(b"b") is not None
    assert cache.size_bytes == 10 + ENTRY_BYTES


def test_cache__counts_what_small_messages_take_beside_their_bytes() -> None:
    cache = MessageCache(ttl_s=60.0, limit_bytes=1 << 20)
    for index in range(100_000):
        cache.put(index.to_bytes(20, "big"), "t", b"x", 0.0)
    assert len(cache._entries) == (1 << 20) // (ENTRY_BYTES + 1)
