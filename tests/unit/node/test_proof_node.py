"""What peers are told of a node beside a consensus node, before and after it knows anything."""

from dataclasses import replace

import pytest

from tests.helpers.engines import PROGRAM_VK, REGISTRY, REVOKED_REGISTRY, EventLog
from tests.helpers.node_process import write_eip8025_config
from tests.helpers.proof_gossip import BLOCK, OTHER, VALUES, ProofPlayer, signed_proof
from tests.unit.node.test_beacon_feed import CHAIN_ID, Chain, Heard, ask, root
from zkattest.machines.proof_events import BlockSeen, KeepProof, SavedProofs
from zkattest.machines.proof_gossip import ProofGossipMachine
from zkattest.machines.slot_clock import SlotClock
from zkattest.node.beacon_feed import BeaconFeed
from zkattest.node.config import load_any_config
from zkattest.node.config_policy import read_node_policy
from zkattest.node.config_reader import Notes, Table
from zkattest.node.eip8025 import NoFeed, machine_settings
from zkattest.node.proof_node import RunnerChain, revoked_types_of, take_up_registry
from zkattest.node.proof_runner import ProofGossipRunner
from zkattest.node.proof_standing import ProofStandings
from zkattest.node.subject import ProofSubject
from zkattest.ports import ChainFeed, ProofSource, StatusSource
from zkattest.spec.reasons import Reason
from zkattest.store.proofs import ProofStore
from zkattest.telemetry import NullObserver
from zkattest.types.gossip import Verdict
from zkattest.types.ids import ProofType, Root, Slot
from zkattest.types.peering import ForkDigest, Status
from zkattest.types.programs import ProofSystem

DIGEST = b"\x01\x02\x03\x04"
VK = "0x" + "00" * 31 + "01"
NONE = Root(bytes(32))


@pytest.fixture
def config(tmp_path):
    path = write_eip8025_config(tmp_path, VK, "http://127.0.0.1:1", b"\xab" * 48)
    return load_any_config(path)


@pytest.fixture
def runner(config):
    settings = config.eip8025
    return ProofGossipRunner(
        machine=ProofGossipMachine(machine_settings(settings), SavedProofs()),
        network=None,
        validators=None,
        proofs=None,
        feed=NoFeed(),
        domain_at=lambda slot: bytes(32),
        observer=NullObserver(),
        slots=settings.clock,
    )


def know(runner, number, slot):
    runner.machine.handle(BlockSeen(Root(bytes([number]) * 32), Slot(slot)), 0)


def test_status__of_nothing_known():
    chain: StatusSource = RunnerChain(DIGEST)
    assert chain.status() == Status(ForkDigest(DIGEST), NONE, 0, NONE, Slot(0), Slot(0))
    assert (chain.finalized_root_at(0), chain.proof_status()) == (None, None)


def test_status__of_the_newest_known_block(runner):
    chain = RunnerChain(DIGEST)
    chain.follow(runner)
    know(runner, 7, 20)
    know(runner, 9, 12)
    head = Root(b"\x07" * 32)
    assert chain.status() == Status(ForkDigest(DIGEST), NONE, 0, head, Slot(20), Slot(20))


async def test_proofs__none_without_a_store(runner):
    chain = RunnerChain(DIGEST)
    source: ProofSource = chain
    everything = frozenset(ProofType(number) for number in range(256))
    for followed in (False, True):
        if followed:
            chain.follow(runner)
        assert [data async for data in source.by_root(Root(b"\x07" * 32), everything)] == []
        assert [data async for data in source.by_range(Slot(0), 100, everything)] == []


def test_subject__describes_the_revision_and_the_newest_block(config, runner):
    subject = ProofSubject(config, runner.machine, runner)
    assert subject.describe()["head"] is None
    know(runner, 7, 20)
    described = subject.describe()
    assert described == {
        "chain_id": 1,
        "fork_digest": "0x" + config.eip8025.fork_digest.hex(),
        "profile": "beta4",
        "head": {"slot": 20, "block_root": "0x" + "07" * 32},
    }
    assert list(subject.topics()) == ["execution_proof"]
    assert {reading.name: reading.value for reading in subject.readings()} == {
        "head_slot": 20,
        "blocks": 1,
    }
    assert subject.has_store() is False
    assert [path.name for path in subject.files().values()] == ["proofs.sqlite"]


def runner_of(play: ProofPlayer, feed: ChainFeed, store=None) -> ProofGossipRunner:
    return ProofGossipRunner(
        machine=play.machine,
        network=None,
        validators=None,
        proofs=None,
        feed=feed,
        domain_at=lambda _: bytes(32),
        observer=Heard(),
        slots=SlotClock(0, 12_000),
        store=store,
    )


def chain_of(play: ProofPlayer, feed: ChainFeed) -> RunnerChain:
    chain = RunnerChain(DIGEST)
    chain.follow(runner_of(play, feed))
    return chain


def test_status__empty_with_a_runner_that_knows_nothing():
    status = Status(ForkDigest(DIGEST), NONE, 0, NONE, Slot(0), Slot(0))
    assert RunnerChain(DIGEST).status() == status
    assert chain_of(ProofPlayer(), NoFeed()).status() == status


def test_status__the_newest_of_two_blocks_without_a_consensus_node():
    play = ProofPlayer()
    play.know(BLOCK, slot=5)
    play.know(OTHER, slot=6, values=replace(VALUES, root=OTHER))
    chain = chain_of(play, NoFeed())
    assert chain.status() == Status(ForkDigest(DIGEST), NONE, 0, OTHER, Slot(6), Slot(6))
    assert chain.finalized_root_at(0) is None


@pytest.mark.trio
async def test_status__head_and_finality_of_the_consensus_node():
    node, play = Chain(finalized_epoch=2), ProofPlayer()
    for slot in (70, 71, 72):
        node.add(slot)
    feed = BeaconFeed(node, CHAIN_ID, Heard())
    for event in await ask(feed):
        play.tell(event)
    chain = chain_of(play, feed)
    expected = Status(ForkDigest(DIGEST), root(2), 2, root(72), Slot(72), Slot(70))
    assert chain.status() == expected
    assert chain.finalized_root_at(2) == root(2)
    assert chain.finalized_root_at(1) is None


# --- A registry that changes ----------------------------------------------------------------------

SP1 = ProofType(1)
TYPES = {SP1: (ProofSystem.SP1, PROGRAM_VK)}


def policy_of(path):
    values = {"proof_policy": {"registry": path.name}}
    return read_node_policy(Table(Notes(path.parent / "node.toml"), values), TYPES, 12_000)


class Now:
    """A clock that stands still."""

    def now_ms(self):
        return 60_000


class Relay:
    """Carry events to a machine as a runner's loop does."""

    def __init__(self, play):
        self.machine = play.machine
        self.tell_now = play.tell

    async def tell(self, event):
        self.tell_now(event)


@pytest.mark.trio
async def test_registry__a_revoked_program_is_neither_taken_nor_handed_out_nor_announced(tmp_path):
    path, log = tmp_path / "registry.toml", EventLog()
    path.write_text(REGISTRY)
    policy, play = policy_of(path), ProofPlayer()
    play.know()
    store = ProofStore(f"sqlite:///{tmp_path / 'proofs.sqlite'}", "network")
    slots, chain = SlotClock(0, 12_000), RunnerChain(DIGEST)
    standings = ProofStandings(policy.types, play.machine, slots, Now(), log)
    chain.follow(runner_of(play, NoFeed(), store), standings)
    for effect in [*play.receive(signed_proof()), *play.answer_engine()]:
        if isinstance(effect, KeepProof):
            store.save([effect])
        standings.hear(effect)
    assert chain.proof_status().block_root == BLOCK
    everything = frozenset({SP1})
    assert len([data async for data in chain.by_root(BLOCK, everything)]) == 1
    assert len([data async for data in chain.by_range(Slot(5), 1, frozenset())]) == 1

    take_up = take_up_registry(policy, TYPES, Relay(play), standings, log)
    path.write_text(REVOKED_REGISTRY)
    await take_up(policy.registry.read_update())
    assert chain.proof_status() is None
    assert [data async for data in chain.by_root(BLOCK, everything)] == []
    assert [data async for data in chain.by_range(Slot(5), 1, frozenset())] == []
    play.receive(signed_proof(b"one more", validator=8))
    assert play.verdicts()[-1] == (Verdict.IGNORE, Reason.NOT_CHECKED)
    assert [fields["subject"] for fields in log.named("proof_lost")] == [BLOCK]
    (loaded,) = log.named("registry_loaded")
    assert loaded["changes"] == ["ours: active to revoked"]
    store.close()


def test_registry__a_program_that_is_revoked_at_the_start_is_not_taken(config, tmp_path):
    path = tmp_path / "registry.toml"
    path.write_text(REVOKED_REGISTRY)
    assert revoked_types_of(config) == frozenset()
    with_policy = replace(config, proof_policy=policy_of(path))
    assert revoked_types_of(with_policy) == {SP1}
