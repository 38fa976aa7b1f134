"""An attester keeps what proven blocks read, and another one checks over it without witnesses."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import trio

from zkattest.devnet.keys import validator_pubkeys, validator_secret
from zkattest.devnet.pack import RecordedBlock, load_pack
from zkattest.machines.attester import AttesterMachine
from zkattest.machines.settings import AttesterSettings
from zkattest.machines.slot_clock import SlotClock
from zkattest.node.checks import StaticChecker
from zkattest.node.config import read_anchor
from zkattest.node.journal import Journal
from zkattest.node.profile import Profile
from zkattest.node.proofs import ProofVerifiers
from zkattest.node.runner import AttesterRunner
from zkattest.node.signing import Signer
from zkattest.node.state import StateSources
from zkattest.prover.program import load_program
from zkattest.spec.presets import PROOF_TYPE_SP1_DEVNET
from zkattest.store import TrieNodeStore
from zkattest.types.gossip import GossipMessage, Verdict
from zkattest.types.ids import ProofType, Root, Slot, ValidatorIndex
from zkattest.types.wire import DelayedBlock, ExecutionProofEnvelope
from zkattest.verify.proof import ProofSystem

CHAIN = Path(__file__).parents[2] / "vectors" / "eip7886" / "chain"
PACK = load_pack(CHAIN)
GENESIS_MS, SLOT_MS, WAIT_S = 1_000_000, 600_000, 120
BUILDER = ValidatorIndex(0)
TYPE = ProofType(PROOF_TYPE_SP1_DEVNET)


def profile() -> Profile:
    return Profile(
        chain_id=PACK[1].package.chain_id,
        fork_version=b"\x78\x86\x00\x00",
        anchor=read_anchor(CHAIN, "anchor", PACK[1].package_path),
        clock=SlotClock(GENESIS_MS, SLOT_MS),
        pubkeys=tuple(validator_pubkeys(1)),
        proposers=(BUILDER,),
        proof_types={TYPE: (ProofSystem.SP1, load_program().program_vk)},
    )


PROFILE = profile()
SIGNER = Signer(PROFILE.fork, BUILDER, validator_secret(BUILDER))


class FixedClock:
    """Stand in the middle of slot 3, so that earlier slots are over and none is in the future."""

    def now_ms(self) -> int:
        return GENESIS_MS + 3 * SLOT_MS + SLOT_MS // 2


class Silence:
    """Observe nothing."""

    def count(self, measure, outcome):
        pass

    def observe_ms(self, measure, value_ms, label=""):
        pass

    def event(self, name, **fields):
        pass


@dataclass
class Node:
    """Everything real but the network, which is this object, and the clock."""

    state: StateSources
    send: trio.MemorySendChannel[GossipMessage] = field(init=False)
    reports: dict[bytes, Verdict] = field(default_factory=dict)
    kept: int = 0
    changed: trio.Event = field(default_factory=trio.Event)

    def report(self, message_id, verdict):
        self.reports[message_id] = verdict
        self._tell()
        return True

    def peer_scores(self):
        return {}

    def keep_state(self, content_id):
        self.state.keep_state(content_id)
        trio.from_thread.run_sync(self._count)

    def _count(self):
        self.kept += 1
        self._tell()

    def _tell(self):
        self.changed.set()
        self.changed = trio.Event()

    async def until(self, condition):
        with trio.fail_after(WAIT_S):
            while not condition():
                await self.changed.wait()

    async def hear(self, topic, data):
        message_id = len(self.reports).to_bytes(20, "big")
        await self.send.send(GossipMessage(topic, data, message_id, "builder"))
        await self.until(lambda: message_id in self.reports)
        return self.reports[message_id]

    async def block(self, recorded: RecordedBlock, *, bare: bool = False):
        package = recorded.package
        if bare:
            package = replace(package, witness=replace(package.witness, state=(), codes=()))
        message = DelayedBlock.from_package(Slot(recorded.number), package)
        return await self.hear(PROFILE.topics.block, SIGNER.block(message).encode())

    async def prove(self, recorded: RecordedBlock):
        envelope = ExecutionProofEnvelope(recorded.proof(), TYPE, Root(recorded.block.block_hash))
        await self.hear(PROFILE.topics.claim, SIGNER.claim(recorded.claim).encode())
        return await self.hear(PROFILE.topics.proof, SIGNER.proof(envelope).encode())


@asynccontextmanager
async def attesting(state: StateSources):
    node = Node(state)
    node.send, receive = trio.open_memory_channel[GossipMessage](0)
    settings = AttesterSettings(
        chain_id=PROFILE.chain_id,
        anchor=PROFILE.anchor,
        clock=PROFILE.clock,
        proposers=PROFILE.proposers,
        validator_count=1,
        proof_types=frozenset({TYPE}),
    )
    runner = AttesterRunner(
        machine=AttesterMachine(settings),
        network=node,
        topics=PROFILE.topics,
        blocks=StaticChecker(PROFILE, state),
        proofs=ProofVerifiers(PROFILE, threads=1),
        store=None,
        journal=Journal(Silence(), node),
        clock=FixedClock(),
        state=node,
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(runner.run, receive)
        yield node
        nursery.cancel_scope.cancel()


@pytest.mark.skipif(PACK.proven < 1, reason="the recorded chain has no proofs (make record)")
async def test_store__filled_by_one_attester_serves_another(tmp_path):
    path = tmp_path / "state.sqlite"
    first = TrieNodeStore(path)
    async with attesting(StateSources(first)) as node:
        # The parent of block 1 is the anchor: proven, because the operator says so.
        assert await node.block(PACK[1]) is Verdict.ACCEPT
        await node.until(lambda: node.kept == 1)
        held = first.status()
        assert held.preimages > 0
        # The state before block 2 is only a claim, so far.
        assert await node.block(PACK[2]) is Verdict.ACCEPT
        assert (node.kept, first.status()) == (1, held)
        assert await node.prove(PACK[1]) is Verdict.ACCEPT
        await node.until(lambda: node.kept == 2)
        assert first.status().preimages > held.preimages
    first.close()
    second = TrieNodeStore(path)
    async with attesting(StateSources(second)) as node:
        assert await node.block(PACK[1], bare=True) is Verdict.ACCEPT
        assert await node.block(PACK[2], bare=True) is Verdict.ACCEPT
    second.close()
    async with attesting(StateSources()) as node:
        assert await node.block(PACK[1], bare=True) is Verdict.IGNORE
        assert await node.block(PACK[1]) is Verdict.ACCEPT
