"""The recorded chain is what the tools make, links up, and passes the product's own checks."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.chain import contracts
from tools.chain.blocks import chain_files, with_proof_record
from tools.chain.files import CHAIN, Case, cases
from tools.chain.proofs import expected_values
from zkattest.crypto.blocks import decode_block
from zkattest.prover.program import load_program
from zkattest.types.execution import BlockPackage, ExecutionClaim
from zkattest.verify.proof import ProofSystem
from zkattest.verify.registry import Registry

ROOT = Path(__file__).resolve().parents[2]
CASES = list(cases())
PROVEN = [case for case in CASES if case.proof.exists()]
PRINT_FILES = """
import hashlib, json
from tools.chain.blocks import chain_files
print(json.dumps({name: hashlib.sha256(data).hexdigest() for name, data in chain_files().items()}))
"""


def name_of(case: Case) -> str:
    """Name a test after the folder of its block."""
    return case.directory.name


@pytest.mark.slow
@pytest.mark.parametrize("hash_seed", ["0", "7886"])
def test_blocks__are_regenerated_bit_by_bit(hash_seed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRINT_FILES],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    made: dict[str, str] = json.loads(done.stdout)
    recorded = {name: digest(name) for name in made if not name.endswith("meta.yaml")}
    assert {name: made[name] for name in recorded} == recorded
    assert {name.split("/")[0] for name in made} - {"genesis.json"} == set(map(name_of, CASES))


def digest(name: str) -> str:
    """Hash a recorded file; its path is inside the chain's folder."""
    return hashlib.sha256((CHAIN / name).read_bytes()).hexdigest()


@pytest.mark.slow
def test_descriptions__are_what_the_tools_write() -> None:
    for name, content in chain_files().items():
        if name.endswith("meta.yaml"):
            case = Case((CHAIN / name).parent)
            expected = with_proof_record(content, case.read_meta()["proof"])
            assert case.meta.read_bytes() == expected, name


@pytest.mark.slow
def test_contracts__are_what_their_sources_compile_to() -> None:
    assert contracts.compile_all() == contracts.load()


def test_chain__repeats_the_outputs_of_each_parent() -> None:
    anchor = json.loads((CHAIN / "genesis.json").read_text())["anchor"]
    parent = ExecutionClaim.decode(bytes.fromhex(anchor["claim"][2:]))
    for number, case in enumerate(CASES, start=1):
        package = BlockPackage.decode(case.block.read_bytes())
        header = decode_block(package.block).header
        assert package.parent_claim == parent, name_of(case)
        assert header.number == number
        assert header.parent_hash == parent.block_hash
        assert header.pre_state_root == parent.post_state_root
        parent = ExecutionClaim.decode(case.claim.read_bytes())


@pytest.mark.parametrize("case", PROVEN, ids=name_of)
def test_proof__proves_the_claim_of_its_block(case: Case) -> None:
    record = case.read_meta()["proof"]
    program_vk = load_program().program_vk
    assert record["program_vk"] == str(program_vk)
    registry = Registry([(ProofSystem.SP1, program_vk)])
    values = expected_values(case)
    assert record["public_values"] == "0x" + values.hex()
    registry.verify(ProofSystem.SP1, program_vk, case.proof.read_bytes(), values)
