"""
Play the vectors of the pool: a script of events in virtual time, and the verdicts that follow.

Only the machine under test is real, and the signatures; the engine's answers and how long it
takes for them are part of the script.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from zkattest.conformance.cases import VectorCase
from zkattest.conformance.outcome import Outcome, Verdict
from zkattest.conformance.proof_scene import (
    ProofScene,
    read_engine,
    read_id,
    read_profile,
    read_scene,
    read_values,
)
from zkattest.conformance.values import (
    FIRST_TEXT_NUMBER,
    CaseError,
    as_json,
    member,
    read_bytes,
    read_fixed,
    read_list,
    read_number,
    read_object,
    read_text,
)
from zkattest.crypto.hashing import sha256
from zkattest.machines.events import (
    JobId,
    ProofChecked,
    ProofReceived,
    ReportGossip,
    SignatureChecked,
    TimePassed,
    VerifyProof,
    WakeAt,
)
from zkattest.machines.proof_events import (
    BlockSeen,
    CheckProofSignature,
    DropWaiting,
    ForgetProofs,
    HeadChanged,
    KeepBlock,
    KeepProof,
    KeepWaiting,
    LookUpValidator,
    PayloadSeen,
    ProofEffect,
    ProofEvent,
    ProofMark,
    PublishProof,
    SavedBlock,
    SavedProofs,
    SlotFinalized,
    ValidatorAnswered,
    WaitingProof,
)
from zkattest.machines.proof_gossip import ProofGossipMachine
from zkattest.machines.proof_gossip_settings import ProofGossipSettings
from zkattest.machines.verification_queue import Allowance, VerificationLimits
from zkattest.machines.waiting_proofs import WaitingLimits
from zkattest.spec.answers import ProofOutcome
from zkattest.spec.gossip_profiles import read_gossiped_proof
from zkattest.spec.proof_gossip import GossipedProof
from zkattest.types.gossip import GossipMessage
from zkattest.types.ids import Root, Slot

TOPIC: Final = "execution_proof"
# A script that goes on for longer is none: nothing in it would end it.
MAX_STEPS: Final = 10_000
_ID_BYTES: Final = 20


@dataclass(frozen=True, slots=True)
class Scripted:
    """
    Hold a message of a script, and what the engine will say of its proof after how long.

    `signature_ms` is how long its signature takes to be checked.
    """

    name: str
    message: GossipMessage
    engine: ProofOutcome | None
    verify_ms: int
    signature_ms: int


def check_pool(case: VectorCase) -> Outcome:
    """Play a script; raise `CaseError` where the input is none."""
    scene = read_scene(case.input, read_profile(case.profile))
    player = ScriptPlayer(scene, read_settings(case.input, scene))
    for one in read_list(member(case.input, "events", "input"), "input.events"):
        event = read_object(one, "input.events")
        player.pass_until(_read_ms(member(event, "at_ms", "input.events"), "input.events.at_ms"))
        player.perform(event)
    player.pass_until(_read_ms(member(case.input, "until_ms", "input"), "input.until_ms"))
    return Outcome(
        Verdict.PLAYED,
        as_json({"verdicts": player.verdicts, "engine": player.asked, "valid": player.valid()}),
    )


def read_settings(given: Mapping[str, Any], scene: ProofScene) -> ProofGossipSettings:
    """Read the limits that the script is about; others stay as they are."""
    limits = read_object(given.get("limits", {}), "input.limits")
    known = {name: _read_ms(one, f"input.limits.{name}") for name, one in limits.items()}
    if unknown := known.keys() - {*_WAITING, *_VERIFICATION, *_RATIONS}:
        raise CaseError(f"input.limits.{min(unknown)}", "unknown")
    waiting: dict[str, Any] = {_WAITING[name]: n for name, n in known.items() if name in _WAITING}
    verification: dict[str, Any] = {name: n for name, n in known.items() if name in _VERIFICATION}
    for name, at_once_ms in known.items():
        if name in _RATIONS:
            # Nothing comes back within a script, so that no arithmetic of ours is asked for.
            verification[_RATIONS[name]] = Allowance(at_once_ms, per_second_ms=0)
    return ProofGossipSettings(
        order=scene.order,
        decode=lambda data: read_gossiped_proof(scene.profile, data),
        proof_types=scene.proof_types,
        max_message_bytes=scene.profile.max_message_bytes,
        max_proof_bytes=scene.max_proof_bytes,
        waiting=WaitingLimits(**waiting),
        verification=VerificationLimits(**verification),
    )


_WAITING: Final = {
    "wait_ms": "wait_ms",
    "waiting_proofs": "proofs",
    "waiting_proofs_per_peer": "proofs_per_peer",
    "waiting_bytes": "total_bytes",
    "waiting_bytes_per_peer": "bytes_per_peer",
}
_VERIFICATION: Final = {"parallel", "queued", "queued_per_validator", "reserved_for_head_ms"}
_RATIONS: Final = {
    "validator_ms": "by_validator",
    "peer_ms": "by_peer",
    "all_ms": "in_all",
}


@dataclass(slots=True)
class Saved:
    """Do in memory what a store does on disk."""

    finalized_slot: Slot = field(default_factory=lambda: Slot(0))
    blocks: dict[Root, SavedBlock] = field(default_factory=dict)
    marks: list[ProofMark] = field(default_factory=list)
    waiting: dict[bytes, WaitingProof] = field(default_factory=dict)

    def keep(self, effect: ProofEffect) -> None:
        """Take what is to be remembered."""
        match effect:
            case KeepBlock(block=block):
                self.blocks[block.block_root] = block
            case KeepProof(mark=mark):
                self.marks.append(mark)
            case KeepWaiting(proof=proof):
                self.waiting[proof.message_id] = proof
            case DropWaiting(message_id=message_id):
                self.waiting.pop(message_id, None)
            case ForgetProofs(before_slot=slot):
                self.finalized_slot = slot
                self.blocks = {root: one for root, one in self.blocks.items() if one.slot >= slot}
                self.marks = [mark for mark in self.marks if mark.slot >= slot]

    def resume(self) -> SavedProofs:
        """Give what a restarted machine begins with."""
        return SavedProofs(
            self.finalized_slot,
            tuple(self.blocks.values()),
            tuple(self.marks),
            tuple(self.waiting.values()),
        )


@dataclass(slots=True)
class ScriptPlayer:
    """Be the world of one machine: answer what it asks, keep what it saves, move its clock."""

    scene: ProofScene
    settings: ProofGossipSettings
    now_ms: int = 0
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    _undecided: list[Scripted] = field(default_factory=list)
    _answers: list[tuple[int, int, ProofEvent | str]] = field(default_factory=list)
    _jobs: dict[JobId, Scripted] = field(default_factory=dict)
    _saved: Saved = field(default_factory=Saved)
    _roots: list[Root] = field(default_factory=list)
    _wake_at_ms: int | None = None
    _steps: int = 0
    _machine: ProofGossipMachine = field(init=False)

    def __post_init__(self) -> None:
        """Start with nothing known."""
        self._machine = ProofGossipMachine(self.settings)

    def perform(self, event: Mapping[str, Any]) -> None:
        """Perform one event of the script."""
        match member(event, "event", "input.events"):
            case "block":
                slot = read_id(member(event, "slot", "input.events"), Slot, "input.events.slot")
                self._roots.append(_root(event))
                self._tell(BlockSeen(_root(event), slot))
            case "payload":
                values = member(event, "public_values", "input.events")
                self._tell(PayloadSeen(_root(event), read_values(values, "public_values")))
            case "head":
                self._tell(HeadChanged(_root(event)))
            case "finalized":
                slot = read_id(member(event, "slot", "input.events"), Slot, "input.events.slot")
                self._tell(SlotFinalized(slot))
            case "message":
                scripted = _read_message(event)
                self._undecided.append(scripted)
                self._tell(ProofReceived(scripted.message))
            case "restart":
                self._restart()
            case _:
                raise CaseError("input.events.event", "unknown")

    def pass_until(self, end_ms: int) -> None:
        """Let time pass; what the engine owes comes first, then what the machine waits for."""
        if end_ms < self.now_ms:
            raise CaseError("input.events.at_ms", "goes back in time")
        while True:
            due = min(self._answers, default=None, key=lambda one: one[:2])
            wake_at_ms = self._wake_at_ms
            if due is not None and due[0] <= min(end_ms, wake_at_ms or end_ms):
                self._answers.remove(due)
                self.now_ms, _, event = due
                if isinstance(event, str):
                    raise CaseError("input.events.engine", f"{event} must not be verified")
                self._tell(event)
            elif wake_at_ms is not None and wake_at_ms <= end_ms:
                self._wake_at_ms = None
                self.now_ms = max(self.now_ms, wake_at_ms)
                self._tell(TimePassed())
            else:
                self.now_ms = end_ms
                return

    def valid(self) -> list[dict[str, Any]]:
        """Say of which types a valid proof is known, for each block of the script."""
        return [
            {"root": root, "proof_types": sorted(int(one) for one in types)}
            for root in dict.fromkeys(self._roots)
            if (types := self._machine.valid_types(root))
        ]

    def _tell(self, event: ProofEvent) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise CaseError("input.events", f"more than {MAX_STEPS} steps")
        for effect in self._machine.handle(event, self.now_ms):
            self._saved.keep(effect)
            self._react(effect)

    def _react(self, effect: ProofEffect) -> None:
        match effect:
            case LookUpValidator(job=job, index=index):
                self._tell(ValidatorAnswered(job, self.scene.look_up(int(index))))
            case CheckProofSignature():
                self._check_signature(effect)
            case VerifyProof():
                self._verify(effect)
            case ReportGossip(message_id=message_id):
                self._decide(_identified(self._undecided, message_id), effect)
            case PublishProof(data=data):
                found = next(one for one in self._undecided if one.message.data == data)
                self._decide(found, None)
            case WakeAt(time_ms=time_ms):
                self._wake_at_ms = time_ms

    def _check_signature(self, effect: CheckProofSignature) -> None:
        jobless = [one for one in self._undecided if one not in self._jobs.values()]
        found = self._find(jobless, lambda proof: proof.signature == effect.signature)
        self._jobs[effect.job] = found
        outcome = self.scene.check_signature(effect.pubkey, effect.message_root, effect.signature)
        checked = SignatureChecked(effect.job, outcome)
        if found.signature_ms:
            self._answer_after(found.signature_ms, checked)
        else:
            self._tell(checked)

    def _verify(self, effect: VerifyProof) -> None:
        asked = (effect.proof_type, effect.proof)
        # Without its rule a signature is not asked for; then the oldest such proof is meant.
        found = self._jobs.get(effect.job) or self._find(
            self._undecided, lambda proof: (proof.proof_type, proof.proof_data) == asked
        )
        self.asked.append({"at_ms": self.now_ms, "message": found.name})
        # A script may stop the node before anybody looks at the answer, and has none then.
        checked = found.engine and ProofChecked(effect.job, found.engine, float(found.verify_ms))
        self._answer_after(found.verify_ms, checked or found.name)

    def _find(
        self, messages: Sequence[Scripted], is_meant: Callable[[GossipedProof], bool]
    ) -> Scripted:
        """Find the oldest message that the machine can mean."""
        for one in messages:
            if is_meant(read_gossiped_proof(self.scene.profile, one.message.data)):
                return one
        raise CaseError("input.events", "the machine asks about no message of the script")

    def _answer_after(self, after_ms: int, event: ProofEvent | str) -> None:
        """Have the machine answered later; a name is that of a message without an answer."""
        self._steps += 1
        self._answers.append((self.now_ms + after_ms, self._steps, event))

    def _decide(self, scripted: Scripted, report: ReportGossip | None) -> None:
        self._undecided.remove(scripted)
        said: dict[str, Any] = {"at_ms": self.now_ms, "message": scripted.name}
        # What waited through a restart has no reporter left: it is published, or nothing is said.
        said["verdict"] = "publish" if report is None else report.verdict.value
        if report is not None and report.reason is not None:
            said["reason"] = report.reason.value
        self.verdicts.append(said)

    def _restart(self) -> None:
        """Begin again from what was saved; what was in progress is lost, what waited is not."""
        self._machine = ProofGossipMachine(self.settings, self._saved.resume())
        self._answers.clear()
        self._jobs.clear()
        kept = self._saved.waiting
        self._undecided = [one for one in self._undecided if one.message.message_id in kept]
        self._wake_at_ms = None
        self._tell(TimePassed())


def _read_message(event: Mapping[str, Any]) -> Scripted:
    name, peer = (
        read_text(member(event, key, "input.events"), f"input.events.{key}")
        for key in ("name", "from")
    )
    data = read_bytes(member(event, "message", "input.events"), "input.events.message")
    engine = member(event, "engine", "input.events")
    return Scripted(
        name=name,
        # Copies are told apart here: what comes twice after a fault is one message to a router.
        message=GossipMessage(TOPIC, data, sha256(name.encode())[:_ID_BYTES], peer),
        engine=None if engine is None else read_engine(engine, "input.events.engine"),
        verify_ms=_read_ms(event.get("verify_ms", 0), "input.events.verify_ms"),
        signature_ms=_read_ms(event.get("signature_ms", 0), "input.events.signature_ms"),
    )


def _identified(messages: list[Scripted], message_id: bytes) -> Scripted:
    return next(one for one in messages if one.message.message_id == message_id)


def _read_ms(value: object, field: str) -> int:
    number = read_number(value, field)
    if number >= FIRST_TEXT_NUMBER:
        raise CaseError(field, "too large")
    return number


def _root(event: Mapping[str, Any]) -> Root:
    return read_fixed(member(event, "root", "input.events"), Root, "input.events.root")
