"""Run an attester node from a configuration file."""

from pathlib import Path
from typing import Annotated

import trio
import typer

from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.output import BadInput
from zkattest.node.config import ConfigError, load_config
from zkattest.node.main import run_node
from zkattest.store import StateStoreError, StoreError

app = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command()
def node(
    config: Annotated[Path, typer.Option("--config", help="TOML file of the node.")],
) -> int:
    """Run an attester node; one JSON line an event on standard output, until it is interrupted."""
    try:
        settings = load_config(config)
    except ConfigError as error:
        raise BadInput(error.path, error.field, error.reason) from error
    try:
        trio.run(run_node, settings)
    except StateStoreError as error:
        raise BadInput(config, "node.state_store", error) from error
    except StoreError as error:
        raise BadInput(config, "node.store", error) from error
    except (OSError, ValueError) as error:
        raise BadInput(config, "node.listen", error) from error
    return ExitCode.VALID
