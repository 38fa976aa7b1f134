"""Every execution vector on the native function and on the Python specification of Osaka."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.oracle.environment import OracleError, ensure_environment
from tools.chain.cast import ALICE, BOB
from tools.vectors.execution import contracts
from tools.vectors.execution.abi import encode_call
from tools.vectors.execution.case import ExpectationError, Story, make_case
from tools.vectors.execution.scene import Scene
from tools.vectors.execution.token import TOKEN, balance_slot, place_token, transferred
from zkattest import _core
from zkattest.conformance.execution import (
    check_execution,
    read_execution_case,
    read_stateless_input,
)
from zkattest.conformance.outcome import differences
from zkattest.conformance.static import read_claim
from zkattest.crypto.blocks import decode_block
from zkattest.crypto.hashing import hash_tree_root_claim
from zkattest.node.embed import check_block
from zkattest.spec.presets import OSAKA
from zkattest.spec.reasons import CannotVerify, InvalidBlock
from zkattest.types.execution import BlockPackage
from zkattest.types.ids import Root

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "vectors" / "eip7886" / "execution"
FOLDER_OF_SCHEMAS = ROOT / "vectors" / "schemas"
ORACLE = ROOT / "tests" / "oracle" / "execute_each.py"
FOLDERS = sorted(path.parent for path in PACK.glob("*/*/case.json"))
NAMES = [str(folder.relative_to(PACK)) for folder in FOLDERS]
EMPTY_TRIE_ROOT = "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
NOTHING = bytes(43)
# Oracles that run side by side; one process needs most of a core.
PROCESSES = 2

Json = dict[str, Any]

on_every_case = pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)


def read(folder: Path, name: str) -> Json:
    content: Json = json.loads((folder / f"{name}.json").read_text())
    return content


EXPECTED = {name: read(folder, "expected") for name, folder in zip(NAMES, FOLDERS, strict=True)}
CLAIMED = [name for name in NAMES if EXPECTED[name]["verdict"] == "valid"]


def test_pack__is_large_enough_and_covers_the_groups() -> None:
    tags = [read(folder, "case")["tags"] for folder in FOLDERS]
    assert len(FOLDERS) >= 60
    assert sum("contract" in one for one in tags) >= 40
    assert {name.split("/")[0] for name in NAMES} == {
        "blobs",
        "create2",
        "deep_calls",
        "delayed",
        "delegation",
        "erc20",
        "gas",
        "multicall",
        "no_statement",
        "opcodes",
        "precompiles",
        "requests",
        "selfdestruct",
        "swap",
        "transfers",
        "withdrawals",
    }


def test_pack__has_every_precompile_of_osaka() -> None:
    numbers = {int(name.split("/")[1][:3], 16) for name in NAMES if name.startswith("precompiles/")}
    assert numbers >= {*range(0x01, 0x12), 0x100}


SCHEMAS = {path.name: json.loads(path.read_text()) for path in FOLDER_OF_SCHEMAS.glob("*.json")}
REGISTRY: Registry[Any] = Registry().with_contents(
    SCHEMAS.items(), default_specification=DRAFT202012
)
VALIDATORS = {
    "case": Draft202012Validator(SCHEMAS["case.schema.json"], registry=REGISTRY),
    "input": Draft202012Validator(SCHEMAS["execution-input.schema.json"], registry=REGISTRY),
    "expected": Draft202012Validator(SCHEMAS["execution-expected.schema.json"], registry=REGISTRY),
}


@on_every_case
def test_files__are_as_their_schemas_say(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {f"{name}.json" for name in VALIDATORS}
    for name, validator in VALIDATORS.items():
        assert [error.message for error in validator.iter_errors(read(folder, name))] == []


@on_every_case
def test_native_function__gives_the_public_values(folder: Path) -> None:
    case = read_execution_case(folder, folder.name, "execution")
    assert case.expected.values.keys() == {"public_values"}
    assert differences(case.expected, check_execution(case), is_complete=False) == []


@pytest.mark.parametrize("name", CLAIMED)
def test_public_values__bind_the_whole_claim(name: str) -> None:
    expected = EXPECTED[name]
    claim = read_claim(expected["claim"], "claim")
    values = bytes.fromhex(expected["public_values"][2:])
    block = decode_block(read_stateless_input(read(PACK / name, "input")).block)
    assert expected["claim_root"] == "0x" + hash_tree_root_claim(claim).hex()
    assert values[:32] == hash_tree_root_claim(claim)
    assert claim.block_hash == block.block_hash
    assert claim.transactions_root == block.transactions_root()
    assert claim.execution_reverted is (expected["revert"] is not None)
    assert bool(expected["receipts"]) is (bool(block.transactions) and not claim.execution_reverted)


@on_every_case
def test_static_check__gives_the_verdict(folder: Path) -> None:
    given = read(folder, "input")
    stateless = read_stateless_input(given)
    package = BlockPackage(
        chain_id=stateless.chain_id,
        block=stateless.block,
        parent_claim=read_claim(given["parent_claim"], "parent_claim"),
        versioned_hashes=tuple(Root.from_hex(one) for one in given["versioned_hashes"]),
        witness=stateless.witness,
    )
    try:
        check_block(package, OSAKA)
        verdict = {"verdict": "valid"}
    except InvalidBlock as refusal:
        verdict = {"verdict": "invalid", "reason": refusal.reason.value}
    except CannotVerify as failure:
        verdict = {"verdict": "cannot_check", "cause": failure.cause.value}
    assert read(folder, "expected")["static"] == verdict


@pytest.mark.parametrize("cut", [0, 1, 15, 16, -1])
def test_native_function__gives_zeros_for_bytes_that_are_no_input(cut: int) -> None:
    whole = read_stateless_input(read(PACK / "erc20" / "transfer__valid", "input")).encode()
    assert _core.run_statement(whole) != NOTHING
    assert _core.run_statement(whole[:cut]) == NOTHING
    assert _core.run_statement(whole + b"\0") == NOTHING


def ask_oracle(python: Path, names: list[str]) -> list[Json]:
    request = {"cases": [read(PACK / name, "input") for name in names]}
    done = subprocess.run(
        [str(python), "-I", str(ORACLE)],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise OracleError(done.stderr.strip())
    answers: list[Json] = json.loads(done.stdout)["answers"]
    return answers


@pytest.fixture(scope="module")
def answers() -> dict[str, Json]:
    """Execute every block that has a claim, once."""
    python = ensure_environment()
    shares = [CLAIMED[start::PROCESSES] for start in range(PROCESSES)]
    with ThreadPoolExecutor(PROCESSES) as pool:
        parts = list(pool.map(lambda names: ask_oracle(python, names), shares))
    return {
        name: answer
        for names, part in zip(shares, parts, strict=True)
        for name, answer in zip(names, part, strict=True)
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", CLAIMED)
def test_oracle__agrees_with_the_claim(name: str, answers: dict[str, Json]) -> None:
    answer, claim = answers[name], EXPECTED[name]["claim"]
    expected = {
        "block_hash": claim["block_hash"],
        "post_state_root": claim["post_state_root"],
        "transactions_root": claim["deferred_transactions_root"],
        "receipts_root": claim["receipts_root"],
        "logs_bloom": claim["logs_bloom"],
        "requests_hash": claim["requests_hash"],
    }
    assert {one: "0x" + answer[one] for one in expected} == expected
    assert answer["execution_reverted"] is claim["execution_reverted"]
    if claim["execution_reverted"]:
        assert answer["transactions_root"] == EMPTY_TRIE_ROOT


@pytest.mark.slow
@pytest.mark.parametrize("name", CLAIMED)
def test_oracle__agrees_with_the_header(name: str, answers: dict[str, Json]) -> None:
    answer, expected = answers[name], EXPECTED[name]
    header = decode_block(read_stateless_input(read(PACK / name, "input")).block).header
    assert header.pre_state_root.hex() == answer["pre_state_root"]
    assert header.withdrawals_root.hex() == answer["withdrawals_root"]
    assert header.base_fee_per_gas == answer["base_fee_per_gas"]
    assert header.excess_blob_gas == answer["excess_blob_gas"]
    if not answer["execution_reverted"]:
        assert header.gas_used == expected["gas_used"] == answer["gas_used"]
        assert header.blob_gas_used == answer["blob_gas_used"]
    else:
        assert expected["gas_used"] == 0
        assert header.gas_used != answer["gas_used"]


@pytest.mark.slow
@pytest.mark.parametrize("name", CLAIMED)
def test_oracle__agrees_with_every_change_of_the_state(name: str, answers: dict[str, Json]) -> None:
    state = read(PACK / name, "input")["pre_state"]
    for address, change in EXPECTED[name]["post_state"].items():
        if change is None:
            del state[address]
            continue
        account = state.setdefault(address, {"balance": 0, "nonce": 0, "code": "0x", "storage": {}})
        slots = account["storage"] | change.pop("storage", {})
        kept = {slot: value for slot, value in slots.items() if value != "0x0"}
        state[address] = {**account, **change, "storage": kept}
    assert {
        address: {**one, "balance": hex(int(one["balance"])), "nonce": hex(one["nonce"])}
        for address, one in state.items()
    } == answers[name]["post_state"]


STORY = Story("erc20", "wrong", "", "", "", ())


def transfer(*, logged: int = 250, kept: int = 750, used: int | None = None) -> Scene:
    """Send 250 of Alice's 1000 tokens to Bob, and expect what the arguments say."""
    scene = Scene(ALICE)
    place_token(scene, {ALICE: 1_000})
    data = encode_call("transfer(address,uint256)", BOB.address, 250)
    scene.send(ALICE, TOKEN, data, logs=[transferred(ALICE, BOB, logged)], used=used)
    scene.store(TOKEN, {balance_slot(ALICE): kept, balance_slot(BOB): 250})
    return scene


def test_case__made_with_the_right_expectations() -> None:
    assert make_case(STORY, transfer().seal()).expected["verdict"] == "valid"


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"logged": 251}, "receipts root"),
        ({"kept": 751}, "post-state root"),
        ({"used": 21_000}, "gas of a transaction"),
    ],
)
def test_case__refused_with_a_wrong_expectation(wrong: dict[str, int], what: str) -> None:
    with pytest.raises(ExpectationError, match=what):
        make_case(STORY, transfer(**wrong).seal())


def test_case__refused_without_the_revert_that_happens() -> None:
    with pytest.raises(ExpectationError, match="declared_gas_mismatch"):
        make_case(STORY, transfer().seal(declared_gas=100_000, reverted=True))


def test_case__refused_with_a_wrong_static_verdict() -> None:
    with pytest.raises(ExpectationError, match="static verdict"):
        make_case(STORY, transfer().seal(), static="balance_too_low")


def test_case__refused_with_a_request_that_is_none() -> None:
    scene = transfer()
    scene.request(1, b"no request")
    with pytest.raises(ExpectationError, match="requests hash"):
        make_case(STORY, scene.seal())


@pytest.mark.skipif(not contracts.has_node(), reason="node and npm are not installed")
def test_contracts__compile_to_the_committed_bytecode() -> None:
    try:
        contracts.ensure_compiler()
    except contracts.CompilerError as missing:
        pytest.skip(f"the compiler's packages cannot be installed: {missing}")
    assert contracts.compile_all() == json.loads(contracts.BYTECODE.read_text())


@pytest.mark.slow
def test_generator__makes_the_same_bytes_under_another_hash_seed() -> None:
    """Compare every committed file, the page of the pack among them, with one made now."""
    command = [sys.executable, "-m", "tools.vectors.execution", "check"]

    def check(seed: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )

    with ThreadPoolExecutor(PROCESSES) as pool:
        for done in pool.map(check, ["0", "1"]):
            assert done.returncode == 0, done.stderr
