"""Proofs of ours under any order of news: answered each, signed once valid, none left behind."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.proof_gossip import (
    BLOCK,
    OTHER,
    PUBKEY,
    TOPIC,
    VALUES,
    ProofPlayer,
    only,
    saved_from,
    signed_proof,
)
from zkattest.crypto.hashing import hash_tree_root_envelope
from zkattest.machines.own_proofs import OURS, OwnLimits, OwnValidator
from zkattest.machines.proof_events import (
    BlockSeen,
    OwnProofAnswered,
    PayloadSeen,
    ProofEffect,
    ProofSigned,
    ProofSubmitted,
    PublishProof,
    SignatureMade,
    SignProof,
    SlotFinalized,
)
from zkattest.spec.answers import Fault, ProofValid, Refused
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.errors import DecodeError
from zkattest.types.gossip import GossipMessage
from zkattest.types.ids import Root, Slot
from zkattest.types.proof_messages import content_submission_codec, decode_content_submission
from zkattest.types.proof_profiles import PROFILES, ProfileName
from zkattest.types.wire import SignedExecutionProofEnvelope

BETA4 = PROFILES[ProfileName.BETA4]
LIMITS = OwnLimits(keep_ms=20_000, proofs=3)
SLOTS = {BLOCK: 5, OTHER: 40}
ENGINE = {
    "valid": ProofValid(VALUES.encode()),
    "invalid": Refused(Reason.PROOF_INVALID),
    "fault": Fault(Cause.TIMEOUT),
}
BLOCKS = st.sampled_from(sorted(SLOTS))
STEPS = st.one_of(
    st.tuples(st.just("submit"), BLOCKS, st.integers(1, 2), st.binary(min_size=1, max_size=1)),
    st.tuples(st.just("block"), BLOCKS),
    st.tuples(st.just("payload"), BLOCKS),
    st.tuples(st.just("engine"), st.sampled_from(sorted(ENGINE))),
    st.tuples(st.just("sign"), st.sampled_from(["sign", "fault"])),
    st.tuples(st.just("peer"), BLOCKS),
    st.tuples(st.just("wait"), st.sampled_from([1, 1_000, 9_000])),
    st.tuples(st.just("finalize"), st.sampled_from([0, 32, 64])),
    st.tuples(st.just("restart")),
)


@dataclass
class Play:
    """One machine with a signer that keeps a guard, and everything that both have said."""

    node: ProofPlayer = field(init=False)
    asked: list[SignProof] = field(default_factory=list)
    guard: dict[tuple[Root, int], bytes] = field(default_factory=dict)
    effects: list[ProofEffect] = field(default_factory=list)
    submitted: set[bytes] = field(default_factory=set)
    found_valid: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.node = ProofPlayer()
        self.node.settings = replace(self.node.settings, own=OwnValidator(PUBKEY, LIMITS))
        self.node.__post_init__()

    def hear(self, effects: list[ProofEffect]) -> None:
        self.effects += effects
        self.asked += only(effects, SignProof)

    def step(self, name: str, *operands: object) -> None:
        getattr(self, name)(*operands)
        assert self.node.machine.queued["own_proofs"] <= LIMITS.proofs

    def submit(self, block: Root, proof_type: int, data: bytes) -> None:
        message = replace(
            signed_proof(data, block=block, proof_type=proof_type), signature=bytes(96)
        )
        name = bytes(hash_tree_root_envelope(message.message))
        self.submitted.add(name)
        self.hear(self.node.tell(ProofSubmitted(GossipMessage(TOPIC, message.encode(), name, ""))))

    def block(self, block: Root) -> None:
        self.hear(self.node.tell(BlockSeen(block, Slot(SLOTS[block]))))

    def payload(self, block: Root) -> None:
        self.hear(self.node.tell(PayloadSeen(block, VALUES)))

    def peer(self, block: Root) -> None:
        self.hear(self.node.receive(signed_proof(b"peer's", block=block, validator=8)))

    def engine(self, outcome: str) -> None:
        if self.node.running:
            if outcome == "valid":
                self.found_valid.add(bytes(self.node.running[0].proof))
            self.hear(self.node.answer_engine(ENGINE[outcome]))

    def sign(self, outcome: str) -> None:
        if not self.asked:
            return
        asked = self.asked.pop(0)
        unsigned = SignedExecutionProofEnvelope.decode(asked.data)
        message = unsigned.message
        # Nothing is ever signed that the engine has not found valid.
        assert bytes(message.proof_data) in self.found_valid
        key = message.beacon_block_root, int(message.proof_type)
        answer: SignatureMade | Refused | Fault = Fault(Cause.TIMEOUT)
        if outcome == "sign" and self.guard.setdefault(key, asked.data) != asked.data:
            answer = Refused(Reason.SIGNED_ANOTHER_PROOF)
        elif outcome == "sign":
            answer = SignatureMade(replace(unsigned, signature=b"\x05" * 96).encode())
        self.hear(self.node.tell(ProofSigned(asked.job, answer)))

    def wait(self, duration_ms: int) -> None:
        self.hear(self.node.pass_ms(duration_ms))

    def finalize(self, slot: int) -> None:
        self.hear(self.node.tell(SlotFinalized(Slot(slot))))

    def restart(self) -> None:
        """Begin again with what was saved; who had no answer yet hands it in again."""
        saved, now_ms = saved_from(self.node.effects), self.node.now_ms
        kept = self.node.effects
        self.node = ProofPlayer(self.node.settings, saved, now_ms=now_ms)
        self.node.effects, self.asked = list(kept), []
        self.submitted &= {one.message_id for one in only(self.effects, OwnProofAnswered)}
        self.hear(self.node.pass_ms(0))

    def finish(self) -> None:
        """Answer everything well until nothing is left, or its time is over."""
        for _ in range(200):
            while self.node.running or self.asked:
                self.engine("valid")
                self.sign("sign")
            if not self.node.machine.queued["own_proofs"]:
                return
            self.wait(1_000)


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(STEPS, max_size=25))
def test_proofs__answered_each_and_none_left_behind(steps):
    play = Play()
    for step in steps:
        play.step(*step)
    play.finish()
    queued = play.node.machine.queued
    assert (queued["own_proofs"], queued["in_progress"]) == (0, 0)
    assert play.submitted <= {one.message_id for one in only(play.effects, OwnProofAnswered)}
    waiting = saved_from(play.node.effects).waiting
    assert [proof for proof in waiting if proof.from_peer == OURS] == []
    # Of one type for one block at most one proof of ours was ever published.
    ours: dict[tuple[Root, int], set[bytes]] = {}
    for published in only(play.effects, PublishProof):
        signed = SignedExecutionProofEnvelope.decode(published.data)
        if signed.validator_index == 8:
            continue  # a peer's, which waited through a restart
        message = signed.message
        key = message.beacon_block_root, int(message.proof_type)
        ours.setdefault(key, set()).add(bytes(message.proof_data))
    assert all(len(proofs) == 1 for proofs in ours.values())


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=200))
def test_submission__round_trips_or_is_refused_whatever_its_bytes(data):
    try:
        contents = decode_content_submission(BETA4, data)
    except DecodeError:
        return
    assert content_submission_codec(BETA4).encode(contents, "") == data
