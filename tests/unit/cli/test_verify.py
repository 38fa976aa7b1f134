"""`zkattest verify`: three exit codes, and one line for every bad input."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.helpers.proofs import (
    FIXTURES,
    GOLDEN_PROOFS,
    SP1_PROGRAM_VK,
    SP1_PROOF,
    SP1_PROOF_FILE,
    SP1_PUBLIC_VALUES,
    SP1_PUBLIC_VALUES_FILE,
    WITHDRAWN,
    flip_bit,
)
from zkattest.cli.main import run
from zkattest.cli.verify import decode_statement, describe
from zkattest.types.ids import ChainId, ProgramVk, Root
from zkattest.types.programs import ProofSystem
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


def outcome_of(
    capsys: pytest.CaptureFixture[str], folder: Path, name: str, *options: str
) -> tuple[object, str, str]:
    """Run the command on a golden proof of any system, with all that it needs."""
    golden = GOLDEN_PROOFS[name]
    proof = written(folder, golden.proof)
    values = written(folder, golden.public_values, "values.bin")
    given = ["--system", golden.system, "--public-values", str(values)]
    if golden.verifier_key is not None:
        given += ["--verifier-key", str(written(folder, golden.verifier_key, "key.bin"))]
    if "--program-vk" not in options:
        given += ["--program-vk", str(golden.program_vk)]
    with pytest.raises(SystemExit) as left:
        run(["verify", str(proof), *given, *options])
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


@pytest.mark.parametrize("option", ["--public-values", "--verifier-key"])
def test_verify__not_checked_without_a_file_of_an_option(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str
) -> None:
    missing, folder = tmp_path / "missing.bin", tmp_path
    answer = outcome(capsys, SP1_PROOF_FILE, option, str(missing))
    assert answer == (2, "", f"zkattest: {missing}: No such file or directory\n")
    answer = outcome(capsys, SP1_PROOF_FILE, option, str(folder))
    assert answer == (2, "", f"zkattest: {folder}: not a regular file\n")


def test_verify__not_checked_for_a_name_that_no_file_has(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Names come from outside, too: what does not print does not reach the terminal."""
    answer = outcome(capsys, Path("missing\x1b[31m\n\udcff.bin"))
    assert answer == (2, "", "zkattest: missing?[31m ?.bin: No such file or directory\n")


def test_verify__too_large_names_the_size_of_the_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    huge = tmp_path / "huge.bin"
    with huge.open("wb") as file:
        file.truncate(64 << 30)
    code, out, err = outcome(capsys, huge, "--json")
    assert (code, err) == (1, "")
    assert json.loads(out) == {
        "verdict": "invalid",
        "reason": "proof_too_large",
        "operands": {"got": 64 << 30, "limit": 4 << 20},
    }


def test_verify__not_checked_for_a_folder(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert outcome(capsys, tmp_path) == (2, "", f"zkattest: {tmp_path}: not a regular file\n")


def test_verify__not_checked_for_a_pipe_nobody_writes_to(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pipe = tmp_path / "proof"
    os.mkfifo(pipe)
    assert outcome(capsys, pipe) == (2, "", f"zkattest: {pipe}: not a regular file\n")


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


@pytest.mark.parametrize("name", GOLDEN_PROOFS)
def test_verify__valid_for_every_system(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    golden = GOLDEN_PROOFS[name]
    code, out, err = outcome_of(capsys, tmp_path, name)
    assert (code, err) == (0, "")
    assert out.startswith(f"valid: {golden.system} proof of program {golden.program_vk}\n")
    assert f"0x{golden.public_values.hex()}\n" in out
    assert f"circuit: {golden.version}; decode " in out


def test_verify__not_checked_without_the_journal(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    golden = GOLDEN_PROOFS["risc0-groth16"]
    proof = written(tmp_path, golden.proof)
    arguments = ["--system", "risc0-groth16", "--program-vk", str(golden.program_vk)]
    with pytest.raises(SystemExit) as left:
        run(["verify", str(proof), *arguments])
    assert left.value.code == 2
    expected = f"not checked: {proof}: public_values_missing: "
    assert capsys.readouterr().out.startswith(expected)


def test_verify__not_checked_for_an_unknown_selector(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    golden = GOLDEN_PROOFS["sp1-groth16-given-key"]
    proof = written(tmp_path, golden.proof)
    values = written(tmp_path, golden.public_values, "values.bin")
    arguments = ["--system", "sp1-groth16", "--program-vk", str(golden.program_vk)]
    with pytest.raises(SystemExit) as left:
        run(["verify", str(proof), *arguments, "--public-values", str(values), "--json"])
    report = json.loads(capsys.readouterr().out)
    assert left.value.code == 2
    assert report == {
        "verdict": "not_checked",
        "cause": "unknown_verifier_parameters",
        "detail": f"no verifier key for SP1 groth16 proofs of {golden.version}; "
        "known are v5.0.0, v6.1.0",
    }


def test_verify__not_checked_for_a_withdrawn_circuit_with_and_without_its_key(
    capsys: pytest.CaptureFixture[str],
) -> None:
    proof, key = WITHDRAWN / "proof.bin", WITHDRAWN / "plonk_vk.bin"
    program = "0x" + (WITHDRAWN / "program_vk.bin").read_bytes().hex()
    arguments = ["--system", "sp1-plonk", "--program-vk", program]
    given = ["--public-values", str(WITHDRAWN / "public_values.bin")]
    with pytest.raises(SystemExit) as left:
        run(["verify", str(proof), *arguments, *given, "--json"])
    detail = "unsupported: SP1 v6.0.0 proofs: false ones can be made (GHSA-63x8-x938-vx33)"
    assert left.value.code == 2
    assert json.loads(capsys.readouterr().out) == {
        "verdict": "not_checked",
        "cause": "unsupported_proof_kind",
        "detail": detail,
    }
    with pytest.raises(SystemExit) as left:
        run(["verify", str(proof), *arguments, *given, "--verifier-key", str(key)])
    captured = capsys.readouterr()
    line = f"zkattest: arguments: --verifier-key: unsupported_proof_kind: {detail}\n"
    assert (left.value.code, captured.out, captured.err) == (2, "", line)


def test_verify__not_checked_for_openvm(capsys: pytest.CaptureFixture[str]) -> None:
    proof = FIXTURES / "openvm-2.1-stark" / "proof.bin"
    arguments = ["--system", "openvm", "--program-vk", "0x" + "00" * 32]
    with pytest.raises(SystemExit) as left:
        run(["verify", str(proof), *arguments])
    assert left.value.code == 2
    expected = f"not checked: {proof}: unsupported_proof_kind: unsupported: OpenVM "
    assert capsys.readouterr().out.startswith(expected)


def test_verify__program_of_a_generic_circuit_is_found(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    golden = GOLDEN_PROOFS["groth16-bn254-snarkjs"]
    proof = written(tmp_path, golden.proof)
    values = written(tmp_path, golden.public_values, "values.bin")
    key = FIXTURES / "groth16-bn254" / "verification_key.json"
    arguments = ["--system", "groth16-bn254", "--verifier-key", str(key)]
    with pytest.raises(SystemExit) as left:
        run(["verify", str(proof), *arguments, "--public-values", str(values)])
    assert left.value.code == 0
    assert f"program {golden.program_vk}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("system", "key", "blamed"),
    [
        ("sp1", b"key", "--verifier-key: verifier_key_malformed (detail=this proof system takes"),
        ("sp1-groth16", b"key", "--verifier-key: verifier_key_malformed (detail="),
        ("sp1-plonk", b"", "--verifier-key: verifier_key_malformed (detail="),
        ("groth16-bn254", b"key", "--program-vk: program_key_mismatch (expected=0x"),
        ("groth16-bn254", None, "--verifier-key: verifier_key_missing: "),
    ],
)
def test_verify__not_checked_for_a_verifier_key_that_is_none(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    system: str,
    key: bytes | None,
    blamed: str,
) -> None:
    options = ["--system", system, "--program-vk", KEY]
    if key is not None:
        options += ["--verifier-key", str(written(tmp_path, key, "key.bin"))]
    with pytest.raises(SystemExit) as left:
        run(["verify", str(SP1_PROOF_FILE), *options])
    captured = capsys.readouterr()
    assert (left.value.code, captured.out) == (2, "")
    assert captured.err.startswith(f"zkattest: arguments: {blamed}")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("key", "detail"),
    [
        (b"", "it is cut, after 0 bytes"),
        (b"{", "EOF while parsing an object at line 1 column 1"),
        (b'{"protocol": "groth16"', "EOF while parsing an object at line 1 column 22"),
        (b"{}", "missing field `protocol` at line 1 column 2"),
        (b'{"\xff": 1}', "invalid unicode code point at line 1 column 3"),
        (b"[]", "it is cut, after 2 bytes"),
    ],
)
def test_verify__not_checked_for_a_circuit_that_cannot_be_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, key: bytes, detail: str
) -> None:
    golden = GOLDEN_PROOFS["groth16-bn254-snarkjs"]
    proof = written(tmp_path, golden.proof)
    options = ["--system", "groth16-bn254", "--verifier-key"]
    with pytest.raises(SystemExit) as left:
        run(["verify", str(proof), *options, str(written(tmp_path, key, "key.json")), "--json"])
    captured = capsys.readouterr()
    reason = f"verifier_key_malformed (detail={detail})"
    assert (left.value.code, captured.out) == (2, "")
    assert captured.err == f"zkattest: arguments: --verifier-key: {reason}\n"


def test_verify__does_not_repeat_a_key_at_length(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    key = written(tmp_path, b'{"' + b"A" * 60_000 + b'": 1}', "key.json")
    options = ["--system", "groth16-bn254", "--verifier-key", str(key)]
    with pytest.raises(SystemExit) as left:
        run(["verify", str(SP1_PROOF_FILE), *options])
    captured = capsys.readouterr()
    assert (left.value.code, captured.out) == (2, "")
    start = "zkattest: arguments: --verifier-key: verifier_key_malformed (detail=unknown field `AAA"
    assert captured.err.startswith(start)
    assert len(captured.err) < 300


def test_verify__not_checked_for_a_system_of_another_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as left:
        run(["verify", str(SP1_PROOF_FILE), "--system", "sp2", "--program-vk", KEY])
    captured = capsys.readouterr()
    assert (left.value.code, captured.out) == (2, "")
    assert captured.err.startswith("zkattest: arguments: Invalid value for '--system': ")
    assert captured.err.count("\n") == 1


def test_verify__help_explains_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run(["verify", "--help"])
    assert left.value.code == 0
    folded = " ".join(capsys.readouterr().out.split())
    for words in (
        "Exit codes: 0 valid, 1 invalid, 2 could not check (bad input included).",
        "proof <path> Proof file (RISC Zero: the seal). [required]",
        "Proof system. [required]",
        "RISC Zero: the image id.",
        "(RISC Zero: the journal).",
        "Other systems take none.",
        "Print the answer as one JSON object.",
        *(str(system) for system in ProofSystem),
    ):
        assert words in folded


def test_verify__interrupt_ends_a_long_verification_at_once(tmp_path: Path) -> None:
    """A false PLONK proof keeps the extension busy for seconds, and it hears of no signal."""
    golden = GOLDEN_PROOFS["sp1-plonk"]
    proof = written(tmp_path, golden.proof)
    values = written(tmp_path, b"other", "values.bin")
    script = (
        "import sys, zkattest.cli.verify\n"
        "from zkattest.cli.main import run\n"
        "print('ready', flush=True)\n"
        "run(sys.argv[1:])"
    )
    arguments = ["verify", proof, "--system", golden.system, "--program-vk", golden.program_vk]
    command = [sys.executable, "-c", script, *map(str, arguments), "--public-values", str(values)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        watched = psutil.Process(process.pid)
        started_s = watched.cpu_times().user
        # By its own processor time: far less than verifying takes, far more than what comes before.
        while watched.cpu_times().user < started_s + 0.5:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (-signal.SIGINT, "", "")


def test_verify__not_checked_without_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run(["verify", str(SP1_PROOF_FILE), "--system", "sp1"])
    assert left.value.code == 2
    assert capsys.readouterr().err == "zkattest: arguments: --program-vk: missing\n"


def test_verify__not_checked_for_a_large_verifier_key(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    key = written(tmp_path, bytes((1 << 16) + 1), "key.bin")
    options = ("--verifier-key", str(key))
    code, out, err = outcome(capsys, SP1_PROOF_FILE, *options)
    assert (code, out) == (2, "")
    assert err == f"zkattest: {key}: verifier key: more than 65536 bytes\n"


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


def test_decode_statement__padded_with_zeros_and_nothing_else() -> None:
    statement = PublicValues(Root(b"\x01" * 32), True, ChainId(7), 0x7886)
    padded = statement.encode().ljust(256, b"\0")
    assert decode_statement(padded) == statement
    for other in (padded[:-1], padded + b"\0", padded[:-1] + b"\1"):
        assert decode_statement(other) is None


def test_describe__says_that_the_sentinel_states_nothing() -> None:
    statement = decode_statement(bytes(43))
    assert statement is not None
    assert describe(statement) == "none; the program could not use its input"


@pytest.mark.parametrize("values", [b"", bytes(42), b"\xff" * 43, b"\x01" + bytes(42)])
def test_decode_statement__none_for_values_of_other_programs(values: bytes) -> None:
    assert decode_statement(values) is None
