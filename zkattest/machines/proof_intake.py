"""
Take proofs and claims from arrival to verdict: cheap rules, signature, proof, then what they
mean.

A message is rejected only for what its receiver can show to be wrong. A proof whose root nobody
can open yet is passed on: it is a valid proof, and withholding it until its claim comes would let
a lost claim of 500 bytes stop it. A validator may send one proof of a kind for a hash, so passing
it on costs no more than that. Once a root is known to be another block's, its envelope is a
signed falsehood, and its sender is rejected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zkattest.crypto.hashing import hash_tree_root_claim, sha256
from zkattest.machines.desk import ClaimJob, Desk, ProofJob, Stage
from zkattest.machines.events import (
    CheckSignature,
    ClaimProven,
    ClaimReceived,
    DropClaim,
    ProofChecked,
    ProofJudged,
    ProofLost,
    ProofReceived,
    ProvenRoot,
    SaveClaim,
    SaveRoot,
    SignatureChecked,
    VerifyProof,
)
from zkattest.machines.proof_pool import ProverKey
from zkattest.machines.reports import cause_of, detail_of, verdict_of
from zkattest.spec.answers import Fault, ProofOutcome, ProofValid, Refused, SignatureOutcome
from zkattest.spec.presets import SCHEMA_DELAYED_EXECUTION
from zkattest.spec.proof_policy import PolicyReason, PolicyResult, ProofStanding
from zkattest.spec.reasons import Cause, GossipIgnore, GossipReject, Reason, Refusal
from zkattest.types.errors import DecodeError
from zkattest.types.execution import ExecutionClaim
from zkattest.types.gossip import GossipMessage
from zkattest.types.ids import (
    BlockHash,
    ChainId,
    PeerName,
    ProofType,
    Root,
    Slot,
    ValidatorIndex,
)
from zkattest.types.wire import (
    MAX_SIGNED_CLAIM_BYTES,
    MAX_SIGNED_PROOF_BYTES,
    PublicValues,
    SignedExecutionClaim,
    SignedExecutionProofEnvelope,
)

# Without a policy one proof of any type is enough.
PROVEN_BY_ANY: Final = PolicyResult(ProofStanding.PROVEN, PolicyReason.ENOUGH, "1-of-any")
PROVEN_BY_NONE: Final = PolicyResult(
    ProofStanding.NOT_PROVEN_BY_DEADLINE, PolicyReason.NO_PROOF, "1-of-any"
)


@dataclass(slots=True)
class ProofIntake:
    """Judge proofs and claims, and open proven roots."""

    desk: Desk

    # --- Events -------------------------------------------------------------------------------

    def receive_proof(self, event: ProofReceived, now_ms: int) -> None:
        """Apply the cheap rules to a proof from a peer, and ask for its signature."""
        message = event.message
        try:
            signed = _decode_proof(message)
            self._require_acceptable(signed)
            envelope = signed.message
            block_hash = BlockHash(envelope.beacon_block_root)
            prover = (block_hash, envelope.proof_type, signed.validator_index)
            digest = sha256(envelope.proof_data)
            self._require_new(prover, digest)
            job_id = self.desk.jobs.open(ProofJob(message, signed, prover, digest, now_ms))
        except (GossipReject, GossipIgnore) as refusal:
            self.desk.report(message, refusal)
            return
        self.desk.emit(CheckSignature(job_id, signed))

    def receive_claim(self, event: ClaimReceived) -> None:
        """Apply the cheap rules to a claim from a peer, and ask for its signature."""
        message = event.message
        try:
            signed = _decode_claim(message)
            self._require_validator(signed.validator_index)
            root = hash_tree_root_claim(signed.message)
            self.desk.pool.require_new_claim(signed.message, root, signed.validator_index)
            self.desk.pool.require_room_for_claim()
            self._require_no_contradiction(signed.message)
            job_id = self.desk.jobs.open(ClaimJob(message, signed, root))
        except (GossipReject, GossipIgnore) as refusal:
            self.desk.report(message, refusal)
            return
        self.desk.emit(CheckSignature(job_id, signed))

    def signature_checked(self, event: SignatureChecked, now_ms: int) -> None:
        """Go on with a message that is signed; drop one that is not."""
        slot = self.desk.settings.clock.slot_at(now_ms)
        if claim := self.desk.jobs.find(event.job, ClaimJob, Stage.SIGNATURE):
            self._finish_claim(claim, event.outcome, slot)
            self.desk.jobs.close(event.job)
        elif proof := self.desk.jobs.find(event.job, ProofJob, Stage.SIGNATURE):
            self._start_proof(event, proof, slot)

    def proof_checked(self, event: ProofChecked, now_ms: int) -> None:
        """Judge what a proof proves."""
        job = self.desk.jobs.find(event.job, ProofJob, Stage.PROOF)
        if job is None:
            return
        slot = self.desk.settings.clock.slot_at(now_ms)
        if not isinstance(event.outcome, Fault):
            self.desk.pool.keep_answer(job.prover[1], job.digest, event.outcome, slot)
        self._finish_proof(job, event.outcome, event.verify_ms, slot)
        self.desk.jobs.close(event.job)

    def bind(self, claim: ExecutionClaim, slot: Slot) -> None:
        """Take the claim that a valid child's header makes; it may open a proven root."""
        self.open(self.desk.pool.add_claim(claim, slot))

    # --- Rules --------------------------------------------------------------------------------

    def _require_acceptable(self, signed: SignedExecutionProofEnvelope) -> None:
        envelope = signed.message
        # [REJECT] The proof data is not empty.
        if len(envelope.proof_data) == 0:
            raise GossipReject(Reason.EMPTY_PROOF_DATA)
        # [REJECT] The proof type is one that the network's profile gives a meaning.
        if envelope.proof_type not in self.desk.settings.proof_types:
            raise GossipReject(Reason.UNSUPPORTED_PROOF_TYPE, got=envelope.proof_type)
        self._require_trusted(envelope.proof_type)
        self._require_validator(signed.validator_index)

    def _require_trusted(self, proof_type: ProofType) -> None:
        # [IGNORE] The program is trusted: whoever sends it has not heard that it was revoked.
        policy = self.desk.settings.proof_policy
        if policy is not None and proof_type in policy.revoked_types:
            raise GossipIgnore(
                Reason.NOT_CHECKED,
                cause=Cause.PROGRAM_REVOKED,
                detail=policy.programs[proof_type].id,
            )

    def _require_new(self, prover: ProverKey, digest: bytes) -> None:
        has_open_body = self.desk.tracker.has_open_body(prover[0])
        self.desk.pool.require_new_proof(prover, digest, has_open_body=has_open_body)

    def _require_validator(self, index: ValidatorIndex) -> None:
        # [REJECT] The signer is a validator.
        if index >= self.desk.settings.validator_count:
            raise GossipReject(Reason.UNKNOWN_VALIDATOR, got=index)

    def _require_no_contradiction(self, claim: ExecutionClaim) -> None:
        # [REJECT] Nothing else is proven about the same block: execution is deterministic.
        for proven in self.desk.tracker.proven_claims(claim.block_hash):
            if proven.transactions_root == claim.transactions_root and proven != claim:
                raise GossipReject(Reason.CLAIM_CONTRADICTED, block_hash=claim.block_hash)

    def _require_about(self, root: Root, block_hash: BlockHash) -> None:
        # [REJECT] The root is not known to be the claim of another block.
        claim = self.desk.pool.opened(root)
        if claim is not None and claim.block_hash != block_hash:
            raise GossipReject(Reason.ROOT_MISMATCH, claimed=block_hash, opened=claim.block_hash)

    # --- Steps --------------------------------------------------------------------------------

    def _start_proof(self, event: SignatureChecked, job: ProofJob, slot: Slot) -> None:
        """Claim a signed proof's place and send it to the engine, unless its bytes are known."""
        pool, envelope = self.desk.pool, job.signed.message
        try:
            _require_signed(event.outcome)
            # Copies may have been in flight together: the rules are asked again before the claim.
            self._require_new(job.prover, job.digest)
            pool.spend(slot, job.signed.validator_index)
        except (GossipReject, GossipIgnore) as refusal:
            self._judge(job, refusal, None, None)
            self.desk.jobs.close(event.job)
            return
        pool.claim_proof(job.prover, job.digest, slot)
        known = pool.answer(envelope.proof_type, job.digest)
        if known is not None:
            self._finish_proof(job, known, None, slot)
            self.desk.jobs.close(event.job)
            return
        job.stage = Stage.PROOF
        self.desk.emit(VerifyProof(event.job, envelope.proof_type, envelope.proof_data))

    def _finish_proof(
        self, job: ProofJob, outcome: ProofOutcome, verify_ms: float | None, slot: Slot
    ) -> None:
        """Answer a proof's message, keep its root, and open it where a claim is there."""
        root: Root | None = None
        try:
            self._require_trusted(job.prover[1])
            root = _proven_root(outcome, self.desk.settings.chain_id)
            self._require_about(root, job.prover[0])
            proven = ProvenRoot(
                root=root,
                proof_type=job.prover[1],
                slot=slot,
                arrived_at_ms=job.arrived_at_ms,
                from_peer=PeerName(job.message.from_peer),
                verify_ms=verify_ms or 0.0,
                digest=job.digest,
            )
            if self.desk.pool.note(proven):
                self.desk.emit(SaveRoot(proven))
            if self.are_enough(self.desk.pool.types_of(root)):
                self.desk.pool.add_root(proven)
        except (GossipReject, GossipIgnore) as refusal:
            if isinstance(refusal, GossipIgnore):
                self.desk.pool.release_proof(job.prover, job.digest)
            self._judge(job, refusal, verify_ms, root)
            return
        self._judge(job, None, verify_ms, root)
        self.open(root)

    def are_enough(self, proof_types: frozenset[ProofType]) -> bool:
        """Tell whether a root is proven with proofs of these types, by the operator's policy."""
        return self._judge_types(proof_types).is_proven

    def _judge_types(self, proof_types: frozenset[ProofType]) -> PolicyResult:
        settings = self.desk.settings
        # A type that is no longer the network's, after a restart, proves nothing.
        known = proof_types & settings.proof_types
        if settings.proof_policy is not None:
            late_ms = settings.proof_policy.policy.deadline_ms
            return settings.proof_policy.judge(known, late_ms)
        return PROVEN_BY_ANY if known else PROVEN_BY_NONE

    def judge_anew(self) -> tuple[list[Root], list[ExecutionClaim]]:
        """
        Judge every root by the policy there is now, and tell of those that are proven no longer.

        Return the roots that are proven now and are to be opened, and claims to be withdrawn.
        """
        lost, gained = self.desk.pool.judge_anew(self.are_enough)
        for root, claim in lost:
            self._tell_lost(root, claim)
        return gained, [claim for _, claim in lost if claim is not None]

    def _tell_lost(self, root: Root, claim: ExecutionClaim | None) -> None:
        if claim is not None:
            self.desk.emit(DropClaim(claim))
        result = self._judge_types(self.desk.pool.types_of(root))
        self.desk.emit(ProofLost(root, claim.block_hash if claim else None, result))

    def _finish_claim(self, job: ClaimJob, outcome: SignatureOutcome, slot: Slot) -> None:
        """Answer a claim's message and keep the claim."""
        claim, index = job.signed.message, job.signed.validator_index
        try:
            _require_signed(outcome)
            self.desk.pool.require_new_claim(claim, job.root, index)
            self.desk.pool.require_room_for_claim()
            self._require_no_contradiction(claim)
            self.desk.pool.spend(slot, index)
        except (GossipReject, GossipIgnore) as refusal:
            self.desk.report(job.message, refusal)
            return
        self.desk.pool.claim_claim(claim.block_hash, index, slot)
        self.desk.report(job.message, None)
        self.open(self.desk.pool.add_claim(claim, slot))

    def open(self, root: Root) -> None:
        """Join a root's proof and its claim when both are there, and settle what follows."""
        joined = self.desk.pool.open(root)
        if joined is None:
            return
        claim, proven = joined
        self.desk.emit(
            SaveClaim(claim, proven.slot),
            ClaimProven(claim, proven.arrived_at_ms, proven.from_peer, proven.verify_ms),
        )
        self.desk.announce_changed(self.desk.tracker.add_claim(claim))

    def _judge(
        self,
        job: ProofJob,
        refusal: Refusal | None,
        verify_ms: float | None,
        root: Root | None,
    ) -> None:
        """Answer a proof's message and say why."""
        self.desk.emit(
            ProofJudged(
                claimed_hash=job.prover[0],
                validator_index=job.signed.validator_index,
                from_peer=PeerName(job.message.from_peer),
                arrived_at_ms=job.arrived_at_ms,
                verify_ms=verify_ms,
                verdict=verdict_of(refusal),
                root=root,
                reason=refusal.reason if refusal else None,
                cause=cause_of(refusal),
                detail=detail_of(refusal),
            )
        )
        self.desk.report(job.message, refusal)


def _proven_root(outcome: ProofOutcome, chain_id: ChainId) -> Root:
    """Give the root that a proof proves; raise when it proves nothing of use here."""
    match outcome:
        case Refused(reason=reason, detail=detail):
            # [REJECT] The proof is valid.
            raise GossipReject(reason, detail=detail)
        case Fault(cause=cause, detail=detail):
            # [IGNORE] We could find out.
            raise GossipIgnore(Reason.NOT_CHECKED, cause=cause, detail=detail)
        case ProofValid(public_values=public_values):
            return judge_public_values(public_values, chain_id)


def judge_public_values(public_values: bytes, chain_id: ChainId) -> Root:
    """Give the root that public values carry; raise `GossipReject` when they say nothing of use."""
    try:
        values = PublicValues.decode(public_values)
    except DecodeError as error:
        # [REJECT] The public values are the 43 bytes of a statement.
        raise GossipReject(Reason.MALFORMED_PUBLIC_VALUES, detail=str(error)) from error
    # [REJECT] The program found its input good; the all-zero answer says that it did not.
    if not values.valid:
        raise GossipReject(Reason.STATEMENT_NOT_VALID)
    # [REJECT] The statement is the one that this network uses.
    if values.schema_id != SCHEMA_DELAYED_EXECUTION:
        raise GossipReject(
            Reason.SCHEMA_MISMATCH, got=values.schema_id, expected=SCHEMA_DELAYED_EXECUTION
        )
    # [REJECT] It is about our chain.
    if values.chain_id != chain_id:
        raise GossipReject(Reason.CHAIN_ID_MISMATCH, got=values.chain_id, expected=chain_id)
    return values.root


def _require_signed(outcome: SignatureOutcome) -> None:
    match outcome:
        case Refused(reason=reason, detail=detail):
            # [REJECT] The signature is the validator's.
            raise GossipReject(reason, detail=detail)
        case Fault(cause=cause, detail=detail):
            # [IGNORE] We could find out.
            raise GossipIgnore(Reason.NOT_CHECKED, cause=cause, detail=detail)


def _decode_proof(message: GossipMessage) -> SignedExecutionProofEnvelope:
    # [REJECT] The message is not too large, and decodes.
    if len(message.data) > MAX_SIGNED_PROOF_BYTES:
        raise GossipReject(Reason.MESSAGE_TOO_LARGE, got=len(message.data))
    try:
        return SignedExecutionProofEnvelope.decode(message.data)
    except DecodeError as error:
        raise GossipReject(Reason.MALFORMED_MESSAGE, detail=str(error)) from error


def _decode_claim(message: GossipMessage) -> SignedExecutionClaim:
    # [REJECT] The message is not too large, and decodes.
    if len(message.data) > MAX_SIGNED_CLAIM_BYTES:
        raise GossipReject(Reason.MESSAGE_TOO_LARGE, got=len(message.data))
    try:
        return SignedExecutionClaim.decode(message.data)
    except DecodeError as error:
        raise GossipReject(Reason.MALFORMED_MESSAGE, detail=str(error)) from error
