"""
Remember peers and where they listen, in bounded memory and without I/O; time is an argument.

An address is dialled again with growing pauses as long as it fails. Addresses that worked once are
kept before those that never did. Whom to dial next: the configured, then anchors (those that we
have known longest: an attacker of today is none of them), then peers of the networks that we know
fewest peers of, so that whoever tells us of thousands of addresses in one network gains little.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeGuard

from zkattest.net.address import Address
from zkattest.net.origin import network_group
from zkattest.types.errors import DecodeError
from zkattest.types.json_text import parse_json

MAX_BOOK_BYTES: Final = 1 << 20
_VERSION: Final = 1


class Source(StrEnum):
    """Say who told of a peer, the most trusted first."""

    CONFIGURATION = "configuration"
    RECORD = "record"
    DISCV5 = "discv5"
    MDNS = "mdns"


_TRUST: Final = {source: -rank for rank, source in enumerate(Source)}


class PeerBookError(DecodeError):
    """Say which part of a stored book is malformed, and how."""


@dataclass(frozen=True, slots=True)
class BookSettings:
    """Bound the book, and the pauses between dials of one peer."""

    most_peers: int = 512
    most_unproven: int = 128
    anchors: int = 4
    first_pause_ms: int = 1_000
    longest_pause_ms: int = 600_000


@dataclass(slots=True)
class KnownPeer:
    """Hold what is remembered of a peer; times are Unix milliseconds."""

    peer_id: str
    address: str
    source: Source
    first_met_ms: int | None = None
    last_met_ms: int | None = None
    failures: int = 0
    next_dial_ms: int = 0

    @property
    def is_proven(self) -> bool:
        """Say whether the address worked once."""
        return self.last_met_ms is not None

    @property
    def network(self) -> str:
        """Name the network that the address is in."""
        return network_group(Address.parse(self.address).host)


class PeerBook:
    """Know whom to dial next."""

    def __init__(self, settings: BookSettings | None = None, rng: random.Random | None = None):
        """Begin empty; `rng` spreads the pauses, so that peers that fell together rise apart."""
        self._settings = settings or BookSettings()
        self._rng = rng or random.Random()  # noqa: S311 - spreads dials, keeps no secret
        self._peers: dict[str, KnownPeer] = {}
        self.changes = 0
        """Count the changes, so that a shell knows when there is something to save."""
        self.found: Counter[Source] = Counter()
        """Count the peers that were new, by who told of them."""
        self.dials: Counter[tuple[Source, bool]] = Counter()
        """Count the dials by who told of the peer, and by whether they reached it."""

    def __len__(self) -> int:
        """Count the peers that are remembered."""
        return len(self._peers)

    def learn(self, address: str, source: Source) -> bool:
        """
        Take note of an address that ends in `/p2p/<peer id>`; False when there is no room for it.

        An address is replaced by one from as trusted a source; one that worked, only by one from
        the configuration. Raises `ValueError` for what is no such address.
        """
        peer_id = Address.parse(address).peer_id
        if peer_id is None:
            raise ValueError(f"address {address!r}: a peer's address ends in /p2p/<peer id>")
        known = self._peers.get(peer_id)
        if known is None:
            was_added = self._add(KnownPeer(peer_id, address, source))
            self.found[source] += was_added
            return was_added
        is_better = source is Source.CONFIGURATION or (
            not known.is_proven and _TRUST[source] >= _TRUST[known.source]
        )
        if known.address != address and is_better:
            known.address, known.source = address, source
            known.failures, known.next_dial_ms = 0, 0
            self.changes += 1
        return True

    def met(self, peer_id: str, now_ms: int) -> None:
        """Note that a peer was connected under the address that is known."""
        if peer := self._peers.get(peer_id):
            if peer.first_met_ms is None:
                peer.first_met_ms = now_ms
            peer.last_met_ms, peer.failures = now_ms, 0
            self.changes += 1
            self.dials[peer.source, True] += 1

    def failed(self, peer_id: str, now_ms: int) -> None:
        """Note that a dial failed; the next one waits twice as long."""
        if peer := self._peers.get(peer_id):
            pause_ms = self._settings.first_pause_ms << min(peer.failures, 32)
            peer.failures += 1
            peer.next_dial_ms = now_ms + self._spread(pause_ms)
            self.changes += 1
            self.dials[peer.source, False] += 1

    def parted(self, peer_id: str, now_ms: int) -> None:
        """Note that a connection ended; the next dial waits a little."""
        if peer := self._peers.get(peer_id):
            peer.last_met_ms = now_ms
            peer.next_dial_ms = now_ms + self._spread(self._settings.first_pause_ms)
            self.changes += 1

    def due(self, now_ms: int, engaged: Collection[str], count: int) -> list[KnownPeer]:
        """Return up to `count` peers to dial now, best first; `engaged` ones are left out."""
        waiting = [
            peer
            for peer in self._peers.values()
            if peer.peer_id not in engaged and peer.next_dial_ms <= now_ms
        ]
        # The best of each network, then the second of each: one that is engaged counts, too.
        waiting.sort(key=_worth, reverse=True)
        crowd = Counter(self._peers[each].network for each in engaged if each in self._peers)
        anchors, ranked = self._anchors(), []
        for peer in waiting:
            is_first = peer.source is Source.CONFIGURATION, peer.peer_id in anchors
            ranked.append((is_first, -crowd[peer.network], peer))
            crowd[peer.network] += 1
        ranked.sort(key=lambda each: each[:2], reverse=True)
        return [peer for _, _, peer in ranked[: max(0, count)]]

    def untried(self, now_ms: int, engaged: Collection[str]) -> KnownPeer | None:
        """Return the best of those that never worked: whether one does is worth to know."""
        due = self.due(now_ms, engaged, len(self._peers))
        return next((peer for peer in due if not peer.is_proven), None)

    def peers(self) -> Mapping[str, KnownPeer]:
        """Return what is remembered, by peer id."""
        return dict(self._peers)

    def encode(self) -> bytes:
        """Write the book as JSON."""
        peers = [
            {
                "address": peer.address,
                "source": peer.source.value,
                "first_met_ms": peer.first_met_ms,
                "last_met_ms": peer.last_met_ms,
                "failures": peer.failures,
            }
            for peer in self._peers.values()
        ]
        return json.dumps({"version": _VERSION, "peers": peers}, indent=1).encode()

    def restore(self, data: bytes) -> int:
        """
        Add what a stored book knows and return how many peers that are.

        Pauses are not restored: after a restart everybody may be dialled once. Raises
        `PeerBookError`; then nothing was added.
        """
        stored = [_read_peer(index, entry) for index, entry in enumerate(_read_book(data))]
        for peer in stored:
            known = self._peers.get(peer.peer_id)
            if known is None:
                self._add(peer)
            elif known.address == peer.address:
                known.first_met_ms, known.last_met_ms = peer.first_met_ms, peer.last_met_ms
        return len(stored)

    def _anchors(self) -> set[str]:
        met = [each for each in self._peers.values() if each.first_met_ms is not None]
        met.sort(key=lambda each: each.first_met_ms or 0)
        return {each.peer_id for each in met[: self._settings.anchors]}

    def _add(self, peer: KnownPeer) -> bool:
        self._peers[peer.peer_id] = peer
        self.changes += 1
        unproven = [each for each in self._peers.values() if not each.is_proven]
        if len(unproven) > self._settings.most_unproven:
            self._drop_worst(unproven)
        elif len(self._peers) > self._settings.most_peers:
            self._drop_worst(list(self._peers.values()))
        return peer.peer_id in self._peers

    def _drop_worst(self, candidates: list[KnownPeer]) -> None:
        # The newest of equals goes: whoever floods the book pushes nobody out.
        worst = min(reversed(candidates), key=_worth)
        del self._peers[worst.peer_id]

    def _spread(self, pause_ms: int) -> int:
        capped_ms = min(pause_ms, self._settings.longest_pause_ms)
        return round(capped_ms * self._rng.uniform(0.75, 1.25))


def _worth(peer: KnownPeer) -> tuple[bool, bool, int, int]:
    is_configured = peer.source is Source.CONFIGURATION
    return is_configured, peer.is_proven, -peer.failures, peer.last_met_ms or 0


def _read_book(data: bytes) -> list[Any]:
    if len(data) > MAX_BOOK_BYTES:
        raise PeerBookError("book", f"{len(data)} bytes, {MAX_BOOK_BYTES} allowed")
    try:
        book = parse_json(data)
    except ValueError as error:
        raise PeerBookError("book", "is no JSON") from error
    if not isinstance(book, dict) or book.get("version") != _VERSION:
        raise PeerBookError("version", f"expected {_VERSION}")
    peers = book.get("peers")
    if not isinstance(peers, list):
        raise PeerBookError("peers", "expected a list")
    return peers


def _read_peer(index: int, entry: Any) -> KnownPeer:
    field = f"peers[{index}]"
    if not isinstance(entry, dict):
        raise PeerBookError(field, "expected an object")
    address, met, failures = (entry.get(name) for name in ("address", "last_met_ms", "failures"))
    # Books of before have no such entry.
    first_met = entry.get("first_met_ms", met)
    times = [each for each in (met, first_met) if each is not None]
    if not all(map(_is_count, times)) or not _is_count(failures):
        raise PeerBookError(field, "expected numbers that are not negative")
    try:
        peer_id = Address.parse(str(address)).peer_id
        source = Source(str(entry.get("source")))
    except ValueError as error:
        raise PeerBookError(field, str(error)) from error
    if peer_id is None:
        raise PeerBookError(field, "address without a peer id")
    return KnownPeer(peer_id, str(address), source, first_met, met, failures)


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63
