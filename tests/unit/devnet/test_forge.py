"""Each forged block breaks exactly the rule that it is made to break, and keeps all others."""

from pathlib import Path

import pytest

from tests.helpers.proofs import SP1_PROGRAM_VK, SP1_PROOF
from zkattest import InvalidBlock, InvalidProof, Reason, check_block, verify_proof
from zkattest.crypto.blocks import decode_block
from zkattest.devnet.forge import (
    corrupt_proof,
    forge_nonce_gap,
    forge_receipt_root,
    forge_signature,
)
from zkattest.devnet.pack import load_pack

CHAIN = Path(__file__).parents[3] / "vectors" / "eip7886" / "chain"


@pytest.fixture(scope="module")
def pack():
    return load_pack(CHAIN)


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (forge_signature, Reason.SIGNATURE_INVALID),
        (forge_nonce_gap, Reason.NONCE_MISMATCH),
        (forge_receipt_root, Reason.PARENT_RECEIPT_ROOT_MISMATCH),
    ],
)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_forged_block__refused_for_its_reason(pack, forge, reason, number):
    check_block(pack[number].package)
    with pytest.raises(InvalidBlock) as refusal:
        check_block(forge(pack, number))
    assert refusal.value.reason is reason


def test_forged_body__keeps_the_block_hash(pack):
    forged = forge_nonce_gap(pack, 2)
    assert forged.block != pack[2].package.block
    assert pack[2].block.block_hash == decode_block(forged.block).block_hash


def test_corrupted_proof__decodes_and_does_not_verify():
    with pytest.raises(InvalidProof) as refusal:
        verify_proof(corrupt_proof(SP1_PROOF), SP1_PROGRAM_VK)
    assert refusal.value.reason is Reason.PROOF_INVALID
