"""`zkattest check`: check one block statically, from a block package."""

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.output import print_json, report_invalid, report_not_checked
from zkattest.cli.proving import read_package
from zkattest.cli.sources import StateRpc, StateStore, open_named
from zkattest.node.embed import check_block
from zkattest.spec.presets import PRESETS, PresetName
from zkattest.spec.reasons import CannotVerify, InvalidBlock
from zkattest.spec.static_block import StaticReport

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
    state_store: StateStore = None,
    state_rpc: StateRpc = None,
) -> ExitCode:
    """
    Check a block without executing it, against the parent in its package.

    Exit codes: 0 valid, 1 invalid, 2 could not check (bad input included).
    """
    package = read_package(file)
    rules = PRESETS[preset].with_flags(refund_aware=refund_aware, cap_balance=cap_balance)
    with open_named(state_store, state_rpc) as sources:
        started = perf_counter()
        try:
            report = check_block(package, rules, sources)
        except InvalidBlock as refusal:
            return report_invalid(file, refusal, json=json)
        except CannotVerify as failure:
            return report_not_checked(file, failure, json=json)
        return report_valid(report, 1_000 * (perf_counter() - started), json=json)


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
