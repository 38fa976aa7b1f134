"""`zkattest registry`: what is in a file, what is wrong with it, who signed it, what is revoked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tests.helpers.engines import PROGRAM_VK, REGISTRY
from zkattest.cli.main import run
from zkattest.node.registry_file import load_registry
from zkattest.spec.evidence import EvidenceRecord, Occasion, Outcome
from zkattest.store.evidence import EvidenceLog
from zkattest.types.ids import Root
from zkattest.types.programs import EntryId, EntryState, ProofSystem, Sha256

BLOCK = Root(b"\xb1" * 32)


def outcome(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        run(["registry", *map(str, arguments)])
    captured = capsys.readouterr()
    return left.value.code, captured.out, captured.err


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "registry.toml"
    path.write_text(REGISTRY)
    return path


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key.pem"
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def public_key() -> str:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
    return "0x" + key.public_bytes_raw().hex()


def test_show__prints_the_registry_of_the_package(capsys):
    code, out, err = outcome(capsys, "show", "--json")
    assert (code, err) == (0, "")
    printed = json.loads(out)
    assert printed["entry"][0]["id"] == "zkattest-sp1"
    assert printed["entry"][0]["program_vk"] == str(PROGRAM_VK)


def test_show__prints_tables(capsys, file):
    code, out, err = outcome(capsys, "show", file)
    assert (code, err) == (0, "")
    assert "withdrawn" in out


def test_show__a_pipe_gets_each_program_in_one_line(capsys):
    code, out, err = outcome(capsys, "show")
    assert (code, err) == (0, "")
    (line,) = [
        line for line in out.splitlines() if "zkattest-sp1" in line and str(PROGRAM_VK) in line
    ]
    assert "active" in line


def test_check__valid_counts_states(capsys, file):
    code, out, _ = outcome(capsys, "check", file)
    assert code == 0
    assert out.startswith("valid: 3 active, 0 deprecated, 1 revoked; sha256 0x")


def test_check__invalid_names_field_and_line(capsys, file):
    file.write_text(REGISTRY.replace('version = "0.1.0"', 'verzion = "0.1.0"', 1))
    code, out, err = outcome(capsys, "check", file)
    assert (code, err) == (1, "")
    assert "entry[0].guest.verzion: line 7: unknown, nearest known is version" in out
    code, out, _ = outcome(capsys, "check", file, "--json")
    assert (code, json.loads(out)["verdict"]) == (1, "invalid")


def test_check__not_checked_without_a_file(capsys, tmp_path):
    code, out, err = outcome(capsys, "check", tmp_path / "none.toml")
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_export__verifies_under_its_key_alone(capsys, file, key_file, tmp_path):
    signed = tmp_path / "signed.json"
    code, _, err = outcome(capsys, "export", file, "--key-file", key_file, "--out", signed)
    assert (code, err) == (0, "")
    code, out, _ = outcome(capsys, "verify", signed, "--key", public_key())
    assert (code, out) == (0, f"valid: signed by {public_key()}, 4 entries\n")
    code, out, _ = outcome(capsys, "verify", signed, "--key", "0x" + "22" * 32)
    assert (code, "none of the trusted keys signed it" in out) == (1, True)


def test_export__tells_in_json_who_signed_what(capsys, file, key_file, tmp_path):
    signed = tmp_path / "signed.json"
    code, out, err = outcome(
        capsys, "export", file, "--key-file", key_file, "--out", signed, "--json"
    )
    assert (code, err) == (0, "")
    sha256 = str(load_registry(file).sha256)
    expected = {"signer": public_key(), "sha256": sha256, "file": str(signed)}
    assert json.loads(out) == expected


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["verify", "{file}", "--key", "0x12"], "--key"),
        (["export", "{file}", "--key-file", "{file}", "--out", "x"], "private key"),
        (["revoke", "nobody", "{file}", "--reason", "x"], "nobody"),
        (["revoke", "NOBODY", "{file}", "--reason", "x"], "entry"),
        (["revoke", "ours", "{file}", "--reason", "a\nb"], "--reason"),
        (["revoke", "ours", "{file}", "--reason", "x", "--date", "today"], "--date"),
        (["revoke", "ours", "{file}", "--reason", "x", "--evidence", "none"], "none"),
    ],
)
def test_command__not_done_in_one_line(capsys, file, arguments, named):
    code, out, err = outcome(capsys, *(one.format(file=file) for one in arguments))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert named in err
    assert file.read_text() == REGISTRY


def test_revoke__changes_one_line_and_names_the_blocks_that_lose_their_proof(
    capsys, file, tmp_path
):
    log = EvidenceLog(tmp_path / "evidence")
    log.append(
        EvidenceRecord(
            time_ms=1,
            occasion=Occasion.STATEMENT,
            proof=Sha256(bytes(32)),
            proof_bytes=5,
            system=ProofSystem.SP1,
            program_vk=PROGRAM_VK,
            outcome=Outcome.VALID,
            entry=EntryId("ours"),
            subject=BLOCK,
        )
    )
    log.close()
    arguments = ["revoke", "ours", file, "--reason", 'a "bug"', "--date", "2026-11-22"]
    code, out, _ = outcome(
        capsys, *arguments, "--evidence", tmp_path / "evidence", "--dry-run", "--json"
    )
    assert code == 0
    assert json.loads(out) == {
        "entry": "ours",
        "status": {"state": "revoked", "since": "2026-11-22", "reason": 'a "bug"'},
        "written": False,
        "lost": [str(BLOCK)],
    }
    code, out, _ = outcome(capsys, *arguments, "--dry-run")
    assert out.startswith("ours: would be revoked since 2026-11-22: ")
    assert file.read_text() == REGISTRY
    code, out, _ = outcome(capsys, *arguments, "--evidence", tmp_path / "evidence")
    assert out.splitlines()[1:] == [
        "1 block loses its proof",
        f"{BLOCK}: none_counts (1-of-any)",
    ]
    old, new = REGISTRY.splitlines(), file.read_text().splitlines()
    assert [line for line in new if line not in old] == [
        'status = { state = "revoked", since = "2026-11-22", reason = "a \\"bug\\"" }'
    ]
    entry = load_registry(file).registry.entries[EntryId("ours")]
    assert (entry.status.state, entry.status.reason) == (EntryState.REVOKED, 'a "bug"')


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_revoke__leaves_no_half_file_behind(capsys, file, monkeypatch, failure):
    def fail(_descriptor):
        raise failure

    before = sorted(file.parent.iterdir())
    monkeypatch.setattr("os.fsync", fail)
    code, out, err = outcome(capsys, "revoke", "ours", file, "--reason", "why")
    if isinstance(failure, OSError):
        assert (code, out, err) == (2, "", f"zkattest: {file}: No space left on device\n")
    else:
        assert (code, out, err) == (130, "", "")
    assert sorted(file.parent.iterdir()) == before
    assert file.read_text() == REGISTRY
