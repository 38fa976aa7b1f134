"""
Follow a consensus node: its head, the blocks before it, their payloads, its finality.

Asked again and again rather than listened to: a lost event would lose a block, and a block that is
known half a second later costs nothing, because its proofs wait for it. A node that does not
answer is asked again; nothing that a peer sent is held against the peer for that.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

import trio

from zkattest.machines.proof_events import (
    BlockSeen,
    HeadChanged,
    PayloadSeen,
    ProofEvent,
    SlotFinalized,
)
from zkattest.rpc import BeaconHead, Checkpoint
from zkattest.spec.presets import SCHEMA_OPTIONAL_PROOFS_AMSTERDAM
from zkattest.telemetry import Observer
from zkattest.types.errors import WitnessError
from zkattest.types.ids import ChainId, Root, Slot
from zkattest.types.wire import PublicValues

Tell = Callable[[ProofEvent], Awaitable[None]]


class BeaconSource(Protocol):
    """What a consensus node is asked; every method blocks."""

    def header(self, block: str | Root) -> BeaconHead | None:
        """Return a header; None where the node has no such block."""

    def finalized(self) -> Checkpoint:
        """Return the finalized checkpoint."""

    def payload_request_root(self, root: Root) -> Root | None:
        """Return what a proof of a block is about; None while its payload is missing."""


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """Say how often to ask and how far to look back."""

    poll_s: float = 0.5
    # Blocks before the head that are learnt at the start, and after silence of the node.
    look_back: int = 64
    # Blocks whose payload is asked for again; older ones are given up.
    without_payload: int = 8
    slots_per_epoch: int = 32


@dataclass(slots=True)
class BeaconFeed:
    """Tell a machine what one consensus node knows."""

    source: BeaconSource
    chain_id: ChainId
    observer: Observer
    settings: FeedSettings = field(default_factory=FeedSettings)
    names_requests: bool = False
    """Whether proofs name the payload request instead of the block, as before #5566."""
    requests: OrderedDict[Root, Root] = field(default_factory=OrderedDict)
    """Payload requests by their blocks, the newest."""
    _known: OrderedDict[Root, Slot] = field(default_factory=OrderedDict)
    _without_payload: OrderedDict[Root, None] = field(default_factory=OrderedDict)
    head: BeaconHead | None = None
    finalized: Checkpoint | None = None
    _answers: bool = True

    @property
    def standing(self) -> str | None:
        """Say what is wrong with the consensus node; nothing while it answers and has a head."""
        if not self._answers:
            return "no answer"
        return None if self.head is not None else "no head yet"

    async def follow(self, tell: Tell) -> None:
        """Ask until cancelled."""
        while True:
            await self.ask_once(tell)
            await trio.sleep(self.settings.poll_s)

    async def ask_once(self, tell: Tell) -> None:
        """Learn what is new; say once that the node does not answer, and once that it does."""
        try:
            await self._learn_head(tell)
            await self._learn_payloads(tell)
        except WitnessError as failure:
            if self._answers:
                self.observer.event("beacon_node_silent", detail=failure.detail)
            self._answers = False
            return
        if not self._answers:
            self.observer.event("beacon_node_answers")
        self._answers = True

    async def _learn_head(self, tell: Tell) -> None:
        head = await trio.to_thread.run_sync(self.source.header, "head")
        if head is None or head == self.head:
            return
        for block in reversed(await self._unknown_ancestors(head)):
            self._known[block.root] = block.slot
            self._without_payload[block.root] = None
            if not self.names_requests:
                await tell(BlockSeen(block.root, block.slot))
        self.head = head
        await self._tell_head(tell)
        await self._learn_finality(tell)
        while len(self._known) > 2 * self.settings.look_back:
            self._known.popitem(last=False)

    async def _unknown_ancestors(self, head: BeaconHead) -> list[BeaconHead]:
        """Walk back from a head to what is known, newest first."""
        blocks: list[BeaconHead] = []
        block: BeaconHead | None = head
        while block is not None and block.root not in self._known:
            blocks.append(block)
            if len(blocks) >= self.settings.look_back or block.slot == 0:
                break
            block = await trio.to_thread.run_sync(self.source.header, block.parent_root)
        return blocks

    async def _learn_finality(self, tell: Tell) -> None:
        finalized = await trio.to_thread.run_sync(self.source.finalized)
        if finalized != self.finalized:
            self.finalized = finalized
            await tell(SlotFinalized(Slot(finalized.epoch * self.settings.slots_per_epoch)))

    async def _learn_payloads(self, tell: Tell) -> None:
        """Ask for missing payloads, newest block first: proofs of the head are wanted first."""
        while len(self._without_payload) > self.settings.without_payload:
            self._without_payload.popitem(last=False)
        for root in list(reversed(self._without_payload)):
            request_root = await trio.to_thread.run_sync(self.source.payload_request_root, root)
            if request_root is None:
                continue
            del self._without_payload[root]
            await self._tell_payload(root, request_root, tell)

    async def _tell_payload(self, root: Root, request_root: Root, tell: Tell) -> None:
        self.requests[root] = request_root
        while len(self.requests) > 2 * self.settings.look_back:
            self.requests.popitem(last=False)
        subject = request_root if self.names_requests else root
        if self.names_requests:
            await tell(BlockSeen(subject, self._known[root]))
        await tell(PayloadSeen(subject, self._public_values(request_root)))
        if self.names_requests and self.head is not None and root == self.head.root:
            await self._tell_head(tell)

    async def _tell_head(self, tell: Tell) -> None:
        root = self.head.root if self.head is not None else None
        if root is not None and self.names_requests:
            root = self.requests.get(root)
        if root is not None:
            await tell(HeadChanged(root))

    def _public_values(self, request_root: Root) -> PublicValues:
        return PublicValues(
            root=request_root,
            valid=True,
            chain_id=self.chain_id,
            schema_id=SCHEMA_OPTIONAL_PROOFS_AMSTERDAM,
        )
