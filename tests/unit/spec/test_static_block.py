"""What a block is as a whole: size, body, sums, and the order of the rules."""

from dataclasses import replace

import pytest

from tests.helpers.blocks import ETHER, Case, TestAccount, parent_header
from tests.helpers.transactions import Tx, authorization, blob_hash, key
from zkattest.crypto.blocks import WitnessAccounts
from zkattest.spec.presets import OSAKA
from zkattest.spec.reasons import InvalidBlock, Notice, Reason
from zkattest.spec.static_block import ChainView, read_block, validate_block
from zkattest.types.execution import Withdrawal
from zkattest.types.ids import Address

BLOB = Tx(type=3, blobs=(blob_hash(1), blob_hash(2)))
WITHDRAWALS = (
    Withdrawal(5, 7, Address(b"\x22" * 20), 1_000),
    Withdrawal(6, 2**64 - 1, Address(b"\x23" * 20), 0),
)


def refusal(case: Case, preset=OSAKA) -> tuple[Reason, dict]:
    with pytest.raises(InvalidBlock) as caught:
        case.check(preset)
    return caught.value.reason, caught.value.operands


def test_block__valid_reports_what_it_is():
    case = Case(transactions=(Tx(), BLOB.but(signer=key(2))), withdrawals=WITHDRAWALS)
    report = case.check()
    block = read_block(case.package().block, OSAKA)
    assert report.block_hash == block.block_hash
    assert (report.number, report.transactions, report.notices) == (7, 2, ())


def test_block__valid_when_empty():
    assert Case(transactions=(), accounts={}).check().transactions == 0


def test_block__refused_too_large_before_decoding():
    with pytest.raises(InvalidBlock) as caught:
        read_block(b"\xff" * (8_388_608 + 1), OSAKA)
    assert caught.value.reason is Reason.BLOCK_TOO_LARGE
    assert caught.value.operands == {"got": 8_388_609, "limit": 8_388_608}


def test_block__size_is_compared_with_the_preset():
    case = Case()
    size = len(case.block_rlp())
    case.check(replace(OSAKA, header=replace(OSAKA.header, max_block_bytes=size)))
    smaller = replace(OSAKA, header=replace(OSAKA.header, max_block_bytes=size - 1))
    assert refusal(case, smaller) == (Reason.BLOCK_TOO_LARGE, {"got": size, "limit": size - 1})
    package = case.package()
    block = read_block(package.block, OSAKA)
    chain = ChainView(package.chain_id, case.parent, package.parent_claim)
    accounts = WitnessAccounts(package.witness.state, (), block.header.pre_state_root)
    validate_block(
        chain,
        block,
        accounts,
        (),
        replace(smaller, header=replace(smaller.header, max_block_bytes=size)),
    )
    with pytest.raises(InvalidBlock, match="block_too_large"):
        validate_block(chain, block, accounts, (), smaller)


def test_ommers__refused_when_not_empty():
    assert refusal(Case(ommers=((),))) == (Reason.OMMERS_NOT_EMPTY, {"got": 1})


def test_withdrawals_root__refused():
    reason, operands = refusal(
        Case(withdrawals=WITHDRAWALS, header={"withdrawals_root": bytes(32)})
    )
    assert reason is Reason.WITHDRAWALS_ROOT_MISMATCH
    assert operands["got"] == bytes(32)
    assert operands["expected"] == Case(withdrawals=WITHDRAWALS).child_header().withdrawals_root


@pytest.mark.parametrize(
    ("hashes", "operands"),
    [
        ((), {"got": 2, "expected": 0}),
        ((blob_hash(1),), {"got": 2, "expected": 1}),
        (
            (blob_hash(2), blob_hash(1)),
            {"position": 0, "got": blob_hash(1), "expected": blob_hash(2)},
        ),
        ((blob_hash(1), blob_hash(2), blob_hash(3)), {"got": 2, "expected": 3}),
    ],
)
def test_versioned_hashes__refused(hashes, operands):
    case = Case(transactions=(BLOB,), versioned_hashes=hashes)
    assert refusal(case) == (Reason.VERSIONED_HASHES_MISMATCH, operands)


def test_blob_gas__valid_at_the_maximum():
    six, three = (BLOB.but(blobs=tuple(blob_hash(n) for n in range(count))) for count in (6, 3))
    Case(transactions=(six, three.but(nonce=1))).check()


def test_blob_gas__refused_when_not_what_the_transactions_have():
    case = Case(transactions=(BLOB,), header={"blob_gas_used": 2**17})
    assert refusal(case) == (
        Reason.BLOB_GAS_USED_MISMATCH,
        {"got": 2**17, "expected": 2 * 2**17},
    )


def test_inclusion_gas__refused_above_the_declared_gas():
    transactions = (Tx(), Tx(nonce=1, data=b"\x01" * 100, gas=30_000))
    Case(transactions=transactions, header={"gas_used": 46_000}).check()
    case = Case(transactions=transactions, header={"gas_used": 45_999})
    assert refusal(case) == (
        Reason.INCLUSION_GAS_EXCEEDS_GAS_USED,
        {"got": 46_000, "limit": 45_999},
    )


def test_inclusion_gas__allows_for_refunds_when_told_so():
    # EIP-7702: an authority that exists gives 12,500 gas back, a fifth of 46,000 at most.
    tx = Tx(type=4, gas=46_000, authorizations=(authorization(key(9)),))
    case = Case(transactions=(tx,), header={"gas_used": 36_800})
    assert refusal(case)[0] is Reason.INCLUSION_GAS_EXCEEDS_GAS_USED
    case.check(OSAKA.with_flags(refund_aware=True))
    under = case.but(header={"gas_used": 36_799})
    assert refusal(under, OSAKA.with_flags(refund_aware=True)) == (
        Reason.INCLUSION_GAS_EXCEEDS_GAS_USED,
        {"got": 36_800, "limit": 36_799},
    )


def test_order__header_before_outputs_before_body_before_signature_before_account():
    case = Case(transactions=(Tx(nonce=3, signature=(0, 5, 1)),), ommers=((),))
    wrong = {"number": 1, "parent_bloom": b"\x01" * 256}
    assert refusal(case.but(header=wrong))[0] is Reason.NUMBER_MISMATCH
    del wrong["number"]
    assert refusal(case.but(header=wrong))[0] is Reason.PARENT_BLOOM_MISMATCH
    assert refusal(case)[0] is Reason.OMMERS_NOT_EMPTY
    assert refusal(case.but(ommers=(), header={"gas_used": 0}))[0] is (
        Reason.INCLUSION_GAS_EXCEEDS_GAS_USED
    )
    assert refusal(case.but(ommers=()))[0] is Reason.SIGNATURE_INVALID
    assert refusal(Case(transactions=(Tx(nonce=3),)))[0] is Reason.NONCE_MISMATCH


def notices(case: Case) -> list[tuple[Notice, dict]]:
    return [(one.kind, dict(one.operands)) for one in case.check().notices]


def test_notice__gas_that_does_not_fit_under_the_limit():
    many = tuple(Tx(nonce=n, gas=2**24) for n in range(3))
    case = Case(
        transactions=many,
        accounts={Tx().sender: TestAccount(balance=ETHER)},
        header={"gas_used": 63_000},
    )
    assert notices(case) == []
    many = (*(Tx(nonce=n) for n in range(700)), Tx(nonce=700, gas=2**24))
    case = Case(transactions=many, header={"gas_used": 700 * 21_000 + 21_000})
    assert notices(case) == [
        (Notice.CERTAIN_REVERT, {"index": 700, "got": 700 * 21_000 + 2**24, "limit": 30_000_000})
    ]


def test_notice__declared_gas_that_nobody_can_use():
    case = Case(header={"gas_used": 21_001})
    assert notices(case) == [(Notice.CERTAIN_REVERT, {"got": 21_001, "limit": 21_000})]


def test_notice__gas_that_just_fits_under_the_limit():
    limit = 42_000
    parent = parent_header(gas_limit=limit, gas_used=limit // 2)
    case = Case(transactions=(Tx(), Tx(nonce=1)), parent=parent)
    assert notices(case) == []
    over = Case(transactions=(Tx(), Tx(nonce=1, gas=21_001)), parent=parent)
    assert notices(over.but(header={"gas_used": limit})) == [
        (Notice.CERTAIN_REVERT, {"index": 1, "got": limit + 1, "limit": limit})
    ]


def test_notice__authority_that_is_its_own_sender():
    tx = Tx(type=4, gas=46_000, authorizations=(authorization(key(1), nonce=1),))
    assert notices(Case(transactions=(tx,))) == []
    assert notices(Case(transactions=(tx, Tx(nonce=1)))) == [
        (Notice.NONCE_MAY_DRIFT, {"index": 0, "authority": tx.sender})
    ]


def test_notice__authority_that_is_a_later_sender():
    tx = Tx(type=4, gas=71_000, authorizations=(authorization(key(2)), authorization(key(3))))
    later = Tx(signer=key(2))
    drift = (Notice.NONCE_MAY_DRIFT, {"index": 0, "authority": later.sender})
    assert notices(Case(transactions=(tx, later))) == [drift]
    assert notices(Case(transactions=(later, tx))) == []


def test_notice__authorization_with_a_high_s_signs_nothing():
    good = authorization(key(2))
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    high = [*good[:3], 1 - good[3], good[4], order - good[5]]
    tx = Tx(type=4, gas=46_000, authorizations=(high,))
    assert notices(Case(transactions=(tx, Tx(signer=key(2))))) == []
