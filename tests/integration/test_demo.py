"""The demo with real processes: it compares, it cleans up, it says what is missing."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from zkattest.devnet.pack import load_pack
from zkattest.devnet.scenario import ATTESTERS, BLOCKS_NEEDED, PROOFS_NEEDED

CHAIN = Path(__file__).parents[2] / "vectors" / "eip7886" / "chain"
PROCESSES = ATTESTERS + 3
END_WITHIN_S = 30
pytestmark = pytest.mark.slow


def demo_command(*arguments):
    return [sys.executable, "-m", "zkattest.cli.main", "demo", *map(str, arguments)]


@pytest.fixture
def garbage(tmp_path):
    """Copy the start of the chain with proofs that are none."""
    folder = tmp_path / "chain"
    for source in sorted(CHAIN.glob("*/block.ssz"))[:BLOCKS_NEEDED]:
        target = folder / source.parent.name
        target.mkdir(parents=True)
        for name in ("block.ssz", "claim.ssz"):
            shutil.copy(source.parent / name, target / name)
        (target / "proof.bin").write_bytes(b"no proof of " + target.name.encode())
    return folder


@pytest.fixture
def running(garbage, tmp_path):
    """Start a demo and wait until its processes play; end whatever is left of it."""
    report = tmp_path / "run.json"
    demo = subprocess.Popen(
        demo_command("--vectors", garbage, "--slot-seconds", 20, "--json", report),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert demo.stdout is not None
    if not any("connected" in line for line in demo.stdout):
        pytest.fail(demo.communicate()[1])
    children = psutil.Process(demo.pid).children(recursive=True)
    yield demo, children, report
    for process in [demo, *children]:
        if psutil.pid_exists(process.pid):
            os.kill(process.pid, signal.SIGKILL)
    demo.communicate()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_demo__leaves_nothing_behind_when_interrupted(running, stop):
    demo, children, report = running
    assert len(children) >= PROCESSES
    demo.send_signal(stop)
    assert demo.wait(END_WITHIN_S) == 130
    assert psutil.wait_procs(children, timeout=END_WITHIN_S)[1] == []
    assert not report.exists()
    assert [p.name for p in report.parent.iterdir()] == ["chain"]


def test_demo__its_processes_end_when_it_is_killed(running):
    demo, children, _ = running
    demo.kill()
    assert psutil.wait_procs(children, timeout=END_WITHIN_S)[1] == []


def test_demo__exits_1_when_the_proofs_are_none(garbage, tmp_path):
    report = tmp_path / "run.json"
    done = subprocess.run(
        demo_command("--vectors", garbage, "--slot-seconds", 2, "--json", report),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    written = json.loads(report.read_text())
    assert written["ok"] is False
    # The first block's parent is the anchor; nothing after it is ever proven.
    assert {entry["slot"] for entry in written["slots"] if entry["attested"]} <= {1}
    assert "not as expected" in done.stdout


def test_demo__exits_2_in_one_line_when_proofs_are_missing(garbage):
    for proof in sorted(garbage.glob("*/proof.bin"))[2:]:
        proof.unlink()
    done = subprocess.run(
        demo_command("--vectors", garbage), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "7 blocks, the first 2 with proofs; the script needs 7 and 6" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--vectors", "/does/not/exist"],
        ["--slot-seconds", "0"],
        ["--slot-seconds", "nan"],
        ["--json", "/does/not/exist/run.json"],
        ["--logs", "/does/not/exist"],
    ],
)
def test_demo__exits_2_in_one_line_for_bad_arguments(arguments):
    done = subprocess.run(demo_command(*arguments), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("zkattest: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(
    load_pack(CHAIN).proven < PROOFS_NEEDED,
    reason="the recorded chain does not hold the proofs that the script needs (make record)",
)
def test_demo__every_verdict_as_expected_with_the_recorded_proofs(tmp_path):
    report = tmp_path / "run.json"
    done = subprocess.run(
        demo_command("--slot-seconds", 4, "--json", report),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    written = json.loads(report.read_text())
    assert written["ok"] is True
    assert written["attesters"] == ATTESTERS
    for entry in written["slots"]:
        assert {key: entry[key] for key in entry["expected"]} == entry["expected"]
    assert min(e["verify_ms"] for e in written["slots"] if e["verify_ms"] is not None) > 1
