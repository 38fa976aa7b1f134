"""Golden proofs of every system through the engine, and their evidence verified again."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.helpers.engines import EventLog, engine_settings, with_evidence
from tests.helpers.proofs import GOLDEN_PROOFS, flip_bit
from zkattest.cli.evidence import finder
from zkattest.crypto.hashing import sha256
from zkattest.node.engine import open_engine
from zkattest.node.engine_programs import RegistrySource
from zkattest.node.registry_file import registry_document
from zkattest.node.replay import ReplayOutcome, replay_log
from zkattest.spec.program_registry import Numbering, make_registry
from zkattest.spec.reasons import Cause
from zkattest.spec.verdicts import NotChecked, Refused, Verified
from zkattest.types.ids import ProofType
from zkattest.types.programs import (
    Artifact,
    EntryId,
    Guest,
    ProfileId,
    ProgramEntry,
    Sha256,
    Statement,
)

PROFILE = ProfileId("golden")


def write_registry(folder: Path) -> RegistrySource:
    """Write a registry of the golden proofs' programs, and their verifier keys beside it."""
    entries: dict[tuple[str, bytes], ProgramEntry] = {}
    for name, golden in GOLDEN_PROOFS.items():
        key = golden.verifier_key
        if key is not None:
            (folder / sha256(key).hex()).write_bytes(key)
        entries[golden.system, golden.program_vk] = ProgramEntry(
            id=EntryId(name.replace(" ", "-").replace("_", "-").lower()),
            system=golden.system,
            program_vk=golden.program_vk,
            guest=Guest("golden", "1", ""),
            statement=Statement(0),
            verifier_key=None if key is None else Artifact(Sha256(sha256(key))),
        )
    numbers = tuple((ProofType(n), one.id) for n, one in enumerate(entries.values(), 1))
    registry = make_registry(list(entries.values()), [Numbering(PROFILE, numbers)])
    path = folder / "golden.json"
    path.write_text(json.dumps(registry_document(registry)))
    return RegistrySource(PROFILE, path, verifier_keys=folder)


@pytest.mark.slow
@pytest.mark.parametrize("isolation", [False, True], ids=["threads", "processes"])
async def test_engine__valid_for_every_golden_proof_and_reached_again(tmp_path, isolation):
    settings = engine_settings(
        tmp_path,
        registry=write_registry(tmp_path),
        isolation=isolation,
        evidence=with_evidence(tmp_path),
    )
    log = EventLog()
    async with open_engine(settings, log) as engine:
        assert log.named("program_not_usable") == []
        for golden in GOLDEN_PROOFS.values():
            ask = (golden.system, golden.program_vk)
            verdict = await engine.verify_program(*ask, golden.proof, golden.public_values)
            assert isinstance(verdict, Verified), golden.system
            assert verdict.check.verifier_version
            broken = flip_bit(golden.proof, len(golden.proof) // 2)
            verdict = await engine.verify_program(*ask, broken, golden.public_values)
            assert isinstance(verdict, Refused), golden.system
    find = finder(settings.registry.path, tmp_path, None)
    outcomes = Counter(one.outcome for one in replay_log(tmp_path / "evidence", find))
    assert outcomes == {ReplayOutcome.SAME: 2 * len(GOLDEN_PROOFS)}


async def test_engine__says_which_program_lacks_its_verifier_key(tmp_path):
    source = write_registry(tmp_path)
    settings = engine_settings(tmp_path, registry=RegistrySource(PROFILE, source.path))
    log = EventLog()
    async with open_engine(settings, log) as engine:
        lacking = {fields["entry"] for fields in log.named("program_not_usable")}
        assert lacking == {
            entry.id
            for entry in engine.programs.registry.entries.values()
            if entry.verifier_key is not None
        }
        golden = next(one for one in GOLDEN_PROOFS.values() if one.verifier_key is not None)
        verdict = await engine.verify_program(golden.system, golden.program_vk, golden.proof)
        assert isinstance(verdict, NotChecked)
        assert verdict.cause is Cause.VERIFIER_KEY_MISSING
