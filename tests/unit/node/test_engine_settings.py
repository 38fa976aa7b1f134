"""The sections `[engine]` and `[evidence]`, field by field."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zkattest.crypto.ed25519 import SigningKey
from zkattest.node.config_reader import Notes, Table
from zkattest.node.engine_programs import RegistrySource
from zkattest.node.engine_settings import (
    DEFAULT_PROFILE,
    EngineBounds,
    EngineSettings,
    EvidenceSettings,
    read_engine,
)
from zkattest.node.registry_export import export_registry
from zkattest.node.registry_file import load_registry, registry_document
from zkattest.spec.proof_policy import PRESETS
from zkattest.store.evidence import EvidenceLimits, FlushPolicy
from zkattest.types.ids import ChainId
from zkattest.types.programs import ProfileId

KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def read(*, folder=Path("folder"), **sections):
    root = Table(Notes(folder / "engine.toml"), sections)
    settings = read_engine(root, None)
    root.refuse_unknown()
    return settings, [(each.field, each.reason) for each in root.notes.mistakes]


def test_engine__has_defaults_for_all_but_its_chain():
    assert read(engine={"chain_id": 5}) == (
        EngineSettings(RegistrySource(DEFAULT_PROFILE), ChainId(5)),
        [],
    )


def test_bounds__say_how_many_proofs_are_taken_in():
    assert EngineBounds(threads=8, waiting=3).verifications == 11
    assert EngineBounds(waiting=3).verifications == (os.cpu_count() or 1) + 3


def test_engine__reads_every_field(tmp_path):
    document = registry_document(load_registry(None).registry)
    (tmp_path / "registry.toml").write_bytes(export_registry(document, KEY))
    settings, mistakes = read(
        folder=tmp_path,
        engine={
            "chain_id": 5,
            "schema_id": 0x7886,
            "registry": "registry.toml",
            "registry_keys": [str(KEY.public_key)],
            "verifier_keys": "keys",
            "profile": "zkattest",
            "registry_poll_ms": 100,
            "isolation": False,
            "threads": 2,
            "deadline_ms": 1,
            "waiting": 3,
            "calls": 4,
            "verdicts": 5,
            "recent_proof_bytes": 6,
            "submission_ms": 7,
        },
        proof_policy={"preset": "1-of-sp1"},
        evidence={
            "folder": "log",
            "flush": "each",
            "flush_ms": 10,
            "max_file_bytes": 1,
            "max_files": 2,
            "proof_bytes": 3,
        },
    )
    folder = tmp_path
    assert mistakes == []
    assert settings == EngineSettings(
        registry=RegistrySource(
            ProfileId("zkattest"),
            folder / "registry.toml",
            (KEY.public_key,),
            folder / "keys",
        ),
        chain_id=ChainId(5),
        schema_id=0x7886,
        policy=PRESETS["1-of-sp1"],
        isolation=False,
        registry_poll_ms=100,
        bounds=EngineBounds(2, 1, 3, 4, 5, 6, 7),
        evidence=EvidenceSettings(folder / "log", FlushPolicy.EACH, 10, EvidenceLimits(1, 2), 3),
    )


@pytest.mark.parametrize(
    ("sections", "field"),
    [
        ({"engine": {}}, "engine.chain_id"),
        ({"engine": {"chain_id": -1}}, "engine.chain_id"),
        ({"engine": {"chain_id": 1, "schema_id": 65_536}}, "engine.schema_id"),
        ({"engine": {"chain_id": 1, "profile": "A"}}, "engine.profile"),
        (
            {"engine": {"chain_id": 1, "registry": "r", "registry_keys": ["0x1"]}},
            "engine.registry_keys",
        ),
        (
            {"engine": {"chain_id": 1, "registry_keys": ["0x" + "ab" * 32]}},
            "engine.registry_keys",
        ),
        ({"engine": {"chain_id": 1, "waitinq": 3}}, "engine.waitinq"),
        ({"engine": {"chain_id": 1, "registry": "none.toml"}}, "engine.registry"),
        ({"engine": {"chain_id": 1, "profile": "mine"}}, "engine.profile"),
        (
            {"engine": {"chain_id": 1}, "proof_policy": {"programs": ["typo-sp1"]}},
            "proof_policy.programs",
        ),
        (
            {
                "engine": {"chain_id": 1, "profile": "zkattest"},
                "proof_policy": {"preset": "2-of-3-zkvms"},
            },
            "proof_policy.preset",
        ),
        ({"engine": {"chain_id": 1}, "evidence": {}}, "evidence.folder"),
        (
            {"engine": {"chain_id": 1}, "evidence": {"folder": "x", "max_files": 1}},
            "evidence.max_files",
        ),
    ],
)
def test_engine__refused_with_its_field(sections, field):
    _, mistakes = read(**sections)
    assert [name for name, _ in mistakes] == [field]
