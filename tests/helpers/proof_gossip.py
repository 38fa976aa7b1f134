"""A machine of proof gossip that is played with under a virtual clock, and messages for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from zkattest.crypto.hashing import hash_tree_root_envelope, sha256
from zkattest.machines.events import (
    JobId,
    ProofChecked,
    ProofReceived,
    ReportGossip,
    SignatureChecked,
    TimePassed,
    VerifyProof,
)
from zkattest.machines.proof_events import (
    BlockSeen,
    CheckProofSignature,
    DropWaiting,
    ForgetProofs,
    KeepBlock,
    KeepProof,
    KeepWaiting,
    LookUpValidator,
    PayloadSeen,
    ProofEffect,
    ProofEvent,
    SavedBlock,
    SavedProofs,
    ValidatorAnswered,
    WaitingProof,
)
from zkattest.machines.proof_gossip import ProofGossipMachine
from zkattest.machines.proof_gossip_settings import ProofGossipSettings
from zkattest.spec.answers import (
    ActiveValidator,
    ProofOutcome,
    ProofValid,
    SignatureOutcome,
    SignatureValid,
    ValidatorOutcome,
)
from zkattest.spec.presets import SCHEMA_OPTIONAL_PROOFS_AMSTERDAM
from zkattest.spec.proof_gossip import ORDER_BETA4, GossipedProof
from zkattest.spec.reasons import Reason
from zkattest.types.gossip import GossipMessage, Verdict
from zkattest.types.ids import ChainId, ProofType, Root, Slot, ValidatorIndex
from zkattest.types.wire import (
    ExecutionProofEnvelope,
    PublicValues,
    SignedExecutionProofEnvelope,
)

TOPIC = "/eth2/01020304/execution_proof/ssz_snappy"
PUBKEY = b"\xa1" * 48
BLOCK, OTHER = Root(b"\xb1" * 32), Root(b"\xb2" * 32)
VALUES = PublicValues(
    root=Root(b"\xc1" * 32),
    valid=True,
    chain_id=ChainId(11_155_111),
    schema_id=SCHEMA_OPTIONAL_PROOFS_AMSTERDAM,
)
OTHER_VALUES = replace(VALUES, root=Root(b"\xc2" * 32))

_Effect = TypeVar("_Effect")


def decode_envelope(data: bytes) -> GossipedProof:
    """Read a message of the revision `beta4`."""
    signed = SignedExecutionProofEnvelope.decode(data)
    return GossipedProof(
        subject=signed.message.beacon_block_root,
        proof_type=signed.message.proof_type,
        proof_data=signed.message.proof_data,
        validator_index=signed.validator_index,
        signature=signed.signature,
        compute_root=lambda: hash_tree_root_envelope(signed.message),
    )


def signed_proof(
    data: bytes = b"proof", *, block: Root = BLOCK, proof_type: int = 1, validator: int = 7
) -> SignedExecutionProofEnvelope:
    return SignedExecutionProofEnvelope(
        message=ExecutionProofEnvelope(data, ProofType(proof_type), block),
        validator_index=ValidatorIndex(validator),
        signature=b"\x05" * 96,
    )


def gossip(signed: SignedExecutionProofEnvelope | bytes, peer: str = "peer") -> GossipMessage:
    data = signed if isinstance(signed, bytes) else signed.encode()
    return GossipMessage(TOPIC, data, sha256(data)[:20], peer)


@dataclass
class ProofPlayer:
    """Answer the machine's questions, as the outside would: all well unless told otherwise."""

    settings: ProofGossipSettings = field(
        default_factory=lambda: ProofGossipSettings(
            order=ORDER_BETA4,
            decode=decode_envelope,
            proof_types=frozenset(map(ProofType, (1, 2, 3))),
        )
    )
    saved: SavedProofs = field(default_factory=SavedProofs)
    validator: ValidatorOutcome = field(default_factory=lambda: ActiveValidator(PUBKEY))
    signature: SignatureOutcome = field(default_factory=SignatureValid)
    now_ms: int = 1_000
    effects: list[ProofEffect] = field(default_factory=list)
    running: list[VerifyProof] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.machine = ProofGossipMachine(self.settings, self.saved)

    def tell(self, event: ProofEvent) -> list[ProofEffect]:
        """Send an event, answer what is cheap, keep what an engine is asked."""
        new = self.machine.handle(event, self.now_ms)
        self.effects += new
        for effect in new:
            match effect:
                case LookUpValidator(job=job):
                    new = [*new, *self.tell(ValidatorAnswered(job, self.validator))]
                case CheckProofSignature(job=job):
                    new = [*new, *self.tell(SignatureChecked(job, self.signature))]
                case VerifyProof():
                    self.running.append(effect)
                case _:
                    pass
        return new

    def know(self, block: Root = BLOCK, slot: int = 5, values: PublicValues = VALUES) -> None:
        self.tell(BlockSeen(block, Slot(slot)))
        self.tell(PayloadSeen(block, values))

    def receive(
        self, signed: SignedExecutionProofEnvelope | bytes, peer: str = "peer"
    ) -> list[ProofEffect]:
        return self.tell(ProofReceived(gossip(signed, peer)))

    def answer_engine(
        self, outcome: ProofOutcome | None = None, verify_ms: float = 40.0
    ) -> list[ProofEffect]:
        """Answer the verification that runs longest."""
        job: JobId = self.running.pop(0).job
        valid = ProofValid(VALUES.encode())
        return self.tell(ProofChecked(job, outcome or valid, verify_ms))

    def pass_ms(self, duration_ms: int) -> list[ProofEffect]:
        self.now_ms += duration_ms
        return self.tell(TimePassed())

    def restarted(self) -> ProofPlayer:
        """Begin again from what was saved, as a store would give it back."""
        return ProofPlayer(self.settings, saved_from(self.effects), now_ms=self.now_ms)

    def verdicts(self) -> list[tuple[Verdict, Reason | None]]:
        return [(one.verdict, one.reason) for one in only(self.effects, ReportGossip)]


def only(effects: Sequence[ProofEffect], kind: type[_Effect]) -> list[_Effect]:
    return [effect for effect in effects if isinstance(effect, kind)]


def saved_from(effects: Sequence[ProofEffect]) -> SavedProofs:
    """Do in memory what a store does on disk."""
    blocks: dict[Root, SavedBlock] = {}
    marks = []
    waiting: dict[bytes, WaitingProof] = {}
    finalized = Slot(0)
    for effect in effects:
        match effect:
            case KeepBlock(block=block):
                blocks[block.block_root] = block
            case KeepProof(mark=mark):
                marks.append(mark)
            case KeepWaiting(proof=proof):
                waiting[proof.message_id] = proof
            case DropWaiting(message_id=message_id):
                waiting.pop(message_id, None)
            case ForgetProofs(before_slot=slot):
                finalized = slot
                blocks = {root: one for root, one in blocks.items() if one.slot >= slot}
                marks = [mark for mark in marks if mark.slot >= slot]
            case _:
                pass
    return SavedProofs(finalized, tuple(blocks.values()), tuple(marks), tuple(waiting.values()))
