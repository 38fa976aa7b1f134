"""`zkattest sign-proof`: sign a proof as a validator, for gossip or the Beacon API."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.output import BadInput, one_line, print_json
from zkattest.cli.proving import check_target, run_cancellable
from zkattest.cli.verify import read_file
from zkattest.cli.which_revision import ForkVersion, Pubkey, read_option
from zkattest.crypto.proof_roots import execution_proof_domain
from zkattest.node.proof_signing import (
    EnvelopeSigner,
    KeystoreSettings,
    RemoteSignerSettings,
    SignerSettings,
    open_signer,
)
from zkattest.rpc import parse_url
from zkattest.signers import KeystoreError
from zkattest.spec.reasons import show_operands
from zkattest.spec.signing import CannotSign, SigningRefused
from zkattest.store import SigningGuardError, SqliteSigningGuard
from zkattest.types.ids import ProofType, Root, Slot, ValidatorIndex
from zkattest.types.proof_json import encode_message_json
from zkattest.types.proof_profiles import PROFILES, ProfileName
from zkattest.types.wire import (
    MAX_PROOF_BYTES,
    ExecutionProofEnvelope,
    SignedExecutionProofEnvelope,
)

app = typer.Typer(add_completion=False, rich_markup_mode=None)

PROFILE = PROFILES[ProfileName.BETA4]
_MAX_UINT64 = (1 << 64) - 1


class OutputFormat(StrEnum):
    """Say what the message is for: gossip, or the Beacon API."""

    SSZ = "ssz"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Order:
    """Hold what is to be signed, as whom, and where it goes."""

    envelope: ExecutionProofEnvelope
    index: ValidatorIndex
    slot: Slot | None
    domain: bytes
    target: Path
    form: OutputFormat
    guard: Path | None
    allow_second: bool


@app.command("sign-proof")
def sign_proof(
    proof: Annotated[Path, typer.Argument(help="Proof file.", show_default=False)],
    proof_type: Annotated[int, typer.Option(min=0, max=255, help="Number of its kind.")],
    block_root: Annotated[str, typer.Option(help="Beacon block root: 0x and 64 digits.")],
    validator_index: Annotated[int, typer.Option(min=0, max=_MAX_UINT64, help="Who signs.")],
    fork_version: Annotated[str, typer.Option(help="Fork version: 0x and 8 digits.")],
    genesis_validators_root: Annotated[str, typer.Option(help="Root: 0x and 64 digits.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="File of the signed message.")],
    keystore: Annotated[
        Path | None, typer.Option(help="Keystore (EIP-2335) of the key.", show_default=False)
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="File with its password.", show_default=False)
    ] = None,
    remote_signer: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Remote signer that holds the key.", show_default=False),
    ] = None,
    pubkey: Annotated[
        str | None,
        typer.Option(help="Key of the remote signer: 0x and 96 digits.", show_default=False),
    ] = None,
    slot: Annotated[
        int | None,
        typer.Option(
            min=0, max=_MAX_UINT64, help="Slot of the block, for the guard.", show_default=False
        ),
    ] = None,
    guard: Annotated[
        Path | None,
        typer.Option(help="File that remembers what was signed.", show_default=False),
    ] = None,
    allow_second: Annotated[
        bool, typer.Option("--allow-second", help="Sign another proof all the same.")
    ] = False,
    form: Annotated[
        OutputFormat, typer.Option("--format", help="Form of the message.")
    ] = OutputFormat.SSZ,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> ExitCode:
    """
    Sign a proof of EIP-8025 (revision beta4) as a validator; nothing is verified or sent.

    Exit codes: 0 signed, 1 refused by the guard, 2 could not (bad input included).
    """
    if allow_second and guard is None:
        raise BadInput("arguments", "--allow-second", "needs --guard")
    version = read_option(ForkVersion.from_hex, fork_version, "--fork-version")
    validators_root = read_option(
        Root.from_hex, genesis_validators_root, "--genesis-validators-root"
    )
    order = Order(
        envelope=ExecutionProofEnvelope(
            read_proof(proof),
            ProofType(proof_type),
            Root(read_option(Root.from_hex, block_root, "--block-root")),
        ),
        index=ValidatorIndex(validator_index),
        slot=None if slot is None else Slot(slot),
        domain=execution_proof_domain(PROFILE, version, validators_root),
        target=out,
        form=form,
        guard=guard,
        allow_second=allow_second,
    )
    settings = choose_signer(keystore, password_file, remote_signer, pubkey)
    check_target(out)
    try:
        return run_cancellable(sign_one, order, settings, json)
    except KeystoreError as failure:
        raise BadInput(failure.path, failure.field, failure.reason) from None
    except SigningRefused as refusal:
        return report_refused(refusal, json=json)
    except CannotSign as failure:
        return report_not_signed(failure, json=json)


def read_proof(path: Path) -> bytes:
    """Read a proof; an empty one and one that is too large would be refused by every peer."""
    data = read_file(path, MAX_PROOF_BYTES + 1)
    if not data:
        raise BadInput(path, "", "empty")
    if len(data) > MAX_PROOF_BYTES:
        raise BadInput(path, "", f"more than {MAX_PROOF_BYTES} bytes")
    return data


def choose_signer(
    keystore: Path | None, password_file: Path | None, url: str | None, pubkey: str | None
) -> SignerSettings:
    """Take the one signer that the arguments name."""
    if (keystore is None) == (url is None):
        raise BadInput("arguments", "--keystore", "expected either this or --remote-signer")
    if keystore is not None:
        if pubkey is not None:
            raise BadInput("arguments", "--pubkey", "a keystore names its own")
        if password_file is None:
            raise BadInput("arguments", "--password-file", "missing")
        return KeystoreSettings(keystore, password_file)
    if password_file is not None:
        raise BadInput("arguments", "--password-file", "a remote signer needs none")
    if pubkey is None:
        raise BadInput("arguments", "--pubkey", "missing")
    try:
        parse_url(url or "")
    except ValueError as failure:
        raise BadInput("arguments", "--remote-signer", failure) from None
    return RemoteSignerSettings(url or "", read_option(Pubkey.from_hex, pubkey, "--pubkey"))


@contextmanager
def opened_guard(path: Path | None) -> Iterator[SqliteSigningGuard | None]:
    """Open the guard that was named, if one was."""
    if path is None:
        yield None
        return
    try:
        guard = SqliteSigningGuard(path)
    except SigningGuardError as failure:
        raise BadInput("--guard", "", failure) from None
    with closing(guard):
        yield guard


async def sign_one(order: Order, settings: SignerSettings, json: bool) -> ExitCode:
    """Sign, write the message in one piece, and print what was signed."""
    async with open_signer(settings) as signer:
        # A guard is only made once there is a key that could sign.
        with opened_guard(order.guard) as guard:
            sealing = EnvelopeSigner(signer, order.index, order.domain, guard)
            signed = await sealing.sign(order.envelope, order.slot, allow_second=order.allow_second)
    data = encoded(signed, order.form)
    write_whole(order.target, data)
    root = sealing.signing_data(order.envelope).signing_root
    report_signed(order, signer.pubkey, root, len(data), json=json)
    return ExitCode.VALID


def encoded(signed: SignedExecutionProofEnvelope, form: OutputFormat) -> bytes:
    """Write a signed message in a form."""
    if form is OutputFormat.SSZ:
        return signed.encode()
    return (encode_message_json(PROFILE, signed) + "\n").encode()


def write_whole(target: Path, data: bytes) -> None:
    """Have a file appear whole, or not at all."""
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(target)
    except OSError as failure:
        raise BadInput(target, "", failure.strerror or failure) from None
    finally:
        unfinished.unlink(missing_ok=True)


def report_signed(order: Order, pubkey: bytes, root: Root, size_bytes: int, *, json: bool) -> None:
    """Print what was signed, by which key, and where it lies."""
    envelope = order.envelope
    if json:
        print_json(
            {
                "verdict": "signed",
                "block_root": envelope.beacon_block_root,
                "proof_type": int(envelope.proof_type),
                "validator_index": int(order.index),
                "pubkey": pubkey,
                "signing_root": root,
                "file": order.target,
                "size_bytes": size_bytes,
            }
        )
        return
    typer.echo(
        f"signed: proof of type {envelope.proof_type} for block {envelope.beacon_block_root}, "
        f"validator {order.index}"
    )
    typer.echo(f"  key 0x{pubkey.hex()}")
    typer.echo(f"  signing root {root}")
    typer.echo(f"  {order.target}: {size_bytes:,} bytes")


def report_refused(refusal: SigningRefused, *, json: bool) -> ExitCode:
    """Print why the guard refuses."""
    if json:
        operands = show_operands(refusal)
        print_json({"verdict": "refused", "reason": refusal.reason, "operands": operands})
    else:
        typer.echo(f"refused: {one_line(str(refusal))}")
    return ExitCode.INVALID


def report_not_signed(failure: CannotSign, *, json: bool) -> ExitCode:
    """Print why there is no signature."""
    if json:
        print_json({"verdict": "not_signed", "cause": failure.cause, "detail": failure.detail})
    else:
        typer.echo(f"not signed: {one_line(str(failure))}")
    return ExitCode.NOT_CHECKED
