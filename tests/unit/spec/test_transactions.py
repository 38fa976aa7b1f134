"""Each rule of a transaction refuses by its own reason, with the transaction's index."""

import pytest

from tests.helpers.blocks import GWEI, Case, parent_header
from tests.helpers.transactions import (
    CHAIN_ID,
    ORDER,
    RECIPIENT,
    Tx,
    authorization,
    blob_hash,
    key,
    sign,
)
from zkattest.spec.presets import OSAKA
from zkattest.spec.reasons import InvalidBlock, Reason
from zkattest.spec.transactions import is_valid_delegation

BLOB = Tx(type=3, blobs=(blob_hash(1),))
SET_CODE = Tx(type=4, gas=46_000, authorizations=(authorization(key(9)),))
ACCESS_LIST = ((RECIPIENT, (bytes(32), b"\x01" * 32)),)


def refusal(tx: Tx, **case: object) -> tuple[Reason, dict]:
    """Put the transaction behind a good one, so that its index is seen to be its own."""
    with pytest.raises(InvalidBlock) as caught:
        Case(transactions=(Tx(signer=key(2)), tx), **case).check()
    assert caught.value.operands.pop("index") == 1
    return caught.value.reason, caught.value.operands


@pytest.mark.parametrize(
    "tx",
    [
        Tx(type=0),
        Tx(type=0, protected=False),
        Tx(type=1, gas=27_200, access_list=ACCESS_LIST),
        Tx(),
        BLOB,
        SET_CODE,
        Tx(to=b"", data=bytes(32), gas=53_130),
        BLOB.but(blobs=tuple(blob_hash(n) for n in range(6))),
        BLOB.but(blob_fee=1),
        Tx(max_fee=2**64 - 1),
        Tx(max_fee=GWEI, priority_fee=GWEI),
        Tx(gas=25_000, data=b"\x01" * 100),
        Tx(to=b"", data=bytes(49_152), gas=2**24),
    ],
)
def test_transaction__valid(tx):
    assert Case(transactions=(tx,)).check().notices == ()


@pytest.mark.parametrize("kind", [0, 1, 2, 3, 4])
def test_chain_id__refused_in_every_type(kind):
    tx = {3: BLOB, 4: SET_CODE}.get(kind, Tx(type=kind)).but(chain_id=999)
    assert refusal(tx) == (
        Reason.TRANSACTION_CHAIN_ID_MISMATCH,
        {"got": 999, "expected": CHAIN_ID},
    )


@pytest.mark.parametrize(
    ("tx", "reason", "operands"),
    [
        (
            Tx(nonce=2**64 - 1),
            Reason.TRANSACTION_NONCE_TOO_LARGE,
            {"got": 2**64 - 1, "limit": 2**64 - 2},
        ),
        (
            Tx(gas=2**24 + 1),
            Reason.TRANSACTION_GAS_EXCEEDS_CAP,
            {"got": 2**24 + 1, "limit": 2**24},
        ),
        (
            Tx(to=b"", data=bytes(49_153), gas=2**24),
            Reason.INITCODE_TOO_LARGE,
            {"got": 49_153, "limit": 49_152},
        ),
        (Tx(gas=20_999), Reason.INTRINSIC_GAS_EXCEEDS_GAS, {"got": 20_999, "needed": 21_000}),
        (
            Tx(data=b"\x01" * 100, gas=24_999),
            Reason.FLOOR_GAS_EXCEEDS_GAS,
            {"got": 24_999, "needed": 25_000},
        ),
        (
            Tx(type=1, gas=27_199, access_list=ACCESS_LIST),
            Reason.INTRINSIC_GAS_EXCEEDS_GAS,
            {"got": 27_199, "needed": 27_200},
        ),
        (
            Tx(to=b"", data=bytes(33), gas=53_135),
            Reason.INTRINSIC_GAS_EXCEEDS_GAS,
            {"got": 53_135, "needed": 53_136},
        ),
        (
            SET_CODE.but(gas=45_999),
            Reason.INTRINSIC_GAS_EXCEEDS_GAS,
            {"got": 45_999, "needed": 46_000},
        ),
        (Tx(max_fee=2**64), Reason.FEE_CAP_TOO_LARGE, {"got": 2**64, "limit": 2**64 - 1}),
        (
            Tx(type=0, max_fee=2**64),
            Reason.FEE_CAP_TOO_LARGE,
            {"got": 2**64, "limit": 2**64 - 1},
        ),
        (
            Tx(max_fee=2 * GWEI, priority_fee=2 * GWEI + 1),
            Reason.PRIORITY_FEE_EXCEEDS_MAX_FEE,
            {"got": 2 * GWEI + 1, "limit": 2 * GWEI},
        ),
        (
            Tx(max_fee=GWEI - 1, priority_fee=0),
            Reason.MAX_FEE_BELOW_BASE_FEE,
            {"got": GWEI - 1, "needed": GWEI},
        ),
        (Tx(type=0, max_fee=1), Reason.MAX_FEE_BELOW_BASE_FEE, {"got": 1, "needed": GWEI}),
        (BLOB.but(to=b""), Reason.BLOB_TRANSACTION_WITHOUT_RECIPIENT, {}),
        (BLOB.but(blobs=()), Reason.BLOB_TRANSACTION_WITHOUT_BLOBS, {}),
        (
            BLOB.but(blobs=tuple(blob_hash(n) for n in range(7))),
            Reason.TOO_MANY_BLOBS_IN_TRANSACTION,
            {"got": 7, "limit": 6},
        ),
        (
            BLOB.but(blobs=(blob_hash(1), blob_hash(2, version=2))),
            Reason.BLOB_VERSION_UNKNOWN,
            {"position": 1, "got": 2, "expected": 1},
        ),
        (BLOB.but(blob_fee=0), Reason.MAX_BLOB_FEE_BELOW_BLOB_BASE_FEE, {"got": 0, "needed": 1}),
        (SET_CODE.but(to=b""), Reason.SET_CODE_TRANSACTION_WITHOUT_RECIPIENT, {}),
        (SET_CODE.but(authorizations=()), Reason.AUTHORIZATION_LIST_EMPTY, {}),
        (Tx(signature=(2, 1, 1)), Reason.SIGNATURE_PARITY_INVALID, {"got": 2}),
        # A legacy `v` that looks like a parity is none.
        (Tx(type=0, signature=(0, 1, 1)), Reason.SIGNATURE_PARITY_INVALID, {"got": 0}),
        (Tx(type=0, signature=(1, 1, 1)), Reason.SIGNATURE_PARITY_INVALID, {"got": 1}),
        (Tx(type=0, signature=(29, 1, 1)), Reason.SIGNATURE_PARITY_INVALID, {"got": 29}),
        (
            Tx(type=0, signature=(2**200, 1, 1)),
            Reason.SIGNATURE_PARITY_INVALID,
            {"got": 2**200},
        ),
        (Tx(signature=(0, 0, 1)), Reason.SIGNATURE_OUT_OF_RANGE, {"r": 0, "s": 1}),
        (Tx(signature=(0, ORDER, 1)), Reason.SIGNATURE_OUT_OF_RANGE, {"r": ORDER, "s": 1}),
        (Tx(signature=(0, 1, 0)), Reason.SIGNATURE_OUT_OF_RANGE, {"r": 1, "s": 0}),
        # No point of the curve has this x coordinate.
        (Tx(signature=(0, 5, 1)), Reason.SIGNATURE_INVALID, {}),
    ],
)
def test_transaction__refused(tx, reason, operands):
    assert refusal(tx) == (reason, operands)


def test_signature__refused_high_s():
    y_parity, r, s = sign(key(1), Tx().digest())
    tx = Tx(signature=(1 - y_parity, r, ORDER - s))
    assert refusal(tx) == (Reason.SIGNATURE_S_TOO_HIGH, {"got": ORDER - s, "limit": ORDER // 2})


def test_signature__half_the_order_is_low_enough():
    # It is nobody's here, or that of somebody without money: refused, but not for its height.
    reason, _ = refusal(Tx(signature=(0, sign(key(1), bytes(32))[1], ORDER // 2)))
    assert reason is Reason.BALANCE_TOO_LOW


def test_blob_fee__compared_with_the_price_of_the_excess():
    # 100 * 5007716: e**100 / 1 wei is far above any of the caps here.
    excess = 30 * OSAKA.blobs.base_fee_update_fraction
    parent = parent_header(excess_blob_gas=excess, base_fee_per_gas=7, blob_gas_used=6 * 2**17)
    header = {"excess_blob_gas": excess, "base_fee_per_gas": 7}
    reason, operands = refusal(BLOB, parent=parent, header=header)
    assert reason is Reason.MAX_BLOB_FEE_BELOW_BLOB_BASE_FEE
    assert operands == {"got": GWEI, "needed": 10_686_474_581_524}


@pytest.mark.parametrize(
    ("code", "valid"),
    [
        (b"\xef\x01\x00" + RECIPIENT, True),
        (b"", False),
        (b"\xef\x01\x00" + RECIPIENT[:-1], False),
        (b"\xef\x01\x00" + RECIPIENT + b"\0", False),
        (b"\xef\x01\x01" + RECIPIENT, False),
    ],
)
def test_delegation__has_one_form(code, valid):
    assert is_valid_delegation(code) is valid
