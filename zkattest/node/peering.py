"""Compose what a node tells its peers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection
from typing import TYPE_CHECKING, Final

import trio

from zkattest.machines.standing import Standing
from zkattest.net.peering import Peering, PeeringSettings
from zkattest.node.config_peering import PeeringConfig
from zkattest.ports import ProofSource, StatusSource
from zkattest.store import StoreError
from zkattest.store.proof_limits import END_OF_SLOTS
from zkattest.types.errors import ProofSourceFault
from zkattest.types.ids import ProofType, Root, Slot
from zkattest.types.peering import (
    ExecutionProofStatus,
    ForkDigest,
    MetaData,
    Status,
)
from zkattest.types.proof_profiles import DEFAULT_PROFILE, ProofProfile

if TYPE_CHECKING:
    # It brings a database's library, which an attester does without.
    from zkattest.store.proofs import KeptProof, ProofStore

_UNFINALIZED: Final = Root(bytes(32))
_MOST_TYPES: Final = 256


class StandingChain:
    """
    Tell peers where the delayed-execution machine stands.

    Its network has no finality and no beacon blocks: the head is the newest valid block, named by
    its block hash, and nothing is finalized. The anchor is no finalized block either: it is each
    operator's own choice, its slot is not known, and peers with different anchors are of use to
    each other, which a finalized root of one epoch would deny.
    """

    def __init__(self, fork_digest: bytes) -> None:
        """Begin at genesis; `follow` comes before the first peer hears of it."""
        self._fork_digest = ForkDigest(fork_digest)
        self._standing: Callable[[], Standing] | None = None

    def follow(self, standing: Callable[[], Standing]) -> None:
        """Ask a machine from now on."""
        self._standing = standing

    def status(self) -> Status:
        """Return the head, and no finalized block."""
        head_root, head_slot = _UNFINALIZED, Slot(0)
        if self._standing is not None:
            head = self._standing().head
            head_root, head_slot = Root(head.block_hash), head.slot
        return Status(self._fork_digest, _UNFINALIZED, 0, head_root, head_slot, head_slot)

    def finalized_root_at(self, epoch: int) -> Root | None:
        """Know of no finalized block."""
        return None

    def proof_status(self) -> ExecutionProofStatus | None:
        """Know of no beacon block that proofs were verified for."""
        return None


class StoredProofs:
    """
    Serve proofs from the store of EIP-8025 proofs, which is read in threads, a slot at a time.

    Requests name beacon blocks. The store names what a revision's messages name, and in those that
    have requests that is a payload request: `subject_of` leads from one to the other. What is kept
    of `revoked_types` is not handed out.
    """

    def __init__(
        self,
        store: ProofStore,
        subject_of: Callable[[Root], Root | None],
        revoked_types: Callable[[], Collection[ProofType]] = frozenset,
    ) -> None:
        """Take an open store."""
        self._store = store
        self._subject_of = subject_of
        self._revoked_types = revoked_types

    async def by_root(
        self, block_root: Root, proof_types: frozenset[ProofType]
    ) -> AsyncGenerator[bytes, None]:
        """Yield what is kept for a block; nothing for a block that nobody knows."""
        subject = self._subject_of(block_root)
        if subject is None:
            return
        for proof in await _read(self._store.proofs_by_root, subject, _MOST_TYPES):
            if proof.proof_type in proof_types and proof.proof_type not in self._revoked_types():
                yield proof.data

    async def by_range(
        self, start_slot: Slot, count: int, proof_types: frozenset[ProofType]
    ) -> AsyncGenerator[bytes, None]:
        """Yield what is kept for each slot, in the order of slots."""
        for slot in range(start_slot, min(start_slot + count, END_OF_SLOTS)):
            for proof in await _read(self._store.proofs_by_slot, Slot(slot), 1, _MOST_TYPES):
                if proof_types and proof.proof_type not in proof_types:
                    continue
                if proof.proof_type not in self._revoked_types():
                    yield proof.data


async def _read(read: Callable[..., list[KeptProof]], *arguments: object) -> list[KeptProof]:
    try:
        return await trio.to_thread.run_sync(read, *arguments)
    except StoreError as error:
        raise ProofSourceFault(str(error)) from error


def make_peering(
    config: PeeringConfig,
    chain: StatusSource,
    profile: ProofProfile = DEFAULT_PROFILE,
    proofs: ProofSource | None = None,
) -> Peering:
    """Make what answers peers; a host is opened with it."""
    settings = PeeringSettings(requires_status=config.requires_status)
    metadata = MetaData(
        seq_number=1,
        custody_group_count=config.custody_group_count,
        execution_proof_aware=True,
    )
    return Peering(chain, metadata, settings, profile, proofs)
