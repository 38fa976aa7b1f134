"""Two faults in one block: which one is named, rule by rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

from tests.helpers.blocks import GWEI, Case, TestAccount
from tests.helpers.transactions import CHAIN_ID, ORDER, Tx, authorization, blob_hash, key
from tools.vectors.model import Group, Vector, refused, unknown
from tools.vectors.static.decoding import NONE, TX, block_of, header_with, package
from zkattest.conformance.outcome import Outcome
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.execution import EMPTY_OMMERS_HASH, EMPTY_REQUESTS_HASH

GROUP = Group("order")
BLOB = 2**17
MAX64 = 2**64 - 1

# Name, change, and what the change alone is refused for.
Rule = tuple[str, dict[str, Any], Outcome]

# Changes of a header and what each one alone is refused for, in the order of the checks.
HEADER: tuple[Rule, ...] = (
    ("extra_data", {"extra_data": bytes(33)},
     refused(Reason.EXTRA_DATA_TOO_LONG, got=33, limit=32)),
    ("difficulty", {"difficulty": 1}, refused(Reason.DIFFICULTY_NOT_ZERO, got=1)),
    ("nonce", {"nonce": b"\1" * 8}, refused(Reason.HEADER_NONCE_NOT_ZERO, got=b"\1" * 8)),
    ("ommers_hash", {"ommers_hash": bytes(32)},
     refused(Reason.OMMERS_HASH_MISMATCH, got=bytes(32), expected=EMPTY_OMMERS_HASH)),
    ("number", {"number": 9}, refused(Reason.NUMBER_MISMATCH, got=9, expected=7)),
    ("parent_hash", {"parent_hash": bytes(32)},
     refused(Reason.PARENT_HASH_MISMATCH, got=bytes(32),
             expected=Case().claim.block_hash)),
    ("timestamp", {"timestamp": 0},
     refused(Reason.TIMESTAMP_NOT_AFTER_PARENT, got=0, parent=1_000)),
    ("gas_limit", {"gas_limit": 4_000},
     refused(Reason.GAS_LIMIT_STEP_TOO_LARGE, got=4_000, parent=30_000_000, limit=29_296)),
    ("gas_used", {"gas_used": 40_000_000},
     refused(Reason.GAS_USED_EXCEEDS_GAS_LIMIT, got=40_000_000, limit=30_000_000)),
    ("base_fee", {"base_fee_per_gas": 1},
     refused(Reason.BASE_FEE_MISMATCH, got=1, expected=GWEI)),
    ("blob_gas_used", {"blob_gas_used": 10 * BLOB},
     refused(Reason.BLOB_GAS_USED_EXCEEDS_MAXIMUM, got=10 * BLOB, limit=9 * BLOB)),
    ("excess_blob_gas", {"excess_blob_gas": 1},
     refused(Reason.EXCESS_BLOB_GAS_MISMATCH, got=1, expected=0)),
    ("transactions_root", {"parent_transactions_root": b"\1" * 32},
     refused(Reason.PARENT_TRANSACTIONS_ROOT_MISMATCH, got=b"\1" * 32,
             expected=Case().claim.deferred_transactions_root)),
    ("receipt_root", {"parent_receipt_root": b"\1" * 32},
     refused(Reason.PARENT_RECEIPT_ROOT_MISMATCH, got=b"\1" * 32,
             expected=Case().claim.receipts_root)),
    ("bloom", {"parent_bloom": b"\1" * 256},
     refused(Reason.PARENT_BLOOM_MISMATCH, got=b"\1" * 256, expected=Case().claim.logs_bloom)),
    ("requests_hash", {"parent_requests_hash": b"\1" * 32},
     refused(Reason.PARENT_REQUESTS_HASH_MISMATCH, got=b"\1" * 32,
             expected=EMPTY_REQUESTS_HASH)),
    ("pre_state_root", {"pre_state_root": b"\1" * 32},
     refused(Reason.PRE_STATE_ROOT_MISMATCH, got=b"\1" * 32,
             expected=Case().claim.post_state_root)),
    ("reverted", {"parent_execution_reverted": True},
     refused(Reason.PARENT_EXECUTION_REVERTED_MISMATCH, got=True, expected=False)),
)  # fmt: skip

# A fault that the body has beside the header's last one.
OMMERS: tuple[str, dict[str, Any], Outcome] = (
    "ommers",
    {},
    refused(Reason.OMMERS_NOT_EMPTY, got=1),
)


def cases() -> Iterator[Vector]:
    """Give every case of the group."""
    yield from decoding()
    yield from around_decoding()
    yield from header()
    yield from body()
    yield from one_transaction()
    yield from several_transactions()
    yield from senders()


def both(first: str, second: str) -> tuple[str, str, str]:
    """Tell the story of two faults."""
    return (f"a block with two faults: {first} and {second}",
            "both are there", f"{first} is named: it is checked first")  # fmt: skip


def decoding() -> Iterator[Vector]:
    """Bytes are decoded before any rule, lists before what stands in them."""
    short_header = header_with("nonce", b"\x80")
    unknown_type = b"\x05"
    bad_withdrawal = NONE + b"\xc1\x80"
    given = (
        ("transaction_item", "header", block_of(b"\x81\xc0\xb8", header=short_header),
         refused(Reason.MALFORMED_TRANSACTION, index=0, field="transaction")),
        ("header", "transaction", block_of(unknown_type, header=short_header),
         refused(Reason.MALFORMED_HEADER, field="nonce")),
        ("transaction", "withdrawal", block_of(TX, unknown_type, rest=bad_withdrawal),
         refused(Reason.UNKNOWN_TRANSACTION_TYPE, index=1, got=5)),
    )  # fmt: skip
    for first, second, data, expected in given:
        yield GROUP.vector(
            f"decoding__invalid_{first}_before_{second}", both(first, second), package(data),
            expected,
        )  # fmt: skip
    rule_too = block_of(TX, header=header_with("number", b"\x09"), rest=bad_withdrawal)
    yield GROUP.vector(
        "decoding__invalid_before_any_rule",
        both("a withdrawal that does not decode", "a wrong number"),
        package(rule_too),
        refused(Reason.MALFORMED_WITHDRAWAL, index=0),
    )


def around_decoding() -> Iterator[Vector]:
    """What is asked before a block is decoded, and between decoding and the first rule."""
    no_ommer, bad_withdrawal = b"\xc1\x83", b"\xc1\x80"
    for first, second, data, expected in (
        ("transaction", "ommers", block_of(b"\x05", rest=no_ommer + NONE),
         refused(Reason.UNKNOWN_TRANSACTION_TYPE, index=0, got=5)),
        ("ommers", "withdrawal", block_of(rest=no_ommer + bad_withdrawal),
         refused(Reason.MALFORMED_BLOCK, field="ommers")),
    ):  # fmt: skip
        yield GROUP.vector(
            f"decoding__invalid_{first}_before_{second}", both(first, second), package(data),
            expected,
        )  # fmt: skip
    good = Case(transactions=())
    large = replace(good.package(), block=b"\xff" * 8_388_609)
    orphan = replace(large, witness=replace(large.witness, headers=()))
    yield GROUP.vector(
        "parent__cannot_check_before_size",
        both("no parent is given", "the block is too large"),
        orphan,
        unknown(Cause.MISSING_PARENT),
    )
    wrong = good.but(header={"number": 9}, outputs={"block_hash": b"\1" * 32})
    yield GROUP.vector(
        "parent__cannot_check_before_any_rule",
        both("the claim is about another block", "the number is wrong"),
        wrong,
        unknown(Cause.MISSING_PARENT),
    )
    no_header = wrong.package()
    no_header = replace(no_header, witness=replace(no_header.witness, headers=(b"\xc0",)))
    yield GROUP.vector(
        "parent__cannot_check_header_before_claim",
        both("the parent's header does not decode", "the claim is about another block"),
        no_header,
        unknown(Cause.UNREADABLE_INPUT),
    )


def header() -> Iterator[Vector]:
    """Each check of the header before the next one."""
    base = Case(transactions=())
    for (first, change, expected), (second, next_change, _) in pairwise((*HEADER, OMMERS)):
        question = base.but(
            header={**next_change, **change}, ommers=((),) if second == "ommers" else ()
        )
        yield GROUP.vector(
            f"header__invalid_{first}_before_{second}", both(first, second), question, expected
        )
    every: dict[str, Any] = {}
    for _, change, _ in HEADER:
        every |= change
    yield GROUP.vector(
        "header__invalid_every_field",
        ("a header in which every checked field is wrong", "all faults are there",
         "the first check names the reason"),
        base.but(header=every, ommers=((),)),
        HEADER[0][2],
    )  # fmt: skip


def body() -> Iterator[Vector]:
    """Ommers, withdrawals, versioned hashes; then transactions; then sums; then signatures."""
    root = Case().child_header().withdrawals_root
    wrong_root = {"withdrawals_root": bytes(32)}
    hashes = (blob_hash(1),)
    bad = (Tx(chain_id=1),)
    unsigned = (Tx(signature=(0, 5, 1)),)
    yield GROUP.vector(
        "body__invalid_ommers_before_withdrawals",
        both("ommers", "withdrawals_root"),
        Case(ommers=((),), header=wrong_root),
        refused(Reason.OMMERS_NOT_EMPTY, got=1),
    )
    yield GROUP.vector(
        "body__invalid_withdrawals_before_versioned_hashes",
        both("withdrawals_root", "versioned_hashes"),
        Case(header=wrong_root, versioned_hashes=hashes),
        refused(Reason.WITHDRAWALS_ROOT_MISMATCH, got=bytes(32), expected=root),
    )
    yield GROUP.vector(
        "body__invalid_versioned_hashes_before_transactions",
        both("versioned_hashes", "a transaction's chain id"),
        Case(transactions=bad, versioned_hashes=hashes),
        refused(Reason.VERSIONED_HASHES_MISMATCH, got=0, expected=1),
    )
    yield GROUP.vector(
        "body__invalid_transactions_before_declared_gas",
        both("a transaction's chain id", "declared gas"),
        Case(transactions=bad, header={"gas_used": 0}),
        refused(Reason.TRANSACTION_CHAIN_ID_MISMATCH, index=0, got=1, expected=CHAIN_ID),
    )
    yield GROUP.vector(
        "body__invalid_declared_gas_before_blob_gas",
        both("declared gas", "declared blob gas"),
        Case(header={"gas_used": 0, "blob_gas_used": BLOB}),
        refused(Reason.INCLUSION_GAS_EXCEEDS_GAS_USED, got=21_000, limit=0),
    )
    yield GROUP.vector(
        "body__invalid_blob_gas_before_signatures",
        both("declared blob gas", "a signature of nobody"),
        Case(transactions=unsigned, header={"blob_gas_used": BLOB}),
        refused(Reason.BLOB_GAS_USED_MISMATCH, got=BLOB, expected=0),
    )


def one_transaction() -> Iterator[Vector]:
    """The rules of one transaction, each before the next."""
    yield from chain("set_code", SET_CODE_BASE, SET_CODE_RULES)
    yield from chain("blobs", BLOB_BASE, BLOB_RULES)
    yield from chain("gas", CREATE_BASE, CREATE_RULES)


def chain(name: str, base: Tx, rules: tuple[Rule, ...]) -> Iterator[Vector]:
    """Break each rule together with the next one."""
    for (first, change, expected), (second, next_change, _) in pairwise(rules):
        tx = base.but(**{**next_change, **change})
        # Signed anew by the key, unless the signature is the fault.
        yield GROUP.vector(
            f"{name}__invalid_{first}_before_{second}",
            both(first, second),
            Case(transactions=(tx,), versioned_hashes=tx.blobs if tx.type == 3 else ()),
            expected,
        )


def at(reason: Reason, **operands: object) -> Outcome:
    """Expect a refusal of the only transaction."""
    return refused(reason, index=0, **operands)


CHAIN_RULE: Rule = (
    "chain_id",
    {"chain_id": 1},
    at(Reason.TRANSACTION_CHAIN_ID_MISMATCH, got=1, expected=CHAIN_ID),
)
PRIORITY_RULE: Rule = (
    "priority_fee",
    {"priority_fee": 2**255, "max_fee": 5},
    at(Reason.PRIORITY_FEE_EXCEEDS_MAX_FEE, got=2**255, limit=5),
)
RANGE_RULE: Rule = (
    "signature_range",
    {"signature": (0, 0, ORDER // 2 + 1)},
    at(Reason.SIGNATURE_OUT_OF_RANGE, r=0, s=ORDER // 2 + 1),
)
PARITY_RULE: Rule = (
    "parity",
    {"signature": (2, 0, ORDER)},
    at(Reason.SIGNATURE_PARITY_INVALID, got=2),
)
NONCE_RULE: Rule = (
    "nonce",
    {"nonce": MAX64},
    at(Reason.TRANSACTION_NONCE_TOO_LARGE, got=MAX64, limit=MAX64 - 1),
)
CAP_RULE: Rule = (
    "gas_cap",
    {"gas": 2**24 + 1},
    at(Reason.TRANSACTION_GAS_EXCEEDS_CAP, got=2**24 + 1, limit=2**24),
)
SET_CODE_BASE = Tx(type=4, gas=100_000, authorizations=(authorization(key(9)),))
SET_CODE_RULES: tuple[Rule, ...] = (
    CHAIN_RULE,
    (
        "fee_cap",
        {"max_fee": 2**64, "priority_fee": 2**255},
        at(Reason.FEE_CAP_TOO_LARGE, got=2**64, limit=MAX64),
    ),
    PRIORITY_RULE,
    (
        "base_fee",
        {"max_fee": 1, "priority_fee": 1},
        at(Reason.MAX_FEE_BELOW_BASE_FEE, got=1, needed=GWEI),
    ),
    ("recipient", {"to": b""}, at(Reason.SET_CODE_TRANSACTION_WITHOUT_RECIPIENT)),
    ("list", {"authorizations": ()}, at(Reason.AUTHORIZATION_LIST_EMPTY)),
    PARITY_RULE,
    NONCE_RULE,
)
BLOB_BASE = Tx(type=3, gas=100_000, blobs=(blob_hash(1),))
BLOB_RULES: tuple[Rule, ...] = (
    (
        "base_fee",
        {"max_fee": 1, "priority_fee": 1},
        at(Reason.MAX_FEE_BELOW_BASE_FEE, got=1, needed=GWEI),
    ),
    ("recipient", {"to": b""}, at(Reason.BLOB_TRANSACTION_WITHOUT_RECIPIENT)),
    ("number", {"blobs": ()}, at(Reason.BLOB_TRANSACTION_WITHOUT_BLOBS)),
)
CREATE_BASE = Tx(type=2, gas=2**24)
CREATE_RULES: tuple[Rule, ...] = (
    RANGE_RULE,
    (
        "signature_height",
        {"signature": (0, 1, ORDER // 2 + 1)},
        at(Reason.SIGNATURE_S_TOO_HIGH, got=ORDER // 2 + 1, limit=ORDER // 2),
    ),
    NONCE_RULE,
    CAP_RULE,
)


def several_transactions() -> Iterator[Vector]:
    """All rules of one transaction before the first rule of the next."""
    late, early = Tx(gas=20_999), Tx(signer=key(2), chain_id=1)
    yield GROUP.vector(
        "transactions__invalid_first_by_its_last_rule",
        both("the first transaction's gas", "the second one's chain id"),
        Case(transactions=(late, early)),
        at(Reason.INTRINSIC_GAS_EXCEEDS_GAS, got=20_999, needed=21_000),
    )
    yield GROUP.vector(
        "transactions__invalid_first_by_its_first_rule",
        both("the first transaction's chain id", "the second one's gas"),
        Case(transactions=(early, late)),
        at(Reason.TRANSACTION_CHAIN_ID_MISMATCH, got=1, expected=CHAIN_ID),
    )
    many = tuple(blob_hash(n) for n in range(7))
    blobs = Tx(type=3, blobs=(*many[:6], blob_hash(6, 2)), blob_fee=0)
    header = {"blob_gas_used": 0}
    yield GROUP.vector(
        "blobs__invalid_number_before_version",
        both("seven blobs", "an unknown version"),
        Case(transactions=(blobs,), header=header),
        at(Reason.TOO_MANY_BLOBS_IN_TRANSACTION, got=7, limit=6),
    )
    yield GROUP.vector(
        "blobs__invalid_version_before_fee",
        both("an unknown version", "a blob fee of zero"),
        Case(transactions=(blobs.but(blobs=(blob_hash(6, 2),)),), header=header),
        at(Reason.BLOB_VERSION_UNKNOWN, position=0, got=2, expected=1),
    )
    yield GROUP.vector(
        "blobs__invalid_fee_before_signature",
        both("a blob fee of zero", "r is zero"),
        Case(transactions=(blobs.but(blobs=many[:1], signature=(0, 0, 1)),), header=header),
        at(Reason.MAX_BLOB_FEE_BELOW_BLOB_BASE_FEE, got=0, needed=1),
    )
    initcode = Tx(to=b"", data=bytes(49_153), gas=2**24 + 1)
    yield GROUP.vector(
        "gas__invalid_cap_before_initcode",
        both("gas above the cap", "initcode above its limit"),
        Case(transactions=(initcode,)),
        at(Reason.TRANSACTION_GAS_EXCEEDS_CAP, got=2**24 + 1, limit=2**24),
    )
    yield GROUP.vector(
        "gas__invalid_initcode_before_intrinsic",
        both("initcode above its limit", "gas below the intrinsic gas"),
        Case(transactions=(initcode.but(gas=21_000),)),
        at(Reason.INITCODE_TOO_LARGE, got=49_153, limit=49_152),
    )
    yield GROUP.vector(
        "gas__invalid_intrinsic_before_floor",
        both("gas below the intrinsic gas", "gas below the floor"),
        Case(transactions=(Tx(data=b"\1" * 100, gas=22_599),)),
        at(Reason.INTRINSIC_GAS_EXCEEDS_GAS, got=22_599, needed=22_600),
    )


def senders() -> Iterator[Vector]:
    """Signature, kind of account, balance, nonce: per transaction, in the order of the block."""
    nobody, other = Tx(signature=(0, 5, 1)), Tx(signer=key(2), nonce=9)
    sender, second = Tx().sender, other.sender
    cost = 42_000 * GWEI + 1
    poor = {sender: TestAccount(balance=0), second: TestAccount()}
    contract = {sender: TestAccount(balance=0, code=b"\xfe"), second: TestAccount()}
    too_low = at(Reason.BALANCE_TOO_LOW, sender=sender, got=0, needed=cost)
    wrong_nonce = at(Reason.NONCE_MISMATCH, sender=second, got=9, expected=0)
    yield GROUP.vector(
        "senders__invalid_signature_before_the_next_ones_nonce",
        both("the first transaction is nobody's", "the second one's nonce"),
        Case(transactions=(nobody, other)),
        at(Reason.SIGNATURE_INVALID),
    )
    yield GROUP.vector(
        "senders__invalid_nonce_before_the_next_ones_signature",
        both("the first transaction's nonce", "the second one is nobody's"),
        Case(transactions=(other, nobody)),
        wrong_nonce,
    )
    yield GROUP.vector(
        "senders__invalid_code_before_balance",
        both("a contract as sender", "its balance"),
        Case(accounts=contract),
        at(Reason.SENDER_NOT_EOA, sender=sender, code_bytes=1),
    )
    yield GROUP.vector(
        "senders__invalid_balance_before_nonce",
        both("a balance of zero", "a wrong nonce"),
        Case(transactions=(Tx(nonce=3),), accounts=poor),
        too_low,
    )
    yield GROUP.vector(
        "senders__invalid_nonce_before_the_next_ones_code",
        both("the first transaction's nonce", "the second one's sender is a contract"),
        Case(transactions=(other, Tx()), accounts=contract),
        wrong_nonce,
    )
    yield GROUP.vector(
        "senders__invalid_balance_before_the_next_ones_nonce",
        both("the first transaction's balance", "the second one's nonce"),
        Case(transactions=(Tx(), other), accounts=poor),
        too_low,
    )
    with_lost = Case(
        transactions=(other, Tx()), accounts={**poor, sender: TestAccount(code=b"\xfe")}
    )
    yield GROUP.vector(
        "senders__invalid_before_a_later_lost_code",
        both("the first transaction's nonce", "the second sender's code is missing"),
        replace(with_lost, codes=()),
        wrong_nonce,
    )
    yield GROUP.vector(
        "senders__cannot_check_before_a_later_nonce",
        ("the first sender's code is missing, the second one's nonce is wrong", "both are there",
         "the first transaction decides: could not check"),
        replace(with_lost, transactions=(Tx(), other), codes=()),
        unknown(Cause.MISSING_CODE),
    )  # fmt: skip
