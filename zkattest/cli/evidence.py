"""`zkattest evidence`: look into an evidence log, or verify it and reach its verdicts again."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.output import BadInput, one_line, print_json
from zkattest.cli.progress import Display
from zkattest.cli.registry import PolicyOption, TrustOption, load, preset_named
from zkattest.node.replay import FindVerifier, Replayed, ReplayOutcome, replay_log
from zkattest.node.verifier_keys import read_verifier_key
from zkattest.spec.evidence import ChainBroken, ChainFault, EvidenceRecord, Link, Outcome
from zkattest.spec.proof_policy import PolicyResult
from zkattest.spec.reasons import CannotVerify, Cause, InvalidProof
from zkattest.spec.verdict_index import VerdictIndex
from zkattest.store.evidence import EvidenceError, read_log
from zkattest.types.ids import ProgramVk, Root
from zkattest.types.programs import ProofSystem
from zkattest.verify.proof import ProofVerifier
from zkattest.verify.registry import Registry

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)
FolderArgument = Annotated[Path, typer.Argument(help="Folder of the log.", show_default=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]


@app.callback()
def evidence() -> None:
    """Look into an evidence log, or verify it and reach its verdicts again."""


@app.command()
def show(
    folder: FolderArgument,
    subject: Annotated[
        str | None, typer.Option(help="Only records about this root, 0x….", show_default=False)
    ] = None,
    last: Annotated[int, typer.Option(min=0, help="Only so many, the newest; 0 for all.")] = 0,
    json: JsonOption = False,
) -> ExitCode:
    """
    Print the records of a log, oldest first.

    Exit codes: 0 printed, 1 the chain is broken, 2 the log cannot be read.
    """
    try:
        wanted = None if subject is None else Root.from_hex(subject)
    except ValueError as error:
        raise BadInput("arguments", "--subject", error) from None
    found: list[tuple[EvidenceRecord, Link]] = []
    broken: ChainBroken | None = None
    try:
        for record, link in read_log(folder):
            if wanted is not None and record.subject != wanted:
                continue
            if last == 0:
                print_record(record, link, json=json)
                continue
            found = [*found[-(last - 1) :], (record, link)] if last > 1 else [(record, link)]
    except ChainBroken as error:
        broken = error
    except EvidenceError as error:
        raise BadInput("", "", error) from None
    for record, link in found:
        print_record(record, link, json=json)
    return ExitCode.VALID if broken is None else report_broken(folder, broken, json=json)


@app.command()
def verify(
    folder: FolderArgument,
    registry: Annotated[
        Path | None,
        typer.Option(help="Registry that names verifier keys.", show_default=False),
    ] = None,
    verifier_keys: Annotated[
        Path | None, typer.Option(help="Folder of verifier keys.", show_default=False)
    ] = None,
    key: TrustOption = None,
    chain_only: Annotated[
        bool, typer.Option("--chain-only", help="Verify no proof again.")
    ] = False,
    head: Annotated[
        str | None,
        typer.Option(help="A record's name, 0x…, that has to be in the log.", show_default=False),
    ] = None,
    json: JsonOption = False,
) -> ExitCode:
    """
    Check that no record was changed, dropped or put in, and verify the proofs that are kept.

    Exit codes: 0 all holds, 1 the chain is broken or a verdict is another now, 2 could not check.
    """
    find = None if chain_only else finder(registry, verifier_keys, key)
    counts: Counter[ReplayOutcome] = Counter()
    witness = None if head is None else head.removeprefix("0x").lower()
    is_witnessed, last = head is None, ""
    try:
        with Display(quiet=json) as display:
            for replayed in replay_log(folder, find):
                counts[replayed.outcome] += 1
                last = replayed.link.id.hex()
                is_witnessed = is_witnessed or last == witness
                show_replayed(replayed, json=json)
                display.show_step("records", counts.total(), None, important=False)
    except ChainBroken as error:
        return report_broken(folder, error, json=json)
    except EvidenceError as error:
        raise BadInput("", "", error) from None
    if not is_witnessed:
        missing = f"{head} is not in the log"
        fault = ChainBroken(ChainFault.CUT_END, counts.total(), missing)
        return report_broken(folder, fault, json=json)
    report_counts(counts, last, chain_only=chain_only, json=json)
    if counts[ReplayOutcome.DIFFERENT] or counts[ReplayOutcome.PROOF_CHANGED]:
        return ExitCode.INVALID
    if counts[ReplayOutcome.NOT_CHECKED] and not chain_only:
        return ExitCode.NOT_CHECKED
    return ExitCode.VALID


@app.command()
def judge(
    folder: FolderArgument,
    subject: Annotated[str, typer.Argument(help="Root of a block, 0x….", show_default=False)],
    policy: PolicyOption = "1-of-any",
    registry: Annotated[
        Path | None,
        typer.Option(help="Registry as it is now; left out, this package's.", show_default=False),
    ] = None,
    key: TrustOption = None,
    ms_into_slot: Annotated[int, typer.Option(min=0, help="Judge as of this time.")] = 0,
    json: JsonOption = False,
) -> ExitCode:
    """
    Say whether the verdicts of a log prove a block under a policy, why, and on what evidence.

    Exit codes: 0 proven, 1 not proven, or the chain is broken, 2 the log cannot be read.
    """
    try:
        wanted = Root.from_hex(subject)
    except ValueError as error:
        raise BadInput("arguments", "SUBJECT", error) from None
    index = VerdictIndex(limit=1)
    try:
        for record, link in read_log(folder):
            if record.subject == wanted:
                index.add_record(record, link.id)
    except ChainBroken as error:
        return report_broken(folder, error, json=json)
    except EvidenceError as error:
        raise BadInput("", "", error) from None
    entries = load(registry, key).registry
    result = index.judge(wanted, preset_named(policy), entries, ms_into_slot)
    report_result(wanted, result, json=json)
    return ExitCode.VALID if result.is_proven else ExitCode.INVALID


def report_result(subject: Root, result: PolicyResult, *, json: bool) -> None:
    """Print where a block stands, and what decided it."""
    if json:
        print_json({"subject": subject, **asdict(result)})
        return
    typer.echo(f"{result.standing}: {result.reason} ({result.policy})")
    for name in result.counted:
        typer.echo(f"counts: {name}")
    for name, exclusion in result.excluded:
        typer.echo(f"does not count: {name}: {exclusion}")
    for evidence_id in result.evidence:
        typer.echo(f"evidence: {evidence_id}")


def finder(registry: Path | None, keys: Path | None, trusted: list[str] | None) -> FindVerifier:
    """Make verifiers for whatever program a record names; prepared once."""
    entries = load(registry, trusted).registry
    known = Registry()

    def find(system: ProofSystem, program_vk: ProgramVk) -> ProofVerifier:
        entry = entries.find(system, program_vk)
        key = None
        if entry is not None and entry.verifier_key is not None:
            key = read_verifier_key(keys, entry.verifier_key.sha256)
        try:
            return known.add(system, program_vk, key)
        except InvalidProof as refusal:
            raise CannotVerify(Cause.UNKNOWN_PROGRAM_VK, str(refusal)) from refusal

    return find


def print_record(record: EvidenceRecord, link: Link, *, json: bool) -> None:
    """Print one record."""
    if json:
        fields = {name: getattr(record, name) for name in record.__slots__}
        print_json({"sequence": link.sequence, "id": f"0x{link.id.hex()}", **fields})
        return
    typer.echo(f"{link.sequence} {describe(record)}")


def describe(record: EvidenceRecord) -> str:
    """Write a record in one line."""
    word = {
        Outcome.VALID: "valid",
        Outcome.INVALID: f"invalid: {record.reason}",
        Outcome.NOT_CHECKED: f"not checked: {record.cause}",
    }[record.outcome]
    about = f" about {record.subject}" if record.subject else ""
    return one_line(
        f"{record.time_ms} {record.entry or record.system}: {word}{about}, "
        f"proof {record.proof} ({record.proof_bytes} bytes), {record.elapsed_ms} ms"
    )


def show_replayed(replayed: Replayed, *, json: bool) -> None:
    """Print a record that does not hold; of others the count is enough."""
    if not replayed.is_wrong:
        return
    number, outcome = replayed.link.sequence, replayed.outcome
    if json:
        print_json({"sequence": number, "outcome": outcome, "detail": replayed.detail})
    else:
        typer.echo(one_line(f"{number}: {outcome}: {describe(replayed.record)}; {replayed.detail}"))


def report_counts(
    counts: Counter[ReplayOutcome], last: str, *, chain_only: bool, json: bool
) -> None:
    """Print what was checked."""
    shown = {} if chain_only else {str(outcome): count for outcome, count in counts.items()}
    shown["records"] = counts.total()
    if json:
        print_json({"chain": "whole", "last": f"0x{last}", **shown})
        return
    words = ", ".join(f"{count} {one_word(name)}" for name, count in shown.items())
    typer.echo(f"chain whole: {words}; last 0x{last}")


def one_word(name: str) -> str:
    """Write an outcome's name for a person."""
    return str(name).replace("_", " ")


def report_broken(folder: Path, error: ChainBroken, *, json: bool) -> ExitCode:
    """Print where a chain is broken."""
    if json:
        fields = {"fault": error.fault, "sequence": error.sequence, "detail": error.detail}
        print_json({"chain": "broken", **fields})
    else:
        typer.echo(one_line(f"chain broken: {folder}: {error}"))
    return ExitCode.INVALID
