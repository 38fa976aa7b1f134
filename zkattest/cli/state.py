"""`zkattest state`: look into a partial state, or fill it from block packages."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.output import BadInput, print_json, report_invalid, report_not_checked
from zkattest.cli.proving import read_package
from zkattest.node.state import ImportReport, import_package
from zkattest.spec.reasons import CannotVerify, InvalidBlock
from zkattest.store import StateStoreError, TrieNodeStore
from zkattest.store.trie_nodes import DEFAULT_MAX_BYTES

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)
StoreArgument = Annotated[Path, typer.Argument(help="State store.", show_default=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]


@app.callback()
def state() -> None:
    """Look into a partial state, or fill it from block packages."""


@app.command()
def status(file: StoreArgument, json: JsonOption = False) -> ExitCode:
    """
    Say how much a state store holds.

    Exit codes: 0 printed, 2 could not be read.
    """
    try:
        with closing(TrieNodeStore(file, create=False)) as store:
            held = store.status()
    except StateStoreError as failure:
        raise BadInput("", "", failure) from None
    if json:
        print_json(held)
    else:
        typer.echo(
            f"{held.preimages} nodes and codes, {held.size_bytes} bytes, {held.commits} commits"
        )
    return ExitCode.VALID


@app.command("import")
def import_packages(
    file: StoreArgument,
    packages: Annotated[
        list[Path], typer.Argument(help="Block packages (.ssz).", show_default=False)
    ],
    max_bytes: Annotated[
        int, typer.Option(min=1, help="Bound of the store, in bytes.")
    ] = DEFAULT_MAX_BYTES,
    json: JsonOption = False,
) -> ExitCode:
    """
    Check packages one after another and keep the accounts that the checks read.

    The states before these blocks are taken as proven: import what you trust. Each line counts, in
    nodes and codes and in bytes, the witness, what of it the static check reads, and what of
    that the store held before. Exit codes: 0 imported, 1 a block is invalid, 2 could not.
    """
    try:
        with closing(TrieNodeStore(file, max_bytes)) as store:
            return import_all(store, packages, json=json)
    except StateStoreError as failure:
        raise BadInput("", "", failure) from None


def import_all(store: TrieNodeStore, packages: Sequence[Path], *, json: bool) -> ExitCode:
    """Import one package after another, up to the first that does not pass."""
    if not json:
        typer.echo(f"{'block':7} {'witness':>15} {'read':>15} {'held before':>15}")
    for path in packages:
        package = read_package(path)
        try:
            print_report(import_package(store, package), json=json)
        except InvalidBlock as refusal:
            return report_invalid(path, refusal, json=json)
        except CannotVerify as failure:
            return report_not_checked(path, failure, json=json)
    return ExitCode.VALID


def print_report(report: ImportReport, *, json: bool) -> None:
    """Print one line for a block."""
    if json:
        print_json(report)
        return
    parts = (report.witness, report.read, report.held_before)
    cells = " ".join(f"{part.count:5}, {part.size_bytes:6} B" for part in parts)
    typer.echo(f"{report.number:<7} {cells}")
