"""The entry point: help, version, one-line errors, exit codes."""

import ast
import subprocess
import sys

import pytest

from zkattest import __version__
from zkattest.cli.main import COMMANDS, run


def outcome(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[object, str, str]:
    """Run the command line in this process and return its code, output and errors."""
    with pytest.raises(SystemExit) as left:
        run(arguments)
    captured = capsys.readouterr()
    return left.value.code, captured.out, captured.err


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_run__lists_every_command_in_help(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = outcome(arguments, capsys)
    assert (code, err) == (0, "")
    for name, summary in COMMANDS.items():
        assert name in out
        assert summary in out


def test_run__prints_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(["--version"], capsys) == (0, f"zkattest {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["xcheck"], "zkattest: arguments: No such command 'xcheck'. Did you mean 'check'?\n"),
        (["--nothing"], "zkattest: arguments: No such option: --nothing\n"),
    ],
)
def test_run__exits_2_with_one_line_for_a_bad_argument(
    arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome(arguments, capsys) == (2, "", line)


@pytest.mark.parametrize("name", COMMANDS)
def test_command__explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = outcome([name, "--help"], capsys)
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: zkattest {name} ")


def test_group__exits_2_with_one_line_without_a_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    expected = (2, "", "zkattest: arguments: Missing command.\n")
    assert outcome(["prover"], capsys) == expected


def test_help__imports_no_command_module() -> None:
    script = (
        "import sys\n"
        "from zkattest.cli.main import run\n"
        "try: run(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted(m for m in sys.modules if m.startswith(('trio', 'libp2p', 'zkattest.'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert ast.literal_eval(done.stdout.splitlines()[-1]) == [
        *("zkattest.cli", "zkattest.cli.exit_codes", "zkattest.cli.main", "zkattest.cli.output"),
        *("zkattest.spec", "zkattest.spec.reasons", "zkattest.types", "zkattest.types.errors"),
    ]


# Each takes a second of a processor to load, at every start.
HEAVY = ("libp2p", "pydantic", "sqlalchemy", "starlette")


@pytest.mark.parametrize(
    ("module", "wanted"),
    [
        ("cli.verify", []),
        ("cli.doctor", []),
        ("cli.registry", []),
        ("cli.evidence", []),
        ("cli.node", ["libp2p", "pydantic", "starlette"]),
        ("node.engine", ["libp2p"]),
    ],
)
def test_start__loads_no_library_that_it_does_without(module: str, wanted: list[str]) -> None:
    script = f"import sys, zkattest.{module}; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert ast.literal_eval(done.stdout) == wanted
