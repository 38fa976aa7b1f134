"""Error lines and JSON of the command line."""

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pytest
import typer

from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.output import BadInput, error_line, fail, print_json, to_json


class Word(StrEnum):
    VALID = "valid"


@dataclass(frozen=True)
class Report:
    word: Word
    root: bytes
    sizes: tuple[int, ...]


def test_error_line__names_file_field_and_reason() -> None:
    line = error_line(Path("block.ssz"), "witness.state", "offset 4 is before the fixed part")
    assert line == "zkattest: block.ssz: witness.state: offset 4 is before the fixed part"


def test_error_line__leaves_out_an_empty_field() -> None:
    assert error_line("block.ssz", "", "no such file") == "zkattest: block.ssz: no such file"


def test_error_line__folds_line_breaks_and_control_characters() -> None:
    line = error_line("a\nb", "field\x1b[31m", "two\r\nlines")
    assert line == "zkattest: a b: field?[31m: two lines"


def test_bad_input__holds_its_parts_and_reads_as_the_line() -> None:
    refusal = BadInput(Path("p.bin"), "length", 3)
    assert (refusal.source, refusal.field, refusal.reason) == ("p.bin", "length", "3")
    assert str(refusal) == "zkattest: p.bin: length: 3"


def test_fail__prints_one_line_and_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as left:
        fail("proof.bin", "proof", "empty")
    assert left.value.exit_code == ExitCode.NOT_CHECKED == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "zkattest: proof.bin: proof: empty\n")


def test_print_json__prints_one_object_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(Report(Word.VALID, b"\x00\xff", (1, 2)))
    assert capsys.readouterr().out == '{"word": "valid", "root": "0x00ff", "sizes": [1, 2]}\n'


def test_to_json__reduces_nested_values() -> None:
    value = {Word.VALID: [Path("x"), None, 1.5, {"deep": bytearray(b"\x01")}]}
    assert json.loads(to_json(value, indent=1)) == {"valid": ["x", None, 1.5, {"deep": "0x01"}]}
