"""Bytes that do not decode: every form has one encoding, and every fault one place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, fields, replace
from typing import Any

from tests.helpers import rlp
from tests.helpers.blocks import Case
from tests.helpers.transactions import RECIPIENT, Tx, authorization, blob_hash, key
from tools.vectors.model import Group, Vector, fine, refused
from zkattest.conformance.outcome import Outcome
from zkattest.spec.reasons import Reason
from zkattest.types.execution import BlockPackage, Header, Withdrawal
from zkattest.types.ids import Address

GROUP = Group("decoding")
EMPTY = Case(transactions=(), accounts={})
HEADER = rlp.encode(list(astuple(EMPTY.child_header())))
FIELDS = [one.name for one in fields(Header)]
NONE = rlp.as_list(b"")
TX = rlp.encode(Tx().raw())

# One transaction of each type, and where its fields stand.
BY_TYPE = (
    Tx(type=0),
    Tx(type=1, gas=30_000, access_list=((RECIPIENT, (bytes(32),)),)),
    Tx(type=2),
    Tx(type=3, blobs=(blob_hash(1),)),
    Tx(type=4, gas=46_000, authorizations=(authorization(key(9)),)),
)
_HEAD = ("chain_id", "nonce")
_FEES = ("max_priority_fee_per_gas", "max_fee_per_gas")
_BODY = ("gas", "to", "value", "data")
_SIGNATURE = ("y_parity", "r", "s")
TYPE_FIELDS = (
    ("nonce", "gas_price", *_BODY, "v", "r", "s"),
    (*_HEAD, "gas_price", *_BODY, "access_list", *_SIGNATURE),
    (*_HEAD, *_FEES, *_BODY, "access_list", *_SIGNATURE),
    (
        *(*_HEAD, *_FEES, *_BODY, "access_list"),
        *("max_fee_per_blob_gas", "blob_versioned_hashes", *_SIGNATURE),
    ),
    (*_HEAD, *_FEES, *_BODY, "access_list", "authorization_list", *_SIGNATURE),
)


def cases() -> Iterator[Vector]:
    """Give every case of the group."""
    yield from block_forms()
    yield from header_fields()
    yield from transaction_types()
    yield from transaction_fields()
    yield from lists_in_transactions()
    yield from withdrawals()


def package(block: bytes, case: Case = EMPTY) -> BlockPackage:
    """Put other bytes in the place of a block."""
    return replace(case.package(), block=block)


def block_of(*items: bytes, header: bytes = HEADER, rest: bytes = NONE + NONE) -> bytes:
    """Join a block of encoded transactions."""
    return rlp.as_list(header + rlp.as_list(b"".join(items)) + rest)


def block_forms() -> Iterator[Vector]:
    """The list that a block is."""
    given = "the bytes of a block"
    valid = block_of()
    yield GROUP.vector("block__valid_empty", (given, "header and three empty lists", "valid"),
                       EMPTY, fine())  # fmt: skip
    long_head = b"\xfa\0" + valid[1:3] + valid[3:]
    forms = (
        ("empty", b"", "block", "there are none"),
        ("string", b"\x80", "block", "they are a string, not a list"),
        ("no_header", b"\xc0", "header", "the list is empty"),
        ("header_alone", rlp.as_list(HEADER), "transactions", "nothing follows the header"),
        ("no_ommers", rlp.as_list(HEADER + NONE), "ommers", "the third list is missing"),
        ("no_withdrawals", rlp.as_list(HEADER + 2 * NONE), "withdrawals", "the last is missing"),
        ("five_items", rlp.as_list(HEADER + 4 * NONE), "block", "a fourth list follows"),
        ("truncated", valid[:-1], "block", "the last byte is missing"),
        ("trailing_byte", valid + b"\0", "block", "a byte follows"),
        ("length_with_zero", long_head, "block", "the length begins with a zero byte"),
        ("short_as_long", b"\xf8\x01\xc0", "block", "a short list has the head of a long one"),
        (
            "transactions_string",
            rlp.as_list(HEADER + b"\x80" + 2 * NONE),
            "transactions",
            "a string stands in the place of the transactions",
        ),
        (
            "ommers_string",
            rlp.as_list(HEADER + NONE + b"\x80" + NONE),
            "ommers",
            "a string stands in the place of the ommers",
        ),
        (
            "withdrawals_string",
            rlp.as_list(HEADER + 2 * NONE + b"\x80"),
            "withdrawals",
            "a string stands in the place of the withdrawals",
        ),
        (
            "ommers_truncated",
            rlp.as_list(HEADER + NONE + b"\xc1\x83" + NONE),
            "ommers",
            "an ommer is longer than the list it stands in",
        ),
    )
    for name, data, field, when in forms:
        yield GROUP.vector(
            f"block__invalid_{name}",
            (given, when, f"refused at {field}"),
            package(data),
            refused(Reason.MALFORMED_BLOCK, field=field),
        )


# Encodings that are wrong in the place of a field: fixed bytes, number, flag.
FIXED = {
    **dict.fromkeys(("parent_hash", "ommers_hash", "pre_state_root", "prev_randao"), 32),
    **dict.fromkeys(("parent_transactions_root", "parent_receipt_root"), 32),
    **dict.fromkeys(("parent_requests_hash", "withdrawals_root", "parent_beacon_block_root"), 32),
    "coinbase": 20,
    "parent_bloom": 256,
    "nonce": 8,
}
NUMBERS = {
    **dict.fromkeys(("number", "gas_limit", "gas_used", "timestamp", "base_fee_per_gas"), 8),
    **dict.fromkeys(("blob_gas_used", "excess_blob_gas"), 8),
    "difficulty": 32,
}


def header_with(name: str, encoding: bytes) -> bytes:
    """Encode the header with other bytes in the place of one field."""
    parts = [rlp.encode(value) for value in astuple(EMPTY.child_header())]
    parts[FIELDS.index(name)] = encoding
    return rlp.as_list(b"".join(parts))


def header_fields() -> Iterator[Vector]:
    """The 22 fields of a header."""
    given = "an empty block whose header has 22 fields"

    def case(name: str, when: str, header: bytes, field: str) -> Vector:
        expected = refused(Reason.MALFORMED_HEADER, field=field)
        story = (given, when, f"refused at {field}")
        return GROUP.vector(f"header__invalid_{name}", story, package(block_of(header=header)),
                            expected)  # fmt: skip

    values = [rlp.encode(value) for value in astuple(EMPTY.child_header())]
    yield case("21_fields", "the last is left out", rlp.as_list(b"".join(values[:-1])), "header")
    more = rlp.as_list(b"".join([*values, b"\x80"]))
    yield case("23_fields", "an empty one is added", more, "header")
    yield case("string", "a string stands in its place", b"\x80", "header")
    for name, size in FIXED.items():
        for other in (size - 1, size + 1):
            data = rlp.encode(b"\xee" * other)
            when = f"{name} has {other} bytes instead of {size}"
            yield case(f"{name}_{other}_bytes", when, header_with(name, data), name)
    for name, size in NUMBERS.items():
        wide = rlp.encode(b"\x01" + bytes(size))
        when = f"{name} has {size + 1} bytes, {size} at most"
        yield case(f"{name}_too_long", when, header_with(name, wide), name)
        zero = rlp.encode(b"\0\x07")
        when = f"{name} begins with a zero byte"
        yield case(f"{name}_leading_zero", when, header_with(name, zero), name)
    for name, data in (("zero_byte", b"\0"), ("two", b"\x02"), ("long", rlp.encode(b"\1\1"))):
        flag = "parent_execution_reverted"
        when = f"{flag} is 0x{data.hex()}; true is 0x01, false is 0x80"
        yield case(f"flag_{name}", when, header_with(flag, data), flag)
    for name in ("parent_hash", "number", "extra_data", "parent_execution_reverted"):
        when = f"a list stands in the place of {name}"
        yield case(f"{name}_list", when, header_with(name, b"\xc0"), name)
    odd = header_with("number", b"\x81\x07")
    yield case("not_canonical", "one small byte has a head of its own", odd, "header")


def malformed(index: int, field: str) -> Outcome:
    """Expect that a transaction is refused at one field."""
    return refused(Reason.MALFORMED_TRANSACTION, index=index, field=field)


def transaction_types() -> Iterator[Vector]:
    """What a transaction begins with."""
    given = "a block with a good transaction and one more"

    def case(name: str, when: str, item: bytes, expected: Outcome) -> Vector:
        story = (given, when, "refused, and the transaction is named")
        return GROUP.vector(name, story, package(block_of(TX, item)), expected)

    for kind in (0, 5, 0x7F):
        payload = bytes([kind]) + rlp.encode([1, 2, 3])
        yield case(
            f"type__invalid_{kind}",
            f"its type byte is {kind}; this fork has 1 to 4",
            rlp.encode(payload),
            refused(Reason.UNKNOWN_TRANSACTION_TYPE, index=1, got=kind),
        )
    yield case("type__invalid_empty_string", "it is an empty string", b"\x80", malformed(1, "type"))
    alone = rlp.encode(b"\x02")
    yield case("type__invalid_alone", "it is the type byte alone", alone,
               malformed(1, "transaction"))  # fmt: skip
    wrapped = rlp.encode(Tx(type=0).raw())
    yield case(
        "legacy__invalid_in_a_string",
        "a legacy transaction stands in a string; it has to stand as the list it is",
        wrapped,
        malformed(1, "transaction"),
    )
    bare = Tx().raw()[1:]
    yield case(
        "typed__invalid_without_its_type",
        "a transaction of type 2 stands without type and string: a legacy one of twelve fields",
        bare,
        malformed(1, "to"),
    )
    truncated = b"\xb8\xff" + Tx().raw()
    yield case("item__invalid_truncated", "it is longer than the list it stands in", truncated,
               malformed(1, "transaction"))  # fmt: skip


def encoded_fields(tx: Tx) -> list[bytes]:
    """Encode each field of a signed transaction."""
    return [rlp.encode(value) for value in [*tx.fields(), *tx.signed()]]


def joined(kind: int, parts: list[bytes], after: bytes = b"") -> bytes:
    """Encode a transaction from its encoded fields, as it stands in a block."""
    payload = rlp.as_list(b"".join(parts))
    return payload if kind == 0 else rlp.encode(bytes([kind]) + payload + after)


def with_field(kind: int, name: str, encoding: bytes) -> bytes:
    """Encode the example of a type with other bytes in the place of one field."""
    parts = encoded_fields(BY_TYPE[kind])
    parts[TYPE_FIELDS[kind].index(name)] = encoding
    return joined(kind, parts)


def transaction_fields() -> Iterator[Vector]:
    """Fields that every type has, and their number."""
    for kind, tx in enumerate(BY_TYPE):
        given = f"a block with a good transaction and one of type {kind}"

        def case(name: str, when: str, item: bytes, field: str) -> Vector:
            story = (given, when, f"refused at {field}")  # noqa: B023 - called at once
            path = f"type_{kind}__invalid_{name}"  # noqa: B023
            return GROUP.vector(path, story, package(block_of(TX, item)), malformed(1, field))

        yield GROUP.vector(
            f"type_{kind}__valid",
            (given, "all of its fields are there in their forms", "valid"),
            Case(transactions=(Tx(signer=key(2)), tx)),
            fine(),
        )
        parts = encoded_fields(tx)
        yield case("missing_field", "its last field is missing", joined(kind, parts[:-1]), "s")
        more = joined(kind, [*parts, b"\x80"])
        yield case("extra_field", "a field follows the last one", more, "transaction")
        bad_fields = {
            "nonce": (("leading_zero", b"\x82\0\x07"), ("of_9_bytes", rlp.encode(2**64))),
            "gas": (("of_9_bytes", rlp.encode(2**64)), ("list", NONE)),
            "to": (("of_19_bytes", rlp.encode(bytes(19))), ("of_21_bytes", rlp.encode(bytes(21)))),
            "value": (("of_33_bytes", rlp.encode(2**256)), ("zero_byte", b"\0")),
            "data": (("list", NONE),),
            "r": (("of_33_bytes", rlp.encode(2**256)), ("leading_zero", b"\x82\0\x07")),
            "s": (("of_33_bytes", rlp.encode(2**256)),),
        }
        bad_fields["v" if kind == 0 else "y_parity"] = (("zero_byte", b"\0"),)
        fee = "gas_price" if kind < 2 else "max_fee_per_gas"
        bad_fields[fee] = (("of_33_bytes", rlp.encode(2**256)),)
        if kind:
            bad_fields["chain_id"] = (("zero_byte", b"\0"),)
        for field, faults in bad_fields.items():
            for fault, encoding in faults:
                when = f"its {field} is {fault.replace('_', ' ')}"
                yield case(f"{field}_{fault}", when, with_field(kind, field, encoding), field)
        if kind:
            after = joined(kind, parts, after=b"\0")
            yield case("trailing_byte", "a byte follows its list", after, "transaction")


def lists_in_transactions() -> Iterator[Vector]:
    """Access lists, versioned hashes and authorizations."""
    slot, tuple_ = rlp.encode(bytes(32)), authorization(key(9))
    access_faults: dict[str, Any] = {
        "string": b"\x80",
        "address_of_19_bytes": rlp.encode([[bytes(19), []]]),
        "key_of_31_bytes": rlp.encode([[RECIPIENT, [bytes(31)]]]),
        "keys_missing": rlp.encode([[RECIPIENT]]),
        "third_item": rlp.encode([[RECIPIENT, [], b""]]),
        "entry_string": rlp.encode([RECIPIENT]),
    }
    hash_faults: dict[str, Any] = {
        "string": b"\x80",
        "hash_of_31_bytes": rlp.encode([blob_hash(1)[:31]]),
        "hash_of_33_bytes": rlp.encode([blob_hash(1) + b"\0"]),
        "hash_list": rlp.as_list(rlp.as_list(slot)),
    }
    tuple_faults: dict[str, Any] = {
        "string": b"\x80",
        "five_items": rlp.encode([tuple_[:5]]),
        "seven_items": rlp.encode([[*tuple_, 0]]),
        "chain_id_of_33_bytes": rlp.encode([[2**256, *tuple_[1:]]]),
        "address_of_19_bytes": rlp.encode([[tuple_[0], bytes(19), *tuple_[2:]]]),
        "address_empty": rlp.encode([[tuple_[0], b"", *tuple_[2:]]]),
        "nonce_of_9_bytes": rlp.encode([[*tuple_[:2], 2**64, *tuple_[3:]]]),
        "y_parity_of_2_bytes": rlp.encode([[*tuple_[:3], 256, *tuple_[4:]]]),
        "r_of_33_bytes": rlp.encode([[*tuple_[:4], 2**256, tuple_[5]]]),
        "s_of_33_bytes": rlp.encode([[*tuple_[:5], 2**256]]),
    }
    tables = (
        *((kind, "access_list", access_faults) for kind in (1, 2, 3, 4)),
        (3, "blob_versioned_hashes", hash_faults),
        (4, "authorization_list", tuple_faults),
    )
    for kind, field, faults in tables:
        for fault, encoding in faults.items():
            yield GROUP.vector(
                f"type_{kind}__invalid_{field}_{fault}",
                (
                    f"a block with a transaction of type {kind}",
                    f"its {field} is malformed: {fault.replace('_', ' ')}",
                    f"refused at {field}",
                ),
                package(block_of(with_field(kind, field, encoding))),
                malformed(0, field),
            )


def withdrawals() -> Iterator[Vector]:
    """What a withdrawal is made of."""
    address = b"\x22" * 20
    given = "a block with a good withdrawal and one more"
    good = rlp.encode([5, 7, address, 1_000])
    faults: dict[str, bytes] = {
        "string": b"\x80",
        "three_fields": rlp.encode([6, 7, address]),
        "five_fields": rlp.encode([6, 7, address, 1, 1]),
        "index_of_9_bytes": rlp.encode([2**64, 7, address, 1]),
        "validator_index_of_9_bytes": rlp.encode([6, 2**64, address, 1]),
        "address_of_19_bytes": rlp.encode([6, 7, address[:19], 1]),
        "amount_of_9_bytes": rlp.encode([6, 7, address, 2**64]),
        "amount_leading_zero": rlp.encode([6, 7, address, b"\0\1"]),
    }
    for fault, item in faults.items():
        data = block_of(rest=NONE + rlp.as_list(good + item))
        yield GROUP.vector(
            f"withdrawal__invalid_{fault}",
            (given, f"it is malformed: {fault.replace('_', ' ')}", "refused, and it is named"),
            package(data),
            refused(Reason.MALFORMED_WITHDRAWAL, index=1),
        )
    largest = Withdrawal(2**64 - 1, 2**64 - 1, Address(address), 2**64 - 1)
    yield GROUP.vector(
        "withdrawal__valid_largest",
        (given, "all of its numbers are 2**64 - 1", "the largest that decode"),
        EMPTY.but(withdrawals=(Withdrawal(5, 7, Address(address), 1_000), largest)),
        fine(),
    )
