"""The wheel works where the source tree is not."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.helpers.proofs import SP1_PROGRAM_VK, SP1_PROOF_FILE

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and install it into an environment of its own, in another folder."""
    folder = tmp_path_factory.mktemp("wheel")
    call([sys.executable, "-m", "tools.build_wheel", folder / "dist"], ROOT)
    [wheel] = (folder / "dist").glob("*.whl")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    [site] = (folder / "venv" / "lib").glob("python*/site-packages")
    # Dependencies come from the environment of the tests; a nested .pth file is not read, so the
    # source tree that it names stays out of sight.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [sys.executable, "-m", "pip", "--python", folder / "venv" / "bin" / "python"]
    call([*pip, "install", "--quiet", "--no-deps", "--no-index", wheel], folder)
    return folder


def call(command: list[str | Path], cwd: Path) -> str:
    """Run a command in a folder and return what it printed; fail with its errors."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_wheel__is_imported_from_where_it_was_installed(environment: Path) -> None:
    script = "import zkattest, zkattest._core as core; print(zkattest.__file__, core.__file__)"
    places = call([environment / "venv" / "bin" / "python", "-c", script], environment).split()
    assert all(Path(place).is_relative_to(environment / "venv") for place in places)


def test_wheel__has_every_module_of_the_package(environment: Path) -> None:
    [installed] = (environment / "venv" / "lib").glob("python*/site-packages/zkattest")
    expected = {path.relative_to(ROOT / "zkattest") for path in (ROOT / "zkattest").rglob("*.py")}
    assert {path.relative_to(installed) for path in installed.rglob("*.py")} == expected


def test_wheel__holds_the_guest_and_the_sources_of_the_worker(environment: Path) -> None:
    script = (
        "from zkattest.prover.resources import guest_elf, worker_sources\n"
        "print(guest_elf(), worker_sources() / 'Cargo.lock')"
    )
    places = call([environment / "venv" / "bin" / "python", "-c", script], environment).split()
    assert all(Path(place).is_relative_to(environment / "venv") for place in places)
    assert all(Path(place).exists() for place in places)


def test_wheel__shows_the_help_of_its_command(environment: Path) -> None:
    assert "verify" in call([environment / "venv" / "bin" / "zkattest", "--help"], environment)


@pytest.mark.parametrize("options", [[], ["--eip8025"]])
def test_wheel__prints_the_sample_of_a_node(environment: Path, options: list[str]) -> None:
    command = [environment / "venv" / "bin" / "zkattest", "node", "--print-config", *options]
    name = "eip8025.sample.toml" if options else "node.sample.toml"
    assert call(command, environment) == (ROOT / "docs" / "operators" / name).read_text()


def test_wheel__verifies_a_proof(environment: Path) -> None:
    arguments = [SP1_PROOF_FILE, "--system", "sp1", "--program-vk", str(SP1_PROGRAM_VK)]
    command = [environment / "venv" / "bin" / "zkattest", "verify", *arguments]
    assert call(command, environment).startswith("valid: sp1 proof")
