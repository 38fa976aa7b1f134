"""
Judge a registry of programs: what clashes in it, what a new one changes, what it answers.

Programs are named by proof system and key. Numbers on the wire are a profile's, and two profiles
may well give one number to different programs: that is how deployments are. Within one registry a
program has one identity, and within one profile a number one program.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from zkattest.spec.reasons import CannotVerify, Cause
from zkattest.types.ids import ProgramVk, ProofType
from zkattest.types.programs import (
    EntryId,
    EntryState,
    ProfileId,
    ProgramEntry,
    ProofSystem,
    RegistryProfile,
)


class ClashKind(StrEnum):
    """Say in which way two statements of a registry cannot both hold."""

    NAME_TWICE = "name_twice"
    PROGRAM_TWICE = "program_twice"
    PROGRAM_OF_TWO_GUESTS = "program_of_two_guests"
    PROFILE_TWICE = "profile_twice"
    NUMBER_TWICE = "number_twice"
    ENTRY_NUMBERED_TWICE = "entry_numbered_twice"
    UNKNOWN_ENTRY = "unknown_entry"
    VERIFIER_KEY_MISMATCH = "verifier_key_mismatch"


@dataclass(frozen=True, slots=True)
class Clash:
    """Name a clash, and what clashes."""

    kind: ClashKind
    detail: str


class RegistryClash(Exception):
    """Refuse a registry; there is at least one clash."""

    def __init__(self, clashes: Sequence[Clash]) -> None:
        """Keep all clashes, in the order in which they are met."""
        super().__init__("; ".join(f"{clash.kind}: {clash.detail}" for clash in clashes))
        self.clashes = tuple(clashes)


@dataclass(frozen=True, slots=True)
class Numbering:
    """Hold a profile as it was written: pairs, for a mapping would hide that a number is twice."""

    id: ProfileId
    numbers: tuple[tuple[ProofType, EntryId], ...]
    source: str = ""


@dataclass(frozen=True, slots=True)
class ProgramRegistry:
    """
    Hold programs by name and profiles by name; there is no clash in it.

    Of two registries of one publisher the one with the lower `serial` is the older.
    """

    entries: Mapping[EntryId, ProgramEntry]
    profiles: Mapping[ProfileId, RegistryProfile]
    serial: int = 0

    def find(self, system: ProofSystem, program_vk: ProgramVk) -> ProgramEntry | None:
        """Return the entry of a program."""
        for entry in self.entries.values():
            if entry.system is system and entry.program_vk == program_vk:
                return entry
        return None

    def entry_of(self, profile: ProfileId, proof_type: ProofType) -> ProgramEntry | None:
        """Return the entry that a number stands for in a profile."""
        entry_id = self.profiles[profile].proof_types.get(proof_type)
        return self.entries[entry_id] if entry_id is not None else None

    def with_entry(self, entry: ProgramEntry) -> ProgramRegistry:
        """Return a registry in which an entry of this name has become this one."""
        entries = {**self.entries, entry.id: entry}
        return ProgramRegistry(MappingProxyType(entries), self.profiles, self.serial)


@dataclass(frozen=True, slots=True)
class StatusChange:
    """Say what became of an entry; None where it was not there, or is there no longer."""

    entry: EntryId
    before: EntryState | None
    after: EntryState | None

    @property
    def ends_trust(self) -> bool:
        """Tell whether proofs of the program counted, and count no longer."""
        counted = self.before in (EntryState.ACTIVE, EntryState.DEPRECATED)
        return counted and self.after in (EntryState.REVOKED, None)


def make_registry(
    entries: Sequence[ProgramEntry], profiles: Sequence[Numbering], serial: int = 0
) -> ProgramRegistry:
    """Build a registry; raise `RegistryClash` for all that clashes in it."""
    clashes = tuple(find_clashes(entries, profiles))
    if clashes:
        raise RegistryClash(clashes)
    return ProgramRegistry(
        MappingProxyType({entry.id: entry for entry in entries}),
        MappingProxyType({one.id: _profile(one) for one in profiles}),
        serial,
    )


def find_clashes(entries: Sequence[ProgramEntry], profiles: Sequence[Numbering]) -> Iterator[Clash]:
    """Yield every clash: of entries first, then of profiles."""
    yield from _twice(ClashKind.NAME_TWICE, (entry.id for entry in entries))
    yield from _shared_programs(entries)
    for entry in entries:
        yield from _foreign_key(entry)
    yield from _twice(ClashKind.PROFILE_TWICE, (profile.id for profile in profiles))
    known = {entry.id for entry in entries}
    for profile in profiles:
        yield from _clashes_of_profile(profile, known)


def require_usable(entry: ProgramEntry | None, name: str) -> ProgramEntry:
    """Return an entry whose proofs count; raise `CannotVerify`: none of this is a peer's fault."""
    if entry is None:
        raise CannotVerify(Cause.UNKNOWN_PROGRAM_VK, name)
    if not entry.is_usable:
        status = entry.status
        raise CannotVerify(
            Cause.PROGRAM_REVOKED, f"{entry.id}, since {status.since}: {status.reason}"
        )
    return entry


def status_changes(before: ProgramRegistry, after: ProgramRegistry) -> tuple[StatusChange, ...]:
    """
    Say which entries changed their state, in the order of their names.

    An entry whose program became another one is the old one's end and the new one's beginning:
    verdicts about the old program say nothing of the new.
    """
    changes = []
    for entry_id in sorted({*before.entries, *after.entries}):
        old, new = before.entries.get(entry_id), after.entries.get(entry_id)
        if old and new and (old.system, old.program_vk) != (new.system, new.program_vk):
            changes.append(StatusChange(entry_id, old.status.state, None))
            changes.append(StatusChange(entry_id, None, new.status.state))
        elif _state(old) is not _state(new):
            changes.append(StatusChange(entry_id, _state(old), _state(new)))
    return tuple(changes)


def program_names(
    proof_types: Mapping[ProofType, tuple[ProofSystem, ProgramVk]],
) -> dict[ProofType, str]:
    """Name the program of each type in a way that no other program is named."""
    return {kind: f"{system}:{program_vk}" for kind, (system, program_vk) in proof_types.items()}


def _state(entry: ProgramEntry | None) -> EntryState | None:
    return entry.status.state if entry else None


def _profile(numbering: Numbering) -> RegistryProfile:
    numbers = MappingProxyType(dict(sorted(numbering.numbers)))
    return RegistryProfile(numbering.id, numbers, numbering.source)


def _shared_programs(entries: Sequence[ProgramEntry]) -> Iterator[Clash]:
    """Find programs with two entries, and keys that stand for two guests of one zkVM."""
    owners: dict[tuple[ProofSystem, ProgramVk], ProgramEntry] = {}
    guests: dict[tuple[str, ProgramVk], ProgramEntry] = {}
    for entry in entries:
        first = owners.setdefault((entry.system, entry.program_vk), entry)
        if first is not entry:
            yield Clash(ClashKind.PROGRAM_TWICE, f"{first.id} and {entry.id}: {entry.program_vk}")
            continue
        first = guests.setdefault((entry.zkvm, entry.program_vk), entry)
        if first.guest != entry.guest:
            yield Clash(
                ClashKind.PROGRAM_OF_TWO_GUESTS, f"{first.id} and {entry.id}: {entry.program_vk}"
            )


def _foreign_key(entry: ProgramEntry) -> Iterator[Clash]:
    # The program of a plain circuit is its verifier key: the one is the other's hash.
    if entry.system is not ProofSystem.GROTH16_BN254:
        return
    if entry.verifier_key is None or bytes(entry.verifier_key.sha256) != bytes(entry.program_vk):
        yield Clash(
            ClashKind.VERIFIER_KEY_MISMATCH,
            f"{entry.id}: the program key has to be the SHA-256 of the verifier key",
        )


def _clashes_of_profile(profile: Numbering, known: set[EntryId]) -> Iterator[Clash]:
    first: dict[ProofType, EntryId] = {}
    for number, entry_id in profile.numbers:
        if entry_id not in known:
            yield Clash(ClashKind.UNKNOWN_ENTRY, f"{profile.id}: {number} is {entry_id}")
        other = first.setdefault(number, entry_id)
        if other != entry_id:
            detail = f"{profile.id}: {number} is {other} and {entry_id}"
            yield Clash(ClashKind.NUMBER_TWICE, detail)
    names = (f"{profile.id}: {entry_id}" for _, entry_id in profile.numbers)
    yield from _twice(ClashKind.ENTRY_NUMBERED_TWICE, names)


def _twice(kind: ClashKind, names: Iterable[str]) -> Iterator[Clash]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield Clash(kind, name)
        seen.add(name)
