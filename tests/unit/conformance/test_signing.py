"""Inputs of the signing runner that are no question; the answers are tested by the vectors."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from zkattest.conformance.proof_scene import write_profile
from zkattest.conformance.registry import find_cases
from zkattest.conformance.signing import check_signing
from zkattest.conformance.values import CaseError
from zkattest.types.proof_profiles import PROFILES, ProfileName

PACK = Path(__file__).resolve().parents[3] / "vectors" / "eip8025"
SIGN = find_cases(PACK / "beta4" / "signing" / "sign" / "proof__valid_32_bytes")[0].read()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"task": ["bind"]}, "input.task: expected "),
        ({"task": "sing"}, "input.task: expected sign, verify, which_revision"),
        ({"network": {}}, "input.network.fork_version: missing"),
        ({"message": "0x00"}, "input.message: object: truncated"),
        ({"secret_key": "0x00"}, "input.secret_key: "),
        ({"secret_key": "0x" + "00" * 32}, "input.secret_key: "),
    ],
)
def test_signing__refused_input(change, reason):
    with pytest.raises(CaseError) as caught:
        check_signing(replace(SIGN, input={**SIGN.input, **change}))
    assert str(caught.value).startswith(reason)


def test_signing__refused_where_nothing_is_signed():
    name = "teku-subnet/signing/revision/message__valid_unsigned"
    given = json.loads((PACK / name / "input.json").read_text())
    profile = write_profile(PROFILES[ProfileName.TEKU_SUBNET])
    case = replace(SIGN, profile=profile, input={**given, "task": "verify"})
    with pytest.raises(CaseError, match=r"profile\.preset: teku-subnet signs nothing"):
        check_signing(case)
