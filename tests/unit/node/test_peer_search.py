"""Peers are looked for in every way that is configured; what fails ends no other way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import trio
import trio.testing

from tests.unit.net.test_enr import EIP_TEXT, FORK
from tests.unit.net.test_peering import STATUS
from zkattest.net.enr import parse_record, port_entry, sign_record
from zkattest.net.peer_book import Source
from zkattest.net.peering import Parting
from zkattest.net.secp256k1 import SecretKey
from zkattest.net.status import FixedChain
from zkattest.node.config_peering import Discv5Config, PeeringConfig
from zkattest.node.peer_search import (
    PeerSearch,
    discv5_settings,
    peering_readings,
    start_peering,
)
from zkattest.node.peering import make_peering
from zkattest.telemetry import NodeObserver, Reading
from zkattest.types.peering import ENRForkID, ForkDigest, ForkVersion, GoodbyeReason

PAGE = (Path(__file__).parents[3] / "docs" / "operators" / "node.md").read_text()
TABLE = PAGE.partition("### With a section `[peering]`")[2].partition("## Alerts")[0]
DOCUMENTED = {
    name for line in TABLE.splitlines() for name in re.findall(r"`(\w+)`", line.split(" | ")[0])
}


class Events:
    """Keep what is observed."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, object]]] = []
        self.arrived = trio.Event()

    def event(self, name: str, **fields: object) -> None:
        self.seen.append((name, fields))
        self.arrived.set()


class Host:
    """Be nobody's peer."""

    peer_id = parse_record(EIP_TEXT).peer_id
    address = f"/ip4/127.0.0.1/tcp/9000/p2p/{peer_id}"

    def connected_peers(self) -> frozenset[str]:
        return frozenset()

    def now_ms(self) -> int:
        return 0


def test_finding__names_the_records_that_it_leaves_out() -> None:
    stranger = sign_record(
        SecretKey(b"\2" * 32),
        1,
        {b"ip": b"\1\2\3\4", b"tcp": port_entry(9000), b"eth2": FORK.encode()},
    )
    config, events = PeeringConfig(records=(parse_record(EIP_TEXT), stranger)), Events()
    PeerSearch(config, Host(), b"abcd", Host(), events)
    assert events.seen == [
        ("record_left_out", {"reason": f"{Host.peer_id}: is our own"}),
        (
            "record_left_out",
            {"reason": f"{stranger.peer_id}: is on fork 0xafcaaba0, we on 0x61626364"},
        ),
    ]


async def test_finding__goes_on_where_there_is_no_multicast(nursery: trio.Nursery) -> None:
    # An address that is documentation's, hence no interface of this machine.
    events = Events()
    config = PeeringConfig(mdns_interface="192.0.2.1")
    nursery.start_soon(PeerSearch(config, Host(), b"abcd", Host(), events).run)
    with trio.fail_after(10):
        await events.arrived.wait()
    (name, _), *others = events.seen
    assert (name, others) == ("mdns_unavailable", [])


def test_discv5__is_told_our_record_and_the_records_it_can_ask() -> None:
    askable = parse_record(EIP_TEXT)
    silent = sign_record(SecretKey(b"\3" * 32), 1, {b"tcp": port_entry(9000)})
    config = PeeringConfig(records=(askable, silent))
    discv5 = Discv5Config(Path("program"), "127.0.0.1:9001", IPv4Address("192.0.2.7"))
    address = f"/ip4/127.0.0.1/tcp/9100/p2p/{askable.peer_id}"
    told = discv5_settings(config, discv5, address, b"abcd", b"\1" * 32, b"vers")
    record = told.record
    assert (told.program, told.listen, told.bootnodes) == (
        Path("program"),
        "127.0.0.1:9001",
        (askable,),
    )
    assert (record.public_key, record.eproof) == (SecretKey(b"\1" * 32).public_key, 1)
    assert (str(record.ip4), record.tcp, record.udp) == ("192.0.2.7", 9100, 9001)
    assert record.eth2 == ENRForkID(ForkDigest(b"abcd"), ForkVersion(b"vers"))
    assert told.needs_proofs


async def test_finding__goes_on_without_the_discovery_program(
    tmp_path: Path, nursery: trio.Nursery
) -> None:
    events, discv5 = Events(), Discv5Config(tmp_path / "nowhere", "127.0.0.1:9001")
    config, identity = PeeringConfig(discv5=discv5), (b"\1" * 32, b"vers")
    nursery.start_soon(PeerSearch(config, Host(), b"abcd", Host(), events, identity).run)
    with trio.fail_after(10):
        await events.arrived.wait()
    ((name, fields),) = events.seen
    assert name == "discv5_unavailable"
    assert "nowhere: No such file" in str(fields["reason"])


def shown(readings: Iterator[Reading]) -> dict[tuple[str, ...], float]:
    """Return what is not zero."""
    return {(one.name, *one.labels.values()): one.value for one in readings if one.value}


def test_metrics__tell_who_found_peers_and_what_became_of_dials(tmp_path: Path) -> None:
    found = sign_record(SecretKey(b"\2" * 32), 1, {b"ip": b"\1\2\3\4", b"tcp": port_entry(9000)})
    config = PeeringConfig(
        records=(found,), discv5=Discv5Config(tmp_path / "none", "127.0.0.1:9001")
    )
    search = PeerSearch(config, Host(), b"abcd", Host(), Events(), (b"\1" * 32, b"vers"))
    search.book.failed(found.peer_id, 0)
    search.book.met(found.peer_id, 0)
    readings = list(search.readings())
    assert shown(iter(readings)) == {
        ("known_peers", "record"): 1,
        ("found_peers", "record"): 1,
        ("peer_dials", "record", "connected"): 1,
        ("peer_dials", "record", "failed"): 1,
    }
    assert {each.name for each in readings} <= DOCUMENTED
    # What alerts look at stands there from the start, each source for itself.
    assert len(readings) == 4 * len(Source)


def test_metrics__tell_goodbyes_by_reason_and_number_no_strange_ones() -> None:
    peering = make_peering(PeeringConfig(), FixedChain(STATUS))
    assert shown(peering_readings(peering)) == {}
    peering.goodbyes[Parting.OURS, GoodbyeReason.IRRELEVANT_NETWORK] += 2
    peering.goodbyes[Parting.THEIRS, None] += 3
    peering.counters["missed_ping"] += 1
    readings = list(peering_readings(peering))
    assert {each.name for each in readings} <= DOCUMENTED
    assert shown(iter(readings)) == {
        ("goodbyes", "sent", "irrelevant_network"): 2,
        ("goodbyes", "received", "other"): 3,
        ("peering_events", "missed_ping"): 1,
    }
    assert all(reading.is_counter for reading in readings)


async def test_metrics__of_peers_are_among_all_others(nursery: trio.Nursery) -> None:
    observer, peering = NodeObserver(), make_peering(PeeringConfig(), FixedChain(STATUS))
    search = PeerSearch(PeeringConfig(), Host(), b"abcd", Host(), observer)
    start_peering(nursery, peering, search, observer)
    lines = observer.exposition().decode().splitlines()
    assert 'zkattest_goodbyes_total{direction="received",reason="client_shut_down"} 0.0' in lines
    assert 'zkattest_peer_dials_total{outcome="failed",source="mdns"} 0.0' in lines
    assert 'zkattest_known_peers{source="discv5"} 0.0' in lines
