"""
An engine that verifies nothing: it answers what a test told it to, and remembers what it was asked.

For tests of dialects alone. Whatever says something about proofs is tested with the real engine.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import trio

from zkattest.spec.reasons import Cause
from zkattest.spec.verdicts import NotChecked, ProofVerdict, Submission, SubmissionStatus
from zkattest.types.ids import ChainId, ProgramVk, ProofType, Root
from zkattest.types.programs import (
    EntryId,
    Guest,
    ProfileId,
    ProgramEntry,
    ProofSystem,
    Sha256,
    Statement,
)
from zkattest.types.verification import (
    BlockId,
    Check,
    EngineEvent,
    EngineStatus,
    ProofComplete,
    ProofTypeInfo,
    RegistryState,
    SubmittedProof,
)
from zkattest.types.wire import PublicValues

RETH_SP1 = ProgramEntry(
    EntryId("reth-sp1-v1"),
    ProofSystem.SP1,
    ProgramVk(b"\x11" * 32),
    Guest("stateless-validator-reth", "0.1.0", "reth"),
    Statement(0x1501),
)
ETHREX_ZISK = ProgramEntry(
    EntryId("ethrex-zisk-v1"),
    ProofSystem.ZISK,
    ProgramVk(b"\x22" * 32),
    Guest("stateless-validator-ethrex", "27", "ethrex"),
    Statement(0x1501),
)
PROOF_TYPES = (
    ProofTypeInfo(ProofType(1), RETH_SP1, can_verify=True),
    ProofTypeInfo(ProofType(3), ETHREX_ZISK, can_verify=True),
)


@dataclass
class StandInEngine:
    """Answer from fields."""

    verdict: ProofVerdict = field(
        default_factory=lambda: NotChecked(Check(), Cause.BACKEND_UNAVAILABLE, "a stand-in")
    )
    submissions: tuple[Submission, ...] | None = None
    block: tuple[SubmittedProof, ...] | None = None
    has_chain: bool = True
    takes_requests: bool = True
    proofs: dict[tuple[Root, ProofType], bytes] = field(default_factory=dict)
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    subscribers: list[trio.MemorySendChannel[EngineEvent]] = field(default_factory=list)
    gate: trio.Event | None = None
    """What a verification waits for, if it waits."""

    async def verify_statement(
        self,
        proof_type: ProofType,
        proof: bytes,
        expected: PublicValues,
        *,
        deadline_ms: int | None = None,
    ) -> ProofVerdict:
        self.asked.append((proof_type, proof, expected, deadline_ms))
        if self.gate is not None:
            await self.gate.wait()
        return self.verdict

    async def verify_program(
        self,
        system: ProofSystem,
        program_vk: ProgramVk,
        proof: bytes,
        public_values: bytes | None = None,
        *,
        deadline_ms: int | None = None,
    ) -> ProofVerdict:
        self.asked.append((system, program_vk, proof, public_values, deadline_ms))
        return self.verdict

    async def submit(self, messages: Sequence[bytes]) -> tuple[Submission, ...]:
        self.asked.append(tuple(messages))
        if self.submissions is not None:
            return self.submissions
        return tuple(Submission(i, SubmissionStatus.ACCEPTED) for i in range(len(messages)))

    async def submitted(self, block_id: BlockId) -> tuple[SubmittedProof, ...] | None:
        self.asked.append((block_id,))
        return self.block

    async def expect_proofs(
        self, new_payload_request_root: Root, proof_types: Sequence[ProofType], *, timeout_ms: int
    ) -> bool:
        self.asked.append((new_payload_request_root, tuple(proof_types), timeout_ms))
        return self.takes_requests

    async def proof(self, new_payload_request_root: Root, proof_type: ProofType) -> bytes | None:
        return self.proofs.get((new_payload_request_root, proof_type))

    def proof_types(self) -> tuple[ProofTypeInfo, ...]:
        return PROOF_TYPES

    def status(self) -> EngineStatus:
        registry = RegistryState(Sha256(bytes(32)), ProfileId("stand-in"), len(PROOF_TYPES))
        return EngineStatus(
            is_ready=True,
            chain_id=ChainId(1),
            schema_id=0x1501,
            registry=registry,
            has_chain=self.has_chain,
        )

    @asynccontextmanager
    async def subscribe(
        self, new_payload_request_root: Root | None = None
    ) -> AsyncIterator[AsyncGenerator[EngineEvent, None]]:
        send, receive = trio.open_memory_channel[EngineEvent](8)
        self.subscribers.append(send)

        async def events() -> AsyncGenerator[EngineEvent, None]:
            for root, proof_type in self.proofs:
                if new_payload_request_root in (None, root):
                    yield ProofComplete(root, proof_type)
            async for event in receive:
                yield event

        try:
            yield events()
        finally:
            self.subscribers.remove(send)
