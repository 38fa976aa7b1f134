"""Options that name where accounts come from besides a package's witness."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from zkattest.cli.output import BadInput
from zkattest.spec.state_reader import NodeSource
from zkattest.store import StateStoreError

StateStore: TypeAlias = Annotated[
    Path | None, typer.Option(help="Partial state to read accounts from, too.", show_default=False)
]
StateRpc: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Execution client to ask for accounts, too (eth_getProof; verified).",
        show_default=False,
    ),
]


@contextmanager
def open_named(store: Path | None, rpc: str | None) -> Iterator[tuple[NodeSource, ...]]:
    """Open the sources that were named; raises `BadInput` where one cannot be."""
    if store is None and rpc is None:
        yield ()
        return
    # The HTTP client takes a tenth of a second to import: only those who name one wait for it.
    from zkattest.node.state import StateSettings, open_sources

    with ExitStack() as stack:
        try:
            opened = open_sources(StateSettings(store=store, rpc=rpc), create=False)
            sources = stack.enter_context(opened).sources
        except StateStoreError as failure:
            raise BadInput("--state-store", "", failure) from None
        except ValueError as failure:
            raise BadInput("--state-rpc", "", failure) from None
        yield sources
