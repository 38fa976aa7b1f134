"""
Run one attester: network, machine, checkers and store in one nursery.

The machine is the only one that decides. This loop carries events to it one at a time, and its
effects to threads, to the store and to the network. Saving comes first: what the network or the
operator sees is already on disk.
"""

from __future__ import annotations

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
from zkattest.node.loop import MachineLoop, SystemClock
from zkattest.node.profile import Topics
from zkattest.ports import BlockChecker, Clock, Network, ProofChecker, StateKeeper, Store
from zkattest.store import StateStoreError
from zkattest.types.gossip import GossipMessage
from zkattest.types.ids import Root

_SAVED = get_args(SaveEffect)
_Work = TypeVar("_Work")
_Outcome = TypeVar("_Outcome")


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
    _intake: trio.CancelScope = field(default_factory=trio.CancelScope)
    _at_work: int = 0
    _loop: MachineLoop[Event, Effect] = field(init=False)
    _nursery: trio.Nursery = field(init=False)

    def __post_init__(self) -> None:
        """Wire the loop."""
        self._loop = MachineLoop(self.machine.handle, self._perform, TimePassed(), self.clock)

    @property
    def at_work(self) -> int:
        """Return how many checks have been started and not been answered to the machine."""
        return self._at_work

    @property
    def queued(self) -> int:
        """Return how many events wait for the machine."""
        return self._loop.queued

    async def run(self, messages: trio.MemoryReceiveChannel[GossipMessage]) -> None:
        """Attest until cancelled; a bug in any part ends the node."""
        async with trio.open_nursery() as self._nursery:
            self._nursery.start_soon(self._listen, messages)
            await self._loop.run()

    async def tell(self, event: Event) -> None:
        """Tell the machine something from elsewhere."""
        await self._loop.tell(event)

    async def drain(self) -> None:
        """Take no more messages, and return when all that is at work has its verdict."""
        self._intake.cancel()
        await self._loop.wait_until_idle(lambda: self._at_work)

    # --- Events -------------------------------------------------------------------------------

    async def _listen(self, messages: trio.MemoryReceiveChannel[GossipMessage]) -> None:
        kinds: dict[str, type[BlockReceived | ProofReceived | ClaimReceived]] = {
            self.topics.block: BlockReceived,
            self.topics.proof: ProofReceived,
            self.topics.claim: ClaimReceived,
        }
        with self._intake:
            async for message in messages:
                await self._loop.tell(kinds[message.topic](message))

    # --- Effects ------------------------------------------------------------------------------

    async def _perform(self, effects: list[Effect]) -> None:
        await self._save([effect for effect in effects if isinstance(effect, _SAVED)])
        for effect in effects:
            self._perform_one(effect)

    def _perform_one(self, effect: Effect) -> None:
        self.journal.write(effect)
        match effect:
            case OpenBlock() | CheckBlock() | CheckSignature() | VerifyProof():
                self._at_work += 1
                self._nursery.start_soon(self._work, effect)
            case ReportGossip(message_id=message_id, verdict=verdict):
                self.network.report(message_id, verdict)
                self.journal.after(effect)
            case KeepState(content_id=content_id) if self.state is not None:
                self._at_work += 1
                self._nursery.start_soon(self._keep_state, self.state, content_id)
            case WakeAt(time_ms=time_ms):
                self._loop.wake_at(time_ms)
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
        self._at_work -= 1
        self._loop.note_change()

    async def _work(self, effect: OpenBlock | CheckBlock | CheckSignature | VerifyProof) -> None:
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
        await self._loop.tell(event)
        self._at_work -= 1
        self._loop.note_change()


async def _timed(work: Callable[[_Work], _Outcome], effect: _Work) -> tuple[_Outcome, float]:
    """Call in a thread, and measure there: waiting for a thread is not work."""

    def call() -> tuple[_Outcome, float]:
        started = time.perf_counter()
        return work(effect), (time.perf_counter() - started) * 1000

    # Libp2p brings trio-typing, whose stubs of an older trio hide trio's own types.
    return await trio.to_thread.run_sync(call, abandon_on_cancel=True)  # type: ignore[call-arg, unused-ignore]
