"""
Declare what the machines' effects are performed through; shells implement these, `node` chooses
which.

Blocking methods say so: they are called in threads.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from zkattest.machines.events import (
    BlockOutcome,
    CheckBlock,
    CheckSignature,
    OpenBlock,
    OpenOutcome,
    SavedState,
    SaveEffect,
    VerifyProof,
)
from zkattest.machines.proof_events import ProofEvent, ProofSaveEffect
from zkattest.spec.answers import ProofOutcome, SignatureOutcome, ValidatorOutcome
from zkattest.spec.guests import GuestProof, GuestRun
from zkattest.spec.signing import ProofSubject, SigningData
from zkattest.spec.state_reader import NodeSource
from zkattest.spec.verdicts import ProofVerdict, Submission
from zkattest.types.gossip import Verdict
from zkattest.types.ids import Epoch, ProgramVk, ProofType, Root, Slot, ValidatorIndex
from zkattest.types.peering import ExecutionProofStatus, Status
from zkattest.types.programs import ProofSystem
from zkattest.types.verification import (
    BlockId,
    EngineEvent,
    EngineStatus,
    ProofTypeInfo,
    SubmittedProof,
)
from zkattest.types.wire import PublicValues

__all__ = [
    "BlockChecker",
    "ChainFeed",
    "Clock",
    "GuestWorker",
    "Network",
    "NodeSource",
    "ProofChecker",
    "ProofEngine",
    "ProofKeeper",
    "ProofSigner",
    "ProofSource",
    "SigningGuard",
    "StateKeeper",
    "StatusSource",
    "Store",
    "ValidatorView",
]


class Clock(Protocol):
    """Tell the time."""

    def now_ms(self) -> int:
        """Return Unix time in milliseconds."""
        ...


class Network(Protocol):
    """Publish our messages, and answer those of others."""

    def publish(self, topic: str, ssz_bytes: bytes) -> bytes:
        """Queue a message for the peers of its topic and return its message id."""
        ...

    def subscribers(self, topic: str) -> int:
        """Count the peers that a message of ours on a topic is for."""
        ...

    def report(self, message_id: bytes, verdict: Verdict) -> bool:
        """Decide a delivered message; False when it waits no longer."""
        ...

    def peer_scores(self) -> dict[str, float]:
        """Return the score of every peer that is connected or remembered for its behaviour."""
        ...


class BlockChecker(Protocol):
    """Apply signatures and static rules; every method blocks."""

    def open_block(self, work: OpenBlock) -> OpenOutcome:
        """Check the proposer's signature, then decode the block."""
        ...

    def check_block(self, work: CheckBlock) -> BlockOutcome:
        """Apply the static rules against the parent."""
        ...

    def check_signature(self, work: CheckSignature) -> SignatureOutcome:
        """Check the signature of a proof or of a claim."""
        ...


class StateKeeper(Protocol):
    """Keep accounts for later checks; the method blocks."""

    def keep_state(self, content_id: Root) -> None:
        """Keep what a proven block's check has read; raise a store's error where that fails."""
        ...


class ProofChecker(Protocol):
    """Verify proofs beside the event loop."""

    async def verify_proof(self, work: VerifyProof) -> tuple[ProofOutcome, float]:
        """Verify a proof against the public values that it carries; say how many ms it took."""
        ...


class Store(Protocol):
    """Keep what must outlive the process; every method blocks."""

    def load(self) -> SavedState:
        """Return what was saved last."""
        ...

    def save(self, effects: Sequence[SaveEffect]) -> None:
        """Write all of these or none; on return they survive a killed process."""
        ...


class ProofSigner(Protocol):
    """Sign with one validator's key, wherever that is kept."""

    @property
    def pubkey(self) -> bytes:
        """Return the public key, 48 bytes."""
        ...

    async def sign(self, data: SigningData) -> bytes:
        """Return a signature of 96 bytes that verifies; raise `CannotSign` otherwise."""
        ...


class SigningGuard(Protocol):
    """Remember what was signed, so that nothing contradicts it; the method blocks."""

    def admit(
        self, subject: ProofSubject, signing_root: Root, *, allow_second: bool = False
    ) -> None:
        """
        Return when this may be signed; on return it is on disk that it was.

        Raises `SigningRefused`, or `CannotSign` where that cannot be written.
        """
        ...

    def check(self, subject: ProofSubject, signing_root: Root) -> None:
        """Return when `admit` might, without writing anything; raises what it raises."""
        ...

    def forget(self, before_slot: Slot) -> int:
        """Forget what was signed before a slot, and let nothing be signed for those slots again."""
        ...


class ValidatorView(Protocol):
    """Say who may sign proofs."""

    async def validator_at(self, index: ValidatorIndex, epoch: Epoch) -> ValidatorOutcome:
        """
        Say whether a validator is active in an epoch, and with which key.

        `Refused` has `UNKNOWN_VALIDATOR` or `VALIDATOR_NOT_ACTIVE`; `Fault` blames nobody.
        """
        ...


class ProofKeeper(Protocol):
    """Keep proofs and what is known of them; every method blocks."""

    def save(self, effects: Sequence[ProofSaveEffect]) -> None:
        """Write all of these or none; raise a store's error where that fails."""
        ...


class ChainFeed(Protocol):
    """Say which blocks the consensus layer has, and what a proof of each has to prove."""

    async def follow(self, tell: Callable[[ProofEvent], Awaitable[None]]) -> None:
        """Tell of blocks, payloads, heads and finality until cancelled."""
        ...


class StatusSource(Protocol):
    """Know what we tell peers of our chain; called often, hence quick and without I/O."""

    def status(self) -> Status:
        """Return our status now."""
        ...

    def finalized_root_at(self, epoch: int) -> Root | None:
        """Return the root that was finalized for an epoch; None where we do not know."""
        ...

    def proof_status(self) -> ExecutionProofStatus | None:
        """Return the newest block that enough proofs were verified for, None before the first."""
        ...


class ProofSource(Protocol):
    """
    Hand out signed proofs as SSZ, in the container of the network's profile.

    Both methods raise `ProofsUnavailable` and `ProofSourceFault`. What they yield beyond the caps
    of a response is not taken, so they read lazily.
    """

    def by_root(
        self, block_root: Root, proof_types: frozenset[ProofType]
    ) -> AsyncGenerator[bytes, None]:
        """Yield the proofs of these types that are known for a block."""
        ...

    def by_range(
        self, start_slot: Slot, count: int, proof_types: frozenset[ProofType]
    ) -> AsyncGenerator[bytes, None]:
        """Yield the proofs of `count` slots, in the order of slots; no types means all."""
        ...


class ProofEngine(Protocol):
    """
    Verify proofs by a registry of programs, for whatever dialect asked.

    Nothing here raises for what a caller sends: a verdict says it. `deadline_ms` is the time from
    now that an answer is worth something in, None for the engine's own; what misses it is not
    checked (`TIMEOUT`).
    """

    async def verify_statement(
        self,
        proof_type: ProofType,
        proof: bytes,
        expected: PublicValues,
        *,
        deadline_ms: int | None = None,
    ) -> ProofVerdict:
        """
        Say whether a proof of a type of the profile proves this statement.

        A valid one is kept, and tells whoever subscribed to `expected.root`. A type that is not
        registered is `NotChecked(UNKNOWN_PROOF_TYPE)`, a revoked one `PROGRAM_REVOKED`.
        """
        ...

    async def verify_program(
        self,
        system: ProofSystem,
        program_vk: ProgramVk,
        proof: bytes,
        public_values: bytes | None = None,
        *,
        deadline_ms: int | None = None,
    ) -> ProofVerdict:
        """
        Say what a proof of a registered program proves, or whether it proves these values.

        A program that is not registered is `NotChecked(UNKNOWN_PROGRAM_VK)`.
        """
        ...

    async def submit(self, messages: Sequence[bytes]) -> tuple[Submission, ...]:
        """
        Judge signed proofs as the network's gossip would, each by itself; SSZ of the profile.

        Answers come in the order of the messages. Without a chain to bind them to, each is not
        checked (`BACKEND_UNAVAILABLE`).
        """
        ...

    async def submitted(self, block_id: BlockId) -> tuple[SubmittedProof, ...] | None:
        """Return the valid signed proofs of a block, None for a block that is not known."""
        ...

    async def expect_proofs(
        self, new_payload_request_root: Root, proof_types: Sequence[ProofType], *, timeout_ms: int
    ) -> bool:
        """
        Wait for proofs of a payload request; those that miss the time-out are `ProofFailure`.

        Returns at once: False where too many are expected already.
        """
        ...

    async def proof(self, new_payload_request_root: Root, proof_type: ProofType) -> bytes | None:
        """Return a kept valid proof of a payload request, without envelope."""
        ...

    def proof_types(self) -> tuple[ProofTypeInfo, ...]:
        """Return the proof types of the profile, in the order of their numbers."""
        ...

    def status(self) -> EngineStatus:
        """Say whether the engine can answer, and how busy it is; quick and without I/O."""
        ...

    def subscribe(
        self, new_payload_request_root: Root | None = None
    ) -> AbstractAsyncContextManager[AsyncGenerator[EngineEvent, None]]:
        """
        Open events about a payload request, or about all: first what is known, then what comes.

        The events of one root never end by themselves. A reader that falls behind by more than
        the engine's bound is closed: the iteration ends, and whoever wants more subscribes again.
        """
        ...


class GuestWorker(Protocol):
    """Run one guest program, and prove its runs; one job after another."""

    @property
    def program_vk(self) -> ProgramVk:
        """Return the key of the program."""
        ...

    async def execute(self, stdin: bytes, *, timeout_ms: int) -> GuestRun:
        """
        Run the guest without proving.

        Raises `GuestFailure` for what the zkVM says against it, `GuestUnavailable` where it cannot
        be run or takes longer than it may.
        """
        ...

    async def prove(self, stdin: bytes, *, timeout_ms: int) -> GuestProof:
        """Prove a run of the guest; raises what `execute` raises."""
        ...
