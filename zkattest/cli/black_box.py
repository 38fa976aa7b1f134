"""Show vectors to a running node by its address, and print what was seen of its verdicts."""

import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
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
from zkattest.conformance.blackbox.live import EngineKind, restrict
from zkattest.conformance.blackbox.live_chain import LiveBlocks, LiveObserver, read_terms
from zkattest.conformance.blackbox.peer import PeerObserver
from zkattest.conformance.blackbox.run import NodeUnavailable, Observer, play_cases
from zkattest.conformance.blackbox.sight import Agreement, Comparison
from zkattest.conformance.registry import Found
from zkattest.conformance.values import CaseError
from zkattest.rpc import BeaconChain
from zkattest.rpc.beacon_network import BeaconNetwork
from zkattest.signers import KeystoreError, KeystoreSigner
from zkattest.types.ids import ProofType

# What the cases have, where nobody says what the node knows.
PROOF_TYPES = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """Say which chain cases are made anew on, and what is at hand for it."""

    beacon: str
    keys: tuple[tuple[Path, Path], ...]
    """Keystores, each with the file of its password."""
    engine: EngineKind
    proof_types: tuple[ProofType, ...]
    wait_blocks_s: float


@dataclass(frozen=True, slots=True)
class Target:
    """Say whom to show the cases to, and how long to wait for what."""

    address: str
    jobs: int
    timeout_s: float
    wait_s: float
    fork_digest: bytes | None
    live: LiveOptions | None = None
    """Where cases are made anew on a live chain."""


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


def read_live(
    beacon: str,
    keystores: Sequence[Path],
    password_files: Sequence[Path],
    engine: str,
    proof_types: Sequence[int],
    wait_blocks_s: float,
) -> LiveOptions | None:
    """Join the options of a live chain; None where none is named."""
    if not beacon:
        if keystores or password_files:
            raise BadInput("arguments", "--keystore", "needs --beacon")
        return None
    if not keystores:
        raise BadInput("arguments", "--beacon", "needs --keystore of an active validator")
    if len(password_files) not in (1, len(keystores)):
        reason = f"{len(password_files)} given, expected one, or one for each --keystore"
        raise BadInput("arguments", "--password-file", reason)
    try:
        kind = EngineKind(engine)
    except ValueError:
        raise BadInput("arguments", "--engine", f"expected {', '.join(EngineKind)}") from None
    files = list(password_files) * (1 if len(password_files) > 1 else len(keystores))
    keys = tuple(zip(keystores, files, strict=True))
    types = tuple(map(ProofType, proof_types))
    return LiveOptions(beacon, keys, kind, types, wait_blocks_s)


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
    """Show the cases over the Beacon API, or as a peer; made anew first where that is asked."""
    if target.live is None:
        async with open_observer(context, target) as observer:
            return await play_cases(context, observer, target.jobs, report)
    return await show_live_cases(context, target, target.live, report)


async def show_live_cases(
    context: Context, target: Target, live: LiveOptions, report: Callable[[int], None]
) -> list[Comparison]:
    """Show the cases on blocks of a live chain."""
    signers = [await KeystoreSigner.open(*each) for each in live.keys]
    deadline_ms = int(target.timeout_s * 1_000)
    with (
        closing(BeaconNetwork(live.beacon, deadline_ms)) as network,
        closing(BeaconChain(live.beacon, context.profile, deadline_ms)) as chain,
    ):
        terms = await read_terms(network, signers, live.engine, live.proof_types)
        restricted, plans = restrict(context, terms)
        blocks = LiveBlocks(chain, context.profile)
        async with open_observer(restricted, target) as observer:
            return await play_cases(
                restricted,
                LiveObserver(observer, plans, terms, blocks, live.wait_blocks_s),
                target.jobs,
                report,
                has_valid_proofs=live.engine is EngineKind.ACCEPTS_ALL,
            )


@asynccontextmanager
async def open_observer(context: Context, target: Target) -> AsyncIterator[Observer]:
    """Speak to the node over the Beacon API, or as a peer."""
    if target.address.startswith("/"):
        topic = context.topic(target.fork_digest)
        async with PeerObserver.open(
            target.address, topic, target.wait_s, target.timeout_s
        ) as peer:
            yield peer
        return
    with closing(BeaconObserver(target.address, context.profile, target.timeout_s)) as beacon:
        yield beacon


def show(
    context: Context, target: Target, report: Callable[[int], None], *, json: bool
) -> ExitCode:
    """Show, print, and choose the exit code: 0 all that was seen agrees, 1 not all, 2 nothing."""
    try:
        found = run_cancellable(show_cases, context, target, report)
    except* ValueError as errors:
        raise BadInput("arguments", "--against", first_of(errors)) from None
    except* KeystoreError as errors:
        wrong = first_of(errors)
        if not isinstance(wrong, KeystoreError):
            raise
        raise BadInput(wrong.path, wrong.field, wrong.reason) from None
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
