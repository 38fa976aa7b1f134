"""Run an attester node from a configuration file, check the file, or print a sample of one."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import trio
import typer

from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.output import BadInput
from zkattest.cli.serving import (
    CheckOption,
    LogFormatOption,
    LogLevelOption,
    log_of,
    read_config,
)
from zkattest.node.config import (
    NodeConfig,
    ProofNodeConfig,
    load_any_config,
    sample_config,
)
from zkattest.node.log_lines import open_log
from zkattest.node.loop import SystemClock
from zkattest.node.main import CannotListen, run_node
from zkattest.node.own_signer import SignerError
from zkattest.store import StateStoreError, StoreError

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def node(
    config: Annotated[Path | None, typer.Option("--config", help="TOML file of the node.")] = None,
    check: CheckOption = False,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print a sample file, commented line by line.")
    ] = False,
    eip8025: Annotated[
        bool,
        typer.Option("--eip8025", help="Print the sample for a consensus network's proofs."),
    ] = False,
    log_format: LogFormatOption = None,
    log_level: LogLevelOption = None,
) -> int:
    """
    Run a node, one line an event on standard output, until SIGTERM or Ctrl-C, which drains it.

    Exit codes: 0 ended as it was asked to, 2 could not start, or the file has mistakes.
    """
    if print_config:
        typer.echo(sample_config(eip8025=eip8025), nl=False)
        return ExitCode.VALID
    path, settings = read_config(config, load_any_config)
    if check:
        typer.echo(f"{path}: ok")
        return ExitCode.VALID
    log = log_of(settings.log, log_format, log_level)
    return run(path, replace(settings, log=log))


def run(path: Path, settings: NodeConfig | ProofNodeConfig) -> int:
    """Run until interrupted; what cannot be opened is named by its field."""
    observer = open_log(settings.log, settings.clock, SystemClock())
    store = "node.store" if isinstance(settings, NodeConfig) else "eip8025.store"
    try:
        if isinstance(settings, NodeConfig):
            trio.run(run_node, settings, observer)
        else:
            # It brings a database's library, which an attester does without.
            from zkattest.node.proof_node import run_proof_node

            trio.run(run_proof_node, settings, observer)
    except StateStoreError as error:
        raise BadInput(path, "node.state_store", error) from error
    except StoreError as error:
        raise BadInput(path, store, error) from error
    except (CannotListen, SignerError) as error:
        raise BadInput(path, error.field, error) from error
    except (OSError, ValueError) as error:
        raise BadInput(path, "node.listen", error) from error
    return ExitCode.VALID
