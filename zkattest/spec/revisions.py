"""Tell from a captured message and a key which revisions of EIP-8025 it is a message of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from zkattest.crypto import bls
from zkattest.crypto.proof_roots import (
    execution_proof_domain,
    hash_tree_root_content,
    hash_tree_root_message,
    signing_roots_of_all_domains,
)
from zkattest.types.errors import DecodeError
from zkattest.types.ids import Root
from zkattest.types.proof_messages import ProofMessage, SubnetExecutionProof, decode_message
from zkattest.types.proof_profiles import DEFAULT_PROFILE, PROFILES, ProfileName, ProofProfile

DecodeMessage: TypeAlias = Callable[[ProofProfile, bytes], ProofMessage]


class RevisionFit(StrEnum):
    """Say how far a message fits a revision."""

    FITS = "fits"
    # It decodes, and messages of the revision carry no signature: anybody may have sent it.
    FITS_UNSIGNED = "fits_unsigned"
    WRONG_SIGNATURE = "wrong_signature"
    NOT_DECODABLE = "not_decodable"


@dataclass(frozen=True, slots=True)
class RevisionAnswer:
    """
    Say how a message fits one revision.

    `root` is that of what is signed, or of the whole message where nothing is. `domain_type` is
    the one that the signature fits. `detail` says why the message does not decode.
    """

    profile: ProfileName
    fit: RevisionFit
    root: Root | None = None
    domain_type: bytes | None = None
    detail: str = ""

    @property
    def is_fit(self) -> bool:
        """Tell whether decoding and signature fit."""
        return self.fit in {RevisionFit.FITS, RevisionFit.FITS_UNSIGNED}


def which_revision(
    data: bytes,
    pubkey: bytes,
    fork_version: bytes,
    genesis_validators_root: bytes,
    decode: DecodeMessage = decode_message,
) -> tuple[ProfileName, ...]:
    """
    Name the profiles that a message's decoding and signature fit, in the order of the presets.

    Two can fit: what `gloas-aug` and `cs5566` sign has the same bytes, root and domain. `data` is
    SSZ, or whatever `decode` reads. Raises ValueError for a fork version that has not 4 bytes or
    a root that has not 32.
    """
    answers = judge_revisions(data, pubkey, fork_version, genesis_validators_root, decode)
    return tuple(answer.profile for answer in answers if answer.is_fit)


def judge_revisions(
    data: bytes,
    pubkey: bytes,
    fork_version: bytes,
    genesis_validators_root: bytes,
    decode: DecodeMessage = decode_message,
) -> tuple[RevisionAnswer, ...]:
    """Say for every profile how the message fits it; as `which_revision` otherwise."""
    # A wrong argument is told before the message is looked at, whatever it is.
    execution_proof_domain(DEFAULT_PROFILE, fork_version, genesis_validators_root)
    return tuple(
        _judge(profile, data, pubkey, fork_version, genesis_validators_root, decode)
        for profile in PROFILES.values()
    )


def _judge(
    profile: ProofProfile,
    data: bytes,
    pubkey: bytes,
    fork_version: bytes,
    genesis_validators_root: bytes,
    decode: DecodeMessage,
) -> RevisionAnswer:
    try:
        message = decode(profile, data)
    except DecodeError as error:
        return RevisionAnswer(profile.name, RevisionFit.NOT_DECODABLE, detail=str(error))
    if isinstance(message, SubnetExecutionProof):
        root = hash_tree_root_message(profile, message)
        return RevisionAnswer(profile.name, RevisionFit.FITS_UNSIGNED, root)
    content_root = hash_tree_root_content(profile, message.message)
    for domain_type, signing_root in signing_roots_of_all_domains(
        profile, content_root, fork_version, genesis_validators_root
    ):
        if bls.verify(pubkey, signing_root, message.signature):
            return RevisionAnswer(profile.name, RevisionFit.FITS, content_root, domain_type)
    return RevisionAnswer(profile.name, RevisionFit.WRONG_SIGNATURE, content_root)
