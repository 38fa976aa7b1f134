"""Hold what those commands have in common that serve from a file until they are interrupted."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from zkattest.cli.output import BadInput, error_line
from zkattest.node.config_reader import ConfigError
from zkattest.node.config_sections import LogFormat, LogLevel, LogSettings

CheckOption = Annotated[bool, typer.Option("--check", help="Check the file, and start nothing.")]
LogFormatOption = Annotated[
    LogFormat | None, typer.Option("--log-format", help="Instead of log.format of the file.")
]
LogLevelOption = Annotated[
    LogLevel | None, typer.Option("--log-level", help="Instead of log.level of the file.")
]
_T = TypeVar("_T")


def read_config(path: Path | None, load: Callable[[Path], _T]) -> tuple[Path, _T]:
    """Read the file; raise `BadInput` where none is named, or for what is wrong with it."""
    if path is None:
        raise BadInput("--config", "", "missing; --print-config prints a sample")
    try:
        return path, load(path)
    except ConfigError as error:
        raise told(error) from error


def told(error: ConfigError) -> BadInput:
    """Print all mistakes but the last, one line each, and return that."""
    *others, last = error.mistakes
    for mistake in others:
        typer.echo(error_line(error.path, mistake.field, mistake.reason), err=True)
    return BadInput(error.path, last.field, last.reason)


def log_of(log: LogSettings, form: LogFormat | None, level: LogLevel | None) -> LogSettings:
    """Let options win over the file."""
    return replace(log, format=form or log.format, level=level or log.level)
