"""Blocks of a recorded chain become questions of the static runner."""

import shutil
from pathlib import Path

import pytest

from zkattest.conformance.chain import read_chain_case
from zkattest.conformance.static import read_package
from zkattest.conformance.values import CaseError
from zkattest.types.execution import BlockPackage

BLOCK = Path(__file__).resolve().parents[3] / "vectors" / "eip7886" / "chain" / "0001_transfers"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("block.ssz", "meta.yaml"):
        shutil.copy(BLOCK / name, tmp_path / name)
    return tmp_path


def test_chain__read_as_a_question_of_static(folder):
    case = read_chain_case(folder, "chain/0001_transfers", "chain")
    package = BlockPackage.decode((BLOCK / "block.ssz").read_bytes())
    assert case.runner == "static"
    read = read_package(case.input)
    assert read.block == package.block
    assert read.witness.headers == package.witness.headers[-1:]
    assert case.expected.values["block_hash"].startswith("0x")


@pytest.mark.parametrize(
    ("meta", "reason"),
    [
        ("[", "meta.yaml: not YAML"),
        ("- 1", "meta.yaml: expected an object"),
        ("profile: loose", "profile: expected strict"),
        ("profile: strict\nexpected: {static: invalid}", "expected.static"),
        ("profile: strict\nexpected: {static: valid}", "block: missing"),
    ],
)
def test_chain__refused_meta(folder, meta, reason):
    (folder / "meta.yaml").write_text(meta)
    with pytest.raises(CaseError) as caught:
        read_chain_case(folder, "chain/x", "chain")
    assert reason in str(caught.value)


def test_chain__refused_block(folder):
    (folder / "block.ssz").write_bytes(b"\0" * 100)
    with pytest.raises(CaseError, match=r"block\.ssz"):
        read_chain_case(folder, "chain/x", "chain")
