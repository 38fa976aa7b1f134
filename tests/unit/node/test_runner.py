"""The loop carries events to the machine and effects to the shells, saving first."""

import threading

import pytest
import trio
import trio.testing

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

    def observe_ms(self, measure, value_ms, label=""):
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


async def test_drain__returns_at_once_when_nothing_is_at_work(play, autojump_clock):
    runner, _, _, _ = play
    send, receive = trio.open_memory_channel(1)
    async with trio.open_nursery() as nursery, send:
        nursery.start_soon(runner.run, receive)
        await trio.testing.wait_all_tasks_blocked()
        await runner.drain()
        assert (runner.at_work, runner.queued) == (0, 0)
        nursery.cancel_scope.cancel()


async def test_drain__waits_for_every_step_and_takes_nothing_new(play, autojump_clock):
    autojump_clock.autojump_threshold = 0.5
    runner, shells, _, block = play
    may_open, drained = threading.Event(), trio.Event()
    opened = shells.open_block

    def open_when_allowed(work):
        may_open.wait()
        return opened(work)

    shells.open_block = open_when_allowed
    send, receive = trio.open_memory_channel(8)
    async with trio.open_nursery() as nursery, send:
        nursery.start_soon(runner.run, receive)
        await send.send(message_of(block, 1))
        while not runner.at_work:
            await trio.lowlevel.checkpoint()

        async def drain():
            await runner.drain()
            drained.set()

        nursery.start_soon(drain)
        for _ in range(100):
            await trio.lowlevel.checkpoint()
        assert not drained.is_set()
        may_open.set()
        await drained.wait()
        assert runner.at_work == 0
        # Both steps ended and the verdict is out; what comes now stays where it is.
        assert ("report", b"\x01" * 20, Verdict.ACCEPT) in shells.told
        await send.send(message_of(block, 1))
        await trio.testing.wait_all_tasks_blocked()
        assert receive.statistics().current_buffer_used == 1
        nursery.cancel_scope.cancel()
