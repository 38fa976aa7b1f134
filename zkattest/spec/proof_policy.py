"""
Decide whether the valid proofs of a block are enough.

A policy asks for k proofs, if wanted of distinct zkVMs and of distinct execution clients, with a
total weight, each with a minimum of proven security. Which proofs count together is a matching of
zkVMs with clients: a greedy choice would miss sets that are there. Everything is pure and does not
depend on the order in which proofs came.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from zkattest.types.ids import ProofType, Root
from zkattest.types.programs import EntryId, ProgramEntry, Zkvm
from zkattest.types.proof_profiles import PayloadFork
from zkattest.types.verification import EvidenceId

# When attestations are due, in ms into the slot of 12 s: a third until Gloas, a quarter from then
# on (consensus-specs configs/mainnet.yaml, ATTESTATION_DUE_BPS and ATTESTATION_DUE_BPS_GLOAS).
ATTESTATION_DUE_MS: Final[Mapping[PayloadFork, int]] = MappingProxyType(
    {PayloadFork.FULU: 4_000, PayloadFork.GLOAS: 3_000}
)
_MAX_REQUIRED: Final = 255


class Fallback(StrEnum):
    """Say what to do at the deadline with a block that is not proven."""

    ABSTAIN = "abstain"
    WAIT = "wait"
    FALL_BACK = "fall_back"


class ProofStanding(StrEnum):
    """Say where a block stands."""

    PROVEN = "proven"
    PENDING = "pending"
    NOT_PROVEN_BY_DEADLINE = "not_proven_by_deadline"


class PolicyReason(StrEnum):
    """Say what decided, or what is missing."""

    ENOUGH = "enough"
    NO_PROOF = "no_proof"
    # None of the proofs that are there may be counted; `excluded` says why.
    NONE_COUNTS = "none_counts"
    TOO_FEW_PROOFS = "too_few_proofs"
    TOO_FEW_DISTINCT = "too_few_distinct"
    WEIGHT_TOO_LOW = "weight_too_low"


class Exclusion(StrEnum):
    """Say why a valid proof does not count."""

    UNKNOWN_PROGRAM = "unknown_program"
    REVOKED = "revoked"
    NOT_ACCEPTED = "not_accepted"
    BITS_TOO_LOW = "bits_too_low"
    CLIENT_UNKNOWN = "client_unknown"


@dataclass(frozen=True, slots=True)
class ProofPolicy:
    """
    Say which proofs are enough; empty sets accept everything.

    `deadline_ms` counts from the start of the slot in which the block is voted for.
    """

    name: str
    required_proofs: int = 1
    required_weight: int = 0
    distinct_zkvms: bool = False
    distinct_execution_clients: bool = False
    minimum_bits: int = 0
    zkvms: frozenset[Zkvm] = frozenset()
    execution_clients: frozenset[str] = frozenset()
    programs: frozenset[EntryId] = frozenset()
    # A program that is not named weighs 1.
    weights: Mapping[EntryId, int] = field(default_factory=lambda: MappingProxyType({}))
    deadline_ms: int = ATTESTATION_DUE_MS[PayloadFork.GLOAS]
    fallback: Fallback = Fallback.ABSTAIN

    def __post_init__(self) -> None:
        """Refuse what nothing can meet, and what would be met by nothing."""
        if not 1 <= self.required_proofs <= _MAX_REQUIRED:
            raise ValueError(f"required_proofs: {self.required_proofs}, expected 1 to 255")
        if self.distinct_zkvms and self.required_proofs > len(self.zkvms or Zkvm):
            raise ValueError(f"required_proofs: {self.required_proofs}, more than there are zkVMs")
        available = [len(self.programs)] if self.programs else []
        if self.distinct_execution_clients and self.execution_clients:
            available.append(len(self.execution_clients))
        if self.required_proofs > min(available, default=_MAX_REQUIRED):
            raise ValueError(f"required_proofs: {self.required_proofs} of {min(available)}")
        if any(weight < 1 for weight in self.weights.values()):
            raise ValueError("weights: expected 1 or more")
        if min(self.required_weight, self.minimum_bits, self.deadline_ms) < 0:
            raise ValueError("expected 0 or more")

    def weight_of(self, entry: EntryId) -> int:
        """Return what a proof of a program weighs."""
        return self.weights.get(entry, 1)


@dataclass(frozen=True, slots=True)
class ValidProof:
    """Hold that a proof of a program was found valid, and where that is written down."""

    entry: EntryId
    evidence_id: EvidenceId | None = None


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """
    Say where a block stands, why, and on what evidence.

    `counted` are the programs whose proofs count together, `evidence` the records of theirs;
    `action` is there where the deadline has passed without enough of them.
    """

    standing: ProofStanding
    reason: PolicyReason
    policy: str
    counted: tuple[EntryId, ...] = ()
    weight: int = 0
    evidence: tuple[EvidenceId, ...] = ()
    excluded: tuple[tuple[EntryId, Exclusion], ...] = ()
    action: Fallback | None = None

    @property
    def is_proven(self) -> bool:
        """Tell whether the proofs are enough."""
        return self.standing is ProofStanding.PROVEN


@dataclass(frozen=True, slots=True)
class LostProof:
    """Name a block that was proven and is no longer, and where it stands now."""

    subject: Root
    before: PolicyResult
    after: PolicyResult


PRESETS: Final[Mapping[str, ProofPolicy]] = MappingProxyType(
    {
        policy.name: policy
        for policy in (
            ProofPolicy("1-of-any"),
            ProofPolicy("1-of-sp1", zkvms=frozenset({Zkvm.SP1})),
            ProofPolicy(
                "2-of-3-zkvms",
                required_proofs=2,
                distinct_zkvms=True,
                zkvms=frozenset({Zkvm.SP1, Zkvm.ZISK, Zkvm.RISC0}),
            ),
            ProofPolicy(
                "2-of-3-clients",
                required_proofs=2,
                distinct_execution_clients=True,
                execution_clients=frozenset({"reth", "ethrex", "zesu"}),
            ),
            ProofPolicy(
                "2-of-3-diverse",
                required_proofs=2,
                distinct_zkvms=True,
                distinct_execution_clients=True,
                zkvms=frozenset({Zkvm.SP1, Zkvm.ZISK, Zkvm.RISC0}),
                execution_clients=frozenset({"reth", "ethrex", "zesu"}),
            ),
        )
    }
)


@dataclass(frozen=True, slots=True)
class TypePolicy:
    """Apply a policy to the proof types of one network."""

    policy: ProofPolicy
    programs: Mapping[ProofType, ProgramEntry]

    def judge(self, proof_types: Iterable[ProofType], ms_into_slot: int) -> PolicyResult:
        """Say whether valid proofs of these types are enough for their block."""
        entries = {entry.id: entry for entry in self.programs.values()}
        proofs = [
            ValidProof(self.programs[number].id)
            for number in proof_types
            if number in self.programs
        ]
        return judge_proofs(self.policy, entries, proofs, ms_into_slot)

    @property
    def revoked_types(self) -> frozenset[ProofType]:
        """Say which types stand for programs whose proofs count no longer."""
        return frozenset(kind for kind, entry in self.programs.items() if not entry.is_usable)

    @property
    def shortfall(self) -> PolicyResult | None:
        """Say why not even proofs of all types would be enough; None where they would."""
        return shortfall(self.policy, self.programs.values())

    def are_enough(self, proof_types: Iterable[ProofType]) -> bool:
        """Tell whether valid proofs of these types prove their block, whatever time it is."""
        return self.judge(proof_types, 0).is_proven


def judge_proofs(
    policy: ProofPolicy,
    entries: Mapping[EntryId, ProgramEntry],
    proofs: Iterable[ValidProof],
    ms_into_slot: int,
) -> PolicyResult:
    """
    Say whether valid proofs of one block are enough, `ms_into_slot` into the slot that needs it.

    Proofs that come after the deadline count as well: late is better than never.
    """
    evidence: dict[EntryId, set[EvidenceId]] = {}
    for proof in proofs:
        found = evidence.setdefault(proof.entry, set())
        if proof.evidence_id is not None:
            found.add(proof.evidence_id)
    excluded: list[tuple[EntryId, Exclusion]] = []
    usable: list[ProgramEntry] = []
    for entry_id in sorted(evidence):
        entry = entries.get(entry_id)
        exclusion = exclusion_of(policy, entry)
        if exclusion is not None or entry is None:
            excluded.append((entry_id, exclusion or Exclusion.UNKNOWN_PROGRAM))
        else:
            usable.append(entry)
    counted, reason = _count(policy, usable, has_any=bool(evidence))
    standing, action = _standing(policy, reason, ms_into_slot)
    return PolicyResult(
        standing=standing,
        reason=reason,
        policy=policy.name,
        counted=counted,
        weight=sum(policy.weight_of(entry_id) for entry_id in counted),
        evidence=tuple(sorted(one for entry_id in counted for one in evidence[entry_id])),
        excluded=tuple(excluded),
        action=action,
    )


def shortfall(policy: ProofPolicy, programs: Iterable[ProgramEntry]) -> PolicyResult | None:
    """Say why not even a proof of each of these programs would be enough; None where it would."""
    entries = {entry.id: entry for entry in programs}
    result = judge_proofs(policy, entries, map(ValidProof, entries), 0)
    return None if result.is_proven else result


def unknown_names(policy: ProofPolicy, known: Collection[EntryId]) -> tuple[EntryId, ...]:
    """List the programs that a policy names and nobody else does."""
    return tuple(sorted({*policy.programs, *policy.weights} - set(known)))


def exclusion_of(policy: ProofPolicy, entry: ProgramEntry | None) -> Exclusion | None:
    """Say why proofs of a program do not count, None where they do."""
    if entry is None:
        return Exclusion.UNKNOWN_PROGRAM
    if not entry.is_usable:
        return Exclusion.REVOKED
    client = entry.guest.execution_client
    # A program that does not say whose rules it follows may follow those of any other.
    if policy.distinct_execution_clients and not client:
        return Exclusion.CLIENT_UNKNOWN
    if (
        (policy.zkvms and entry.zkvm not in policy.zkvms)
        or (policy.execution_clients and client not in policy.execution_clients)
        or (policy.programs and entry.id not in policy.programs)
    ):
        return Exclusion.NOT_ACCEPTED
    bits = entry.security.provable_bits if entry.security else 0
    return Exclusion.BITS_TOO_LOW if bits < policy.minimum_bits else None


def lost_proofs(
    policy: ProofPolicy,
    before: Mapping[EntryId, ProgramEntry],
    after: Mapping[EntryId, ProgramEntry],
    verdicts: Mapping[Root, Sequence[ValidProof]],
) -> tuple[LostProof, ...]:
    """Say which blocks lose their proof when the registry changes; whatever time it is."""
    lost = []
    for subject, proofs in verdicts.items():
        old = judge_proofs(policy, before, proofs, policy.deadline_ms)
        new = judge_proofs(policy, after, proofs, policy.deadline_ms)
        if old.is_proven and not new.is_proven:
            lost.append(LostProof(subject, old, new))
    return tuple(lost)


def _standing(
    policy: ProofPolicy, reason: PolicyReason, ms_into_slot: int
) -> tuple[ProofStanding, Fallback | None]:
    if reason is PolicyReason.ENOUGH:
        return ProofStanding.PROVEN, None
    if ms_into_slot < policy.deadline_ms:
        return ProofStanding.PENDING, None
    return ProofStanding.NOT_PROVEN_BY_DEADLINE, policy.fallback


def _count(
    policy: ProofPolicy, usable: Sequence[ProgramEntry], *, has_any: bool
) -> tuple[tuple[EntryId, ...], PolicyReason]:
    """Choose the programs that count together, and say whether they are enough."""
    best = max(
        _independent_sets(policy, usable),
        key=lambda chosen: (_is_enough(policy, chosen), len(chosen), _weight(policy, chosen)),
    )
    if _is_enough(policy, best):
        return best, PolicyReason.ENOUGH
    if len(best) >= policy.required_proofs:
        return best, PolicyReason.WEIGHT_TOO_LOW
    if len(usable) >= policy.required_proofs:
        return best, PolicyReason.TOO_FEW_DISTINCT
    if usable:
        return best, PolicyReason.TOO_FEW_PROOFS
    return (), PolicyReason.NONE_COUNTS if has_any else PolicyReason.NO_PROOF


def _is_enough(policy: ProofPolicy, chosen: tuple[EntryId, ...]) -> bool:
    is_heavy = _weight(policy, chosen) >= policy.required_weight
    return len(chosen) >= policy.required_proofs and is_heavy


def _weight(policy: ProofPolicy, chosen: tuple[EntryId, ...]) -> int:
    return sum(policy.weight_of(entry_id) for entry_id in chosen)


def _independent_sets(
    policy: ProofPolicy, usable: Sequence[ProgramEntry]
) -> list[tuple[EntryId, ...]]:
    """Give sets of programs among which the heaviest of every size that counts is."""
    if policy.distinct_zkvms and policy.distinct_execution_clients:
        return _matchings(policy, usable)
    if policy.distinct_zkvms:
        return [_heaviest_each(policy, usable, lambda entry: entry.zkvm)]
    if policy.distinct_execution_clients:
        return [_heaviest_each(policy, usable, lambda entry: entry.guest.execution_client)]
    return [tuple(entry.id for entry in usable)]


def _heaviest_each(
    policy: ProofPolicy, usable: Sequence[ProgramEntry], key: Callable[[ProgramEntry], str]
) -> tuple[EntryId, ...]:
    heaviest: dict[str, EntryId] = {}
    for entry in usable:
        known = heaviest.setdefault(key(entry), entry.id)
        if policy.weight_of(entry.id) > policy.weight_of(known):
            heaviest[key(entry)] = entry.id
    return tuple(sorted(heaviest.values()))


def _matchings(policy: ProofPolicy, usable: Sequence[ProgramEntry]) -> list[tuple[EntryId, ...]]:
    """
    Give the heaviest matching of clients with each set of zkVMs.

    There are few zkVMs: a table over their subsets, extended client by client, is exact.
    """
    bits = {zkvm: 1 << index for index, zkvm in enumerate(Zkvm)}
    heaviest: dict[int, tuple[EntryId, ...]] = {0: ()}
    for client in sorted({entry.guest.execution_client for entry in usable}):
        extended = dict(heaviest)
        for entry in usable:
            if entry.guest.execution_client != client:
                continue
            for used, chosen in heaviest.items():
                taken = used | bits[entry.zkvm]
                longer = tuple(sorted((*chosen, entry.id)))
                if taken != used and _is_heavier(policy, longer, extended.get(taken)):
                    extended[taken] = longer
        heaviest = extended
    return list(heaviest.values())


def _is_heavier(
    policy: ProofPolicy, one: tuple[EntryId, ...], other: tuple[EntryId, ...] | None
) -> bool:
    """Compare sets of one size; names break ties, so that the order of proofs does not."""
    if other is None:
        return True
    return (_weight(policy, one), other) > (_weight(policy, other), one)
