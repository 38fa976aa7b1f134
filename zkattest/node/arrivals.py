"""
Measure when good proofs arrive against the deadline that needs them.

The results of a block are claimed by its child, so its proof is needed when the next slot's
attestation is due. A proof may come before its block has been judged: its time waits.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, TypeVar

from zkattest.machines.slot_clock import SlotClock
from zkattest.telemetry import Measure, Observer
from zkattest.types.ids import BlockHash, Slot

# Far more than there are blocks between a proof and its block; anyone can name a block hash.
_MAX_KEPT: Final = 1_024
_Value = TypeVar("_Value")


class ProofArrivals:
    """Bring blocks and their proofs together, in either order; the first proof counts."""

    def __init__(self, clock: SlotClock, observer: Observer) -> None:
        self._clock = clock
        self._observer = observer
        self._slots: OrderedDict[BlockHash, Slot] = OrderedDict()
        self._waiting: OrderedDict[BlockHash, int] = OrderedDict()
        self._measured: OrderedDict[BlockHash, None] = OrderedDict()

    def block_judged(self, block_hash: BlockHash, slot: Slot) -> None:
        """Take note of a valid block."""
        _keep(self._slots, block_hash, slot)
        arrived_at_ms = self._waiting.pop(block_hash, None)
        if arrived_at_ms is not None:
            self._measure(block_hash, slot, arrived_at_ms)

    def proof_arrived(self, block_hash: BlockHash, arrived_at_ms: int) -> None:
        """Take note of a proof that opened a claim about a block."""
        if block_hash in self._measured or block_hash in self._waiting:
            return
        slot = self._slots.get(block_hash)
        if slot is None:
            _keep(self._waiting, block_hash, arrived_at_ms)
        else:
            self._measure(block_hash, slot, arrived_at_ms)

    def _measure(self, block_hash: BlockHash, slot: Slot, arrived_at_ms: int) -> None:
        _keep(self._measured, block_hash, None)
        due_ms = self._clock.deadline_ms(Slot(slot + 1))
        self._observer.observe_ms(Measure.PROOF_AFTER_DEADLINE_MS, arrived_at_ms - due_ms)


def _keep(table: OrderedDict[BlockHash, _Value], key: BlockHash, value: _Value) -> None:
    table[key] = value
    if len(table) > _MAX_KEPT:
        table.popitem(last=False)
