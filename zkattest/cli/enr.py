"""`zkattest enr`: print our node record, or take another one apart."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from zkattest.cli.exit_codes import ExitCode
from zkattest.cli.output import BadInput, error_line, one_line, print_json
from zkattest.net.enr import (
    NodeRecord,
    RecordError,
    RecordTooLarge,
    Value,
    parse_record,
    port_entry,
    sign_record,
)
from zkattest.net.secp256k1 import InvalidKey, SecretKey
from zkattest.node.config_sections import secret_of_file
from zkattest.types.peering import (
    ATTNETS_BYTES,
    FAR_FUTURE_EPOCH,
    SYNCNETS_BYTES,
    ENRForkID,
    ForkDigest,
    ForkVersion,
)

app = typer.Typer(add_completion=False, rich_markup_mode=None)
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
PortOption = Annotated[int | None, typer.Option(min=1, max=65535, show_default=False)]
HexOption = Annotated[str | None, typer.Option(metavar="0x…", show_default=False)]


@app.callback(invoke_without_command=True)
def enr(
    context: typer.Context,
    key: Annotated[
        Path | None,
        typer.Option(help="File of the secp256k1 key: 64 hexadecimal digits.", show_default=False),
    ] = None,
    seq: Annotated[int, typer.Option(min=0, help="Sequence number; raise it with a change.")] = 1,
    ip: Annotated[str | None, typer.Option(help="Address, v4 or v6.", show_default=False)] = None,
    tcp: PortOption = None,
    udp: PortOption = None,
    fork_digest: HexOption = None,
    next_fork_version: HexOption = None,
    next_fork_epoch: Annotated[int, typer.Option(min=0, show_default=False)] = FAR_FUTURE_EPOCH,
    attnets: HexOption = None,
    syncnets: HexOption = None,
    eproof: Annotated[
        int | None,
        typer.Option(
            min=0, max=255, help="Non-zero: takes part in execution proofs.", show_default=False
        ),
    ] = None,
    json: JsonOption = False,
) -> ExitCode:
    """
    Print the node record (EIP-778) of a key, signed; `enr show` takes one apart.

    Exit codes: 0 printed, 2 could not.
    """
    if context.invoked_subcommand is not None:
        return ExitCode.VALID
    if key is None:
        raise BadInput("arguments", "--key", "missing: the file of the key that signs the record")
    entries: dict[bytes, Value] = {}
    if ip is not None:
        address = _ip(ip)
        entries[b"ip" if address.version == 4 else b"ip6"] = address.packed
    for name, port in ((b"tcp", tcp), (b"udp", udp)):
        if port is not None:
            entries[name] = port_entry(port)
    if fork_digest is not None:
        entries[b"eth2"] = _fork(fork_digest, next_fork_version, next_fork_epoch)
    if attnets is not None:
        entries[b"attnets"] = _hexadecimal("--attnets", attnets, ATTNETS_BYTES)
    if syncnets is not None:
        entries[b"syncnets"] = _hexadecimal("--syncnets", syncnets, SYNCNETS_BYTES)
    if eproof is not None:
        entries[b"eproof"] = bytes([eproof])
    record = _signed(key, seq, entries)
    if json:
        print_json(describe(record))
    else:
        typer.echo(str(record))
    return ExitCode.VALID


@app.command()
def show(
    record: Annotated[str, typer.Argument(help="enr:…", show_default=False)],
    json: JsonOption = False,
) -> ExitCode:
    """
    Verify a node record and say what it claims.

    Exit codes: 0 valid, 1 not a record, or not signed by its key.
    """
    try:
        read = parse_record(record.strip())
        described = describe(read)
    except RecordError as refusal:
        if json:
            print_json({"valid": False, "field": refusal.field, "reason": refusal.reason})
        typer.echo(error_line("enr", refusal.field, refusal.reason), err=True)
        return ExitCode.INVALID
    if json:
        print_json(described)
        return ExitCode.VALID
    for name, value in described.items():
        if value is not None and name not in {"valid", "enr", "other"}:
            typer.echo(f"{name:18} {_printed(value)}")
    for name, value in described["other"].items():
        typer.echo(f"{one_line(name):18} {value}")
    return ExitCode.VALID


def describe(record: NodeRecord) -> dict[str, Any]:
    """Reduce a record to what JSON has; raise `RecordError` for a known entry that is malformed."""
    known = (b"ip", b"ip6", b"tcp", b"tcp6", b"udp", b"eth2", b"attnets", b"syncnets", b"eproof")
    fork = record.eth2
    return {
        "valid": True,
        "enr": str(record),
        "seq": record.seq,
        "node_id": record.node_id,
        "peer_id": record.peer_id,
        "public_key": record.public_key.compressed,
        "address": record.address,
        "ip": record.ip4 and str(record.ip4),
        "ip6": record.ip6 and str(record.ip6),
        "tcp": record.tcp,
        "tcp6": record.tcp6 if b"tcp6" in record.entries else None,
        "udp": record.udp,
        "eth2": fork
        and {
            "fork_digest": bytes(fork.fork_digest),
            "next_fork_version": bytes(fork.next_fork_version),
            "next_fork_epoch": fork.next_fork_epoch,
        },
        "attnets": record.attnets,
        "syncnets": record.syncnets,
        "eproof": record.eproof,
        "other": {
            name.decode("ascii", "backslashreplace"): _hex(value)
            for name, value in record.entries.items()
            if name not in known
        },
    }


def _signed(key: Path, seq: int, entries: Mapping[bytes, Value]) -> NodeRecord:
    try:
        secret_key = SecretKey(secret_of_file(key))
    except InvalidKey as error:
        raise BadInput(key, "", error) from None
    except ValueError as error:
        raise BadInput("", "--key", error) from None
    try:
        return sign_record(secret_key, seq, entries)
    except (RecordTooLarge, ValueError) as error:
        raise BadInput("arguments", "", error) from None


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise BadInput("arguments", "--ip", error) from None


def _fork(digest: str, version: str | None, epoch: int) -> bytes:
    if version is None:
        raise BadInput("arguments", "--next-fork-version", "missing, beside --fork-digest")
    if epoch > FAR_FUTURE_EPOCH:
        raise BadInput("arguments", "--next-fork-epoch", "is no uint64")
    return ENRForkID(
        ForkDigest(_hexadecimal("--fork-digest", digest, 4)),
        ForkVersion(_hexadecimal("--next-fork-version", version, 4)),
        epoch,
    ).encode()


def _hexadecimal(option: str, text: str, size_bytes: int) -> bytes:
    try:
        data = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        data = b""
    if len(data) != size_bytes or not text.startswith("0x"):
        raise BadInput("arguments", option, f"expected 0x and {2 * size_bytes} digits")
    return data


def _hex(value: Value) -> Any:
    return [_hex(item) for item in value] if isinstance(value, list) else "0x" + value.hex()


def _printed(value: Any) -> str:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_printed(item)}" for name, item in value.items())
    return "none" if value == FAR_FUTURE_EPOCH else str(value)
