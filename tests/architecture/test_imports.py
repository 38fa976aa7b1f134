"""Imports point down the layers; what import-linter cannot see is read from the source."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import zkattest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "zkattest"
# The layers below the shells: no clock, no files, no environment, no concurrency.
PURE = ("types", "crypto", "spec", "machines", "ports.py", "telemetry.py")
CLOCKS_AND_FILES = {"open", "input", "breakpoint"}


def modules(*parts: str) -> list[Path]:
    """List the Python files of some parts of the package."""
    found: list[Path] = []
    for part in parts:
        path = PACKAGE / part
        found += [path] if path.suffix == ".py" else sorted(path.rglob("*.py"))
    return [path for path in found if path.exists()]


def imported(path: Path) -> Iterator[str]:
    """Name everything a module imports, `from a import b` as `a.b`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_import_contracts__hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_core__is_imported_by_crypto_and_verify_only() -> None:
    # import-linter reads Python sources only and takes the extension for the package itself.
    doors = {PACKAGE / "crypto", PACKAGE / "verify"}
    offenders = [
        str(path.relative_to(ROOT))
        for path in modules(".")
        if any((name + ".").startswith("zkattest._core.") for name in imported(path))
        and not doors & set(path.parents)
    ]
    assert offenders == []


@pytest.mark.parametrize(
    "path", modules(*PURE), ids=lambda path: path.relative_to(PACKAGE).as_posix()
)
def test_pure_layer__opens_no_file(path: Path) -> None:
    called = {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not called & CLOCKS_AND_FILES


def test_package__never_imports_tests_or_tools() -> None:
    offenders = [
        (str(path.relative_to(ROOT)), name)
        for path in modules(".")
        for name in imported(path)
        if name.split(".")[0] in {"tests", "tools", "benches"}
    ]
    assert offenders == []


def test_package__takes_no_name_from_its_own_face() -> None:
    # `from zkattest import Registry` is for users; inside, it would hide which layer is meant.
    faces = {f"zkattest.{name}" for name in zkattest.__all__} - {"zkattest.__version__"}
    offenders = [
        str(path.relative_to(ROOT)) for path in modules(".") if faces & set(imported(path))
    ]
    assert offenders == []
