"""Read a node's configuration: a TOML file, every field checked before anything is started."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from zkattest.crypto.blocks import decode_header
from zkattest.machines.settings import Anchor, AttesterSettings, Policy
from zkattest.machines.slot_clock import SlotClock
from zkattest.node.profile import Profile
from zkattest.node.state import StateSettings
from zkattest.rpc import RpcLimits, parse_url
from zkattest.types.errors import BlockDecodeError, DecodeError
from zkattest.types.execution import BlockPackage
from zkattest.types.ids import ChainId, ProgramVk, ProofType, ValidatorIndex
from zkattest.verify.proof import ProofSystem

_MAX_CONFIG_BYTES = 1 << 22
_T = TypeVar("_T")


class ConfigError(Exception):
    """Say which field of which file is wrong, and how."""

    def __init__(self, path: Path, field: str, reason: str) -> None:
        """Keep the three parts apart: the command line prints them in its own way."""
        super().__init__(f"{path}: {field}: {reason}")
        self.path = path
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """Hold what one node needs to run."""

    profile: Profile
    listen: str
    peers: tuple[str, ...]
    key_seed: bytes
    store: Path | None
    policy: Policy
    stop_with_stdin: bool
    state: StateSettings = field(default_factory=StateSettings)

    def attester_settings(self) -> AttesterSettings:
        """Give the part that the machine reads."""
        profile = self.profile
        return AttesterSettings(
            chain_id=profile.chain_id,
            anchor=profile.anchor,
            clock=profile.clock,
            proposers=profile.proposers,
            validator_count=len(profile.pubkeys),
            proof_types=frozenset(profile.proof_types),
            policy=self.policy,
        )


def load_config(path: Path) -> NodeConfig:
    """Read a configuration; raise `ConfigError` for whatever is wrong with it."""
    reader = _Reader(path, _read_toml(path))
    profile = _read_profile(reader)
    store = reader.get("node.store", str, "")
    return NodeConfig(
        profile=profile,
        listen=reader.get("node.listen", str, "/ip4/127.0.0.1/tcp/0"),
        peers=tuple(reader.texts("node.peers", [])),
        key_seed=reader.hexadecimal("node.key_seed", 32),
        store=path.parent / store if store else None,
        policy=reader.convert(
            "node.policy", Policy, reader.get("node.policy", str, Policy.ABSTAIN.value)
        ),
        stop_with_stdin=reader.get("node.stop_with_stdin", bool, False),
        state=_read_state(reader),
    )


def read_anchor(path: Path, field: str, package_path: Path) -> Anchor:
    """Take the trusted block from a package of its child, which holds its header and claim."""
    try:
        package = BlockPackage.decode(package_path.read_bytes())
        if not package.witness.headers:
            raise ConfigError(path, field, f"{package_path}: witness holds no parent header")
        header, block_hash = decode_header(package.witness.headers[-1])
    except (OSError, DecodeError, BlockDecodeError) as error:
        raise ConfigError(path, field, str(error)) from error
    if package.parent_claim.block_hash != block_hash:
        raise ConfigError(path, field, f"{package_path}: parent claim is about another block")
    return Anchor(block_hash, header, package.parent_claim)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MAX_CONFIG_BYTES:
            raise ConfigError(path, "file", f"larger than {_MAX_CONFIG_BYTES} bytes")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(path, "file", str(error)) from error


def _read_profile(reader: _Reader) -> Profile:
    pubkeys = tuple(reader.hex_items("network.validators", 48))
    proposers = reader.get("network.proposers", list)
    if not proposers or not all(isinstance(p, int) and 0 <= p < len(pubkeys) for p in proposers):
        raise reader.wrong("network.proposers", "expected indices of network.validators")
    return Profile(
        chain_id=reader.convert("network.chain_id", ChainId, reader.get("network.chain_id", int)),
        fork_version=reader.hexadecimal("network.fork_version", 4),
        anchor=read_anchor(
            reader.path,
            "network.anchor",
            reader.path.parent / reader.get("network.anchor", str),
        ),
        clock=reader.convert(
            "network.slot_ms",
            lambda slot_ms: SlotClock(reader.get("network.genesis_time_ms", int), slot_ms),
            reader.get("network.slot_ms", int),
        ),
        pubkeys=pubkeys,
        proposers=tuple(ValidatorIndex(p) for p in proposers),
        proof_types=dict(_read_proof_types(reader)),
    )


def _read_state(reader: _Reader) -> StateSettings:
    """Read where accounts come from besides the witness; bounds have to be positive."""
    default = StateSettings()
    store, url = reader.get("node.state_store", str, ""), reader.get("node.state_rpc", str, "")
    if url:
        reader.convert("node.state_rpc", parse_url, url)
    limits = {
        name: reader.positive(f"node.state_rpc_{name}", value)
        for name, value in asdict(default.rpc_limits).items()
    }
    return StateSettings(
        store=reader.path.parent / store if store else None,
        store_bytes=reader.positive("node.state_store_bytes", default.store_bytes),
        rpc=url or None,
        rpc_limits=RpcLimits(**limits),
    )


def _read_proof_types(reader: _Reader) -> list[tuple[ProofType, tuple[ProofSystem, ProgramVk]]]:
    kinds = []
    entries = reader.get("network.proof_types", list)
    for index, entry in enumerate(entries):
        field = f"network.proof_types[{index}]"
        if not isinstance(entry, dict):
            raise reader.wrong(field, "expected a table")
        try:
            program = (ProofSystem(entry["system"]), ProgramVk.from_hex(entry["program_vk"]))
            kinds.append((ProofType(entry["type"]), program))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise reader.wrong(field, f"{error}") from error
    return kinds


class _Reader:
    """Look fields up by their dotted names."""

    def __init__(self, path: Path, table: dict[str, Any]) -> None:
        self.path = path
        self._table = table

    def wrong(self, field: str, reason: str) -> ConfigError:
        """Make the error for a field."""
        return ConfigError(self.path, field, reason)

    def get(self, field: str, kind: type[_T], default: _T | None = None) -> _T:
        """Return a field of the right kind."""
        value: Any = self._table
        for part in field.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is None:
            if default is None:
                raise self.wrong(field, "missing")
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.wrong(field, f"expected {kind.__name__}")
        return value

    def positive(self, field: str, default: int) -> int:
        """Return an integer above zero."""
        value = self.get(field, int, default)
        if value <= 0:
            raise self.wrong(field, "expected a number above zero")
        return value

    def texts(self, field: str, default: list[str] | None = None) -> list[str]:
        """Return a list of strings."""
        values = self.get(field, list, default)
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(field, "expected strings")
        return values

    def hexadecimal(self, field: str, size_bytes: int) -> bytes:
        """Return bytes of a fixed length, written as 0x-hex."""
        return self._bytes(field, self.get(field, str), size_bytes)

    def hex_items(self, field: str, size_bytes: int) -> list[bytes]:
        """Return a list of byte strings of a fixed length."""
        items = enumerate(self.texts(field))
        return [self._bytes(f"{field}[{i}]", text, size_bytes) for i, text in items]

    def convert(self, field: str, make: Any, value: Any) -> Any:
        """Build a value that checks itself."""
        try:
            return make(value)
        except ValueError as error:
            raise self.wrong(field, str(error)) from error

    def _bytes(self, field: str, text: str, size_bytes: int) -> bytes:
        try:
            value = bytes.fromhex(text.removeprefix("0x"))
        except ValueError as error:
            raise self.wrong(field, str(error)) from error
        if len(value) != size_bytes or not text.startswith("0x"):
            raise self.wrong(field, f"expected 0x and {2 * size_bytes} hexadecimal digits")
        return value
