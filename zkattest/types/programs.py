"""
Declare the programs whose proofs are believed, and what is known of each.

A program is its key and the proof system that made the key; the byte that stands for it on the
wire is a network's choice (`RegistryProfile`). Nothing here is read or checked: `spec` has the
rules, and `node` the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

from zkattest.types.ids import ChainId, FixedBytes, ProgramVk, ProofType


class Zkvm(StrEnum):
    """Name a virtual machine whose bugs all proof systems over it share."""

    SP1 = "sp1"
    RISC0 = "risc0"
    ZISK = "zisk"
    OPENVM = "openvm"
    # Circuits of their own, made for one program each.
    CIRCUIT = "circuit"


class ProofSystem(StrEnum):
    """Name a zkVM together with the kind of proof that is verified."""

    SP1 = "sp1"
    SP1_GROTH16 = "sp1-groth16"
    SP1_PLONK = "sp1-plonk"
    RISC0_GROTH16 = "risc0-groth16"
    ZISK = "zisk"
    GROTH16_BN254 = "groth16-bn254"
    OPENVM = "openvm"

    @property
    def zkvm(self) -> Zkvm:
        """Name the virtual machine that the program ran in."""
        return _ZKVMS[self]


_ZKVMS: Final[Mapping[ProofSystem, Zkvm]] = {
    ProofSystem.SP1: Zkvm.SP1,
    ProofSystem.SP1_GROTH16: Zkvm.SP1,
    ProofSystem.SP1_PLONK: Zkvm.SP1,
    ProofSystem.RISC0_GROTH16: Zkvm.RISC0,
    ProofSystem.ZISK: Zkvm.ZISK,
    ProofSystem.GROTH16_BN254: Zkvm.CIRCUIT,
    ProofSystem.OPENVM: Zkvm.OPENVM,
}


class Sha256(FixedBytes):
    """Identify bytes by their SHA-256."""

    size_bytes = 32
    __slots__ = ()


class EntryId(str):
    """Name an entry of a registry: small letters, digits, dots and dashes."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Take 1 to 64 characters."""
        if not _ENTRY_ID.fullmatch(value):
            raise ValueError(f"{value!r}: expected 1 to 64 of a-z 0-9 . -")
        return super().__new__(cls, value)


class ProfileId(EntryId):
    """Name a numbering of proof types: a network, or a client's release."""

    __slots__ = ()


class Date(str):
    """Name a day as `YYYY-MM-DD`; days compare as their text does."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Take four, two and two digits; a month has at most 31 days."""
        found = _DATE.fullmatch(value)
        if not found or not 1 <= int(found[2]) <= 12 or not 1 <= int(found[3]) <= 31:
            raise ValueError(f"{value!r}: expected YYYY-MM-DD")
        return super().__new__(cls, value)


_ENTRY_ID: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


class EntryState(StrEnum):
    """Say whether proofs of a program are taken."""

    ACTIVE = "active"
    # Verified as before; whoever lists programs is told to move on.
    DEPRECATED = "deprecated"
    # Never verified again, and what was verified counts no longer.
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class EntryStatus:
    """Say in which state an entry is; a state other than active has its day and its reason."""

    state: EntryState = EntryState.ACTIVE
    since: Date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Guest:
    """Name the program, and the execution client whose rules it was compiled from."""

    name: str
    version: str
    execution_client: str


@dataclass(frozen=True, slots=True)
class Statement:
    """Say what the program's public values are about; no chain id means any chain."""

    schema_id: int
    chain_id: ChainId | None = None


@dataclass(frozen=True, slots=True)
class Security:
    """Hold how many bits of security are proven, and who says so."""

    provable_bits: int
    source: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """Say where a file can be had, and what it has to hash to; the place may be unknown."""

    sha256: Sha256
    url: str = ""


@dataclass(frozen=True, slots=True)
class ProgramEntry:
    """Hold one program: its identity, its origin and its status."""

    id: EntryId
    system: ProofSystem
    program_vk: ProgramVk
    guest: Guest
    statement: Statement
    # The compiled program that the key was made from.
    program: Artifact | None = None
    # What a verifier needs beside the program's key: the circuit's own key.
    verifier_key: Artifact | None = None
    security: Security | None = None
    source: str = ""
    """Where the key was published."""
    status: EntryStatus = field(default_factory=EntryStatus)
    system_version: str = ""
    """Version of the circuit that its proofs are made for; empty where it is not known."""

    @property
    def zkvm(self) -> Zkvm:
        """Name the virtual machine that the program runs in."""
        return self.system.zkvm

    @property
    def is_usable(self) -> bool:
        """Tell whether proofs of this program count."""
        return self.status.state is not EntryState.REVOKED


@dataclass(frozen=True, slots=True)
class RegistryProfile:
    """Map the bytes that stand on the wire to entries."""

    id: ProfileId
    proof_types: Mapping[ProofType, EntryId]
    source: str = ""
