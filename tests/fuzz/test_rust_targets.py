"""The Rust targets, each for a moment, where their libraries are built already."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zkattest"
BUILT = Path(os.environ.get("FUZZ_TARGET_DIR") or CACHE / "target-fuzz")
TARGETS = sorted(path.stem for path in (ROOT / "rust" / "fuzz" / "fuzz_targets").glob("*.rs"))
SECONDS = 1
BUILD_LIMIT_S = 120


@pytest.fixture(scope="module")
def _built():
    """Build what has changed; a first build takes many minutes, which no test run should."""
    how = "'tools/fuzz.sh block 0' builds them, in minutes"
    if not any(BUILT.glob("*/release/deps/libethrex_levm-*.rlib")):
        pytest.skip(f"the fuzz targets are not built: {how}")
    commands = " && ".join(f"tools/fuzz.sh {target} 0" for target in TARGETS)
    # A group of its own, so that cargo and its compilers end with the shell.
    build = subprocess.Popen(["sh", "-c", commands], cwd=ROOT, start_new_session=True)
    try:
        assert build.wait(BUILD_LIMIT_S) == 0
    except subprocess.TimeoutExpired:
        os.killpg(build.pid, signal.SIGKILL)
        build.wait()
        pytest.skip(f"building the fuzz targets takes more than {BUILD_LIMIT_S} s: {how}")


@pytest.mark.slow
@pytest.mark.usefixtures("_built")
@pytest.mark.parametrize("target", TARGETS)
def test_target__finds_nothing_in_a_moment(target):
    done = subprocess.run(
        [ROOT / "tools" / "fuzz.sh", target, str(SECONDS), "-print_final_stats=1"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    [units] = re.findall(r"number_of_executed_units: (\d+)", done.stderr)
    assert int(units) > len(list((ROOT / "tests" / "fuzz" / "corpus" / target).iterdir()))


def test_unknown_target__refused_in_one_line():
    done = subprocess.run(
        [ROOT / "tools" / "fuzz.sh", "nothing", "1"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "fuzz: no target 'nothing'; 'tools/fuzz.sh list' lists them\n"


def test_listed_targets__are_those_of_the_corpus():
    done = subprocess.run(
        [ROOT / "tools" / "fuzz.sh", "list"], capture_output=True, text=True, check=True
    )
    folders = {path.name for path in (ROOT / "tests" / "fuzz" / "corpus").iterdir()}
    assert set(done.stdout.split()) == folders
