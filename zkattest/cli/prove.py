"""`zkattest prove`: prove the execution of a block."""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.output import BadInput, fail, print_json
from zkattest.cli.progress import JobDisplay
from zkattest.cli.proving import check_target, describe_values, read_package, run_cancellable
from zkattest.prover.cache import find_worker
from zkattest.prover.errors import CannotProve
from zkattest.prover.job import Proof, Prover, open_prover
from zkattest.prover.program import Program, load_program
from zkattest.prover.settings import GIB
from zkattest.spec.reasons import CannotVerify, Cause, InvalidProof
from zkattest.verify.proof import ProofSystem
from zkattest.verify.registry import Registry

PROOF_SUFFIX = ".proof"

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def prove(
    blocks: Annotated[
        list[Path], typer.Argument(help="Block packages (.ssz).", show_default=False)
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="Proof file; a folder when there are several blocks."),
    ],
    elf: Annotated[
        Path | None, typer.Option(help="Another guest program; .sha256 and .vk lie beside it.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a block.")] = False,
) -> ExitCode:
    """
    Prove the execution of blocks, one after another in one warm worker. Takes minutes a block.

    A proof file appears whole and verified, or not at all. Exit codes: 0 proven, 2 could not.
    """
    targets = [(path, target_of(path, output, len(blocks))) for path in blocks]
    for path, target in targets:
        read_package(path)  # every file is refused before the first one is worked on
        check_target(target)
    try:
        program = load_program(elf)
        run_cancellable(prove_all, targets, program, json)
    except CannotProve as failure:
        fail("prove", failure.cause, failure.detail)
    except (CannotVerify, InvalidProof) as failure:
        fail("prove", "the finished proof does not verify here", failure)
    return ExitCode.VALID


def target_of(block: Path, output: Path, count: int) -> Path:
    """Name the proof of a block: the given file, or the block's name in the given folder."""
    if output.is_dir():
        return output / f"{block.stem}{PROOF_SUFFIX}"
    if count > 1:
        raise BadInput(output, "", "not a folder, and there are several blocks")
    return output


async def prove_all(targets: Sequence[tuple[Path, Path]], program: Program, json: bool) -> None:
    """Prove one block after another in one worker."""
    with JobDisplay(quiet=json) as display:
        async with open_prover(program, find_worker()) as prover:
            for path, target in targets:
                display.block = "/".join(path.absolute().parts[-2:])
                proof = await prove_one(prover, path, target, display, program)
                print_proof(path, proof, json=json)


async def prove_one(
    prover: Prover, path: Path, target: Path, display: JobDisplay, program: Program
) -> Proof:
    """Prove one block into a hidden file, verify that as any verifier would, then name it."""
    unchecked = target.with_name(f".{target.name}.{os.getpid()}.unchecked")
    try:
        proof = await prover.prove(read_package(path), unchecked, display.show)
        registry = Registry([(ProofSystem.SP1, program.program_vk)])
        verified = registry.verify(
            ProofSystem.SP1, program.program_vk, unchecked.read_bytes(), proof.public_values
        )
        if verified.public_values != proof.public_values:
            raise CannotProve(Cause.BACKEND_UNAVAILABLE, "the proof has other public values")
        unchecked.replace(target)
    finally:
        unchecked.unlink(missing_ok=True)
    return replace(proof, path=target)


def print_proof(path: Path, proof: Proof, *, json: bool) -> None:
    """Print what proving one block gave and cost."""
    if json:
        print_json({"block": path, **proof.to_dict()})
        sys.stdout.flush()  # whoever reads a pipe learns of each proof when it is there
        return
    typer.echo(
        f"{path}: proven in {proof.elapsed_ms / 1000:.0f} s, {proof.cycles:,} cycles, "
        f"{proof.shards} shards, peak memory {proof.peak_memory_bytes / GIB:.1f} GiB"
    )
    typer.echo(f"  {describe_values(proof.public_values)}")
    typer.echo(f"  program {proof.program_vk}")
    typer.echo(f"  {proof.path}: {proof.proof_bytes:,} bytes, verified")
