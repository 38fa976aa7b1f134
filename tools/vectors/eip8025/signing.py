"""Signing cases: what a validator signs in each profile, and whose revision a message is of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from tools.vectors.eip8025.messages import (
    Message,
    compute_domain,
    counted,
    noise,
    signing_root,
)
from tools.vectors.eip8025.ssz import example
from tools.vectors.eip8025.world import (
    FORK_VERSION,
    NETWORK,
    OTHER_FORK_VERSION,
    VALIDATORS_ROOT,
    ProofVector,
    pubkey,
    secret_key,
    sign,
    vector,
)
from zkattest.conformance.outcome import Outcome, invalid, valid
from zkattest.conformance.values import as_json
from zkattest.spec.reasons import Reason
from zkattest.types.proof_profiles import PROFILES, ProfileName, ProofProfile

BAD: Final = invalid(Reason.MESSAGE_SIGNATURE_INVALID)
SIZES: Final = (0, 1, 32, 673)


def cases() -> Iterator[ProofVector]:
    """Give the cases of every profile; those without signatures have messages to recognize."""
    for profile in PROFILES.values():
        if profile.is_signed:
            yield from signed(profile)
            yield from verified(profile)
        yield from recognized(profile)


def domain(profile: ProofProfile, fork_version: bytes = FORK_VERSION) -> bytes:
    """Give the domain that a profile signs in."""
    return compute_domain(profile.domain_type or b"", fork_version, VALIDATORS_ROOT)


def signed(profile: ProofProfile) -> Iterator[ProofVector]:
    """Domain, signing root and signature of messages of some sizes, and of two networks."""
    sizes = {str(size): counted(size) for size in SIZES}
    sizes["most"] = noise("the largest proof", profile.max_proof_bytes)
    for name, proof in sizes.items():
        message = replace(example(profile, proof), signature=bytes(96))
        yield _sign(profile, f"proof__valid_{name}_bytes", message, FORK_VERSION)
    message = replace(example(profile, counted(32)), signature=bytes(96))
    yield _sign(profile, "fork__valid_other_version", message, OTHER_FORK_VERSION)


def _sign(profile: ProofProfile, name: str, message: Message, fork_version: bytes) -> ProofVector:
    in_domain = domain(profile, fork_version)
    made = sign(message, 1, fork_version=fork_version)
    expected = valid(
        pubkey=pubkey(1),
        content_root=message.content_root(),
        domain=in_domain,
        signing_root=signing_root(message.content_root(), in_domain),
        signature=made.signature,
    )
    given = {
        "task": "sign",
        "network": {**NETWORK, "fork_version": as_json(fork_version)},
        "secret_key": as_json(secret_key(1)),
        "message": message.ssz().to_json(),
    }
    story = (f"a {profile.message.value}", f"fork version 0x{fork_version.hex()}",
             "this is signed, and so")  # fmt: skip
    return vector(profile, f"signing/sign/{name}", story, given, expected)


def verified(profile: ProofProfile) -> Iterator[ProofVector]:
    """Signatures that are good, and some that are not."""
    message = sign(example(profile, counted(100)), 1)
    root = signing_root(message.content_root(), domain(profile))
    good = valid(signing_root=root)
    infinity = b"\xc0" + bytes(95)
    changes: list[tuple[str, str, Message, bytes, Outcome]] = [
        ("key__valid", "the key that signed", message, pubkey(1), good),
        ("key__invalid_other", "another key", message, pubkey(2), BAD),
        ("key__invalid_infinity", "the point at infinity as key", message, infinity[:48], BAD),
        ("signature__invalid_infinity", "the point at infinity as signature",
         replace(message, signature=infinity), pubkey(1), BAD),
        ("signature__invalid_zeros", "96 zero bytes",
         replace(message, signature=bytes(96)), pubkey(1), BAD),
        ("message__invalid_other_type", "the type was changed",
         replace(message, proof_type=8), pubkey(1), BAD),
        ("fork__invalid_other_version", "signed for another fork version",
         sign(message, 1, fork_version=OTHER_FORK_VERSION), pubkey(1), BAD),
    ]  # fmt: skip
    for name, what, made, key, expected in changes:
        story = ("a signed message", what, f"the signature is {expected.verdict}")
        given = {
            "task": "verify",
            "network": NETWORK,
            "pubkey": as_json(key),
            "message": made.ssz().to_json(),
        }
        yield vector(profile, f"signing/verify/{name}", story, given, expected)


def recognized(profile: ProofProfile) -> Iterator[ProofVector]:
    """Messages of every profile, to be told from each other by their signatures."""
    same = {
        # One container, one root, one domain: nothing tells them apart.
        ProfileName.GLOAS_AUG: (ProfileName.GLOAS_AUG, ProfileName.CS5566),
        ProfileName.CS5566: (ProfileName.GLOAS_AUG, ProfileName.CS5566),
    }
    fits = same.get(profile.name, (profile.name,))
    proof = counted(200)
    if not profile.is_signed:
        message = example(profile, proof)
        yield _recognize(profile, "message__valid_unsigned", message, fits, "nobody signed it")
        return
    message = sign(example(profile, proof), 1)
    yield _recognize(profile, "message__valid", message, fits, "validator 1 signed it")
    other = sign(example(profile, proof), 2)
    yield _recognize(profile, "message__valid_of_nobody", other, (), "another validator signed it")
    for former in profile.former_domain_types:
        old = sign(example(profile, proof), 1, domain_type=former)
        name = f"message__valid_in_domain_{former.hex()}"
        what = f"signed in the earlier domain 0x{former.hex()}"
        yield _recognize(profile, name, old, (profile.name,), what)


def _recognize(
    profile: ProofProfile,
    name: str,
    message: Message,
    fits: Sequence[ProfileName],
    what: str,
) -> ProofVector:
    given: dict[str, Any] = {
        "task": "which_revision",
        "network": NETWORK,
        "pubkey": as_json(pubkey(1)),
        "message": message.ssz().to_json(),
    }
    expected = valid(profiles=[one.value for one in fits])
    story = (f"a message of {profile.name.value}", what, f"fits: {', '.join(fits) or 'none'}")
    return vector(profile, f"signing/revision/{name}", story, given, expected)
