"""Every recorded block executes alike in the Python specification of Osaka."""

import json
from typing import Any

import pytest

from tests.oracle.client import execute_chain
from tools.chain.files import CHAIN, Case, cases
from zkattest.crypto.blocks import decode_block
from zkattest.types.execution import BlockPackage, ExecutionClaim

CASES = list(cases())
EMPTY_TRIE_ROOT = "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, Any]]:
    """Execute the whole chain once, from its genesis."""
    genesis = json.loads((CHAIN / "genesis.json").read_text())
    blocks = [BlockPackage.decode(case.block.read_bytes()).block for case in CASES]
    names = [case.directory.name for case in CASES]
    return dict(zip(names, execute_chain(genesis, blocks), strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.directory.name)
def test_oracle__agrees_with_the_claim(case: Case, answers: dict[str, dict[str, Any]]) -> None:
    claim = ExecutionClaim.decode(case.claim.read_bytes())
    answer = answers[case.directory.name]
    claimed = {
        "block_hash": claim.block_hash.hex(),
        "post_state_root": claim.post_state_root.hex(),
        "transactions_root": claim.deferred_transactions_root.hex(),
        "receipts_root": claim.receipts_root.hex(),
        "logs_bloom": claim.logs_bloom.hex(),
        "requests_hash": claim.requests_hash.hex(),
        "execution_reverted": claim.execution_reverted,
    }
    assert claimed == {name: answer[name] for name in claimed}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.directory.name)
def test_oracle__agrees_with_the_header(case: Case, answers: dict[str, dict[str, Any]]) -> None:
    header = decode_block(BlockPackage.decode(case.block.read_bytes()).block).header
    answer = answers[case.directory.name]
    assert header.pre_state_root.hex() == answer["pre_state_root"]
    assert header.withdrawals_root.hex() == answer["withdrawals_root"]
    assert header.base_fee_per_gas == answer["base_fee_per_gas"]
    assert header.excess_blob_gas == answer["excess_blob_gas"]
    if answer["execution_reverted"]:
        # The oracle says what the transactions use; the header declared something else.
        assert header.gas_used != answer["gas_used"]
        assert answer["transactions_root"] == EMPTY_TRIE_ROOT
    else:
        assert header.gas_used == answer["gas_used"]
        assert header.blob_gas_used == answer["blob_gas_used"]


def test_oracle__sees_the_revert_and_the_request(answers: dict[str, dict[str, Any]]) -> None:
    reverted = {name for name, answer in answers.items() if answer["execution_reverted"]}
    assert reverted == {"0011_wrong_gas"}
    requested = {name for name, answer in answers.items() if answer["requests"]}
    assert requested == {"0009_withdrawals_and_request"}
