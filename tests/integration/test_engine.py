"""The proof engine over real SP1 proofs of the recorded chain: answers, evidence, revocation."""

from __future__ import annotations

import os
import threading
from dataclasses import replace

import pytest
import trio
import trio.testing

from tests.helpers.engines import (
    PACK,
    PROGRAM_VK,
    REGISTRY,
    REVOKED_REGISTRY,
    EventLog,
    engine_settings,
    running_engine,
    statement_of,
    with_evidence,
)
from tests.helpers.proofs import SP1_PROOF, SP1_PUBLIC_VALUES, flip_bit
from zkattest import __version__
from zkattest.machines.proof_board import BoardLimits
from zkattest.node.engine import open_engine
from zkattest.node.engine_settings import EngineBounds
from zkattest.spec.evidence import Occasion, Outcome
from zkattest.spec.proof_policy import PRESETS, Exclusion, PolicyReason, ProofStanding
from zkattest.spec.reasons import Cause, Reason
from zkattest.spec.verdicts import NotChecked, Refused, SubmissionStatus, Verified
from zkattest.store.evidence import read_log
from zkattest.types.ids import ChainId, ProgramVk, ProofType, Root
from zkattest.types.programs import EntryId, ProofSystem
from zkattest.types.verification import FailureReason, ProofComplete, ProofFailure

pytestmark = pytest.mark.skipif(not PACK[1].has_proof, reason="the recorded chain has no proofs")

OURS, FOREIGN, UNSUPPORTED, WITHDRAWN = map(ProofType, (1, 2, 3, 4))


async def test_verify_statement__valid_and_written_down(tmp_path):
    log, proof, statement = EventLog(), PACK[1].proof(), statement_of(1)
    async with running_engine(tmp_path, log, evidence=with_evidence(tmp_path)) as engine:
        verdict = await engine.verify_statement(OURS, proof, statement)
        assert isinstance(verdict, Verified)
        assert verdict.public_values == statement.encode()
        assert verdict.check.entry.id == "ours"
        assert verdict.check.verifier_version == "v6.1.0"
        assert verdict.check.elapsed_ms > 0
        assert await engine.proof(statement.root, OURS) == proof
        # Asked again, nothing is verified or written down again.
        assert await engine.verify_statement(OURS, proof, statement) == verdict
    assert log.named("block_proven") == [
        {
            "subject": statement.root,
            "policy": "1-of-any",
            "programs": ["ours"],
            "weight": 1,
            "evidence": [str(verdict.check.evidence_id)],
        }
    ]
    ((record, link),) = read_log(tmp_path / "evidence")
    assert link.id == verdict.check.evidence_id
    assert (record.occasion, record.outcome) == (Occasion.STATEMENT, Outcome.VALID)
    assert (record.subject, record.public_values) == (statement.root, statement.encode())
    assert (record.verifier_version, record.software) == ("v6.1.0", f"zkattest {__version__}")
    assert (tmp_path / "evidence" / "proofs" / record.proof.hex()).read_bytes() == proof


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"root": Root(b"\1" * 32)}, Reason.PUBLIC_VALUES_MISMATCH),
        ({"chain_id": ChainId(99)}, Reason.PUBLIC_VALUES_MISMATCH),
        ({"schema_id": 0x1501}, Reason.SCHEMA_MISMATCH),
    ],
)
async def test_verify_statement__refused_for_another_statement(tmp_path, change, reason):
    async with running_engine(tmp_path) as engine:
        statement = replace(statement_of(1), **change)
        verdict = await engine.verify_statement(OURS, PACK[1].proof(), statement)
        assert isinstance(verdict, Refused)
        assert verdict.reason is reason
        assert verdict.operands
        assert await engine.proof(statement.root, OURS) is None


@pytest.mark.parametrize(
    ("number", "proof", "reason"),
    [
        (OURS, b"", Reason.EMPTY_PROOF_DATA),
        (OURS, bytes((4 << 20) + 1), Reason.PROOF_TOO_LARGE),
        (FOREIGN, b"proof", Reason.CHAIN_ID_MISMATCH),
        (OURS, b"proof", Reason.PROOF_UNDECODABLE),
        (OURS, SP1_PROOF, Reason.PUBLIC_VALUES_MISMATCH),
    ],
)
async def test_verify_statement__refused_with_its_reason(tmp_path, number, proof, reason):
    async with running_engine(tmp_path) as engine:
        statement = replace(statement_of(1), chain_id=ChainId(5))
        verdict = await engine.verify_statement(number, proof, statement)
        assert isinstance(verdict, Refused)
        assert verdict.reason is reason


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (ProofType(9), Cause.UNKNOWN_PROOF_TYPE),
        (UNSUPPORTED, Cause.UNSUPPORTED_PROOF_SYSTEM),
        (WITHDRAWN, Cause.PROGRAM_REVOKED),
    ],
)
async def test_verify_statement__not_checked_for_a_program_without_verifier(
    tmp_path, number, cause
):
    async with running_engine(tmp_path) as engine:
        verdict = await engine.verify_statement(number, b"proof", statement_of(1))
        assert isinstance(verdict, NotChecked)
        assert verdict.cause is cause


async def test_verify_statement__not_checked_for_a_version_that_no_verifier_is_of(tmp_path):
    newer = REGISTRY.replace('system = "sp1"\n', 'system = "sp1"\nsystem_version = "v7.0.0"\n', 1)
    (tmp_path / "registry.toml").write_text(newer)
    async with running_engine(tmp_path) as engine:
        verdict = await engine.verify_statement(OURS, PACK[1].proof(), statement_of(1))
        assert isinstance(verdict, NotChecked)
        assert (verdict.cause, verdict.detail) == (
            Cause.UNKNOWN_VERIFIER_PARAMETERS,
            "sp1 v7.0.0, known are v6.1.0",
        )
        assert not engine.proof_types()[0].can_verify


async def test_verify_program__valid_with_the_values_that_it_carries(tmp_path):
    async with running_engine(tmp_path) as engine:
        verdict = await engine.verify_program(ProofSystem.SP1, PROGRAM_VK, PACK[1].proof())
        assert isinstance(verdict, Verified)
        assert verdict.public_values == statement_of(1).encode()


async def test_verify_program__refused_for_other_values(tmp_path):
    async with running_engine(tmp_path) as engine:
        verdict = await engine.verify_program(
            ProofSystem.SP1, PROGRAM_VK, PACK[1].proof(), SP1_PUBLIC_VALUES
        )
        assert isinstance(verdict, Refused)
        assert verdict.reason is Reason.PUBLIC_VALUES_MISMATCH


async def test_verify_program__not_checked_for_an_unknown_program(tmp_path):
    async with running_engine(tmp_path) as engine:
        unknown = ProgramVk(bytes(31) + b"\7")
        verdict = await engine.verify_program(ProofSystem.SP1, unknown, PACK[1].proof())
        assert isinstance(verdict, NotChecked)
        assert verdict.cause is Cause.UNKNOWN_PROGRAM_VK
        assert verdict.check.program_vk == unknown


async def test_verify_statement__verified_once_for_all_who_ask(tmp_path):
    verdicts = []
    async with running_engine(tmp_path, evidence=with_evidence(tmp_path)) as engine:

        async def ask():
            proof = flip_bit(PACK[1].proof(), 700_000)
            verdicts.append(await engine.verify_statement(OURS, proof, statement_of(1)))

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(ask)
    assert {type(verdict) for verdict in verdicts} == {Refused}
    assert len({verdict.check.evidence_id for verdict in verdicts}) == 1
    assert len(list(read_log(tmp_path / "evidence"))) == 1


async def test_verify_statement__not_checked_in_no_time_and_verified_all_the_same(tmp_path):
    proof, statement = PACK[1].proof(), statement_of(1)
    async with running_engine(tmp_path) as engine:
        verdict = await engine.verify_statement(OURS, proof, statement, deadline_ms=0)
        assert isinstance(verdict, NotChecked)
        assert verdict.cause is Cause.TIMEOUT
        assert verdict.retry_after_ms
        assert isinstance(await engine.verify_statement(OURS, proof, statement), Verified)


async def test_verify_statement__not_checked_beyond_the_bound_of_calls(tmp_path):
    bounds = EngineBounds(threads=1, deadline_ms=60_000, calls=1)
    async with running_engine(tmp_path, bounds=bounds) as engine:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(engine.verify_statement, OURS, PACK[1].proof(), statement_of(1))
            await trio.testing.wait_all_tasks_blocked()
            verdict = await engine.verify_statement(OURS, b"other", statement_of(1))
        assert isinstance(verdict, NotChecked)
        assert verdict.cause is Cause.OUT_OF_RESOURCES
        assert verdict.retry_after_ms


async def test_subscribe__told_of_what_was_and_of_what_comes(tmp_path):
    first, second = statement_of(1), statement_of(2)
    async with running_engine(tmp_path) as engine:
        await engine.verify_statement(OURS, PACK[1].proof(), first)
        async with engine.subscribe(first.root) as early, engine.subscribe() as every:
            await engine.verify_statement(OURS, PACK[2].proof(), second)
            assert await anext(early) == ProofComplete(first.root, OURS)
            assert await anext(every) == ProofComplete(first.root, OURS)
            assert await anext(every) == ProofComplete(second.root, OURS)


async def test_expect_proofs__fails_where_none_comes_in_time(tmp_path):
    root = Root(b"\5" * 32)
    async with running_engine(tmp_path) as engine, engine.subscribe(root) as events:
        assert await engine.expect_proofs(root, [OURS], timeout_ms=0)
        assert await anext(events) == ProofFailure(
            root, OURS, FailureReason.PROVING_TIMEOUT, "no proof came in time"
        )


async def test_submit__not_checked_without_a_chain(tmp_path):
    async with running_engine(tmp_path) as engine:
        (answer,) = await engine.submit([b"message"])
        assert (answer.status, answer.cause) == (
            SubmissionStatus.NOT_CHECKED,
            Cause.BACKEND_UNAVAILABLE,
        )
        assert await engine.submitted(Root(b"\1" * 32)) is None


async def test_proof_types__say_what_can_be_verified(tmp_path):
    async with running_engine(tmp_path) as engine:
        infos = engine.proof_types()
        assert [(info.proof_type, info.can_verify) for info in infos] == [
            (1, True),
            (2, True),
            (3, False),
            (4, False),
        ]
        status = engine.status()
        assert status.is_ready
        assert status.registry.revoked == ("withdrawn",)
        assert len(status.obstacles) == 2


RENUMBERED = (
    REGISTRY.replace("number = 2", "number = 9")
    .replace("number = 1", "number = 2")
    .replace("number = 9", "number = 1")
)


@pytest.mark.parametrize(
    ("registry", "why"),
    [(REVOKED_REGISTRY, "ours is trusted no longer"), (RENUMBERED, "ours is no longer type 1")],
    ids=["revoked", "renumbered"],
)
async def test_reload__hands_out_no_proof_that_its_type_does_not_stand_for(tmp_path, registry, why):
    statement = statement_of(1)
    async with running_engine(tmp_path) as engine:
        engine.events.board.limits = BoardLimits(requests=1)
        await engine.verify_statement(OURS, PACK[1].proof(), statement)
        # Of the oldest requests no event is known any more; their proofs are still there.
        engine.events.complete(Root(bytes(32)), OURS)
        assert engine.events.board.catch_up(statement.root) == ()
        assert await engine.proof(statement.root, OURS) == PACK[1].proof()
        (tmp_path / "registry.toml").write_text(registry)
        async with engine.subscribe() as events:
            await engine.reload()
            assert await anext(events) == ProofComplete(Root(bytes(32)), OURS)
            assert (await anext(events)).error == why
        assert await engine.proof(statement.root, OURS) is None
        assert (engine.recent.size_bytes, await engine.proof(Root(bytes(32)), OURS)) == (0, None)


async def test_reload__takes_the_proof_from_blocks_of_a_revoked_program(tmp_path):
    log, statement = EventLog(), statement_of(1)
    async with running_engine(tmp_path, log, policy=PRESETS["1-of-sp1"]) as engine:
        verdict = await engine.verify_statement(OURS, PACK[1].proof(), statement)
        assert engine.judge(statement.root, 0).evidence == ()  # no log is kept
        assert engine.judge(statement.root, 0).is_proven
        (tmp_path / "registry.toml").write_text(REVOKED_REGISTRY)
        async with engine.subscribe(statement.root) as events:
            (lost,) = await engine.reload()
            assert await anext(events) == ProofComplete(statement.root, OURS)
            assert isinstance(await anext(events), ProofFailure)
        assert isinstance(verdict, Verified)
        assert lost.subject == statement.root
        assert lost.after.excluded == (("ours", Exclusion.REVOKED),)
        result = engine.judge(statement.root, 0)
        assert (result.standing, result.reason) == (
            ProofStanding.PENDING,
            PolicyReason.NONE_COUNTS,
        )
        assert await engine.proof(statement.root, OURS) is None
        again = await engine.verify_statement(OURS, PACK[1].proof(), statement)
        assert isinstance(again, NotChecked)
        assert again.cause is Cause.PROGRAM_REVOKED
    assert [fields["subject"] for fields in log.named("proof_lost")] == [statement.root]
    assert ("proofs_lost", "ours") in log.counts


class Held:
    """Programs whose verifiers wait, in their thread, until they are let go."""

    def __init__(self, programs):
        self.programs, self.begun, self.go = programs, threading.Event(), threading.Event()

    def verifier(self, system, program_vk):
        return HeldVerifier(self, self.programs.verifier(system, program_vk))


class HeldVerifier:
    def __init__(self, held, verifier):
        self.held, self.verifier = held, verifier
        self.max_proof_bytes = verifier.max_proof_bytes

    def verify(self, proof, public_values=None):
        self.held.begun.set()
        assert self.held.go.wait(30)
        return self.verifier.verify(proof, public_values)


async def test_reload__a_proof_that_was_being_verified_is_not_told_to_be_valid(tmp_path):
    held, verdicts, statement = [], [], statement_of(1)

    def isolate(registry):
        held.append(Held(registry))
        return held[0]

    async with open_engine(engine_settings(tmp_path), EventLog(), isolate=isolate) as engine:

        async def ask():
            verdicts.append(await engine.verify_statement(OURS, PACK[1].proof(), statement))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            assert await trio.to_thread.run_sync(held[0].begun.wait, 30)
            (tmp_path / "registry.toml").write_text(REVOKED_REGISTRY)
            assert await engine.reload() == ()
            held[0].go.set()
        (verdict,) = verdicts
        assert isinstance(verdict, NotChecked)
        assert (verdict.cause, verdict.check.evidence_id) == (Cause.PROGRAM_REVOKED, None)
        assert await engine.proof(statement.root, OURS) is None
        assert engine.judge(statement.root, 0).reason is PolicyReason.NO_PROOF


async def test_reload__keeps_the_registry_where_the_new_file_is_wrong(tmp_path):
    log = EventLog()
    async with running_engine(tmp_path, log) as engine:
        before = engine.programs.registry
        (tmp_path / "registry.toml").write_text(REGISTRY.replace("number = 2", "number = 1"))
        assert await engine.reload() is None
        assert await engine.reload() is None
        assert engine.programs.registry is before
        assert "number_twice" in engine.status().registry.refused_update
        # Said once for each file, not with every look.
        assert len(log.named("registry_refused")) == 1
        (tmp_path / "registry.toml").write_text(REGISTRY)
        assert await engine.reload() is None
        assert engine.status().registry.refused_update == ""


async def test_reload__keeps_the_registry_where_its_file_is_none_any_more(tmp_path):
    log, path = EventLog(), tmp_path / "registry.toml"
    with trio.fail_after(60):
        async with running_engine(tmp_path, log) as engine:
            before = engine.programs.registry
            path.unlink()
            os.mkfifo(path)
            assert await engine.reload() is None
            assert await engine.reload() is None
            path.unlink()
            path.mkdir()
            assert await engine.reload() is None
            path.rmdir()
            assert await engine.reload() is None
            assert await engine.reload() is None
            assert engine.programs.registry is before
            path.write_text(REGISTRY)
            assert await engine.reload() is None
            assert engine.status().registry.refused_update == ""
    details = [fields["detail"] for fields in log.named("registry_refused")]
    assert [detail.rpartition(": ")[2] for detail in details] == [
        "not a regular file",
        "No such file or directory",
    ]


async def test_policy__said_to_name_nobody_and_to_be_out_of_reach(tmp_path):
    names = frozenset(map(EntryId, ("ours", "gone")))
    log, policy = EventLog(), replace(PRESETS["1-of-any"], programs=names)
    async with running_engine(tmp_path, log, policy=policy) as engine:
        named = log.named("policy_names_unknown_program")
        assert named == [{"entry": "gone", "policy": "1-of-any"}]
        assert log.named("policy_cannot_be_met") == []
        (tmp_path / "registry.toml").write_text(REVOKED_REGISTRY)
        await engine.reload()
        (missing,) = log.named("policy_cannot_be_met")
        assert missing["reason"] is PolicyReason.NONE_COUNTS
        assert "ours: revoked" in missing["excluded"]


async def test_engine__notices_a_new_registry_by_itself(tmp_path):
    log = EventLog()
    with trio.fail_after(60):
        async with running_engine(tmp_path, log, registry_poll_ms=10) as engine:
            (tmp_path / "registry.toml").write_text(REVOKED_REGISTRY)
            loaded = await log.wait_for("registry_loaded")
            assert engine.status().registry.revoked == ("ours", "withdrawn")
    assert loaded["changes"] == ["ours: active to revoked"]


async def test_engine__remembers_its_evidence_over_a_restart(tmp_path):
    proof, statement = PACK[1].proof(), statement_of(1)
    async with running_engine(tmp_path, evidence=with_evidence(tmp_path)) as engine:
        verdict = await engine.verify_statement(OURS, proof, statement)
    async with running_engine(tmp_path, evidence=with_evidence(tmp_path)) as engine:
        result = engine.judge(statement.root, 0)
        assert (result.is_proven, result.evidence) == (True, (verdict.check.evidence_id,))
        assert await engine.proof(statement.root, OURS) == proof
        async with engine.subscribe(statement.root) as events:
            assert await anext(events) == ProofComplete(statement.root, OURS)
