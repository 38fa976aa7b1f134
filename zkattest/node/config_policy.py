"""Read the section `[proof_policy]`: which proofs are enough, and by when."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from zkattest.crypto.ed25519 import PublicKey
from zkattest.machines.settings import Policy
from zkattest.machines.slot_clock import SlotClock
from zkattest.node.config_reader import ConfigError, Table
from zkattest.node.registry_file import LoadedRegistry
from zkattest.node.registry_watch import RegistryFile, tell_loaded, tell_shortfall
from zkattest.spec.program_registry import ProgramRegistry, status_changes
from zkattest.spec.proof_policy import (
    ATTESTATION_DUE_MS,
    PRESETS,
    Fallback,
    ProofPolicy,
    TypePolicy,
    shortfall,
    unknown_names,
)
from zkattest.telemetry import Observer
from zkattest.types.ids import ProgramVk, ProofType
from zkattest.types.programs import (
    EntryId,
    EntryStatus,
    Guest,
    ProgramEntry,
    ProofSystem,
    Statement,
    Zkvm,
)
from zkattest.types.proof_profiles import PayloadFork

_DEFAULT: Final = "1-of-any"


@dataclass(frozen=True, slots=True)
class NodePolicy:
    """Hold what a node's section says; what it leaves out is the node's own."""

    types: TypePolicy
    registry: RegistryFile
    """Where what is known of the programs comes from."""
    fallback: Policy | None = None
    attestation_due_ms: int | None = None

    def clock(self, clock: SlotClock) -> SlotClock:
        """Give the network's time with the deadline of the policy, where it names one."""
        if self.attestation_due_ms is None:
            return clock
        return replace(clock, attestation_due_ms=self.attestation_due_ms)

    def by_update(
        self,
        update: LoadedRegistry,
        proof_types: Mapping[ProofType, tuple[ProofSystem, ProgramVk]],
        observer: Observer,
    ) -> TypePolicy:
        """Take up another registry, say what it changes, and return the policy by it."""
        changes = status_changes(self.registry.loaded.registry, update.registry)
        self.registry.take_up(update)
        tell_loaded(observer, update, changes)
        types = make_type_policy(self.types.policy, update.registry, proof_types)
        tell_shortfall(observer, types.shortfall)
        return types


def read_node_policy(
    root: Table,
    proof_types: Mapping[ProofType, tuple[ProofSystem, ProgramVk]],
    slot_ms: int,
) -> NodePolicy | None:
    """
    Read the section of a node; nothing where it is left out.

    What is known of the programs of its proof types comes from a registry.
    """
    if not root.has("proof_policy"):
        return None
    table = root.table("proof_policy")
    policy, registry = read_policy(table), _read_registry(table)
    due_ms = None
    if table.has("deadline_ms") or table.has("fork"):
        due_ms = policy.deadline_ms
        if not 0 < due_ms < slot_ms:
            table.wrong("deadline_ms", f"{due_ms}, expected less than a slot of {slot_ms} ms")
    fallback = Policy(policy.fallback.value) if table.has("fallback") else None
    types = make_type_policy(policy, registry.loaded.registry, proof_types)
    programs = tuple(types.programs.values())
    require_sense(table, policy, programs, registry.loaded.registry)
    return NodePolicy(types, registry, fallback, due_ms)


def make_type_policy(
    policy: ProofPolicy,
    registry: ProgramRegistry,
    proof_types: Mapping[ProofType, tuple[ProofSystem, ProgramVk]],
) -> TypePolicy:
    """Apply a policy to the proof types of a network, as a registry knows their programs."""
    programs = {
        number: _entry_of(registry, number, system, program_vk)
        for number, (system, program_vk) in proof_types.items()
    }
    return TypePolicy(policy, programs)


def read_policy(table: Table) -> ProofPolicy:
    """Read a preset, and what is changed of it; nothing in the table means the default."""
    name = table.text("preset", _DEFAULT)
    if name not in PRESETS:
        table.wrong("preset", f"{name!r}, expected one of {', '.join(PRESETS)}")
    preset = PRESETS.get(name, PRESETS[_DEFAULT])
    fork = table.choice("fork", PayloadFork, PayloadFork.GLOAS)
    required = table.integer("required_proofs", preset.required_proofs)
    changes: dict[str, Any] = {
        "required_weight": table.integer("required_weight", preset.required_weight),
        "distinct_zkvms": table.flag("distinct_zkvms", default=preset.distinct_zkvms),
        "distinct_execution_clients": table.flag(
            "distinct_execution_clients", default=preset.distinct_execution_clients
        ),
        "minimum_bits": table.integer("minimum_bits", preset.minimum_bits),
        "zkvms": frozenset(_members(table, "zkvms", preset.zkvms)),
        "execution_clients": frozenset(
            table.texts("execution_clients", sorted(preset.execution_clients))
        ),
        "programs": frozenset(_entry_ids(table, "programs")),
        "weights": _read_weights(table),
        "deadline_ms": table.integer("deadline_ms", ATTESTATION_DUE_MS[fork]),
        "fallback": table.choice("fallback", Fallback, preset.fallback),
    }
    try:
        return replace(preset, required_proofs=required, **changes)
    except ValueError as error:
        table.wrong("required_proofs", str(error))
        return preset


def read_registry_keys(table: Table, path: Path | None) -> tuple[PublicKey, ...]:
    """Read whose signed registries are taken; with none, only unsigned ones are."""
    texts = table.texts("registry_keys", ())
    keys = (table.make("registry_keys", PublicKey.from_hex, text) for text in texts)
    if texts and path is None:
        table.wrong("registry_keys", "without registry, expected the file that they sign")
    return tuple(key for key in keys if key is not None)


def _read_registry(table: Table) -> RegistryFile:
    path = table.path("registry")
    keys = read_registry_keys(table, path)
    try:
        return RegistryFile(path, keys)
    except ConfigError as error:
        table.wrong("registry", str(error))
        return RegistryFile(None)


def require_sense(
    table: Table,
    policy: ProofPolicy,
    programs: Collection[ProgramEntry],
    registry: ProgramRegistry,
) -> None:
    """Note names that mean nothing, and a policy that no proofs of these programs could meet."""
    known = {*registry.entries, *(entry.id for entry in programs)}
    for name in unknown_names(policy, known):
        key = "programs" if name in policy.programs else "weights"
        nearest = difflib.get_close_matches(name, known, n=1)
        hint = f", nearest known is {nearest[0]}" if nearest else ""
        table.wrong(key, f"{name}: not in the registry{hint}")
        return
    # Programs that are revoked may be trusted again; what then still lacks never comes.
    trusted = [replace(entry, status=EntryStatus()) for entry in programs]
    missing = shortfall(policy, trusted) if trusted else None
    if missing is not None:
        why = ", ".join(sorted({str(exclusion) for _, exclusion in missing.excluded}))
        detail = f"{missing.reason} ({why})" if why else str(missing.reason)
        key = "required_proofs" if table.has("required_proofs") else "preset"
        table.wrong(key, f"met by no proofs of the types that there are: {detail}")


def _entry_of(
    registry: ProgramRegistry, number: ProofType, system: ProofSystem, program_vk: ProgramVk
) -> ProgramEntry:
    """Find a program; of one that no registry names only what the file says is known."""
    return registry.find(system, program_vk) or ProgramEntry(
        id=EntryId(f"type-{int(number)}"),
        system=system,
        program_vk=program_vk,
        guest=Guest("", "", ""),
        statement=Statement(0),
    )


def _members(table: Table, key: str, default: frozenset[Zkvm]) -> list[Zkvm]:
    texts = table.texts(key, sorted(default))
    return [zkvm for text in texts if (zkvm := table.make(key, Zkvm, text)) is not None]


def _entry_ids(table: Table, key: str) -> list[EntryId]:
    made = (table.make(key, EntryId, text) for text in table.texts(key, ()))
    return [entry_id for entry_id in made if entry_id is not None]


def _read_weights(table: Table) -> dict[EntryId, int]:
    if not table.has("weights"):
        return {}
    weights: dict[EntryId, int] = {}
    for row in table.tables("weights"):
        entry_id = row.make("entry", EntryId, row.text("entry"))
        if entry_id is not None:
            weights[entry_id] = row.integer("weight", least=1)
    return weights
