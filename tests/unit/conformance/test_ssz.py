"""Inputs of the ssz runner that are no question; the answers are tested by the vectors."""

from pathlib import Path

import pytest

from zkattest.conformance.cases import VectorCase
from zkattest.conformance.outcome import valid
from zkattest.conformance.proof_scene import write_profile
from zkattest.conformance.ssz import check_ssz
from zkattest.conformance.values import CaseError
from zkattest.types.proof_profiles import PROFILES, ProfileName

ROOT = "0x" + "11" * 32
ROOTS = {
    "task": "request_from_roots",
    "execution_payload_root": ROOT,
    "parent_beacon_block_root": ROOT,
    "execution_requests_root": ROOT,
}


def ask(given: dict, name: ProfileName = ProfileName.BETA4):
    profile = write_profile(PROFILES[name])
    return check_ssz(VectorCase("x", "ssz", Path(), "", "", "", (), profile, given, valid()))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "input.task: missing"),
        ({"task": ["bind"]}, "input.task: expected "),
        ({"task": "sing"}, "input.task: expected decode_message, decode_json, public_input"),
        ({"task": "decode_message"}, "input.ssz: missing"),
        ({"task": "decode_json", "json": 7}, "input.json: expected text"),
        ({"task": "decode_json", "json": ["{", {"byte": "0x"}]}, "input.json: expected text"),
        ({"task": "decode_json", "json": "\ud800"}, "input.json: half of a character"),
        ({"task": "decode_json", "json": [{"bytes": "x"}]}, "input.json: expected 0x"),
        ({**ROOTS, "versioned_hashes": [ROOT] * 4097}, "input.versioned_hashes: more than 4096"),
        ({**ROOTS, "versioned_hashes": ["0x"]}, "input.versioned_hashes: Root: 0 bytes"),
    ],
)
def test_ssz__refused_input(given, reason):
    with pytest.raises(CaseError) as caught:
        ask(given)
    assert str(caught.value).startswith(reason)


def test_ssz__refused_where_a_profile_has_no_public_input():
    with pytest.raises(CaseError, match=r"profile\.preset: teku-subnet has no public input"):
        ask({"task": "public_input", "ssz": "0x"}, ProfileName.TEKU_SUBNET)


def test_json__pieces_are_joined():
    answers = [
        ask({"task": "decode_json", "json": text})
        for text in ("[]", ["[", "]"], ["", {"bytes": []}, "[]"])
    ]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0].values["reason"] == "malformed_message"
