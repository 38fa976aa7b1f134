"""Inputs of the static runner: both ways, and refused by the field that is wrong."""

import copy
from dataclasses import replace

import pytest

from tests.helpers.blocks import Case
from tests.helpers.transactions import Tx, blob_hash
from zkattest.conformance.static import read_package, read_preset, write_package
from zkattest.conformance.values import CaseError
from zkattest.spec.presets import OSAKA

PACKAGE = Case(transactions=(Tx(type=3, blobs=(blob_hash(1),)),)).package()
STRICT = {"preset": "osaka", "refund_aware": False, "cap_balance": False}


def test_package__round_trip():
    assert read_package(write_package(PACKAGE)) == PACKAGE
    orphan = replace(PACKAGE, witness=replace(PACKAGE.witness, headers=()))
    assert write_package(orphan)["parent_header"] is None
    assert read_package(write_package(orphan)) == orphan


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("chain_id",), -1, "input.chain_id"),
        (("chain_id",), str(2**64), "input.chain_id"),
        (("block",), "00", "input.block"),
        (("parent_header",), 7, "input.parent_header"),
        (("parent_claim",), None, "input.parent_claim"),
        (("parent_claim", "block_hash"), "0x00", "input.parent_claim.block_hash"),
        (("parent_claim", "logs_bloom"), "0x00", "input.parent_claim.logs_bloom"),
        (("parent_claim", "execution_reverted"), 0, "input.parent_claim.execution_reverted"),
        (("versioned_hashes",), ["0x00"], "input.versioned_hashes"),
        (("witness", "state"), "0x00", "input.witness.state"),
        (("witness", "codes"), [7], "input.witness.codes"),
    ],
)
def test_package__refused(path, value, field):
    given = copy.deepcopy(write_package(PACKAGE))
    place = given
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    with pytest.raises(CaseError) as caught:
        read_package(given)
    assert caught.value.field == field
    del place[path[-1]]
    with pytest.raises(CaseError, match="missing"):
        read_package(given)


def test_preset__read():
    assert read_preset(STRICT) == OSAKA
    assert read_preset({**STRICT, "cap_balance": True}) == OSAKA.with_flags(cap_balance=True)
    assert read_preset({**STRICT, "refund_aware": True}) == OSAKA.with_flags(refund_aware=True)


@pytest.mark.parametrize(
    "profile", [None, "strict", {}, {**STRICT, "preset": "london"}, {**STRICT, "cap_balance": 1}]
)
def test_preset__refused(profile):
    with pytest.raises(CaseError, match="profile"):
        read_preset(profile)
