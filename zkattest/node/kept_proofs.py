"""Serve kept proofs to peers that ask for them by block or by slot."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

import trio

from zkattest.net.proof_requests import ProofSourceFault
from zkattest.store import StoreError
from zkattest.store.proofs import KeptProof, ProofStore
from zkattest.types.ids import ProofType, Root, Slot

# Of one slot at a time: a response is bounded in bytes, and most are never read to their end.
_PROOFS_OF_A_SLOT = 256
_END_OF_SLOTS = 1 << 63


@dataclass(frozen=True, slots=True)
class KeptProofs:
    """Read a store lazily, in threads."""

    store: ProofStore
    subject_of: Callable[[Root], Root | None] = lambda block_root: block_root
    """Say what the proofs of a block name: itself, or its payload request."""

    async def by_root(
        self, block_root: Root, proof_types: frozenset[ProofType]
    ) -> AsyncGenerator[bytes, None]:
        """Yield the proofs of these types that are kept for a block."""
        subject = self.subject_of(block_root)
        if subject is None:
            return
        for kept in await self._read(self.store.proofs_by_root, subject, _PROOFS_OF_A_SLOT):
            if kept.proof_type in proof_types:
                yield kept.data

    async def by_range(
        self, start_slot: Slot, count: int, proof_types: frozenset[ProofType]
    ) -> AsyncGenerator[bytes, None]:
        """Yield the proofs of `count` slots, in the order of slots; no types means all."""
        for slot in range(start_slot, min(start_slot + count, _END_OF_SLOTS)):
            found = await self._read(self.store.proofs_by_slot, Slot(slot), 1, _PROOFS_OF_A_SLOT)
            for kept in found:
                if not proof_types or kept.proof_type in proof_types:
                    yield kept.data

    async def _read(
        self, query: Callable[..., list[KeptProof]], *arguments: int | Root
    ) -> list[KeptProof]:
        try:
            return await trio.to_thread.run_sync(query, *arguments)
        except StoreError as error:
            raise ProofSourceFault(str(error)) from error
