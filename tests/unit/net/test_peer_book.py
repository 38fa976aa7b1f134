"""Whom to dial next, what is forgotten, what survives a restart."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zkattest.net.boundary import Identity
from zkattest.net.peer_book import (
    MAX_BOOK_BYTES,
    BookSettings,
    PeerBook,
    PeerBookError,
    Source,
)

IDS = [Identity(bytes([number]) * 32).peer_id for number in range(1, 13)]


def address(number: int, port: int = 9000) -> str:
    return f"/ip4/10.0.0.{number}/tcp/{port}/p2p/{IDS[number]}"


class Steady(random.Random):
    """Spread nothing."""

    def uniform(self, a: float, b: float) -> float:
        return 1.0


def book(**settings: int) -> PeerBook:
    return PeerBook(BookSettings(**settings), Steady())


def dialled(peers: PeerBook, now_ms: int = 0, engaged: frozenset[str] = frozenset()) -> list[int]:
    return [IDS.index(peer.peer_id) for peer in peers.due(now_ms, engaged, 100)]


def test_book__counts_finds_and_dials_by_who_told_of_a_peer() -> None:
    peers = book(most_unproven=2)
    for number, source in ((1, Source.RECORD), (2, Source.MDNS), (2, Source.DISCV5)):
        peers.learn(address(number), source)
    assert not peers.learn(address(3), Source.DISCV5)
    for outcome in (peers.failed, peers.met, peers.parted, peers.met):
        outcome(IDS[2], 0)
    peers.failed(IDS[1], 0)
    peers.failed(IDS[9], 0)
    assert +peers.found == {Source.RECORD: 1, Source.MDNS: 1}
    assert peers.dials == {
        (Source.MDNS, True): 2,
        (Source.MDNS, False): 1,
        (Source.RECORD, False): 1,
    }


def test_book__dials_what_it_learned_but_not_the_engaged() -> None:
    peers = book()
    assert all(peers.learn(address(number), Source.RECORD) for number in (1, 2, 3))
    assert dialled(peers) == [1, 2, 3]
    assert dialled(peers, engaged=frozenset({IDS[2]})) == [1, 3]
    assert peers.due(0, frozenset(), 2) == peers.due(0, frozenset(), 100)[:2]
    assert peers.due(0, frozenset(), -1) == []


def test_book__pauses_twice_as_long_after_each_failure() -> None:
    peers = book(first_pause_ms=1000, longest_pause_ms=5000)
    peers.learn(address(1), Source.RECORD)
    pauses = []
    for _ in range(40):
        peers.failed(IDS[1], 0)
        pauses.append(peers.peers()[IDS[1]].next_dial_ms)
    assert pauses[:4] == [1000, 2000, 4000, 5000]
    assert set(pauses[4:]) == {5000}
    assert (dialled(peers, 4999), dialled(peers, 5000)) == ([], [1])


def test_book__spreads_its_pauses() -> None:
    peers = PeerBook(rng=random.Random(7))
    for number in range(1, 9):
        peers.learn(address(number), Source.RECORD)
        peers.failed(IDS[number], 0)
    pauses = [peer.next_dial_ms for peer in peers.peers().values()]
    assert len(set(pauses)) > 4
    assert all(750 <= pause <= 1250 for pause in pauses)


def test_book__prefers_configured_then_proven_then_those_that_failed_least() -> None:
    peers = book()
    for number, source in ((1, Source.MDNS), (2, Source.RECORD), (3, Source.RECORD)):
        peers.learn(address(number), source)
    peers.learn(address(4), Source.CONFIGURATION)
    peers.failed(IDS[1], 0)
    peers.met(IDS[2], 50)
    assert dialled(peers, 10_000) == [4, 2, 3, 1]


def test_book__waits_a_little_after_a_connection() -> None:
    peers = book()
    peers.learn(address(1), Source.RECORD)
    peers.failed(IDS[1], 0)
    peers.met(IDS[1], 2000)
    peers.parted(IDS[1], 9000)
    peer = peers.peers()[IDS[1]]
    assert (peer.failures, peer.last_met_ms, peer.next_dial_ms) == (0, 9000, 10_000)


def test_book__a_flood_of_the_unproven_pushes_nobody_out() -> None:
    peers = book(most_unproven=3, most_peers=5)
    for number in (1, 2):
        peers.learn(address(number), Source.RECORD)
        peers.met(IDS[number], 100)
    kept = [peers.learn(address(number), Source.MDNS) for number in range(3, 10)]
    assert kept == [True] * 3 + [False] * 4
    assert dialled(peers) == [1, 2, 3, 4, 5]


def test_book__drops_the_worst_when_it_is_full() -> None:
    peers = book(most_peers=3)
    for number in (1, 2, 3):
        peers.learn(address(number), Source.RECORD)
    peers.failed(IDS[1], 0)
    peers.met(IDS[2], 100)
    assert peers.learn(address(4), Source.CONFIGURATION)
    assert set(peers.peers()) == {IDS[2], IDS[3], IDS[4]}


@pytest.mark.parametrize(
    ("first", "second", "proven", "port"),
    [
        (Source.RECORD, Source.RECORD, False, 9001),
        (Source.RECORD, Source.MDNS, False, 9000),
        (Source.MDNS, Source.RECORD, False, 9001),
        (Source.RECORD, Source.RECORD, True, 9000),
        (Source.RECORD, Source.CONFIGURATION, True, 9001),
    ],
)
def test_book__replaces_an_address_only_from_as_trusted_a_source(
    first: Source, second: Source, proven: bool, port: int
) -> None:
    peers = book()
    peers.learn(address(1), first)
    if proven:
        peers.met(IDS[1], 100)
    peers.learn(address(1, 9001), second)
    assert peers.peers()[IDS[1]].address == address(1, port)


@pytest.mark.parametrize("text", ["/ip4/10.0.0.1/tcp/9000", "nonsense", "/ip4/10.0.0.1/udp/1"])
def test_book__refuses_what_is_no_address_of_a_peer(text: str) -> None:
    with pytest.raises(ValueError, match="address"):
        book().learn(text, Source.RECORD)


def test_book__ignores_news_of_strangers() -> None:
    peers = book()
    peers.met(IDS[1], 1)
    peers.failed(IDS[1], 1)
    peers.parted(IDS[1], 1)
    assert (len(peers), peers.changes) == (0, 0)


def placed(number: int, host: str) -> str:
    return f"/ip4/{host}/tcp/9000/p2p/{IDS[number]}"


def test_book__takes_one_of_each_network_before_the_second_of_any() -> None:
    peers = book()
    for number in range(1, 7):
        peers.learn(placed(number, f"10.0.0.{number}"), Source.RECORD)
    peers.learn(placed(7, "10.0.1.1"), Source.DISCV5)
    peers.learn(placed(8, "10.0.2.1"), Source.MDNS)
    assert dialled(peers)[:4] == [1, 7, 8, 2]
    assert dialled(peers, engaged=frozenset({IDS[7]}))[:4] == [1, 8, 2, 3]


def test_book__dials_those_known_longest_before_those_met_last() -> None:
    peers = book(anchors=2)
    for number in range(1, 6):
        peers.learn(address(number), Source.RECORD)
        peers.met(IDS[number], 100 * number)
    peers.learn(address(6), Source.CONFIGURATION)
    assert dialled(peers) == [6, 2, 1, 5, 4, 3]
    # A peer that comes back is known as long as before, and a restart changes nothing.
    peers.met(IDS[1], 900)
    again = book(anchors=2)
    again.restore(peers.encode())
    assert dialled(again) == [6, 1, 2, 5, 4, 3]


def test_book__reads_books_that_tell_no_first_meeting() -> None:
    peers = book()
    old = GOOD | {"last_met_ms": 7}
    peers.restore(json.dumps({"version": 1, "peers": [old]}).encode())
    assert peers.peers()[IDS[1]].first_met_ms == 7


def test_book__names_one_that_was_never_tried() -> None:
    peers = book()
    assert peers.untried(0, frozenset()) is None
    for number in (1, 2, 3):
        peers.learn(address(number), Source.RECORD)
    peers.met(IDS[1], 0)
    peers.failed(IDS[3], 0)
    assert peers.untried(0, frozenset()) == peers.peers()[IDS[2]]
    assert peers.untried(0, {IDS[2]}) is None
    assert peers.untried(5000, {IDS[2]}) == peers.peers()[IDS[3]]


def test_book__is_restored() -> None:
    peers = book()
    for number in (1, 2, 3):
        peers.learn(address(number), Source.RECORD)
    peers.met(IDS[2], 100)
    peers.failed(IDS[3], 100)
    again = book()
    assert again.restore(peers.encode()) == 3
    assert dialled(again) == [2, 1, 3]
    assert again.encode() == peers.encode()


def test_book__restored_under_a_configuration_keeps_what_was_proven() -> None:
    peers = book()
    peers.learn(address(1), Source.RECORD)
    peers.met(IDS[1], 100)
    again = book()
    again.learn(address(1), Source.CONFIGURATION)
    again.restore(peers.encode())
    peer = again.peers()[IDS[1]]
    assert (peer.source, peer.last_met_ms) == (Source.CONFIGURATION, 100)


CHANGES: list[dict[str, object]] = [
    {"address": 7},
    {"address": "/ip4/10.0.0.1/tcp/9000"},
    {"source": "rumour"},
    {"source": []},
    {"last_met_ms": -1},
    {"last_met_ms": 1.5},
    {"first_met_ms": -1},
    {"first_met_ms": []},
    {"failures": True},
    {"failures": None},
    {"failures": 1 << 63},
]
GOOD = {"address": address(1), "source": "record", "last_met_ms": None, "failures": 0}


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"", "book"),
        (b"[" * 100_000, "book"),
        (b"\xff", "book"),
        (b"[]", "version"),
        (b"{}", "version"),
        (b'{"version": 2, "peers": []}', "version"),
        (b'{"version": 1, "peers": {}}', "peers"),
        (b'{"version": 1, "peers": [1]}', "peers[0]"),
        (b" " * (MAX_BOOK_BYTES + 1), "book"),
        *(
            (json.dumps({"version": 1, "peers": [GOOD | change]}).encode(), "peers[0]")
            for change in CHANGES
        ),
    ],
)
def test_book__refuses_a_file_that_is_none(data: bytes, field: str) -> None:
    peers = book()
    with pytest.raises(PeerBookError) as refusal:
        peers.restore(data)
    assert refusal.value.field == field
    assert len(peers) == 0


@given(st.binary(max_size=200))
def test_book__restores_or_refuses(data: bytes) -> None:
    try:
        assert book().restore(data) == 0
    except PeerBookError:
        return
