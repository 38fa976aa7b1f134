"""A peer made of go-libp2p and golang/snappy shakes hands with us as consensus clients do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from subprocess import PIPE
from typing import Any

import pytest
import trio

from tests.helpers.gossip import ANY_PORT, SETTINGS, TOPICS, seed
from tests.interop.programs import NoProgram, consensus_command
from zkattest.net import GossipHost
from zkattest.net.boundary import KeyKind
from zkattest.net.peering import Peering, PeeringSettings
from zkattest.net.reqresp_protocols import (
    GOODBYE,
    METADATA_PROTOCOLS,
    PING,
    STATUS_PROTOCOLS,
    RequestProtocol,
    proofs_by_range,
)
from zkattest.net.status import FixedChain
from zkattest.types.ids import ProofType, Root, Slot
from zkattest.types.peering import (
    ExecutionProofsByRangeRequest,
    ForkDigest,
    MetaData,
    Status,
)
from zkattest.types.proof_profiles import PROFILES, ProfileName

STATUS = Status(ForkDigest(b"abcd"), Root(b"f" * 32), 5, Root(b"h" * 32), Slot(200), Slot(7))
THEIRS = replace(STATUS, head_slot=Slot(201))
METADATA = MetaData(3, attnets=b"\x01" * 8, syncnets=b"\x0f", custody_group_count=4)
NEWER = replace(METADATA, seq_number=9, attnets=b"\xff" * 8)
PROFILE = PROFILES[ProfileName.GLOAS_AUG]
PROOF = bytes(range(256)) * 4000


class Proofs:
    """Keep one proof for each slot."""

    async def by_range(
        self, start_slot: Slot, count: int, proof_types: frozenset[ProofType]
    ) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield PROOF

    async def by_root(
        self, block_root: Root, proof_types: frozenset[ProofType]
    ) -> AsyncIterator[bytes]:
        for _ in proof_types:
            yield PROOF


def ours() -> Peering:
    settings = PeeringSettings(ping_interval_s=0.5)
    return Peering(FixedChain(STATUS), METADATA, settings, PROFILE, Proofs())


class GoPeer:
    """Talk to the foreign peer."""

    address: str
    peer_id: str

    def __init__(self, process: trio.Process) -> None:
        self._process = process
        self._lines = b""

    @classmethod
    @asynccontextmanager
    async def open(cls, status: Status = THEIRS) -> AsyncIterator[GoPeer]:
        """Start a peer that answers with `status`, `NEWER` and its own number."""
        status_2, status_1 = STATUS_PROTOCOLS
        answers: list[tuple[RequestProtocol, Any]] = [
            (status_1, status),
            (status_2, status),
            (PING, 9),
            (GOODBYE, 1),
            *((protocol, NEWER) for protocol in METADATA_PROTOCOLS),
        ]
        argument = {p.protocol_id: p.response.encode(value).hex() for p, value in answers}
        try:
            command = consensus_command()
        except NoProgram as missing:
            pytest.skip(str(missing))
        process = await trio.lowlevel.open_process(
            [*command, json.dumps(argument)], stdin=PIPE, stdout=PIPE
        )
        try:
            peer = cls(process)
            peer.address = (await peer._read())["address"]
            peer.peer_id = peer.address.rsplit("/", 1)[1]
            yield peer
        finally:
            process.kill()
            with trio.CancelScope(shield=True):
                await process.wait()

    async def ask(self, do: str, **arguments: object) -> dict[str, Any]:
        """Give a command and return its answer."""
        assert self._process.stdin is not None
        await self._process.stdin.send_all(json.dumps({"do": do, **arguments}).encode() + b"\n")
        return await self._read()

    async def request(self, peer: str, protocol: RequestProtocol, value: Any) -> Any:
        """Send a request to us and return the decoded answer."""
        content = protocol.request and protocol.request.encode(value)
        answer = await self.ask(
            "ask",
            peer=peer,
            protocol=protocol.protocol_id,
            hex=(content or b"").hex(),
            empty=content is None,
        )
        assert (answer["event"], answer.get("code")) == ("answer", 0), answer
        return protocol.response.decode(bytes.fromhex(answer["hex"]))

    async def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        while b"\n" not in self._lines:
            data = await self._process.stdout.receive_some(1 << 20)
            assert data, "the foreign peer has ended"
            self._lines += data
        line, self._lines = self._lines.split(b"\n", 1)
        answer: dict[str, Any] = json.loads(line)
        return answer


@asynccontextmanager
async def host(services: Peering, *peers: str) -> AsyncIterator[GossipHost]:
    opened = GossipHost.open(
        ANY_PORT, peers, TOPICS, seed(1), SETTINGS, services, KeyKind.SECP256K1
    )
    with trio.fail_after(30):
        async with opened as running:
            yield running


async def until(condition: Callable[[], object]) -> None:
    with trio.fail_after(15):
        while not condition():  # noqa: ASYNC110 - the other side is another process
            await trio.sleep(0.02)


async def test_foreign_peer__is_asked_for_status_metadata_and_pings() -> None:
    peering = ours()
    async with GoPeer.open() as go, host(peering, go.address) as running:
        await until(lambda: [r.metadata for r in peering.peers().values()] == [NEWER])
        assert peering.peers()[go.peer_id].status == THEIRS
        asked: dict[str, set[str]] = {}
        while PING.protocol_id not in asked:
            for entry in (await go.ask("heard"))["heard"]:
                asked.setdefault(entry["protocol"], set()).add(entry["hex"])
            await trio.sleep(0.05)
        status_2 = STATUS_PROTOCOLS[0]
        assert asked == {
            status_2.protocol_id: {status_2.response.encode(STATUS).hex()},
            METADATA_PROTOCOLS[0].protocol_id: {""},
            PING.protocol_id: {(3).to_bytes(8, "little").hex()},
        }
        assert running.counters().get("malformed", 0) == 0


async def test_foreign_peer__gets_answers_in_every_version() -> None:
    peering = ours()
    async with GoPeer.open() as go, host(peering) as running:
        assert (await go.ask("dial", address=running.address))["event"] == "answer"
        peer = running.peer_id
        status_2, status_1 = STATUS_PROTOCOLS
        assert await go.request(peer, status_2, THEIRS) == STATUS
        told = replace(STATUS, earliest_available_slot=Slot(0))
        assert await go.request(peer, status_1, THEIRS) == told
        assert [await go.request(peer, each, None) for each in METADATA_PROTOCOLS] == [
            METADATA,
            replace(METADATA, custody_group_count=0),
            replace(METADATA, custody_group_count=0, syncnets=b"\0"),
        ]
        assert await go.request(peer, PING, 5) == 3
        heard = replace(THEIRS, earliest_available_slot=Slot(0))
        await until(lambda: [r.status for r in peering.peers().values()] == [heard])
        by_range = proofs_by_range(PROFILE.max_message_bytes)
        wanted = ExecutionProofsByRangeRequest(Slot(5), 1, (ProofType(1),))
        assert await go.request(peer, by_range, wanted) == PROOF
        assert running.counters().get("malformed", 0) == 0


async def test_foreign_peer__is_told_what_is_wrong_with_its_request() -> None:
    async with GoPeer.open() as go, host(ours()) as running:
        await go.ask("dial", address=running.address)
        for raw, reason in (("09", b"9 bytes, expected 8 to 8"), ("08ff", b"ended inside")):
            answer = await go.ask("send", peer=running.peer_id, protocol=PING.protocol_id, hex=raw)
            assert answer["code"] == 1
            assert reason in bytes.fromhex(answer["hex"])
        assert running.counters()["malformed"] == 2


@pytest.mark.parametrize("we_dial", [True, False])
async def test_foreign_peer__of_another_fork_hears_a_goodbye(we_dial: bool) -> None:
    peering, stranger = ours(), replace(STATUS, fork_digest=ForkDigest(b"else"))
    async with GoPeer.open(stranger) as go, host(peering, *[go.address] * we_dial) as running:
        if not we_dial:
            await go.ask("dial", address=running.address)
            told = await go.request(running.peer_id, STATUS_PROTOCOLS[1], stranger)
            assert told.fork_digest == STATUS.fork_digest
        await until(lambda: peering.counters["irrelevant_network"])
        await until(lambda: not running.connected_peers())
        heard = (await go.ask("heard"))["heard"]
        goodbye = {"protocol": GOODBYE.protocol_id, "hex": (2).to_bytes(8, "little").hex()}
        assert goodbye in heard
        assert not peering.may_dial(go.peer_id)


async def test_foreign_peer__that_says_goodbye_is_let_go() -> None:
    peering = ours()
    async with GoPeer.open() as go, host(peering) as running:
        await go.ask("dial", address=running.address)
        await until(lambda: peering.peers())
        assert await go.request(running.peer_id, GOODBYE, 129) == 129
        await until(lambda: not running.connected_peers())
        assert peering.counters["goodbye_received"] == 1
