"""Signed proofs that are submitted to an engine: real BLS, real SP1 proofs, the rules of gossip."""

from __future__ import annotations

import shutil
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import trio

from tests.helpers.engines import (
    REGISTRY,
    REVOKED_REGISTRY,
    EventLog,
    engine_settings,
    statement_of,
    with_evidence,
)
from tests.helpers.proofs import flip_bit
from tests.integration.test_proof_gossip import (
    BLOCK,
    PACK,
    SECRET,
    SLOT,
    VALIDATOR,
    settings_for,
    signed,
)
from zkattest.crypto import bls
from zkattest.crypto.hashing import sha256
from zkattest.machines.proof_events import BlockSeen, PayloadSeen
from zkattest.node.engine import open_engine
from zkattest.spec.evidence import Occasion, Outcome
from zkattest.spec.proof_policy import Exclusion
from zkattest.spec.reasons import Cause, Reason
from zkattest.spec.verdicts import Submission, SubmissionStatus
from zkattest.store.evidence import read_log
from zkattest.types.ids import ProofType, Root, Slot, ValidatorIndex
from zkattest.types.verification import NamedBlock, ProofComplete, SubmittedProof
from zkattest.types.wire import SignedExecutionProofEnvelope

pytestmark = pytest.mark.skipif(not PACK[1].has_proof, reason="the recorded chain has no proofs")
OURS = ProofType(1)
NEIGHBOUR = ValidatorIndex(14)
OTHER_NUMBERS = (
    REGISTRY.replace("number = 2", "number = 9")
    .replace("number = 1", "number = 2")
    .replace("number = 9", "number = 1")
    .replace("schema_id = 0x7886, chain_id = 1", "schema_id = 0x7886")
)


@asynccontextmanager
async def engine_with_chain(folder, *, store=None, wait_ms=30_000):
    """Run an engine that knows one block, whose payload the first recorded proof is about."""
    chain = replace(
        settings_for("http://127.0.0.1:1"),
        beacon_node=None,
        validators=dict.fromkeys((VALIDATOR, NEIGHBOUR), bls.public_key(SECRET)),
        store=store,
    )
    settings = engine_settings(folder, chain=chain, evidence=with_evidence(folder))
    settings = replace(settings, bounds=replace(settings.bounds, submission_ms=wait_ms))
    with trio.fail_after(60):
        async with open_engine(settings, EventLog()) as engine:
            await engine.submissions.runner.tell(BlockSeen(BLOCK, SLOT))
            await engine.submissions.runner.tell(PayloadSeen(BLOCK, statement_of(1)))
            yield engine


@pytest.mark.parametrize("in_store", [False, True], ids=["memory", "store"])
async def test_submit__accepted_then_known_then_given_back(tmp_path, in_store):
    store = f"sqlite:///{tmp_path / 'proofs.sqlite'}" if in_store else None
    message = signed(PACK[1].proof())
    async with engine_with_chain(tmp_path, store=store) as engine:
        root = statement_of(1).root
        async with engine.subscribe(root) as events:
            (first,) = await engine.submit([message])
            assert await anext(events) == ProofComplete(root, OURS)
        assert first == Submission(
            0,
            SubmissionStatus.ACCEPTED,
            block_root=BLOCK,
            proof_type=OURS,
            validator_index=VALIDATOR,
            evidence_id=first.evidence_id,
        )
        (again,) = await engine.submit([message])
        assert (again.status, again.reason) == (
            SubmissionStatus.ALREADY_KNOWN,
            Reason.PROOF_ALREADY_KNOWN,
        )
        kept = (SubmittedProof(BLOCK, SLOT, OURS, VALIDATOR, message),)
        assert await engine.submitted(BLOCK) == kept
        assert await engine.submitted(SLOT) == kept
        assert await engine.submitted(Root(b"\7" * 32)) is None
        assert await engine.submitted(Slot(1)) is None
        assert await engine.submitted(NamedBlock.HEAD) is None
        assert await engine.proof(root, OURS) == PACK[1].proof()
    ((record, link),) = read_log(tmp_path / "evidence")
    assert link.id == first.evidence_id
    assert (record.occasion, record.outcome, record.slot) == (
        Occasion.ENVELOPE,
        Outcome.VALID,
        SLOT,
    )
    assert bytes(record.envelope) == sha256(message)


async def test_submit__judges_each_message_by_itself(tmp_path):
    proof = PACK[1].proof()
    messages = [
        b"no message",
        signed(proof, validator=13),
        signed(flip_bit(proof, 700_000)),
        signed(proof, validator=NEIGHBOUR)[:-1] + b"\0",
    ]
    async with engine_with_chain(tmp_path) as engine:
        answers = await engine.submit(messages)
        assert [(each.index, each.status, each.reason) for each in answers] == [
            (0, SubmissionStatus.REFUSED, Reason.MALFORMED_MESSAGE),
            (1, SubmissionStatus.REFUSED, Reason.UNKNOWN_VALIDATOR),
            (2, SubmissionStatus.REFUSED, answers[2].reason),
            (3, SubmissionStatus.REFUSED, Reason.MESSAGE_SIGNATURE_INVALID),
        ]
        assert answers[2].reason in (Reason.PROOF_INVALID, Reason.PROOF_UNDECODABLE)
        assert answers[2].evidence_id is not None
        # Asked again, a refusal is the same refusal.
        assert (await engine.submit(messages[2:3]))[0] == replace(answers[2], index=0)


async def test_submit__counts_the_first_of_a_validator_in_the_order_of_the_request(tmp_path):
    good = signed(PACK[1].proof())
    bad = signed(flip_bit(PACK[1].proof(), 700_000))
    async with engine_with_chain(tmp_path) as engine:
        first, second = await engine.submit([bad, good])
        assert first.status is SubmissionStatus.REFUSED
        assert (second.status, second.reason) == (
            SubmissionStatus.NOT_CHECKED,
            Reason.DUPLICATE_FROM_VALIDATOR,
        )


async def test_submit__refused_for_the_proof_of_another_block(tmp_path):
    async with engine_with_chain(tmp_path) as engine:
        (answer,) = await engine.submit([signed(PACK[2].proof())])
        assert (answer.status, answer.reason) == (
            SubmissionStatus.REFUSED,
            Reason.PUBLIC_VALUES_MISMATCH,
        )


async def test_submit__not_checked_while_the_block_is_unknown_and_accepted_when_it_comes(tmp_path):
    other = Root(b"\x77" * 32)
    message = signed(PACK[1].proof(), block=other)
    async with engine_with_chain(tmp_path, wait_ms=100) as engine:
        (answer,) = await engine.submit([message])
        assert (answer.status, answer.reason) == (
            SubmissionStatus.NOT_CHECKED,
            Reason.UNKNOWN_BLOCK,
        )
        async with engine.subscribe(statement_of(1).root) as events:
            await engine.submissions.runner.tell(BlockSeen(other, SLOT))
            await engine.submissions.runner.tell(PayloadSeen(other, statement_of(1)))
            assert await anext(events) == ProofComplete(statement_of(1).root, OURS)


async def test_submit__not_checked_for_a_revoked_program(tmp_path):
    async with engine_with_chain(tmp_path) as engine:
        (tmp_path / "registry.toml").write_text(REVOKED_REGISTRY)
        await engine.reload()
        (answer,) = await engine.submit([signed(PACK[1].proof())])
        # Who sends it did not hear of the revocation, and is not to blame.
        assert (answer.status, answer.cause) == (
            SubmissionStatus.NOT_CHECKED,
            Cause.PROGRAM_REVOKED,
        )


@pytest.mark.parametrize("in_store", [False, True], ids=["memory", "store"])
async def test_submit__not_known_and_not_given_back_once_its_program_is_revoked(tmp_path, in_store):
    store = f"sqlite:///{tmp_path / 'proofs.sqlite'}" if in_store else None
    message = signed(PACK[1].proof())
    registry = tmp_path / "registry.toml"
    async with engine_with_chain(tmp_path, store=store) as engine:
        (first,) = await engine.submit([message])
        assert first.status is SubmissionStatus.ACCEPTED
        registry.write_text(REVOKED_REGISTRY)
        await engine.reload()
        assert await engine.submitted(BLOCK) == ()
        (again,) = await engine.submit([message])
        assert (again.status, again.cause) == (
            SubmissionStatus.NOT_CHECKED,
            Cause.PROGRAM_REVOKED,
        )
        registry.write_text(REGISTRY)
        await engine.reload()
        (trusted,) = await engine.submit([message])
        assert trusted.status is SubmissionStatus.ALREADY_KNOWN
        assert len(await engine.submitted(BLOCK)) == 1
        # Another program under the number: what the old one proved says nothing of it.
        registry.write_text(OTHER_NUMBERS)
        await engine.reload()
        (refused,) = await engine.submit([message])
        assert (refused.status, refused.reason) == (
            SubmissionStatus.REFUSED,
            Reason.PROGRAM_KEY_MISMATCH,
        )
        assert await engine.submitted(BLOCK) == ()


async def test_start__takes_no_proof_of_a_program_that_is_revoked_already(tmp_path):
    (tmp_path / "registry.toml").write_text(REVOKED_REGISTRY)
    async with engine_with_chain(tmp_path) as engine:
        assert engine.submissions.runner.machine.settings.revoked_types == {OURS, ProofType(4)}


async def test_restart__a_stored_proof_is_lost_with_its_program_without_evidence(
    tmp_path,
):
    store, root = f"sqlite:///{tmp_path / 'proofs.sqlite'}", statement_of(1).root
    async with engine_with_chain(tmp_path, store=store) as engine:
        await engine.submit([signed(PACK[1].proof())])
    shutil.rmtree(tmp_path / "evidence")
    async with engine_with_chain(tmp_path, store=store) as engine:
        assert engine.judge(root, 0).counted == ("ours",)
        (tmp_path / "registry.toml").write_text(REVOKED_REGISTRY)
        (lost,) = await engine.reload()
        assert (lost.subject, lost.after.excluded) == (root, (("ours", Exclusion.REVOKED),))


@pytest.mark.parametrize("is_signed", [True, False], ids=["signed", "signed by nobody"])
async def test_submit__judged_by_its_own_block_whoever_hands_the_proof_in_for_another(
    tmp_path, is_signed
):
    other, proof = Root(b"\x0b" * 32), PACK[1].proof()
    foreign = signed(proof, block=other)
    if not is_signed:
        # The last field: whoever saw a proof can write this much.
        foreign = SignedExecutionProofEnvelope.decode(foreign)
        foreign = replace(foreign, signature=bytes(96)).encode()
    async with engine_with_chain(tmp_path) as engine:
        await engine.submissions.runner.tell(BlockSeen(other, SLOT))
        await engine.submissions.runner.tell(PayloadSeen(other, statement_of(2)))
        first, second = await engine.submit([signed(proof), foreign])
    assert (first.status, first.reason, first.block_root) == (
        SubmissionStatus.ACCEPTED,
        None,
        BLOCK,
    )
    assert (second.status, second.block_root) == (SubmissionStatus.REFUSED, other)
    (valid,) = [r for r, _ in read_log(tmp_path / "evidence") if r.outcome is Outcome.VALID]
    assert valid.subject == statement_of(1).root
    assert bytes(valid.envelope) == sha256(signed(proof))


async def test_submit__late_by_our_own_fault_is_said_to_be_ours(tmp_path):
    async with engine_with_chain(tmp_path, wait_ms=0) as engine:
        (answer,) = await engine.submit([signed(PACK[1].proof())])
    assert (answer.status, answer.reason, answer.cause, answer.detail) == (
        SubmissionStatus.NOT_CHECKED,
        None,
        Cause.TIMEOUT,
        "no verdict in time",
    )
