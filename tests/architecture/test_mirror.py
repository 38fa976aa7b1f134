"""Unit tests lie where the code lies."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "tests" / "unit"


def test_unit_tests__mirror_the_package() -> None:
    offenders = []
    for test in UNIT.rglob("test_*.py"):
        folder = ROOT / "zkattest" / test.parent.relative_to(UNIT)
        if not (folder / test.name.removeprefix("test_")).exists():
            offenders.append(str(test.relative_to(ROOT)))
    assert offenders == []
