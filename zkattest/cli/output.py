"""What commands print: one JSON object on standard output, one error line on standard error."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from enum import Enum
from pathlib import Path
from typing import NoReturn

import typer

from zkattest.cli.exit_codes import ExitCode
from zkattest.spec.reasons import CannotVerify, Refusal, show_operands


class BadInput(Exception):
    """Refuse a file or an argument, by its name, the field and the reason; exit code 2."""

    def __init__(self, source: str | Path, field: str, reason: object) -> None:
        super().__init__(error_line(source, field, reason))
        self.source = str(source)
        self.field = field
        self.reason = str(reason)


def error_line(source: str | Path, field: str, reason: object) -> str:
    """Format the one line that tells a person which file, which field, and why."""
    parts = [one_line(str(part)) for part in (source, field, reason)]
    return ": ".join(["zkattest", *[part for part in parts if part]])


def one_line(text: str) -> str:
    """Fold white space and replace control characters, so that input cannot forge lines."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))


def fail(
    source: str | Path, field: str, reason: object, code: ExitCode = ExitCode.NOT_CHECKED
) -> NoReturn:
    """Print the error line on standard error and leave with the code."""
    typer.echo(error_line(source, field, reason), err=True)
    raise typer.Exit(code)


def print_json(value: object) -> None:
    """Print one JSON object on one line: bytes as 0x-hex, dataclasses as objects."""
    sys.stdout.write(to_json(value) + "\n")


def to_json(value: object, *, indent: int | None = None) -> str:
    """Encode a value as JSON: bytes as 0x-hex, enums by value, dataclasses as objects."""
    return json.dumps(json_value(value), indent=indent)


def json_value(value: object) -> object:
    """Reduce a value to what JSON has, depth first."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes | bytearray | memoryview):
        return "0x" + bytes(value).hex()
    if is_dataclass(value) and not isinstance(value, type):
        return json_value(asdict(value))
    if isinstance(value, Mapping):
        return {str(json_value(key)): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_value(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    return value


def report_invalid(path: Path, refusal: Refusal, *, json: bool) -> ExitCode:
    """Print the reason word and the operands."""
    if json:
        operands = show_operands(refusal)
        print_json({"verdict": "invalid", "reason": refusal.reason, "operands": operands})
    else:
        typer.echo(f"invalid: {one_line(f'{path}: {refusal}')}")
    return ExitCode.INVALID


def report_not_checked(path: Path, failure: CannotVerify, *, json: bool) -> ExitCode:
    """Print why there is no verdict."""
    if json:
        print_json({"verdict": "not_checked", "cause": failure.cause, "detail": failure.detail})
    else:
        typer.echo(f"not checked: {one_line(f'{path}: {failure}')}")
    return ExitCode.NOT_CHECKED
