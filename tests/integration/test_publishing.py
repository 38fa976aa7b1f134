"""Nodes on real sockets, one of them signs: a real proof is handed in, and the others accept it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
import trio

from tests.helpers.gossip import ANY_PORT, SETTINGS, seed
from tests.helpers.remote_signer import generic_signer
from tests.helpers.web_server import Reply, Request, web_server
from tests.integration.test_proof_gossip import (
    BETA4,
    BLOCK,
    DOMAIN,
    PACK,
    SECRET,
    SLOT,
    TOPIC,
    VALIDATOR,
    VALUES,
    Feed,
    Log,
    Node,
    Validators,
    Verifiers,
    open_node,
    signed,
)
from zkattest.api import HttpServer
from zkattest.crypto import bls
from zkattest.crypto.hashing import hash_tree_root_envelope
from zkattest.machines.own_proofs import OwnLimits, OwnValidator
from zkattest.machines.proof_events import (
    BlockSeen,
    KeepBlock,
    KeepProof,
    PayloadSeen,
    ProofEvent,
    ProofMark,
    SavedBlock,
    SlotFinalized,
)
from zkattest.machines.proof_gossip import ProofGossipMachine
from zkattest.machines.proof_gossip_settings import ProofGossipSettings
from zkattest.machines.slot_clock import SlotClock
from zkattest.net import GossipHost
from zkattest.node.own_signer import OwnSigner
from zkattest.node.proof_runner import ProofGossipRunner
from zkattest.node.publisher import ROUTE, ProofPublisher
from zkattest.ports import ProofSigner
from zkattest.rpc import DeskAnswer, ProofDesk, RemoteSigner
from zkattest.rpc.bounded_http import BoundedHttp
from zkattest.signers import RawKeySigner
from zkattest.spec.gossip_profiles import GOSSIP_ORDERS, read_gossiped_proof
from zkattest.spec.reasons import Reason
from zkattest.store import SqliteSigningGuard
from zkattest.store.proofs import ProofStore
from zkattest.types.ids import ProofType, Root, Slot
from zkattest.types.proof_json import encode_content_submission_json
from zkattest.types.proof_messages import content_submission_codec
from zkattest.types.wire import MAX_SIGNED_PROOF_BYTES, ExecutionProofEnvelope

pytestmark = [
    pytest.mark.skipif(not PACK[1].has_proof, reason="the recorded chain has no proofs"),
    pytest.mark.trio,
]
LIMITS = OwnLimits(first_pause_ms=50, longest_pause_ms=100)
KNOWN: tuple[ProofEvent, ...] = (BlockSeen(BLOCK, SLOT), PayloadSeen(BLOCK, VALUES))


@dataclass
class SigningNode:
    """A node that signs, and where it takes proofs."""

    host: GossipHost
    runner: ProofGossipRunner
    guard: SqliteSigningGuard
    verifiers: Verifiers
    url: str
    log: PublisherLog

    async def hand_in(self, *envelopes: ExecutionProofEnvelope) -> DeskAnswer:
        desk = ProofDesk(self.url)
        try:
            return await desk.hand_in(content_submission_codec(BETA4).encode(envelopes, ""))
        finally:
            desk.close()

    async def post(self, body: bytes, media_type: str) -> tuple[int, dict[str, object]]:
        """Post as another client would; return status and JSON."""

        def exchange() -> tuple[int, dict[str, object]]:
            http = BoundedHttp(self.url, connections=1, deadline_ms=30_000)
            with http.within_deadline():
                headers = {"content-type": media_type}
                answer = http.exchange("POST", ROUTE, body=body, headers=headers, max_bytes=1 << 20)
            http.close()
            return answer.status, json.loads(answer.body)

        return await trio.to_thread.run_sync(exchange)


@dataclass
class PublisherLog(Log):
    """Keep what is said of our own proofs, too."""

    own: list[tuple[str, str | None]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def event(self, name: str, **fields: object) -> None:
        super().event(name, **fields)
        self.names.append(name)
        if name == "own_proof":
            reason = fields["reason"]
            self.own.append((str(fields["status"]), reason and str(reason)))
        self.changed.set()
        self.changed = trio.Event()

    async def wait_until_said(self, name: str) -> None:
        while name not in self.names:
            await self.changed.wait()


@asynccontextmanager
async def open_signing_node(
    folder: Path,
    *,
    signer: ProofSigner | None = None,
    store: ProofStore | None = None,
    events: tuple[ProofEvent, ...] = KNOWN,
    answer_ms: int = 20_000,
) -> AsyncIterator[SigningNode]:
    signer = signer or RawKeySigner(SECRET)
    settings = ProofGossipSettings(
        order=GOSSIP_ORDERS[BETA4.name],
        decode=partial(read_gossiped_proof, BETA4),
        proof_types=frozenset({ProofType(1)}),
        own=OwnValidator(signer.pubkey, LIMITS),
    )
    guard = SqliteSigningGuard(folder / "guard.sqlite")
    log, verifiers, slots = PublisherLog(), Verifiers(), SlotClock(0, 12_000)
    own = OwnSigner(BETA4, VALIDATOR, signer, guard, lambda _: DOMAIN, slots, log)
    topics = {TOPIC: MAX_SIGNED_PROOF_BYTES}
    async with (
        GossipHost.open(ANY_PORT, (), topics, seed(1), SETTINGS) as host,
        HttpServer.open("127.0.0.1", 0) as server,
        trio.open_nursery() as nursery,
    ):
        runner = ProofGossipRunner(
            machine=ProofGossipMachine(settings, *((store.load(),) if store else ())),
            network=host,
            validators=Validators(),
            proofs=verifiers,
            feed=Feed(list(events)),
            domain_at=lambda _: DOMAIN,
            observer=log,
            slots=slots,
            store=store,
            signer=own,
        )
        publisher = ProofPublisher(runner, own, BETA4, TOPIC, answer_ms)
        nursery.start_soon(runner.run, host.messages)
        nursery.start_soon(server.serve, {}, publisher.uploads())
        url = f"http://127.0.0.1:{server.port}"
        yield SigningNode(host, runner, guard, verifiers, url, log)
        nursery.cancel_scope.cancel()
    guard.close()


@asynccontextmanager
async def open_far(node: SigningNode) -> AsyncIterator[Node]:
    """Open a node that only judges, and hears what the other one publishes."""
    async with open_node(2, (node.host.address,)) as far:
        await node.host.wait_for_mesh(TOPIC, 1)
        yield far


def envelope(proof: bytes, *, block: Root = BLOCK) -> ExecutionProofEnvelope:
    return ExecutionProofEnvelope(proof, ProofType(1), block)


async def test_proof__handed_in_is_signed_published_kept_and_accepted_by_another_node(tmp_path):
    store = ProofStore(f"sqlite:///{tmp_path / 'proofs.sqlite'}", "test")
    proof = envelope(PACK[1].proof())
    with trio.fail_after(60):
        async with open_signing_node(tmp_path, store=store) as node, open_far(node) as far:
            answer = await node.hand_in(proof)
            assert answer == DeskAnswer(200, "published")
            await far.log.wait_for(1)
            assert far.log.settled == [("accept", None)]
            assert far.runner.machine.valid_types(BLOCK) == {1}
            # The same one again, as JSON: nothing is verified or sent a second time.
            text = encode_content_submission_json(BETA4, (proof,)).encode()
            status, said = await node.post(text, "application/json")
            assert (status, [one["status"] for one in said["data"]]) == (200, ["already_known"])
            assert node.verifiers.verified == 1
            [entry] = node.guard.entries()
            assert (entry.subject.beacon_block_root, entry.subject.slot) == (BLOCK, SLOT)
            assert node.log.own == [
                ("published", None),
                ("already_known", Reason.PROOF_ALREADY_KNOWN),
            ]
    [kept] = store.proofs_by_root(BLOCK, limit=4)
    # Signing is deterministic: this is what a peer that signs by itself would have sent.
    assert kept.data == signed(PACK[1].proof())


async def test_proof__of_no_use_is_refused_unsigned(tmp_path):
    flipped = bytearray(PACK[1].proof())
    flipped[len(flipped) // 2] ^= 1
    with trio.fail_after(60):
        async with open_signing_node(tmp_path) as node, open_far(node):
            broken = await node.hand_in(envelope(bytes(flipped)))
            other = await node.hand_in(envelope(PACK[2].proof()))
            assert (broken.code, broken.status) == (400, "refused")
            assert broken.reason in {"proof_invalid", "proof_undecodable"}
            assert (other.code, other.reason) == (400, "public_values_mismatch")
            assert node.guard.entries() == []
            # Nothing is held against the right one.
            assert (await node.hand_in(envelope(PACK[1].proof()))).status == "published"


async def test_proofs__answered_one_by_one_with_the_gravest_in_front(tmp_path):
    good, empty = envelope(PACK[1].proof()), envelope(b"")
    late = envelope(PACK[1].proof(), block=Root(b"\x77" * 32))
    with trio.fail_after(60):
        async with open_signing_node(tmp_path) as node, open_far(node):
            body = content_submission_codec(BETA4).encode((good, empty, late), "")
            status, said = await node.post(body, "application/octet-stream")
            assert (status, said["message"]) == (400, "1 of 3 proofs not published")
            assert [one["status"] for one in said["data"]] == ["published", "refused", "waiting"]
            assert [one["index"] for one in said["failures"]] == ["1"]
            assert said["data"][2] == {
                "block_root": "0x" + "77" * 32,
                "proof_type": "1",
                "status": "waiting",
                "kept": True,
                "reason": "unknown_block",
                "cause": None,
                "message": f"unknown_block (block_root=0x{'77' * 32})",
            }
            status, said = await node.post(b"[]", "application/json")
            assert (status, said) == (400, {"code": 400, "message": "no proof in the list"})
            status, said = await node.post(b"\xff" * 9, "application/octet-stream")
            assert status == 400
            assert said["message"].startswith("not a list of up to four unsigned proofs: ")


async def test_second_different_proof__refused_by_the_guard_before_and_after_a_restart(tmp_path):
    other = envelope(PACK[1].proof() + b"\0")
    with trio.fail_after(60):
        async with open_signing_node(tmp_path) as node, open_far(node):
            assert (await node.hand_in(envelope(PACK[1].proof()))).status == "published"
            refused = await node.hand_in(other)
            assert (refused.code, refused.reason) == (409, "signed_another_proof")
        # Another process that knows nothing but the guard's file.
        async with open_signing_node(tmp_path) as node, open_far(node):
            refused = await node.hand_in(other)
            assert (refused.code, refused.status) == (409, "refused")
            assert refused.reason == "signed_another_proof"
            assert node.verifiers.verified == 0
            # The first one passes again: the same bytes, the same signature.
            assert (await node.hand_in(envelope(PACK[1].proof()))).status == "published"


async def test_proof__published_once_the_remote_signer_is_up_again(tmp_path):
    is_up, sign = False, generic_signer(SECRET)

    def respond(request: Request) -> Reply:
        return sign(request) if is_up else Reply(503)

    store = ProofStore(f"sqlite:///{tmp_path / 'proofs.sqlite'}", "test")
    proof = envelope(PACK[1].proof())
    with trio.fail_after(60), web_server(respond) as server:
        remote = RemoteSigner(server.url, bls.public_key(SECRET))
        async with (
            open_signing_node(tmp_path, signer=remote, store=store) as node,
            open_far(node),
        ):
            answer = await node.hand_in(proof)
            assert (answer.code, answer.status, answer.is_kept) == (503, "not_signed", True)
            assert (answer.reason, answer.cause) == ("not_signed", "backend_unavailable")
            assert node.runner.signer.trouble is not None
        # Not even a restart loses it; nobody hands it in again.
        async with (
            open_signing_node(tmp_path, signer=remote, store=store) as node,
            open_far(node) as far,
        ):
            while not node.log.own:
                await node.log.changed.wait()
            assert node.log.own[0] == ("not_signed", Reason.NOT_SIGNED)
            assert far.log.settled == []
            is_up = True
            await far.log.wait_for(1)
            assert far.log.settled == [("accept", None)]
            assert node.runner.signer.trouble is None
            assert node.verifiers.verified == 1
        remote.close()
    assert store.load().waiting == ()


async def test_guard__pruned_when_the_chain_is_finalized_and_old_slots_are_refused(tmp_path):
    with trio.fail_after(60):
        async with open_signing_node(tmp_path) as node, open_far(node):
            assert (await node.hand_in(envelope(PACK[1].proof()))).status == "published"
            await node.runner.tell(SlotFinalized(Slot(32)))
            await node.log.wait_until_said("guard_pruned")
            assert node.guard.entries() == []
            assert node.guard.forgotten_before() == node.runner.signer.forgotten_before == 32
        async with open_signing_node(tmp_path) as node, open_far(node):
            refused = await node.hand_in(envelope(PACK[1].proof() + b"\0"))
            assert (refused.code, refused.reason) == (409, "slot_too_old")
            # A node that tells of finality in the future moves no mark.
            await node.runner.tell(SlotFinalized(Slot(1 << 62)))
            await node.log.wait_until_said("finality_in_future")
            assert node.guard.forgotten_before() == 32


async def test_proof__waits_for_its_block_and_is_published_when_it_comes(tmp_path):
    with trio.fail_after(60):
        async with open_signing_node(tmp_path, events=()) as node, open_far(node) as far:
            answer = await node.hand_in(envelope(PACK[1].proof()))
            assert (answer.code, answer.reason, answer.is_kept) == (202, "unknown_block", True)
            for event in KNOWN:
                await node.runner.tell(event)
            await far.log.wait_for(1)
            assert far.log.settled == [("accept", None)]


async def test_node__takes_nothing_while_it_drains(tmp_path):
    with trio.fail_after(60):
        async with open_signing_node(tmp_path) as node, open_far(node):
            await node.runner.drain()
            answer = await node.hand_in(envelope(PACK[1].proof()))
            assert (answer.code, answer.message) == (503, "the node is stopping")


async def test_proof__not_signed_before_anybody_would_hear_of_it(tmp_path):
    with trio.fail_after(60):
        async with open_signing_node(tmp_path) as node:
            answer = await node.hand_in(envelope(PACK[1].proof()))
            assert (answer.code, answer.status, answer.is_kept) == (503, "not_signed", True)
            assert "no peer has subscribed to proofs" in answer.message
            assert node.guard.entries() == []
            async with open_far(node) as far:
                await far.log.wait_for(1)
                assert far.log.settled == [("accept", None)]
            assert node.verifiers.verified == 1


async def test_proof__sent_again_when_an_earlier_run_ended_before_it_was_out(tmp_path):
    store = ProofStore(f"sqlite:///{tmp_path / 'proofs.sqlite'}", "test")
    proof, data = envelope(PACK[1].proof()), signed(PACK[1].proof())
    mark = ProofMark(
        BLOCK, hash_tree_root_envelope(proof), ProofType(1), VALIDATOR, SLOT, is_valid=True
    )
    store.save([KeepBlock(SavedBlock(BLOCK, SLOT, VALUES)), KeepProof(mark, data)])
    with trio.fail_after(60):
        async with open_signing_node(tmp_path, store=store) as node, open_far(node) as far:
            answer = await node.hand_in(proof)
            assert (answer.code, answer.status) == (200, "already_known")
            await far.log.wait_for(1)
            assert far.log.settled == [("accept", None)]
            assert node.verifiers.verified == 0


async def test_proof__goes_on_when_its_answer_takes_too_long(tmp_path):
    with trio.fail_after(60):
        async with (
            open_signing_node(tmp_path, answer_ms=1) as node,
            open_far(node) as far,
        ):
            answer = await node.hand_in(envelope(PACK[1].proof()))
            assert (answer.code, answer.status, answer.is_kept) == (202, "in_progress", True)
            await far.log.wait_for(1)
            assert far.log.settled == [("accept", None)]
