"""Remember which programs proved what, so that a changed registry can be judged against it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from zkattest.spec.evidence import EvidenceRecord, Outcome
from zkattest.spec.program_registry import ProgramRegistry
from zkattest.spec.proof_policy import (
    LostProof,
    PolicyResult,
    ProofPolicy,
    ValidProof,
    judge_proofs,
    lost_proofs,
)
from zkattest.types.ids import ProgramVk, Root
from zkattest.types.programs import EntryId, ProgramEntry, ProofSystem
from zkattest.types.verification import EvidenceId

DEFAULT_SUBJECTS = 4_096


@dataclass(frozen=True, slots=True)
class ProvenBy:
    """Name the program that proved a subject, under the name it had then."""

    entry: EntryId
    system: ProofSystem
    program_vk: ProgramVk

    def is_still(self, entry: ProgramEntry | None) -> bool:
        """Tell whether an entry is about this program."""
        return entry is not None and (entry.system, entry.program_vk) == (
            self.system,
            self.program_vk,
        )


@dataclass(slots=True)
class VerdictIndex:
    """Hold valid verdicts by what they are about; the oldest subjects go."""

    limit: int = DEFAULT_SUBJECTS
    _subjects: OrderedDict[Root, dict[ProvenBy, EvidenceId | None]] = field(
        default_factory=OrderedDict
    )

    def add(self, subject: Root, program: ProvenBy, evidence_id: EvidenceId | None) -> None:
        """Note that a program proved a subject; the first evidence of it stays."""
        self._subjects.setdefault(subject, {}).setdefault(program, evidence_id)
        self._subjects.move_to_end(subject)
        while len(self._subjects) > self.limit:
            self._subjects.popitem(last=False)

    def add_record(self, record: EvidenceRecord, evidence_id: EvidenceId) -> None:
        """Note what a record says, where it is a valid verdict about a subject."""
        if (
            record.outcome is Outcome.VALID
            and record.subject is not None
            and record.entry is not None
            and record.system is not None
            and record.program_vk is not None
        ):
            program = ProvenBy(record.entry, record.system, record.program_vk)
            self.add(record.subject, program, evidence_id)

    def judge(
        self, subject: Root, policy: ProofPolicy, registry: ProgramRegistry, ms_into_slot: int
    ) -> PolicyResult:
        """Say where a subject stands under a policy, with the programs as they are now."""
        found = self._subjects.get(subject, {})
        proofs = [
            ValidProof(program.entry, evidence)
            for program, evidence in found.items()
            if program.is_still(registry.entries.get(program.entry))
        ]
        return judge_proofs(policy, registry.entries, proofs, ms_into_slot)

    def lost(
        self, policy: ProofPolicy, before: ProgramRegistry, after: ProgramRegistry
    ) -> tuple[LostProof, ...]:
        """Say which subjects lose their proof when one registry takes the other's place."""
        verdicts = {
            subject: [
                ValidProof(program.entry, evidence)
                for program, evidence in programs.items()
                if program.is_still(before.entries.get(program.entry))
            ]
            for subject, programs in self._subjects.items()
        }
        return lost_proofs(policy, before.entries, _same_programs(before, after), verdicts)

    def __len__(self) -> int:
        """Count the subjects."""
        return len(self._subjects)


def _same_programs(
    before: ProgramRegistry, after: ProgramRegistry
) -> Mapping[EntryId, ProgramEntry]:
    """Leave out names that stand for another program now."""
    return {
        name: entry
        for name, entry in after.entries.items()
        if (old := before.entries.get(name)) is None
        or (old.system, old.program_vk) == (entry.system, entry.program_vk)
    }
