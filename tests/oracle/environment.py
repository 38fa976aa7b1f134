"""The oracle's own virtual environment, made once and kept in the cache."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCK = HERE / "requirements.lock"


class OracleError(Exception):
    """Say in one line why there is no oracle or why it gave no answer."""


def environment_path() -> Path:
    """Name the environment after what is installed in it and by which Python."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zkattest"
    contents = LOCK.read_bytes() + sys.version.encode()
    return cache / f"oracle-{hashlib.sha256(contents).hexdigest()[:16]}"


def ensure_environment() -> Path:
    """Return the oracle's Python; install the pinned packages when they are not there yet."""
    target = environment_path()
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        # Made elsewhere and named when whole: an interrupted installation is never taken for one.
        # Scripts of a moved environment would name its old place; only its Python is used.
        with tempfile.TemporaryDirectory(prefix=".oracle-", dir=target.parent) as name:
            made = Path(name) / "venv"
            install(made)
            try:
                made.rename(target)
            except OSError:
                # Another process was faster; its environment is the same.
                if not target.exists():
                    raise
    return target / "bin" / "python"


def install(place: Path) -> None:
    """Create an environment with exactly the locked packages."""
    python = place / "bin" / "python"
    run([sys.executable, "-m", "venv", str(place)])
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", str(LOCK)])


def run(command: list[str]) -> None:
    """Run one step of the installation."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OracleError(f"{' '.join(command[1:4])}: {done.stderr.strip().splitlines()[-1:]}")


def forget() -> None:
    """Remove the environment."""
    shutil.rmtree(environment_path(), ignore_errors=True)


if __name__ == "__main__":
    print(ensure_environment())
