"""What each revision fixes, as the table of the research has it."""

import dataclasses

import pytest

from zkattest.types.proof_profiles import (
    DEFAULT_PROFILE,
    PROFILES,
    ContainerKind,
    ListKind,
    MessageKind,
    ProfileName,
    PublicInputKind,
)

MIB = 1 << 20
BOUNDED, PROGRESSIVE = ListKind.BOUNDED, ListKind.PROGRESSIVE
# Message, domain, most proof bytes, most message bytes, public input on the wire, req/resp.
WIRE = {
    ProfileName.TEKU_SUBNET: (MessageKind.SUBNET_PROOF, None, MIB, MIB + 84, False, False),
    ProfileName.FULU_DEVNET: (
        *(MessageKind.SIGNED_PROOF, "0d000000", 409_600, 409_745, True, True),
    ),
    ProfileName.GLOAS_AUG: (
        *(MessageKind.SIGNED_PROOF, "0f000000", 4 * MIB, 4_194_449, True, True),
    ),
    ProfileName.CS5566: (
        *(MessageKind.SIGNED_ENVELOPE, "0f000000", 4 * MIB, 4_194_449, False, False),
    ),
    ProfileName.BETA4: (
        *(MessageKind.SIGNED_ENVELOPE, "0f000000", 4 * MIB, 4_194_449, False, False),
    ),
    ProfileName.EIP8440: (
        *(MessageKind.SIGNED_CHAIN_PROOF, "0f000000", 4 * MIB, 4_194_481, False, False),
    ),
}
# How proof data, versioned hashes and the request are merkleized; what the public input is.
ROOTS = {
    ProfileName.TEKU_SUBNET: (BOUNDED, BOUNDED, ContainerKind.PLAIN, PublicInputKind.NONE),
    ProfileName.FULU_DEVNET: (BOUNDED, BOUNDED, ContainerKind.PLAIN, PublicInputKind.REQUEST_ROOT),
    ProfileName.GLOAS_AUG: (
        *(PROGRESSIVE, BOUNDED, ContainerKind.PLAIN, PublicInputKind.REQUEST_ROOT),
    ),
    ProfileName.CS5566: (
        *(PROGRESSIVE, BOUNDED, ContainerKind.PROGRESSIVE, PublicInputKind.VALIDATION_RESULT),
    ),
    ProfileName.BETA4: (
        *(BOUNDED, PROGRESSIVE, ContainerKind.PLAIN, PublicInputKind.VALIDATION_RESULT),
    ),
    ProfileName.EIP8440: (BOUNDED, PROGRESSIVE, ContainerKind.PLAIN, PublicInputKind.CHAIN),
}


def test_profiles__are_named_by_their_keys_and_all_there():
    assert [preset.name for preset in PROFILES.values()] == list(PROFILES) == list(ProfileName)
    assert DEFAULT_PROFILE is PROFILES[ProfileName.BETA4]


@pytest.mark.parametrize("name", ProfileName)
def test_profile__has_the_wire_of_its_revision(name):
    preset = PROFILES[name]
    domain = preset.domain_type
    assert WIRE[name] == (
        preset.message,
        None if domain is None else domain.hex(),
        preset.max_proof_bytes,
        preset.max_message_bytes,
        preset.public_input_on_wire,
        preset.has_req_resp,
    )
    assert preset.is_signed == (domain is not None)


@pytest.mark.parametrize("name", ProfileName)
def test_profile__has_the_roots_of_its_revision(name):
    preset = PROFILES[name]
    assert ROOTS[name] == (
        preset.proof_data,
        preset.versioned_hashes,
        preset.new_payload_request,
        preset.public_input,
    )


@pytest.mark.parametrize("name", ProfileName)
def test_profile__has_one_topic_or_one_a_subnet(name):
    subnets = tuple(f"execution_proof_{index}" for index in range(8))
    expected = subnets if name is ProfileName.TEKU_SUBNET else ("execution_proof",)
    assert PROFILES[name].topic_names == expected


def test_profile__differs_in_one_switch_after_replace():
    other = dataclasses.replace(DEFAULT_PROFILE, proof_data=PROGRESSIVE)
    assert (other.proof_data, other.versioned_hashes) == (PROGRESSIVE, PROGRESSIVE)
    assert dataclasses.replace(other, proof_data=BOUNDED) == DEFAULT_PROFILE
    with pytest.raises(dataclasses.FrozenInstanceError):
        other.proof_data = BOUNDED
