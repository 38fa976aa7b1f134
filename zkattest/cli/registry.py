"""`zkattest registry`: look into a registry of programs, check, sign or change it."""

import datetime as dt
import os
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.output import BadInput, one_line, print_json
from zkattest.cli.progress import Display
from zkattest.cli.tables import table_console
from zkattest.crypto.ed25519 import PublicKey, SigningKey
from zkattest.node.config_reader import ConfigError
from zkattest.node.registry_export import export_registry
from zkattest.node.registry_file import (
    LoadedRegistry,
    load_registry,
    read_registry_bytes,
    registry_document,
    revoke_in_text,
)
from zkattest.spec.evidence import ChainBroken
from zkattest.spec.program_registry import ProgramRegistry
from zkattest.spec.proof_policy import PRESETS, LostProof, ProofPolicy
from zkattest.spec.verdict_index import VerdictIndex
from zkattest.store.evidence import EvidenceError, read_log
from zkattest.types.programs import Date, EntryId, EntryState, EntryStatus, ProgramEntry

_MAX_KEY_FILE_BYTES = 1 << 14

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)
FileArgument = Annotated[
    Path | None,
    typer.Argument(help="Registry; left out, the one of this package.", show_default=False),
]
RequiredFile = Annotated[Path, typer.Argument(help="Registry (TOML).", show_default=False)]
TrustOption = Annotated[
    list[str] | None,
    typer.Option("--key", metavar="<0x…>", help="Public key that may have signed it; repeatable."),
]
PolicyOption = Annotated[
    str,
    typer.Option(
        help=f"Preset by which blocks are proven: {', '.join(PRESETS)}.",
        autocompletion=lambda: list(PRESETS),
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.callback()
def registry() -> None:
    """Look into a registry of programs, check, sign or change it."""


@app.command()
def show(file: FileArgument = None, key: TrustOption = None, json: JsonOption = False) -> ExitCode:
    """
    Print the programs of a registry, and which numbers stand for them.

    Exit codes: 0 printed, 2 the registry is wrong or cannot be read.
    """
    loaded = load(file, key)
    if json:
        print_json({"sha256": str(loaded.sha256), **registry_document(loaded.registry)})
        return ExitCode.VALID
    console = table_console()
    console.print(programs_table(loaded.registry.entries.values()))
    console.print(numbers_table(loaded.registry))
    return ExitCode.VALID


@app.command()
def check(file: FileArgument = None, key: TrustOption = None, json: JsonOption = False) -> ExitCode:
    """
    Check a registry: every field, and that nothing in it clashes.

    Exit codes: 0 nothing is wrong, 1 something is, 2 it cannot be read.
    """
    try:
        loaded = load_registry(file, trusted_keys(key))
    except ConfigError as error:
        if error.field == "file":
            raise BadInput(error.path, "", error.reason) from None
        report_mistakes(error, json=json)
        return ExitCode.INVALID
    entries = loaded.registry.entries.values()
    counts = {state: sum(e.status.state is state for e in entries) for state in EntryState}
    if json:
        print_json({"verdict": "valid", "sha256": str(loaded.sha256), "entries": counts})
    else:
        shown = ", ".join(f"{count} {state}" for state, count in counts.items())
        typer.echo(f"valid: {shown}; sha256 {loaded.sha256}")
    return ExitCode.VALID


@app.command()
def export(
    file: FileArgument = None,
    *,
    key_file: Annotated[
        Path, typer.Option(help="Ed25519 private key (PKCS #8, PEM).", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="File to write.", show_default=False)],
    json: JsonOption = False,
) -> ExitCode:
    """
    Sign a registry, as a DSSE envelope that engines take in its place.

    A key is made by `openssl genpkey -algorithm ed25519`. Exit codes: 0 written, 2 could not.
    """
    loaded = load(file, None)
    try:
        with key_file.open("rb") as handle:
            key = SigningKey.from_pem(handle.read(_MAX_KEY_FILE_BYTES))
    except OSError as error:
        raise BadInput(key_file, "", error.strerror or error) from None
    except ValueError as error:
        raise BadInput(key_file, "", error) from None
    replace_file(out, export_registry(registry_document(loaded.registry), key))
    if json:
        print_json({"signer": str(key.public_key), "sha256": loaded.sha256, "file": out})
    else:
        typer.echo(f"signed by {key.public_key}: {out}")
    return ExitCode.VALID


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="Signed export.", show_default=False)],
    key: Annotated[
        list[str], typer.Option(metavar="<0x…>", help="Public key that is trusted; repeatable.")
    ],
    json: JsonOption = False,
) -> ExitCode:
    """
    Check who signed an export, and the registry in it.

    Exit codes: 0 a trusted key signed it, 1 none did or it is wrong, 2 it cannot be read.
    """
    try:
        loaded = load_registry(file, trusted_keys(key))
    except ConfigError as error:
        if error.field == "file":
            raise BadInput(error.path, "", error.reason) from None
        report_mistakes(error, json=json)
        return ExitCode.INVALID
    if json:
        print_json({"verdict": "valid", "signer": str(loaded.signer), "sha256": loaded.sha256})
    else:
        typer.echo(f"valid: signed by {loaded.signer}, {len(loaded.registry.entries)} entries")
    return ExitCode.VALID


@app.command()
def revoke(
    entry: Annotated[str, typer.Argument(help="Entry.", show_default=False)],
    file: RequiredFile,
    reason: Annotated[str, typer.Option(help="Why, in one line.", show_default=False)],
    date: Annotated[str | None, typer.Option(help="Since when; today if left out.")] = None,
    evidence: Annotated[
        Path | None, typer.Option(help="Evidence log that is judged anew.", show_default=False)
    ] = None,
    policy: PolicyOption = "1-of-any",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing.")] = False,
    json: JsonOption = False,
) -> ExitCode:
    """
    Mark a program as revoked in a registry's file, and say which blocks lose their proof.

    Engines that watch the file take it up by themselves. Exit codes: 0 written, 2 could not.
    """
    status = read_status(date, reason)
    try:
        name = EntryId(entry)
        data = read_registry_bytes(file)
        before = load_registry(file).registry
        changed, after = revoke_in_text(file, data, name, status)
    except ValueError as error:
        raise BadInput("arguments", "entry", error) from None
    except ConfigError as error:
        raise BadInput(error.path, error.field, error.reason) from None
    lost = lost_in(evidence, preset_named(policy), before, after, quiet=json)
    if not dry_run:
        replace_file(file, changed)
    report_lost(name, status, lost, dry_run=dry_run, json=json)
    return ExitCode.VALID


# --- Reading ----------------------------------------------------------------------------------


def load(file: Path | None, keys: list[str] | None) -> LoadedRegistry:
    """Read a registry; every mistake is bad input."""
    try:
        return load_registry(file, trusted_keys(keys))
    except ConfigError as error:
        raise BadInput(error.path, error.field, error.reason) from None


def trusted_keys(texts: list[str] | None) -> tuple[PublicKey, ...]:
    """Read public keys."""
    try:
        return tuple(PublicKey.from_hex(text) for text in texts or ())
    except ValueError as error:
        raise BadInput("arguments", "--key", error) from None


def read_status(date: str | None, reason: str) -> EntryStatus:
    """Read since when and why an entry is revoked."""
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    if not reason or not reason.isprintable():
        raise BadInput("arguments", "--reason", "expected one line")
    try:
        return EntryStatus(EntryState.REVOKED, Date(date or today), reason)
    except ValueError as error:
        raise BadInput("arguments", "--date", error) from None


def preset_named(name: str) -> ProofPolicy:
    """Return a preset."""
    if name not in PRESETS:
        raise BadInput("arguments", "--policy", f"{name!r}, expected one of {', '.join(PRESETS)}")
    return PRESETS[name]


def lost_in(
    evidence: Path | None,
    policy: ProofPolicy,
    before: ProgramRegistry,
    after: ProgramRegistry,
    *,
    quiet: bool,
) -> tuple[LostProof, ...] | None:
    """Judge all verdicts of a log anew; None without a log."""
    if evidence is None:
        return None
    index = VerdictIndex(limit=1 << 20)
    try:
        with Display(quiet=quiet) as display:
            for number, (record, link) in enumerate(read_log(evidence), start=1):
                index.add_record(record, link.id)
                display.show_step("records", number, None, important=False)
    except (EvidenceError, ChainBroken) as error:
        raise BadInput(evidence, "", error) from None
    return index.lost(policy, before, after)


# --- Printing and writing ---------------------------------------------------------------------


def programs_table(entries: Iterable[ProgramEntry]) -> Table:
    """Lay programs out, one a row."""
    names = ("entry", "system", "version", "program key", "guest", "client", "bits", "status")
    table = Table(*(Column(name, overflow="fold") for name in names))
    for entry in entries:
        bits = str(entry.security.provable_bits) if entry.security else "-"
        status = entry.status
        shown = " ".join(str(part) for part in (status.state, status.since, status.reason) if part)
        key = str(entry.program_vk)
        guest = f"{entry.guest.name} {entry.guest.version}"
        client = entry.guest.execution_client or "-"
        version = entry.system_version or "-"
        table.add_row(entry.id, entry.system, version, key, guest, client, bits, shown)
    return table


def numbers_table(registry: ProgramRegistry) -> Table:
    """Lay out which number stands for which program, by profile."""
    table = Table("profile", "type", "entry")
    for profile in registry.profiles.values():
        for number, entry_id in profile.proof_types.items():
            table.add_row(profile.id, str(number), entry_id)
    return table


def report_mistakes(error: ConfigError, *, json: bool) -> None:
    """Print everything that is wrong with a registry."""
    if json:
        print_json({"verdict": "invalid", "mistakes": [asdict(one) for one in error.mistakes]})
        return
    for mistake in error.mistakes:
        typer.echo(one_line(f"invalid: {error.path}: {mistake.field}: {mistake.reason}"))


def report_lost(
    name: EntryId,
    status: EntryStatus,
    lost: tuple[LostProof, ...] | None,
    *,
    dry_run: bool,
    json: bool,
) -> None:
    """Print which blocks lose their proof; nothing is said of them without a log."""
    if json:
        roots = None if lost is None else [one.subject for one in lost]
        told = {"entry": name, "status": asdict(status), "written": not dry_run, "lost": roots}
        print_json(told)
        return
    would_be = "would be " if dry_run else ""
    typer.echo(f"{name}: {would_be}{status.state} since {status.since}: {status.reason}")
    if lost is None:
        typer.echo("no evidence log was named: it is not known which blocks lose their proof")
        return
    typer.echo(f"{len(lost)} {'block loses its' if len(lost) == 1 else 'blocks lose their'} proof")
    for one in lost:
        typer.echo(f"{one.subject}: {one.after.reason} ({one.after.policy})")


def replace_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; the rights of one that is there stay."""
    written: Path | None = None
    try:
        mode = path.stat().st_mode if path.exists() else None
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            written = Path(file.name)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        written.chmod(mode & 0o777 if mode is not None else 0o644)
        written.replace(path)
    except BaseException as error:
        # Ctrl-C, too, leaves no half file behind.
        if written is not None:
            written.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise BadInput(path, "", error.strerror or error) from None
        raise
