"""Programs of made-up registries; their keys belong to nobody."""

from __future__ import annotations

from zkattest.crypto.hashing import sha256
from zkattest.spec.program_registry import Numbering, ProgramRegistry, make_registry
from zkattest.types.ids import ChainId, ProgramVk, ProofType
from zkattest.types.programs import (
    Date,
    EntryId,
    EntryState,
    EntryStatus,
    Guest,
    ProfileId,
    ProgramEntry,
    ProofSystem,
    Security,
    Statement,
)

SCHEMA = 0x1501
PROFILE = ProfileId("test")
REVOKED = EntryStatus(EntryState.REVOKED, Date("2026-11-21"), "a test says so")


def make_entry(
    name: str,
    system: ProofSystem = ProofSystem.SP1,
    client: str = "reth",
    *,
    program_vk: ProgramVk | None = None,
    bits: int | None = None,
    status: EntryStatus | None = None,
    chain_id: int | None = None,
    schema_id: int = SCHEMA,
) -> ProgramEntry:
    return ProgramEntry(
        id=EntryId(name),
        system=system,
        program_vk=program_vk or ProgramVk(b"\0" + sha256(name.encode())[1:]),
        guest=Guest(f"{client}-guest", "1.0", client),
        statement=Statement(schema_id, None if chain_id is None else ChainId(chain_id)),
        security=None if bits is None else Security(bits, "a test"),
        status=status or EntryStatus(),
    )


def make_test_registry(*entries: ProgramEntry) -> ProgramRegistry:
    """Number the entries from 1 in the profile `test`."""
    numbers = tuple((ProofType(i), entry.id) for i, entry in enumerate(entries, start=1))
    return make_registry(entries, [Numbering(PROFILE, numbers)])
