"""The fork's first block: its parent is a block of Osaka, whose header has its own outputs."""

from dataclasses import fields, replace

import pytest

from tests.helpers import rlp
from tests.helpers.blocks import Case, parent_header
from zkattest.crypto.blocks import decode_osaka_header, decode_parent_header
from zkattest.crypto.hashing import keccak256
from zkattest.crypto.header_rlp import encode_header, header_hash
from zkattest.node.embed import check_block
from zkattest.spec.binding import outputs_before_fork
from zkattest.spec.reasons import CannotVerify, Cause, InvalidBlock, Reason
from zkattest.types.errors import BlockDecodeError
from zkattest.types.execution import EMPTY_REQUESTS_HASH, BlockPackage, OsakaHeader
from zkattest.types.ids import Root

SHARED = {one.name for one in fields(OsakaHeader)} & {one.name for one in fields(parent_header())}


def last_of_osaka(**changes: object) -> OsakaHeader:
    same = {name: getattr(parent_header(), name) for name in SHARED}
    header = OsakaHeader(
        **same,
        state_root=Case().claim.post_state_root,
        transactions_root=Root(keccak256(b"transactions")),
        receipt_root=Root(keccak256(b"receipts")),
        bloom=bytes(255) + b"\x01",
        requests_hash=EMPTY_REQUESTS_HASH,
    )
    return replace(header, **changes)


def first_block(parent: OsakaHeader, **header: object) -> BlockPackage:
    claim = outputs_before_fork(parent)
    case = Case(header={"parent_hash": header_hash(parent), **header})
    package = case.package()
    witness = replace(package.witness, headers=(encode_header(parent),))
    return replace(package, parent_claim=claim, witness=witness)


def test_osaka_header__survives_and_has_the_hash_of_its_bytes():
    parent = last_of_osaka(difficulty=2**200, extra_data=bytes(range(32)), number=2**64 - 1)
    encoded = encode_header(parent)
    assert decode_osaka_header(encoded) == (parent, keccak256(encoded))
    assert decode_parent_header(encoded) == (parent, keccak256(encoded))


@pytest.mark.parametrize("name", [one.name for one in fields(OsakaHeader)])
def test_osaka_header__refused_by_the_name_of_its_field(name):
    items = [getattr(last_of_osaka(), one.name) for one in fields(OsakaHeader)]
    items[[one.name for one in fields(OsakaHeader)].index(name)] = [b"a list"]
    with pytest.raises(BlockDecodeError) as caught:
        decode_osaka_header(rlp.encode(items))
    assert (caught.value.word, caught.value.field) == ("malformed_header", name)


@pytest.mark.parametrize("count", [20, 22])
def test_osaka_header__refused_with_another_number_of_fields(count):
    values = [getattr(last_of_osaka(), one.name) for one in fields(OsakaHeader)]
    with pytest.raises(BlockDecodeError):
        decode_osaka_header(rlp.encode([*values, b""][:count]))


def test_first_block__valid_with_the_parents_own_fields():
    assert check_block(first_block(last_of_osaka())).number == 7


def test_first_block__base_fee_follows_the_parents_gas():
    parent = last_of_osaka(gas_used=30_000_000)
    with pytest.raises(InvalidBlock) as caught:
        check_block(first_block(parent))
    assert caught.value.reason is Reason.BASE_FEE_MISMATCH
    assert caught.value.operands == {"got": 10**9, "expected": 1_125_000_000}


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("parent_transactions_root", Root(bytes(32)), Reason.PARENT_TRANSACTIONS_ROOT_MISMATCH),
        ("parent_receipt_root", Root(bytes(32)), Reason.PARENT_RECEIPT_ROOT_MISMATCH),
        ("parent_bloom", bytes(256), Reason.PARENT_BLOOM_MISMATCH),
        ("parent_requests_hash", Root(bytes(32)), Reason.PARENT_REQUESTS_HASH_MISMATCH),
        ("pre_state_root", Root(bytes(32)), Reason.PRE_STATE_ROOT_MISMATCH),
        ("parent_execution_reverted", True, Reason.PARENT_EXECUTION_REVERTED_MISMATCH),
    ],
)
def test_first_block__refused_with_other_outputs(field, value, reason):
    with pytest.raises(InvalidBlock) as caught:
        check_block(first_block(last_of_osaka(), **{field: value}))
    assert caught.value.reason is reason


def test_first_block__not_checked_against_a_claim_that_is_not_the_headers():
    package = first_block(last_of_osaka())
    claim = replace(package.parent_claim, execution_reverted=True)
    with pytest.raises(CannotVerify) as caught:
        check_block(replace(package, parent_claim=claim))
    assert caught.value.cause is Cause.MISSING_PARENT
