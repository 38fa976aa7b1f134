"""`zkattest vectors`: run conformance vectors, against ourselves or against another program."""

import os
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

import zkattest
from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.output import BadInput, one_line, print_json
from zkattest.cli.progress import Display
from zkattest.cli.proving import run_cancellable
from zkattest.conformance.registry import Found, find_cases
from zkattest.conformance.runner import Result, Settings, Status, count_by_group, run_cases

VECTORS = Path(zkattest.__file__).parents[1] / "vectors"
# Whoever waits longer than this wants to see that something moves.
SILENT_SECONDS = 2.0

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)
PathArgument = Annotated[Path, typer.Argument(help="Folder of vectors, or one case's folder.")]
FilterOption = Annotated[
    str, typer.Option("--filter", help="Only cases whose id holds this, or matches this glob.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.callback()
def vectors() -> None:
    """Run conformance vectors, or list them."""


@app.command()
def run(
    path: PathArgument = VECTORS,
    pattern: FilterOption = "",
    against: Annotated[
        str,
        typer.Option(
            help="Command of another program to ask instead of ourselves; or the address of a "
            "running node: http://… (Beacon API) or /ip4/…/tcp/…/p2p/… (gossip)."
        ),
    ] = "",
    json: JsonOption = False,
    jobs: Annotated[int, typer.Option(min=1, max=256, help="Cases at a time.")] = (
        os.cpu_count() or 1
    ),
    timeout_s: Annotated[
        float,
        typer.Option("--timeout-s", min=0.01, help="Longest that a program or node may take."),
    ] = 10.0,
    wait_s: Annotated[
        float,
        typer.Option("--wait-s", min=0.01, help="How long a peer is given to forward a message."),
    ] = 2.0,
    fork_digest: Annotated[
        str, typer.Option(help="Fork digest of the topic, where it is not that of the context.")
    ] = "",
    write_context_to: Annotated[
        Path | None,
        typer.Option("--write-context", help="Write what a running node has to know, as JSON."),
    ] = None,
    beacon: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="Beacon API of a live devnet: cases are made anew on its newest blocks.",
        ),
    ] = "",
    keystore: Annotated[
        list[Path] | None,
        typer.Option(
            show_default=False,
            help="Keystore of an active validator there, which signs what contradicts itself.",
        ),
    ] = None,
    password_file: Annotated[
        list[Path] | None,
        typer.Option(
            show_default=False,
            help="File with a keystore's password: one, or one for each.",
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(help="How the live node's proof engine answers: real, or accepts-all."),
    ] = "real",
    proof_type: Annotated[
        list[int] | None,
        typer.Option(
            min=0, max=255, show_default=False, help="Proof type that the live node knows: 1, 2, 3."
        ),
    ] = None,
    wait_blocks_s: Annotated[
        float,
        typer.Option("--wait-blocks-s", min=0, help="Longest to wait for a new block to use."),
    ] = 0.0,
) -> ExitCode:
    """
    Run vectors and name every case that does not give what it should.

    Exit codes: 0 all passed, 1 some failed, 2 could not run (nothing passed included).
    """
    if beacon and not is_address(against):
        raise BadInput("arguments", "--beacon", "needs --against with the address of a node")
    found = require_cases(path, pattern)
    if write_context_to is not None or is_address(against):
        # Loads libp2p, which no other run needs.
        from zkattest.cli import black_box

        context = black_box.read_context(found)
        if write_context_to is not None:
            black_box.write_context(context, write_context_to)
        if is_address(against):
            digest = black_box.read_fork_digest(fork_digest)
            live = black_box.read_live(
                beacon,
                keystore or [],
                password_file or [],
                engine,
                proof_type or black_box.PROOF_TYPES,
                wait_blocks_s,
            )
            target = black_box.Target(against, jobs, timeout_s, wait_s, digest, live)
            with Display(quiet=json) as display:
                report = reporter(display, len(context.plays))
                return black_box.show(context, target, report, json=json)
        if not against:
            return ExitCode.VALID
    settings = Settings(read_command(against), jobs, timeout_s)
    with Display(quiet=json) as display:
        report = reporter(display, len(found))
        results = run_cancellable(run_cases, found, settings, report)
    if json:
        print_json(as_report(results))
    else:
        print_results(results)
    counts = Counter(result.status for result in results)
    if counts[Status.FAILED]:
        return ExitCode.INVALID
    return ExitCode.VALID if counts[Status.PASSED] else ExitCode.NOT_CHECKED


@app.command("list")
def list_cases(
    path: PathArgument = VECTORS, pattern: FilterOption = "", json: JsonOption = False
) -> ExitCode:
    """
    List the ids of the cases.

    Exit codes: 0 listed, 2 there are none.
    """
    found = require_cases(path, pattern)
    if json:
        print_json({"cases": [one.id for one in found]})
    else:
        typer.echo("\n".join(one.id for one in found))
    return ExitCode.VALID


def require_cases(path: Path, pattern: str) -> list[Found]:
    """Find the cases; refuse a path that holds none."""
    if not path.is_dir():
        raise BadInput(path, "", "not a folder")
    found = find_cases(path, pattern)
    if not found:
        raise BadInput(path, "", f"no vectors match {pattern}" if pattern else "no vectors")
    return found


def is_address(text: str) -> bool:
    """Tell a node's address from a command."""
    is_peer = text.startswith("/") and "/p2p/" in text and " " not in text
    return is_peer or text.startswith(("http://", "https://"))


def read_command(text: str) -> tuple[str, ...]:
    """Split a command as a shell does."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise BadInput("arguments", "--against", error) from None


def reporter(display: Display, total: int) -> Callable[[int], None]:
    """Show how far it is, once it has taken a while."""
    started = monotonic()

    def report(done: int) -> None:
        if monotonic() - started > SILENT_SECONDS:
            display.show_step("running vectors", done, total, important=False)

    return report


def as_report(results: Sequence[Result]) -> dict[str, Any]:
    """Give everything as one object."""
    counts = Counter(result.status for result in results)
    groups = count_by_group(results)
    return {
        **{status.value: counts[status] for status in Status},
        "groups": {
            group: {status.value: counted[status] for status in Status}
            for group, counted in groups.items()
        },
        "failures": [one.to_json() for one in results if one.status is Status.FAILED],
        "skipped_cases": [one.found.id for one in results if one.status is Status.SKIPPED],
    }


def print_results(results: Sequence[Result]) -> None:
    """Print the groups, then what failed, then the sum."""
    width = None if sys.stdout.isatty() else 100
    Console(highlight=False, width=width).print(group_table(results))
    for result in results:
        if result.status is Status.FAILED:
            print_failure(result)
    counts = Counter(result.status for result in results)
    shown = [f"{counts[status]} {status}" for status in Status if counts[status]]
    typer.echo(", ".join(shown))


def group_table(results: Sequence[Result]) -> Table:
    """Make the table of groups."""
    table = Table("group", box=None, pad_edge=False)
    for status in Status:
        table.add_column(status.value, justify="right")
    for group, counted in count_by_group(results).items():
        table.add_row(group, *(str(counted[status] or "") for status in Status))
    return table


def print_failure(result: Result) -> None:
    """Print one failure with the story of its case; what a program said is made one line."""
    typer.echo(f"failed: {result.found.id}")
    for name, text in result.to_json().items():
        if name in {"given", "when", "then"}:
            typer.echo(f"  {name} {one_line(text)}")
    for problem in result.problems:
        typer.echo(f"  - {one_line(problem)}")
