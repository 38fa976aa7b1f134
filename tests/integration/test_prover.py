"""The real worker on recorded blocks: execute, prove, verify, interrupt. Minutes: `-m prove`."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from zkattest.crypto.hashing import hash_tree_root_claim
from zkattest.prover.cache import current_entry
from zkattest.types.execution import BlockPackage, ExecutionClaim
from zkattest.types.wire import PublicValues

pytestmark = pytest.mark.prove

CHAIN = Path(__file__).parents[2] / "vectors" / "eip7886" / "chain"
# The cheapest block of the chain: proving takes minutes all the same.
SMALL_BLOCK = "0010_empty"
SCHEMA_ID = 0x7886


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "zkattest.cli.main", *map(str, arguments)]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, check=False)


def expected_values(case: Path) -> bytes:
    """Compute what the guest has to commit to from the claim that native execution gave."""
    package = BlockPackage.decode((case / "block.ssz").read_bytes())
    claim = ExecutionClaim.decode((case / "claim.ssz").read_bytes())
    root = hash_tree_root_claim(claim)
    return PublicValues(root, valid=True, chain_id=package.chain_id, schema_id=SCHEMA_ID).encode()


@pytest.fixture(scope="module", autouse=True)
def _worker() -> None:
    answer = run("prover", "init")
    assert answer.returncode == 0, answer.stderr


def test_init__finds_the_built_worker_in_seconds() -> None:
    answer = run("prover", "init", "--json")
    assert json.loads(answer.stdout) == {
        "built": False,
        "key": current_entry().key,
        "path": str(current_entry().binary),
    }


def test_key__is_the_committed_one() -> None:
    elf = Path(__file__).parents[2] / "guests" / "sp1" / "elf" / "zkattest-guest.elf"
    answer = run("prover", "key", elf)
    assert answer.stdout == elf.with_suffix(".vk").read_text()


def test_execute__every_recorded_block_gives_its_claim_and_its_cycles() -> None:
    cases = sorted(path.parent for path in CHAIN.glob("*/block.ssz"))
    assert cases
    answer = run("execute", *[case / "block.ssz" for case in cases], "--json")
    assert answer.returncode == 0, answer.stderr
    executed = [json.loads(line) for line in answer.stdout.splitlines()]
    for case, found in zip(cases, executed, strict=True):
        assert found["public_values"] == "0x" + expected_values(case).hex(), case.name
        proof: dict[str, Any] | None = yaml.safe_load((case / "meta.yaml").read_text())["proof"]
        if proof is not None:
            assert found["cycles"] == proof["cycles"], case.name


def test_execute__sentinel_for_a_witness_that_lacks_everything(tmp_path: Path) -> None:
    package = BlockPackage.decode((CHAIN / "0001_transfers" / "block.ssz").read_bytes())
    bare = type(package.witness)(state=(), codes=(), headers=())
    path = tmp_path / "bare.ssz"
    path.write_bytes(
        BlockPackage(
            package.chain_id, package.block, package.parent_claim, package.versioned_hashes, bare
        ).encode()
    )
    answer = run("execute", path, "--json")
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["public_values"] == "0x" + "00" * 43


def test_prove__interrupted_leaves_no_file_no_process_and_no_shared_memory(tmp_path: Path) -> None:
    before = set(Path("/dev/shm").iterdir())
    process = subprocess.Popen(
        command("prove", CHAIN / SMALL_BLOCK / "block.ssz", "-o", tmp_path),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    seen = ""
    for line in process.stderr:
        seen += line
        if "proving shards" in line:
            break
    children = psutil.Process(process.pid).children(recursive=True)
    assert children, seen
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert not [child for child in children if child.is_running()]
    assert list(tmp_path.iterdir()) == []
    assert set(Path("/dev/shm").iterdir()) == before


def test_prove__small_block_is_proven_live_and_verifies(tmp_path: Path) -> None:
    case = CHAIN / SMALL_BLOCK
    proof = tmp_path / "proof.bin"
    started = time.monotonic()
    answer = run("prove", case / "block.ssz", "-o", proof, "--json")
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert found["public_values"] == "0x" + expected_values(case).hex()
    assert found["proof_bytes"] == proof.stat().st_size
    assert list(tmp_path.iterdir()) == [proof]

    values = tmp_path / "values.bin"
    values.write_bytes(expected_values(case))
    verify = run(
        "verify", proof, "--system", "sp1", "--program-vk", found["program_vk"],
        "--public-values", values,
    )  # fmt: skip
    assert verify.returncode == 0, verify.stderr
    wall_s = time.monotonic() - started
    sys.stderr.write(f"proven and verified in {wall_s:.0f} s: {found}\n")
