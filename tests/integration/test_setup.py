"""The set-up says what is missing, and knows when the built core still fits."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import setup

SCRIPT = setup.ROOT / "tools" / "setup.py"


def run_setup(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the set-up with nothing on the path but one folder."""
    environment = {"PATH": str(folder), "HOME": str(folder / "nobody")}
    return subprocess.run(
        [sys.executable, SCRIPT], env=environment, capture_output=True, text=True, check=False
    )


def put_program(folder: Path, name: str, prints: str) -> None:
    """Put a program on the path that prints one line."""
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{prints}'\n")
    program.chmod(0o755)


def test_setup__exits_2_with_one_line_that_names_all_that_is_missing(tmp_path: Path) -> None:
    done = run_setup(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "zkattest: setup: missing: a C compiler ('apt install gcc libc6-dev'); "
        "cargo (install Rust with rustup, https://rustup.rs)\n"
    )


def test_setup__exits_2_naming_an_old_compiler(tmp_path: Path) -> None:
    put_program(tmp_path, "cc", "cc")
    put_program(tmp_path, "cargo", "cargo 1.89.0 (abcdef 2025-01-01)")
    done = run_setup(tmp_path)
    assert done.returncode == 2
    expected = "missing: Rust 1.90 or newer, found 1.89 ('rustup update stable')\n"
    assert done.stderr == f"zkattest: setup: {expected}"


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ("cargo 1.90.0 (840b83a10 2025-07-30)", (1, 90)),
        ("cargo 1.95.0-nightly (f2d3ce0bd 2026-03-21)", (1, 95)),
        ("nonsense", (0, 0)),
    ],
)
def test_rust_version__is_read_from_cargo(
    printed: str, version: tuple[int, int], tmp_path: Path
) -> None:
    put_program(tmp_path, "cargo", printed)
    assert setup.rust_version(tmp_path / "cargo") == version


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set the Rust folder to a small one, with a compiler that states its version."""
    rust = tmp_path / "rust"
    (rust / "py" / "src").mkdir(parents=True)
    (rust / "py" / "tests").mkdir()
    (rust / "Cargo.lock").write_text("lock")
    (rust / "py" / "src" / "lib.rs").write_text("code")
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "RUST", rust)
    monkeypatch.delenv("RUSTFLAGS", raising=False)
    put_program(tmp_path, "rustc", "rustc 1.95.0")
    return rust


def test_core_key__changes_with_all_that_the_core_is_built_from(sources: Path) -> None:
    cargo = sources.parent / "cargo"
    keys = {setup.core_key(cargo)}
    (sources / "py" / "src" / "lib.rs").write_text("other code")
    keys.add(setup.core_key(cargo))
    (sources / "Cargo.lock").write_text("other lock")
    keys.add(setup.core_key(cargo))
    (sources / "py" / "src" / "lib.rs").rename(sources / "py" / "src" / "main.rs")
    keys.add(setup.core_key(cargo))
    put_program(sources.parent, "rustc", "rustc 1.96.0")
    keys.add(setup.core_key(cargo))
    assert len(keys) == 5


def test_core_key__ignores_tests_and_build_products(sources: Path) -> None:
    cargo = sources.parent / "cargo"
    key = setup.core_key(cargo)
    (sources / "py" / "tests" / "test.rs").write_text("test")
    (sources / "target" / "release").mkdir(parents=True)
    (sources / "target" / "release" / "build.rs").write_text("product")
    assert setup.core_key(cargo) == key


def test_write_atomically__leaves_an_equal_file_alone_and_replaces_another(tmp_path: Path) -> None:
    path = tmp_path / "stamps" / "core"
    setup.write_atomically(path, "one", mode=0o755)
    assert os.access(path, os.X_OK)
    before = path.stat().st_mtime_ns
    setup.write_atomically(path, "one")
    assert path.stat().st_mtime_ns == before
    setup.write_atomically(path, "two")
    assert (path.read_text(), list(path.parent.iterdir())) == ("two", [path])


def test_forget_old_cores__keeps_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "CACHE", tmp_path)
    for age in range(setup.KEPT_CORES + 2):
        folder = tmp_path / "core" / f"{age:02}"
        folder.mkdir(parents=True)
        os.utime(folder, (1000 - age, 1000 - age))
    setup.forget_old_cores()
    kept = sorted(path.name for path in (tmp_path / "core").iterdir())
    assert kept == [f"{age:02}" for age in range(setup.KEPT_CORES)]


def test_copy_atomically__replaces_a_file_that_is_in_use(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_text("new")
    shutil.copyfile(source, target)
    with target.open() as held:
        source.write_text("newer")
        setup.copy_atomically(source, target)
        assert held.read() == "new"
    assert target.read_text() == "newer"
