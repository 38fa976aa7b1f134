"""`zkattest which-revision`: tell which revisions of EIP-8025 a captured message is of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.output import BadInput, one_line, print_json
from zkattest.cli.verify import read_file
from zkattest.spec.revisions import DecodeMessage, RevisionAnswer, RevisionFit, judge_revisions
from zkattest.types.ids import FixedBytes, Root
from zkattest.types.proof_json import decode_message_json, max_json_bytes
from zkattest.types.proof_messages import decode_message
from zkattest.types.proof_profiles import PROFILES

app = typer.Typer(add_completion=False, rich_markup_mode=None)

MAX_MESSAGE_BYTES: Final = max(profile.max_message_bytes for profile in PROFILES.values())
# JSON is the longest form: two digits a byte.
MAX_FILE_BYTES: Final = max(max_json_bytes(profile) for profile in PROFILES.values())
_SNAPPY_FRAMES: Final = b"\xff\x06\x00\x00sNaPpY"
_ORDER: Final = (
    RevisionFit.FITS,
    RevisionFit.FITS_UNSIGNED,
    RevisionFit.WRONG_SIGNATURE,
    RevisionFit.NOT_DECODABLE,
)


class Pubkey(FixedBytes):
    """Identify a validator by its BLS key."""

    size_bytes = 48
    __slots__ = ()


class ForkVersion(FixedBytes):
    """Number a fork of a network."""

    size_bytes = 4
    __slots__ = ()


class Encoding(StrEnum):
    """Name what the file turned out to be."""

    SSZ = "ssz"
    SNAPPY_BLOCK = "ssz_snappy"
    SNAPPY_FRAMES = "ssz_snappy_frames"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Reading:
    """Hold the file's bytes in one form that they may have."""

    encoding: Encoding
    data: bytes
    decode: DecodeMessage


@app.command("which-revision")
def which_revision(
    message: Annotated[
        Path,
        typer.Argument(help="Message: SSZ, snappy (block or frames) or JSON.", show_default=False),
    ],
    pubkey: Annotated[str, typer.Option(help="Validator's key: 0x and 96 digits.")],
    fork_version: Annotated[str, typer.Option(help="Fork version: 0x and 8 digits.")],
    genesis_validators_root: Annotated[str, typer.Option(help="Root: 0x and 64 digits.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> ExitCode:
    """
    Tell which revisions of EIP-8025 a message and its signature fit.

    Exit codes: 0 at least one, 1 none, 2 could not check (bad input included).
    """
    key = read_option(Pubkey.from_hex, pubkey, "--pubkey")
    version = read_option(ForkVersion.from_hex, fork_version, "--fork-version")
    root = read_option(Root.from_hex, genesis_validators_root, "--genesis-validators-root")
    data = read_file(message, MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise BadInput(message, "", f"more than {MAX_FILE_BYTES} bytes")
    judged = [
        (form.encoding, judge_revisions(form.data, key, version, root, form.decode))
        for form in readings(data)
    ]
    # Bytes can be read in two ways by chance; the better answer is the true one.
    encoding, answers = min(judged, key=lambda one: min(_ORDER.index(a.fit) for a in one[1]))
    return report(encoding, answers, json=json)


def read_option(parse: Callable[[str], FixedBytes], text: str, option: str) -> FixedBytes:
    """Parse an option of fixed length."""
    try:
        return parse(text)
    except ValueError as failure:
        raise BadInput("arguments", option, failure) from None


def readings(data: bytes) -> list[Reading]:
    """Give the forms that a file may have, the likeliest first; never none."""
    forms = []
    if data.lstrip().startswith((b"{", b"[")):
        forms.append(Reading(Encoding.JSON, data, decode_message_json))
    forms += decompressed(data)
    forms.append(Reading(Encoding.SSZ, data, decode_message))
    return forms


def decompressed(data: bytes) -> list[Reading]:
    """Give what the bytes are as snappy, if they are."""
    # Importing `net` takes half a second: only those who give the command wait for it.
    from zkattest.net.snappy import SnappyError, decompress
    from zkattest.net.snappy_frames import decompress_frames

    is_framed = data.startswith(_SNAPPY_FRAMES)
    unpack = decompress_frames if is_framed else decompress
    try:
        plain = unpack(data, MAX_MESSAGE_BYTES)
    except SnappyError:
        return []
    encoding = Encoding.SNAPPY_FRAMES if is_framed else Encoding.SNAPPY_BLOCK
    return [Reading(encoding, plain, decode_message)]


def report(encoding: Encoding, answers: tuple[RevisionAnswer, ...], *, json: bool) -> ExitCode:
    """Print how the message fits each revision."""
    fitting = [answer.profile for answer in answers if answer.is_fit]
    if json:
        print_json(
            {
                "verdict": "valid" if fitting else "invalid",
                "encoding": encoding,
                "profiles": fitting,
                "revisions": answers,
            }
        )
    else:
        typer.echo(f"{'profile':12} {'answer':16} {'domain':10} root signed, or what is wrong")
        for answer in answers:
            typer.echo(row(answer))
        names = ", ".join(fitting) or "none"
        typer.echo(f"read as {encoding}; revisions that fit: {names}")
    return ExitCode.VALID if fitting else ExitCode.INVALID


def row(answer: RevisionAnswer) -> str:
    """Write one line of the table."""
    domain = "-" if answer.domain_type is None else f"0x{answer.domain_type.hex()}"
    last = str(answer.root) if answer.root is not None else one_line(answer.detail)
    return f"{answer.profile:12} {answer.fit.replace('_', ' '):16} {domain:10} {last}"
