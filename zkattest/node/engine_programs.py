"""Hold the registry in use and the verifiers of its programs, and take up a newer file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zkattest.crypto.ed25519 import PublicKey
from zkattest.node.config_reader import ConfigError, Mistake
from zkattest.node.registry_file import DEFAULT_REGISTRY, LoadedRegistry
from zkattest.node.registry_watch import RegistryFile
from zkattest.node.verifier_keys import read_verifier_key
from zkattest.spec.program_registry import ProgramRegistry, require_usable
from zkattest.spec.reasons import CannotVerify, Cause, InvalidProof
from zkattest.types.ids import ProgramVk, ProofType
from zkattest.types.programs import EntryId, ProfileId, ProgramEntry, ProofSystem
from zkattest.types.verification import ProofTypeInfo, RegistryState
from zkattest.verify.pool import Programs
from zkattest.verify.proof import ProofVerifier
from zkattest.verify.registry import Registry


@dataclass(frozen=True, slots=True)
class RegistrySource:
    """Say where the registry comes from, which numbering counts, and whom to believe."""

    profile: ProfileId
    path: Path | None = None
    trusted: tuple[PublicKey, ...] = ()
    verifier_keys: Path | None = None
    """A folder of verifier keys, each under its SHA-256 in hexadecimal."""


@dataclass(slots=True)
class EnginePrograms:
    """
    Answer which program a proof type stands for, and find its verifier; a `Programs` of a pool.

    `isolate` puts verifiers into child processes, where that is wanted.
    """

    source: RegistrySource
    isolate: Callable[[Registry], Programs] | None = None
    file: RegistryFile = field(init=False)
    _trusted: Registry = field(default_factory=Registry)
    _verifiers: Programs = field(init=False)
    _obstacles: dict[EntryId, CannotVerify] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Load the registry; raise `ConfigError`. Files are read: call it in no event loop."""
        source = self.source
        self.file = RegistryFile(source.path, source.trusted, self._require_profile)
        self._verifiers = self.isolate(self._trusted) if self.isolate else self._trusted
        self._prepare()

    @property
    def registry(self) -> ProgramRegistry:
        """Return the registry in use."""
        return self.file.loaded.registry

    @property
    def numbers(self) -> frozenset[ProofType]:
        """
        Return the proof types of the profile, those of revoked programs included.

        Who sends a proof of one did not hear of the revocation: that is not to be rejected.
        """
        return frozenset(self.registry.profiles[self.source.profile].proof_types)

    @property
    def profile_entries(self) -> tuple[ProgramEntry, ...]:
        """Return the programs that the profile gives numbers to."""
        names = self.registry.profiles[self.source.profile].proof_types.values()
        return tuple(self.registry.entries[name] for name in names)

    def usable_entry(self, proof_type: ProofType) -> ProgramEntry:
        """Return the program of a proof type; raise `CannotVerify`."""
        entry = self.registry.entry_of(self.source.profile, proof_type)
        if entry is None:
            detail = f"{proof_type} in profile {self.source.profile}"
            raise CannotVerify(Cause.UNKNOWN_PROOF_TYPE, detail)
        return require_usable(entry, entry.id)

    def usable_program(self, system: ProofSystem, program_vk: ProgramVk) -> ProgramEntry:
        """Return the entry of a program; raise `CannotVerify`."""
        return require_usable(
            self.registry.find(system, program_vk), f"{system} program {program_vk}"
        )

    def verifier(self, system: ProofSystem, program_vk: ProgramVk) -> ProofVerifier:
        """Return the verifier of a program that is usable, or raise `CannotVerify`."""
        entry = self.usable_program(system, program_vk)
        if entry.id in self._obstacles:
            obstacle = self._obstacles[entry.id]
            raise CannotVerify(obstacle.cause, obstacle.detail)
        return self._verifiers.verifier(system, program_vk)

    def infos(self) -> tuple[ProofTypeInfo, ...]:
        """Describe the proof types of the profile, in the order of their numbers."""
        numbers = self.registry.profiles[self.source.profile].proof_types
        found = []
        for number, name in sorted(numbers.items()):
            entry = self.registry.entries[name]
            obstacle = str(self._obstacles.get(name, ""))
            if not entry.is_usable:
                obstacle = f"revoked since {entry.status.since}: {entry.status.reason}"
            found.append(ProofTypeInfo(number, entry, not obstacle, obstacle))
        return tuple(found)

    def state(self) -> RegistryState:
        """Say which registry is in use."""
        entries = self.registry.entries.values()
        return RegistryState(
            sha256=self.file.loaded.sha256,
            profile=self.source.profile,
            entries=len(self.registry.entries),
            revoked=tuple(entry.id for entry in entries if not entry.is_usable),
            refused_update=self.file.refused_update,
        )

    def take_up(self, update: LoadedRegistry) -> None:
        """Use another registry from now on; blocks while verifiers are prepared."""
        self.file.take_up(update)
        self._prepare()

    @property
    def obstacles(self) -> dict[EntryId, str]:
        """Say which usable programs cannot be verified, and why."""
        return {name: str(obstacle) for name, obstacle in self._obstacles.items()}

    def _prepare(self) -> None:
        """Make a verifier for each usable program; what cannot be made is an obstacle."""
        obstacles: dict[EntryId, CannotVerify] = {}
        for entry in self.registry.entries.values():
            if not entry.is_usable:
                continue
            try:
                self._add(entry)
            except CannotVerify as failure:
                obstacles[entry.id] = failure
            except InvalidProof as refusal:
                # A key that no program can have; whoever wrote the registry is wrong, no prover.
                obstacles[entry.id] = CannotVerify(Cause.UNKNOWN_PROGRAM_VK, str(refusal))
        self._obstacles = obstacles

    def _add(self, entry: ProgramEntry) -> None:
        key = None
        if entry.verifier_key is not None:
            key = read_verifier_key(self.source.verifier_keys, entry.verifier_key.sha256)
        verifier = self._trusted.add(entry.system, entry.program_vk, key)
        known = verifier.circuit_version
        # A proof of a newer circuit would be refused; it is only not known here.
        if entry.system_version and entry.system_version not in known.split(", "):
            detail = f"{entry.system} {entry.system_version}, known are {known}"
            raise CannotVerify(Cause.UNKNOWN_VERIFIER_PARAMETERS, detail)

    def _require_profile(self, loaded: LoadedRegistry) -> None:
        known: Sequence[ProfileId] = tuple(loaded.registry.profiles)
        if self.source.profile not in known:
            path = self.source.path or DEFAULT_REGISTRY
            reason = f"no {self.source.profile}, expected one of {', '.join(known)}"
            raise ConfigError(path, Mistake("profile", reason))
