"""Cases made anew: what takes the place of what, and which cases have no like on a live chain."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from zkattest.conformance.blackbox.context import Play, make_context
from zkattest.conformance.blackbox.live import (
    UNKNOWN_INDEX,
    EngineKind,
    LiveTerms,
    LiveValidator,
    plan,
    rebuild,
    restrict,
)
from zkattest.conformance.proof_scene import Network, read_scene
from zkattest.conformance.registry import find_cases
from zkattest.crypto import bls
from zkattest.crypto.hashing import signing_root
from zkattest.crypto.proof_roots import execution_proof_domain
from zkattest.spec.answers import SignatureValid
from zkattest.spec.gossip_profiles import read_gossiped_proof
from zkattest.spec.proof_gossip import GossipedProof
from zkattest.spec.signing import SigningData
from zkattest.types.ids import ProofType, Root, ValidatorIndex
from zkattest.types.proof_profiles import PROFILES, ProfileName

PACK = Path(__file__).resolve().parents[4] / "vectors" / "eip8025"
BETA4 = PROFILES[ProfileName.BETA4]
NETWORK = Network(b"\x01\x02\x03\x04", Root(b"\x55" * 32))
KEYS = [bytes([number]) * 32 for number in (1, 2)]
TODAY = [Root(bytes([number]) * 32) for number in (0xA1, 0xA2)]


def validator(number: int) -> LiveValidator:
    def sign(data: SigningData) -> bytes:
        return bls.sign(KEYS[number], data.signing_root)

    return LiveValidator(ValidatorIndex(700 + number), sign)


TERMS = LiveTerms(
    network=NETWORK,
    engine=EngineKind.ACCEPTS_ALL,
    proof_types=(ProofType(7), ProofType(8)),
    validators=(validator(0), validator(1)),
    outside=ValidatorIndex(9),
)
REAL = replace(TERMS, engine=EngineKind.REAL)


def play_of(name: str, profile: str = "beta4") -> Play:
    cases = [one.read() for one in find_cases(PACK / profile, f"{profile}/gossip/{name}")]
    [play] = make_context(cases).plays
    return play


def rebuilt(name: str, terms: LiveTerms = TERMS, profile: str = "beta4") -> Play:
    made = plan(play_of(name, profile), terms)
    return rebuild(made, terms, dict(zip((*made.fresh, *made.final), TODAY, strict=False)))


def proof_of(play: Play) -> GossipedProof:
    return read_gossiped_proof(BETA4, play.sent.data)


def is_signed(proof: GossipedProof, number: int = 0) -> bool:
    domain = execution_proof_domain(BETA4, NETWORK.fork_version, NETWORK.genesis_validators_root)
    pubkey = bls.public_key(KEYS[number])
    return bls.verify(pubkey, signing_root(proof.root, domain), proof.signature)


def test_rebuild__signs_for_a_block_a_type_and_a_validator_of_today() -> None:
    old = proof_of(play_of("accepted/proof__accept_32_bytes"))
    new = proof_of(rebuilt("accepted/proof__accept_32_bytes"))
    assert (new.subject, new.proof_type, new.validator_index) == (TODAY[0], 7, 700)
    assert new.proof_data == old.proof_data
    assert is_signed(new)


@pytest.mark.parametrize(
    "name", ["domain__reject_0d000000", "fork__reject_other_version", "changed__reject_block"]
)
def test_rebuild__leaves_a_signature_that_does_not_verify(name: str) -> None:
    old = proof_of(play_of(f"signature/{name}"))
    new = proof_of(rebuilt(f"signature/{name}"))
    assert new.signature == old.signature
    assert not is_signed(new)


def test_rebuild__leaves_bytes_that_are_no_message() -> None:
    name = "decoding/bytes__reject_head_cut"
    assert rebuilt(name).sent == play_of(name).sent


def test_rebuild__keeps_an_unknown_block() -> None:
    old = proof_of(play_of("context/block__ignore_unknown"))
    new = proof_of(rebuilt("context/block__ignore_unknown"))
    assert new.subject == old.subject
    assert is_signed(new)


def test_rebuild__names_validators_that_are_gone_or_never_were() -> None:
    assert proof_of(rebuilt("validator/index__reject_inactive_16")).validator_index == 9
    assert proof_of(rebuilt("validator/index__reject_unknown")).validator_index == UNKNOWN_INDEX


def test_plan__a_finalized_block_stands_for_a_finalized_one() -> None:
    made = plan(play_of("context/slot__ignore_63_of_64"), TERMS)
    assert (made.fresh, len(made.final), made.leaves_marks) == ((), 1, False)


def test_plan__two_validators_and_two_blocks_stay_two() -> None:
    plays = restrict(make_context([one.read() for one in find_cases(PACK / "beta4")]), TERMS)[1]
    assert any(len(one.fresh) == 2 for one in plays.values())
    made = next(one for one in plays.values() if len(one.signers) == 2)
    assert sorted(made.indices.values()) == [700, 701]


@pytest.mark.parametrize(
    ("name", "terms", "why"),
    [
        ("accepted/proof__accept_1_byte", REAL, "needs a proof that is valid, of a block of today"),
        ("engine/proof__reject_invalid", TERMS, "the node's engine says valid of every proof"),
        ("context/slot__accept_64_of_64", TERMS, "about the very slot that is finalized"),
        ("context/payload__ignore_unseen", TERMS, "nobody can have a node lack a payload"),
        ("validator/index__reject_inactive_16", replace(TERMS, outside=None),
         "the chain names no validator that has left"),
        ("context/block__ignore_unknown", replace(TERMS, validators=()),
         "needs keys of 1 active validators"),
        ("context/block__ignore_unknown", replace(TERMS, proof_types=()),
         "needs 1 proof types that the node knows"),
        ("type/unsupported__reject_4", replace(TERMS, proof_types=(ProofType(4),)),
         "the node knows proof type 4"),
    ],
)  # fmt: skip
def test_restrict__hides_what_has_no_like_with_the_reason(
    name: str, terms: LiveTerms, why: str
) -> None:
    cases = [one.read() for one in find_cases(PACK / "beta4", f"beta4/gossip/{name}")]
    context, plans = restrict(make_context(cases), terms)
    assert context.hidden == {f"beta4/gossip/{name}": f"not playable: {why}"}
    assert (context.plays, plans) == ((), {})


@pytest.mark.parametrize("profile", ["beta4", "cs5566", "gloas-aug", "fulu-devnet"])
@pytest.mark.parametrize("terms", [TERMS, REAL])
def test_rebuild__keeps_of_every_case_whether_its_signature_verifies(
    profile: str, terms: LiveTerms
) -> None:
    cases = [one.read() for one in find_cases(PACK / profile, f"{profile}/gossip/[acelnstv]*")]
    context, plans = restrict(make_context([c for c in cases if len(str(c.input)) < 30_000]), terms)
    assert len(context.plays) > 20
    assert context.network == NETWORK
    for play in context.plays:
        made = plans[play.case.id]
        new = rebuild(made, terms, dict(zip((*made.fresh, *made.final), TODAY, strict=False)))
        if new.sent.subject is None:
            continue
        scene = read_scene(play.case.input, context.profile)
        old, now = (read_gossiped_proof(context.profile, one.sent.data) for one in (play, new))
        known = scene.validators.get(int(old.validator_index))
        if known is None or not known.is_active:
            continue
        was = scene.check_signature(known.pubkey, old.root, old.signature)
        domain = execution_proof_domain(
            context.profile, NETWORK.fork_version, NETWORK.genesis_validators_root
        )
        key = bls.public_key(KEYS[now.validator_index - 700])
        is_good = bls.verify(key, signing_root(now.root, domain), now.signature)
        assert is_good is isinstance(was, SignatureValid), play.case.id
