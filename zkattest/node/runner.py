"""
Run one attester: network, machine, checkers and store in one nursery.

The machine is the only one that decides. This loop carries events to it one at a time, and its
effects to threads, to the store and to the network. Saving comes first: what the network or the
operator sees is already on disk.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, get_args

import trio

from zkattest.machines.attester import AttesterMachine
from zkattest.machines.events import (
    BlockChecked,
    BlockOpened,
    BlockReceived,
    CheckBlock,
    CheckSignature,
    ClaimReceived,
    Effect,
    Event,
    KeepState,
    OpenBlock,
    ProofChecked,
    ProofReceived,
    ReportGossip,
    SaveEffect,
    SignatureChecked,
    TimePassed,
    VerifyProof,
    WakeAt,
)
from zkattest.node.journal import Journal
from zkattest.node.profile import Topics
from zkattest.ports import BlockChecker, Clock, Network, ProofChecker, StateKeeper, Store
from zkattest.store import StateStoreError
from zkattest.types.gossip import GossipMessage
from zkattest.types.ids import Root

_SAVED = get_args(SaveEffect)
_ANSWERS = (BlockOpened, BlockChecked, SignatureChecked, ProofChecked)
# Events that wait for the machine; beyond it the shells wait, and the network drops without blame.
_QUEUE = 256
_Work = TypeVar("_Work")
_Outcome = TypeVar("_Outcome")


class SystemClock:
    """Tell the machine's wall-clock time."""

    def now_ms(self) -> int:
        """Return Unix time in milliseconds."""
        return time.time_ns() // 1_000_000


@dataclass(slots=True)
class AttesterRunner:
    """Drive one machine."""

    machine: AttesterMachine
    network: Network
    topics: Topics
    blocks: BlockChecker
    proofs: ProofChecker
    store: Store | None
    journal: Journal
    clock: Clock = field(default_factory=SystemClock)
    state: StateKeeper | None = None
    _wake: trio.Event = field(default_factory=trio.Event)
    _wake_at_ms: float = math.inf
    _intake: trio.CancelScope = field(default_factory=trio.CancelScope)
    _queue: trio.MemoryReceiveChannel[Event] | None = None
    _at_work: int = 0
    _is_handling: bool = False
    _handled: trio.Event = field(default_factory=trio.Event)

    @property
    def at_work(self) -> int:
        """Return how many checks have been started and not been answered to the machine."""
        return self._at_work

    @property
    def queued(self) -> int:
        """Return how many events wait for the machine."""
        return self._queue.statistics().current_buffer_used if self._queue is not None else 0

    async def run(self, messages: trio.MemoryReceiveChannel[GossipMessage]) -> None:
        """Attest until cancelled; a bug in any part ends the node."""
        send, receive = trio.open_memory_channel[Event](_QUEUE)
        self._queue = receive
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._listen, messages, send.clone())
            nursery.start_soon(self._keep_time, send.clone())
            await send.send(TimePassed())
            async for event in receive:
                self._is_handling = True
                effects = self.machine.handle(event, self.clock.now_ms())
                await self._save([e for e in effects if isinstance(e, _SAVED)])
                for effect in effects:
                    self._perform(effect, nursery, send)
                self._is_handling = False
                self._note_end(is_end=isinstance(event, _ANSWERS))

    async def drain(self) -> None:
        """Take no more messages, and return when all that is at work has its verdict."""
        self._intake.cancel()
        while self._at_work or self._is_handling or self.queued:
            await self._handled.wait()

    def _note_end(self, *, is_end: bool) -> None:
        self._at_work -= is_end
        self._handled.set()
        self._handled = trio.Event()

    # --- Events -------------------------------------------------------------------------------

    async def _listen(
        self,
        messages: trio.MemoryReceiveChannel[GossipMessage],
        send: trio.MemorySendChannel[Event],
    ) -> None:
        kinds: dict[str, type[BlockReceived | ProofReceived | ClaimReceived]] = {
            self.topics.block: BlockReceived,
            self.topics.proof: ProofReceived,
            self.topics.claim: ClaimReceived,
        }
        with self._intake:
            async for message in messages:
                await send.send(kinds[message.topic](message))

    async def _keep_time(self, send: trio.MemorySendChannel[Event]) -> None:
        while True:
            self._wake = trio.Event()
            left_ms = self._wake_at_ms - self.clock.now_ms()
            with trio.move_on_after(max(0.0, left_ms / 1000)) as pause:
                await self._wake.wait()
            if pause.cancelled_caught:
                self._wake_at_ms = math.inf
                await send.send(TimePassed())

    # --- Effects ------------------------------------------------------------------------------

    def _perform(
        self, effect: Effect, nursery: trio.Nursery, send: trio.MemorySendChannel[Event]
    ) -> None:
        self.journal.write(effect)
        match effect:
            case OpenBlock() | CheckBlock() | CheckSignature() | VerifyProof():
                self._at_work += 1
                nursery.start_soon(self._work, effect, send)
            case ReportGossip(message_id=message_id, verdict=verdict):
                self.network.report(message_id, verdict)
                self.journal.after(effect)
            case KeepState(content_id=content_id) if self.state is not None:
                self._at_work += 1
                nursery.start_soon(self._keep_state, self.state, content_id)
            case WakeAt(time_ms=time_ms):
                self._wake_at_ms = time_ms
                self._wake.set()
            case _:
                pass

    async def _save(self, effects: Sequence[SaveEffect]) -> None:
        if self.store is not None and effects:
            await trio.to_thread.run_sync(self.store.save, effects)

    async def _keep_state(self, state: StateKeeper, content_id: Root) -> None:
        """Feed the local state; without it checks still work, so a full disk ends nothing."""
        try:
            await trio.to_thread.run_sync(state.keep_state, content_id)
        except StateStoreError as failure:
            self.journal.state_not_kept(str(failure))
        self._note_end(is_end=True)

    async def _work(
        self,
        effect: OpenBlock | CheckBlock | CheckSignature | VerifyProof,
        send: trio.MemorySendChannel[Event],
    ) -> None:
        match effect:
            case OpenBlock():
                opened, _ = await _timed(self.blocks.open_block, effect)
                event: Event = BlockOpened(effect.job, opened)
            case CheckBlock():
                checked, static_ms = await _timed(self.blocks.check_block, effect)
                event = BlockChecked(effect.job, checked, static_ms)
            case CheckSignature():
                signed, _ = await _timed(self.blocks.check_signature, effect)
                event = SignatureChecked(effect.job, signed)
            case VerifyProof():
                proven, verify_ms = await self.proofs.verify_proof(effect)
                event = ProofChecked(effect.job, proven, verify_ms)
        await send.send(event)


async def _timed(work: Callable[[_Work], _Outcome], effect: _Work) -> tuple[_Outcome, float]:
    """Call in a thread, and measure there: waiting for a thread is not work."""

    def call() -> tuple[_Outcome, float]:
        started = time.perf_counter()
        return work(effect), (time.perf_counter() - started) * 1000

    # Libp2p brings trio-typing, whose stubs of an older trio hide trio's own types.
    return await trio.to_thread.run_sync(call, abandon_on_cancel=True)  # type: ignore[call-arg, unused-ignore]
