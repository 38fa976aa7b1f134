"""A recorded chain is read as it is, and refused by file and field when it is not one."""

import shutil
from pathlib import Path

import pytest

from zkattest.devnet.pack import PackError, load_pack

CHAIN = Path(__file__).parents[3] / "vectors" / "eip7886" / "chain"


@pytest.fixture
def folder(tmp_path):
    """Copy the first three blocks, without proofs."""
    for source in sorted(CHAIN.glob("*/block.ssz"))[:3]:
        target = tmp_path / source.parent.name
        target.mkdir()
        for name in ("block.ssz", "claim.ssz"):
            shutil.copy(source.parent / name, target / name)
    return tmp_path


def test_pack__counts_proofs_up_to_the_first_gap(folder):
    blocks = load_pack(folder).blocks
    assert load_pack(folder).proven == 0
    blocks[0].proof_path.write_bytes(b"proof")
    blocks[2].proof_path.write_bytes(b"proof")
    assert load_pack(folder).proven == 1
    blocks[1].proof_path.write_bytes(b"proof")
    assert load_pack(folder).proven == 3


def test_pack__gives_blocks_by_their_numbers(folder):
    pack = load_pack(folder)
    assert [(block.number, block.name) for block in pack.blocks] == [
        (1, "transfers"),
        (2, "token_deployment"),
        (3, "token_transfers"),
    ]
    assert pack[2].block.header.parent_hash == pack[1].block.block_hash
    assert pack[2].package.parent_claim == pack[1].claim


def test_pack__refused_when_empty(tmp_path):
    with pytest.raises(PackError, match=r"no block packages"):
        load_pack(tmp_path)


def test_pack__refused_when_a_block_is_missing(folder):
    shutil.rmtree(load_pack(folder)[2].folder)
    with pytest.raises(PackError, match=r"0003_token_transfers/block.ssz: parent_hash"):
        load_pack(folder)


@pytest.mark.parametrize("content", [b"", b"\x00" * 100])
def test_pack__refused_when_a_package_is_broken(folder, content):
    load_pack(folder)[1].package_path.write_bytes(content)
    with pytest.raises(PackError, match=r"0001_transfers/block.ssz"):
        load_pack(folder)


def test_pack__refused_when_a_claim_is_another_s(folder):
    blocks = load_pack(folder).blocks
    shutil.copy(blocks[1].folder / "claim.ssz", blocks[0].folder / "claim.ssz")
    with pytest.raises(PackError, match=r"0002_token_deployment/block.ssz: parent_claim"):
        load_pack(folder)


def test_pack__refused_when_a_claim_is_missing_or_too_long(folder):
    claim = load_pack(folder)[1].folder / "claim.ssz"
    claim.write_bytes(bytes(450))
    with pytest.raises(PackError, match=r"claim.ssz: file: 450 bytes, at most 449"):
        load_pack(folder)
    claim.unlink()
    with pytest.raises(PackError, match=r"claim.ssz: file: No such file"):
        load_pack(folder)
