"""
Read and write registries of programs: TOML by hand, or a signed export in JSON.

Both hold the same fields and go through the same reader. Every mistake names its field and, in
TOML, its line; a file with a mistake in it is not used at all.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any, Final

from zkattest.crypto.ed25519 import PublicKey
from zkattest.crypto.hashing import sha256
from zkattest.node.config_reader import ConfigError, Mistake, Notes, Table
from zkattest.node.registry_export import UntrustedExport, is_export, open_export
from zkattest.spec.program_registry import (
    Numbering,
    ProgramRegistry,
    RegistryClash,
    make_registry,
)
from zkattest.store.regular_file import open_regular
from zkattest.types.ids import ChainId, ProgramVk, ProofType
from zkattest.types.json_text import parse_json, unique_keys
from zkattest.types.programs import (
    Artifact,
    Date,
    EntryId,
    EntryState,
    EntryStatus,
    Guest,
    ProfileId,
    ProgramEntry,
    ProofSystem,
    Security,
    Sha256,
    Statement,
)

MAX_REGISTRY_BYTES: Final = 1 << 20
_VERSION: Final = 1
_MAX_SCHEMA: Final = 0xFFFF
_MAX_TEXT: Final = 400
DEFAULT_REGISTRY: Final = Path("registry.toml")


@dataclass(frozen=True, slots=True)
class LoadedRegistry:
    """Hold a registry, the hash of its file, and who signed it where it is an export."""

    registry: ProgramRegistry
    sha256: Sha256
    signer: PublicKey | None = None


def load_registry(path: Path | None, trusted: Sequence[PublicKey] = ()) -> LoadedRegistry:
    """
    Read a registry; None means the one that comes with the package.

    With trusted keys, only an export that one of them signed will do; without, only an unsigned
    file. Raises one `ConfigError` for all that is wrong.
    """
    if path is None:
        packed = resources.files("zkattest.node").joinpath(str(DEFAULT_REGISTRY))
        return parse_registry(DEFAULT_REGISTRY, packed.read_bytes())
    return parse_registry(path, read_registry_bytes(path), trusted)


def read_registry_bytes(path: Path) -> bytes:
    """Read a regular file of bounded size; raise `ConfigError`."""
    try:
        with open_regular(path) as file:
            data = file.read(MAX_REGISTRY_BYTES + 1)
    except OSError as error:
        raise ConfigError(path, Mistake("file", error.strerror or str(error))) from error
    if len(data) > MAX_REGISTRY_BYTES:
        raise ConfigError(path, Mistake("file", f"larger than {MAX_REGISTRY_BYTES} bytes"))
    return data


def parse_registry(path: Path, data: bytes, trusted: Sequence[PublicKey] = ()) -> LoadedRegistry:
    """Read a registry from bytes; `path` is for errors only."""
    digest, signer = Sha256(sha256(data)), None
    if is_export(data):
        try:
            payload, signer = open_export(data, trusted)
        except UntrustedExport as error:
            raise ConfigError(path, Mistake("signature", str(error))) from error
        registry = read_registry(path, _parse(path, payload, is_json=True), "")
    elif trusted:
        raise ConfigError(path, Mistake("signature", "missing: the file is not a signed export"))
    else:
        is_json = data.lstrip()[:1] == b"{"
        text = "" if is_json else data.decode("utf-8", "replace")
        registry = read_registry(path, _parse(path, data, is_json=is_json), text)
    return LoadedRegistry(registry, digest, signer)


def read_registry(path: Path, values: Mapping[str, Any], text: str) -> ProgramRegistry:
    """Read the fields of a registry; `text` is where lines of mistakes are looked up in."""
    notes = Notes(path)
    root = Table(notes, values)
    version = root.integer("version")
    if version != _VERSION:
        root.wrong("version", f"{version}, expected {_VERSION}")
    serial = root.integer("serial", 0)
    entries = [_read_entry(table) for table in root.tables("entry")]
    profiles = [_read_profile(table) for table in root.tables("profile")]
    root.refuse_unknown()
    _raise_with_lines(notes, text)
    try:
        # Without a mistake every part is there.
        return make_registry([e for e in entries if e], [p for p in profiles if p], serial)
    except RegistryClash as refusal:
        mistakes = [Mistake(str(clash.kind), clash.detail) for clash in refusal.clashes]
        raise ConfigError(path, *mistakes) from refusal


def registry_document(registry: ProgramRegistry) -> dict[str, Any]:
    """Write a registry as plain values, the fields of the file."""
    return {
        "version": _VERSION,
        "serial": registry.serial,
        "entry": [_entry_document(entry) for entry in registry.entries.values()],
        "profile": [
            {
                "id": str(profile.id),
                "source": profile.source,
                "types": [
                    {"number": int(number), "entry": str(entry_id)}
                    for number, entry_id in profile.proof_types.items()
                ],
            }
            for profile in registry.profiles.values()
        ],
    }


def revoke_in_text(
    path: Path, data: bytes, entry_id: EntryId, status: EntryStatus
) -> tuple[bytes, ProgramRegistry]:
    """
    Change the status of one entry in a TOML registry, and its serial where it has one.

    All else stays as it is, comments included.

    Returns the new bytes and the registry they hold. Raises `ConfigError` for a file that is
    wrong before, lacks the entry, or writes its status in a way that is to be edited by hand.
    """
    before = parse_registry(path, data).registry
    entry = before.entries.get(entry_id)
    if entry is None:
        raise ConfigError(path, Mistake("entry", f"{entry_id}: not in the registry"))
    expected = before.with_entry(replace(entry, status=status))
    lines = data.decode().splitlines(keepends=True)
    if before.serial:
        expected = replace(expected, serial=before.serial + 1)
        _set_serial(lines, expected.serial)
    _set_status(lines, list(before.entries).index(entry_id), status)
    changed = "".join(lines).encode()
    try:
        found = parse_registry(path, changed).registry
    except ConfigError:
        found = None
    if found != expected:
        raise ConfigError(path, Mistake("status", f"{entry_id}: has to be edited by hand"))
    return changed, expected


# --- Reading ----------------------------------------------------------------------------------


def _parse(path: Path, data: bytes, *, is_json: bool) -> dict[str, Any]:
    try:
        values = parse_json(data, unique_keys) if is_json else tomllib.loads(data.decode("utf-8"))
    except RecursionError as error:
        raise ConfigError(path, Mistake("file", "nested too deeply")) from error
    except ValueError as error:
        raise ConfigError(path, Mistake("file", str(error))) from error
    if not isinstance(values, dict):
        raise ConfigError(path, Mistake("file", "expected an object"))
    return values


def _read_entry(table: Table) -> ProgramEntry | None:
    entry_id = table.make("id", EntryId, _text(table, "id"))
    system = table.choice("system", ProofSystem, ProofSystem.SP1)
    if not table.has("system"):
        table.wrong("system", "missing")
    program_vk = ProgramVk(table.hexadecimal("program_vk", ProgramVk.size_bytes))
    system_version = _text(table, "system_version", "")
    guest, statement = _read_guest(table.table("guest")), _read_statement(table)
    status = _read_status(table)
    program, verifier_key = _read_artifact(table, "program"), _read_artifact(table, "verifier_key")
    security, source = _read_security(table), _text(table, "source", "")
    if entry_id is None:
        return None
    return ProgramEntry(
        id=entry_id,
        system=system,
        program_vk=program_vk,
        guest=guest,
        statement=statement,
        system_version=system_version,
        program=program,
        verifier_key=verifier_key,
        security=security,
        source=source,
        status=status,
    )


def _read_guest(table: Table) -> Guest:
    return Guest(
        name=_text(table, "name"),
        version=_text(table, "version"),
        execution_client=_text(table, "execution_client", ""),
    )


def _read_statement(table: Table) -> Statement:
    statement = table.table("statement")
    schema_id = statement.integer("schema_id")
    if schema_id > _MAX_SCHEMA:
        statement.wrong("schema_id", f"{schema_id}, expected 16 bits")
        schema_id = 0
    chain_id = None
    if statement.has("chain_id"):
        chain_id = statement.make("chain_id", ChainId, statement.integer("chain_id"))
    return Statement(schema_id, chain_id)


def _read_artifact(table: Table, key: str) -> Artifact | None:
    if not table.has(key):
        return None
    found = table.table(key)
    return Artifact(Sha256(found.hexadecimal("sha256", Sha256.size_bytes)), _text(found, "url", ""))


def _read_security(table: Table) -> Security | None:
    if not table.has("security"):
        return None
    found = table.table("security")
    # A number that nobody vouches for is none.
    return Security(found.integer("provable_bits", least=1), _text(found, "source"))


def _read_status(table: Table) -> EntryStatus:
    found = table.table("status")
    state = found.choice("state", EntryState, EntryState.ACTIVE)
    since, reason = _text(found, "since", ""), _text(found, "reason", "")
    day = found.make("since", Date, since) if since else None
    if state is EntryState.ACTIVE:
        if since or reason:
            found.wrong("state", "active entries have no since and no reason")
        return EntryStatus()
    if day is None or not reason:
        found.wrong("state", f"{state}: expected since and reason beside it")
    return EntryStatus(state, day, reason)


def _read_profile(table: Table) -> Numbering | None:
    profile_id = table.make("id", ProfileId, _text(table, "id"))
    numbers = []
    for row in table.tables("types"):
        number = row.make("number", ProofType, row.integer("number"))
        entry_id = row.make("entry", EntryId, _text(row, "entry"))
        if number is not None and entry_id is not None:
            numbers.append((number, entry_id))
    source = _text(table, "source", "")
    return Numbering(profile_id, tuple(numbers), source) if profile_id is not None else None


def _text(table: Table, key: str, default: str | None = None) -> str:
    """Read a line that may be printed: what a registry says ends in logs and on terminals."""
    text = table.text(key, default)
    if len(text) > _MAX_TEXT or not text.isprintable():
        table.wrong(key, f"expected at most {_MAX_TEXT} printable characters")
        return ""
    return text


# --- Lines ------------------------------------------------------------------------------------

_HEADER: Final = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_.-]+)\s*\]\]?")


def _raise_with_lines(notes: Notes, text: str) -> None:
    if notes.mistakes and text:
        notes.mistakes = [
            Mistake(each.field, f"line {line}: {each.reason}") if line else each
            for each in notes.mistakes
            for line in [find_line(text, each.field)]
        ]
    notes.raise_mistakes()


def find_line(text: str, name: str) -> int | None:
    """
    Find the line of a field that has a dotted name, as `entry[3].guest.version`; 1 is the first.

    The line of its table is found where the key itself is not written; None where that is not.
    """
    parts = [part.partition("[") for part in name.split(".")]
    first, _, index = parts[0]
    keys = [part for part, _, _ in parts[1:]]
    lines = text.splitlines()
    start = _table_line(lines, first, int(index.rstrip("]")) if index else None)
    if start is None:
        return None
    end = next(
        (
            number
            for number in range(start + 1, len(lines))
            for header in [_HEADER.match(lines[number])]
            if header and not header[1].startswith(f"{first}.")
        ),
        len(lines),
    )
    # The innermost key that is written: of one that is missing, the table it is missing in.
    for key in reversed(keys):
        pattern = re.compile(rf"(^|[\s{{,.\[]){re.escape(key)}\s*=")
        for number in range(start, end):
            if pattern.search(lines[number]):
                return number + 1
    return start + 1


def _table_line(lines: Sequence[str], name: str, index: int | None) -> int | None:
    if index is None:
        pattern = re.compile(rf"\s*(\[\s*)?{re.escape(name)}\s*[\]=]")
        return next((n for n, line in enumerate(lines) if pattern.match(line)), None)
    pattern = re.compile(rf"\s*\[\[\s*{re.escape(name)}\s*\]\]")
    found = [number for number, line in enumerate(lines) if pattern.match(line)]
    return found[index] if index < len(found) else None


# --- Writing ----------------------------------------------------------------------------------


def _entry_document(entry: ProgramEntry) -> dict[str, Any]:
    statement: dict[str, Any] = {"schema_id": entry.statement.schema_id}
    if entry.statement.chain_id is not None:
        statement["chain_id"] = int(entry.statement.chain_id)
    written: dict[str, Any] = {
        "id": str(entry.id),
        "system": str(entry.system),
        "program_vk": str(entry.program_vk),
        "guest": {
            "name": entry.guest.name,
            "version": entry.guest.version,
            "execution_client": entry.guest.execution_client,
        },
        "statement": statement,
        "source": entry.source,
        "status": _status_document(entry.status),
    }
    if entry.system_version:
        written["system_version"] = entry.system_version
    for key, artifact in (("program", entry.program), ("verifier_key", entry.verifier_key)):
        if artifact is not None:
            written[key] = {"sha256": str(artifact.sha256), "url": artifact.url}
    if entry.security is not None:
        bits, source = entry.security.provable_bits, entry.security.source
        written["security"] = {"provable_bits": bits, "source": source}
    return written


def _status_document(status: EntryStatus) -> dict[str, str]:
    if status.state is EntryState.ACTIVE:
        return {"state": str(status.state)}
    return {"state": str(status.state), "since": str(status.since), "reason": status.reason}


def _set_serial(lines: list[str], serial: int) -> None:
    for number, line in enumerate(lines):
        if _HEADER.match(line):
            return
        if re.match(r"\s*serial\s*=", line):
            lines[number] = f"serial = {serial}\n"
            return


def _set_status(lines: list[str], index: int, status: EntryStatus) -> None:
    """Write the status line of an entry, in place of the one that is there."""
    start = _table_line(lines, "entry", index)
    if start is None:
        return
    reason = status.reason.replace("\\", "\\\\").replace('"', '\\"')
    written = (
        f'status = {{ state = "{status.state}", since = "{status.since}", reason = "{reason}" }}\n'
    )
    for number in range(start + 1, len(lines)):
        if _HEADER.match(lines[number]):
            break
        if re.match(r"\s*status\s*=", lines[number]):
            lines[number] = written
            return
    # Behind the name, where a reader of the file looks first.
    is_name = start + 1 < len(lines) and re.match(r"\s*id\s*=", lines[start + 1])
    lines.insert(start + 2 if is_name else start + 1, written)
