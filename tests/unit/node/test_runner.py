"""The loop carries events to the machine and effects to the shells, saving first."""

import pytest
import trio

from tests.helpers.attester import (
    BUILDER,
    CHAIN_ID,
    GENESIS_MS,
    SLOT_MS,
    Play,
    chain,
    root_of,
    settings,
)
from zkattest.machines.attester import AttesterMachine
from zkattest.machines.events import SaveBlock, SaveDecision
from zkattest.node.journal import Journal
from zkattest.node.profile import Topics
from zkattest.node.runner import AttesterRunner
from zkattest.store import StateStoreError
from zkattest.types.execution import ExecutionWitness
from zkattest.types.gossip import GossipMessage, Verdict
from zkattest.types.ids import Slot
from zkattest.types.wire import DelayedBlock, SignedDelayedBlock

TOPICS = Topics.of(bytes(4))


class VirtualClock:
    """Follow trio's clock, which jumps when everybody waits, from the start of slot 1 on."""

    def now_ms(self):
        return GENESIS_MS + SLOT_MS + round(trio.current_time() * 1000)


class Shells:
    """Stand in for network, store and checkers, and keep the order of what they are told."""

    def __init__(self, blocks):
        self.script = Play.start()
        self.script.blocks = {block.content: block for block in blocks}
        self.told = []
        self.full_disk = False

    def keep_state(self, content_id):
        self.told.append(("keep", content_id))
        if self.full_disk:
            raise StateStoreError("state.sqlite: database or disk is full")

    def publish(self, topic, ssz_bytes):
        raise AssertionError("an attester publishes nothing")

    def report(self, message_id, verdict):
        self.told.append(("report", message_id, verdict))
        return True

    def peer_scores(self):
        return {"peer": 1.0}

    def save(self, effects):
        self.told += [("save", effect) for effect in effects]

    def open_block(self, work):
        return self.script.answer(work).outcome

    def check_block(self, work):
        return self.script.answer(work).outcome


class Events:
    """Keep what is observed."""

    def __init__(self):
        self.seen = []
        self.changed = trio.Event()

    def count(self, measure, outcome):
        pass

    def observe_ms(self, measure, value_ms):
        pass

    def event(self, name, **fields):
        self.seen.append((name, fields))
        self.changed.set()
        self.changed = trio.Event()

    async def wait_for(self, name):
        while not (found := [fields for seen, fields in self.seen if seen == name]):
            await self.changed.wait()
        return found[-1]


@pytest.fixture
def play():
    blocks = chain(1)
    shells, events = Shells(blocks), Events()
    runner = AttesterRunner(
        machine=AttesterMachine(settings()),
        network=shells,
        topics=TOPICS,
        blocks=shells,
        proofs=shells,
        store=shells,
        journal=Journal(events, shells),
        clock=VirtualClock(),
        state=shells,
    )
    return runner, shells, events, blocks[1]


def message_of(block, slot):
    message = DelayedBlock(Slot(slot), CHAIN_ID, block.content, (), ExecutionWitness((), (), ()))
    signed = SignedDelayedBlock(message, BUILDER, bytes(96))
    return GossipMessage(TOPICS.block, signed.encode(), b"\x01" * 20, "peer")


async def test_runner__decides_at_the_deadline_without_any_message(play, autojump_clock):
    runner, shells, events, _ = play
    send, receive = trio.open_memory_channel(1)
    async with trio.open_nursery() as nursery, send:
        nursery.start_soon(runner.run, receive)
        decided = await events.wait_for("decided")
        assert (decided["slot"], decided["decision"]) == (1, "abstain")
        assert runner.clock.now_ms() == GENESIS_MS + SLOT_MS + SLOT_MS // 3
        nursery.cancel_scope.cancel()
    assert [type(effect) for _, effect in shells.told] == [SaveDecision]


async def test_runner__saves_before_the_network_hears(play, autojump_clock):
    # The clock counts a task that waits for a thread as idle: leave the threads time to answer.
    autojump_clock.autojump_threshold = 0.5
    runner, shells, events, block = play
    send, receive = trio.open_memory_channel(1)
    async with trio.open_nursery() as nursery, send:
        nursery.start_soon(runner.run, receive)
        await send.send(message_of(block, 1))
        judged = await events.wait_for("gossip_verdict")
        decided = await events.wait_for("decided")
        nursery.cancel_scope.cancel()
    assert judged["verdict"] is Verdict.ACCEPT
    assert (decided["slot"], decided["decision"]) == (1, "attest")
    report = shells.told.index(("report", b"\x01" * 20, Verdict.ACCEPT))
    saved = [effect for what, effect, *_ in shells.told[:report] if what == "save"]
    assert [type(effect) for effect in saved] == [SaveBlock, SaveBlock]


@pytest.mark.parametrize("full_disk", [False, True])
async def test_runner__keeps_the_state_of_a_proven_block_and_survives_a_full_disk(
    play, autojump_clock, full_disk
):
    autojump_clock.autojump_threshold = 0.5
    runner, shells, events, block = play
    shells.full_disk = full_disk
    send, receive = trio.open_memory_channel(1)
    async with trio.open_nursery() as nursery, send:
        nursery.start_soon(runner.run, receive)
        await send.send(message_of(block, 1))
        if full_disk:
            failure = await events.wait_for("state_not_kept")
            assert failure == {"detail": "state.sqlite: database or disk is full"}
        decided = await events.wait_for("decided")
        nursery.cancel_scope.cancel()
    assert (decided["slot"], decided["decision"]) == (1, "attest")
    assert ("keep", root_of("content", block.content)) in shells.told
