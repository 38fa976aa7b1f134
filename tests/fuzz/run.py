"""
Fuzz a Python target, guided by coverage: `python -m tests.fuzz.run TARGET [libFuzzer options]`.

Needs atheris, which has wheels for Python 3.11 on Linux; only this file imports it.
"""

import sys

import atheris

with atheris.instrument_imports(include=["zkattest", "tests.fuzz"]):
    from tests.fuzz.targets import PYTHON_TARGETS


def main() -> None:
    """Hand the target and the options to libFuzzer, which ends the process itself."""
    if len(sys.argv) < 2 or sys.argv[1] not in PYTHON_TARGETS:
        sys.exit(f"usage: python -m tests.fuzz.run {'|'.join(PYTHON_TARGETS)} [options]")
    target = PYTHON_TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
