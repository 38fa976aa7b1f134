"""`zkattest check`: check one block statically, from a block package."""

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.output import BadInput, one_line, print_json
from zkattest.cli.proving import read_package
from zkattest.crypto.blocks import WitnessAccounts, decode_header
from zkattest.spec.presets import PRESETS, Preset, PresetName
from zkattest.spec.reasons import (
    CannotVerify,
    Cause,
    InvalidBlock,
    answers_required,
    show_operands,
)
from zkattest.spec.static_block import ChainView, StaticReport, read_block, validate_block
from zkattest.types.errors import BlockDecodeError
from zkattest.types.execution import BlockPackage

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="Block package (.ssz).", show_default=False)],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    preset: Annotated[
        PresetName, typer.Option(help="Fork whose numbers the rules use.")
    ] = PresetName.OSAKA,
    cap_balance: Annotated[
        bool, typer.Option("--cap-balance", help="Balances have to cover the fee caps.")
    ] = False,
    refund_aware: Annotated[
        bool, typer.Option("--refund-aware", help="Allow for refunds in the inclusion gas.")
    ] = False,
) -> ExitCode:
    """
    Check a block without executing it, against the parent in its package.

    Exit codes: 0 valid, 1 invalid, 2 could not check (bad input included).
    """
    package = read_package(file)
    rules = PRESETS[preset].with_flags(refund_aware=refund_aware, cap_balance=cap_balance)
    started = perf_counter()
    try:
        report = check_package(file, package, rules)
    except InvalidBlock as refusal:
        return report_invalid(file, refusal, json=json)
    except CannotVerify as failure:
        return report_not_checked(file, failure, json=json)
    return report_valid(report, 1_000 * (perf_counter() - started), json=json)


def check_package(file: Path, package: BlockPackage, preset: Preset) -> StaticReport:
    """Check the block of a package against the parent that stands in it."""
    block = read_block(package.block, preset)
    chain = open_chain_view(file, package)
    witness = package.witness
    with answers_required():
        accounts = WitnessAccounts(witness.state, witness.codes, block.header.pre_state_root)
    return validate_block(chain, block, accounts, package.versioned_hashes, preset)


def open_chain_view(file: Path, package: BlockPackage) -> ChainView:
    """Take the parent out of a package: the last ancestor, and the claim that has to be its."""
    if not package.witness.headers:
        raise CannotVerify(Cause.MISSING_PARENT, "the package's witness has no headers")
    field = f"witness.headers[{len(package.witness.headers) - 1}]"
    try:
        parent_header, parent_hash = decode_header(package.witness.headers[-1])
    except BlockDecodeError as failure:
        raise BadInput(file, f"{field}.{failure.field}", failure.reason) from None
    if package.parent_claim.block_hash != parent_hash:
        reason = f"{package.parent_claim.block_hash}, but {field} is block {parent_hash}"
        raise BadInput(file, "parent_claim.block_hash", reason)
    return ChainView(package.chain_id, parent_header, package.parent_claim)


def report_valid(report: StaticReport, elapsed_ms: float, *, json: bool) -> ExitCode:
    """Print which block passed, what is remarkable about it, and how long it took."""
    if json:
        print_json({"verdict": "valid", **as_fields(report), "ms": round(elapsed_ms, 3)})
        return ExitCode.VALID
    typer.echo(
        f"valid: block {report.number} {report.block_hash}, "
        f"{report.transactions} transactions, {elapsed_ms:.1f} ms"
    )
    for notice in report.notices:
        typer.echo(f"notice: {notice}")
    return ExitCode.VALID


def as_fields(report: StaticReport) -> dict[str, object]:
    """Give a report as JSON has it."""
    notices = [{"notice": one.kind, "operands": dict(one.operands)} for one in report.notices]
    return {
        "number": report.number,
        "block_hash": report.block_hash,
        "transactions": report.transactions,
        "notices": notices,
    }


def report_invalid(file: Path, refusal: InvalidBlock, *, json: bool) -> ExitCode:
    """Print the reason word and the operands."""
    if json:
        operands = show_operands(refusal)
        print_json({"verdict": "invalid", "reason": refusal.reason, "operands": operands})
    else:
        typer.echo(f"invalid: {one_line(f'{file}: {refusal}')}")
    return ExitCode.INVALID


def report_not_checked(file: Path, failure: CannotVerify, *, json: bool) -> ExitCode:
    """Print why there is no verdict."""
    if json:
        print_json({"verdict": "not_checked", "cause": failure.cause, "detail": failure.detail})
    else:
        typer.echo(f"not checked: {one_line(f'{file}: {failure}')}")
    return ExitCode.NOT_CHECKED
