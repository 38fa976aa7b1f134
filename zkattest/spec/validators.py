"""
Say from a validator's record whether it is active in an epoch.

Activations and exits are fixed at least `MAX_SEED_LOOKAHEAD` epochs ahead, so the state of
the epoch before knows all about an epoch; a node that has not reached it yet has no answer, and
none is better than an old one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from zkattest.spec.answers import ActiveValidator, Refused, ValidatorOutcome
from zkattest.spec.reasons import Reason
from zkattest.types.ids import Epoch, Slot, ValidatorIndex

# No state holds as many validators: indices from here on need not be looked up.
VALIDATOR_REGISTRY_LIMIT: Final = 1 << 40


class ValidatorStatus(StrEnum):
    """Name what the Beacon API says of a validator (`ValidatorStatus`)."""

    PENDING_INITIALIZED = "pending_initialized"
    PENDING_QUEUED = "pending_queued"
    ACTIVE_ONGOING = "active_ongoing"
    ACTIVE_EXITING = "active_exiting"
    ACTIVE_SLASHED = "active_slashed"
    EXITED_UNSLASHED = "exited_unslashed"
    EXITED_SLASHED = "exited_slashed"
    WITHDRAWAL_POSSIBLE = "withdrawal_possible"
    WITHDRAWAL_DONE = "withdrawal_done"


ACTIVE_STATUSES: Final = frozenset(
    {
        ValidatorStatus.ACTIVE_ONGOING,
        ValidatorStatus.ACTIVE_EXITING,
        ValidatorStatus.ACTIVE_SLASHED,
    }
)


@dataclass(frozen=True, slots=True)
class ValidatorRecord:
    """Hold what a state says of a validator; the status is that of the state's own epoch."""

    index: ValidatorIndex
    pubkey: bytes
    status: ValidatorStatus
    activation_epoch: Epoch
    exit_epoch: Epoch


def is_active_validator(record: ValidatorRecord, epoch: Epoch) -> bool:
    """Tell whether a validator is active in an epoch, as the consensus specs do."""
    return record.activation_epoch <= epoch < record.exit_epoch


def is_consistent(record: ValidatorRecord, state_epoch: Epoch) -> bool:
    """Tell whether a record's status is what its epochs say of the state's epoch."""
    return (record.status in ACTIVE_STATUSES) == is_active_validator(record, state_epoch)


def judge_validator(record: ValidatorRecord, epoch: Epoch) -> ValidatorOutcome:
    """Answer for an epoch from the state of the epoch before."""
    if is_active_validator(record, epoch):
        return ActiveValidator(record.pubkey)
    return Refused(Reason.VALIDATOR_NOT_ACTIVE, record.status)


def unknown_validator() -> Refused:
    """Answer that a state has no validator with an index."""
    return Refused(Reason.UNKNOWN_VALIDATOR)


def state_epoch_for(epoch: Epoch) -> Epoch:
    """Name the epoch whose first state knows who is active in an epoch."""
    return Epoch(max(epoch - 1, 0))


def epoch_at(slot: Slot, slots_per_epoch: int) -> Epoch:
    """Name the epoch of a slot (`compute_epoch_at_slot`)."""
    return Epoch(slot // slots_per_epoch)
