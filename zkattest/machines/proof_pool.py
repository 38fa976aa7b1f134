"""
Keep what has been proven and what has been claimed, and open the one with the other.

A proof proves a root; a root names no block. A claim names a block and its outputs, and anyone
can hash it: when its root is among the proven ones, the claim is true, whoever signed it. The
hash in a proof's envelope is therefore only a hint: it groups messages for the duplicate rules
and decides nothing else.

Seen-state: looked at before the signature, claimed before the engine, kept after a verdict,
released after a fault of ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from zkattest.crypto.hashing import hash_tree_root_claim
from zkattest.machines.events import ProvenRoot
from zkattest.machines.settings import Limits
from zkattest.spec.answers import ProofValid, Refused
from zkattest.spec.presets import SCHEMA_DELAYED_EXECUTION
from zkattest.spec.reasons import GossipIgnore, Reason
from zkattest.types.execution import ExecutionClaim
from zkattest.types.ids import BlockHash, ChainId, ProofType, Root, Slot, ValidatorIndex
from zkattest.types.wire import PublicValues

ProverKey: TypeAlias = tuple[BlockHash, ProofType, ValidatorIndex]
DigestKey: TypeAlias = tuple[BlockHash, bytes]
ContentKey: TypeAlias = tuple[ProofType, bytes]
_Key = TypeVar("_Key")


@dataclass(slots=True)
class ProofPool:
    """Hold proven roots, claims by root, and what messages have been seen."""

    limits: Limits
    roots: dict[Root, ProvenRoot] = field(default_factory=dict)
    """Roots that enough proofs are known of."""
    _proofs: dict[Root, dict[ProofType, ProvenRoot]] = field(default_factory=dict)
    _claims: dict[Root, tuple[Slot, ExecutionClaim]] = field(default_factory=dict)
    _opened: dict[Root, ExecutionClaim] = field(default_factory=dict)
    _proven_kinds: dict[BlockHash, set[ProofType]] = field(default_factory=dict)
    _digests: dict[DigestKey, Slot] = field(default_factory=dict)
    _provers: dict[ProverKey, Slot] = field(default_factory=dict)
    _claimers: dict[tuple[BlockHash, ValidatorIndex], Slot] = field(default_factory=dict)
    _quota: Counter[tuple[Slot, ValidatorIndex]] = field(default_factory=Counter)
    _answers: dict[ContentKey, tuple[Slot, ProofValid | Refused]] = field(default_factory=dict)

    # --- Proof messages -----------------------------------------------------------------------

    def require_new_proof(
        self, prover: ProverKey, digest: bytes, *, has_open_body: bool = False
    ) -> None:
        """
        Return when the message says something new; raise the first duplicate rule it meets.

        `has_open_body` tells that a second body came under the hash, which needs its own proof.
        """
        block_hash, proof_type, _ = prover
        # [IGNORE] No proof of this type is known for the block. Known means opened: a proof of
        # something else under this hash must not keep the right one away.
        if proof_type in self._proven_kinds.get(block_hash, ()) and not has_open_body:
            raise GossipIgnore(Reason.PROOF_ALREADY_KNOWN)
        # [IGNORE] The same bytes were not seen for the block.
        if (block_hash, digest) in self._digests:
            raise GossipIgnore(Reason.PROOF_ALREADY_KNOWN)
        # [IGNORE] It is the validator's first proof of this type for the block.
        if prover in self._provers:
            raise GossipIgnore(Reason.DUPLICATE_FROM_VALIDATOR)

    def claim_proof(self, prover: ProverKey, digest: bytes, slot: Slot) -> None:
        """Mark a message seen before the engine works on it, so that copies wait for nothing."""
        self._digests[prover[0], digest] = slot
        self._provers[prover] = slot

    def release_proof(self, prover: ProverKey, digest: bytes) -> None:
        """Unmark a message that we could not judge: it may come again."""
        self._digests.pop((prover[0], digest), None)
        self._provers.pop(prover, None)

    def answer(self, proof_type: ProofType, digest: bytes) -> ProofValid | Refused | None:
        """Give what the engine said of these bytes before; no proof is verified twice."""
        known = self._answers.get((proof_type, digest))
        return known[1] if known else None

    def keep_answer(
        self, proof_type: ProofType, digest: bytes, answer: ProofValid | Refused, slot: Slot
    ) -> None:
        """Remember what the engine said."""
        self._answers[proof_type, digest] = (slot, answer)

    def opened(self, root: Root) -> ExecutionClaim | None:
        """Give the claim that a proven root turned out to be."""
        return self._opened.get(root)

    def add_root(self, proven: ProvenRoot) -> None:
        """Keep a proven root; the first proof of it stays."""
        # [IGNORE] There is room. Dropping an older root instead would let a flood undo proofs.
        if proven.root not in self.roots and len(self.roots) >= self.limits.roots:
            raise GossipIgnore(Reason.QUEUE_FULL)
        self.roots.setdefault(proven.root, proven)

    def note(self, proven: ProvenRoot) -> bool:
        """Note a valid proof that may not be enough; False where one of its type is there."""
        # [IGNORE] There is room, as for roots that are proven.
        if proven.root not in self._proofs and len(self._proofs) >= self.limits.roots:
            raise GossipIgnore(Reason.QUEUE_FULL)
        known = self._proofs.setdefault(proven.root, {})
        if proven.root in self._opened:
            block_hash = self._opened[proven.root].block_hash
            self._proven_kinds.setdefault(block_hash, set()).add(proven.proof_type)
        return known.setdefault(proven.proof_type, proven) is proven

    def types_of(self, root: Root) -> frozenset[ProofType]:
        """Say of which types valid proofs of a root are known."""
        return frozenset(self._proofs.get(root, ()))

    def judge_anew(
        self, are_enough: Callable[[frozenset[ProofType]], bool]
    ) -> tuple[list[tuple[Root, ExecutionClaim | None]], list[Root]]:
        """
        Judge every root by another policy.

        Return those that are proven no longer, with the claims that they were opened with, and
        those that are proven now; these are for the caller to open.
        """
        lost: list[tuple[Root, ExecutionClaim | None]] = []
        gained: list[Root] = []
        for root, proofs in self._proofs.items():
            is_enough = are_enough(frozenset(proofs))
            if root in self.roots and not is_enough:
                del self.roots[root]
                lost.append((root, self._opened.pop(root, None)))
            elif root not in self.roots and is_enough:
                self.roots[root] = next(iter(proofs.values()))
                gained.append(root)
        self._proven_kinds = {}
        for root in self._opened:
            self._know_kinds(root)
        return lost, gained

    # --- Claims -------------------------------------------------------------------------------

    def require_new_claim(self, claim: ExecutionClaim, root: Root, index: ValidatorIndex) -> None:
        """Return when a claim says something new; raise the first duplicate rule it meets."""
        # [IGNORE] The claim is not known.
        if root in self._claims or root in self._opened:
            raise GossipIgnore(Reason.CLAIM_ALREADY_KNOWN)
        # [IGNORE] It is the validator's first claim about the block.
        if (claim.block_hash, index) in self._claimers:
            raise GossipIgnore(Reason.DUPLICATE_FROM_VALIDATOR)

    def claim_claim(self, block_hash: BlockHash, index: ValidatorIndex, slot: Slot) -> None:
        """Mark that a validator has said what executing a block gave."""
        self._claimers[block_hash, index] = slot

    def claims_about(self, block_hashes: Collection[BlockHash]) -> list[ExecutionClaim]:
        """List the claims about these blocks that are proven."""
        return [claim for claim in self._opened.values() if claim.block_hash in block_hashes]

    def require_room_for_claim(self) -> None:
        """Return when one more announced claim may be kept."""
        # [IGNORE] There is room.
        if len(self._claims) >= self.limits.claims:
            raise GossipIgnore(Reason.QUEUE_FULL)

    def add_claim(self, claim: ExecutionClaim, slot: Slot) -> Root:
        """Keep a claim under its root; it is true once that root is proven."""
        root = hash_tree_root_claim(claim)
        self._claims.setdefault(root, (slot, claim))
        return root

    def restore(self, proven: ProvenRoot, chain_id: ChainId) -> None:
        """
        Enter a valid proof of an earlier run, and what the engine said of its bytes.

        Its root was proven then, if it was opened; `judge_anew` says whether it still is.
        """
        self._proofs.setdefault(proven.root, {})[proven.proof_type] = proven
        if proven.digest:
            values = PublicValues(proven.root, True, chain_id, SCHEMA_DELAYED_EXECUTION)  # noqa: FBT003
            answer = ProofValid(values.encode())
            self.keep_answer(proven.proof_type, proven.digest, answer, proven.slot)

    def restore_claim(self, root: Root, claim: ExecutionClaim) -> None:
        """Enter what a root of an earlier run was opened with."""
        proofs = self._proofs.get(root)
        if proofs:
            first = next(iter(proofs.values()))
            self.roots[root] = first
            self._claims[root] = (first.slot, claim)
            self._opened[root] = claim
            self._know_kinds(root)

    def open(self, root: Root) -> tuple[ExecutionClaim, ProvenRoot] | None:
        """Join a root's proof with its claim when both are there for the first time."""
        proven, known = self.roots.get(root), self._claims.get(root)
        if proven is None or known is None or root in self._opened:
            return None
        claim = known[1]
        self._opened[root] = claim
        self._know_kinds(root)
        return claim, proven

    # --- Bounds -------------------------------------------------------------------------------

    def spend(self, slot: Slot, index: ValidatorIndex) -> None:
        """Charge a signed message to its validator; raise when the slot's quota is used up."""
        # [IGNORE] The validator has not sent too much in this slot.
        if self._quota[slot, index] >= self.limits.messages_per_validator_slot:
            raise GossipIgnore(Reason.QUEUE_FULL)
        self._quota[slot, index] += 1

    def prune(self, before_slot: Slot) -> None:
        """Forget messages, roots and claims of older slots."""
        for root in [r for r, proofs in self._proofs.items() if _newest(proofs) < before_slot]:
            del self._proofs[root]
            self.roots.pop(root, None)
            self._forget_opened(root)
        for root in [r for r, (slot, _) in self._claims.items() if slot < before_slot]:
            del self._claims[root]
        for key in [k for k, (slot, _) in self._answers.items() if slot < before_slot]:
            del self._answers[key]
        _drop_older(self._digests, before_slot)
        _drop_older(self._provers, before_slot)
        _drop_older(self._claimers, before_slot)
        for spent in [s for s in self._quota if s[0] < before_slot]:
            del self._quota[spent]

    def _know_kinds(self, root: Root) -> None:
        """Note which types of proofs are known of the block that a root was opened for."""
        kinds = self._proven_kinds.setdefault(self._opened[root].block_hash, set())
        kinds.update(self._proofs.get(root, ()))

    def _forget_opened(self, root: Root) -> None:
        claim = self._opened.pop(root, None)
        if claim is not None:
            self._proven_kinds.pop(claim.block_hash, None)


def _newest(proofs: dict[ProofType, ProvenRoot]) -> Slot:
    return max(proven.slot for proven in proofs.values())


def _drop_older(seen: dict[_Key, Slot], before_slot: Slot) -> None:
    for key in [key for key, slot in seen.items() if slot < before_slot]:
        del seen[key]
