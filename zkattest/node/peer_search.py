"""Look for peers in every way that is configured, and count what becomes of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Final

import trio

from zkattest.net import GossipHost
from zkattest.net.address import Address
from zkattest.net.discv5 import Discovery, DiscoveryFailed, DiscoverySettings
from zkattest.net.enr import Value, port_entry, sign_record
from zkattest.net.lan_discovery import LanDiscovery
from zkattest.net.peer_book import PeerBook, Source
from zkattest.net.peer_keeper import KeeperSettings, PeerFile, PeerKeeper, learn_records
from zkattest.net.peering import Parting, Peering
from zkattest.net.secp256k1 import SecretKey
from zkattest.node.config_peering import Discv5Config, PeeringConfig
from zkattest.node.config_sections import parse_listen
from zkattest.ports import Clock
from zkattest.telemetry import NodeObserver, Observer, Reading
from zkattest.types.peering import ENRForkID, ForkDigest, ForkVersion, GoodbyeReason

_DISCV5_PAUSE_S: Final = 60.0


class PeerSearch:
    """Dial the peers of records, of the book, of the local network and of discv5."""

    def __init__(
        self,
        config: PeeringConfig,
        host: GossipHost,
        fork_digest: bytes,
        clock: Clock,
        observer: Observer,
        identity: tuple[bytes, bytes] | None = None,
    ) -> None:
        """
        Look for nobody yet.

        `identity` is our secret key and the version of our fork, which our own record tells.
        """
        self._observer = observer
        self.book = PeerBook()
        digest = ForkDigest(fork_digest)
        for reason in learn_records(self.book, config.records, digest, host.peer_id):
            observer.event("record_left_out", reason=reason)
        settings = KeeperSettings(wanted_peers=config.wanted_peers)
        file = PeerFile(config.peer_file) if config.peer_file else None
        self._keeper = PeerKeeper(host, self.book, clock.now_ms, settings, file)
        self._lan: LanDiscovery | None = None
        self._discv5: Discovery | None = None
        if config.mdns_interface is not None:
            self._lan = LanDiscovery(host.address, config.mdns_interface, self.book)
        if config.discv5 is not None and identity is not None:
            told = discv5_settings(config, config.discv5, host.address, fork_digest, *identity)
            self._discv5 = Discovery(told, self.book)

    async def run(self) -> None:
        """Look for peers until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keeper.run)
            if self._lan is not None:
                nursery.start_soon(_search_lan, self._lan, self._observer)
            if self._discv5 is not None:
                nursery.start_soon(_search_discv5, self._discv5, self._observer)

    def readings(self) -> Iterator[Reading]:
        """Count who was found by whom, and what became of dials."""
        known = Counter(peer.source for peer in self.book.peers().values())
        for source in Source:
            label = {"source": source.value}
            yield Reading("known_peers", "Peers that are remembered", known[source], label)
            meaning = "Peers that were new, by who told of them"
            yield Reading("found_peers", meaning, self.book.found[source], label, is_counter=True)
            for reached, outcome in ((True, "connected"), (False, "failed")):
                meaning, labels = "Dials of peers that were found", label | {"outcome": outcome}
                count = self.book.dials[source, reached]
                yield Reading("peer_dials", meaning, count, labels, is_counter=True)
        searches = {Source.MDNS: self._lan, Source.DISCV5: self._discv5}
        for source, search in searches.items():
            for event, count in search.counters.items() if search is not None else ():
                meaning, labels = "Announcements and records", {"source": source, "event": event}
                yield Reading("discovery_events", meaning, count, labels, is_counter=True)


def peering_readings(peering: Peering) -> Iterator[Reading]:
    """Count goodbyes by reason, and what else happened with consensus peers."""
    for side, reason in product(Parting, (*GoodbyeReason, None)):
        name = reason.name.lower() if reason is not None else "other"
        labels, count = {"direction": side.value, "reason": name}, peering.goodbyes[side, reason]
        yield Reading("goodbyes", "Goodbyes by their reason", count, labels, is_counter=True)
    for event, count in peering.counters.items():
        meaning = "What happened with consensus peers"
        yield Reading("peering_events", meaning, count, {"event": event}, is_counter=True)


def start_peering(
    nursery: trio.Nursery, peering: Peering, search: PeerSearch, observer: NodeObserver
) -> None:
    """Look for peers, and have what becomes of them among the metrics."""
    observer.add_readings(partial(peering_readings, peering))
    observer.add_readings(search.readings)
    nursery.start_soon(search.run)


def discv5_settings(
    config: PeeringConfig,
    discv5: Discv5Config,
    address: str,
    fork_digest: bytes,
    secret_key: bytes,
    fork_version: bytes,
) -> DiscoverySettings:
    """Say what the discovery program is told; the port of gossip is that of our `address`."""
    _, udp = parse_listen(discv5.listen)
    digest = ForkDigest(fork_digest)
    entries: dict[bytes, Value] = {
        b"tcp": port_entry(Address.parse(address).port),
        b"udp": port_entry(udp),
        b"eth2": ENRForkID(digest, ForkVersion(fork_version)).encode(),
        b"eproof": b"\1",
    }
    if discv5.ip is not None:
        entries[b"ip"] = discv5.ip.packed
    # A record counts for more the newer it is, and nobody remembers the number of the last one.
    record = sign_record(SecretKey(secret_key), int(time.time()), entries)
    return DiscoverySettings(
        program=discv5.program,
        secret_key=secret_key,
        record=record,
        listen=discv5.listen,
        bootnodes=tuple(each for each in config.records if each.udp),
        fork_digest=digest,
        needs_proofs=True,
    )


async def _search_discv5(discovery: Discovery, observer: Observer) -> None:
    while True:
        try:
            await discovery.run()
        except DiscoveryFailed as failure:
            # The other ways to find peers go on, and the program may be there later.
            observer.event("discv5_unavailable", reason=str(failure))
        await trio.sleep(_DISCV5_PAUSE_S)


async def _search_lan(lan: LanDiscovery, observer: Observer) -> None:
    try:
        await lan.run()
    except OSError as error:
        # The other ways to find peers go on.
        observer.event("mdns_unavailable", reason=str(error))
