"""The cases of claims: what a child says of its parent, and what a proof says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, replace
from hashlib import sha256
from typing import Any

from tests.helpers import rlp
from tests.helpers.blocks import Case
from tests.helpers.transactions import CHAIN_ID, Tx, blob_hash, key
from tests.helpers.trie import list_root
from tools.vectors.model import Vector, header_hash, profile, refused, shorten
from zkattest.conformance.outcome import Outcome, valid
from zkattest.conformance.static import write_claim
from zkattest.conformance.values import as_json
from zkattest.spec.reasons import Reason
from zkattest.types.execution import EMPTY_REQUESTS_HASH, EMPTY_TRIE_ROOT, ExecutionClaim, Header
from zkattest.types.ids import BlockHash, Root

SCHEMA = 0x7886
FILLED = (Tx(), Tx(type=0, signer=key(2)), Tx(type=3, signer=key(3), blobs=(blob_hash(1),)))
# What children may say of their parents; the names are those of the header.
OUTPUTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ordinary", {}),
    ("all_ones", {
        "parent_transactions_root": b"\xff" * 32, "parent_receipt_root": b"\xff" * 32,
        "parent_bloom": b"\xff" * 256, "parent_requests_hash": b"\xff" * 32,
        "pre_state_root": b"\xff" * 32, "parent_execution_reverted": True,
    }),
    ("all_zeros", {
        "parent_transactions_root": bytes(32), "parent_receipt_root": bytes(32),
        "parent_bloom": bytes(256), "parent_requests_hash": bytes(32),
        "pre_state_root": bytes(32), "parent_execution_reverted": False,
    }),
    ("reverted", {
        "parent_transactions_root": EMPTY_TRIE_ROOT, "parent_receipt_root": EMPTY_TRIE_ROOT,
        "parent_bloom": bytes(256), "parent_requests_hash": EMPTY_REQUESTS_HASH,
        "parent_execution_reverted": True,
    }),
    ("bloom_of_many", {"parent_bloom": bytes(range(256))}),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """Hold a parent's block and a child's header, and what the child's claim has to be."""

    parent: Case
    child: Header

    def claim(self) -> ExecutionClaim:
        """Write the claim from the fields, without the code that binds."""
        child = self.child
        return ExecutionClaim(
            block_hash=BlockHash(header_hash(self.parent.child_header())),
            transactions_root=Root(list_root([tx.raw() for tx in self.parent.transactions])),
            post_state_root=child.pre_state_root,
            deferred_transactions_root=child.parent_transactions_root,
            receipts_root=child.parent_receipt_root,
            logs_bloom=child.parent_bloom,
            requests_hash=child.parent_requests_hash,
            execution_reverted=child.parent_execution_reverted,
        )

    def question(self) -> dict[str, Any]:
        """Give the part of the input that names the pair."""
        return {
            "chain_id": CHAIN_ID,
            "parent_block": self.parent.block_rlp(),
            "child_header": rlp.encode(list(astuple(self.child))),
        }


def pair(transactions: tuple[Tx, ...] = FILLED, **outputs: Any) -> Pair:
    """Make a parent's block and a child's header."""
    parent = Case(transactions=transactions)
    child = Case(parent=parent.child_header()).child_header()
    return Pair(parent, replace(child, **outputs))


def ssz(claim: ExecutionClaim) -> bytes:
    """Encode a claim: its fields one after another, none of varying size."""
    return b"".join(
        bytes([value]) if isinstance(value, bool) else bytes(value) for value in astuple(claim)
    )


def root_of(claim: ExecutionClaim) -> bytes:
    """Compute the root of a claim from the definition: eight leaves, the bloom's made of eight."""
    leaves = []
    for value in astuple(claim):
        if isinstance(value, bool):
            leaves.append(bytes([value]) + bytes(31))
        else:
            leaves.append(merkle([value[at : at + 32] for at in range(0, len(value), 32)]))
    return merkle(leaves)


def merkle(leaves: list[bytes]) -> bytes:
    """Hash leaves in pairs up to one; their number is a power of two."""
    while len(leaves) > 1:
        pairs = zip(leaves[::2], leaves[1::2], strict=True)
        leaves = [sha256(left + right).digest() for left, right in pairs]
    return leaves[0]


def public_values(
    root: bytes, *, flag: int = 1, chain_id: int = CHAIN_ID, schema: int = SCHEMA
) -> bytes:
    """Lay out the 43 bytes."""
    return root + bytes([flag]) + chain_id.to_bytes(8, "little") + schema.to_bytes(2, "little")


def vector(
    name: str, story: tuple[str, str, str], given: Mapping[str, Any], expected: Outcome
) -> Vector:
    """Describe one case."""
    when = {name: as_json(v) if isinstance(v, int) else v for name, v in shorten(given).items()}
    return Vector(
        id=f"claim/{name}",
        given=story[0],
        when=story[1],
        then=story[2],
        tags=(),
        profile=profile(),
        input=when,
        expected=expected,
    )


def cases() -> Iterator[Vector]:
    """Give every case of the pack."""
    yield from bind()
    yield from malformed_pairs()
    yield from compare()
    yield from judge()
    yield from decode_claims()
    yield from decode_public_values()


def bind() -> Iterator[Vector]:
    """The claim that a child makes, its SSZ, its root, and the public values of its proof."""
    bodies = (("empty", ()), ("one", (Tx(),)), ("filled", FILLED))
    for body, transactions in bodies:
        for name, outputs in OUTPUTS if body == "filled" else OUTPUTS[:2]:
            both = pair(transactions, **outputs)
            for chain_id in (CHAIN_ID, 2**64 - 1) if name == "ordinary" else (CHAIN_ID,):
                claim = both.claim()
                root = root_of(claim)
                suffix = "" if chain_id == CHAIN_ID else "_largest_chain_id"
                yield vector(
                    f"bind/{body}_{name}__valid{suffix}",
                    (f"a parent's block with {len(transactions)} transactions",
                     f"a child's header says {name.replace('_', ' ')}",
                     "the claim has the parent's hash and body, and the child's word for the rest"),
                    {"task": "bind", **both.question(), "chain_id": chain_id},
                    valid(
                        claim=write_claim(claim),
                        claim_ssz=ssz(claim),
                        claim_root=root,
                        public_values=public_values(root, chain_id=chain_id),
                    ),
                )  # fmt: skip


def malformed_pairs() -> Iterator[Vector]:
    """Bytes that are no block and no header."""
    question = pair().question()
    story = ("a parent's block and a child's header", "one of them does not decode", "refused")
    yield vector(
        "bind/child__invalid_no_fields",
        story,
        {"task": "bind", **question, "child_header": b"\xc0"},
        refused(Reason.MALFORMED_HEADER, field="header"),
    )
    yield vector(
        "bind/parent__invalid_truncated",
        story,
        {"task": "bind", **question, "parent_block": question["parent_block"][:-1]},
        refused(Reason.MALFORMED_BLOCK, field="block"),
    )
    unknown_type = rlp.as_list(
        rlp.encode(list(astuple(pair().parent.child_header()))) + b"\xc1\x05\xc0\xc0"
    )
    yield vector(
        "bind/parent__invalid_transaction",
        story,
        {"task": "bind", **question, "parent_block": unknown_type},
        refused(Reason.UNKNOWN_TRANSACTION_TYPE, index=0, got=5),
    )


FIELDS: tuple[tuple[str, str, Any], ...] = (
    ("parent_transactions_root", "deferred_transactions_root", b"\x01" * 32),
    ("parent_receipt_root", "receipts_root", b"\x02" * 32),
    ("parent_bloom", "logs_bloom", b"\x03" * 256),
    ("parent_requests_hash", "requests_hash", b"\x04" * 32),
    ("pre_state_root", "post_state_root", b"\x05" * 32),
    ("parent_execution_reverted", "execution_reverted", True),
)


def compare() -> Iterator[Vector]:
    """A proven claim against a child's header: what differs contradicts the child."""
    both = pair()
    proven = both.claim()
    given = "a claim that is proven, and a child's header"
    header = both.question()["child_header"]
    yield vector(
        "contradiction/none__valid",
        (given, "the header says the same", "no contradiction"),
        {"task": "compare", "child_header": header, "claim": write_claim(proven)},
        valid(),
    )
    for name in ("block_hash", "transactions_root"):
        other = replace(proven, **{name: type(getattr(proven, name))(bytes(32))})
        yield vector(
            f"contradiction/{name}__valid_not_compared",
            (given, f"the claim has another {name}", "a header says nothing of it"),
            {"task": "compare", "child_header": header, "claim": write_claim(other)},
            valid(),
        )
    for field, claimed, value in FIELDS:
        expected = getattr(proven, claimed)
        changed = rlp.encode(list(astuple(replace(both.child, **{field: value}))))
        yield vector(
            f"contradiction/{field}__invalid",
            (given, f"the header has another {field}", "execution is deterministic: it lies"),
            {"task": "compare", "child_header": changed, "claim": write_claim(proven)},
            refused(Reason(f"{field}_mismatch"), got=value, expected=expected),
        )
    last = FIELDS[-1]
    for index, (field, claimed, value) in enumerate(FIELDS[:-1]):
        rest: dict[str, Any] = {name: wrong for name, _, wrong in FIELDS[index:]}
        changed = rlp.encode(list(astuple(replace(both.child, **rest))))
        yield vector(
            f"contradiction/{field}__invalid_before_the_rest",
            (given, f"{field} and all that follow up to {last[0]} differ", "the first is named"),
            {"task": "compare", "child_header": changed, "claim": write_claim(proven)},
            refused(Reason(f"{field}_mismatch"), got=value, expected=getattr(proven, claimed)),
        )


def judge() -> Iterator[Vector]:
    """Public values of a proof that verifies, against the claim that a child makes."""
    both = pair()
    root = root_of(both.claim())

    def case(name: str, when: str, then: str, values: bytes, expected: Outcome) -> Vector:
        story = ("a parent's block, a child's header and the public values of a proof", when, then)
        given = {"task": "judge", **both.question(), "public_values": values}
        return vector(f"statement/{name}", story, given, expected)

    yield case("match__valid", "the root is that of the claim", "the parent is proven",
               public_values(root), valid(claim_root=root))  # fmt: skip
    lengths = {
        "empty": b"",
        "one_short": public_values(root)[:-1],
        "one_more": public_values(root) + b"\0",
    }
    for name, values in lengths.items():
        yield case(
            f"form__invalid_{name}",
            f"there are {len(values)} of them",
            "43 bytes",
            values,
            refused(Reason.MALFORMED_PUBLIC_VALUES),
        )
    yield case("form__invalid_flag_2", "the flag is 2", "0 or 1",
               public_values(root, flag=2), refused(Reason.MALFORMED_PUBLIC_VALUES))  # fmt: skip
    not_valid = refused(Reason.STATEMENT_NOT_VALID)
    yield case("flag__invalid_zero", "the flag is 0", "the program says that it does not hold",
               public_values(root, flag=0), not_valid)  # fmt: skip
    yield case("flag__invalid_sentinel", "all 43 bytes are zero",
               "the program could not use its input", bytes(43), not_valid)  # fmt: skip
    for schema in (0x1501, 0x8678, 0):
        yield case(
            f"schema__invalid_{schema:04x}",
            f"the schema id is 0x{schema:04x}",
            "it is 0x7886, little-endian",
            public_values(root, schema=schema),
            refused(Reason.SCHEMA_MISMATCH, got=schema, expected=SCHEMA),
        )
    for chain_id in (1, 2**64 - 1):
        yield case(
            f"chain_id__invalid_{chain_id}",
            f"the chain id is {chain_id}",
            f"this is chain {CHAIN_ID}",
            public_values(root, chain_id=chain_id),
            refused(Reason.CHAIN_ID_MISMATCH, got=chain_id, expected=CHAIN_ID),
        )
    roots = {
        "of_another_body": root_of(replace(both.claim(), transactions_root=EMPTY_TRIE_ROOT)),
        "of_another_block": root_of(replace(both.claim(), block_hash=BlockHash(bytes(32)))),
        "of_another_flag": root_of(replace(both.claim(), execution_reverted=True)),
        "zero": bytes(32),
    }
    for name, other in roots.items():
        yield case(
            f"root__invalid_{name}",
            f"the root is {name.replace('_', ' ')}",
            "nothing in a message is trusted: the receiver rebuilds it",
            public_values(other),
            refused(Reason.ROOT_MISMATCH, got=other, expected=root),
        )
    yield from judge_order()


def judge_order() -> Iterator[Vector]:
    """Several faults at once: flag, schema id, chain id, root, in this order."""
    both = pair()

    def case(name: str, when: str, then: str, values: bytes, expected: Outcome) -> Vector:
        story = ("the public values of a proof", when, then)
        given = {"task": "judge", **both.question(), "public_values": values}
        return vector(f"statement/{name}", story, given, expected)

    not_valid = refused(Reason.STATEMENT_NOT_VALID)
    yield case(
        "order__invalid_flag_before_schema",
        "flag, schema, chain id and root are wrong",
        "the flag is looked at first",
        public_values(bytes(32), flag=0, chain_id=1, schema=1),
        not_valid,
    )
    yield case(
        "order__invalid_schema_before_chain_id",
        "schema, chain id and root are wrong",
        "the schema is looked at first",
        public_values(bytes(32), chain_id=1, schema=1),
        refused(Reason.SCHEMA_MISMATCH, got=1, expected=SCHEMA),
    )
    yield case(
        "order__invalid_chain_id_before_root",
        "chain id and root are wrong",
        "the chain id is looked at first",
        public_values(bytes(32), chain_id=1),
        refused(Reason.CHAIN_ID_MISMATCH, got=1, expected=CHAIN_ID),
    )


def decode_claims() -> Iterator[Vector]:
    """The 449 bytes of an announced claim."""
    for name, outputs in OUTPUTS:
        claim = pair(**outputs).claim()
        yield vector(
            f"decode_claim/{name}__valid",
            ("an announced claim", f"it says {name.replace('_', ' ')}", "449 bytes that decode"),
            {"task": "decode_claim", "claim_ssz": ssz(claim)},
            valid(claim=write_claim(claim), claim_root=root_of(claim)),
        )
    good = ssz(pair().claim())
    for name, data in {
        "empty": b"",
        "one_short": good[:-1],
        "one_more": good + b"\0",
        "flag_2": good[:-1] + b"\x02",
        "flag_255": good[:-1] + b"\xff",
        "huge": bytes(1 << 20),
    }.items():
        yield vector(
            f"decode_claim/form__invalid_{name}",
            ("an announced claim", f"its bytes are wrong: {name.replace('_', ' ')}", "refused"),
            {"task": "decode_claim", "claim_ssz": data},
            refused(Reason.MALFORMED_CLAIM),
        )


def decode_public_values() -> Iterator[Vector]:
    """The 43 bytes of a statement."""
    root = root_of(pair().claim())
    good = (
        ("ordinary", 1, CHAIN_ID, SCHEMA, root),
        ("not_valid", 0, CHAIN_ID, SCHEMA, root),
        ("largest", 1, 2**64 - 1, 0xFFFF, b"\xff" * 32),
        ("sentinel", 0, 0, 0, bytes(32)),
        ("almost_sentinel", 0, 0, 1, bytes(32)),
    )
    for name, flag, chain_id, schema, value in good:
        data = public_values(value, flag=flag, chain_id=chain_id, schema=schema)
        yield vector(
            f"decode_public_values/{name}__valid",
            ("public values", name.replace("_", " "), "root, flag, chain id, schema id"),
            {"task": "decode_public_values", "public_values": data},
            valid(
                root=value,
                valid=flag == 1,
                chain_id=chain_id,
                schema_id=schema,
                is_sentinel=not any(data),
            ),
        )
    ordinary = public_values(root)
    for name, data in {
        "empty": b"",
        "one_short": ordinary[:-1],
        "one_more": ordinary + b"\0",
        "flag_2": public_values(root, flag=2),
        "huge": bytes(1 << 20),
    }.items():
        yield vector(
            f"decode_public_values/form__invalid_{name}",
            ("public values", f"their bytes are wrong: {name.replace('_', ' ')}", "refused"),
            {"task": "decode_public_values", "public_values": data},
            refused(Reason.MALFORMED_PUBLIC_VALUES),
        )
