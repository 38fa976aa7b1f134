"""`zkattest verify`: verify one proof of any program."""

import os
import stat
import sys
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final

import typer

from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.interrupts import ended_by_interrupts
from zkattest.cli.output import BadInput, print_json, report_invalid, report_not_checked
from zkattest.spec.budget import DEAR_VERIFICATION_MS
from zkattest.spec.reasons import CannotVerify, InvalidProof, Reason
from zkattest.types.errors import DecodeError
from zkattest.types.ids import ProgramVk
from zkattest.types.wire import PUBLIC_VALUES_BYTES, PublicValues
from zkattest.verify.builtin import BuiltInVerifier
from zkattest.verify.proof import ProofSystem, VerifiedProof

MAX_PUBLIC_VALUES_BYTES: Final = 1 << 20
MAX_VERIFIER_KEY_BYTES: Final = 1 << 16
_PROGRAM_KEY_REASONS: Final = frozenset(
    {
        Reason.PROGRAM_KEY_MALFORMED,
        Reason.PROGRAM_KEY_MISMATCH,
        Reason.PROGRAM_KEY_NOT_CANONICAL,
    }
)
# As they are, or padded to what ZisK and OpenVM put out.
_STATEMENT_BYTES: Final = (PUBLIC_VALUES_BYTES, 256)
STATEMENTS: Final = {
    0x7886: "delayed execution claim",
    0x1501: "EIP-8025 payload request, Amsterdam",
}

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def verify(
    proof: Annotated[
        Path, typer.Argument(help="Proof file (RISC Zero: the seal).", show_default=False)
    ],
    system: Annotated[ProofSystem, typer.Option(help="Proof system.")],
    program_vk: Annotated[
        str | None,
        typer.Option(
            help="Program key: 0x and 64 digits. RISC Zero: the image id. "
            "groth16-bn254: the SHA-256 of the verifier key, computed if not given."
        ),
    ] = None,
    public_values: Annotated[
        Path | None,
        typer.Option(
            help="File of the public values' bytes (RISC Zero: the journal). The proof must commit "
            "to them. Not needed where it carries its own."
        ),
    ] = None,
    verifier_key: Annotated[
        Path | None,
        typer.Option(
            help="File of a verifier key: that of the circuit for groth16-bn254, that of another "
            "version for sp1-groth16 and sp1-plonk. Other systems take none."
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the answer as one JSON object.")
    ] = False,
) -> ExitCode:
    """
    Verify one proof of any program, and print what it proves.

    Exit codes: 0 valid, 1 invalid, 2 could not check (bad input included).
    """
    key = None if verifier_key is None else read_verifier_key(verifier_key)
    verifier = open_verifier(system, program_vk, key)
    try:
        data = read_proof(proof, verifier.max_proof_bytes)
        values = None if public_values is None else read_public_values(public_values)
        if system in DEAR_VERIFICATION_MS and sys.stderr.isatty():
            typer.echo(f"verifying a proof of {system}: seconds", err=True)
        # The extension hears of no signal, and a PLONK proof takes it seconds.
        with ended_by_interrupts():
            verified = verifier.verify(data, values)
    except InvalidProof as refusal:
        return report_invalid(proof, refusal, json=json)
    except CannotVerify as failure:
        return report_not_checked(proof, failure, json=json)
    return report_valid(verified, json=json)


def open_verifier(
    system: ProofSystem, program_vk: str | None, verifier_key: bytes | None
) -> BuiltInVerifier:
    """Return the verifier of the program that the arguments name."""
    try:
        if program_vk is None:
            program = own_program(system, verifier_key)
        else:
            program = ProgramVk.from_hex(program_vk)
    except ValueError as failure:
        raise BadInput("arguments", "--program-vk", failure) from None
    try:
        return BuiltInVerifier(system, program, verifier_key)
    except InvalidProof as refusal:
        raise BadInput("arguments", blamed_option(refusal), refusal) from None
    except CannotVerify as failure:
        raise BadInput("arguments", "--verifier-key", failure) from None


def own_program(system: ProofSystem, verifier_key: bytes | None) -> ProgramVk:
    """Return the program of a generic circuit, whose key names it."""
    if system is not ProofSystem.GROTH16_BN254 or verifier_key is None:
        raise ValueError("missing")
    return ProgramVk(sha256(verifier_key).digest())


def blamed_option(refusal: InvalidProof) -> str:
    """Name the option that a refused key came from."""
    if refusal.reason in _PROGRAM_KEY_REASONS:
        return "--program-vk"
    return "--verifier-key"


def read_proof(path: Path, limit_bytes: int) -> bytes:
    """Read a proof, and refuse one that is too long by its size; raise `InvalidProof`."""
    # One byte more than allowed tells a file that grows from one that just fits.
    data, size_bytes = read_with_size(path, limit_bytes + 1)
    if size_bytes > limit_bytes:
        raise InvalidProof(Reason.PROOF_TOO_LARGE, got=size_bytes, limit=limit_bytes)
    return data


def read_verifier_key(path: Path) -> bytes:
    """Read a verifier key, and refuse what is longer than any may be."""
    data = read_file(path, MAX_VERIFIER_KEY_BYTES + 1)
    if len(data) > MAX_VERIFIER_KEY_BYTES:
        raise BadInput(path, "verifier key", f"more than {MAX_VERIFIER_KEY_BYTES} bytes")
    return data


def read_file(path: Path, limit_bytes: int) -> bytes:
    """Read a regular file, at most `limit_bytes` of it."""
    return read_with_size(path, limit_bytes)[0]


def read_with_size(path: Path, limit_bytes: int) -> tuple[bytes, int]:
    """Read a regular file, at most `limit_bytes` of it, and tell how long it is."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise BadInput(path, "", "not a regular file")
        with path.open("rb") as file:
            data = file.read(limit_bytes)
            return data, max(len(data), os.fstat(file.fileno()).st_size)
    except (OSError, ValueError) as failure:
        reason = failure.strerror if isinstance(failure, OSError) else failure
        raise BadInput(path, "", reason or failure) from None


def read_public_values(path: Path) -> bytes:
    """Read a file of public values: raw bytes, as the program committed them."""
    data = read_file(path, MAX_PUBLIC_VALUES_BYTES + 1)
    if len(data) > MAX_PUBLIC_VALUES_BYTES:
        reason = f"more than {MAX_PUBLIC_VALUES_BYTES} bytes"
        raise BadInput(path, "public values", reason)
    return data


def report_valid(verified: VerifiedProof, *, json: bool) -> ExitCode:
    """Print what was proven and how long it took to know."""
    statement = decode_statement(verified.public_values)
    if json:
        print_json({"verdict": "valid", **asdict(verified), "statement": statement})
    else:
        print_valid(verified, statement)
    return ExitCode.VALID


def print_valid(verified: VerifiedProof, statement: PublicValues | None) -> None:
    """Print a valid proof for a person."""
    typer.echo(f"valid: {verified.system} proof of program {verified.program_vk}")
    values = verified.public_values
    typer.echo(f"public values ({len(values)} bytes): 0x{values.hex()}")
    if statement is not None:
        typer.echo(f"statement: {describe(statement)}")
    typer.echo(
        f"circuit: {verified.circuit_version}; "
        f"decode {verified.decode_ms:.1f} ms, verify {verified.verify_ms:.1f} ms"
    )


def decode_statement(values: bytes) -> PublicValues | None:
    """Decode a block statement, 43 bytes or padded to 256; other programs have other values."""
    if len(values) not in _STATEMENT_BYTES:
        return None
    # The rules of gossip, which it brings along, are loaded by those who have a statement.
    from zkattest.spec.statement_check import trim_public_values

    try:
        decoded = PublicValues.decode(trim_public_values(values))
    except (InvalidProof, DecodeError):
        return None
    return decoded if decoded.schema_id in STATEMENTS or decoded.is_sentinel else None


def describe(statement: PublicValues) -> str:
    """Write a block statement in one line."""
    if statement.is_sentinel:
        return "none; the program could not use its input"
    return (
        f"{STATEMENTS[statement.schema_id]} (schema 0x{statement.schema_id:04x}), "
        f"root {statement.root}, valid {'yes' if statement.valid else 'no'}, "
        f"chain id {statement.chain_id}"
    )
