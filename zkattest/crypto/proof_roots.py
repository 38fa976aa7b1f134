"""Compute the roots, domains and signing roots of proofs, as a profile of EIP-8025 has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from zkattest.crypto.hashing import (
    CHUNK_BYTES,
    compute_domain,
    container_root,
    fork_data_root,
    signing_root,
)
from zkattest.crypto.ssz_roots import (
    hash_tree_root,
    merkleize_progressive,
    mix_in_active_fields,
)
from zkattest.types.ids import Root
from zkattest.types.payload_request import (
    NewPayloadRequest,
    request_codec,
    versioned_hashes_codec,
)
from zkattest.types.proof_messages import (
    CHAIN_PUBLIC_INPUT,
    PUBLIC_INPUT,
    VALIDATION_RESULT,
    ChainPublicInput,
    ProofContent,
    ProofMessage,
    PublicInput,
    content_codec,
    message_codec,
)
from zkattest.types.proof_profiles import ContainerKind, ProofProfile
from zkattest.types.wire import PublicValues

FORK_VERSION_BYTES: Final = 4


def hash_tree_root_message(profile: ProofProfile, message: ProofMessage) -> Root:
    """Return the root of a whole gossip message, its signature included."""
    return hash_tree_root(message_codec(profile), message)


def hash_tree_root_content(profile: ProofProfile, content: ProofContent) -> Root:
    """
    Return the root that a validator signs, and that a proof is recognized by.

    Raises ValueError for a profile whose messages are not signed.
    """
    return hash_tree_root(content_codec(profile), content)


def hash_tree_root_public_input(
    public_input: PublicInput | PublicValues | ChainPublicInput,
) -> Root:
    """Return the root of a public input; the class of the input is the kind of its profile."""
    match public_input:
        case PublicInput():
            return hash_tree_root(PUBLIC_INPUT, public_input)
        case PublicValues():
            return hash_tree_root(VALIDATION_RESULT, public_input)
        case ChainPublicInput():
            return hash_tree_root(CHAIN_PUBLIC_INPUT, public_input)


def hash_tree_root_request(profile: ProofProfile, request: NewPayloadRequest) -> Root:
    """Return `new_payload_request_root` of a request whose payload is at hand."""
    return hash_tree_root(request_codec(profile), request)


def new_payload_request_root(
    profile: ProofProfile,
    execution_payload_root: Root,
    versioned_hashes: Sequence[Root],
    parent_beacon_block_root: Root,
    execution_requests_root: Root,
) -> Root:
    """
    Return the root of a request from the roots of its fields.

    Raises ValueError for more hashes than a block may have blobs.
    """
    hashes_root = hash_tree_root(versioned_hashes_codec(profile), versioned_hashes)
    roots = (
        execution_payload_root,
        hashes_root,
        parent_beacon_block_root,
        execution_requests_root,
    )
    if profile.new_payload_request is ContainerKind.PLAIN:
        return container_root(*roots)
    return mix_in_active_fields(merkleize_progressive(b"".join(roots)), len(roots))


def execution_proof_domain(
    profile: ProofProfile, fork_version: bytes, genesis_validators_root: bytes
) -> bytes:
    """
    Return the 32 bytes that proofs of a fork of a network are signed in (`compute_domain`).

    `fork_version` has 4 bytes. Raises ValueError where nothing is signed, or for other lengths.
    """
    if profile.domain_type is None:
        raise ValueError(f"{profile.name}: messages are not signed")
    return _domain(profile.domain_type, fork_version, genesis_validators_root)


def proof_signing_root(
    profile: ProofProfile,
    content: ProofContent,
    fork_version: bytes,
    genesis_validators_root: bytes,
) -> Root:
    """Return the message that a validator signs for its proof (`compute_signing_root`)."""
    domain = execution_proof_domain(profile, fork_version, genesis_validators_root)
    return signing_root(hash_tree_root_content(profile, content), domain)


def signing_roots_of_all_domains(
    profile: ProofProfile,
    content_root: Root,
    fork_version: bytes,
    genesis_validators_root: bytes,
) -> tuple[tuple[bytes, Root], ...]:
    """
    Return each domain type that the profile ever had with its signing root, newest first.

    `content_root` is `hash_tree_root_content`; the tuple is empty where nothing is signed.
    """
    if profile.domain_type is None:
        return ()
    return tuple(
        (kind, signing_root(content_root, _domain(kind, fork_version, genesis_validators_root)))
        for kind in (profile.domain_type, *profile.former_domain_types)
    )


def _domain(domain_type: bytes, fork_version: bytes, genesis_validators_root: bytes) -> bytes:
    sizes = len(fork_version), len(genesis_validators_root)
    if sizes != (FORK_VERSION_BYTES, CHUNK_BYTES):
        raise ValueError(
            f"fork version and genesis validators root: {sizes[0]} and {sizes[1]} bytes, "
            f"expected {FORK_VERSION_BYTES} and {CHUNK_BYTES}"
        )
    return compute_domain(domain_type, fork_data_root(fork_version, genesis_validators_root))
