"""
Read the sections of a node's file besides `[network]`: one small dataclass and one reader each.

A new section is a dataclass here or in the package that uses it, a `read_…(table)`, one line in
`load_config`, and its lines in `node.sample.toml`; a test compares the sample with what is read.
"""

from __future__ import annotations

import ipaddress
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from zkattest.machines.settings import Policy
from zkattest.net.address import Address
from zkattest.node.config_reader import Table
from zkattest.node.state import StateSettings
from zkattest.rpc import RpcLimits, parse_url

_SECRET_BYTES: Final = 32
_MAX_KEY_FILE_BYTES: Final = 256
_MAX_PORT: Final = 65_535


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """Hold the fields of `[node]` that every kind of node has."""

    listen: str
    peers: tuple[str, ...]
    key_seed: bytes = field(repr=False)
    stop_with_stdin: bool
    drain_ms: int


@dataclass(frozen=True, slots=True)
class AttesterFields:
    """Hold the fields of `[node]` that only an attester has."""

    store: Path | None
    policy: Policy
    state: StateSettings


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Say where operators may ask; bounds of what askers can take are part of the answer."""

    host: str = "127.0.0.1"
    port: int = 9186
    ready_peers: int = 1
    max_connections: int = 32
    request_timeout_ms: int = 5_000

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine can ask."""
        return ipaddress.ip_address(self.host).is_loopback


class LogFormat(StrEnum):
    """Say who reads the log: a program or a person."""

    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """Say which lines are worth writing."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Hold how the log is written, and how often a line that peers can cause is."""

    format: LogFormat = LogFormat.JSON
    level: LogLevel = LogLevel.INFO
    repeats: int = 100
    repeat_window_ms: int = 10_000


def read_node(table: Table) -> NodeSettings:
    """Read what the node is: its identity and its peers."""
    listen = table.text("listen", "/ip4/127.0.0.1/tcp/0")
    table.make("listen", Address.parse, listen)
    peers = table.texts("peers", ())
    for index, peer in enumerate(peers):
        table.make(f"peers[{index}]", _peer_address, peer)
    return NodeSettings(
        listen=listen,
        peers=peers,
        key_seed=_read_seed(table),
        stop_with_stdin=table.flag("stop_with_stdin", default=False),
        drain_ms=table.integer("drain_ms", 5_000),
    )


def read_attester(table: Table) -> AttesterFields:
    """Read what an attester keeps, and what it does without a proof."""
    return AttesterFields(
        store=table.path("store"),
        policy=table.choice("policy", Policy, Policy.ABSTAIN),
        state=read_state(table),
    )


def read_state(table: Table) -> StateSettings:
    """Read where accounts come from besides the witness; bounds have to be positive."""
    default = StateSettings()
    store, url = table.path("state_store"), table.text("state_rpc", "")
    if url:
        table.make("state_rpc", parse_url, url)
    limits = {
        name: table.integer(f"state_rpc_{name}", value, least=1)
        for name, value in asdict(default.rpc_limits).items()
    }
    return StateSettings(
        store=store,
        store_bytes=table.integer("state_store_bytes", default.store_bytes, least=1),
        rpc=url or None,
        rpc_limits=RpcLimits(**limits),
    )


def read_http(root: Table) -> HttpSettings | None:
    """Read where to answer operators; without the section nobody listens."""
    if not root.has("http"):
        return None
    table, default = root.table("http"), HttpSettings()
    listen = table.text("listen", f"{default.host}:{default.port}")
    host, port = table.make("listen", parse_listen, listen) or (default.host, default.port)
    return HttpSettings(
        host=host,
        port=port,
        ready_peers=table.integer("ready_peers", default.ready_peers),
        max_connections=table.integer("max_connections", default.max_connections, least=1),
        request_timeout_ms=table.integer("request_timeout_ms", default.request_timeout_ms, least=1),
    )


def read_log(table: Table) -> LogSettings:
    """Read how the log is written."""
    default = LogSettings()
    return LogSettings(
        format=table.choice("format", LogFormat, default.format),
        level=table.choice("level", LogLevel, default.level),
        repeats=table.integer("repeats", default.repeats, least=1),
        repeat_window_ms=table.integer("repeat_window_ms", default.repeat_window_ms, least=1),
    )


def parse_listen(text: str) -> tuple[str, int]:
    """Split `127.0.0.1:9186` or `[::1]:9186`; raise `ValueError` for anything else."""
    host, colon, port = text.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    is_number = port.isascii() and port.isdecimal() and len(port) <= len(str(_MAX_PORT))
    try:
        address = ipaddress.ip_address(host[1:-1] if is_bracketed else host)
    except ValueError:
        address = None
    if (
        not colon
        or not is_number
        or int(port) > _MAX_PORT
        or address is None
        or is_bracketed != (address.version == 6)
    ):
        raise ValueError(f"{text!r}, expected an IP address and a port, as 127.0.0.1:9186")
    return str(address), int(port)


def _peer_address(text: str) -> Address:
    address = Address.parse(text)
    if address.peer_id is None:
        raise ValueError(f"address {text!r}: expected /p2p/<peer id> at its end")
    return address


def _read_seed(table: Table) -> bytes:
    """Read the identity's seed, written in the file or in one of its own."""
    path = table.path("key_file")
    if path is None:
        return table.hexadecimal("key_seed", _SECRET_BYTES)
    if table.has("key_seed"):
        table.wrong("key_file", "key_seed is there too, expected one of the two")
    seed: bytes | None = table.make("key_file", secret_of_file, path)
    return seed or bytes(_SECRET_BYTES)


def secret_of_file(path: Path) -> bytes:
    """
    Read a seed, or the secret of the Engine API: 64 hexadecimal digits, `0x` before them or not.

    Raises `ValueError`; what the file holds is never repeated in it.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_KEY_FILE_BYTES)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from error
    try:
        secret = bytes.fromhex(data.decode("ascii").strip().removeprefix("0x"))
    except ValueError:
        secret = b""
    if len(secret) != _SECRET_BYTES:
        raise ValueError(f"{path}: expected {2 * _SECRET_BYTES} hexadecimal digits")
    return secret
