"""The world of a case is read strictly, and answers what the rules ask."""

import pytest

from zkattest.conformance.proof_scene import (
    read_block,
    read_engine,
    read_profile,
    read_scene,
    write_profile,
)
from zkattest.conformance.values import CaseError
from zkattest.spec.answers import ActiveValidator, Fault, ProofValid, Refused
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.ids import Root
from zkattest.types.proof_profiles import PROFILES, ContainerKind, ListKind, ProfileName

BETA4 = PROFILES[ProfileName.BETA4]
KEY = "0x" + "a1" * 48
GIVEN = {
    "network": {"fork_version": "0x01020304", "genesis_validators_root": "0x" + "11" * 32},
    "proof_types": [1],
    "validators": [
        {"index": 7, "pubkey": KEY, "status": "active"},
        {"index": 8, "pubkey": KEY, "status": "inactive"},
    ],
}


@pytest.mark.parametrize("name", ProfileName, ids=str)
def test_profile__round_trip(name):
    assert read_profile(write_profile(PROFILES[name])) == PROFILES[name]


def test_profile__switches_are_turned_one_by_one():
    written = {**write_profile(BETA4), "proof_data": "progressive-list"}
    assert read_profile(written).proof_data is ListKind.PROGRESSIVE
    written = {**write_profile(BETA4), "new_payload_request": "progressive-container"}
    assert read_profile(written).new_payload_request is ContainerKind.PROGRESSIVE


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([], "profile: expected an object"),
        ({"preset": "beta5"}, "profile.preset: expected teku-subnet"),
        ({**write_profile(BETA4), "proof_data": "vector"}, "profile.proof_data: expected list"),
        ({"preset": "beta4"}, "profile.proof_data: missing"),
        ({**write_profile(BETA4), "preset": ["beta4"]}, "profile.preset: expected"),
    ],
)
def test_profile__refused(value, reason):
    with pytest.raises(CaseError) as caught:
        read_profile(value)
    assert str(caught.value).startswith(reason)


def test_validators__answered():
    scene = read_scene(GIVEN, BETA4)
    assert scene.look_up(7) == ActiveValidator(b"\xa1" * 48)
    assert scene.look_up(8) == Refused(Reason.VALIDATOR_NOT_ACTIVE)
    assert scene.look_up(9) == Refused(Reason.UNKNOWN_VALIDATOR)
    refused = scene.check_signature(b"\xa1" * 48, Root(bytes(32)), bytes(96))
    assert refused == Refused(Reason.MESSAGE_SIGNATURE_INVALID)


def test_faults__answered_first():
    faults = {"validator": "timeout", "signature": "out_of_resources"}
    scene = read_scene({**GIVEN, "faults": faults}, BETA4)
    assert scene.look_up(7) == Fault(Cause.TIMEOUT)
    assert scene.check_signature(b"", Root(bytes(32)), b"") == Fault(Cause.OUT_OF_RESOURCES)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"network": {"fork_version": "0x01"}}, "input.network.fork_version: 1 bytes, expected 4"),
        ({"proof_types": [256]}, "input.proof_types: ProofType: 256"),
        ({"validators": [{"index": 1, "pubkey": "0x00", "status": "active"}]},
         "input.validators.pubkey: 1 bytes, expected 48"),
        ({"validators": [{"index": 1, "pubkey": KEY, "status": "slashed"}]},
         "input.validators.status: expected active or inactive"),
        ({"validators": [{"index": 2**64, "pubkey": KEY, "status": "active"}]},
         "input.validators.index: ValidatorIndex"),
        ({"faults": {"signature": "no idea"}}, "input.faults.signature: expected timeout"),
        ({"max_proof_bytes": -1}, "input.max_proof_bytes: expected an unsigned number"),
    ],
)  # fmt: skip
def test_scene__refused(change, reason):
    with pytest.raises(CaseError) as caught:
        read_scene({**GIVEN, **change}, BETA4)
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize("name", [ProfileName.TEKU_SUBNET, ProfileName.EIP8440])
def test_scene__refused_for_a_profile_without_rules(name):
    with pytest.raises(CaseError, match=f"profile.preset: {name} has no rules of gossip"):
        read_scene(GIVEN, PROFILES[name])


def test_engine__read():
    assert read_engine({"answer": "valid", "public_values": "0x00"}, "e") == ProofValid(b"\0")
    assert read_engine({"answer": "invalid"}, "e") == Refused(Reason.PROOF_INVALID)
    assert read_engine({"answer": "fault", "cause": "timeout"}, "e") == Fault(Cause.TIMEOUT)
    for value, reason in (
        ({}, "e.answer: missing"),
        ({"answer": "perhaps"}, "e.answer: expected valid, invalid or fault"),
        ({"answer": "valid"}, "e.public_values: missing"),
        ({"answer": "fault", "cause": "x"}, "e.cause: expected timeout"),
    ):
        with pytest.raises(CaseError) as caught:
            read_engine(value, "e")
        assert str(caught.value).startswith(reason)


def test_block__refused():
    block = {"root": "0x" + "11" * 32, "slot": 1, "public_values": None}
    assert read_block(block, "b")[1].public_values is None
    with pytest.raises(CaseError, match=r"b\.public_values"):
        read_block({**block, "public_values": "0x00"}, "b")
    with pytest.raises(CaseError, match=r"b\.slot: Slot"):
        read_block({**block, "slot": 2**64}, "b")
