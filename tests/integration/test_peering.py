"""Hosts with real sockets: the handshake of consensus peers, strangers, goodbyes, found peers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from tests.helpers.gossip import ANY_PORT, PROOFS, SETTINGS, TOPICS, Collector, seed
from zkattest.net import GossipHost
from zkattest.net.address import Address
from zkattest.net.boundary import KeyKind
from zkattest.net.enr import parse_record, port_entry, sign_record
from zkattest.net.peer_book import PeerBook, Source
from zkattest.net.peer_keeper import KeeperSettings, PeerFile, PeerKeeper, learn_records
from zkattest.net.peering import Parting, Peering, PeeringSettings
from zkattest.net.reqresp import Connection
from zkattest.net.reqresp_protocols import proofs_by_range, proofs_by_root
from zkattest.net.secp256k1 import SecretKey
from zkattest.net.status import FixedChain
from zkattest.types.ids import ProofType, Root, Slot
from zkattest.types.peering import (
    ENRForkID,
    ExecutionProofsByRangeRequest,
    ForkDigest,
    ForkVersion,
    GoodbyeReason,
    MetaData,
    ProofByRootIdentifier,
    Status,
)
from zkattest.types.proof_profiles import DEFAULT_PROFILE, PROFILES, ProfileName

DIGEST = ForkDigest(bytes.fromhex("01020304"))
STATUS = Status(DIGEST, Root(b"f" * 32), 5, Root(b"h" * 32), Slot(200))
STRANGER = replace(STATUS, fork_digest=ForkDigest(b"else"))
METADATA = MetaData(1, custody_group_count=4)
MIB = 1 << 20


class Proofs:
    """Keep one big proof for each slot, and remember nothing else."""

    async def by_range(
        self, start_slot: Slot, count: int, proof_types: frozenset[ProofType]
    ) -> AsyncGenerator[bytes, None]:
        for slot in range(start_slot, start_slot + count):
            yield slot.to_bytes(8, "little") + bytes([len(proof_types)]) * (4 * MIB)

    async def by_root(
        self, block_root: Root, proof_types: frozenset[ProofType]
    ) -> AsyncGenerator[bytes, None]:
        for proof_type in sorted(proof_types):
            yield block_root + bytes([proof_type]) * 1_272_500


class Attending(Peering):
    """Keep the newest connection, for tests that ask something themselves."""

    link: Connection | None = None

    async def attend(self, link: Connection) -> None:
        self.link = link
        await super().attend(link)


def peering(status: Status = STATUS, profile: ProfileName = DEFAULT_PROFILE.name) -> Attending:
    settings = PeeringSettings(stranger_pause_s=60.0)
    return Attending(FixedChain(status), METADATA, settings, PROFILES[profile], Proofs())


@asynccontextmanager
async def host(
    number: int, services: Peering | None, *peers: str, kind: KeyKind = KeyKind.SECP256K1
) -> AsyncIterator[GossipHost]:
    opened = GossipHost.open(ANY_PORT, peers, TOPICS, seed(number), SETTINGS, services, kind)
    async with opened as running:
        yield running


async def until(_: GossipHost, condition: Callable[[], object]) -> None:
    """Look again and again: records change without the host's knowing."""
    with trio.fail_after(20):
        while not condition():  # noqa: ASYNC110 - several objects can change it
            await trio.sleep(0.02)


@pytest.mark.parametrize("kinds", [(KeyKind.SECP256K1,) * 2, tuple(KeyKind)])
async def test_hosts__shake_hands_and_gossip(kinds: tuple[KeyKind, KeyKind]) -> None:
    ours, theirs = peering(), peering(replace(STATUS, head_slot=Slot(201)))
    async with (
        host(1, ours, kind=kinds[0]) as first,
        host(2, theirs, first.address, kind=kinds[1]) as second,
        trio.open_nursery() as nursery,
    ):
        await until(first, lambda: [r.metadata for r in theirs.peers().values()] == [METADATA])
        await until(first, lambda: [r.metadata for r in ours.peers().values()] == [METADATA])
        assert ours.peers()[second.peer_id].status == theirs._chain.status()
        assert theirs.peers()[first.peer_id].status == STATUS
        collector = Collector(second)
        nursery.start_soon(collector.run)
        await first.wait_for_mesh(PROOFS, 1)
        message_id = first.publish(PROOFS, b"proof" * 1000)
        assert (await collector.wait_for(message_id)).data == b"proof" * 1000
        assert first.counters().get("malformed", 0) == second.counters().get("malformed", 0) == 0
        nursery.cancel_scope.cancel()


async def test_host__says_goodbye_to_whom_it_dialled_when_the_caller_is_cancelled() -> None:
    ours, theirs = peering(), peering()
    async with host(1, theirs) as first:
        async with host(2, ours) as second, trio.open_nursery() as nursery:
            nursery.start_soon(second.dial, first.address)
            await until(second, lambda: [r.status for r in ours.peers().values()] == [STATUS])
            await first.wait_for_mesh(PROOFS, 1)
            # Nothing has been sent of it yet: it goes out before the goodbye.
            second.publish(PROOFS, b"last words" * 10_000)
            nursery.cancel_scope.cancel()
        # Else the first one could say goodbye itself to a link that it still thinks open.
        await until(first, lambda: not theirs.peers())
    assert theirs.goodbyes == {(Parting.THEIRS, GoodbyeReason.CLIENT_SHUT_DOWN): 1}
    assert first.counters()["delivered"] == 1


async def test_hosts__part_from_strangers_and_leave_them_alone() -> None:
    ours, stranger = peering(), peering(STRANGER)
    async with host(1, stranger) as first, host(2, ours, first.address) as second:
        await until(second, lambda: ours.counters["irrelevant_network"])
        await until(second, lambda: not second.connected_peers())
        await trio.sleep(1.0)
        assert second.connected_peers() == frozenset()
        assert not ours.may_dial(first.peer_id)
        assert second.counters().get("malformed", 0) == first.counters().get("malformed", 0) == 0
        assert min(first.peer_scores().values(), default=0.0) == 0.0


async def test_hosts__that_shut_down_say_goodbye() -> None:
    ours, theirs = peering(), peering()
    async with host(1, ours) as first:
        async with host(2, theirs, first.address):
            await until(first, lambda: ours.peers())
            await until(first, lambda: all(r.metadata for r in ours.peers().values()))
        await until(first, lambda: ours.counters["goodbye_received"] == 1)
        await until(first, lambda: not first.connected_peers())


async def test_hosts__without_requests_are_kept() -> None:
    ours = peering()
    async with host(1, None, kind=KeyKind.ED25519) as plain, host(2, ours, plain.address) as second:
        await until(second, lambda: ours.counters["without_status"])
        assert second.connected_peers() == {plain.peer_id}
        assert plain.counters().get("malformed", 0) == second.counters().get("malformed", 0) == 0


async def test_proofs__are_served_by_slots_and_by_roots() -> None:
    ours, theirs = (peering(profile=ProfileName.GLOAS_AUG) for _ in range(2))
    most = PROFILES[ProfileName.GLOAS_AUG].max_message_bytes
    async with host(1, ours) as first, host(2, theirs, first.address) as second:
        await until(second, lambda: theirs.peers())
        assert theirs.link is not None
        request = ExecutionProofsByRangeRequest(Slot(7), 3, (ProofType(1),))
        async with theirs.client.open(theirs.link, [proofs_by_range(most)], request) as response:
            received = [await response.next() for _ in range(4)]
        assert received == [
            *(slot.to_bytes(8, "little") + b"\1" * (4 * MIB) for slot in (7, 8, 9)),
            None,
        ]
        identifiers = tuple(
            ProofByRootIdentifier(Root(bytes([number]) * 32), (ProofType(1), ProofType(2)))
            for number in (1, 2)
        )
        async with theirs.client.open(theirs.link, [proofs_by_root(most)], identifiers) as response:
            received = [await response.next() for _ in range(5)]
        assert [proof and proof[:33] for proof in received] == [
            *(bytes([number]) * 32 + bytes([kind]) for number in (1, 2) for kind in (1, 2)),
            None,
        ]
        assert first.connected_peers() == {second.peer_id}


async def test_record__leads_to_its_peer(tmp_path: Path) -> None:
    file = PeerFile(tmp_path / "peers.json")
    async with host(1, peering()) as first, host(2, peering()) as second:
        address = Address.parse(first.address)
        entries = {
            b"ip": bytes([127, 0, 0, 1]),
            b"tcp": port_entry(address.port),
            b"eth2": ENRForkID(DIGEST, ForkVersion(bytes(4))).encode(),
            b"eproof": b"\1",
        }
        record = parse_record(str(sign_record(SecretKey(seed(1)), 1, entries)))
        assert record.peer_id == first.peer_id
        book = PeerBook()
        assert learn_records(book, [record], DIGEST, second.peer_id) == []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(PeerKeeper(second, book, lambda: 1000, None, file).run)
            await until(second, lambda: first.peer_id in second.connected_peers())
            await until(second, lambda: book.peers()[first.peer_id].is_proven)
            nursery.cancel_scope.cancel()
    again = PeerBook()
    assert await trio.to_thread.run_sync(file.load, again) == 1
    assert again.peers()[first.peer_id].is_proven


async def test_keeper__finds_a_peer_that_comes_later() -> None:
    book, started_s = PeerBook(), trio.current_time()
    async with host(1, peering()) as first:
        later = first.address
    book.learn(later, Source.CONFIGURATION)
    async with host(2, peering()) as second, trio.open_nursery() as nursery:
        keeper = PeerKeeper(
            second,
            book,
            lambda: round((trio.current_time() - started_s) * 1000),
            KeeperSettings(interval_s=0.05),
        )
        nursery.start_soon(keeper.run)
        await until(second, lambda: book.peers()[first.peer_id].failures)
        listen = later.split("/p2p/")[0]
        async with GossipHost.open(
            listen, [], TOPICS, seed(1), SETTINGS, peering(), KeyKind.SECP256K1
        ):
            await until(second, lambda: book.peers()[first.peer_id].is_proven)
        nursery.cancel_scope.cancel()
