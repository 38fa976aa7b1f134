"""Hold proofs that came before their block, bounded by peer and in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from zkattest.machines.proof_events import WaitingProof
from zkattest.spec.reasons import GossipIgnore, Reason
from zkattest.types.ids import PeerName, Root


@dataclass(frozen=True, slots=True)
class WaitingLimits:
    """Bound what waits; `wait_ms` is how long a block may take to come after its proof."""

    wait_ms: int = 24_000
    proofs: int = 128
    proofs_per_peer: int = 16
    total_bytes: int = 64 << 20
    bytes_per_peer: int = 20 << 20


@dataclass(slots=True)
class WaitingProofs:
    """Keep proofs by what they are about."""

    limits: WaitingLimits
    _by_subject: dict[Root, dict[bytes, WaitingProof]] = field(default_factory=dict)
    _counts: Counter[PeerName] = field(default_factory=Counter)
    _bytes: Counter[PeerName] = field(default_factory=Counter)

    def add(self, proof: WaitingProof) -> None:
        """Keep a proof; raise `GossipIgnore` where there is no room for it."""
        limits, peer, size = self.limits, proof.from_peer, len(proof.data)
        # [IGNORE] There is room for one more, of this peer and in all.
        if (
            self._counts.total() >= limits.proofs
            or self._counts[peer] >= limits.proofs_per_peer
            or self._bytes.total() + size > limits.total_bytes
            or self._bytes[peer] + size > limits.bytes_per_peer
        ):
            raise GossipIgnore(Reason.QUEUE_FULL, peer=peer)
        self._by_subject.setdefault(proof.subject, {})[proof.message_id] = proof
        self._counts[peer] += 1
        self._bytes[peer] += size

    def take(self, subject: Root) -> list[WaitingProof]:
        """Remove and return what waits for a block, in order of arrival."""
        return self._remove(self._by_subject.get(subject, {}).values())

    def expired(self, now_ms: int) -> list[WaitingProof]:
        """Remove and return what has waited long enough."""
        return self._remove(proof for proof in self._all() if proof.until_ms <= now_ms)

    def next_expiry_ms(self) -> int | None:
        """Say when the first of them will have waited long enough."""
        return min((proof.until_ms for proof in self._all()), default=None)

    def __len__(self) -> int:
        """Count what waits."""
        return self._counts.total()

    def _all(self) -> Iterable[WaitingProof]:
        return (proof for proofs in self._by_subject.values() for proof in proofs.values())

    def _remove(self, proofs: Iterable[WaitingProof]) -> list[WaitingProof]:
        removed = list(proofs)
        for proof in removed:
            of_subject = self._by_subject[proof.subject]
            del of_subject[proof.message_id]
            if not of_subject:
                del self._by_subject[proof.subject]
            self._counts[proof.from_peer] -= 1
            self._bytes[proof.from_peer] -= len(proof.data)
            if not self._counts[proof.from_peer]:
                del self._counts[proof.from_peer], self._bytes[proof.from_peer]
        return removed
