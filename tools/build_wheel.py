"""
Build the wheel: what maturin makes, and the data files that live elsewhere in a checkout.

`python -m tools.build_wheel [FOLDER]` puts it into FOLDER (`dist` unless told otherwise).
"""

import shutil
import sys
import tempfile
from pathlib import Path

from tools.setup import ROOT, SetupError, build_wheel, check_prerequisites, run

# `zkattest/prover/resources.py` looks for them in the package first.
DATA = {
    "guests/sp1/elf": "zkattest/prover/data/elf",
    "provers/sp1": "zkattest/prover/data/worker",
}
NOT_SHIPPED = shutil.ignore_patterns("target", "crypto-tests*", ".*")


def main(arguments: list[str]) -> int:
    """Build the wheel and print its path; one line for what went wrong."""
    folder = Path(*arguments or ["dist"]).resolve()
    try:
        print(build_complete_wheel(folder))
    except SetupError as problem:
        print(f"zkattest: wheel: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def build_complete_wheel(folder: Path) -> Path:
    """Add the data files to maturin's wheel; the folder only ever sees the finished one."""
    with tempfile.TemporaryDirectory() as scratch:
        built, packed = Path(scratch, "built"), Path(scratch, "packed")
        wheel = build_wheel(check_prerequisites(), built)
        call_wheel("unpack", wheel, "--dest", built)
        [tree] = [path for path in built.iterdir() if path.is_dir()]
        for source, target in DATA.items():
            shutil.copytree(ROOT / source, tree / target, ignore=NOT_SHIPPED)
        packed.mkdir()
        call_wheel("pack", tree, "--dest-dir", packed)
        folder.mkdir(parents=True, exist_ok=True)
        finished = folder / wheel.name
        partial = finished.with_suffix(".partial")
        shutil.copyfile(packed / wheel.name, partial)
        partial.replace(finished)
    return finished


def call_wheel(*arguments: str | Path) -> None:
    """Call the `wheel` tool, which keeps the record of files right."""
    run([sys.executable, "-m", "wheel", *arguments], "could not repack the wheel", quiet=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
