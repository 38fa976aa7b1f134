"""Name what the outside may answer to a question that a rule or a machine has asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from zkattest.spec.reasons import Cause, Reason


@dataclass(frozen=True, slots=True)
class Refused:
    """Answer that what a peer sent breaks a rule."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Answer that we could not find out; nobody is blamed."""

    cause: Cause
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SignatureValid:
    """Answer that the message was signed by the validator it names."""


@dataclass(frozen=True, slots=True)
class ProofValid:
    """Answer that the program proved these public values; they still have to be judged."""

    public_values: bytes


@dataclass(frozen=True, slots=True)
class ActiveValidator:
    """Answer that a validator is active, with its public key of 48 bytes."""

    pubkey: bytes


SignatureOutcome: TypeAlias = SignatureValid | Refused | Fault
ProofOutcome: TypeAlias = ProofValid | Refused | Fault
ValidatorOutcome: TypeAlias = ActiveValidator | Refused | Fault
