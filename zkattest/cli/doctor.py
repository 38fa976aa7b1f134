"""`zkattest doctor`: say what works, what is missing, and how to get it."""

import sys
from collections.abc import Iterable
from dataclasses import asdict
from itertools import count, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Column, Table
from rich.text import Text

from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.output import fail, one_line, print_json
from zkattest.cli.progress import Display
from zkattest.cli.tables import table_console

if TYPE_CHECKING:
    from zkattest.node.doctor import Examination
    from zkattest.node.findings import Finding

_STYLES: Final = {"ok": "green", "optional": "yellow", "wrong": "bold red", "not_examined": "red"}
_CODES: Final = {
    "well": ExitCode.VALID,
    "wrong": ExitCode.INVALID,
    "not_examined": ExitCode.NOT_CHECKED,
}

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def doctor(
    config: Annotated[
        list[Path] | None,
        typer.Option(
            "--config",
            metavar="<path>",
            help="File of an engine, of a node, or a registry; repeatable.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> ExitCode:
    """
    Say what works here, what is missing, and how to get it.

    Exit codes: 0 nothing is wrong, 1 something is, 2 something could not be looked at.
    """
    # It takes seconds: long enough to show a person, too short for lines in a log.
    examination = examine(config or [], quiet=json or not sys.stderr.isatty())
    if json:
        findings = [asdict(each) for each in examination.findings]
        print_json({"health": examination.health, "findings": findings})
    else:
        show(examination.findings)
    return _CODES[examination.health]


def examine(configs: list[Path], *, quiet: bool = True) -> "Examination":
    """Look at everything; a core that cannot be loaded is said in one line."""
    try:
        from zkattest.node.doctor import examine as examine_all
    except ImportError as error:
        fail("doctor", "zkattest._core", f"{error}; in a checkout: make setup")
    with Display(quiet=quiet) as display:
        counted = count(1)

        def report(finding: "Finding") -> None:
            display.show_step(f"examining: {finding.group}", next(counted), None, important=False)

        return examine_all(configs, report)


def show(findings: "Iterable[Finding]") -> None:
    """Print a table of each group; advice stands under what it is about."""
    console = table_console()
    for group, members in groupby(findings, key=lambda each: each.group):
        table = Table(Column("", width=12), Column("", min_width=20), "", box=None, title=group)
        table.title_justify, table.show_header = "left", False
        for each in members:
            state = Text(each.state.replace("_", " "), _STYLES[each.state])
            table.add_row(state, Text(one_line(each.name)), Text(one_line(each.detail)))
            if each.advice:
                table.add_row("", "", Text(f"→ {one_line(each.advice)}", "italic"))
        console.print(table)
