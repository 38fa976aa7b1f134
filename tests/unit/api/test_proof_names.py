"""A proof type is found by its word, its entry and its number."""

import pytest

from tests.helpers.stand_in_engine import ETHREX_ZISK, PROOF_TYPES, RETH_SP1
from zkattest.api.proof_names import ProofNames
from zkattest.types.ids import ProofType
from zkattest.types.verification import ProofTypeInfo


@pytest.mark.parametrize("text", ["reth-sp1", "reth-sp1-v1", "1"])
def test_type__found_by_each_name(text):
    assert ProofNames(PROOF_TYPES).find(text) == PROOF_TYPES[0]


@pytest.mark.parametrize("text", ["", "0", "01", "RETH-SP1", "reth", "0x1"])
def test_type__not_found_by_others(text):
    assert ProofNames(PROOF_TYPES).find(text) is None


def test_word__that_two_share_names_neither():
    infos = (
        ProofTypeInfo(ProofType(1), RETH_SP1, can_verify=True),
        ProofTypeInfo(ProofType(2), RETH_SP1, can_verify=True),
        ProofTypeInfo(ProofType(3), ETHREX_ZISK, can_verify=True),
    )
    names = ProofNames(infos)
    assert names.find("reth-sp1") is None
    assert [names.word(info.proof_type) for info in infos][2] == "ethrex-zisk"
    assert names.word(ProofType(9)) == "9"
