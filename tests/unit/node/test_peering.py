"""What a node tells its peers: where its machine stands, and the proofs of its store."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from ipaddress import IPv4Address
from pathlib import Path

import pytest
import trio
import trio.testing

from tests.unit.net.test_enr import EIP_TEXT, FORK
from zkattest.machines.proof_events import KeepProof, ProofMark
from zkattest.machines.standing import Head, Standing
from zkattest.net.enr import parse_record, port_entry, sign_record
from zkattest.net.secp256k1 import SecretKey
from zkattest.node.config_peering import Discv5Config, PeeringConfig
from zkattest.node.peering import (
    StandingChain,
    StoredProofs,
    discv5_settings,
    find_peers,
    make_peering,
)
from zkattest.store.proofs import ProofStore
from zkattest.types.errors import ProofSourceFault
from zkattest.types.ids import BlockHash, ProofType, Root, Slot, ValidatorIndex
from zkattest.types.peering import ENRForkID, ForkDigest, ForkVersion, MetaData, Status

BLOCK, REQUEST, ZERO = Root(b"b" * 32), Root(b"r" * 32), Root(bytes(32))
ONE, TWO = ProofType(1), ProofType(2)


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


async def listed(proofs: AsyncIterator[bytes]) -> list[bytes]:
    return [proof async for proof in proofs]


@pytest.fixture
def store(tmp_path: Path) -> ProofStore:
    opened = ProofStore(f"sqlite:///{tmp_path / 'proofs.sqlite'}", "network")
    for slot, kind in ((5, 2), (5, 1), (7, 1)):
        subject = REQUEST if slot == 5 else BLOCK
        root = Root(bytes([slot, kind]) * 16)
        mark = ProofMark(subject, root, ProofType(kind), ValidatorIndex(3), Slot(slot), True)
        opened.save([KeepProof(mark, bytes([slot, kind]))])
    return opened


def test_chain__tells_genesis_before_it_follows_a_machine() -> None:
    status = StandingChain(b"abcd").status()
    assert status == Status(b"abcd", ZERO, 0, ZERO, Slot(0), Slot(0))


def test_chain__tells_the_head_of_its_machine() -> None:
    chain = StandingChain(b"abcd")
    head = Head(Slot(9), BlockHash(b"h" * 32), is_proven=True)
    chain.follow(lambda: Standing(head, Slot(9), {}, 1, 1))
    assert chain.status() == Status(b"abcd", ZERO, 0, Root(b"h" * 32), Slot(9), Slot(9))
    assert (chain.finalized_root_at(0), chain.proof_status()) == (None, None)


async def test_proofs__of_slots_come_in_their_order(store: ProofStore) -> None:
    proofs = StoredProofs(store, {}.get)
    assert await listed(proofs.by_range(Slot(4), 4, frozenset())) == [b"\5\1", b"\5\2", b"\7\1"]
    assert await listed(proofs.by_range(Slot(4), 4, frozenset({TWO}))) == [b"\5\2"]
    assert await listed(proofs.by_range(Slot(5), 1, frozenset({ONE}))) == [b"\5\1"]
    assert await listed(proofs.by_range(Slot(2**64 - 1), 128, frozenset())) == []
    assert await listed(proofs.by_range(Slot(2**63 - 2), 128, frozenset())) == []


async def test_proofs__of_a_block_are_found_by_what_they_name(store: ProofStore) -> None:
    proofs = StoredProofs(store, {BLOCK: REQUEST}.get)
    assert await listed(proofs.by_root(BLOCK, frozenset({ONE, TWO}))) == [b"\5\1", b"\5\2"]
    assert await listed(proofs.by_root(BLOCK, frozenset({TWO}))) == [b"\5\2"]
    assert await listed(proofs.by_root(REQUEST, frozenset({ONE}))) == []


async def test_proofs__that_cannot_be_read_are_our_fault(tmp_path: Path) -> None:
    path = tmp_path / "broken.sqlite"
    broken = StoredProofs(ProofStore(f"sqlite:///{path}", "network"), {BLOCK: REQUEST}.get)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE zkattest_proofs")
    with pytest.raises(ProofSourceFault):
        await listed(broken.by_range(Slot(5), 1, frozenset()))
    with pytest.raises(ProofSourceFault):
        await listed(broken.by_root(BLOCK, frozenset({ONE})))


def test_peering__serves_what_the_configuration_says() -> None:
    config = PeeringConfig(custody_group_count=4)
    peering = make_peering(config, StandingChain(b"abcd"))
    assert peering.metadata == MetaData(1, custody_group_count=4, execution_proof_aware=True)


async def test_finding__names_the_records_that_it_leaves_out(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    stranger = sign_record(
        SecretKey(b"\2" * 32),
        1,
        {b"ip": b"\1\2\3\4", b"tcp": port_entry(9000), b"eth2": FORK.encode()},
    )
    config, events = PeeringConfig(records=(parse_record(EIP_TEXT), stranger)), Events()
    nursery.start_soon(find_peers, config, Host(), b"abcd", Host(), events)
    await trio.sleep(1)
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
    nursery.start_soon(find_peers, config, Host(), b"abcd", Host(), events)
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
    nursery.start_soon(find_peers, config, Host(), b"abcd", Host(), events, identity)
    with trio.fail_after(10):
        await events.arrived.wait()
    ((name, fields),) = events.seen
    assert name == "discv5_unavailable"
    assert "nowhere: No such file" in str(fields["reason"])
