"""`zkattest execute`: count a block's cycles in the guest, without proving."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.output import fail, print_json
from zkattest.cli.progress import JobDisplay
from zkattest.cli.proving import describe_values, read_package, run_cancellable
from zkattest.prover.cache import find_worker
from zkattest.prover.errors import CannotProve
from zkattest.prover.job import Execution, open_prover
from zkattest.prover.program import Program, load_program

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def execute(
    blocks: Annotated[
        list[Path], typer.Argument(help="Block packages (.ssz).", show_default=False)
    ],
    elf: Annotated[
        Path | None, typer.Option(help="Another guest program; .sha256 and .vk lie beside it.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a block.")] = False,
) -> ExitCode:
    """
    Run the guest on blocks without proving: cycles, prover gas, public values, system calls.

    Exit codes: 0 executed, 2 could not.
    """
    for path in blocks:
        read_package(path)  # every file is refused before the first one is worked on
    try:
        program = load_program(elf)
        run_cancellable(execute_all, blocks, program, json)
    except CannotProve as failure:
        fail("execute", failure.cause, failure.detail)
    return ExitCode.VALID


async def execute_all(blocks: Sequence[Path], program: Program, json: bool) -> None:
    """Execute one block after another in one worker."""
    with JobDisplay(quiet=json) as display:
        async with open_prover(program, find_worker()) as prover:
            for path in blocks:
                display.block = "/".join(path.absolute().parts[-2:])
                execution = await prover.execute(read_package(path), display.show)
                print_execution(path, execution, json=json)


def print_execution(path: Path, execution: Execution, *, json: bool) -> None:
    """Print what running the guest on one block gave."""
    if json:
        print_json({"block": path, **execution.to_dict()})
        return
    typer.echo(f"{path}: {execution.cycles:,} cycles in {execution.elapsed_ms} ms")
    if execution.prover_gas is not None:
        typer.echo(f"  prover gas: {execution.prover_gas:,}")
    typer.echo(f"  {describe_values(execution.public_values)}")
    calls = sorted(execution.system_calls.items(), key=lambda item: -item[1])
    typer.echo("  system calls: " + ", ".join(f"{name} {count:,}" for name, count in calls))
