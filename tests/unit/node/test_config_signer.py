"""The section of a node that signs: one key, one guard, and an address of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zkattest.machines.own_proofs import OwnLimits
from zkattest.node.config_reader import Mistake, Notes, Table
from zkattest.node.config_signer import SignerConfig, read_signer
from zkattest.node.proof_signing import KeystoreSettings, RemoteSignerSettings
from zkattest.rpc import SignerLimits
from zkattest.types.ids import ValidatorIndex

SECTION: dict[str, Any] = {
    "validator_index": 7,
    "keystore": "keys/keystore.json",
    "password_file": "password.txt",
    "guard": "signed.sqlite",
}
FOLDER = Path("/etc/node")
REMOTE = {
    "keystore": None,
    "password_file": None,
    "remote_signer": "http://127.0.0.1:9000",
    "pubkey": "0x" + "ab" * 48,
}


def read(**changes: Any) -> tuple[SignerConfig | None, list[Mistake]]:
    values = {key: value for key, value in (SECTION | changes).items() if value is not None}
    notes = Notes(FOLDER / "node.toml")
    root = Table(notes, {"signer": values})
    config = read_signer(root)
    root.refuse_unknown()
    return config, notes.mistakes


def test_section__left_out_means_that_nobody_signs():
    assert read_signer(Table(Notes(Path("node.toml")), {})) is None


def test_section__read_with_its_defaults():
    config, mistakes = read()
    assert mistakes == []
    assert config == SignerConfig(
        validator_index=ValidatorIndex(7),
        signer=KeystoreSettings(FOLDER / "keys/keystore.json", FOLDER / "password.txt"),
        guard=FOLDER / "signed.sqlite",
        host="127.0.0.1",
        port=9187,
        answer_ms=20_000,
        limits=OwnLimits(keep_ms=1_800_000, proofs=16),
    )
    assert config.is_loopback


def test_section__read_with_a_remote_signer_and_everything_turned():
    config, mistakes = read(
        **REMOTE,
        remote_timeout_ms=700,
        listen="0.0.0.0:80",
        answer_ms=5,
        keep_ms=0,
        max_proofs=1,
    )
    assert mistakes == []
    assert config == SignerConfig(
        validator_index=ValidatorIndex(7),
        signer=RemoteSignerSettings(
            "http://127.0.0.1:9000", b"\xab" * 48, SignerLimits(deadline_ms=700)
        ),
        guard=FOLDER / "signed.sqlite",
        host="0.0.0.0",
        port=80,
        answer_ms=5,
        limits=OwnLimits(keep_ms=0, proofs=1),
    )
    assert not config.is_loopback


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"validator_index": None}, Mistake("signer.validator_index", "missing")),
        ({"guard": None}, Mistake("signer.guard", "missing")),
        (
            {"keystore": None, "password_file": None},
            Mistake("signer.keystore", "missing, and no remote_signer is named either"),
        ),
        ({"password_file": None}, Mistake("signer.password_file", "missing")),
        (
            {"pubkey": "0x" + "ab" * 48},
            Mistake("signer.pubkey", "only a remote signer needs it"),
        ),
        (
            REMOTE | {"keystore": "keystore.json"},
            Mistake("signer.remote_signer", "keystore is there too, expected one of the two"),
        ),
        (
            REMOTE | {"remote_signer": "ftp://x"},
            Mistake("signer.remote_signer", "expected http://host[:port][/path] or https://…"),
        ),
        (REMOTE | {"pubkey": None}, Mistake("signer.pubkey", "missing")),
        (
            {"listen": "localhost:1"},
            Mistake(
                "signer.listen",
                "'localhost:1', expected an IP address and a port, as 127.0.0.1:9186",
            ),
        ),
        ({"max_proofs": 0}, Mistake("signer.max_proofs", "0, expected 1 or more, below 2^63")),
        ({"gvard": "x"}, Mistake("signer.gvard", "unknown, nearest known is guard")),
    ],
)
def test_section__names_the_mistake(changes, mistake):
    assert read(**changes)[1] == [mistake]
