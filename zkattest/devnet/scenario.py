"""
Tell what happens in each slot of the demo, and what every attester has to say about it.

Pure data: who publishes what and when, who is killed, and the expected verdicts. Blocks are
numbered from 1; slot 0 is the anchor's. Times are fractions of a slot; attestations are due at a
third.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from zkattest.machines.events import BlockStatus, ParentVerdict
from zkattest.spec.reasons import Reason

ATTESTERS: Final = 4
VICTIM: Final = 3
"""Number of the attester that is killed, counted from 0."""

BLOCK_AT: Final = 0.02
HOSTILE_PROOF_AT: Final = 0.42
LATE_PROOF_AT: Final = 0.45
PROOF_AT: Final = 0.60


class Role(StrEnum):
    """Name the processes that publish; each signs as the validator of its place in this list."""

    BUILDER = "builder"
    HOSTILE_PROPOSER = "hostile-proposer"
    HOSTILE_PROVER = "hostile-prover"

    @property
    def validator(self) -> int:
        """Return the validator that the role signs as."""
        return list(Role).index(self)


class Kind(StrEnum):
    """Name what is published."""

    BLOCK = "block"
    BAD_SIGNATURE = "forged: bad signature"
    NONCE_GAP = "forged: nonce gap"
    WRONG_OUTPUT = "forged: wrong deferred root"
    CLAIM = "claim"
    PROOF = "proof"
    CORRUPTED_PROOF = "corrupted proof"
    FOREIGN_PROOF = "proof of another block"


@dataclass(frozen=True, slots=True)
class Publication:
    """Have a role publish something of block `number` at a time of a slot."""

    slot: int
    at: float
    role: Role
    kind: Kind
    number: int
    under: int = 0
    """For a proof of another block: the number of the block under whose hash it is sent."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Say what an attester's slot has to look like; nothing at all while it is down."""

    static: BlockStatus | None
    reason: Reason | None
    parent: ParentVerdict | None
    attested: bool


@dataclass(frozen=True, slots=True)
class Act:
    """Hold one slot: its block, its story, and the verdict that is due."""

    slot: int
    number: int
    title: str
    proposer: Role
    expected: Expected
    publications: tuple[Publication, ...]
    is_withheld: bool = False
    """Tell whether the block's proof does not come in its slot."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Expect that every attester that is up refuses a proof of a hostile peer."""

    slot: int
    number: int
    reason: Reason
    attesters: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Hold the whole script."""

    acts: tuple[Act, ...]
    refusals: tuple[Refusal, ...]
    kill_after_decision_of: int
    restart_after_decision_of: int

    @property
    def last_slot(self) -> int:
        """Name the last slot."""
        return self.acts[-1].slot

    def proposers(self) -> list[int]:
        """Give each slot's proposer, the anchor's slot first."""
        return [Role.BUILDER.validator, *(act.proposer.validator for act in self.acts)]

    def publications(self, role: Role) -> list[Publication]:
        """List what a role publishes, in order of time."""
        mine = [p for act in self.acts for p in act.publications if p.role is role]
        return sorted(mine, key=lambda p: (p.slot, p.at))

    def expected(self, slot: int, attester: int) -> Expected:
        """Give the verdict that is due from an attester in a slot."""
        if attester == VICTIM and slot == self.restart_after_decision_of:
            return DOWN
        return self.acts[slot - 1].expected


ATTESTED: Final = Expected(BlockStatus.VALID, None, ParentVerdict.PROVEN, attested=True)
NOT_PROVEN: Final = Expected(
    BlockStatus.VALID, None, ParentVerdict.NOT_PROVEN_BY_DEADLINE, attested=False
)
DOWN: Final = Expected(None, None, None, attested=False)

BLOCKS_NEEDED: Final = 7
PROOFS_NEEDED: Final = 6


def write_scenario(blocks: int, proofs: int) -> Scenario:
    """Write the script for a chain of so many blocks of which the first `proofs` are proven."""
    story = _Story(proofs)
    story.slot(
        1,
        "a corrupted proof comes first",
        extra=[(HOSTILE_PROOF_AT, Role.HOSTILE_PROVER, Kind.CORRUPTED_PROOF, 1, 0)],
    )
    story.forged(2, Kind.BAD_SIGNATURE, Reason.SIGNATURE_INVALID, ParentVerdict.PROVEN)
    story.forged(2, Kind.NONCE_GAP, Reason.NONCE_MISMATCH, ParentVerdict.PROVEN)
    story.forged(
        2,
        Kind.WRONG_OUTPUT,
        Reason.PARENT_RECEIPT_ROOT_MISMATCH,
        ParentVerdict.CONTRADICTED,
    )
    story.slot(2, "proof withheld", proof_at=None)
    story.slot(3, "parent not proven", NOT_PROVEN)
    story.slot(
        4,
        "grandparent not proven",
        NOT_PROVEN,
        extra=[(LATE_PROOF_AT, Role.BUILDER, Kind.PROOF, 2, 0)],
    )
    story.slot(
        5,
        "foreign proof; a4 is killed",
        proof_at=None,
        extra=[(HOSTILE_PROOF_AT, Role.HOSTILE_PROVER, Kind.FOREIGN_PROOF, 1, 5)],
    )
    story.slot(
        6,
        "parent not proven; a4 restarts",
        NOT_PROVEN,
        extra=[(LATE_PROOF_AT, Role.BUILDER, Kind.PROOF, 5, 0)],
    )
    story.slot(7, "a4 is back")
    for number in range(BLOCKS_NEEDED + 1, blocks + 1):
        story.slot(number, "")
    everyone = tuple(range(ATTESTERS))
    return Scenario(
        acts=tuple(story.acts),
        refusals=(
            Refusal(1, 1, Reason.PROOF_INVALID, everyone),
            Refusal(8, 5, Reason.ROOT_MISMATCH, tuple(a for a in everyone if a != VICTIM)),
        ),
        kill_after_decision_of=8,
        restart_after_decision_of=9,
    )


class _Story:
    """Add one slot after another."""

    def __init__(self, proofs: int) -> None:
        self.acts: list[Act] = []
        self._proofs = proofs

    def slot(
        self,
        number: int,
        title: str,
        expected: Expected = ATTESTED,
        *,
        proof_at: float | None = PROOF_AT,
        extra: list[tuple[float, Role, Kind, int, int]] | None = None,
    ) -> None:
        """Add a slot with an honest block, followed by its claim and proof unless withheld."""
        slot = len(self.acts) + 1
        plans = [(BLOCK_AT, Role.BUILDER, Kind.BLOCK, number, 0), *(extra or [])]
        if proof_at is not None and number <= self._proofs:
            plans.append((proof_at, Role.BUILDER, Kind.CLAIM, number, 0))
            plans.append((proof_at, Role.BUILDER, Kind.PROOF, number, 0))
        self._add(slot, number, title, Role.BUILDER, expected, plans, is_withheld=proof_at is None)

    def forged(self, number: int, kind: Kind, reason: Reason, parent: ParentVerdict) -> None:
        """Add a slot in which the hostile proposer forges the block."""
        expected = Expected(BlockStatus.INVALID, reason, parent, attested=False)
        plans = [(BLOCK_AT, Role.HOSTILE_PROPOSER, kind, number, 0)]
        slot = len(self.acts) + 1
        self._add(slot, number, f"{kind}", Role.HOSTILE_PROPOSER, expected, plans)

    def _add(
        self,
        slot: int,
        number: int,
        title: str,
        proposer: Role,
        expected: Expected,
        plans: list[tuple[float, Role, Kind, int, int]],
        *,
        is_withheld: bool = False,
    ) -> None:
        publications = tuple(
            Publication(slot, at, role, kind, block, under)
            for at, role, kind, block, under in plans
        )
        act = Act(slot, number, title, proposer, expected, publications, is_withheld)
        self.acts.append(act)
