"""`zkattest evidence`: records are printed; a chain is checked and its verdicts reached again."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.helpers.engines import PROGRAM_VK, REGISTRY, REVOKED_REGISTRY
from tests.helpers.evidence import make_record
from tests.helpers.proofs import SP1_PROGRAM_VK, SP1_PROOF, SP1_PUBLIC_VALUES, flip_bit
from zkattest.cli.main import run
from zkattest.crypto.hashing import sha256
from zkattest.spec.evidence import EvidenceRecord, Occasion, Outcome
from zkattest.spec.reasons import Cause, Reason
from zkattest.store.evidence import EvidenceLog
from zkattest.store.kept_proofs import KeptProofs
from zkattest.types.ids import Root
from zkattest.types.programs import EntryId, ProofSystem, Sha256

BLOCK = Root(b"\xb1" * 32)


def outcome(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        run(["evidence", *map(str, arguments)])
    captured = capsys.readouterr()
    return left.value.code, captured.out, captured.err


def record(proof=SP1_PROOF, verdict=Outcome.VALID, **fields):
    return EvidenceRecord(
        time_ms=1,
        occasion=Occasion.PROGRAM,
        proof=Sha256(sha256(proof)),
        proof_bytes=len(proof),
        system=ProofSystem.SP1,
        program_vk=SP1_PROGRAM_VK,
        outcome=verdict,
        **fields,
    )


VALID = record(public_values=SP1_PUBLIC_VALUES, subject=BLOCK)
TAMPERED = flip_bit(SP1_PROOF, len(SP1_PROOF) // 2)
INVALID = record(TAMPERED, Outcome.INVALID, reason=Reason.PROOF_INVALID)
FAILED = record(b"other", Outcome.NOT_CHECKED, cause=Cause.TIMEOUT)


def write(folder, *records, keep=()):
    log = EvidenceLog(folder)
    ids = [log.append(one) for one in records]
    log.close()
    kept = KeptProofs(folder / "proofs")
    for proof in keep:
        kept.put(proof, Sha256(sha256(proof)))
    return ids


def test_verify__valid_where_every_verdict_is_reached_again(capsys, tmp_path):
    ids = write(tmp_path, VALID, INVALID, FAILED, keep=[SP1_PROOF, TAMPERED])
    code, out, _ = outcome(capsys, "verify", tmp_path, "--json", "--head", ids[0])
    assert (code, json.loads(out)) == (
        0,
        {
            "chain": "whole",
            "last": str(ids[2]),
            "same": 2,
            "no_verdict": 1,
            "records": 3,
        },
    )


def test_verify__valid_where_proofs_are_not_kept(capsys, tmp_path):
    ids = write(tmp_path, VALID)
    code, out, _ = outcome(capsys, "verify", tmp_path)
    expected = f"chain whole: 1 proof not kept, 1 records; last {ids[0]}\n"
    assert (code, out) == (0, expected)


def test_verify__invalid_where_a_verdict_is_another(capsys, tmp_path):
    write(tmp_path, record(verdict=Outcome.INVALID, reason=Reason.PROOF_INVALID), keep=[SP1_PROOF])
    code, out, _ = outcome(capsys, "verify", tmp_path)
    assert code == 1
    assert out.startswith("0: different: ")


def test_verify__invalid_where_a_kept_proof_was_changed(capsys, tmp_path):
    write(tmp_path, VALID, keep=[SP1_PROOF])
    (tmp_path / "proofs" / sha256(SP1_PROOF).hex()).write_bytes(TAMPERED)
    code, out, _ = outcome(capsys, "verify", tmp_path, "--json")
    assert (code, json.loads(out.splitlines()[0])["outcome"]) == (1, "proof_changed")


def test_verify__valid_where_a_lost_power_line_left_a_part_of_a_kept_proof(capsys, tmp_path):
    write(tmp_path, VALID, keep=[SP1_PROOF])
    (tmp_path / "proofs" / sha256(SP1_PROOF).hex()).write_bytes(SP1_PROOF[:4096])
    code, out, _ = outcome(capsys, "verify", tmp_path, "--json")
    assert (code, json.loads(out)["proof_not_kept"]) == (0, 1)


def test_verify__invalid_where_a_line_was_changed(capsys, tmp_path):
    write(tmp_path, VALID, FAILED)
    (path,) = tmp_path.glob("log-*.jsonl")
    path.write_text(path.read_text().replace('"time_ms":1', '"time_ms":2', 1))
    code, out, _ = outcome(capsys, "verify", tmp_path, "--chain-only", "--json")
    assert (code, json.loads(out)) == (
        1,
        {"chain": "broken", "fault": "hash_mismatch", "sequence": 0, "detail": ""},
    )


def reorder(lines):
    return [lines[0], lines[2], lines[1]]


@pytest.mark.parametrize(
    ("damage", "fault", "sequence"),
    [
        (lambda lines: lines[:2], "cut_end", 2),
        (lambda lines: lines[1:], "cut_start", 1),
        (lambda lines: [], "cut_end", 0),
        (reorder, "sequence_gap", 1),
        (lambda lines: [lines[0], lines[2]], "sequence_gap", 1),
        (lambda lines: [lines[0], lines[0], *lines[1:]], "sequence_gap", 1),
        (
            lambda lines: [lines[0], lines[1].replace(b'"time_ms":1', b'"time_ms":2'), lines[2]],
            "hash_mismatch",
            1,
        ),
        (lambda lines: [lines[0], b" " + lines[1], lines[2]], "malformed_record", 1),
        (lambda lines: [*lines[:2], lines[2][:-9]], "torn_end", 2),
        (lambda lines: [*lines, lines[2][:40]], "torn_end", 3),
    ],
    ids=[
        "truncated",
        "begun late",
        "emptied",
        "reordered",
        "dropped",
        "repeated",
        "changed",
        "rewritten",
        "torn",
        "torn on",
    ],
)
def test_verify__invalid_and_says_where_the_chain_breaks(capsys, tmp_path, damage, fault, sequence):
    write(tmp_path, VALID, FAILED, VALID)
    (path,) = tmp_path.glob("log-*.jsonl")
    path.write_bytes(b"".join(damage(path.read_bytes().splitlines(keepends=True))))
    code, out, err = outcome(capsys, "verify", tmp_path, "--chain-only", "--json")
    printed = json.loads(out)
    assert (code, err, printed["chain"]) == (1, "", "broken")
    assert (printed["fault"], printed["sequence"]) == (fault, sequence)
    code, out, _ = outcome(capsys, "show", tmp_path)
    assert (code, out.splitlines()[-1].startswith("chain broken: ")) == (1, True)
    assert f"{fault} at record {sequence}" in out


def test_verify__reads_a_log_that_is_written_to(capsys, tmp_path):
    log = EvidenceLog(tmp_path)
    log.append(VALID)
    code, out, _ = outcome(capsys, "verify", tmp_path, "--chain-only")
    assert (code, out.startswith("chain whole: 1 records")) == (0, True)
    log.append(FAILED)
    log.close()


def test_verify__invalid_where_a_named_record_is_missing(capsys, tmp_path):
    write(tmp_path, VALID)
    code, out, _ = outcome(capsys, "verify", tmp_path, "--chain-only", "--head", "0x" + "1" * 64)
    assert (code, "cut_end" in out) == (1, True)


def test_verify__not_checked_without_a_log(capsys, tmp_path):
    code, out, err = outcome(capsys, "verify", tmp_path)
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_show__prints_what_is_about_a_root(capsys, tmp_path):
    ids = write(tmp_path, VALID, FAILED)
    code, out, _ = outcome(capsys, "show", tmp_path, "--subject", BLOCK, "--json")
    printed = json.loads(out)
    assert (code, printed["id"], printed["outcome"]) == (0, str(ids[0]), "valid")
    code, out, _ = outcome(capsys, "show", tmp_path, "--last", "1")
    assert (code, out.count("\n"), "not checked: timeout" in out) == (0, 1, True)
    code, _, err = outcome(capsys, "show", tmp_path, "--subject", "0x1")
    assert (code, err.count("\n")) == (2, 1)


def test_judge__proven_with_reason_and_evidence(capsys, tmp_path):
    proven = replace(make_record(7), program_vk=PROGRAM_VK, entry=EntryId("ours"))
    other = replace(proven, subject=BLOCK)
    (tmp_path / "registry.toml").write_text(REGISTRY)
    log = tmp_path / "log"
    ids = write(log, replace(proven, outcome=Outcome.INVALID), proven, other)
    given = ["judge", log, proven.subject, "--registry", tmp_path / "registry.toml"]
    code, out, _ = outcome(capsys, *given, "--policy", "1-of-sp1")
    assert (code, out.splitlines()) == (
        0,
        ["proven: enough (1-of-sp1)", "counts: ours", f"evidence: {ids[1]}"],
    )
    code, out, _ = outcome(capsys, *given, "--policy", "2-of-3-zkvms", "--json")
    assert (code, json.loads(out)) == (
        1,
        {
            "subject": str(proven.subject),
            "standing": "pending",
            "reason": "too_few_proofs",
            "policy": "2-of-3-zkvms",
            "counted": ["ours"],
            "weight": 1,
            "evidence": [str(ids[1])],
            "excluded": [],
            "action": None,
        },
    )
    (tmp_path / "registry.toml").write_text(REVOKED_REGISTRY)
    code, out, _ = outcome(capsys, *given, "--ms-into-slot", "3000")
    assert (code, out.splitlines()) == (
        1,
        ["not_proven_by_deadline: none_counts (1-of-any)", "does not count: ours: revoked"],
    )


def test_judge__not_done_in_one_line(capsys, tmp_path):
    write(tmp_path, VALID)
    for arguments, named in (
        ([tmp_path, "0x12"], "SUBJECT"),
        ([tmp_path, BLOCK, "--policy", "3-of-2"], "--policy"),
        ([tmp_path, BLOCK, "--registry", "none.toml"], "none.toml"),
        ([tmp_path / "none", BLOCK], "none"),
    ):
        code, out, err = outcome(capsys, "judge", *arguments)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert named in err
