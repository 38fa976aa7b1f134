"""Pool cases: scripts in virtual time, and the verdicts that follow from them."""

from __future__ import annotations

from collections.abc import Iterator

from tools.vectors.eip8025.messages import counted
from tools.vectors.eip8025.pool_limits import limits
from tools.vectors.eip8025.script import ACCEPT, BOB, WAIT_MS, Script, on_known
from tools.vectors.eip8025.world import (
    INVALID,
    SLOT,
    ProofVector,
    fails,
    of_every_profile,
)
from zkattest.spec.gossip_profiles import GOSSIP_ORDERS
from zkattest.spec.proof_gossip import GossipRule
from zkattest.types.proof_profiles import ProofProfile


def cases() -> Iterator[ProofVector]:
    """Give the scripts of every profile that has rules of gossip."""
    return of_every_profile(
        arrival,
        payloads,
        waiting,
        engine,
        copies,
        slow_signatures,
        finality,
        restarts,
        limits,
    )


def arrival(profile: ProofProfile) -> Iterator[ProofVector]:
    """Proofs before and after their block."""
    one = on_known(profile, "arrival/block_first__accept")
    one.message(100, "proof")
    one.judged(100, "proof")
    one.knows()
    yield one.vector("the block and its payload are known", "its proof comes", "it is accepted")
    one = Script(profile, "arrival/proof_first__accept")
    one.message(0, "proof")
    one.known(1_000)
    one.judged(1_000, "proof")
    one.knows()
    yield one.vector("a proof came before its block", "the block comes", "the proof is accepted")
    one = Script(profile, "arrival/proof_first__reject_signature")
    one.message(0, "proof", one.scene.message(signer=2), unverified=True)
    one.known(1_000)
    one.gives(1_000, "proof", "reject", "message_signature_invalid")
    yield one.vector("a proof with another's signature came before its block", "the block comes",
                     "the proof is rejected; before nobody could tell")  # fmt: skip
    one = on_known(profile, "arrival/types__accept_three")
    for kind in (1, 2, 3):
        name = f"type {kind}"
        one.message(kind * 100, name, one.scene.message(proof_type=kind, validator=kind))
        one.judged(kind * 100, name)
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
    """Proofs before the payload, where a profile's rules wait for it."""
    if GossipRule.PAYLOAD_AVAILABLE not in GOSSIP_ORDERS[profile.name]:
        return
    one = Script(profile, "arrival/payload_last__accept")
    one.block(0)
    one.message(100, "proof")
    one.payload(2_000)
    one.judged(2_000, "proof")
    one.knows()
    yield one.vector("the block is known, a proof waits for the payload", "the payload comes",
                     "the proof is accepted")  # fmt: skip
    one = Script(profile, "arrival/proof_first__accept_after_block_and_payload")
    one.message(0, "proof")
    one.block(500)
    one.payload(900)
    one.judged(900, "proof")
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
    one.judged(WAIT_MS - 1, "proof")
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
    one.gives(WAIT_MS, "first", "ignore", "unknown_block")
    one.judged(31_000, "again")
    one.knows()
    yield one.vector("a proof was ignored, for its block did not come in time",
                     "the block comes, then the proof again", "the proof is accepted")  # fmt: skip
    one = Script(profile, "waiting/copies__accept_one")
    one.message(0, "first")
    one.message(10, "copy", one.scene.message(validator=2), peer=BOB)
    one.known(1_000)
    one.gives(1_000, "copy", "ignore", "proof_already_seen")
    one.judged(1_000, "first")
    one.knows()
    yield one.vector("two validators signed one proof, and both messages wait", "the block comes",
                     "the first is accepted, the other was seen")  # fmt: skip


def engine(profile: ProofProfile) -> Iterator[ProofVector]:
    """What the engine says, and what happens when it has no answer."""
    one = on_known(profile, "engine/fault__accept_afterwards")
    one.message(0, "first", engine=fails("timeout"))
    one.message(100, "again", peer=BOB)
    one.judged(0, "first", "ignore", "not_checked")
    one.judged(100, "again")
    one.knows()
    yield one.vector("the engine had no answer", "the same proof comes again",
                     "it is verified, and accepted")  # fmt: skip
    one = on_known(profile, "engine/fault__reject_afterwards")
    one.message(0, "first", engine=fails("backend_unavailable"))
    one.message(100, "again", engine=INVALID, peer=BOB)
    one.judged(0, "first", "ignore", "not_checked")
    one.judged(100, "again", "reject", "proof_invalid")
    yield one.vector("the engine had no answer", "the same proof comes again",
                     "it is verified, and rejected")  # fmt: skip
    one = on_known(profile, "engine/invalid__ignore_afterwards")
    one.message(0, "first", engine=INVALID)
    one.message(100, "again", peer=BOB, unverified=True)
    one.judged(0, "first", "reject", "proof_invalid")
    one.gives(100, "again", "ignore", "proof_already_seen")
    yield one.vector("the engine refused a proof", "the same proof comes again",
                     "it is not verified again")  # fmt: skip
    one = on_known(profile, "engine/invalid__accept_another_validator")
    one.message(0, "bad", one.scene.message(proof=counted(31)), INVALID)
    one.message(100, "good", one.scene.message(validator=2), peer=BOB)
    one.judged(0, "bad", "reject", "proof_invalid")
    one.judged(100, "good")
    one.knows()
    yield one.vector("the engine refused one validator's proof", "another validator's comes",
                     "it is accepted")  # fmt: skip


def copies(profile: ProofProfile) -> Iterator[ProofVector]:
    """What comes while the engine works."""
    one = on_known(profile, "copies/in_progress__ignore_copy")
    one.message(0, "first")
    one.message(10, "copy", one.scene.message(validator=2), peer=BOB)
    one.gives(10, "copy", "ignore", "proof_already_seen")
    one.judged(0, "first")
    one.knows()
    yield one.vector("a proof is being verified", "another validator signs the same proof",
                     "it is marked already, and not verified twice")  # fmt: skip
    one = on_known(profile, "copies/in_progress__ignore_equivocation")
    one.message(0, "first")
    one.message(10, "other", one.scene.message(proof=counted(31)), peer=BOB)
    one.gives(10, "other", "ignore", "duplicate_from_validator")
    one.judged(0, "first")
    one.knows()
    yield one.vector("a validator's proof is being verified", "its other proof of the type comes",
                     "one proof of a type is a validator's share")  # fmt: skip
    one = on_known(profile, "copies/fault__accept_equivocation_afterwards")
    one.message(0, "first", engine=fails("timeout"))
    one.message(100, "other", one.scene.message(proof=counted(31)), peer=BOB)
    one.judged(0, "first", "ignore", "not_checked")
    one.judged(100, "other")
    one.knows()
    yield one.vector("the engine had no answer for a validator's proof", "its other proof comes",
                     "no mark is in its way")  # fmt: skip
    one = on_known(profile, "copies/side_by_side__two_valid")
    one.message(0, "first")
    one.message(10, "second", one.scene.message(validator=2, proof=counted(31)), peer=BOB)
    one.judged(0, "first")
    one.asks(10, "second")
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
    one = on_known(profile, "copies/signature_pending__verify_one")
    one.message(0, "slow", signature_ms=50, unverified=True)
    one.message(10, "fast", one.scene.message(validator=2), peer=BOB, signature_ms=10)
    one.gives(50, "slow", "ignore", "proof_already_seen")
    one.judged(20, "fast")
    one.knows()
    yield one.vector("two validators' signatures of one proof are being checked",
                     "both are good, the later one first",
                     "the marks are looked at again: one is verified")  # fmt: skip
    one = on_known(profile, "copies/signature_pending__verify_one_of_a_validator")
    one.message(0, "slow", signature_ms=50, unverified=True)
    other = one.scene.message(proof=counted(31))
    one.message(10, "fast", other, peer=BOB, signature_ms=10)
    one.gives(50, "slow", "ignore", "duplicate_from_validator")
    one.judged(20, "fast")
    one.knows()
    yield one.vector("the signatures of a validator's two proofs are being checked",
                     "both are good, the later one first",
                     "the marks are looked at again: one is verified")  # fmt: skip
    one = on_known(profile, "finality/signature_pending__ignore")
    one.message(0, "proof", signature_ms=50, unverified=True)
    one.finalized(20, SLOT + 1)
    one.gives(50, "proof", "ignore", "slot_too_old")
    yield one.vector("a signature is being checked", "later slots are finalized",
                     "the proof is ignored, and not verified")  # fmt: skip


def finality(profile: ProofProfile) -> Iterator[ProofVector]:
    """What becomes of proofs whose block is finalized meanwhile."""
    one = on_known(profile, "finality/in_progress__ignore", {"parallel": 1})
    one.known(0, "other")
    one.message(0, "verified")
    one.message(10, "queued", one.scene.message(which="other"), unverified=True)
    one.finalized(20, SLOT + 1)
    one.gives(20, "queued", "ignore", "slot_too_old")
    one.judged(0, "verified", "ignore", "slot_too_old")
    yield one.vector("one proof is being verified, another waits for its turn",
                     "later slots are finalized", "both are ignored")  # fmt: skip
    one = on_known(profile, "finality/kept__accept_of_the_finalized_slot")
    one.known(0, "old", SLOT - 1)
    one.message(0, "old", one.scene.message(which="old"), one.scene.valid("old"))
    one.finalized(1_000, SLOT)
    one.message(2_000, "new")
    one.judged(0, "old")
    one.judged(2_000, "new")
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
        one = on_known(profile, f"restart/{name}__ignore_afterwards")
        one.message(0, "first", engine=answer)
        one.restart(1_000)
        one.message(2_000, "again", peer=BOB, unverified=True)
        one.judged(0, "first", verdict, reason)
        one.gives(2_000, "again", "ignore", again)
        if verdict == ACCEPT:
            one.knows()
        yield one.vector(f"a proof was {name}, then the node is started again",
                         "the same proof comes", "it is not verified twice", "restart")  # fmt: skip
    one = Script(profile, "restart/waiting__publish")
    one.message(0, "proof")
    one.restart(1_000)
    one.known(2_000)
    one.judged(2_000, "proof", "publish")
    one.knows()
    yield one.vector("a proof waits, then the node is started again", "its block comes",
                     "it is verified, and published anew: its sender waits no longer",
                     "restart")  # fmt: skip
    one = on_known(profile, "restart/in_progress__accept_again")
    one.message(0, "lost", unverified=True)
    one.restart(20)
    one.message(100, "again", peer=BOB)
    one.asks(0, "lost")
    one.judged(100, "again")
    one.knows()
    yield one.vector("the node stops while it verifies", "the same proof comes after the restart",
                     "no mark is in its way", "restart")  # fmt: skip
