"""Pool cases: scripts in virtual time, and the verdicts that follow from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tools.vectors.eip8025.messages import Message, counted
from tools.vectors.eip8025.world import (
    INVALID,
    SLOT,
    VERIFY_MS,
    ProofVector,
    Scene,
    fails,
    vector,
)
from zkattest.conformance.outcome import Outcome, Verdict
from zkattest.conformance.values import as_json
from zkattest.spec.gossip_profiles import GOSSIP_ORDERS
from zkattest.spec.proof_gossip import GossipRule
from zkattest.types.proof_profiles import PROFILES, ProofProfile

WAIT_MS: Final = 24_000
END_MS: Final = 60_000
ACCEPT: Final = "accept"
ALICE: Final = "alice"
BOB: Final = "bob"


@dataclass(slots=True)
class Script:
    """Write a script and what it should give; times are in milliseconds."""

    profile: ProofProfile
    name: str
    limits: dict[str, int] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    valid: dict[bytes, list[int]] = field(default_factory=dict)
    scene: Scene = field(init=False)

    def __post_init__(self) -> None:
        """Name the blocks after the script."""
        self.scene = Scene(self.profile, f"pool/{self.name}")

    def block(self, at_ms: int, which: str = "block", slot: int = SLOT) -> None:
        """Have a block imported."""
        self._event(at_ms, "block", root=self.scene.root(which), slot=slot)

    def payload(self, at_ms: int, which: str = "block") -> None:
        """Have a block's payload seen."""
        values = self.scene.values(which)
        self._event(at_ms, "payload", root=self.scene.root(which), public_values=values)

    def known(self, at_ms: int = 0, which: str = "block", slot: int = SLOT) -> None:
        """Have a block imported, and its payload seen."""
        self.block(at_ms, which, slot)
        self.payload(at_ms, which)

    def head(self, at_ms: int, which: str) -> None:
        """Have a block be the head."""
        self._event(at_ms, "head", root=self.scene.root(which))

    def finalized(self, at_ms: int, slot: int) -> None:
        """Have a slot finalized."""
        self._event(at_ms, "finalized", slot=slot)

    def restart(self, at_ms: int) -> None:
        """Have the node stopped and started again."""
        self._event(at_ms, "restart")

    def message(
        self,
        at_ms: int,
        name: str,
        message: Message | None = None,
        engine: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        """Have a message come; without more words it is a good one about the block."""
        sent = message or self.scene.message()
        answer = self.scene.valid() if engine is None else dict(engine)
        slow = {"signature_ms": more["signature_ms"]} if "signature_ms" in more else {}
        self._event(
            at_ms,
            "message",
            name=name,
            **{"from": more.get("peer", ALICE)},
            message=sent.ssz().to_json(),
            engine=None if more.get("unverified") else answer,
            verify_ms=more.get("verify_ms", VERIFY_MS),
            **slow,
        )

    def asks(self, at_ms: int, name: str) -> None:
        """Expect that the engine is asked."""
        self.asked.append({"at_ms": at_ms, "message": name})

    def gives(self, at_ms: int, name: str, verdict: str, reason: str = "") -> None:
        """Expect a verdict."""
        said = {"at_ms": at_ms, "message": name, "verdict": verdict}
        self.verdicts.append({**said, "reason": reason} if reason else said)

    def knows(self, which: str = "block", *types: int) -> None:
        """Expect that valid proofs of these types are known in the end."""
        self.valid[self.scene.root(which)] = list(types or (1,))

    def vector(self, given: str, when: str, then: str, *tags: str) -> ProofVector:
        """Describe the case."""
        known = [{"root": root, "proof_types": types} for root, types in self.valid.items()]
        values = {"verdicts": self.verdicts, "engine": self.asked, "valid": known}
        return vector(
            self.profile,
            f"pool/{self.name}",
            (given, when, then),
            {
                **self.scene.shared(),
                "limits": {"wait_ms": WAIT_MS, **self.limits},
                "events": self.events,
                "until_ms": END_MS,
            },
            Outcome(Verdict.PLAYED, as_json(values)),
            tags,
        )

    def _event(self, at_ms: int, event: str, **members: Any) -> None:
        self.events.append({"at_ms": at_ms, "event": event, **as_json(members)})


def cases() -> Iterator[ProofVector]:
    """Give the scripts of every profile that has rules of gossip."""
    for name in GOSSIP_ORDERS:
        profile = PROFILES[name]
        yield from arrival(profile)
        if GossipRule.PAYLOAD_AVAILABLE in GOSSIP_ORDERS[name]:
            yield from payloads(profile)
        yield from waiting(profile)
        yield from rooms(profile)
        yield from engine(profile)
        yield from copies(profile)
        yield from slow_signatures(profile)
        yield from finality(profile)
        yield from restarts(profile)
        yield from rations(profile)
        yield from rations_of_all(profile)
        yield from queues(profile)
        yield from turns(profile)


def arrival(profile: ProofProfile) -> Iterator[ProofVector]:
    """Proofs before and after their block."""
    one = Script(profile, "arrival/block_first__accept")
    one.known()
    one.message(100, "proof")
    one.asks(100, "proof")
    one.gives(140, "proof", ACCEPT)
    one.knows()
    yield one.vector("the block and its payload are known", "its proof comes", "it is accepted")
    one = Script(profile, "arrival/proof_first__accept")
    one.message(0, "proof")
    one.known(1_000)
    one.asks(1_000, "proof")
    one.gives(1_040, "proof", ACCEPT)
    one.knows()
    yield one.vector("a proof came before its block", "the block comes", "the proof is accepted")
    one = Script(profile, "arrival/proof_first__reject_signature")
    one.message(0, "proof", one.scene.message(signer=2), unverified=True)
    one.known(1_000)
    one.gives(1_000, "proof", "reject", "message_signature_invalid")
    yield one.vector("a proof with another's signature came before its block", "the block comes",
                     "the proof is rejected; before nobody could tell")  # fmt: skip
    one = Script(profile, "arrival/types__accept_three")
    one.known()
    for kind in (1, 2, 3):
        name = f"type {kind}"
        one.message(kind * 100, name, one.scene.message(proof_type=kind, validator=kind))
        one.asks(kind * 100, name)
        one.gives(kind * 100 + VERIFY_MS, name, ACCEPT)
    one.knows("block", 1, 2, 3)
    yield one.vector("the block is known", "proofs of three types come", "all are accepted")
    one = Script(profile, "arrival/type__reject_before_block")
    one.message(0, "proof", one.scene.message(proof_type=9), unverified=True)
    order = GOSSIP_ORDERS[profile.name].index
    if order(GossipRule.PROOF_TYPE_SUPPORTED) < order(GossipRule.BLOCK_KNOWN):
        one.gives(0, "proof", "reject", "unsupported_proof_type")
        then = "it is rejected at once"
    else:
        one.gives(WAIT_MS, "proof", "ignore", "unknown_block")
        then = "it waits for the block, which comes first in the order of this profile"
    yield one.vector("the block is unknown", "a proof of an unsupported type comes", then)


def payloads(profile: ProofProfile) -> Iterator[ProofVector]:
    """Proofs before the payload."""
    one = Script(profile, "arrival/payload_last__accept")
    one.block(0)
    one.message(100, "proof")
    one.payload(2_000)
    one.asks(2_000, "proof")
    one.gives(2_040, "proof", ACCEPT)
    one.knows()
    yield one.vector("the block is known, a proof waits for the payload", "the payload comes",
                     "the proof is accepted")  # fmt: skip
    one = Script(profile, "arrival/proof_first__accept_after_block_and_payload")
    one.message(0, "proof")
    one.block(500)
    one.payload(900)
    one.asks(900, "proof")
    one.gives(940, "proof", ACCEPT)
    one.knows()
    yield one.vector("a proof came first", "the block comes, then its payload",
                     "the proof is accepted when both are known")  # fmt: skip
    one = Script(profile, "waiting/payload__ignore_after_24_s")
    one.block(0)
    one.message(100, "proof", unverified=True)
    one.gives(100 + WAIT_MS, "proof", "ignore", "payload_unavailable")
    yield one.vector("the block is known", "its payload does not come", "the proof is ignored")


def waiting(profile: ProofProfile) -> Iterator[ProofVector]:
    """How long a proof waits."""
    one = Script(profile, "waiting/block__ignore_after_24_s")
    one.message(0, "proof", unverified=True)
    one.gives(WAIT_MS, "proof", "ignore", "unknown_block")
    yield one.vector("a proof of an unknown block came", "the block does not come",
                     "the proof is ignored after 24 s")  # fmt: skip
    one = Script(profile, "waiting/block__accept_in_the_last_ms")
    one.message(0, "proof")
    one.known(WAIT_MS - 1)
    one.asks(WAIT_MS - 1, "proof")
    one.gives(WAIT_MS - 1 + VERIFY_MS, "proof", ACCEPT)
    one.knows()
    yield one.vector("a proof of an unknown block came", "the block comes in the last millisecond",
                     "the proof is accepted")  # fmt: skip
    one = Script(profile, "waiting/block__ignore_one_ms_late")
    one.message(0, "proof", unverified=True)
    one.known(WAIT_MS + 1)
    one.gives(WAIT_MS, "proof", "ignore", "unknown_block")
    yield one.vector("a proof of an unknown block came", "the block comes one millisecond late",
                     "the proof is ignored before")  # fmt: skip
    one = Script(profile, "waiting/copy__accept_after_it_was_ignored")
    one.message(0, "first", unverified=True)
    one.known(30_000)
    one.message(31_000, "again", peer=BOB)
    one.asks(31_000, "again")
    one.gives(WAIT_MS, "first", "ignore", "unknown_block")
    one.gives(31_040, "again", ACCEPT)
    one.knows()
    yield one.vector("a proof was ignored, for its block did not come in time",
                     "the block comes, then the proof again", "the proof is accepted")  # fmt: skip
    one = Script(profile, "waiting/copies__accept_one")
    one.message(0, "first")
    one.message(10, "copy", one.scene.message(validator=2), peer=BOB)
    one.known(1_000)
    one.asks(1_000, "first")
    one.gives(1_000, "copy", "ignore", "proof_already_seen")
    one.gives(1_040, "first", ACCEPT)
    one.knows()
    yield one.vector("two validators signed one proof, and both messages wait", "the block comes",
                     "the first is accepted, the other was seen")  # fmt: skip


def rooms(profile: ProofProfile) -> Iterator[ProofVector]:
    """How many proofs wait."""
    size = len(Scene(profile, "room").message().ssz().raw)
    bounds: list[tuple[str, dict[str, int], tuple[str, str, str], tuple[bool, ...]]] = [
        ("in_all", {"waiting_proofs": 2}, (ALICE, BOB, "carol"), (True, True, False)),
        ("of_a_peer", {"waiting_proofs_per_peer": 1}, (ALICE, ALICE, BOB), (True, False, True)),
        ("bytes", {"waiting_bytes": 2 * size}, (ALICE, BOB, "carol"), (True, True, False)),
        ("bytes_of_a_peer", {"waiting_bytes_per_peer": size}, (ALICE, ALICE, BOB),
         (True, False, True)),
    ]  # fmt: skip
    for name, limits, peers, kept in bounds:
        one = Script(profile, f"waiting/room__ignore_beyond_{name}", limits)
        late = []
        for number, (peer, is_kept) in enumerate(zip(peers, kept, strict=True), start=1):
            word, at_ms = f"proof {number}", number * 10
            message = one.scene.message(which=word, validator=number)
            one.message(at_ms, word, message, peer=peer, unverified=True)
            if is_kept:
                late.append((at_ms + WAIT_MS, word))
            else:
                one.gives(at_ms, word, "ignore", "queue_full")
        for at_ms, word in late:
            one.gives(at_ms, word, "ignore", "unknown_block")
        yield one.vector("proofs of unknown blocks wait, as many as may", "one more comes",
                         "it is ignored at once; the others go on waiting", "limits")  # fmt: skip


def engine(profile: ProofProfile) -> Iterator[ProofVector]:
    """What the engine says, and what happens when it has no answer."""
    one = Script(profile, "engine/fault__accept_afterwards")
    one.known()
    one.message(0, "first", engine=fails("timeout"))
    one.message(100, "again", peer=BOB)
    one.asks(0, "first")
    one.asks(100, "again")
    one.gives(40, "first", "ignore", "not_checked")
    one.gives(140, "again", ACCEPT)
    one.knows()
    yield one.vector("the engine had no answer", "the same proof comes again",
                     "it is verified, and accepted")  # fmt: skip
    one = Script(profile, "engine/fault__reject_afterwards")
    one.known()
    one.message(0, "first", engine=fails("backend_unavailable"))
    one.message(100, "again", engine=INVALID, peer=BOB)
    one.asks(0, "first")
    one.asks(100, "again")
    one.gives(40, "first", "ignore", "not_checked")
    one.gives(140, "again", "reject", "proof_invalid")
    yield one.vector("the engine had no answer", "the same proof comes again",
                     "it is verified, and rejected")  # fmt: skip
    one = Script(profile, "engine/invalid__ignore_afterwards")
    one.known()
    one.message(0, "first", engine=INVALID)
    one.message(100, "again", peer=BOB, unverified=True)
    one.asks(0, "first")
    one.gives(40, "first", "reject", "proof_invalid")
    one.gives(100, "again", "ignore", "proof_already_seen")
    yield one.vector("the engine refused a proof", "the same proof comes again",
                     "it is not verified again")  # fmt: skip
    one = Script(profile, "engine/invalid__accept_another_validator")
    one.known()
    one.message(0, "bad", one.scene.message(proof=counted(31)), INVALID)
    one.message(100, "good", one.scene.message(validator=2), peer=BOB)
    one.asks(0, "bad")
    one.asks(100, "good")
    one.gives(40, "bad", "reject", "proof_invalid")
    one.gives(140, "good", ACCEPT)
    one.knows()
    yield one.vector("the engine refused one validator's proof", "another validator's comes",
                     "it is accepted")  # fmt: skip


def copies(profile: ProofProfile) -> Iterator[ProofVector]:
    """What comes while the engine works."""
    one = Script(profile, "copies/in_progress__ignore_copy")
    one.known()
    one.message(0, "first")
    one.message(10, "copy", one.scene.message(validator=2), peer=BOB)
    one.asks(0, "first")
    one.gives(10, "copy", "ignore", "proof_already_seen")
    one.gives(40, "first", ACCEPT)
    one.knows()
    yield one.vector("a proof is being verified", "another validator signs the same proof",
                     "it is marked already, and not verified twice")  # fmt: skip
    one = Script(profile, "copies/in_progress__ignore_equivocation")
    one.known()
    one.message(0, "first")
    one.message(10, "other", one.scene.message(proof=counted(31)), peer=BOB)
    one.asks(0, "first")
    one.gives(10, "other", "ignore", "duplicate_from_validator")
    one.gives(40, "first", ACCEPT)
    one.knows()
    yield one.vector("a validator's proof is being verified", "its other proof of the type comes",
                     "one proof of a type is a validator's share")  # fmt: skip
    one = Script(profile, "copies/fault__accept_equivocation_afterwards")
    one.known()
    one.message(0, "first", engine=fails("timeout"))
    one.message(100, "other", one.scene.message(proof=counted(31)), peer=BOB)
    one.asks(0, "first")
    one.asks(100, "other")
    one.gives(40, "first", "ignore", "not_checked")
    one.gives(140, "other", ACCEPT)
    one.knows()
    yield one.vector("the engine had no answer for a validator's proof", "its other proof comes",
                     "no mark is in its way")  # fmt: skip
    one = Script(profile, "copies/side_by_side__two_valid")
    one.known()
    one.message(0, "first")
    one.message(10, "second", one.scene.message(validator=2, proof=counted(31)), peer=BOB)
    one.asks(0, "first")
    one.asks(10, "second")
    one.gives(40, "first", ACCEPT)
    one.knows()
    # Until August 2026 the last rule asks again.
    if GOSSIP_ORDERS[profile.name][-1] is GossipRule.NO_VALID_PROOF:
        one.gives(50, "second", "ignore", "proof_already_known")
    else:
        one.gives(50, "second", ACCEPT)
    yield one.vector("two validators' proofs of one type are verified at once", "both are valid",
                     "the profile says whether the second is accepted")  # fmt: skip


def slow_signatures(profile: ProofProfile) -> Iterator[ProofVector]:
    """What happens while signatures are being checked."""
    one = Script(profile, "copies/signature_pending__verify_one")
    one.known()
    one.message(0, "slow", signature_ms=50, unverified=True)
    one.message(10, "fast", one.scene.message(validator=2), peer=BOB, signature_ms=10)
    one.asks(20, "fast")
    one.gives(50, "slow", "ignore", "proof_already_seen")
    one.gives(60, "fast", ACCEPT)
    one.knows()
    yield one.vector("two validators' signatures of one proof are being checked",
                     "both are good, the later one first",
                     "the marks are looked at again: one is verified")  # fmt: skip
    one = Script(profile, "copies/signature_pending__verify_one_of_a_validator")
    one.known()
    one.message(0, "slow", signature_ms=50, unverified=True)
    other = one.scene.message(proof=counted(31))
    one.message(10, "fast", other, peer=BOB, signature_ms=10)
    one.asks(20, "fast")
    one.gives(50, "slow", "ignore", "duplicate_from_validator")
    one.gives(60, "fast", ACCEPT)
    one.knows()
    yield one.vector("the signatures of a validator's two proofs are being checked",
                     "both are good, the later one first",
                     "the marks are looked at again: one is verified")  # fmt: skip
    one = Script(profile, "finality/signature_pending__ignore")
    one.known()
    one.message(0, "proof", signature_ms=50, unverified=True)
    one.finalized(20, SLOT + 1)
    one.gives(50, "proof", "ignore", "slot_too_old")
    yield one.vector("a signature is being checked", "later slots are finalized",
                     "the proof is ignored, and not verified")  # fmt: skip


def finality(profile: ProofProfile) -> Iterator[ProofVector]:
    """What becomes of proofs whose block is finalized meanwhile."""
    one = Script(profile, "finality/in_progress__ignore", {"parallel": 1})
    one.known()
    one.known(0, "other")
    one.message(0, "verified")
    one.message(10, "queued", one.scene.message(which="other"), unverified=True)
    one.finalized(20, SLOT + 1)
    one.asks(0, "verified")
    one.gives(20, "queued", "ignore", "slot_too_old")
    one.gives(40, "verified", "ignore", "slot_too_old")
    yield one.vector("one proof is being verified, another waits for its turn",
                     "later slots are finalized", "both are ignored")  # fmt: skip
    one = Script(profile, "finality/kept__accept_of_the_finalized_slot")
    one.known()
    one.known(0, "old", SLOT - 1)
    one.message(0, "old", one.scene.message(which="old"), one.scene.valid("old"))
    one.finalized(1_000, SLOT)
    one.message(2_000, "new")
    one.asks(0, "old")
    one.asks(2_000, "new")
    one.gives(40, "old", ACCEPT)
    one.gives(2_040, "new", ACCEPT)
    one.knows()
    yield one.vector("the slot of a block is finalized", "its proof comes",
                     "it is accepted; the slot before is forgotten")  # fmt: skip
    one = Script(profile, "finality/late_block__ignore")
    one.finalized(0, SLOT)
    one.message(100, "proof", unverified=True)
    one.known(1_000, slot=SLOT - 1)
    one.gives(100 + WAIT_MS, "proof", "ignore", "unknown_block")
    yield one.vector("a proof waits for its block", "the block comes, older than what is finalized",
                     "the proof waits in vain")  # fmt: skip


def restarts(profile: ProofProfile) -> Iterator[ProofVector]:
    """What survives a restart."""
    order = GOSSIP_ORDERS[profile.name].index
    seen_first = order(GossipRule.PROOF_NOT_SEEN) < order(GossipRule.NO_VALID_PROOF)
    word = "proof_already_seen" if seen_first else "proof_already_known"
    for name, answer, verdict, reason, again in (
        ("valid", None, ACCEPT, "", word),
        ("invalid", INVALID, "reject", "proof_invalid", "proof_already_seen"),
    ):
        one = Script(profile, f"restart/{name}__ignore_afterwards")
        one.known()
        one.message(0, "first", engine=answer)
        one.restart(1_000)
        one.message(2_000, "again", peer=BOB, unverified=True)
        one.asks(0, "first")
        one.gives(40, "first", verdict, reason)
        one.gives(2_000, "again", "ignore", again)
        if verdict == ACCEPT:
            one.knows()
        yield one.vector(f"a proof was {name}, then the node is started again",
                         "the same proof comes", "it is not verified twice", "restart")  # fmt: skip
    one = Script(profile, "restart/waiting__publish")
    one.message(0, "proof")
    one.restart(1_000)
    one.known(2_000)
    one.asks(2_000, "proof")
    one.gives(2_040, "proof", "publish")
    one.knows()
    yield one.vector("a proof waits, then the node is started again", "its block comes",
                     "it is verified, and published anew: its sender waits no longer",
                     "restart")  # fmt: skip
    one = Script(profile, "restart/in_progress__accept_again")
    one.known()
    one.message(0, "lost", unverified=True)
    one.restart(20)
    one.message(100, "again", peer=BOB)
    one.asks(0, "lost")
    one.asks(100, "again")
    one.gives(140, "again", ACCEPT)
    one.knows()
    yield one.vector("the node stops while it verifies", "the same proof comes after the restart",
                     "no mark is in its way", "restart")  # fmt: skip


def rations(profile: ProofProfile) -> Iterator[ProofVector]:
    """Time for verifying is bounded."""
    one = Script(profile, "ration/validator__ignore_when_spent", {"validator_ms": 100})
    one.known()
    one.message(0, "dear", one.scene.message(proof=counted(31)), INVALID, verify_ms=100)
    one.message(200, "next", one.scene.message(proof_type=2), unverified=True)
    one.message(210, "honest", one.scene.message(validator=2), peer=BOB)
    one.asks(0, "dear")
    one.asks(210, "honest")
    one.gives(100, "dear", "reject", "proof_invalid")
    one.gives(200, "next", "ignore", "budget_spent")
    one.gives(250, "honest", ACCEPT)
    one.knows()
    yield one.vector("a validator's proof took all the time that it has", "its next proof comes",
                     "it is ignored; others have their own time", "limits")  # fmt: skip
    one = Script(profile, "ration/validator__accept_within", {"validator_ms": 101})
    one.known()
    one.message(0, "dear", one.scene.message(proof=counted(31)), INVALID, verify_ms=100)
    one.message(200, "next", one.scene.message(proof_type=2))
    one.asks(0, "dear")
    one.asks(200, "next")
    one.gives(100, "dear", "reject", "proof_invalid")
    one.gives(240, "next", ACCEPT)
    one.knows("block", 2)
    yield one.vector("a validator has a millisecond left", "its next proof comes",
                     "it is accepted", "limits")  # fmt: skip
    one = Script(profile, "ration/peer__ignore_when_spent", {"peer_ms": 100})
    one.known()
    one.message(0, "dear", one.scene.message(proof=counted(31)), INVALID, verify_ms=100)
    one.message(200, "next", one.scene.message(validator=2, proof_type=2), unverified=True)
    one.message(210, "honest", one.scene.message(validator=3), peer=BOB)
    one.asks(0, "dear")
    one.asks(210, "honest")
    one.gives(100, "dear", "reject", "proof_invalid")
    one.gives(200, "next", "ignore", "budget_spent")
    one.gives(250, "honest", ACCEPT)
    one.knows()
    yield one.vector("a peer's proof took all the time that it has",
                     "another validator's proof comes from it",
                     "it is ignored; it may come from others", "limits")  # fmt: skip


def rations_of_all(profile: ProofProfile) -> Iterator[ProofVector]:
    """Time for all together, of which some is kept for the head."""
    limits = {"all_ms": 150, "reserved_for_head_ms": 100}
    one = Script(profile, "ration/head__accept_from_what_is_reserved", limits)
    one.known()
    one.known(0, "head")
    one.head(0, "head")
    one.message(0, "dear", one.scene.message(proof=counted(31)), INVALID, verify_ms=50)
    one.message(200, "other", one.scene.message(validator=2), unverified=True)
    newest = one.scene.message(which="head", validator=3)
    one.message(210, "newest", newest, one.scene.valid("head"))
    one.asks(0, "dear")
    one.asks(210, "newest")
    one.gives(50, "dear", "reject", "proof_invalid")
    one.gives(200, "other", "ignore", "budget_spent")
    one.gives(250, "newest", ACCEPT)
    one.knows("head", 1)
    yield one.vector("of the time for all what is left is kept for the head",
                     "a proof of another block comes, and one of the head",
                     "the first is ignored, the other accepted", "limits")  # fmt: skip


def queues(profile: ProofProfile) -> Iterator[ProofVector]:
    """How many proofs wait for the engine."""
    one = Script(profile, "turn/queue__ignore_when_full", {"parallel": 1, "queued": 1})
    one.known()
    for number in (1, 2, 3):
        name = f"proof {number}"
        message = one.scene.message(validator=number, proof_type=number)
        one.message(number, name, message, unverified=number == 3)
    one.asks(1, "proof 1")
    one.asks(41, "proof 2")
    one.gives(3, "proof 3", "ignore", "queue_full")
    one.gives(41, "proof 1", ACCEPT)
    one.gives(81, "proof 2", ACCEPT)
    one.knows("block", 1, 2)
    yield one.vector("one proof is being verified, as many wait as may", "another comes",
                     "it is ignored, and no mark of it stays", "limits")  # fmt: skip
    limits = {"parallel": 1, "queued_per_validator": 2}
    one = Script(profile, "turn/queue__ignore_beyond_a_validators_share", limits)
    one.known()
    for kind in (1, 2, 3):
        name = f"type {kind}"
        one.message(kind, name, one.scene.message(proof_type=kind), unverified=kind == 3)
    one.message(10, "again", one.scene.message(validator=2, proof_type=3), peer=BOB)
    one.asks(1, "type 1")
    # Of those that wait, a validator's first one goes before anybody's second.
    one.asks(41, "again")
    one.asks(81, "type 2")
    one.gives(3, "type 3", "ignore", "queue_full")
    one.gives(41, "type 1", ACCEPT)
    one.gives(81, "again", ACCEPT)
    one.gives(121, "type 2", ACCEPT)
    one.knows("block", 1, 2, 3)
    yield one.vector("two proofs of a validator are verified or wait", "its third comes",
                     "it is ignored; another validator's of the type is taken",
                     "limits")  # fmt: skip


def turns(profile: ProofProfile) -> Iterator[ProofVector]:
    """Which proof is verified next."""
    one = Script(profile, "turn/head__first", {"parallel": 1})
    one.known()
    one.known(0, "head")
    one.head(0, "head")
    one.message(0, "running")
    one.message(10, "older", one.scene.message(validator=2, proof_type=2))
    newest = one.scene.message(which="head", validator=3)
    one.message(20, "newest", newest, one.scene.valid("head"))
    for number, name in enumerate(("running", "newest", "older")):
        one.asks(number * VERIFY_MS, name)
        one.gives((number + 1) * VERIFY_MS, name, ACCEPT)
    one.knows("block", 1, 2)
    one.knows("head", 1)
    yield one.vector("one proof at a time is verified, two wait", "one of them is of the head",
                     "it is verified first", "limits")  # fmt: skip
    one = Script(profile, "turn/spam__one_before_the_honest", {"parallel": 1})
    one.known()
    for kind in (1, 2, 3):
        message = one.scene.message(proof_type=kind, proof=counted(31))
        one.message(kind, f"spam {kind}", message, INVALID)
    one.message(10, "honest", one.scene.message(validator=2), peer=BOB)
    for number, name in enumerate(("spam 1", "honest", "spam 2", "spam 3")):
        at_ms = 1 + number * VERIFY_MS
        one.asks(at_ms, name)
        good = name == "honest"
        one.gives(at_ms + VERIFY_MS, name, ACCEPT if good else "reject",
                  "" if good else "proof_invalid")  # fmt: skip
    one.knows()
    yield one.vector("a validator has sent three proofs that are none",
                     "an honest proof comes while the first is verified",
                     "it is before the others", "limits")  # fmt: skip
