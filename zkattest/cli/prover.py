"""`zkattest prover`: build or find the prover worker, and say what is there."""

from pathlib import Path
from typing import Annotated

import typer

from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.output import fail, print_json
from zkattest.cli.progress import BuildDisplay
from zkattest.cli.proving import run_cancellable
from zkattest.prover.build import ensure_built
from zkattest.prover.cache import CacheEntry, current_entry, find_worker
from zkattest.prover.errors import CannotProve
from zkattest.prover.job import program_key
from zkattest.prover.program import load_program
from zkattest.prover.settings import GIB, prove_needs
from zkattest.prover.system import measure_resources, require
from zkattest.prover.toolchain import require_toolchain

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.callback()
def prover() -> None:
    """Build or find the prover worker."""


@app.command()
def init(json: JsonOption = False) -> ExitCode:
    """
    Build the prover worker into the cache, unless it is there.

    Takes minutes the first time and needs Rust, protoc, clang, cmake, pkg-config and OpenSSL's
    headers. Exit codes: 0 it is there, 2 it could not be built.
    """
    try:
        entry = current_entry()
        with BuildDisplay(quiet=json) as display:
            built = run_cancellable(ensure_built, entry, display.show, display.show_waiting)
    except CannotProve as failure:
        fail("prover", failure.cause, failure.detail)
    if json:
        print_json({"built": built, "key": entry.key, "path": entry.binary})
    else:
        typer.echo(f"{'built' if built else 'found'} {entry.binary}")
    return ExitCode.VALID


@app.command()
def status(json: JsonOption = False) -> ExitCode:
    """
    Say whether the worker is built, and whether this machine could prove.

    Exit codes: 0 ready to prove, 2 not ready.
    """
    facts = gather_facts()
    if json:
        print_json(facts)
    else:
        for name, value in facts.items():
            typer.echo(f"{name}: {value}")
    return ExitCode.VALID if facts["ready"] else ExitCode.NOT_CHECKED


@app.command()
def key(
    elf: Annotated[Path, typer.Argument(help="Program for SP1 (ELF).", show_default=False)],
) -> ExitCode:
    """
    Print the key of a program: 0x and 64 digits.

    Exit codes: 0 printed, 2 could not.
    """
    try:
        typer.echo(run_cancellable(program_key, find_worker(), elf))
    except CannotProve as failure:
        fail("prover", failure.cause, failure.detail)
    return ExitCode.VALID


def gather_facts() -> dict[str, object]:
    """Collect what decides about proving here; what is wrong stands in words."""
    facts: dict[str, object] = {"ready": False}
    problems = []
    try:
        entry = current_entry()
        facts |= {"key": entry.key, "path": str(entry.binary), "built": entry.is_built()}
        facts |= resource_facts(entry)
        if not entry.is_built():
            problems.append("not built: run `zkattest prover init`")
            require_toolchain()
        require(prove_needs(), measure_resources(entry.folder), "proving")
    except CannotProve as failure:
        problems.append(failure.detail)
    try:
        facts["program_vk"] = str(load_program().program_vk)
    except CannotProve as failure:
        problems.append(failure.detail)
    return {**facts, "ready": not problems, "problems": problems}


def resource_facts(entry: CacheEntry) -> dict[str, object]:
    """Show what is free and what proving needs, in GiB."""
    free = measure_resources(entry.folder)
    return {
        "memory_free_gib": round(free.memory_bytes / GIB, 1),
        "memory_needed_gib": round(prove_needs().memory_bytes / GIB, 1),
        "disk_free_gib": round(free.disk_bytes / GIB, 1),
    }
