"""Payload requests with something in every field, and one with nothing."""

from typing import Final

from zkattest.types.ids import Address, BlockHash, Root
from zkattest.types.payload_request import (
    BuilderDepositRequest,
    BuilderExitRequest,
    ConsolidationRequest,
    DepositRequest,
    ExecutionPayload,
    ExecutionRequests,
    FuluExecutionPayload,
    FuluExecutionRequests,
    NewPayloadRequest,
    Withdrawal,
    WithdrawalRequest,
)

ZERO: Final = Root(bytes(32))
NOBODY: Final = Address(bytes(20))
EMPTY_PAYLOAD: Final = ExecutionPayload(
    parent_hash=BlockHash(ZERO),
    fee_recipient=NOBODY,
    state_root=ZERO,
    receipts_root=ZERO,
    logs_bloom=bytes(256),
    prev_randao=ZERO,
    block_number=0,
    gas_limit=0,
    gas_used=0,
    timestamp=0,
    extra_data=b"",
    base_fee_per_gas=0,
    block_hash=BlockHash(ZERO),
    transactions=(),
    withdrawals=(),
    blob_gas_used=0,
    excess_blob_gas=0,
    block_access_list=b"",
    slot_number=0,
)
EMPTY_REQUEST: Final = NewPayloadRequest(
    EMPTY_PAYLOAD, (), ZERO, ExecutionRequests((), (), (), (), ())
)


def _filled(byte: int, size: int) -> bytes:
    return bytes([byte]) * size


_PAYLOAD: Final = {
    "parent_hash": BlockHash(_filled(1, 32)),
    "fee_recipient": Address(_filled(2, 20)),
    "state_root": Root(_filled(3, 32)),
    "receipts_root": Root(_filled(4, 32)),
    "logs_bloom": bytes(range(256)),
    "prev_randao": Root(_filled(5, 32)),
    "block_number": 93_354,
    "gas_limit": 60_000_000,
    "gas_used": 12_345_678,
    "timestamp": 1_790_000_000,
    "extra_data": b"zkattest",
    "base_fee_per_gas": 2**200 + 7,
    "block_hash": BlockHash(_filled(6, 32)),
    # Progressive trees grow at 1, 5 and 21 leaves: one list and one string cross each.
    "transactions": tuple(_filled(n, 40 * n) for n in range(24)),
    "withdrawals": tuple(Withdrawal(n, n + 1, Address(_filled(n, 20)), n * 7) for n in range(3)),
    "blob_gas_used": 131_072,
    "excess_blob_gas": 393_216,
}
_REQUESTS: Final = {
    "deposits": (DepositRequest(_filled(7, 48), ZERO, 32 * 10**9, _filled(8, 96), 9),),
    "withdrawals": (WithdrawalRequest(NOBODY, _filled(9, 48), 1),),
    "consolidations": (ConsolidationRequest(NOBODY, _filled(10, 48), _filled(11, 48)),),
}
_HASHES: Final = (Root(b"\x01" * 32), Root(b"\x02" * 32))

REQUEST: Final = NewPayloadRequest(
    ExecutionPayload(**_PAYLOAD, block_access_list=_filled(12, 700), slot_number=104_000),
    _HASHES,
    Root(b"\x03" * 32),
    ExecutionRequests(
        **_REQUESTS,
        builder_deposits=(BuilderDepositRequest(_filled(13, 48), ZERO, 1, _filled(14, 96)),),
        builder_exits=(BuilderExitRequest(NOBODY, _filled(15, 48)),) * 6,
    ),
)
FULU_REQUEST: Final = NewPayloadRequest(
    FuluExecutionPayload(**_PAYLOAD),
    _HASHES,
    Root(b"\x03" * 32),
    FuluExecutionRequests(**_REQUESTS),
)
