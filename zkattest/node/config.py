"""Read a node's configuration: a TOML file, every field checked before anything is started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from zkattest.machines.settings import AttesterSettings, Policy
from zkattest.node.config_network import read_anchor, read_profile
from zkattest.node.config_peering import PeeringConfig, read_peering
from zkattest.node.config_reader import ConfigError, Mistake, Notes, Table, read_toml
from zkattest.node.config_sections import (
    HttpSettings,
    LogSettings,
    read_http,
    read_log,
    read_node,
    read_state,
)
from zkattest.node.profile import Profile
from zkattest.node.state import StateSettings

__all__ = [
    "ConfigError",
    "Mistake",
    "NodeConfig",
    "known_fields",
    "load_config",
    "read_anchor",
    "sample_config",
]


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """Hold what one node needs to run."""

    profile: Profile
    listen: str
    peers: tuple[str, ...]
    key_seed: bytes = field(repr=False)
    store: Path | None
    policy: Policy
    stop_with_stdin: bool
    drain_ms: int = 5_000
    state: StateSettings = field(default_factory=StateSettings)
    http: HttpSettings | None = None
    log: LogSettings = field(default_factory=LogSettings)
    peering: PeeringConfig | None = None

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
    """Read a configuration; raise one `ConfigError` for all that is wrong with it."""
    notes = Notes(path)
    root = Table(notes, read_toml(path))
    config = _read(root)
    root.refuse_unknown()
    notes.raise_mistakes()
    if config is None:
        raise AssertionError("a part is missing, and nobody noted it")
    return config


def known_fields() -> set[str]:
    """Return the dotted names of all fields that a file may have."""
    # A section that is read only where it is there has to be there.
    entry: Mapping[str, Any] = {"http": {}, "peering": {}, "network": {"proof_types": [{}]}}
    root = Table(Notes(Path("none.toml")), entry)
    _read(root)
    return {name.replace("[0]", "") for name in root.known()}


def sample_config() -> str:
    """Return a configuration with a comment for every line, as `--print-config` prints it."""
    return resources.files("zkattest.node").joinpath("node.sample.toml").read_text("utf-8")


def _read(root: Table) -> NodeConfig | None:
    """Read every section, so that all mistakes are noted."""
    profile = read_profile(root.table("network"))
    table = root.table("node")
    node, state = read_node(table), read_state(table)
    http, log = read_http(root), read_log(root.table("log"))
    peering = read_peering(root)
    if profile is None:
        return None
    return NodeConfig(
        profile=profile,
        listen=node.listen,
        peers=node.peers,
        key_seed=node.key_seed,
        store=node.store,
        policy=node.policy,
        stop_with_stdin=node.stop_with_stdin,
        drain_ms=node.drain_ms,
        state=state,
        http=http,
        log=log,
        peering=peering,
    )
