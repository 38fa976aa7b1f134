"""Who pays: kind of account, balance and nonce, in the order of the block."""

from dataclasses import replace

import pytest

from tests.helpers.blocks import ETHER, GWEI, Case, TestAccount
from tests.helpers.transactions import RECIPIENT, Tx, blob_hash, key
from zkattest.spec.presets import OSAKA
from zkattest.spec.reasons import CannotVerify, Cause, InvalidBlock, Reason

# 21,000 gas at base fee 1 Gwei plus priority fee 1 Gwei, and a value of one wei.
COST = 21_000 * 2 * GWEI + 1
DELEGATION = b"\xef\x01\x00" + RECIPIENT
SENDER = Tx().sender


def only(**account: object) -> dict[bytes, TestAccount]:
    return {SENDER: TestAccount(**account)}


def refusal(case: Case, **flags: bool) -> tuple[Reason, dict]:
    with pytest.raises(InvalidBlock) as caught:
        case.check(OSAKA.with_flags(**flags))
    return caught.value.reason, caught.value.operands


def test_sender__valid_with_exactly_the_cost():
    Case(accounts=only(balance=COST)).check()


def test_sender__refused_one_wei_short():
    assert refusal(Case(accounts=only(balance=COST - 1))) == (
        Reason.BALANCE_TOO_LOW,
        {"index": 0, "sender": SENDER, "got": COST - 1, "needed": COST},
    )


def test_sender__refused_when_it_does_not_exist():
    accounts = {RECIPIENT: TestAccount()}
    assert refusal(Case(accounts=accounts)) == (
        Reason.BALANCE_TOO_LOW,
        {"index": 0, "sender": SENDER, "got": 0, "needed": COST},
    )


def test_sender__refused_in_an_empty_state():
    assert refusal(Case(accounts={}))[0] is Reason.BALANCE_TOO_LOW


def test_sender__refused_below_the_cap_under_cap_balance():
    case = Case(accounts=only(balance=COST))
    assert refusal(case, cap_balance=True) == (
        Reason.BALANCE_TOO_LOW,
        {"index": 0, "sender": SENDER, "got": COST, "needed": 21_000 * 10 * GWEI + 1},
    )


def test_balance__runs_over_all_transactions_of_a_sender():
    transactions = (Tx(), Tx(nonce=1))
    Case(transactions=transactions, accounts=only(balance=2 * COST)).check()
    assert refusal(Case(transactions=transactions, accounts=only(balance=2 * COST - 1))) == (
        Reason.BALANCE_TOO_LOW,
        {"index": 1, "sender": SENDER, "got": COST - 1, "needed": COST},
    )


def test_balance__does_not_count_what_arrives_within_the_block():
    rich, poor = Tx(signer=key(2), value=ETHER // 2, to=SENDER), Tx()
    accounts = {rich.sender: TestAccount(), SENDER: TestAccount(balance=COST - 1)}
    case = Case(transactions=(rich, poor), accounts=accounts)
    assert refusal(case)[1]["index"] == 1


def test_balance__pays_for_blobs():
    tx = Tx(type=3, blobs=(blob_hash(1), blob_hash(2)))
    cost = COST + 2 * 2**17
    Case(transactions=(tx,), accounts=only(balance=cost)).check()
    operands = refusal(Case(transactions=(tx,), accounts=only(balance=cost - 1)))[1]
    assert operands["needed"] == cost
    capped = refusal(Case(transactions=(tx,), accounts=only(balance=cost)), cap_balance=True)[1]
    assert capped["needed"] == 21_000 * 10 * GWEI + 2 * 2**17 * GWEI + 1


def test_balance__survives_absurd_caps():
    tx = Tx(max_fee=2**64 - 1, priority_fee=2**64 - 1, value=2**256 - 1)
    assert refusal(Case(transactions=(tx,)))[0] is Reason.BALANCE_TOO_LOW


@pytest.mark.parametrize("nonce", [0, 4, 6])
def test_nonce__refused_out_of_sequence(nonce):
    case = Case(transactions=(Tx(nonce=nonce),), accounts=only(nonce=5))
    assert refusal(case) == (
        Reason.NONCE_MISMATCH,
        {"index": 0, "sender": SENDER, "got": nonce, "expected": 5},
    )


def test_nonce__valid_up_to_the_last_but_one():
    last = 2**64 - 2
    Case(transactions=(Tx(nonce=last),), accounts=only(nonce=last)).check()


def test_nonce__follows_within_the_block():
    accounts = only(nonce=5)
    Case(transactions=(Tx(nonce=5), Tx(nonce=6)), accounts=accounts).check()
    for second in (5, 7):
        case = Case(transactions=(Tx(nonce=5), Tx(nonce=second)), accounts=accounts)
        assert refusal(case) == (
            Reason.NONCE_MISMATCH,
            {"index": 1, "sender": SENDER, "got": second, "expected": 6},
        )


def test_code__valid_when_it_is_a_delegation():
    Case(accounts=only(code=DELEGATION)).check()


@pytest.mark.parametrize("code", [b"\x00", DELEGATION + b"\0", b"\xef\x02\x00" + RECIPIENT])
def test_code__refused_when_it_is_a_contract(code):
    assert refusal(Case(accounts=only(code=code))) == (
        Reason.SENDER_NOT_EOA,
        {"index": 0, "sender": SENDER, "code_bytes": len(code)},
    )


def test_code__not_checked_when_the_witness_lacks_it():
    with pytest.raises(CannotVerify) as caught:
        Case(accounts=only(code=DELEGATION), codes=()).check()
    assert caught.value.cause is Cause.MISSING_CODE
    assert caught.value.detail.startswith(f"sender 0x{SENDER.hex()} of transaction 0: code 0x")


def test_account__not_checked_when_the_witness_lacks_a_node():
    case = Case()
    for lost in range(1, len(case.state.nodes) + 1):
        with pytest.raises(CannotVerify) as caught:
            replace(case, lost_nodes=lost).check()
        assert caught.value.cause is Cause.MISSING_NODE
        if lost < len(case.state.nodes):
            return
    assert "at path ''" in caught.value.detail
