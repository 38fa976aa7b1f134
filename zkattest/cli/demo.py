"""`zkattest demo`: play a proven chain to four attesters, faults included."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console

import zkattest
from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.output import BadInput, fail
from zkattest.cli.prove import prove_all
from zkattest.cli.proving import run_cancellable
from zkattest.devnet.conductor import DevnetFailed, run_devnet
from zkattest.devnet.pack import Pack, PackError, load_pack
from zkattest.devnet.render import open_view
from zkattest.devnet.report import summarise, write_json
from zkattest.devnet.scenario import (
    BLOCKS_NEEDED,
    PROOFS_NEEDED,
    Scenario,
    write_scenario,
)
from zkattest.prover.errors import CannotProve
from zkattest.prover.program import Program, load_program
from zkattest.spec.reasons import CannotVerify, InvalidProof

RECORDED_CHAIN = Path(zkattest.__file__).parents[1] / "vectors" / "eip7886" / "chain"
SHORTEST_SLOT_S = 1.5
LONGEST_SLOT_S = 600.0

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def demo(
    json: Annotated[
        Path | None, typer.Option("--json", help="Write every verdict to this file as JSON.")
    ] = None,
    prove: Annotated[
        bool, typer.Option("--prove", help="Prove the blocks now: minutes a block.")
    ] = False,
    vectors: Annotated[Path, typer.Option(help="Folder of a recorded chain.")] = RECORDED_CHAIN,
    slot_seconds: Annotated[float, typer.Option(help="Length of a slot.")] = 6.0,
    logs: Annotated[
        Path | None, typer.Option(help="Keep every process's events in this folder.")
    ] = None,
) -> ExitCode:
    """
    Play a proven chain to four attesters on this machine, faults included.

    Exit codes: 0 every verdict was the expected one, 1 some was not, 2 it could not be played.
    """
    if not SHORTEST_SLOT_S <= slot_seconds <= LONGEST_SLOT_S:
        raise BadInput("--slot-seconds", "", f"{slot_seconds:g}, expected 1.5 to 600")
    if json is not None and not os.access(json.absolute().parent, os.W_OK | os.X_OK):
        raise BadInput(json, "", "its folder does not exist or is not writable")
    if logs is not None and not (logs.is_dir() and os.access(logs, os.W_OK | os.X_OK)):
        raise BadInput(logs, "", "not a writable folder")
    try:
        pack = load_pack(vectors)
        if prove:
            with TemporaryDirectory(prefix="zkattest-demo-") as folder:
                live = prove_live(pack, load_program(), Path(folder))
                return play(live, json, slot_seconds, logs)
        return play(pack, json, slot_seconds, logs)
    except PackError as error:
        fail("demo", "", error)
    except CannotProve as failure:
        fail("demo", failure.cause, failure.detail)
    except (CannotVerify, InvalidProof) as failure:
        fail("demo", "the finished proof does not verify here", failure)
    except DevnetFailed as failure:
        fail("demo", "", failure)


def play(pack: Pack, json: Path | None, slot_seconds: float, logs: Path | None) -> ExitCode:
    """Play what is proven of a chain, and compare every verdict with the script."""
    console = Console(highlight=False)
    scenario = plan(pack, console)
    program_vk, slot_ms = load_program().program_vk, round(slot_seconds * 1000)
    view = open_view(console)
    board = run_cancellable(run_devnet, pack, program_vk, scenario, slot_ms, view, logs)
    for line in summarise(board):
        console.print(line, soft_wrap=True)
    if json is not None:
        write_json(board, json)
    return ExitCode.INVALID if board.complaints() else ExitCode.VALID


def plan(pack: Pack, console: Console) -> Scenario:
    """Write the script for what the chain holds; refuse one that is too short for it."""
    blocks, proofs = len(pack.blocks), pack.proven
    if blocks < BLOCKS_NEEDED or proofs < PROOFS_NEEDED:
        raise PackError(
            f"{pack.folder}: {blocks} blocks, the first {proofs} with proofs;"
            f" the script needs {BLOCKS_NEEDED} and {PROOFS_NEEDED} (make record goes on proving)"
        )
    # One block beyond the last proof can be attested to: its parent is proven.
    played = min(blocks, proofs + 1)
    if played < blocks:
        console.print(
            f"the recorded chain is incomplete: {proofs} of {blocks} blocks have proofs;"
            f" {played} are played",
            soft_wrap=True,
        )
    return write_scenario(played, proofs)


def prove_live(pack: Pack, program: Program, folder: Path) -> Pack:
    """Prove now what the script needs, into a folder of its own."""
    typer.echo(
        f"proving {PROOFS_NEEDED} blocks with the real prover before the slots begin;"
        " this takes minutes a block",
        err=True,
    )
    targets = []
    for recorded in pack.blocks[:BLOCKS_NEEDED]:
        live = folder / recorded.folder.name
        live.mkdir()
        for name in ("block.ssz", "claim.ssz"):
            (live / name).write_bytes((recorded.folder / name).read_bytes())
        targets.append((live / "block.ssz", live / "proof.bin"))
    # Nothing builds on the last block, so nobody asks for its proof.
    run_cancellable(prove_all, targets[:PROOFS_NEEDED], program, False)
    return load_pack(folder)
