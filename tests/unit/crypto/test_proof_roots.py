"""Roots, domains and signing roots of proofs: published vectors, and remerkleable as the oracle."""

import dataclasses

import pytest
from py_ecc.bls import G2ProofOfPossession

from tests.helpers import ssz_oracle
from tests.helpers.proof_messages import (
    BLOCK_ROOT,
    FORK_VERSION,
    GENESIS_VALIDATORS_ROOT,
    HEAD_ROOT,
    PROOF_TYPE,
    PUBKEY,
    REQUEST_ROOT,
    content_of,
    counted_bytes,
    file_of,
    message_of,
    with_signature,
)
from tests.helpers.proof_requests import EMPTY_PAYLOAD, EMPTY_REQUEST, FULU_REQUEST, REQUEST
from zkattest.crypto.hashing import (
    container_root,
    hash_tree_root_envelope,
    sha256,
)
from zkattest.crypto.proof_roots import (
    execution_proof_domain,
    hash_tree_root_content,
    hash_tree_root_message,
    hash_tree_root_public_input,
    hash_tree_root_request,
    new_payload_request_root,
    proof_signing_root,
    signing_roots_of_all_domains,
)
from zkattest.crypto.ssz_roots import hash_tree_root
from zkattest.types.ids import Address, ChainId, Root
from zkattest.types.payload_request import NewPayloadRequest, Withdrawal, request_codec
from zkattest.types.proof_messages import ChainPublicInput, PublicInput, encode_message
from zkattest.types.proof_profiles import (
    PROFILES,
    ContainerKind,
    ListKind,
    ProfileName,
    ProofProfile,
)
from zkattest.types.ssz_codec import ByteList
from zkattest.types.wire import PublicValues

BETA4, CS5566 = PROFILES[ProfileName.BETA4], PROFILES[ProfileName.CS5566]
RESULT = PublicValues(REQUEST_ROOT, True, ChainId(11_155_111), 0x1501)
SIGNED = [profile for profile in PROFILES.values() if profile.is_signed]

# Sixteen values of eip8025-grandine's type tests, recomputed by hand before: of a public input,
# and by length of the proof those of ExecutionProof, of the envelope, of the signed envelope.
RESULT_ROOT = "7c64b350edd4ae9007b24bf4b2eb8da7fc904936bf099d3165083cbd83eeecb4"
VECTORS = {
    0: (
        "89ddf251d976f07051e8d65fe74702364572e62b3c26bb444c4c05c57e3a7237",
        "9829ae426496aabfbe177565cd91a45d0e0a55915b32a9059f0b3405355bcef4",
        "17c56e4a39229bd4ebe5577f39cc5408a8276d3c4eab0056327dae35c2da39f9",
    ),
    1: (
        "78a346a47750f72a11e14ab732d1225dd049b3fa6ec2665073a1c04e90f1b533",
        "e2b81df2aff9f6732e49ec72206c51025ffe6cd0ef29033ecedb17ee7c00e06c",
        "49aae3efe9857ff48776929edb3f62d4ffe9dbf73851a8b4bab6b5d0d0cb6586",
    ),
    32: (
        "fd7d76bee16bc69544957c2876bc3d12652720cb4ad5c20a0b3000e877c6fd37",
        "fcb706d569d7e8958fbc7ac0e57429f64c96167c0e493e68d47d522f8bf53868",
        "4850ba1a36c2a6cb568465aba711ec1714b8f050bd50434a6e57a0ae5a72ef08",
    ),
    100: (
        "1c192027599a7d602197f45903b79f10b8186c80cf9958b69c05f62b7b7031d1",
        "89051e2b8d74d9aae15a4946d7500d7dfaee3da70b1de00c21a426898a8bbf62",
        "cf272039feaed56a491453a3c7d7961eead36458aeb1886c0c760e941ef6c533",
    ),
    673: (
        "1ce0b0a209078e0f99f3fe5c84451bd476e370b9a85f4f5801e9ff2e5e705d82",
        "a5fad18aadd311ecf0074ea58dbf2e7fdcc467466a862d07e1a2896a281e5ab2",
        "a957ea69d228afe767d0b3a60f16393d04be9fe1d6646661819450c1f949fb6b",
    ),
}
# Ours: the envelope with progressive proof data.
PROGRESSIVE_VECTORS = {
    0: "9dd59e5816495226e5b198a4f7dc1a40c02a117b20be0cf00cc1862e4d2255c0",
    1: "2f8f72df4cc1c63c07c02efff4cc2d25be7475612b8e560665751bb2534667f2",
    32: "51d2f507ff70b8c3a60bf7ba71e386db72607635edae361478a75b198d36b51e",
    100: "024c73d1626ebced9a5e284ec4bd9d4f893e36609dd302c6e0a3b41d84ba396d",
    673: "441c9cb27913eba1e80b347dfdc0e561b0b3622dd71c3430738d7d97b43d4624",
}


def test_public_input__has_the_published_root() -> None:
    assert hash_tree_root_public_input(RESULT).hex() == RESULT_ROOT


@pytest.mark.parametrize("size", VECTORS)
def test_proof_and_envelope__have_the_published_roots(size: int) -> None:
    proof_data = counted_bytes(size)
    _, envelope, signed = VECTORS[size]
    assert hash_tree_root_content(BETA4, content_of(BETA4, proof_data)).hex() == envelope
    message = with_signature(BETA4, proof_data, counted_bytes(96))
    assert hash_tree_root_message(BETA4, message).hex() == signed


@pytest.mark.parametrize("size", VECTORS)
def test_execution_proof__has_the_published_root(size: int) -> None:
    # The engine's `ExecutionProof`, which no revision sends: its fields' roots joined.
    proof_data = hash_tree_root(ByteList(BETA4.max_proof_bytes), counted_bytes(size))
    proof_type = PROOF_TYPE.to_bytes(32, "little")
    root = container_root(proof_data, proof_type, hash_tree_root_public_input(RESULT))
    assert root.hex() == VECTORS[size][0]


@pytest.mark.parametrize("size", PROGRESSIVE_VECTORS)
def test_envelope__has_the_root_of_progressive_data(size: int) -> None:
    content = content_of(CS5566, counted_bytes(size))
    assert hash_tree_root_content(CS5566, content).hex() == PROGRESSIVE_VECTORS[size]


def test_envelope__has_the_root_of_the_hashing_module() -> None:
    content = content_of(BETA4, counted_bytes(4_194_304))
    assert hash_tree_root_content(BETA4, content) == hash_tree_root_envelope(content)


@pytest.mark.parametrize("name", ProfileName)
@pytest.mark.parametrize("size", [0, 1, 673, 12_345])
def test_message__has_the_oracles_root(name: ProfileName, size: int) -> None:
    profile = PROFILES[name]
    message = message_of(profile, counted_bytes(size))
    expected = ssz_oracle.root_of(
        ssz_oracle.message_type(profile), encode_message(profile, message)
    )
    assert hash_tree_root_message(profile, message) == expected


def test_public_inputs__have_the_oracles_roots() -> None:
    result = ssz_oracle.PublicInputOfResult(
        new_payload_request_root=REQUEST_ROOT,
        successful_validation=True,
        chain_id=11_155_111,
        schema_id=0x1501,
    )
    assert hash_tree_root_public_input(RESULT) == bytes(result.hash_tree_root())
    chain = ssz_oracle.PublicInputOfChain(
        origin_block_root=BLOCK_ROOT, head_block_root=HEAD_ROOT, chain_id=1, schema_id=0x1501
    )
    ours = ChainPublicInput(BLOCK_ROOT, HEAD_ROOT, ChainId(1), 0x1501)
    assert hash_tree_root_public_input(ours) == bytes(chain.hash_tree_root())
    # A container of one root has that root.
    assert hash_tree_root_public_input(PublicInput(REQUEST_ROOT)) == REQUEST_ROOT


def switched(hashes: ListKind, container: ContainerKind) -> ProofProfile:
    return dataclasses.replace(BETA4, versioned_hashes=hashes, new_payload_request=container)


@pytest.mark.parametrize("hashes", ListKind)
@pytest.mark.parametrize("container", ContainerKind)
@pytest.mark.parametrize("request_of", [REQUEST, EMPTY_REQUEST], ids=["full", "empty"])
def test_request__has_the_oracles_root(
    request_of: NewPayloadRequest, container: ContainerKind, hashes: ListKind
) -> None:
    profile = switched(hashes, container)
    kind = ssz_oracle.request_type(request_of, profile)
    encoded = request_codec(profile).encode(request_of)
    assert hash_tree_root_request(profile, request_of) == ssz_oracle.root_of(kind, encoded)


def test_fulu_request__has_the_oracles_root() -> None:
    profile = PROFILES[ProfileName.FULU_DEVNET]
    kind = ssz_oracle.request_type(FULU_REQUEST, profile)
    encoded = request_codec(profile).encode(FULU_REQUEST)
    assert hash_tree_root_request(profile, FULU_REQUEST) == ssz_oracle.root_of(kind, encoded)


def test_request__has_the_published_root_of_two_progressive_switches() -> None:
    """Inputs and value of eip8025-grandine's type tests, which call it unverified."""
    payload = dataclasses.replace(
        EMPTY_PAYLOAD,
        block_number=42,
        withdrawals=(Withdrawal(0, 0, Address(bytes(20)), 0),),
    )
    request = dataclasses.replace(
        EMPTY_REQUEST,
        execution_payload=payload,
        versioned_hashes=(Root(b"\x01" * 32), Root(b"\x02" * 32)),
        parent_beacon_block_root=Root(b"\x03" * 32),
    )
    profile = switched(ListKind.PROGRESSIVE, ContainerKind.PROGRESSIVE)
    root = hash_tree_root_request(profile, request)
    assert root.hex() == "89bee8914d2b8c53efc999586aa3d36adbd9493b0fdc747002702fe0469167af"
    values = dataclasses.replace(RESULT, root=root)
    assert hash_tree_root_public_input(values).hex() == (
        "b384087a207dcc690196552d9a5e2982083f5fec8443a3e306ad22a6d4cd37d6"
    )


@pytest.mark.parametrize("hashes", ListKind)
@pytest.mark.parametrize("container", ContainerKind)
def test_request__has_the_root_of_its_fields(hashes: ListKind, container: ContainerKind) -> None:
    profile = switched(hashes, container)
    kinds = dict(request_codec(profile).fields)
    root = new_payload_request_root(
        profile,
        hash_tree_root(kinds["execution_payload"], REQUEST.execution_payload),
        REQUEST.versioned_hashes,
        REQUEST.parent_beacon_block_root,
        hash_tree_root(kinds["execution_requests"], REQUEST.execution_requests),
    )
    assert root == hash_tree_root_request(profile, REQUEST)


def test_request__has_another_root_with_every_switch() -> None:
    roots = {
        hash_tree_root_request(switched(hashes, container), REQUEST)
        for hashes in ListKind
        for container in ContainerKind
    }
    assert len(roots) == 4


def test_request_root__refused_for_more_hashes_than_blobs() -> None:
    bounded = switched(ListKind.BOUNDED, ContainerKind.PLAIN)
    with pytest.raises(ValueError, match="4097 chunks, limit 4096"):
        new_payload_request_root(
            bounded, REQUEST_ROOT, (BLOCK_ROOT,) * 4097, HEAD_ROOT, REQUEST_ROOT
        )


@pytest.mark.parametrize("profile", SIGNED, ids=lambda profile: profile.name)
def test_domain__is_its_type_and_the_fork_data_root(profile: ProofProfile) -> None:
    fork_root = sha256(FORK_VERSION.ljust(32, b"\0") + GENESIS_VALIDATORS_ROOT)
    domain = execution_proof_domain(profile, FORK_VERSION, GENESIS_VALIDATORS_ROOT)
    assert profile.domain_type is not None
    assert domain == profile.domain_type + fork_root[:28]


def test_domain__refused_for_wrong_lengths_and_where_nothing_is_signed() -> None:
    with pytest.raises(ValueError, match="3 and 32 bytes, expected 4 and 32"):
        execution_proof_domain(BETA4, bytes(3), bytes(32))
    with pytest.raises(ValueError, match="4 and 31 bytes, expected 4 and 32"):
        execution_proof_domain(BETA4, bytes(4), bytes(31))
    teku = PROFILES[ProfileName.TEKU_SUBNET]
    with pytest.raises(ValueError, match="teku-subnet: messages are not signed"):
        execution_proof_domain(teku, bytes(4), bytes(32))
    assert signing_roots_of_all_domains(teku, REQUEST_ROOT, bytes(4), bytes(32)) == ()


@pytest.mark.parametrize("profile", SIGNED, ids=lambda profile: profile.name)
def test_signing_root__is_the_oracles(profile: ProofProfile) -> None:
    content = content_of(profile, counted_bytes(673))
    assert profile.domain_type is not None
    expected = ssz_oracle.signing_root(
        hash_tree_root_content(profile, content),
        profile.domain_type,
        FORK_VERSION,
        GENESIS_VALIDATORS_ROOT,
    )
    found = proof_signing_root(profile, content, FORK_VERSION, GENESIS_VALIDATORS_ROOT)
    assert found == expected


def test_signing_roots__name_the_newest_domain_first() -> None:
    profile = PROFILES[ProfileName.GLOAS_AUG]
    content = content_of(profile, b"proof")
    found = signing_roots_of_all_domains(
        profile,
        hash_tree_root_content(profile, content),
        FORK_VERSION,
        GENESIS_VALIDATORS_ROOT,
    )
    assert [kind.hex() for kind, _ in found] == ["0f000000", "0e000000"]
    newest = proof_signing_root(profile, content, FORK_VERSION, GENESIS_VALIDATORS_ROOT)
    assert found[0][1] == newest != found[1][1]


@pytest.mark.parametrize("profile", SIGNED, ids=lambda profile: profile.name)
def test_fixture__is_signed_as_two_oracles_say(profile: ProofProfile) -> None:
    kind = ssz_oracle.message_type(profile)
    message = kind.decode_bytes(file_of(profile.name).read_bytes())
    assert profile.domain_type is not None
    root = ssz_oracle.signing_root(
        bytes(message.message.hash_tree_root()),
        profile.domain_type,
        FORK_VERSION,
        GENESIS_VALIDATORS_ROOT,
    )
    assert G2ProofOfPossession.Verify(PUBKEY, root, bytes(message.signature))
