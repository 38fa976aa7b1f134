"""The command checks a file, prints a sample, and names what is wrong."""

import pytest

from zkattest.cli.engine import engine
from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.output import BadInput
from zkattest.node.config_service import sample_engine_config


def call(config=None, *, check=False, print_config=False):
    return engine(config, check, print_config, None, None)


def test_sample__printed(capsys):
    assert call(print_config=True) == ExitCode.VALID
    assert capsys.readouterr().out == sample_engine_config()


def test_check__says_that_a_file_is_good(tmp_path, capsys):
    path = tmp_path / "engine.toml"
    path.write_text("[engine]\nchain_id = 1\n")
    assert call(path, check=True) == ExitCode.VALID
    assert capsys.readouterr().out == f"{path}: ok\n"


def test_check__names_every_mistake_in_a_line_of_its_own(tmp_path, capsys):
    path = tmp_path / "engine.toml"
    path.write_text("[engine]\n[service]\nlisten = 1\n")
    with pytest.raises(BadInput) as caught:
        call(path, check=True)
    told = capsys.readouterr().err.splitlines()
    assert told[:2] == [
        f"zkattest: {path}: engine.chain_id: missing",
        f"zkattest: {path}: service.listen: expected a string",
    ]
    assert caught.value.field == "service.listen"


def test_file__has_to_be_named():
    with pytest.raises(BadInput, match="--config: missing"):
        call()
