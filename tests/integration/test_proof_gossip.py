"""Nodes on real sockets with real BLS, real SP1 proofs and a store: what is passed on, and kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest
import trio

from tests.helpers.gossip import ANY_PORT, SETTINGS, Collector, seed
from tests.helpers.web_server import web_server
from tests.unit.rpc.test_beacon_chain import answers, responder
from zkattest.crypto import bls
from zkattest.crypto.hashing import (
    compute_domain,
    fork_data_root,
    hash_tree_root_envelope,
    signing_root,
)
from zkattest.devnet.pack import load_pack
from zkattest.machines.events import VerifyProof
from zkattest.machines.proof_events import BlockSeen, PayloadSeen, ProofEvent
from zkattest.machines.proof_gossip import ProofGossipMachine
from zkattest.machines.proof_gossip_settings import ProofGossipSettings
from zkattest.machines.slot_clock import SlotClock
from zkattest.net import GossipHost, topic_string
from zkattest.node.config_eip8025 import Eip8025Settings
from zkattest.node.eip8025 import open_proof_gossip
from zkattest.node.proof_runner import ProofGossipRunner
from zkattest.spec.answers import (
    ActiveValidator,
    Fault,
    ProofOutcome,
    ProofValid,
    Refused,
    ValidatorOutcome,
)
from zkattest.spec.gossip_profiles import GOSSIP_ORDERS, read_gossiped_proof
from zkattest.spec.presets import DOMAIN_EXECUTION_PROOF
from zkattest.spec.reasons import CannotVerify, InvalidProof, Reason
from zkattest.store.proofs import ProofStore
from zkattest.types.ids import ChainId, Epoch, ProgramVk, ProofType, Root, Slot, ValidatorIndex
from zkattest.types.proof_profiles import PROFILES, PayloadFork, ProfileName
from zkattest.types.wire import (
    MAX_SIGNED_PROOF_BYTES,
    ExecutionProofEnvelope,
    PublicValues,
    SignedExecutionProofEnvelope,
)
from zkattest.verify.pool import VerifierPool
from zkattest.verify.proof import ProofSystem, VerifiedProof
from zkattest.verify.registry import Registry

FOLDER = Path(__file__).resolve().parents[2]
PACK = load_pack(FOLDER / "vectors" / "eip7886" / "chain")
PROGRAM_VK = ProgramVk.from_hex((FOLDER / "guests/sp1/elf/zkattest-guest.vk").read_text().strip())
BETA4 = PROFILES[ProfileName.BETA4]
FORK_ROOT = fork_data_root(bytes.fromhex("70000001"), Root(b"\x99" * 32))
DOMAIN = compute_domain(DOMAIN_EXECUTION_PROOF, FORK_ROOT)
TOPIC = topic_string(FORK_ROOT[:4], "execution_proof")
BLOCK, SLOT = Root(b"\x31" * 32), Slot(9)
SECRET = bls.secret_key_from_seed(b"validator of the test".ljust(32))
VALIDATOR = ValidatorIndex(12)

pytestmark = pytest.mark.skipif(not PACK[1].has_proof, reason="the recorded chain has no proofs")


class Verifiers:
    """The real verifier of the recorded chain's program."""

    def __init__(self) -> None:
        self._pool = VerifierPool(Registry([(ProofSystem.SP1, PROGRAM_VK)]))
        self.verified = 0

    async def verify_proof(self, work: VerifyProof) -> tuple[ProofOutcome, float]:
        self.verified += 1
        answer = await self._pool.answer(ProofSystem.SP1, PROGRAM_VK, work.proof)
        match answer:
            case InvalidProof():
                return Refused(answer.reason, str(answer)), 1.0
            case CannotVerify():
                return Fault(answer.cause, answer.detail), 1.0
            case VerifiedProof():
                return ProofValid(answer.public_values), answer.verify_ms


class Validators:
    """One active validator."""

    async def validator_at(self, index: ValidatorIndex, epoch: Epoch) -> ValidatorOutcome:
        await trio.lowlevel.checkpoint()
        if index != VALIDATOR:
            return Refused(Reason.UNKNOWN_VALIDATOR)
        return ActiveValidator(bls.public_key(SECRET))


@dataclass
class Feed:
    """A consensus layer that is told what to tell."""

    events: list[ProofEvent] = field(default_factory=list)

    async def follow(self, tell: Callable[[ProofEvent], Awaitable[None]]) -> None:
        for event in self.events:
            await tell(event)


@dataclass
class Log:
    """Keep what a runner says, and wake who waits for it."""

    settled: list[tuple[str, str | None]] = field(default_factory=list)
    changed: trio.Event = field(default_factory=trio.Event)

    def count(self, *_: object) -> None: ...

    def observe_ms(self, *_: object) -> None: ...

    def event(self, name: str, **fields: object) -> None:
        if name == "proof_settled":
            reason = fields["reason"]
            self.settled.append((str(fields["verdict"]), reason and str(reason)))
            self.changed.set()
            self.changed = trio.Event()

    async def wait_for(self, count: int) -> None:
        while len(self.settled) < count:
            await self.changed.wait()


def public_values() -> PublicValues:
    """What the recorded proof of the first block proves."""
    verifier = Registry([(ProofSystem.SP1, PROGRAM_VK)]).verifier(ProofSystem.SP1, PROGRAM_VK)
    return PublicValues.decode(verifier.verify(PACK[1].proof()).public_values)


VALUES = public_values() if PACK[1].has_proof else None


def signed(proof: bytes, *, validator: int = VALIDATOR, block: Root = BLOCK) -> bytes:
    envelope = ExecutionProofEnvelope(proof, ProofType(1), block)
    signature = bls.sign(SECRET, signing_root(hash_tree_root_envelope(envelope), DOMAIN))
    return SignedExecutionProofEnvelope(envelope, ValidatorIndex(validator), signature).encode()


@dataclass
class Node:
    """One node with all its parts."""

    host: GossipHost
    runner: ProofGossipRunner
    log: Log
    verifiers: Verifiers


@asynccontextmanager
async def open_node(
    number: int, peers: tuple[str, ...] = (), store: ProofStore | None = None
) -> AsyncIterator[Node]:
    settings = ProofGossipSettings(
        order=GOSSIP_ORDERS[BETA4.name],
        decode=partial(read_gossiped_proof, BETA4),
        proof_types=frozenset({ProofType(1)}),
    )
    saved = (store.load(),) if store else ()
    log, verifiers = Log(), Verifiers()
    topics = {TOPIC: MAX_SIGNED_PROOF_BYTES}
    async with (
        GossipHost.open(ANY_PORT, peers, topics, seed(number), SETTINGS) as host,
        trio.open_nursery() as nursery,
    ):
        runner = ProofGossipRunner(
            machine=ProofGossipMachine(settings, *saved),
            network=host,
            validators=Validators(),
            proofs=verifiers,
            feed=Feed([BlockSeen(BLOCK, SLOT), PayloadSeen(BLOCK, VALUES)]),
            domain_at=lambda _: DOMAIN,
            observer=log,
            slots=SlotClock(0, 12_000),
            store=store,
        )
        nursery.start_soon(runner.run, host.messages)
        yield Node(host, runner, log, verifiers)
        nursery.cancel_scope.cancel()


def settings_for(url: str) -> Eip8025Settings:
    """Judge recorded proofs of the test's network beside the consensus node at an address."""
    return Eip8025Settings(
        profile=BETA4,
        chain_id=ChainId(1),
        fork_version=bytes.fromhex("70000001"),
        genesis_validators_root=Root(b"\x99" * 32),
        fork_digest=FORK_ROOT[:4],
        clock=SlotClock(0, 12_000),
        slots_per_epoch=32,
        proof_types={ProofType(1): (ProofSystem.SP1, PROGRAM_VK)},
        beacon_node=url,
    )


@asynccontextmanager
async def open_prover(number: int, peer: str) -> AsyncIterator[tuple[GossipHost, Collector]]:
    topics = {TOPIC: MAX_SIGNED_PROOF_BYTES}
    async with (
        GossipHost.open(ANY_PORT, [peer], topics, seed(number), SETTINGS) as host,
        trio.open_nursery() as nursery,
    ):
        collector = Collector(host)
        nursery.start_soon(collector.run)
        await host.wait_for_mesh(TOPIC, 1)
        yield host, collector
        nursery.cancel_scope.cancel()


@pytest.mark.trio
async def test_proof__goes_through_a_node_to_the_next_one_and_into_its_store(tmp_path):
    store = ProofStore(f"sqlite:///{tmp_path / 'proofs.sqlite'}", "test")
    data = signed(PACK[1].proof())
    with trio.fail_after(60):
        async with (
            open_node(1, store=store) as middle,
            open_node(2, (middle.host.address,)) as far,
            open_prover(3, middle.host.address) as (prover, _),
        ):
            prover.publish(TOPIC, data)
            await far.log.wait_for(1)
            assert middle.log.settled == far.log.settled == [("accept", None)]
            assert middle.runner.machine.valid_types(BLOCK) == {1}
    [kept] = store.proofs_by_root(BLOCK, limit=4)
    assert kept.data == data


@pytest.mark.trio
async def test_proofs__of_no_use_are_not_passed_on_and_the_good_one_is():
    proof = PACK[1].proof()
    flipped = bytearray(proof)
    flipped[len(flipped) // 2] ^= 1
    good = SignedExecutionProofEnvelope.decode(signed(proof))
    unsigned = SignedExecutionProofEnvelope(good.message, VALIDATOR, bytes(96)).encode()
    with trio.fail_after(60):
        async with (
            open_node(1) as middle,
            open_node(2, (middle.host.address,)) as far,
            open_prover(3, middle.host.address) as (prover, _),
        ):
            for count, data in enumerate((unsigned, signed(proof, validator=13)), 1):
                prover.publish(TOPIC, data)
                await middle.log.wait_for(count)
            assert middle.log.settled == [
                ("reject", Reason.MESSAGE_SIGNATURE_INVALID),
                ("reject", Reason.UNKNOWN_VALIDATOR),
            ]
            prover.publish(TOPIC, good.encode())
            await far.log.wait_for(1)
            assert far.log.settled == [("accept", None)]
            assert middle.verifiers.verified == far.verifiers.verified == 1


@pytest.mark.trio
async def test_proof_of_another_block__rejected_for_what_it_proves():
    with trio.fail_after(60):
        async with open_node(1) as node, open_prover(3, node.host.address) as (prover, _):
            prover.publish(TOPIC, signed(PACK[2].proof()))
            await node.log.wait_for(1)
            assert node.log.settled == [("reject", Reason.PUBLIC_VALUES_MISMATCH)]


@pytest.mark.trio
async def test_restarted_node__does_not_verify_again(tmp_path):
    store = ProofStore(f"sqlite:///{tmp_path / 'proofs.sqlite'}", "test")
    with trio.fail_after(60):
        for expected in (("accept", None), ("ignore", Reason.PROOF_ALREADY_KNOWN)):
            async with (
                open_node(1, store=store) as node,
                open_prover(3, node.host.address) as (prover, _),
            ):
                prover.publish(TOPIC, signed(PACK[1].proof()))
                await node.log.wait_for(1)
                assert node.log.settled == [expected]
                assert node.verifiers.verified == (expected[0] == "accept")


@pytest.mark.trio
async def test_node__learns_blocks_from_a_consensus_node_and_judges_proofs_of_them(tmp_path):
    # The recorded proofs prove blocks of delayed execution: for this network the wrong statement.
    root = Root(bytes.fromhex("01" * 32))
    listen = {"listen": ANY_PORT, "peers": (), "topics": {TOPIC: MAX_SIGNED_PROOF_BYTES}}
    log, verifiers = Log(), Verifiers()
    known = answers(PayloadFork.GLOAS)
    known["/eth/v1/beacon/states/head/finality_checkpoints"]["finalized"]["epoch"] = "1"
    with trio.fail_after(60), web_server(responder(known)) as server:
        settings = replace(
            settings_for(server.url),
            validators={VALIDATOR: bls.public_key(SECRET)},
            store=f"sqlite:///{tmp_path / 'proofs.sqlite'}",
        )
        async with (
            GossipHost.open(*listen.values(), seed(1), SETTINGS) as host,
            open_proof_gossip(settings, host, verifiers, log) as runner,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(runner.run, host.messages)
            async with open_prover(3, host.address) as (prover, _):
                prover.publish(TOPIC, signed(PACK[1].proof(), block=root))
                await log.wait_for(1)
                await runner.drain()
            assert log.settled == [("reject", Reason.SCHEMA_MISMATCH)]
            assert runner.machine.blocks[root].slot == 77
            nursery.cancel_scope.cancel()
