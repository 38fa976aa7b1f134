"""Read the section `[engine]`: the registry, the policy, the verifiers and the evidence."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from zkattest.node.config_eip8025 import Eip8025Settings
from zkattest.node.config_policy import read_policy, read_registry_keys, require_sense
from zkattest.node.config_reader import ConfigError, Table
from zkattest.node.engine_programs import RegistrySource
from zkattest.node.registry_file import load_registry
from zkattest.spec.presets import SCHEMA_OPTIONAL_PROOFS_AMSTERDAM
from zkattest.spec.proof_policy import PRESETS, ProofPolicy
from zkattest.store.evidence import EvidenceLimits, FlushPolicy
from zkattest.types.ids import ChainId
from zkattest.types.programs import ProfileId

DEFAULT_PROFILE: Final = ProfileId("lighthouse-7")
_MAX_SCHEMA: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """Say where verdicts are written down, and how many bytes of proofs are kept beside them."""

    folder: Path
    flush: FlushPolicy = FlushPolicy.INTERVAL
    flush_ms: int = 1_000
    limits: EvidenceLimits = field(default_factory=EvidenceLimits)
    proof_bytes: int = 0


@dataclass(frozen=True, slots=True)
class EngineBounds:
    """Bound what callers can make an engine hold or compute."""

    # Threads, or child processes, that verify; None means one for each core.
    threads: int | None = None
    deadline_ms: int = 4_000
    # Proofs that wait for a thread; each is up to four megabytes.
    waiting: int = 32
    # Calls between question and answer, those that share a verification included.
    calls: int = 128
    # Answers that are remembered, so that nothing is verified twice.
    verdicts: int = 1_024
    # Valid proofs in memory, for whoever asks for them by root.
    recent_proof_bytes: int = 64 << 20
    submission_ms: int = 8_000

    @property
    def verifications(self) -> int:
        """Return how many proofs are verified, or wait for a thread, at a time."""
        return (self.threads or os.cpu_count() or 1) + self.waiting


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Hold what an engine needs to run."""

    registry: RegistrySource
    chain_id: ChainId
    schema_id: int = SCHEMA_OPTIONAL_PROOFS_AMSTERDAM
    policy: ProofPolicy = PRESETS["1-of-any"]
    isolation: bool = True
    registry_poll_ms: int = 2_000
    bounds: EngineBounds = field(default_factory=EngineBounds)
    evidence: EvidenceSettings | None = None
    chain: Eip8025Settings | None = None


def read_engine(root: Table, chain: Eip8025Settings | None) -> EngineSettings | None:
    """Read the section and its tables; nothing where a mistake leaves a part out."""
    table = root.table("engine")
    chain_id = table.make("chain_id", ChainId, _chain_id(table, chain))
    schema_id = table.integer("schema_id", SCHEMA_OPTIONAL_PROOFS_AMSTERDAM)
    if schema_id > _MAX_SCHEMA:
        table.wrong("schema_id", f"{schema_id}, expected 16 bits")
    source = _read_source(table)
    poll_ms = table.integer("registry_poll_ms", 2_000, least=100)
    isolation = table.flag("isolation", default=True)
    bounds, evidence = _read_bounds(table), _read_evidence(root)
    policy_table = root.table("proof_policy")
    policy = read_policy(policy_table)
    if not table.notes.mistakes:
        _require_programs(table, policy_table, source, policy)
    if chain_id is None:
        return None
    return EngineSettings(
        registry=source,
        chain_id=chain_id,
        schema_id=schema_id,
        policy=policy,
        isolation=isolation,
        registry_poll_ms=poll_ms,
        bounds=bounds,
        evidence=evidence,
        chain=chain,
    )


def _chain_id(table: Table, chain: Eip8025Settings | None) -> int:
    if not table.has("chain_id") and chain is not None:
        return chain.chain_id
    return table.integer("chain_id")


def _read_source(table: Table) -> RegistrySource:
    profile = table.make("profile", ProfileId, table.text("profile", DEFAULT_PROFILE))
    path = table.path("registry")
    return RegistrySource(
        profile=profile or DEFAULT_PROFILE,
        path=path,
        trusted=read_registry_keys(table, path),
        verifier_keys=table.path("verifier_keys"),
    )


def _require_programs(
    table: Table, policy_table: Table, source: RegistrySource, policy: ProofPolicy
) -> None:
    """Note what is wrong with the registry's file, and with what is wanted of its programs."""
    try:
        registry = load_registry(source.path, source.trusted).registry
    except ConfigError as error:
        table.wrong("registry", str(error))
        return
    if source.profile not in registry.profiles:
        known = ", ".join(registry.profiles)
        table.wrong("profile", f"no {source.profile} in the registry, expected one of {known}")
        return
    names = registry.profiles[source.profile].proof_types.values()
    programs = [registry.entries[name] for name in names]
    require_sense(policy_table, policy, programs, registry)


def _read_bounds(table: Table) -> EngineBounds:
    default = EngineBounds()
    threads = table.integer("threads", 0)
    return EngineBounds(
        threads=threads or None,
        deadline_ms=table.integer("deadline_ms", default.deadline_ms, least=1),
        waiting=table.integer("waiting", default.waiting, least=1),
        calls=table.integer("calls", default.calls, least=1),
        verdicts=table.integer("verdicts", default.verdicts, least=1),
        recent_proof_bytes=table.integer("recent_proof_bytes", default.recent_proof_bytes),
        submission_ms=table.integer("submission_ms", default.submission_ms, least=1),
    )


def _read_evidence(root: Table) -> EvidenceSettings | None:
    if not root.has("evidence"):
        return None
    table, limits = root.table("evidence"), EvidenceLimits()
    folder = table.path("folder")
    flush = table.choice("flush", FlushPolicy, FlushPolicy.INTERVAL)
    settings = EvidenceSettings(
        folder=folder or Path(),
        flush=flush,
        flush_ms=table.integer("flush_ms", 1_000, least=10),
        limits=EvidenceLimits(
            table.integer("max_file_bytes", limits.max_file_bytes, least=1),
            table.integer("max_files", limits.max_files, least=2),
        ),
        proof_bytes=table.integer("proof_bytes", 0),
    )
    if folder is None:
        table.wrong("folder", "missing")
        return None
    return settings
