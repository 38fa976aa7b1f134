"""First block of the fork: its parent is an Osaka header, whose own fields are its outputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, fields, replace
from typing import Any

from eth_utils.crypto import keccak

from tests.helpers import rlp
from tests.helpers.blocks import GAS_LIMIT, GWEI, Case, parent_header
from tests.helpers.transactions import Tx
from tools.vectors.model import Group, Vector, fine, refused, unknown
from zkattest.conformance.outcome import Outcome
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.execution import EMPTY_REQUESTS_HASH, BlockPackage, OsakaHeader
from zkattest.types.ids import BlockHash, Root

GROUP = Group("boundary", tags=("header",))
EMPTY = Case(transactions=(), accounts={})
GIVEN = "the first block of the fork, on a parent with the 21 fields of an Osaka header"
_SHARED = {one.name for one in fields(OsakaHeader)} & {one.name for one in fields(parent_header())}


def cases() -> Iterator[Vector]:
    """Give every case of the group."""
    yield from parents()
    yield from claims()
    yield from repeated_outputs()


def osaka_header(**changes: Any) -> OsakaHeader:
    """Give the last header before the fork; its execution left an empty state."""
    header = OsakaHeader(
        **{name: getattr(parent_header(), name) for name in _SHARED},
        state_root=EMPTY.claim.post_state_root,
        transactions_root=Root(keccak(b"transactions")),
        receipt_root=Root(keccak(b"receipts")),
        bloom=bytes(255) + b"\x01",
        requests_hash=EMPTY_REQUESTS_HASH,
    )
    return replace(header, **changes)


def first_block(parent: OsakaHeader, **header: Any) -> Case:
    """Make the child of an Osaka header; its claim says what that header says."""
    parent_hash = BlockHash(keccak(encoded(parent)))
    outputs = {
        "block_hash": parent_hash,
        "transactions_root": parent.transactions_root,
        "post_state_root": parent.state_root,
        "deferred_transactions_root": parent.transactions_root,
        "receipts_root": parent.receipt_root,
        "logs_bloom": parent.bloom,
        "requests_hash": parent.requests_hash,
        "execution_reverted": False,
    }
    numbers = parent_header(number=parent.number, timestamp=parent.timestamp)
    return EMPTY.but(parent=numbers, outputs=outputs, header={"parent_hash": parent_hash, **header})


def encoded(parent: OsakaHeader) -> bytes:
    """Encode a header with the tests' own encoder."""
    return rlp.encode(list(astuple(parent)))


def question(case: Case, parent: bytes, **claim: Any) -> BlockPackage:
    """Put the parent's bytes into the package."""
    package = case.package()
    return replace(
        package,
        witness=replace(package.witness, headers=(parent,)),
        parent_claim=replace(package.parent_claim, **claim),
    )


def vector(
    name: str, when: str, then: str, parent: OsakaHeader, expected: Outcome, **header: Any
) -> Vector:
    """Describe one case."""
    case = first_block(parent, **header)
    made = GROUP.vector(name, (GIVEN, when, then), case, expected)
    given = GROUP.vector(name, (GIVEN, when, then), question(case, encoded(parent)), expected)
    return replace(made, input=given.input)


def parents() -> Iterator[Vector]:
    """What follows from the parent: number, base fee, blob gas."""
    yield vector("first__valid", "it repeats the parent's own roots, flag false", "valid",
                 osaka_header(), fine())  # fmt: skip
    genesis = osaka_header(number=0, timestamp=0, gas_used=0)
    yield vector(
        "first__valid_after_genesis",
        "the parent is genesis, which used no gas",
        "the base fee falls by an eighth",
        genesis,
        fine(),
        base_fee_per_gas=875_000_000,
    )
    full = osaka_header(gas_used=GAS_LIMIT, blob_gas_used=9 * 2**17)
    yield vector(
        "base_fee__valid_after_a_full_parent",
        "the parent used all of its gas and nine blobs",
        "fees rise as ever: nothing was reverted before the fork",
        full,
        fine(),
        base_fee_per_gas=1_125_000_000,
        excess_blob_gas=3 * 2**17,
    )
    yield vector(
        "base_fee__invalid_after_a_full_parent",
        "the parent used all of its gas, and the base fee stays",
        "it has to rise by an eighth",
        full,
        refused(Reason.BASE_FEE_MISMATCH, got=GWEI, expected=1_125_000_000),
    )
    yield vector(
        "number__invalid",
        "the numbers begin again",
        "the fork changes no number",
        osaka_header(),
        refused(Reason.NUMBER_MISMATCH, got=0, expected=7),
        number=0,
    )


def claims() -> Iterator[Vector]:
    """A claim about the parent has nothing to add to its header."""
    parent = osaka_header()
    case = first_block(parent)
    claims_of: tuple[tuple[str, dict[str, Any]], ...] = (
        ("reverted", {"execution_reverted": True}),
        ("receipts_root", {"receipts_root": Root(bytes(32))}),
        ("transactions_root", {"transactions_root": Root(bytes(32))}),
        ("block_hash", {"block_hash": BlockHash(bytes(32))}),
    )
    for name, change in claims_of:
        yield GROUP.vector(
            f"claim__cannot_check_other_{name}",
            (GIVEN, f"the claim of the parent has another {name}",
             "before the fork a header speaks for itself: this claim is of no use"),
            question(case, encoded(parent), **change),
            unknown(Cause.MISSING_PARENT),
        )  # fmt: skip
    values = list(astuple(parent))
    for name, items in (
        ("20_fields", values[:-1]),
        ("22_fields_of_no_fork", [*values, b""]),
        ("short_nonce", [*values[:14], bytes(7), *values[15:]]),
    ):
        yield GROUP.vector(
            f"parent__cannot_check_{name}",
            (GIVEN, f"the parent's header is malformed: {name.replace('_', ' ')}",
             "neither a header of this fork nor of the last one"),
            question(case, rlp.encode(items)),
            unknown(Cause.UNREADABLE_INPUT),
        )  # fmt: skip


def repeated_outputs() -> Iterator[Vector]:
    """The child repeats the parent's ordinary fields."""
    parent = osaka_header()
    outputs = (
        ("parent_transactions_root", bytes(32), parent.transactions_root),
        ("parent_receipt_root", bytes(32), parent.receipt_root),
        ("parent_bloom", bytes(256), parent.bloom),
        ("parent_requests_hash", bytes(32), parent.requests_hash),
        ("pre_state_root", bytes(32), parent.state_root),
        ("parent_execution_reverted", True, False),
    )
    for name, got, expected in outputs:
        yield vector(
            f"{name}__invalid",
            f"its {name} is not that of the parent's header",
            "the parent's ordinary fields are its outputs, flag false",
            parent,
            refused(Reason(f"{name}_mismatch"), got=got, expected=expected),
            **{name: got},
        )
    filled = Case(outputs={}, transactions=(Tx(),))
    state = osaka_header(state_root=filled.claim.post_state_root)
    case = replace(
        filled,
        outputs=first_block(state).outputs,
        header=first_block(state).header,
    )
    made = GROUP.vector(
        "transactions__valid",
        (GIVEN, "it carries a transaction", "accounts are read under the parent's state root"),
        case,
        fine(),
    )
    given = GROUP.vector("x", ("", "", ""), question(case, encoded(state)), fine())
    yield replace(made, input=given.input)
