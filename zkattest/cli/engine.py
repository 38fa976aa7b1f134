"""Serve a proof engine from a configuration file, check the file, or print a sample of one."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import trio
import typer

from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.output import BadInput, fail
from zkattest.cli.serving import (
    CheckOption,
    LogFormatOption,
    LogLevelOption,
    log_of,
    read_config,
    told,
)
from zkattest.node.config import ConfigError
from zkattest.node.config_service import (
    EngineConfig,
    load_engine_config,
    sample_engine_config,
)
from zkattest.node.engine_service import run_engine_service
from zkattest.node.log_lines import open_log
from zkattest.node.loop import SystemClock
from zkattest.node.main import CannotListen
from zkattest.prover.errors import CannotProve
from zkattest.store import StoreError

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def engine(
    config: Annotated[
        Path | None, typer.Option("--config", help="TOML file of the engine.")
    ] = None,
    check: CheckOption = False,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print a sample file, commented line by line.")
    ] = False,
    log_format: LogFormatOption = None,
    log_level: LogLevelOption = None,
) -> int:
    """
    Serve a proof engine over HTTP until SIGTERM or Ctrl-C, which lets what is asked be answered.

    Exit codes: 0 ended as it was asked to, 2 could not start, or the file has mistakes.
    """
    if print_config:
        typer.echo(sample_engine_config(), nl=False)
        return ExitCode.VALID
    path, settings = read_config(config, load_engine_config)
    if check:
        typer.echo(f"{path}: ok")
        return ExitCode.VALID
    log = log_of(settings.log, log_format, log_level)
    return run(path, replace(settings, log=log))


def run(path: Path, settings: EngineConfig) -> int:
    """Run until interrupted; what cannot be opened is named by its field."""
    observer = open_log(settings.log, settings.clock, SystemClock())
    try:
        trio.run(run_engine_service, settings, observer)
    except ConfigError as error:
        raise told(error) from error
    except StoreError as error:
        raise BadInput(path, "evidence.folder", error) from error
    except CannotListen as error:
        raise BadInput(path, error.field, error) from error
    except CannotProve as failure:
        fail("service.run_guests", failure.cause, failure.detail)
    return ExitCode.VALID
