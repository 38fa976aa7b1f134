"""Header, base fee, blob gas and outputs: blocks without a body, so that nothing else matters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.helpers.blocks import GAS_LIMIT, GWEI, Case, parent_header
from tools.vectors.model import Group, Vector, fine, header_hash, refused
from zkattest.spec.reasons import Notice, Reason
from zkattest.types.execution import EMPTY_OMMERS_HASH

STEP = GAS_LIMIT // 1024
BLOB = 2**17
MAX64 = 2**64 - 1
EMPTY = Case(transactions=(), accounts={})
HEADER = Group("header", tags=("header",))
FEES = Group("fees", tags=("header",))
OUTPUTS = Group("outputs", tags=("header",))
PARENT = "an empty block on a parent with a gas limit of 30,000,000"


def cases() -> Iterator[Vector]:
    """Give every case of the three groups."""
    yield from constants()
    yield from ancestry()
    yield from gas_limits()
    yield from base_fees()
    yield from excess_blob_gas()
    yield from outputs()


def constants() -> Iterator[Vector]:
    """Fields that have one value since the merge."""

    def case(name: str, when: str, then: str, expected: Any, **header: Any) -> Vector:
        return HEADER.vector(name, (PARENT, when, then), EMPTY.but(header=header), expected)

    yield case("ordinary__valid", "nothing is special", "it is valid", fine())
    yield case(
        "extra_data__valid_32_bytes",
        "the extra data has 32 bytes",
        "just short enough",
        fine(),
        extra_data=b"\xab" * 32,
    )
    yield case(
        "extra_data__invalid_33_bytes",
        "the extra data has 33 bytes",
        "one byte too long",
        refused(Reason.EXTRA_DATA_TOO_LONG, got=33, limit=32),
        extra_data=b"\xab" * 33,
    )
    for name, difficulty in (("one", 1), ("huge", 2**255)):
        yield case(
            f"difficulty__invalid_{name}",
            f"the difficulty is {difficulty}",
            "since the merge it is zero",
            refused(Reason.DIFFICULTY_NOT_ZERO, got=difficulty),
            difficulty=difficulty,
        )
    for name, nonce in (("last", bytes(7) + b"\1"), ("first", b"\x80" + bytes(7))):
        yield case(
            f"nonce__invalid_{name}_byte",
            f"the {name} byte of the header's nonce is not zero",
            "since the merge all eight are",
            refused(Reason.HEADER_NONCE_NOT_ZERO, got=nonce),
            nonce=nonce,
        )
    for name, value in (("zero", bytes(32)), ("changed", EMPTY_OMMERS_HASH[:31] + b"\0")):
        yield case(
            f"ommers_hash__invalid_{name}",
            f"the ommers hash is {name}",
            "it has to be the hash of the empty list",
            refused(Reason.OMMERS_HASH_MISMATCH, got=value, expected=EMPTY_OMMERS_HASH),
            ommers_hash=value,
        )


def ancestry() -> Iterator[Vector]:
    """Number, parent hash and timestamp."""

    def case(
        name: str, when: str, then: str, expected: Any, parent: Any = None, **header: Any
    ) -> Vector:
        question = EMPTY.but(header=header, parent=parent or parent_header())
        return HEADER.vector(name, (PARENT, when, then), question, expected)

    for number in (0, 6, 8, MAX64):
        yield case(
            f"number__invalid_{number}",
            f"the parent has number 6, the block {number}",
            "it has to be 7",
            refused(Reason.NUMBER_MISMATCH, got=number, expected=7),
            number=number,
        )
    yield case(
        "number__valid_last_of_64_bits",
        "the parent has number 2**64 - 2, the block 2**64 - 1",
        "the largest number there is",
        fine(),
        parent=parent_header(number=MAX64 - 1),
    )
    yield case(
        "number__invalid_wraps",
        "the parent has number 2**64 - 1, the block 0",
        "numbers do not begin again",
        refused(Reason.NUMBER_MISMATCH, got=0, expected=2**64),
        parent=parent_header(number=MAX64),
        number=0,
    )
    other = header_hash(parent_header(extra_data=b"\1"))
    for name, value in (("zero", bytes(32)), ("of_another_header", other)):
        yield case(
            f"parent_hash__invalid_{name}",
            f"the parent hash is {name.replace('_', ' ')}",
            "it has to be the hash of the parent's header",
            refused(Reason.PARENT_HASH_MISMATCH, got=value, expected=header_hash(parent_header())),
            parent_hash=value,
        )
    for time in (999, 1_000):
        yield case(
            f"timestamp__invalid_{time}",
            f"the parent's timestamp is 1000, the block's {time}",
            "it has to be later",
            refused(Reason.TIMESTAMP_NOT_AFTER_PARENT, got=time, parent=1_000),
            timestamp=time,
        )
    for time in (1_001, MAX64):
        yield case(
            f"timestamp__valid_{time}",
            f"the parent's timestamp is 1000, the block's {time}",
            "any later second will do",
            fine(),
            timestamp=time,
        )


def gas_limits() -> Iterator[Vector]:
    """Gas limit, its step, and the declared gas."""

    def case(name: str, when: str, then: str, expected: Any, parent: int, **header: Any) -> Vector:
        above = parent_header(gas_limit=parent, gas_used=parent // 2)
        given = f"an empty block on a parent with a gas limit of {parent}"
        question = EMPTY.but(parent=above, header=header)
        return HEADER.vector(name, (given, when, then), question, expected)

    for name, sign in (("up", 1), ("down", -1)):
        limit = GAS_LIMIT + sign * (STEP - 1)
        yield case(
            f"gas_limit__valid_largest_step_{name}",
            f"the gas limit is {limit}",
            "the step is one short of parent // 1024",
            fine(),
            GAS_LIMIT,
            gas_limit=limit,
        )
        limit = GAS_LIMIT + sign * STEP
        yield case(
            f"gas_limit__invalid_step_{name}",
            f"the gas limit is {limit}",
            "the step has to be smaller than parent // 1024",
            refused(Reason.GAS_LIMIT_STEP_TOO_LARGE, got=limit, parent=GAS_LIMIT, limit=29_296),
            GAS_LIMIT,
            gas_limit=limit,
        )
    yield case(
        "gas_limit__invalid_parent_too_small_to_step",
        "parent // 1024 is zero",
        "no step is smaller than zero, not even none",
        refused(Reason.GAS_LIMIT_STEP_TOO_LARGE, got=1_023, parent=1_023, limit=0),
        1_023,
    )
    yield case("gas_limit__valid_5000", "the gas limit stays", "the minimum", fine(), 5_000)
    yield case(
        "gas_limit__invalid_4999",
        "the gas limit falls to 4999",
        "below the minimum; the step of three would be allowed",
        refused(Reason.GAS_LIMIT_BELOW_MINIMUM, got=4_999, limit=5_000),
        5_002,
        gas_limit=4_999,
    )
    yield case(
        "gas_used__valid_all_of_the_limit",
        "the declared gas is the gas limit",
        "allowed; nothing in the block can use it, so execution will be reverted",
        fine((Notice.CERTAIN_REVERT, {"got": GAS_LIMIT, "limit": 0})),
        GAS_LIMIT,
        gas_used=GAS_LIMIT,
    )
    yield case(
        "gas_used__invalid_above_the_limit",
        "the declared gas is one more than the gas limit",
        "refused",
        refused(Reason.GAS_USED_EXCEEDS_GAS_LIMIT, got=GAS_LIMIT + 1, limit=GAS_LIMIT),
        GAS_LIMIT,
        gas_used=GAS_LIMIT + 1,
    )


# Parent: gas limit, gas used, base fee, reverted; then what EIP-1559 gives, and the reason why.
BASE_FEES = (
    ("at_target", GAS_LIMIT, GAS_LIMIT // 2, GWEI, False, GWEI, "at the target it stays"),
    ("full_parent", GAS_LIMIT, GAS_LIMIT, GWEI, False, 1_125_000_000, "an eighth more"),
    ("empty_parent", GAS_LIMIT, 0, GWEI, False, 875_000_000, "an eighth less"),
    ("one_gas_above", GAS_LIMIT, 15_000_001, GWEI, False, GWEI + 8, "1 Gwei // 15M // 8 = 8"),
    ("one_gas_below", GAS_LIMIT, 14_999_999, GWEI, False, GWEI - 8, "1 Gwei // 15M // 8 = 8"),
    ("odd_limit", GAS_LIMIT + 1, GAS_LIMIT // 2, GWEI, False, GWEI, "the target is rounded down"),
    ("least_rise", GAS_LIMIT, GAS_LIMIT, 7, False, 8, "7 // 8 is zero, and one wei is the least"),
    ("no_least_fall", GAS_LIMIT, 0, 7, False, 7, "7 // 8 is zero, and a fall has no least"),
    ("zero_rises", GAS_LIMIT, GAS_LIMIT, 0, False, 1, "from zero it rises by the least"),
    ("zero_stays", GAS_LIMIT, 0, 0, False, 0, "zero does not fall"),
    ("reverted_full", GAS_LIMIT, GAS_LIMIT, GWEI, True, 875_000_000, "no gas of it counts"),
    ("reverted_half", GAS_LIMIT, GAS_LIMIT // 2, GWEI, True, 875_000_000, "no gas of it counts"),
    ("reverted_empty", GAS_LIMIT, 0, GWEI, True, 875_000_000, "no gas of it counts"),
)


def base_fees() -> Iterator[Vector]:
    """Base fee, with the gas of the parent or without it."""
    for name, limit, used, fee, is_reverted, result, why in BASE_FEES:
        question = EMPTY.but(
            parent=parent_header(gas_limit=limit, gas_used=used, base_fee_per_gas=fee),
            outputs={"execution_reverted": is_reverted},
        )
        given = (
            f"a {'reverted ' if is_reverted else ''}parent with gas limit {limit}, "
            f"gas used {used}, base fee {fee}"
        )
        yield FEES.vector(
            f"base_fee__valid_{name}",
            (given, f"the base fee is {result}", why),
            question.but(header={"base_fee_per_gas": result}),
            fine(),
        )
        for wrong in {result + 1, max(result - 1, 0)} - {result}:
            yield FEES.vector(
                f"base_fee__invalid_{name}_{'above' if wrong > result else 'below'}",
                (given, f"the base fee is {wrong}", f"it has to be {result}: {why}"),
                question.but(header={"base_fee_per_gas": wrong}),
                refused(Reason.BASE_FEE_MISMATCH, got=wrong, expected=result),
            )
    # What a reverted parent declared must not move the fee.
    yield FEES.vector(
        "base_fee__invalid_counts_reverted_gas",
        ("a full parent, reverted", "the base fee rises by an eighth", "its gas counts as zero"),
        EMPTY.but(
            parent=parent_header(gas_used=GAS_LIMIT),
            outputs={"execution_reverted": True},
            header={"base_fee_per_gas": 1_125_000_000},
        ),
        refused(Reason.BASE_FEE_MISMATCH, got=1_125_000_000, expected=875_000_000),
    )


# Parent: excess, blob gas used, base fee; then the excess that EIP-4844 and EIP-7918 give.
# With base fee 16 a blob's execution cost, 2**13 * 16, just equals the blob price 2**17 * 1.
EXCESSES = (
    ("nothing", 0, 0, 16, 0, "below the target nothing is carried"),
    ("one_below_target", 131_071, 5 * BLOB, 16, 0, "one blob gas below the target"),
    ("at_target", 0, 6 * BLOB, 16, 0, "at the target, in the branch of EIP-4844"),
    ("one_above_target", 1, 6 * BLOB, 16, 1, "what is above the target is carried"),
    ("three_above_target", 0, 9 * BLOB, 16, 3 * BLOB, "three blobs above the target are carried"),
    ("floor_at_target", 0, 6 * BLOB, 17, 2 * BLOB, "EIP-7918: a third of the parent's blob gas"),
    ("floor_without_blobs", 6 * BLOB, 0, 17, 6 * BLOB, "EIP-7918: the excess does not shrink"),
    ("no_floor_without_blobs", 6 * BLOB, 0, 16, 0, "EIP-4844: the excess shrinks by the target"),
    ("floor_below_target", 0, 5 * BLOB, 10**9, 0, "below the target the floor is not asked"),
    ("floor_rounds_down", 5 * BLOB + 1, BLOB + 1, 17, 5 * BLOB + 1 + 43_691, "131073 * 3 // 9"),
    ("absurd", MAX64, 0, 16, MAX64 - 6 * BLOB, "checked in no time, whatever the price would be"),
)


def excess_blob_gas() -> Iterator[Vector]:
    """Excess blob gas and the bound of blob gas."""
    for name, excess, used, fee, result, why in EXCESSES:
        parent = parent_header(excess_blob_gas=excess, blob_gas_used=used, base_fee_per_gas=fee)
        given = f"a parent with excess {excess}, blob gas {used}, base fee {fee}"
        header = {"base_fee_per_gas": fee}
        yield FEES.vector(
            f"excess_blob_gas__valid_{name}",
            (given, f"the excess blob gas is {result}", why),
            EMPTY.but(parent=parent, header={**header, "excess_blob_gas": result}),
            fine(),
        )
        yield FEES.vector(
            f"excess_blob_gas__invalid_{name}",
            (given, f"the excess blob gas is {result + 1}", f"it has to be {result}: {why}"),
            EMPTY.but(parent=parent, header={**header, "excess_blob_gas": result + 1}),
            refused(Reason.EXCESS_BLOB_GAS_MISMATCH, got=result + 1, expected=result),
        )
    reverted = EMPTY.but(
        parent=parent_header(blob_gas_used=9 * BLOB, base_fee_per_gas=8),
        outputs={"execution_reverted": True},
    )
    given = "a reverted parent with nine blobs and base fee 8"
    yield FEES.vector(
        "excess_blob_gas__valid_reverted_parent",
        (given, "the excess is three blobs", "blobs of a reverted parent count"),
        reverted.but(header={"base_fee_per_gas": 7, "excess_blob_gas": 3 * BLOB}),
        fine(),
    )
    yield FEES.vector(
        "excess_blob_gas__invalid_reverted_parent",
        (given, "the excess is zero", "blobs of a reverted parent count"),
        reverted.but(header={"base_fee_per_gas": 7}),
        refused(Reason.EXCESS_BLOB_GAS_MISMATCH, got=0, expected=3 * BLOB),
    )
    for name, gas in (("one_gas", 9 * BLOB + 1), ("one_blob", 10 * BLOB)):
        yield FEES.vector(
            f"blob_gas_used__invalid_{name}_above_the_maximum",
            (PARENT, f"the declared blob gas is {gas}", "nine blobs are the most in a block"),
            EMPTY.but(header={"blob_gas_used": gas}),
            refused(Reason.BLOB_GAS_USED_EXCEEDS_MAXIMUM, got=gas, limit=9 * BLOB),
        )
    yield FEES.vector(
        "blob_gas_used__invalid_maximum_without_blobs",
        (PARENT, "the declared blob gas is that of nine blobs", "the header alone would pass"),
        EMPTY.but(header={"blob_gas_used": 9 * BLOB}),
        refused(Reason.BLOB_GAS_USED_MISMATCH, got=9 * BLOB, expected=0),
    )


OUTPUT_FIELDS = (
    ("parent_transactions_root", "deferred_transactions_root", b"\x01" * 32),
    ("parent_receipt_root", "receipts_root", b"\x02" * 32),
    ("parent_bloom", "logs_bloom", b"\x03" * 256),
    ("parent_requests_hash", "requests_hash", b"\x04" * 32),
    ("pre_state_root", "post_state_root", b"\x05" * 32),
)


def outputs() -> Iterator[Vector]:
    """Deferred outputs of the parent, and the first block of the fork."""
    given = "a parent whose claim is known"
    for ours, claimed, value in OUTPUT_FIELDS:
        expected = getattr(EMPTY.claim, claimed)
        yield OUTPUTS.vector(
            f"{ours}__invalid",
            (given, f"the header has another {ours}", f"the claim's {claimed} counts"),
            EMPTY.but(header={ours: value}),
            refused(Reason(f"{ours}_mismatch"), got=value, expected=expected),
        )
        yield OUTPUTS.vector(
            f"{ours}__valid_other_value",
            (given, f"header and claim have another {ours} together", "they agree"),
            EMPTY.but(outputs={claimed: value}),
            fine(),
        )
    flag = Reason.PARENT_EXECUTION_REVERTED_MISMATCH
    yield OUTPUTS.vector(
        "parent_execution_reverted__invalid_true",
        (given, "the header says that it was reverted", "the claim says that it was not"),
        EMPTY.but(header={"parent_execution_reverted": True}),
        refused(flag, got=True, expected=False),
    )
    reverted = EMPTY.but(outputs={"execution_reverted": True})
    yield OUTPUTS.vector(
        "parent_execution_reverted__invalid_false",
        ("a parent that was reverted", "the header says that it was not", "the claim counts"),
        reverted.but(header={"parent_execution_reverted": False, "base_fee_per_gas": 875_000_000}),
        refused(flag, got=False, expected=True),
    )
    yield OUTPUTS.vector(
        "parent_execution_reverted__valid_true",
        ("a parent that was reverted", "the header says so", "they agree"),
        reverted.but(header={"base_fee_per_gas": 875_000_000}),
        fine(),
    )
