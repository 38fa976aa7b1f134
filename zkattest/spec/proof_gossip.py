"""
Judge a gossiped execution proof (EIP-8025) by the rules of a revision, in that revision's order.

`validate_execution_proof_gossip` is a generator, for three rules need answers from outside: who a
validator is, whether its signature is good, what the proof engine says. It yields the question
and is sent the answer; it returns where the message is to be accepted and raises `GossipReject`
or `GossipIgnore` otherwise. A new revision is one more order.

consensus-specs `specs/_features/eip8025/p2p-interface.md`, topic `execution_proof`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from zkattest.spec.answers import (
    ActiveValidator,
    Fault,
    ProofOutcome,
    ProofValid,
    Refused,
    SignatureOutcome,
    ValidatorOutcome,
)
from zkattest.spec.reasons import GossipIgnore, GossipReject, Reason
from zkattest.types.errors import DecodeError
from zkattest.types.ids import ProofType, Root, Slot, ValidatorIndex
from zkattest.types.wire import MAX_PROOF_BYTES, PUBLIC_VALUES_BYTES, PublicValues

PADDED_PUBLIC_VALUES_BYTES: Final = 256


class GossipRule(StrEnum):
    """Name the steps of which the orders of all revisions are made."""

    PROOF_NOT_EMPTY = "proof_not_empty"
    PROOF_WITHIN_SIZE = "proof_within_size"
    PROOF_TYPE_SUPPORTED = "proof_type_supported"
    BLOCK_KNOWN = "block_known"
    BLOCK_NOT_FINALIZED = "block_not_finalized"
    NO_VALID_PROOF = "no_valid_proof"
    PROOF_NOT_SEEN = "proof_not_seen"
    PROVER_NOT_SEEN = "prover_not_seen"
    PAYLOAD_AVAILABLE = "payload_available"
    VALIDATOR_ACTIVE = "validator_active"
    SIGNATURE_VALID = "signature_valid"
    MARK_SEEN = "mark_seen"
    PROOF_VALID = "proof_valid"


_AUTHENTICATION: Final = (GossipRule.VALIDATOR_ACTIVE, GossipRule.SIGNATURE_VALID)
_ENGINE: Final = (GossipRule.MARK_SEEN, GossipRule.PROOF_VALID)

# consensus-specs #5566 with #5593: v1.7.0-beta.4.
ORDER_BETA4: Final = (
    GossipRule.PROOF_NOT_EMPTY,
    GossipRule.PROOF_TYPE_SUPPORTED,
    GossipRule.BLOCK_KNOWN,
    GossipRule.BLOCK_NOT_FINALIZED,
    GossipRule.NO_VALID_PROOF,
    GossipRule.PROOF_NOT_SEEN,
    GossipRule.PROVER_NOT_SEEN,
    GossipRule.PAYLOAD_AVAILABLE,
    GossipRule.PROOF_WITHIN_SIZE,
    *_AUTHENTICATION,
    *_ENGINE,
)
# consensus-specs #5566 as merged: what was seen comes first.
ORDER_CS5566: Final = (
    GossipRule.PROOF_NOT_EMPTY,
    GossipRule.PROOF_TYPE_SUPPORTED,
    GossipRule.PROOF_NOT_SEEN,
    GossipRule.BLOCK_KNOWN,
    GossipRule.BLOCK_NOT_FINALIZED,
    GossipRule.NO_VALID_PROOF,
    GossipRule.PROVER_NOT_SEEN,
    GossipRule.PAYLOAD_AVAILABLE,
    GossipRule.PROOF_WITHIN_SIZE,
    *_AUTHENTICATION,
    *_ENGINE,
)
# Until August 2026: the payload request itself is named, and the proof is looked at last. A
# second proof that became valid meanwhile is dropped.
ORDER_PAYLOAD_REQUEST: Final = (
    GossipRule.PROOF_NOT_SEEN,
    GossipRule.BLOCK_KNOWN,
    GossipRule.NO_VALID_PROOF,
    GossipRule.PROVER_NOT_SEEN,
    *_AUTHENTICATION,
    GossipRule.PROOF_NOT_EMPTY,
    GossipRule.PROOF_WITHIN_SIZE,
    GossipRule.PROOF_TYPE_SUPPORTED,
    *_ENGINE,
    GossipRule.NO_VALID_PROOF,
)


@dataclass(slots=True)
class GossipedProof:
    """
    Hold what every revision's message says, whatever its type.

    `subject` is what the proof is about: the beacon block root, or before #5566 the root of the
    payload request. The message's own root is computed when a rule first asks for it.
    """

    subject: Root
    proof_type: ProofType
    proof_data: bytes
    validator_index: ValidatorIndex
    signature: bytes
    compute_root: Callable[[], Root]
    _root: Root | None = None

    @property
    def root(self) -> Root:
        """Return `hash_tree_root` of the signed message."""
        if self._root is None:
            self._root = self.compute_root()
        return self._root


@dataclass(frozen=True, slots=True)
class KnownBlock:
    """Hold what this node knows of a block; the public values come with its payload."""

    slot: Slot
    public_values: PublicValues | None = None


@dataclass(slots=True)
class SeenProofs:
    """
    Remember what has been gossiped about one block.

    `Seen.execution_proof_roots`, `Seen.execution_proof_provers` and the types that
    `Store.execution_proofs` has of the block.
    """

    roots: set[Root] = field(default_factory=set)
    provers: set[tuple[ProofType, ValidatorIndex]] = field(default_factory=set)
    valid_types: set[ProofType] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class GossipView:
    """Hold what a node knows when a message arrives; blocks and seen-state change meanwhile."""

    blocks: Mapping[Root, KnownBlock]
    seen: Mapping[Root, SeenProofs]
    proof_types: frozenset[ProofType]
    finalized_slot: Slot
    max_proof_bytes: int = MAX_PROOF_BYTES


@dataclass(frozen=True, slots=True)
class AskValidator:
    """Ask whether a validator is active in the state of a block, and for its key."""

    index: ValidatorIndex
    slot: Slot


@dataclass(frozen=True, slots=True)
class AskSignature:
    """Ask whether a key signed the root of a message in the domain of the block's epoch."""

    pubkey: bytes
    message_root: Root
    slot: Slot
    signature: bytes


@dataclass(frozen=True, slots=True)
class AskEngine:
    """Ask the proof engine; everything that copies could repeat is marked seen before."""

    proof_type: ProofType
    proof_data: bytes


Question: TypeAlias = AskValidator | AskSignature | AskEngine
Answer: TypeAlias = ValidatorOutcome | SignatureOutcome | ProofOutcome
Validation: TypeAlias = Generator[Question, Answer, None]


def validate_execution_proof_gossip(
    order: tuple[GossipRule, ...], view: GossipView, proof: GossipedProof, retry_until_ms: int
) -> Validation:
    """
    Apply the rules in order; `retry_until_ms` goes into refusals that time may cure.

    The caller records a proof that was accepted, and takes back the marks where the engine had no
    answer (`release_proof`).
    """
    check = _ProofCheck(view, proof, retry_until_ms)
    steps = check.steps()
    for rule in order:
        step = steps[rule]()
        if step is not None:
            yield from step


def release_proof(seen: SeenProofs, proof: GossipedProof) -> None:
    """Take the marks of a proof back: we could not find out, so it may come again."""
    seen.roots.discard(proof.root)
    seen.provers.discard((proof.proof_type, proof.validator_index))


def require_public_values(public_values: bytes, expected: PublicValues) -> None:
    """Return when a proof commits to exactly what is expected; raise `GossipReject` otherwise."""
    values, padding = public_values[:PUBLIC_VALUES_BYTES], public_values[PUBLIC_VALUES_BYTES:]
    # [REJECT] There are 43 bytes, or those and zeros up to 256.
    if len(public_values) not in (PUBLIC_VALUES_BYTES, PADDED_PUBLIC_VALUES_BYTES) or any(padding):
        raise GossipReject(Reason.MALFORMED_PUBLIC_VALUES, got_bytes=len(public_values))
    try:
        got = PublicValues.decode(values)
    except DecodeError as error:
        raise GossipReject(Reason.MALFORMED_PUBLIC_VALUES, detail=str(error)) from error
    # [REJECT] The program found the block valid; zeros throughout say it could not read its input.
    if not got.valid:
        raise GossipReject(Reason.STATEMENT_NOT_VALID)
    # [REJECT] The statement is that of this fork.
    if got.schema_id != expected.schema_id:
        raise GossipReject(Reason.SCHEMA_MISMATCH, got=got.schema_id, expected=expected.schema_id)
    # [REJECT] It is about our chain.
    if got.chain_id != expected.chain_id:
        raise GossipReject(Reason.CHAIN_ID_MISMATCH, got=got.chain_id, expected=expected.chain_id)
    # [REJECT] It is about the payload of this block, as we rebuilt it.
    if got.root != expected.root:
        raise GossipReject(Reason.PUBLIC_VALUES_MISMATCH, got=got.root, expected=expected.root)


@dataclass(slots=True)
class _ProofCheck:
    """Hold one validation; each method is one rule."""

    view: GossipView
    proof: GossipedProof
    retry_until_ms: int
    pubkey: bytes = b""

    def steps(self) -> dict[GossipRule, Callable[[], Validation | None]]:
        return {rule: getattr(self, f"_{rule}") for rule in GossipRule}

    def _proof_not_empty(self) -> None:
        # [REJECT] The proof data is not empty.
        if not self.proof.proof_data:
            raise GossipReject(Reason.EMPTY_PROOF_DATA)

    def _proof_within_size(self) -> None:
        # [REJECT] The proof data is not larger than MAX_PROOF_SIZE.
        if len(self.proof.proof_data) > self.view.max_proof_bytes:
            raise GossipReject(
                Reason.PROOF_TOO_LARGE,
                got=len(self.proof.proof_data),
                limit=self.view.max_proof_bytes,
            )

    def _proof_type_supported(self) -> None:
        # [REJECT] The proof type is supported; known before anything is hashed or looked up.
        if self.proof.proof_type not in self.view.proof_types:
            raise GossipReject(Reason.UNSUPPORTED_PROOF_TYPE, got=self.proof.proof_type)

    def _block_known(self) -> None:
        # [IGNORE] The block has been seen. The proof may wait for it.
        if self.proof.subject not in self.view.blocks:
            raise GossipIgnore(
                Reason.UNKNOWN_BLOCK,
                retry_until_ms=self.retry_until_ms,
                block_root=self.proof.subject,
            )

    def _block_not_finalized(self) -> None:
        # [IGNORE] The block is from a slot that is not finalized: nobody needs its proof here.
        slot = self.view.blocks[self.proof.subject].slot
        if slot < self.view.finalized_slot:
            raise GossipIgnore(Reason.SLOT_TOO_OLD, got=slot, finalized=self.view.finalized_slot)

    def _no_valid_proof(self) -> None:
        # [IGNORE] No valid proof of this type is known for the block.
        if self.proof.proof_type in self._seen().valid_types:
            raise GossipIgnore(Reason.PROOF_ALREADY_KNOWN, proof_type=self.proof.proof_type)

    def _proof_not_seen(self) -> None:
        # [IGNORE] The proof itself has not been seen, whoever signed it.
        if self.proof.root in self._seen().roots:
            raise GossipIgnore(Reason.PROOF_ALREADY_SEEN, proof_root=self.proof.root)

    def _prover_not_seen(self) -> None:
        # [IGNORE] It is the validator's first proof of this type for the block.
        if (self.proof.proof_type, self.proof.validator_index) in self._seen().provers:
            raise GossipIgnore(
                Reason.DUPLICATE_FROM_VALIDATOR, validator_index=self.proof.validator_index
            )

    def _payload_available(self) -> None:
        # [IGNORE] The block's payload has been seen: the public values are rebuilt from it.
        if self.view.blocks[self.proof.subject].public_values is None:
            raise GossipIgnore(
                Reason.PAYLOAD_UNAVAILABLE,
                retry_until_ms=self.retry_until_ms,
                block_root=self.proof.subject,
            )

    def _validator_active(self) -> Validation:
        answer = yield AskValidator(
            self.proof.validator_index, self.view.blocks[self.proof.subject].slot
        )
        match answer:
            case ActiveValidator(pubkey=pubkey):
                self.pubkey = pubkey
            case Refused(reason=reason):
                # [REJECT] The index is a validator's that is active in the block's epoch.
                raise GossipReject(reason, validator_index=self.proof.validator_index)
            case Fault():
                raise self._not_checked(answer)

    def _signature_valid(self) -> Validation:
        answer = yield AskSignature(
            pubkey=self.pubkey,
            message_root=self.proof.root,
            slot=self.view.blocks[self.proof.subject].slot,
            signature=self.proof.signature,
        )
        match answer:
            case Refused(reason=reason, detail=detail):
                # [REJECT] The signature is the validator's.
                raise GossipReject(reason, detail=detail)
            case Fault():
                raise self._not_checked(answer)

    def _mark_seen(self) -> None:
        # Copies may have passed the same rules while we asked: only one goes to the engine.
        self._proof_not_seen()
        self._prover_not_seen()
        seen = self.view.seen[self.proof.subject]
        seen.roots.add(self.proof.root)
        seen.provers.add((self.proof.proof_type, self.proof.validator_index))

    def _proof_valid(self) -> Validation:
        answer = yield AskEngine(self.proof.proof_type, self.proof.proof_data)
        match answer:
            case Refused(reason=reason, detail=detail):
                # [REJECT] The proof engine finds the proof valid.
                raise GossipReject(reason, detail=detail)
            case ProofValid(public_values=public_values):
                block = self.view.blocks.get(self.proof.subject)
                # [IGNORE] The block is still one of ours; finality may have come meanwhile.
                if block is None or block.public_values is None:
                    raise GossipIgnore(Reason.UNKNOWN_BLOCK, block_root=self.proof.subject)
                require_public_values(public_values, block.public_values)
            case Fault():
                raise self._not_checked(answer)

    def _seen(self) -> SeenProofs:
        # Nothing is remembered of blocks that are not known; the empty record serves for them.
        return self.view.seen.get(self.proof.subject) or SeenProofs()

    def _not_checked(self, fault: Fault) -> GossipIgnore:
        # [IGNORE] We could find out.
        return GossipIgnore(
            Reason.NOT_CHECKED,
            retry_until_ms=self.retry_until_ms,
            cause=fault.cause,
            detail=fault.detail,
        )
