"""`zkattest publish-proof`: hand a proof to a node that verifies, signs and publishes it."""

from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final

import trio
import typer

from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.output import BadInput, one_line, print_json
from zkattest.cli.progress import Display
from zkattest.cli.proving import run_cancellable
from zkattest.cli.sign_proof import PROFILE, read_proof
from zkattest.cli.which_revision import read_option
from zkattest.rpc import DeskAnswer, ProofDesk
from zkattest.types.errors import SourceTimeout, SourceUnavailable
from zkattest.types.ids import ProofType, Root
from zkattest.types.proof_messages import content_submission_codec
from zkattest.types.wire import ExecutionProofEnvelope

app = typer.Typer(add_completion=False, rich_markup_mode=None)

# How long to leave the node alone between two tries; it goes on by itself meanwhile.
PAUSE_S: Final = 2.0
_OK: Final = 200
_UNDER_WAY: Final = frozenset({202, 503})
_REFUSED: Final = "refused"


@dataclass(frozen=True, slots=True)
class Parcel:
    """Hold a proof that is handed in."""

    envelope: ExecutionProofEnvelope
    url: str
    wait_s: float


@app.command("publish-proof")
def publish_proof(
    proof: Annotated[Path, typer.Argument(help="Proof file.", show_default=False)],
    proof_type: Annotated[int, typer.Option(min=0, max=255, help="Number of its kind.")],
    block_root: Annotated[str, typer.Option(help="Beacon block root: 0x and 64 digits.")],
    node: Annotated[
        str, typer.Option(metavar="URL", help="Where the node takes proofs (signer.listen).")
    ] = "http://127.0.0.1:9187",
    wait_s: Annotated[
        float, typer.Option(min=0, max=86_400, help="Seconds to try again where that may help.")
    ] = 60.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> ExitCode:
    """
    Have a node verify, sign and publish a proof of EIP-8025 (revision beta4).

    Exit codes: 0 published or known, 1 refused, 2 could not (bad input included).
    """
    envelope = ExecutionProofEnvelope(
        read_proof(proof),
        ProofType(proof_type),
        Root(read_option(Root.from_hex, block_root, "--block-root")),
    )
    try:
        desk = ProofDesk(node)
    except ValueError as failure:
        raise BadInput("arguments", "--node", failure) from None
    with closing(desk), Display(quiet=json) as display:
        answer, tries = run_cancellable(hand_in, Parcel(envelope, node, wait_s), desk, display)
    return report(envelope, answer, tries, json=json)


async def hand_in(parcel: Parcel, desk: ProofDesk, display: Display) -> tuple[DeskAnswer, int]:
    """Hand a proof in until the answer is final, or the time is over; return the last answer."""
    data = content_submission_codec(PROFILE).encode((parcel.envelope,), "")
    deadline_s, tries = trio.current_time() + parcel.wait_s, 0
    while True:
        tries += 1
        display.show_step("handing the proof in: try", tries, None, important=tries == 1)
        try:
            answer = await desk.hand_in(data)
        except (SourceTimeout, SourceUnavailable) as failure:
            answer = DeskAnswer(503, "no_answer", cause=failure.cause, message=failure.detail)
        if answer.code not in _UNDER_WAY or trio.current_time() + PAUSE_S > deadline_s:
            return answer, tries
        said = answer.reason or answer.message or answer.status
        display.show_step(f"{one_line(said)}: try", tries, None, important=True)
        await trio.sleep(PAUSE_S)


def report(
    envelope: ExecutionProofEnvelope, answer: DeskAnswer, tries: int, *, json: bool
) -> ExitCode:
    """Print what became of the proof."""
    code = exit_code_of(answer)
    if json:
        named = {"block_root": envelope.beacon_block_root, "proof_type": int(envelope.proof_type)}
        print_json(named | asdict(answer) | {"tries": tries})
        return code
    verdict = {ExitCode.VALID: answer.status, ExitCode.INVALID: "refused"}.get(code)
    typer.echo(
        f"{one_line(verdict or 'not published')}: proof of type {envelope.proof_type} "
        f"for block {envelope.beacon_block_root}"
    )
    if code is not ExitCode.VALID:
        typer.echo(f"  {one_line(answer.message or answer.reason or answer.status)}")
    if answer.is_kept:
        typer.echo("  the node keeps it, and tries again")
    return code


def exit_code_of(answer: DeskAnswer) -> ExitCode:
    """Say which of the three answers it is."""
    if answer.code == _OK and answer.status:
        return ExitCode.VALID
    return ExitCode.INVALID if answer.status == _REFUSED else ExitCode.NOT_CHECKED
