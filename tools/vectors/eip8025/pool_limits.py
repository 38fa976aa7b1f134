"""Pool cases about limits: what waits, what it may cost, and whose turn it is."""

from __future__ import annotations

from collections.abc import Iterator

from tools.vectors.eip8025.messages import counted
from tools.vectors.eip8025.script import ACCEPT, ALICE, BOB, WAIT_MS, Script, on_known
from tools.vectors.eip8025.world import INVALID, VERIFY_MS, ProofVector, Scene
from zkattest.types.proof_profiles import ProofProfile


def limits(profile: ProofProfile) -> Iterator[ProofVector]:
    """Give the scripts of a profile."""
    yield from rooms(profile)
    yield from rations(profile)
    yield from rations_of_all(profile)
    yield from queues(profile)
    yield from turns(profile)


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


def rations(profile: ProofProfile) -> Iterator[ProofVector]:
    """Time for verifying is bounded."""
    one = after_dear(profile, "ration/validator__ignore_when_spent", {"validator_ms": 100})
    one.message(200, "next", one.scene.message(proof_type=2), unverified=True)
    one.message(210, "honest", one.scene.message(validator=2), peer=BOB)
    one.gives(200, "next", "ignore", "budget_spent")
    one.judged(210, "honest")
    one.knows()
    yield one.vector("a validator's proof took all the time that it has", "its next proof comes",
                     "it is ignored; others have their own time", "limits")  # fmt: skip
    one = after_dear(profile, "ration/validator__accept_within", {"validator_ms": 101})
    one.message(200, "next", one.scene.message(proof_type=2))
    one.judged(200, "next")
    one.knows("block", 2)
    yield one.vector("a validator has a millisecond left", "its next proof comes",
                     "it is accepted", "limits")  # fmt: skip
    one = after_dear(profile, "ration/peer__ignore_when_spent", {"peer_ms": 100})
    one.message(200, "next", one.scene.message(validator=2, proof_type=2), unverified=True)
    one.message(210, "honest", one.scene.message(validator=3), peer=BOB)
    one.gives(200, "next", "ignore", "budget_spent")
    one.judged(210, "honest")
    one.knows()
    yield one.vector("a peer's proof took all the time that it has",
                     "another validator's proof comes from it",
                     "it is ignored; it may come from others", "limits")  # fmt: skip


def after_dear(profile: ProofProfile, name: str, limits: dict[str, int]) -> Script:
    """Begin with an invalid proof of ALICE's that took 100 ms to verify."""
    one = on_known(profile, name, limits)
    one.message(0, "dear", one.scene.message(proof=counted(31)), INVALID, verify_ms=100)
    one.judged(0, "dear", "reject", "proof_invalid", verify_ms=100)
    return one


def rations_of_all(profile: ProofProfile) -> Iterator[ProofVector]:
    """Time for all together, of which some is kept for the head."""
    limits = {"all_ms": 150, "reserved_for_head_ms": 100}
    one = on_known(profile, "ration/head__accept_from_what_is_reserved", limits)
    one.known(0, "head")
    one.head(0, "head")
    one.message(0, "dear", one.scene.message(proof=counted(31)), INVALID, verify_ms=50)
    one.message(200, "other", one.scene.message(validator=2), unverified=True)
    newest = one.scene.message(which="head", validator=3)
    one.message(210, "newest", newest, one.scene.valid("head"))
    one.judged(0, "dear", "reject", "proof_invalid", verify_ms=50)
    one.gives(200, "other", "ignore", "budget_spent")
    one.judged(210, "newest")
    one.knows("head", 1)
    yield one.vector("of the time for all what is left is kept for the head",
                     "a proof of another block comes, and one of the head",
                     "the first is ignored, the other accepted", "limits")  # fmt: skip


def queues(profile: ProofProfile) -> Iterator[ProofVector]:
    """How many proofs wait for the engine."""
    one = on_known(profile, "turn/queue__ignore_when_full", {"parallel": 1, "queued": 1})
    for number in (1, 2, 3):
        name = f"proof {number}"
        message = one.scene.message(validator=number, proof_type=number)
        one.message(number, name, message, unverified=number == 3)
    one.gives(3, "proof 3", "ignore", "queue_full")
    one.judged(1, "proof 1")
    one.judged(41, "proof 2")
    one.knows("block", 1, 2)
    yield one.vector("one proof is being verified, as many wait as may", "another comes",
                     "it is ignored, and no mark of it stays", "limits")  # fmt: skip
    limits = {"parallel": 1, "queued_per_validator": 2}
    one = on_known(profile, "turn/queue__ignore_beyond_a_validators_share", limits)
    for kind in (1, 2, 3):
        name = f"type {kind}"
        one.message(kind, name, one.scene.message(proof_type=kind), unverified=kind == 3)
    one.message(10, "again", one.scene.message(validator=2, proof_type=3), peer=BOB)
    # Of those that wait, a validator's first one goes before anybody's second.
    one.gives(3, "type 3", "ignore", "queue_full")
    one.judged(1, "type 1")
    one.judged(41, "again")
    one.judged(81, "type 2")
    one.knows("block", 1, 2, 3)
    yield one.vector("two proofs of a validator are verified or wait", "its third comes",
                     "it is ignored; another validator's of the type is taken",
                     "limits")  # fmt: skip


def turns(profile: ProofProfile) -> Iterator[ProofVector]:
    """Which proof is verified next."""
    one = on_known(profile, "turn/head__first", {"parallel": 1})
    one.known(0, "head")
    one.head(0, "head")
    one.message(0, "running")
    one.message(10, "older", one.scene.message(validator=2, proof_type=2))
    newest = one.scene.message(which="head", validator=3)
    one.message(20, "newest", newest, one.scene.valid("head"))
    for number, name in enumerate(("running", "newest", "older")):
        one.judged(number * VERIFY_MS, name)
    one.knows("block", 1, 2)
    one.knows("head", 1)
    yield one.vector("one proof at a time is verified, two wait", "one of them is of the head",
                     "it is verified first", "limits")  # fmt: skip
    one = on_known(profile, "turn/spam__one_before_the_honest", {"parallel": 1})
    for kind in (1, 2, 3):
        message = one.scene.message(proof_type=kind, proof=counted(31))
        one.message(kind, f"spam {kind}", message, INVALID)
    one.message(10, "honest", one.scene.message(validator=2), peer=BOB)
    for number, name in enumerate(("spam 1", "honest", "spam 2", "spam 3")):
        told = (ACCEPT,) if name == "honest" else ("reject", "proof_invalid")
        one.judged(1 + number * VERIFY_MS, name, *told)
    one.knows()
    yield one.vector("a validator has sent three proofs that are none",
                     "an honest proof comes while the first is verified",
                     "it is before the others", "limits")  # fmt: skip
