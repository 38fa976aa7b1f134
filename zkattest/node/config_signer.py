"""Read the section `[signer]`: the validator whose proofs a node publishes."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from zkattest.machines.own_proofs import OwnLimits
from zkattest.node.config_reader import Table
from zkattest.node.config_sections import parse_listen
from zkattest.node.proof_signing import (
    KeystoreSettings,
    RemoteSignerSettings,
    SignerSettings,
)
from zkattest.rpc import SignerLimits, parse_url
from zkattest.types.ids import ValidatorIndex

_PUBKEY_BYTES: Final = 48
DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 9187


@dataclass(frozen=True, slots=True)
class SignerConfig:
    """Say who signs, what remembers it, and where proofs are handed in."""

    validator_index: ValidatorIndex
    signer: SignerSettings
    guard: Path
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    answer_ms: int = 20_000
    limits: OwnLimits = field(default_factory=OwnLimits)

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine can hand proofs in."""
        return ipaddress.ip_address(self.host).is_loopback


def read_signer(root: Table) -> SignerConfig | None:
    """Read the section; nothing where it is left out, or where a mistake leaves a part out."""
    if not root.has("signer"):
        return None
    table, default = root.table("signer"), OwnLimits()
    listen = table.text("listen", f"{DEFAULT_HOST}:{DEFAULT_PORT}")
    host, port = table.make("listen", parse_listen, listen) or (DEFAULT_HOST, DEFAULT_PORT)
    index = table.make("validator_index", ValidatorIndex, table.integer("validator_index"))
    guard, signer = table.path("guard"), _read_key(table)
    if guard is None:
        table.wrong("guard", "missing")
    answer_ms = table.integer("answer_ms", 20_000, least=1)
    limits = OwnLimits(
        keep_ms=table.integer("keep_ms", default.keep_ms),
        proofs=table.integer("max_proofs", default.proofs, least=1),
    )
    if guard is None or signer is None:
        return None
    return SignerConfig(index, signer, guard, host, port, answer_ms, limits)


def _read_key(table: Table) -> SignerSettings | None:
    """Read the one place where the key is kept."""
    keystore, password_file = table.path("keystore"), table.path("password_file")
    url = table.text("remote_signer", "")
    timeout_ms = table.integer("remote_timeout_ms", SignerLimits().deadline_ms, least=1)
    if url:
        table.make("remote_signer", parse_url, url)
        pubkey = table.hexadecimal("pubkey", _PUBKEY_BYTES)
        if keystore is not None:
            table.wrong("remote_signer", "keystore is there too, expected one of the two")
        return RemoteSignerSettings(url, pubkey, SignerLimits(deadline_ms=timeout_ms))
    if table.has("pubkey"):
        table.wrong("pubkey", "only a remote signer needs it")
    if keystore is None:
        table.wrong("keystore", "missing, and no remote_signer is named either")
    elif password_file is None:
        table.wrong("password_file", "missing")
    if keystore is None or password_file is None:
        return None
    return KeystoreSettings(keystore, password_file)
