"""What a check may take: each bound, the value just inside it, and that no work comes first."""

from dataclasses import replace

import pytest

from tests.helpers import rlp
from tests.helpers.blocks import Case, TestAccount, parent_header
from tests.helpers.transactions import RECIPIENT, Tx, authorization, key
from zkattest.crypto.blocks import WitnessAccounts
from zkattest.crypto.header_rlp import encode_header
from zkattest.node.embed import check_block
from zkattest.spec.budget import (
    CheckBudget,
    require_signatures_in_budget,
    require_witness_in_budget,
)
from zkattest.spec.presets import OSAKA
from zkattest.spec.reasons import CannotVerify, Cause, InvalidBlock
from zkattest.spec.state_reader import StateReader
from zkattest.spec.static_block import read_block
from zkattest.types.errors import CheckExhausted
from zkattest.types.execution import ExecutionWitness
from zkattest.types.ids import BlockHash, Root

TWO = Case(transactions=(Tx(signer=key(1)), Tx(signer=key(2))))
TYPE_4 = Case(
    transactions=(
        Tx(type=4, gas=80_000, authorizations=(authorization(key(2)), authorization(key(3)))),
    )
)
PACKAGE = TWO.package()
WITNESS = PACKAGE.witness
SIZE_BYTES = sum(map(len, WITNESS.state))


def check(case: Case, **bounds: int) -> str | None:
    """Check a block under a budget; give what was beyond it."""
    try:
        check_block(case.package(), budget=CheckBudget(**bounds))
    except CannotVerify as failure:
        return f"{failure.cause}: {failure.detail}"
    return None


@pytest.mark.parametrize(
    ("case", "bound", "enough"),
    [
        (TWO, "max_witness_bytes", SIZE_BYTES),
        (TWO, "max_witness_nodes", len(WITNESS.state)),
        (TWO, "max_signatures", 2),
        (TYPE_4, "max_signatures", 3),
    ],
)
def test_block__not_checked_beyond_budget(case, bound, enough):
    assert check(case, **{bound: enough}) is None
    beyond = check(case, **{bound: enough - 1})
    assert beyond.startswith(f"out_of_resources: {enough} ")


def test_walks__not_checked_beyond_budget():
    # Four accounts under one branch: each walk passes the branch and a leaf.
    assert check(TWO, max_walk_steps=4) is None
    assert (
        check(TWO, max_walk_steps=3)
        == "out_of_resources: more than 3 steps through the state's trie"
    )


def test_codes__count_towards_the_bytes():
    code = b"\xef\x01\x00" + bytes(20)
    case = TWO.but(accounts={Tx(signer=key(n)).sender: TestAccount(code=code) for n in (1, 2)})
    size_bytes = sum(map(len, case.package().witness.state)) + 2 * len(code)
    assert check(case, max_witness_bytes=size_bytes) is None
    assert check(case, max_witness_bytes=size_bytes - 1) is not None


def test_transactions__not_decoded_beyond_budget():
    # A million transactions of one byte each are malformed: only whoever decodes them can say so.
    header = encode_header(TWO.child_header())
    block = rlp.as_list(header + rlp.as_list(bytes(1 << 20)) + b"\xc0\xc0")
    few = rlp.as_list(header + rlp.as_list(bytes(1 << 10)) + b"\xc0\xc0")
    with pytest.raises(InvalidBlock):
        read_block(few, OSAKA)
    with pytest.raises(CannotVerify) as caught:
        read_block(block, OSAKA)
    assert caught.value.cause is Cause.OUT_OF_RESOURCES
    most = 1_024 + len(block) // 64
    assert caught.value.detail == f"1048576 transactions, limit {most}"


def test_witness__of_crumbs_not_checked():
    def witness(nodes: int, size_bytes: int) -> ExecutionWitness:
        return ExecutionWitness((bytes(size_bytes),) * nodes, (), ())

    require_witness_in_budget(witness(100_000, 64), CheckBudget())
    require_witness_in_budget(witness(1_024, 0), CheckBudget())
    with pytest.raises(CannotVerify, match="1025 nodes in a witness of 0 bytes, at most 1024"):
        require_witness_in_budget(witness(1_025, 0), CheckBudget())


def test_witness__refused_before_a_node_is_hashed():
    # Hashing would stumble: these are no bytes.
    witness = replace(WITNESS, state=("x" * 40,) * 3)
    budget = CheckBudget(max_witness_nodes=2)
    reader = StateReader(Root(bytes(32)), BlockHash(bytes(32)), witness, budget=budget)
    with pytest.raises(CannotVerify, match="3 nodes in the witness, at most 2"):
        reader.accounts([bytes(20)])


def test_witness_accounts__exhausted_for_all_or_none():
    accounts = WitnessAccounts(WITNESS.state, (), TWO.state.root, max_steps=3)
    with pytest.raises(CheckExhausted):
        accounts.accounts([Tx(signer=key(1)).sender, Tx(signer=key(2)).sender])
    assert len(accounts.accounts([Tx(signer=key(1)).sender])) == 1


def test_signatures__default_leaves_room_for_3_6_billion_gas():
    most = 3_600_000_000 // 21_000
    assert most < CheckBudget().max_signatures


def test_signatures__as_many_as_a_block_of_its_size_can_have():
    # One and the same authorization with the smallest numbers, far below 64 bytes.
    short = [0, RECIPIENT, 0, 0, 1, 1]
    columns = read_block(TYPE_4.block_rlp(), OSAKA).columns
    columns = replace(columns, authorizations=columns.authorizations + 1_500)
    require_signatures_in_budget(columns, 64 * (1_503 - 1_024), CheckBudget())
    with pytest.raises(CannotVerify, match="1503 signatures in a block of 30655 bytes, at most"):
        require_signatures_in_budget(columns, 64 * (1_503 - 1_024) - 1, CheckBudget())
    tx = Tx(type=4, gas=1 << 24, authorizations=(short,) * 660)
    crowd = Case(transactions=tuple(tx.but(nonce=n) for n in range(3)))
    crowd = crowd.but(parent=parent_header(gas_limit=10**9, gas_used=5 * 10**8))
    size = len(crowd.block_rlp())
    beyond = f"1983 signatures in a block of {size} bytes, at most {1_024 + size // 64} are checked"
    assert check(crowd) == f"out_of_resources: {beyond}"
