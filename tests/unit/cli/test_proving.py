"""`prove`, `execute`, `prover`: arguments, refusals, answers; with a FAKE worker in the cache."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.prover.conftest import FAKE_VK, FAKE_WORKER
from zkattest.prover.cache import current_entry
from zkattest.types.execution import BlockPackage, ExecutionClaim, ExecutionWitness
from zkattest.types.ids import BlockHash, ChainId, Root


@pytest.fixture
def block(tmp_path: Path) -> Path:
    zero = Root(bytes(32))
    claim = ExecutionClaim(
        BlockHash(bytes(32)), zero, zero, zero, zero, bytes(256), zero, execution_reverted=False
    )
    package = BlockPackage(ChainId(1), b"\xc0", claim, (), ExecutionWitness((), (), ()))
    path = tmp_path / "block.ssz"
    path.write_bytes(package.encode())
    return path


@pytest.fixture
def elf(tmp_path: Path) -> Path:
    path = tmp_path / "guest.elf"
    path.write_bytes(b"no program")
    path.with_suffix(".sha256").write_text(hashlib.sha256(b"no program").hexdigest())
    path.with_suffix(".vk").write_text(str(FAKE_VK))
    return path


@pytest.fixture
def fake_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("ZKATTEST_PROVER_MEMORY_BYTES", "1")
    monkeypatch.setenv("FAKE_WORKER_VK", str(FAKE_VK))
    entry = current_entry()
    entry.folder.mkdir(parents=True)
    shutil.copy2(FAKE_WORKER, entry.binary)
    entry.binary.chmod(0o755)
    return entry.folder


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zkattest.cli.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.usefixtures("fake_cache")
def test_execute__prints_one_object_a_block(block: Path, elf: Path) -> None:
    answer = run("execute", block, block, "--elf", elf, "--json")
    assert answer.returncode == 0, answer.stderr
    objects = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [found["cycles"] for found in objects] == [1000, 1000]
    assert objects[0]["system_calls"] == {"keccak_permute": 3}


@pytest.mark.usefixtures("fake_cache")
def test_execute__prints_for_a_person(block: Path, elf: Path) -> None:
    answer = run("execute", block, "--elf", elf)
    assert "1,000 cycles" in answer.stdout
    assert "keccak_permute 3" in answer.stdout
    assert "executing" not in answer.stdout


@pytest.mark.usefixtures("fake_cache")
def test_prove__cannot_when_the_proof_does_not_verify_here(block: Path, elf: Path) -> None:
    answer = run("prove", block, "-o", block.parent / "proof.bin", "--elf", elf)
    assert answer.returncode == 2
    assert "the finished proof does not verify here" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not [path for path in block.parent.iterdir() if "proof" in path.name]


@pytest.mark.usefixtures("fake_cache")
def test_prove__cannot_when_the_worker_crashes(
    block: Path, elf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_WORKER_MODE", "crash")
    answer = run("prove", block, "-o", block.parent / "proof.bin", "--elf", elf)
    assert answer.returncode == 2
    assert len(answer.stderr.splitlines()[-1:]) == 1
    assert "exit code 70; last of its log: something terrible" in answer.stderr


@pytest.mark.usefixtures("fake_cache")
def test_prove__refused_before_work_without_memory(
    block: Path, elf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZKATTEST_PROVER_MEMORY_BYTES", str(1 << 50))
    answer = run("prove", block, "-o", block.parent / "proof.bin", "--elf", elf)
    assert answer.returncode == 2
    assert "out_of_resources: proving needs 1048576.0 GiB of memory" in answer.stderr


@pytest.mark.usefixtures("fake_cache")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_prove__interrupted_leaves_no_file_and_no_process(
    block: Path, elf: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setenv("FAKE_WORKER_MODE", "hang")
    target = block.parent / "out"
    target.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "zkattest.cli.main", "prove", block, "-o", target, "--elf", elf],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    line = next(line for line in process.stderr if "child " in line)
    child_pid = int(line.split("child ")[1].split()[0])
    process.send_signal(number)
    assert process.wait(timeout=60) == 130
    assert "Traceback" not in process.stderr.read()
    assert not Path(f"/proc/{child_pid}").exists()
    assert list(target.iterdir()) == []


def test_block__refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "cut.ssz").write_bytes(b"\x01\x00")
    for path, reason in (
        (tmp_path / "nothing.ssz", "No such file or directory"),
        (tmp_path, "not a regular file"),
        (tmp_path / "cut.ssz", "2 bytes"),
    ):
        answer = run("execute", path)
        assert answer.returncode == 2
        assert answer.stderr.count("\n") == 1
        assert str(path) in answer.stderr
        assert reason in answer.stderr


def test_prove__refused_several_blocks_into_one_file(block: Path) -> None:
    answer = run("prove", block, block, "-o", block.parent / "proof.bin")
    assert answer.returncode == 2
    assert "not a folder, and there are several blocks" in answer.stderr


def test_prove__refused_folder_that_is_not_there(block: Path) -> None:
    answer = run("prove", block, "-o", block.parent / "no" / "proof.bin")
    assert answer.returncode == 2
    assert "its folder does not exist" in answer.stderr


def test_prove__says_how_to_build_the_worker(
    block: Path, elf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    answer = run("prove", block, "-o", tmp_path / "proof.bin", "--elf", elf)
    assert answer.returncode == 2
    assert "run `zkattest prover init`" in answer.stderr


@pytest.mark.usefixtures("fake_cache")
def test_init__finds_what_is_built() -> None:
    answer = run("prover", "init", "--json")
    assert answer.returncode == 0
    assert json.loads(answer.stdout)["built"] is False


def test_init__refused_without_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("rustc", "cargo", "cc"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("RUSTUP_HOME", os.environ.get("RUSTUP_HOME", str(Path.home() / ".rustup")))
    answer = run("prover", "init")
    assert answer.returncode == 2
    assert (
        "missing protoc, clang, cmake, pkg-config, OpenSSL headers: "
        "apt-get install -y protobuf-compiler clang cmake pkg-config libssl-dev"
    ) in answer.stderr


def test_status__tells_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    answer = run("prover", "status", "--json")
    facts = json.loads(answer.stdout)
    assert answer.returncode == 2
    assert facts["built"] is False
    assert "not built: run `zkattest prover init`" in facts["problems"]


@pytest.mark.usefixtures("fake_cache")
def test_key__prints_the_key_alone(elf: Path) -> None:
    answer = run("prover", "key", elf)
    assert answer.returncode == 0
    assert answer.stdout == f"{FAKE_VK}\n"
