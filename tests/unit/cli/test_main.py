"""The entry point: help, version, one-line errors, exit codes."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.helpers.scripts import run_script
from zkattest import __version__
from zkattest.cli.main import COMMANDS, load_command, run


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


def leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Take groups apart, down to what can be run."""
    inside: dict[str, Any] = getattr(command, "commands", {})
    if not inside:
        yield name, command
    for part, below in inside.items():
        yield from leaves(f"{name} {part}", below)


@pytest.mark.parametrize("name", COMMANDS)
def test_command__explains_every_argument_and_its_exit_codes(name: str) -> None:
    for leaf, command in leaves(name, load_command(name)):
        assert "Exit codes: " in " ".join(command.help.split()), leaf
        unexplained = [each.name for each in command.params if not each.help]
        assert unexplained == [], leaf
        # Completion is the whole program's; and what is off needs no word to switch it off.
        superfluous = [
            name
            for each in command.params
            for name in [*each.opts, *each.secondary_opts]
            if "completion" in name or name.startswith("--no-")
        ]
        assert superfluous == [], leaf


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


def test_interrupt__while_the_command_line_loads_ends_without_a_traceback() -> None:
    script = (
        "import sys\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'typer': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        "from zkattest.cli.main import run; run(['--help'])"
    )
    done = run_script(script)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


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


def completed(words: str, shell: str = "bash") -> list[str]:
    """Complete the last word, as a shell asks for it; a space at the end begins another one."""
    environment = {
        **os.environ,
        "_ZKATTEST_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
        "_TYPER_COMPLETE_ARGS": words,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    script = "from zkattest.cli.main import run; run([])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("zkattest doctor --co", ["--config"]),
        ("zkattest e", ["execute", "evidence", "engine", "enr"]),
        ("zkattest registry ", ["show", "check", "export", "verify", "revoke"]),
        ("zkattest registry revoke --policy 2-of-3-z", ["2-of-3-zkvms"]),
        ("zkattest evidence verify --ch", ["--chain-only"]),
        ("zkattest engine --log-level w", ["warning"]),
        ("zkattest verify --system sp1", ["sp1", "sp1-groth16", "sp1-plonk"]),
    ],
)
def test_completion__knows_commands_options_and_values(words: str, expected: list[str]) -> None:
    assert completed(words) == expected


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion__speaks_to_other_shells(shell: str) -> None:
    assert "doctor" in " ".join(completed("zkattest doct", shell))
