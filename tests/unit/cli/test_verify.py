"""`zkattest verify`: three exit codes, and one line for every bad input."""

import json
from pathlib import Path

import pytest

from tests.helpers.proofs import (
    SP1_PROGRAM_VK,
    SP1_PROOF,
    SP1_PROOF_FILE,
    SP1_PUBLIC_VALUES,
    SP1_PUBLIC_VALUES_FILE,
    flip_bit,
)
from zkattest.cli.main import run
from zkattest.cli.verify import decode_statement, describe
from zkattest.types.ids import ChainId, ProgramVk, Root
from zkattest.types.wire import PublicValues

KEY = str(SP1_PROGRAM_VK)


def outcome(
    capsys: pytest.CaptureFixture[str], proof: Path, *options: str, key: str = KEY
) -> tuple[object, str, str]:
    """Run the command in this process and return its code, output and errors."""
    with pytest.raises(SystemExit) as left:
        run(["verify", str(proof), "--system", "sp1", "--program-vk", key, *options])
    captured = capsys.readouterr()
    return left.value.code, captured.out, captured.err


def written(folder: Path, data: bytes, name: str = "proof.bin") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_verify__valid_prints_what_was_proven(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = outcome(capsys, SP1_PROOF_FILE)
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0] == f"valid: sp1 proof of program {KEY}"
    assert lines[1] == f"public values (53 bytes): 0x{SP1_PUBLIC_VALUES.hex()}"
    assert lines[2].startswith("circuit: v6.1.0; decode ")


def test_verify__valid_with_the_values_of_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--public-values", str(SP1_PUBLIC_VALUES_FILE), "--json")
    code, out, _ = outcome(capsys, SP1_PROOF_FILE, *options)
    report = json.loads(out)
    assert code == 0
    assert report["verdict"] == "valid"
    assert report["program_vk"] == KEY
    assert report["public_values"] == "0x" + SP1_PUBLIC_VALUES.hex()
    assert report["statement"] is None
    assert 0 < report["decode_ms"] < report["verify_ms"]


def test_verify__invalid_for_other_public_values(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    values = written(tmp_path, SP1_PUBLIC_VALUES[::-1], "values.bin")
    code, out, err = outcome(capsys, SP1_PROOF_FILE, "--public-values", str(values))
    assert (code, err) == (1, "")
    assert out.startswith(f"invalid: {SP1_PROOF_FILE}: public_values_mismatch (expected=0x")


def test_verify__invalid_for_another_key(capsys: pytest.CaptureFixture[str]) -> None:
    other = str(ProgramVk(flip_bit(SP1_PROGRAM_VK, 31)))
    code, out, _ = outcome(capsys, SP1_PROOF_FILE, "--json", key=other)
    assert code == 1
    assert json.loads(out) == {
        "verdict": "invalid",
        "reason": "program_key_mismatch",
        "operands": {"expected": other, "got": KEY},
    }


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "proof_undecodable"),
        (SP1_PROOF[:1000], "proof_undecodable"),
        (SP1_PROOF + b"\0", "proof_trailing_bytes"),
        (bytes(5 << 20), "proof_too_large"),
        (flip_bit(SP1_PROOF, len(SP1_PROOF) // 3), "proof_invalid"),
    ],
    ids=["empty", "cut", "extended", "oversize", "flipped"],
)
def test_verify__invalid_by_name_for_bad_bytes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, data: bytes, reason: str
) -> None:
    proof = written(tmp_path, data)
    code, out, err = outcome(capsys, proof)
    assert (code, err) == (1, "")
    assert out.startswith(f"invalid: {proof}: {reason} (")
    assert out.count("\n") == 1


@pytest.mark.parametrize("json_too", [(), ("--json",)])
def test_verify__not_checked_without_a_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, json_too: tuple[str, ...]
) -> None:
    missing = tmp_path / "missing.bin"
    expected = (2, "", f"zkattest: {missing}: No such file or directory\n")
    assert outcome(capsys, missing, *json_too) == expected


def test_verify__not_checked_for_a_folder(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert outcome(capsys, tmp_path) == (2, "", f"zkattest: {tmp_path}: not a regular file\n")


def test_verify__not_checked_for_a_device(capsys: pytest.CaptureFixture[str]) -> None:
    expected = (2, "", "zkattest: /dev/zero: not a regular file\n")
    assert outcome(capsys, Path("/dev/zero")) == expected


@pytest.mark.parametrize("key", ["", "0x", KEY[2:], KEY[:-1], KEY + "0", "0x" + "zz" * 32])
def test_verify__not_checked_for_a_key_that_is_no_key(
    capsys: pytest.CaptureFixture[str], key: str
) -> None:
    code, out, err = outcome(capsys, SP1_PROOF_FILE, key=key)
    assert (code, out) == (2, "")
    assert err.startswith("zkattest: arguments: --program-vk: ")
    assert err.count("\n") == 1


def test_verify__not_checked_for_a_key_that_is_not_canonical(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, _, err = outcome(capsys, SP1_PROOF_FILE, key="0x00" + "ff" * 31)
    assert code == 2
    assert err.startswith("zkattest: arguments: --program-vk: program_key_not_canonical (limb=0, ")


def test_verify__not_checked_for_large_public_values(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    values = written(tmp_path, bytes((1 << 20) + 1), "values.bin")
    code, out, err = outcome(capsys, SP1_PROOF_FILE, "--public-values", str(values))
    assert (code, out) == (2, "")
    assert err == f"zkattest: {values}: public values: more than 1048576 bytes\n"


@pytest.mark.parametrize(
    ("schema", "words"),
    [(0x7886, "delayed execution claim"), (0x1501, "EIP-8025 payload request, Amsterdam")],
)
def test_describe__names_the_statement(schema: int, words: str) -> None:
    statement = PublicValues(Root(b"\x01" * 32), True, ChainId(7), schema)
    assert decode_statement(statement.encode()) == statement
    assert describe(statement) == (
        f"{words} (schema 0x{schema:04x}), root 0x{'01' * 32}, valid yes, chain id 7"
    )


def test_describe__says_that_the_sentinel_states_nothing() -> None:
    statement = decode_statement(bytes(43))
    assert statement is not None
    assert describe(statement) == "none; the program could not use its input"


@pytest.mark.parametrize("values", [b"", bytes(42), b"\xff" * 43, b"\x01" + bytes(42)])
def test_decode_statement__none_for_values_of_other_programs(values: bytes) -> None:
    assert decode_statement(values) is None
