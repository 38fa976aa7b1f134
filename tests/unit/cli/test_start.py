"""The installed command: what it runs, and Ctrl-C while it is being loaded."""

import signal
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tests.helpers.scripts import run_script
from zkattest import __version__
from zkattest.cli.start import start

ROOT = Path(__file__).resolve().parents[3]


def test_start__is_the_installed_command() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert EntryPoint("zkattest", scripts["zkattest"], "console_scripts").load() is start


def test_start__runs_the_command_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["zkattest", "--version"])
    with pytest.raises(SystemExit) as left:
        start()
    assert (left.value.code, capsys.readouterr().out) == (0, f"zkattest {__version__}\n")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_start__interrupted_while_loading_without_a_traceback() -> None:
    script = (
        "import os, signal, sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'typer':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from zkattest.cli.start import start\n"
        "start()"
    )
    done = run_script(script)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")
