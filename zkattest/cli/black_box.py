"""Show vectors to a running node by its address, and print what was seen of its verdicts."""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.output import BadInput, one_line, print_json
from zkattest.cli.proving import run_cancellable
from zkattest.conformance.blackbox.beacon_http import BeaconObserver
from zkattest.conformance.blackbox.context import Context, make_context
from zkattest.conformance.blackbox.peer import PeerObserver
from zkattest.conformance.blackbox.run import NodeUnavailable, play_cases
from zkattest.conformance.blackbox.sight import Agreement, Comparison
from zkattest.conformance.registry import Found
from zkattest.conformance.values import CaseError


@dataclass(frozen=True, slots=True)
class Target:
    """Say whom to show the cases to, and how long to wait for what."""

    address: str
    jobs: int
    timeout_s: float
    wait_s: float
    fork_digest: bytes | None


def read_fork_digest(text: str) -> bytes | None:
    """Read four bytes in hexadecimal; None where there is no text."""
    if not text:
        return None
    try:
        digest = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        digest = b""
    if len(digest) != 4:
        raise BadInput("arguments", "--fork-digest", "expected 0x and 8 hexadecimal digits")
    return digest


def read_context(found: Sequence[Found]) -> Context:
    """Read the cases and join what a node has to know."""
    try:
        return make_context([one.read() for one in found])
    except CaseError as error:
        raise BadInput("vectors", error.field, error.reason) from None


def write_context(context: Context, path: Path) -> None:
    """Write what a node has to know."""
    try:
        path.write_bytes(context.render())
    except OSError as error:
        raise BadInput(path, "", error.strerror or error) from None


async def show_cases(
    context: Context, target: Target, report: Callable[[int], None]
) -> list[Comparison]:
    """Show the cases over the Beacon API, or as a peer."""
    if target.address.startswith("/"):
        topic = context.topic(target.fork_digest)
        async with PeerObserver.open(
            target.address, topic, target.wait_s, target.timeout_s
        ) as observer:
            return await play_cases(context, observer, target.jobs, report)
    beacon = BeaconObserver(target.address, context.profile, target.timeout_s)
    try:
        return await play_cases(context, beacon, target.jobs, report)
    finally:
        beacon.close()


def show(
    context: Context, target: Target, report: Callable[[int], None], *, json: bool
) -> ExitCode:
    """Show, print, and choose the exit code: 0 all that was seen agrees, 1 not all, 2 nothing."""
    try:
        found = run_cancellable(show_cases, context, target, report)
    except* ValueError as errors:
        raise BadInput("arguments", "--against", first_of(errors)) from None
    except* NodeUnavailable as errors:
        raise BadInput(target.address, "", first_of(errors)) from None
    if json:
        print_json(as_report(context, found))
    else:
        print_comparisons(found)
    counts = Counter(one.agreement for one in found)
    if counts[Agreement.DIFFERS]:
        return ExitCode.INVALID
    return ExitCode.VALID if counts[Agreement.AGREES] else ExitCode.NOT_CHECKED


def first_of(errors: BaseExceptionGroup[Exception]) -> BaseException:
    """Give one error of a group: they all say the same."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def as_report(context: Context, found: Sequence[Comparison]) -> dict[str, Any]:
    """Give everything as one object."""
    counts = Counter(one.agreement for one in found)
    return {
        "profile": context.profile.name.value,
        **{each.value: counts[each] for each in Agreement},
        "observed": dict(sorted(Counter(one.observed for one in found if one.observed).items())),
        "cases": [asdict(one) for one in found],
    }


def print_comparisons(found: Sequence[Comparison]) -> None:
    """Print the groups, what differs, what was seen, and why the rest was not."""
    width = None if sys.stdout.isatty() else 100
    Console(highlight=False, width=width).print(group_table(found))
    for one in found:
        if one.agreement is Agreement.DIFFERS:
            seen = f"observed {one.observed} ({one_line(one.why)}), expected {one.expected}"
            typer.echo(f"differs: {one.case_id}: {seen}")
    for words, count in sorted(Counter(one.observed for one in found if one.observed).items()):
        typer.echo(f"observed {words}: {count}")
    unseen = Counter(one.why for one in found if one.agreement is Agreement.NOT_OBSERVED)
    for why, count in unseen.most_common():
        typer.echo(f"not observed, {one_line(why)}: {count}")
    counts = Counter(one.agreement for one in found)
    typer.echo(", ".join(f"{counts[each]} {_words(each)}" for each in Agreement if counts[each]))


def group_table(found: Sequence[Comparison]) -> Table:
    """Make the table of groups."""
    table = Table("group", box=None, pad_edge=False)
    for each in Agreement:
        table.add_column(_words(each), justify="right")
    groups: dict[str, Counter[Agreement]] = {}
    for one in found:
        groups.setdefault(one.case_id.rpartition("/")[0], Counter())[one.agreement] += 1
    for group, counted in sorted(groups.items()):
        table.add_row(group, *(str(counted[each] or "") for each in Agreement))
    return table


def _words(agreement: Agreement) -> str:
    return agreement.value.replace("_", " ")
