"""`zkattest check`: three exit codes, and one line for every bad input."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.helpers.blocks import Case, TestAccount
from tests.helpers.transactions import Tx, authorization, key
from zkattest.cli.main import run
from zkattest.types.execution import BlockPackage


def outcome(
    capsys: pytest.CaptureFixture[str], path: Path, *options: str
) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as left:
        run(["check", str(path), *options])
    captured = capsys.readouterr()
    return left.value.code, captured.out, captured.err


def written(folder: Path, package: BlockPackage | bytes) -> Path:
    path = folder / "block.ssz"
    path.write_bytes(package if isinstance(package, bytes) else package.encode())
    return path


def test_check__valid(capsys, tmp_path):
    code, out, err = outcome(capsys, written(tmp_path, Case().package()))
    assert (code, err) == (0, "")
    assert out.startswith("valid: block 7 0x")
    assert ", 1 transactions, " in out


def test_check__valid_with_notice_as_json(capsys, tmp_path):
    path = written(tmp_path, Case(header={"gas_used": 21_001}).package())
    code, out, _ = outcome(capsys, path, "--json")
    report = json.loads(out)
    assert code == 0
    assert report["verdict"] == "valid"
    assert (report["number"], report["transactions"]) == (7, 1)
    assert report["notices"] == [
        {"notice": "certain_revert", "operands": {"got": 21_001, "limit": 21_000}}
    ]
    assert report["ms"] > 0


def test_check__invalid_names_reason_and_operands(capsys, tmp_path):
    path = written(tmp_path, Case(transactions=(Tx(nonce=5),)).package())
    code, out, err = outcome(capsys, path)
    assert (code, err) == (1, "")
    assert out == (
        f"invalid: {path}: nonce_mismatch "
        f"(index=0, sender=0x{Tx().sender.hex()}, got=5, expected=0)\n"
    )


def test_check__invalid_as_json(capsys, tmp_path):
    path = written(tmp_path, replace(Case().package(), block=b"\xc1\xc0"))
    code, out, _ = outcome(capsys, path, "--json")
    assert code == 1
    assert json.loads(out) == {
        "verdict": "invalid",
        "reason": "malformed_block",
        "operands": {"field": "transactions", "detail": "missing"},
    }


def test_check__flags_change_the_profile(capsys, tmp_path):
    poor = Case(accounts={Tx().sender: TestAccount(balance=21_000 * 2 * 10**9 + 1)})
    path = written(tmp_path, poor.package())
    assert outcome(capsys, path)[0] == 0
    assert outcome(capsys, path, "--cap-balance")[0] == 1
    tx = Tx(type=4, gas=46_000, authorizations=(authorization(key(9)),))
    path = written(tmp_path, Case(transactions=(tx,), header={"gas_used": 36_800}).package())
    assert outcome(capsys, path)[0] == 1
    assert outcome(capsys, path, "--refund-aware", "--preset", "osaka")[0] == 0


def test_check__not_checked_without_a_node(capsys, tmp_path):
    path = written(tmp_path, replace(Case(), lost_nodes=10).package())
    code, out, err = outcome(capsys, path)
    assert (code, err) == (2, "")
    assert out.startswith(f"not checked: {path}: missing_node: sender 0x")
    code, out, _ = outcome(capsys, path, "--json")
    assert (code, json.loads(out)["cause"]) == (2, "missing_node")


def test_check__not_checked_without_the_parent(capsys, tmp_path):
    package = Case().package()
    witness = replace(package.witness, headers=())
    code, out, _ = outcome(capsys, written(tmp_path, replace(package, witness=witness)))
    assert code == 2
    assert "missing_parent" in out


def test_check__not_checked_with_the_claim_of_another_block(capsys, tmp_path):
    package = Case(outputs={"block_hash": b"\x01" * 32}).package()
    path = written(tmp_path, package)
    code, out, err = outcome(capsys, path)
    assert (code, err) == (2, "")
    assert out.startswith(f"not checked: {path}: missing_parent: the parent's claim")


def test_check__not_checked_with_a_malformed_parent(capsys, tmp_path):
    package = Case().package()
    witness = replace(package.witness, headers=(b"\xc0",))
    code, out, _ = outcome(capsys, written(tmp_path, replace(package, witness=witness)))
    assert code == 2
    assert "unreadable_input: parent header: header: 0 fields, expected 22" in out


@pytest.mark.parametrize("data", [b"", b"\0" * 100, bytes(10_000)])
def test_check__bad_input_no_package(capsys, tmp_path, data):
    code, out, err = outcome(capsys, written(tmp_path, data))
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "block.ssz" in err


def test_check__bad_input_no_file(capsys, tmp_path):
    code, _, err = outcome(capsys, tmp_path / "none.ssz")
    assert code == 2
    assert "No such file" in err


def test_check__bad_input_another_preset(capsys, tmp_path):
    path = written(tmp_path, Case().package())
    assert outcome(capsys, path, "--preset", "london")[0] == 2
