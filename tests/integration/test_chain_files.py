"""Files of the recorded chain appear whole, and proofs stay with the block they prove."""

from pathlib import Path

import pytest

from tests.helpers.proofs import SP1_PROGRAM_VK, SP1_PROOF
from tools.chain.blocks import describe, keep_proof_record, remove_stale, with_proof_record
from tools.chain.files import Case, cases, dump_yaml, write_atomically
from tools.chain.plan import BlockPlan
from tools.chain.proofs import Recorder, RecordingError, expected_values, forget
from tools.record_chain import number_of
from zkattest.crypto.builder import BuiltBlock
from zkattest.prover.program import Program
from zkattest.verify.proof import ProofSystem
from zkattest.verify.registry import Registry

RECORD = {"system": "sp1", "cycles": 5}
SUMMARY = {
    "number": 3,
    "block_hash": "0x00",
    "declared_gas": 1,
    "gas_used": 0,
    "base_fee_per_gas": 7,
    "revert": "declared gas 1, used 2",
    "receipts": [],
    "witness": {"nodes": 1, "codes": 0, "headers": 1},
}
DESCRIPTION = dump_yaml(describe(BlockPlan("name", "summary"), BuiltBlock(b"", b"", SUMMARY)))


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """Copy a recorded block, described but not proven."""
    [recorded] = [case for case in cases() if number_of(case) == 10]
    copy = Case(tmp_path / recorded.directory.name)
    write_atomically(copy.block, recorded.block.read_bytes())
    write_atomically(copy.claim, recorded.claim.read_bytes())
    write_atomically(copy.meta, DESCRIPTION)
    return copy


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    """Trust the program of the golden proof, which proves no block of ours."""
    registry = Registry([(ProofSystem.SP1, SP1_PROGRAM_VK)])
    return Recorder(Program(tmp_path / "no.elf", SP1_PROGRAM_VK), registry)


def test_file__is_replaced_without_leftovers(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    write_atomically(path, b"first")
    write_atomically(path, b"second")
    assert path.read_bytes() == b"second"
    assert list(path.parent.iterdir()) == [path]


def test_file__stays_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.mkdir()
    with pytest.raises(OSError, match="file"):
        write_atomically(path, b"content")
    assert list(tmp_path.iterdir()) == [path]


def test_proof_record__follows_an_unchanged_block(case: Case) -> None:
    write_atomically(case.meta, with_proof_record(DESCRIPTION, RECORD))
    files = {f"{case.directory.name}/block.ssz": case.block.read_bytes()}
    kept = keep_proof_record(case.meta, DESCRIPTION, files)
    assert kept == with_proof_record(DESCRIPTION, RECORD)


def test_proof_record__is_dropped_with_a_changed_block(case: Case) -> None:
    write_atomically(case.meta, with_proof_record(DESCRIPTION, RECORD))
    files = {f"{case.directory.name}/block.ssz": b"another block"}
    assert keep_proof_record(case.meta, DESCRIPTION, files) == DESCRIPTION


def test_proof_record__needs_an_empty_place() -> None:
    with pytest.raises(ValueError, match="does not end with an empty proof record"):
        with_proof_record(with_proof_record(DESCRIPTION, RECORD), RECORD)


def test_proof__is_forgotten_with_its_record(case: Case) -> None:
    write_atomically(case.proof, b"proof")
    write_atomically(case.meta, with_proof_record(DESCRIPTION, RECORD))
    forget(case)
    assert not case.proof.exists()
    assert case.meta.read_bytes() == DESCRIPTION


def test_proof__is_refused_when_it_proves_something_else(case: Case, recorder: Recorder) -> None:
    assert not recorder.is_proven(case)
    with pytest.raises(RecordingError, match="is not one of the block's claim"):
        recorder.keep(case, SP1_PROOF, {})
    assert not case.proof.exists()
    write_atomically(case.proof, SP1_PROOF)
    assert not recorder.is_proven(case)


def test_public_values__name_chain_and_statement(case: Case) -> None:
    values = expected_values(case)
    assert values[32:] == b"\x01" + (7886).to_bytes(8, "little") + b"\x86\x78"


def test_blocks__that_are_no_longer_told_are_removed(case: Case) -> None:
    chain = case.directory.parent
    write_atomically(chain / "0011_kept" / "block.ssz", b"")
    removed = remove_stale(chain, {"0011_kept/block.ssz": b""})
    assert sorted(path.name for path in chain.iterdir()) == ["0011_kept"]
    assert f"{case.directory.name}/block.ssz" in removed
