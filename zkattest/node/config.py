"""Read a node's configuration: a TOML file, every field checked before anything is started."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any, Final

from zkattest.machines.settings import AttesterSettings, Policy
from zkattest.machines.slot_clock import SlotClock
from zkattest.node.config_eip8025 import Eip8025Settings, read_eip8025
from zkattest.node.config_network import read_anchor, read_profile
from zkattest.node.config_peering import PeeringConfig, read_peering
from zkattest.node.config_policy import NodePolicy, read_node_policy
from zkattest.node.config_reader import ConfigError, Mistake, Notes, Table, read_toml
from zkattest.node.config_sections import (
    HttpSettings,
    LogSettings,
    NodeSettings,
    read_attester,
    read_http,
    read_log,
    read_node,
)
from zkattest.node.config_signer import SignerConfig, read_signer
from zkattest.node.profile import Profile
from zkattest.node.state import StateSettings

# Where a mistake leaves the network's own slots out, the policy's deadline is not judged.
_ANY_SLOT_MS: Final = 1 << 40

__all__ = [
    "ConfigError",
    "Mistake",
    "NodeConfig",
    "ProofNodeConfig",
    "known_fields",
    "load_any_config",
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
    proof_policy: NodePolicy | None = None

    @property
    def clock(self) -> SlotClock:
        """Return the network's time."""
        return self.profile.clock

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
            proof_policy=self.proof_policy.types if self.proof_policy else None,
        )


@dataclass(frozen=True, slots=True)
class ProofNodeConfig:
    """Hold what a node needs that judges the execution proofs of a consensus network."""

    eip8025: Eip8025Settings
    node: NodeSettings
    http: HttpSettings | None = None
    log: LogSettings = field(default_factory=LogSettings)
    peering: PeeringConfig | None = None
    signer: SignerConfig | None = None
    proof_policy: NodePolicy | None = None

    @property
    def clock(self) -> SlotClock:
        """Return the network's time."""
        return self.eip8025.clock


def load_config(path: Path) -> NodeConfig:
    """Read an attester's configuration; raise one `ConfigError` for all that is wrong with it."""
    config = load_any_config(path)
    if not isinstance(config, NodeConfig):
        raise ConfigError(path, Mistake("network", "missing"))
    return config


def load_any_config(path: Path) -> NodeConfig | ProofNodeConfig:
    """
    Read a configuration of either kind; raise one `ConfigError` for all that is wrong with it.

    A file with `[eip8025]` is about a consensus network's proofs, any other about delayed
    execution; two networks are two processes.
    """
    notes = Notes(path)
    root = Table(notes, read_toml(path))
    config = _read_proof_node(root) if root.has("eip8025") else _read_attester(root)
    root.refuse_unknown()
    notes.raise_mistakes()
    if config is None:
        raise AssertionError("a part is missing, and nobody noted it")
    return config


def known_fields(*, eip8025: bool = False) -> set[str]:
    """Return the dotted names of all fields that a file of one of the two kinds may have."""
    # A section that is read only where it is there has to be there.
    entry: dict[str, Any] = {"http": {}, "peering": {}, "proof_policy": {"weights": [{}]}}
    if eip8025:
        entry["signer"] = {"remote_signer": "http://none"}
        entry["eip8025"] = {"fork_digest": "", "proof_types": [{}], "validators": [{}]}
    else:
        entry["network"] = {"proof_types": [{}]}
    root = Table(Notes(Path("none.toml")), entry)
    _ = _read_proof_node(root) if eip8025 else _read_attester(root)
    return {name.replace("[0]", "") for name in root.known()} - {"network"}


def sample_config(*, eip8025: bool = False) -> str:
    """Return a configuration with a comment for every line, as `--print-config` prints it."""
    name = "eip8025.sample.toml" if eip8025 else "node.sample.toml"
    return resources.files("zkattest.node").joinpath(name).read_text("utf-8")


def _read_attester(root: Table) -> NodeConfig | None:
    """Read every section, so that all mistakes are noted."""
    profile = read_profile(root.table("network"))
    table = root.table("node")
    node, attester = read_node(table), read_attester(table)
    http, log = read_http(root), read_log(root.table("log"))
    peering = read_peering(root)
    proofs = read_node_policy(
        root,
        profile.proof_types if profile else {},
        profile.clock.slot_ms if profile else _ANY_SLOT_MS,
    )
    if proofs is not None and proofs.fallback is not None and table.has("policy"):
        root.wrong("proof_policy.fallback", "node.policy is there too, expected one of the two")
    if profile is None:
        return None
    fallback = proofs.fallback if proofs else None
    return NodeConfig(
        profile=replace(profile, clock=proofs.clock(profile.clock)) if proofs else profile,
        listen=node.listen,
        peers=node.peers,
        key_seed=node.key_seed,
        store=attester.store,
        policy=fallback or attester.policy,
        stop_with_stdin=node.stop_with_stdin,
        drain_ms=node.drain_ms,
        state=attester.state,
        http=http,
        log=log,
        peering=peering,
        proof_policy=proofs,
    )


def _read_proof_node(root: Table) -> ProofNodeConfig | None:
    """Read every section, so that all mistakes are noted."""
    if root.has("network"):
        root.wrong("network", "eip8025 is there too, expected one of the two")
    settings, node = read_eip8025(root), read_node(root.table("node"))
    http, log = read_http(root), read_log(root.table("log"))
    peering, signer = read_peering(root), read_signer(root)
    proofs = read_node_policy(
        root,
        settings.proof_types if settings else {},
        settings.clock.slot_ms if settings else _ANY_SLOT_MS,
    )
    if settings is None:
        return None
    if proofs is not None:
        settings = replace(settings, clock=proofs.clock(settings.clock))
    return ProofNodeConfig(settings, node, http, log, peering, signer, proofs)
