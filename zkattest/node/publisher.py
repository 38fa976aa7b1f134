"""
Take proofs of this machine over HTTP, and answer what became of each.

`POST /eth/v1/prover/execution_proofs` with up to four unsigned proofs, as SSZ or as JSON of the
Beacon API (beacon-APIs pull request 569, as first proposed: the node verifies, signs, keeps and
publishes). Bodies are counted before they are decoded, and the guard is asked before a proof is
verified.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import trio

from zkattest.api import Answer, Body, Upload, failure, json_answer
from zkattest.machines.own_proofs import OURS
from zkattest.machines.proof_events import OwnProofAnswered, OwnProofStatus
from zkattest.node.own_signer import OwnSigner
from zkattest.node.proof_runner import ProofGossipRunner
from zkattest.spec.gossip_profiles import read_gossiped_proof
from zkattest.spec.proof_gossip import GossipedProof
from zkattest.spec.reasons import Cause, Reason
from zkattest.spec.signing import CannotSign, SigningRefused
from zkattest.store import StoreError
from zkattest.store.proofs import KeptProof, ProofStore
from zkattest.types.errors import DecodeError
from zkattest.types.gossip import GossipMessage
from zkattest.types.ids import ProofType, Root
from zkattest.types.proof_json import (
    decode_content_submission_json,
    max_content_submission_json_bytes,
)
from zkattest.types.proof_messages import (
    ProofContent,
    decode_content_submission,
    max_content_submission_bytes,
)
from zkattest.types.proof_profiles import ProofProfile

ROUTE: Final = "/eth/v1/prover/execution_proofs"
SSZ: Final = "application/octet-stream"
JSON: Final = "application/json"
# For a body to come and to be decoded, beside the time that an answer is waited for.
_OVERHEAD_MS: Final = 15_000
_MOST_KEPT: Final = 16
_CONFLICTS: Final = frozenset(
    {
        Reason.SIGNED_ANOTHER_PROOF,
        Reason.DUPLICATE_FROM_VALIDATOR,
        Reason.PROOF_ALREADY_SEEN,
        Reason.SLOT_TOO_OLD,
    }
)
# Of several proofs the gravest answer stands in the status line.
_GRAVITY: Final = (400, 409, 503, 202, 200)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Hold what is answered about one proof."""

    block_root: Root
    proof_type: ProofType
    status: str
    is_kept: bool = False
    reason: Reason | None = None
    cause: Cause | None = None
    detail: str = ""

    @property
    def code(self) -> int:
        """Return the status of HTTP: three answers, and a fourth for what is under way."""
        match self.status:
            case OwnProofStatus.PUBLISHED | OwnProofStatus.ALREADY_KNOWN:
                return 200
            case OwnProofStatus.REFUSED:
                return 409 if self.reason in _CONFLICTS else 400
            case OwnProofStatus.NOT_CHECKED | OwnProofStatus.NOT_SIGNED:
                return 503
            case _:
                return 202 if self.is_kept else 503

    def shown(self) -> dict[str, object]:
        """Give the outcome as JSON holds it."""
        return {
            "block_root": str(self.block_root),
            "proof_type": str(int(self.proof_type)),
            "status": self.status,
            "kept": self.is_kept,
            "reason": self.reason,
            "cause": self.cause,
            "message": self.detail,
        }


@dataclass(frozen=True, slots=True)
class ProofPublisher:
    """Hand what is posted to the machine that judges proofs."""

    runner: ProofGossipRunner
    signer: OwnSigner
    profile: ProofProfile
    topic: str
    answer_ms: int

    def uploads(self) -> dict[str, Upload]:
        """Name the one upload."""
        max_bytes = {
            SSZ: max_content_submission_bytes(self.profile),
            JSON: max_content_submission_json_bytes(self.profile),
        }
        timeout_ms = self.answer_ms + _OVERHEAD_MS
        return {ROUTE: Upload(self.take, max_bytes, timeout_ms)}

    async def take(self, body: Body) -> Answer:
        """Judge, sign and publish what a body holds; answer within `answer_ms`."""
        if self.runner.is_draining:
            return failure(503, "the node is stopping")
        try:
            contents = await trio.to_thread.run_sync(self._decode, body)
        except DecodeError as error:
            return failure(400, f"not a list of up to four unsigned proofs: {error}")
        if not contents:
            return failure(400, "no proof in the list")
        outcomes: dict[int, Outcome] = {}

        async def publish(number: int, content: ProofContent) -> None:
            outcomes[number] = await self._publish(content)

        async with trio.open_nursery() as nursery:
            for number, content in enumerate(contents):
                nursery.start_soon(publish, number, content)
        return answer_of([outcomes[number] for number in range(len(contents))])

    def _decode(self, body: Body) -> tuple[ProofContent, ...]:
        if body.media_type == SSZ:
            return decode_content_submission(self.profile, body.data)
        return decode_content_submission_json(self.profile, body.data)

    async def _publish(self, content: ProofContent) -> Outcome:
        data = await trio.to_thread.run_sync(self.signer.unsigned, content)
        proof = read_gossiped_proof(self.profile, data)
        block = self.runner.machine.blocks.get(proof.subject)
        try:
            slot = block.slot if block else None
            root = await trio.to_thread.run_sync(self.signer.check, data, slot)
        except SigningRefused as refusal:
            return Outcome(
                proof.subject,
                proof.proof_type,
                OwnProofStatus.REFUSED,
                reason=refusal.reason,
                detail=str(refusal),
            )
        except CannotSign as fault:
            return Outcome(
                proof.subject,
                proof.proof_type,
                OwnProofStatus.NOT_SIGNED,
                reason=Reason.NOT_SIGNED,
                cause=fault.cause,
                detail=fault.detail,
            )
        message = GossipMessage(self.topic, data, root, str(OURS))
        answered: OwnProofAnswered | None = None
        with trio.move_on_after(self.answer_ms / 1000):
            answered = await self.runner.submit(message)
        if answered is not None and answered.status is OwnProofStatus.ALREADY_KNOWN:
            await self._send_again(proof)
        return _outcome_of(proof.subject, proof.proof_type, answered)

    async def _send_again(self, proof: GossipedProof) -> None:
        """Send what we have signed before once more: an earlier run may have ended too soon."""
        store = self.runner.store
        if not isinstance(store, ProofStore):
            return
        for kept in await trio.to_thread.run_sync(_kept_for, store, proof.subject):
            sent = read_gossiped_proof(self.profile, kept.data)
            if sent.validator_index == self.signer.index and sent.root == proof.root:
                # A router that has sent it already does nothing.
                self.runner.network.publish(self.topic, kept.data)


def _kept_for(store: ProofStore, subject: Root) -> list[KeptProof]:
    try:
        return list(store.proofs_by_root(subject, limit=_MOST_KEPT))
    except StoreError:
        # Nothing more can be sent; the store's trouble is told where it is written to.
        return []


def answer_of(outcomes: list[Outcome]) -> Answer:
    """Answer for several proofs at once; failures are numbered as the Beacon API numbers them."""
    codes = {outcome.code for outcome in outcomes}
    code = next(each for each in _GRAVITY if each in codes)
    shown: dict[str, object] = {"data": [outcome.shown() for outcome in outcomes]}
    failures = [
        {"index": str(number), "message": outcome.detail or outcome.status}
        for number, outcome in enumerate(outcomes)
        if outcome.code >= 400
    ]
    if failures:
        message = f"{len(failures)} of {len(outcomes)} proofs not published"
        shown = {"code": code, "message": message, "failures": failures} | shown
    return json_answer(shown, code)


def _outcome_of(subject: Root, proof_type: ProofType, answered: OwnProofAnswered | None) -> Outcome:
    if answered is None:
        return Outcome(subject, proof_type, "in_progress", is_kept=True)
    return Outcome(
        subject,
        proof_type,
        answered.status,
        is_kept=answered.is_kept,
        reason=answered.reason,
        cause=answered.cause,
        detail=answered.detail,
    )
