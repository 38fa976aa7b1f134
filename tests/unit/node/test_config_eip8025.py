"""The section of a consensus network: what it means, and every mistake in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zkattest.crypto.hashing import fork_data_root
from zkattest.machines.slot_clock import SlotClock
from zkattest.node.config_eip8025 import Eip8025Settings, read_eip8025
from zkattest.node.config_reader import Mistake, Notes, Table
from zkattest.types.ids import ChainId, ProgramVk, ProofType, Root, ValidatorIndex
from zkattest.types.proof_profiles import PROFILES, ListKind, ProfileName
from zkattest.verify.proof import ProofSystem

PROGRAM = {"type": 1, "system": "sp1", "program_vk": "0x" + "11" * 32}
SECTION: dict[str, Any] = {
    "chain_id": 560_048,
    "fork_version": "0x70000910",
    "genesis_validators_root": "0x" + "21" * 32,
    "genesis_time_ms": 1_742_213_400_000,
    "beacon_node": "http://127.0.0.1:5052",
    "proof_types": [PROGRAM],
}


def read(**changes: Any) -> tuple[Eip8025Settings | None, list[Mistake]]:
    values = {key: value for key, value in (SECTION | changes).items() if value is not None}
    notes = Notes(Path("node.toml"))
    root = Table(notes, {"eip8025": values})
    settings = read_eip8025(root)
    root.refuse_unknown()
    return settings, notes.mistakes


def test_section__read_with_its_defaults():
    settings, mistakes = read()
    version, validators_root = bytes.fromhex("70000910"), Root(b"\x21" * 32)
    fork_root = fork_data_root(version, validators_root)
    assert mistakes == []
    assert settings == Eip8025Settings(
        profile=PROFILES[ProfileName.BETA4],
        chain_id=ChainId(560_048),
        fork_version=version,
        genesis_validators_root=validators_root,
        fork_digest=fork_root[:4],
        clock=SlotClock(1_742_213_400_000, 12_000),
        slots_per_epoch=32,
        proof_types={ProofType(1): (ProofSystem.SP1, ProgramVk(b"\x11" * 32))},
        beacon_node="http://127.0.0.1:5052",
    )
    assert settings.topics == (f"/eth2/{fork_root[:4].hex()}/execution_proof/ssz_snappy",)


def test_section__read_with_everything_turned():
    validators = [{"index": 7, "pubkey": "0x" + "ab" * 48}]
    settings, mistakes = read(
        profile="cs5566",
        proof_data="list",
        versioned_hashes="progressive-list",
        fork_digest="0x01020304",
        beacon_node=None,
        validators=validators,
        store="postgresql://zkattest@db/proofs",
        store_bytes=1 << 30,
        parallel_verifications=4,
    )
    assert mistakes == []
    assert settings is not None
    assert settings.profile.name is ProfileName.CS5566
    assert settings.profile.proof_data is ListKind.BOUNDED
    assert settings.profile.versioned_hashes is ListKind.PROGRESSIVE
    assert settings.topics == ("/eth2/01020304/execution_proof/ssz_snappy",)
    assert (settings.beacon_node, settings.validators) == (
        None,
        {ValidatorIndex(7): b"\xab" * 48},
    )
    assert (settings.store, settings.store_bytes) == ("postgresql://zkattest@db/proofs", 1 << 30)
    assert settings.verification.parallel == 4


def test_section__nothing_where_it_is_left_out():
    assert read_eip8025(Table(Notes(Path("node.toml")), {})) is None


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"profile": "beta5"}, "profile", "'beta5', expected one of teku-subnet, "),
        ({"profile": "eip8440"}, "profile", "eip8440: no rules of gossip, expected one of"),
        ({"chain_id": None}, "chain_id", "missing"),
        ({"fork_version": "0x01"}, "fork_version", "expected 0x and 8 hexadecimal digits"),
        ({"genesis_validators_root": None}, "genesis_validators_root", "missing"),
        ({"beacon_node": "ftp://node"}, "beacon_node", "expected http://host[:port]"),
        ({"beacon_node": None}, "beacon_node", "missing, and no validators are listed either"),
        ({"proof_types": []}, "proof_types", "expected one or more"),
        ({"slot_ms": 0}, "slot_ms", "0, expected 3 or more"),
        ({"proof_data": "heap"}, "proof_data", "'heap', expected one of list, progressive-list"),
        ({"surprise": 1}, "surprise", "unknown"),
        (
            {"validators": [{"index": 1, "pubkey": "0x" + "ab" * 48}] * 2},
            "validators[1].index",
            "1 is there twice",
        ),
    ],
)
def test_section__refused_with_the_field(changes, field, reason):
    _, mistakes = read(**changes)
    [mistake] = mistakes
    assert mistake.field == f"eip8025.{field}"
    assert mistake.reason.startswith(reason)
