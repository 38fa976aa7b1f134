"""Rules of one transaction by itself, on every type that they apply to, and what blobs ask."""

from __future__ import annotations

from collections.abc import Iterator

from tests.helpers.blocks import GWEI, Case, TestAccount, parent_header
from tests.helpers.transactions import (
    CHAIN_ID,
    RECIPIENT,
    Tx,
    authorization,
    blob_hash,
    key,
)
from tools.vectors.model import Group, Vector, fine, refused
from zkattest.conformance.outcome import Outcome
from zkattest.spec.presets import OSAKA
from zkattest.spec.reasons import Reason

TRANSACTION = Group("transaction")
BLOBS = Group("blobs")
SET_CODE = Group("set_code")
BLOB_TX = Tx(type=3, blobs=(blob_hash(1),))
SET_CODE_TX = Tx(type=4, gas=46_000, authorizations=(authorization(key(9)),))
BY_TYPE = (Tx(type=0), Tx(type=1), Tx(type=2), BLOB_TX, SET_CODE_TX)
RICH = {Tx(signer=key(n)).sender: TestAccount(balance=2**100) for n in range(1, 5)}
BLOB = 2**17
MAX64 = 2**64 - 1


def cases() -> Iterator[Vector]:
    """Give every case of the three groups."""
    yield from chain_ids()
    yield from nonces()
    yield from gas_caps()
    yield from initcode()
    yield from intrinsic_gas()
    yield from floor_gas()
    yield from fees()
    yield from blobs()
    yield from blob_fees()
    yield from set_code()


def after_a_good_one(tx: Tx, **case: object) -> Case:
    """Put a transaction behind a good one of another sender, so that its index is its own."""
    return Case(transactions=(Tx(signer=key(2)), tx)).but(**case)


def rule(
    name: str, kind: int, when: str, then: str, tx: Tx, expected: Outcome, **case: object
) -> Vector:
    """Describe one case of one type."""
    given = f"a block with a good transaction and one of type {kind}"
    question = after_a_good_one(tx, **case)
    return TRANSACTION.vector(f"type_{kind}__{name}", (given, when, then), question, expected)


def chain_ids() -> Iterator[Vector]:
    """EIP-155: the chain is signed."""
    for kind, tx in enumerate(BY_TYPE):
        for other in (1, CHAIN_ID + 1):
            yield rule(
                f"invalid_chain_{other}",
                kind,
                f"it is signed for chain {other}",
                f"this is chain {CHAIN_ID}",
                tx.but(chain_id=other),
                refused(
                    Reason.TRANSACTION_CHAIN_ID_MISMATCH, index=1, got=other, expected=CHAIN_ID
                ),
            )
    yield rule(
        "valid_unprotected",
        0,
        "it is signed for no chain (before EIP-155)",
        "a legacy transaction may leave the chain open",
        Tx(type=0, protected=False),
        fine(),
    )
    for kind in (1, 2, 3, 4):
        for other in (0, 2**64 + CHAIN_ID):
            yield rule(
                f"invalid_chain_{other}",
                kind,
                f"its chain id is {other}",
                "only a legacy transaction may leave the chain open, and no bit is cut off",
                BY_TYPE[kind].but(chain_id=other),
                refused(
                    Reason.TRANSACTION_CHAIN_ID_MISMATCH, index=1, got=other, expected=CHAIN_ID
                ),
            )


def nonces() -> Iterator[Vector]:
    """EIP-2681: nonces stay below 2**64 - 1."""
    for kind, tx in enumerate(BY_TYPE):
        yield rule(
            "invalid_nonce_too_large",
            kind,
            "its nonce is 2**64 - 1, and so is the account's",
            "the account's nonce could not go on",
            tx.but(nonce=MAX64),
            refused(Reason.TRANSACTION_NONCE_TOO_LARGE, index=1, got=MAX64, limit=MAX64 - 1),
            accounts={**RICH, Tx().sender: TestAccount(nonce=MAX64)},
        )
        yield rule(
            "valid_largest_nonce",
            kind,
            "its nonce is 2**64 - 2, and so is the account's",
            "the last one that an account can use",
            tx.but(nonce=MAX64 - 1),
            fine(),
            accounts={**RICH, Tx().sender: TestAccount(nonce=MAX64 - 1)},
        )


def gas_caps() -> Iterator[Vector]:
    """EIP-7825: a transaction has at most 2**24 gas."""
    for kind, tx in enumerate(BY_TYPE):
        yield rule(
            "invalid_gas_above_cap",
            kind,
            "its gas limit is 2**24 + 1",
            "one above the cap",
            tx.but(gas=2**24 + 1),
            refused(Reason.TRANSACTION_GAS_EXCEEDS_CAP, index=1, got=2**24 + 1, limit=2**24),
        )
        yield rule("valid_gas_at_cap", kind, "its gas limit is 2**24", "the cap",
                   tx.but(gas=2**24), fine())  # fmt: skip


def initcode() -> Iterator[Vector]:
    """EIP-3860: initcode has at most 49,152 bytes; calldata has no such limit."""
    for kind in (0, 1, 2):
        for size, expected in (
            (49_152, fine()),
            (49_153, refused(Reason.INITCODE_TOO_LARGE, index=1, got=49_153, limit=49_152)),
        ):
            yield rule(
                f"{expected.verdict}_initcode_of_{size}_bytes",
                kind,
                f"it creates a contract by {size} bytes",
                "49,152 are allowed",
                Tx(type=kind, to=b"", data=bytes(size), gas=2**24),
                expected,
            )
    yield rule(
        "valid_calldata_of_49153_bytes",
        2,
        "it calls with 49,153 bytes",
        "the limit is about creations alone",
        Tx(data=bytes(49_153), gas=2**24),
        fine(),
    )


ENTRY = (RECIPIENT, (bytes(32), b"\x01" * 32))
# What inclusion costs, term by term; calldata is short enough for its floor to stay below.
INTRINSIC = (
    *((kind, "plain", BY_TYPE[kind].but(gas=0), 21_000, "21,000") for kind in (0, 1, 2, 3)),
    *(
        (kind, "creation", Tx(type=kind, to=b""), 53_000, "21,000 + 32,000 for a creation")
        for kind in (0, 1, 2)
    ),
    *(
        (
            kind,
            "initcode",
            Tx(type=kind, to=b"", data=bytes(33)),
            53_136,
            "53,000 + 33 zero bytes of 4 + two words of 2",
        )
        for kind in (0, 1, 2)
    ),
    (
        2,
        "initcode_nonzero",
        Tx(to=b"", data=b"\x01" * 32),
        53_514,
        "53,000 + 32 other bytes of 16 + one word of 2",
    ),
    *(
        (
            kind,
            "access_list",
            BY_TYPE[kind].but(access_list=(ENTRY,)),
            27_200 + (25_000 if kind == 4 else 0),
            "2,400 for the address and 1,900 for each of two keys come on top",
        )
        for kind in (1, 2, 3, 4)
    ),
    (
        1,
        "access_list_repeated",
        Tx(type=1, access_list=(ENTRY, ENTRY, (RECIPIENT, ()))),
        35_800,
        "21,000 + 3 * 2,400 + 4 * 1,900: an entry costs as often as it stands there",
    ),
    (
        2,
        "access_list_and_data",
        Tx(access_list=(ENTRY,) * 4, data=b"\0" * 3 + b"\1" * 5),
        45_892,
        "21,000 + 4 * (2,400 + 2 * 1,900) + 3 * 4 + 5 * 16",
    ),
    (4, "one_authorization", SET_CODE_TX, 46_000, "21,000 + 25,000"),
    (
        4,
        "two_authorizations",
        SET_CODE_TX.but(authorizations=(authorization(key(8)), authorization(key(9)))),
        71_000,
        "21,000 + 2 * 25,000",
    ),
)


def intrinsic_gas() -> Iterator[Vector]:
    """Intrinsic gas has to be covered, to the unit."""
    for kind, name, tx, needed, why in INTRINSIC:
        yield rule(f"valid_gas_{name}", kind, f"its gas limit is {needed}", why,
                   tx.but(gas=needed), fine())  # fmt: skip
        yield rule(
            f"invalid_gas_{name}",
            kind,
            f"its gas limit is {needed - 1}",
            f"{needed} are needed: {why}",
            tx.but(gas=needed - 1),
            refused(Reason.INTRINSIC_GAS_EXCEEDS_GAS, index=1, got=needed - 1, needed=needed),
        )
    yield rule(
        "invalid_gas_none",
        2,
        "its gas limit is zero",
        "21,000 are needed",
        Tx(gas=0),
        refused(Reason.INTRINSIC_GAS_EXCEEDS_GAS, index=1, got=0, needed=21_000),
    )


def floor_gas() -> Iterator[Vector]:
    """EIP-7623: calldata has a floor of ten gas a token, a byte that is not zero has four."""
    floors = [
        (kind, "other_bytes", BY_TYPE[kind].but(data=b"\1" * 100), 25_000, "100 bytes of 40")
        for kind in (0, 1, 2, 3)
    ]
    floors += [
        (2, "zero_bytes", Tx(data=bytes(100)), 22_000, "100 bytes of 10"),
        (2, "mixed_bytes", Tx(data=bytes(7) + b"\1" * 3), 21_190, "7 * 10 + 3 * 40"),
        (2, "creation", Tx(to=b"", data=b"\1" * 1_500), 81_000, "1,500 * 40: above 77,094"),
        (4, "authorization", SET_CODE_TX.but(data=b"\1" * 1_100), 65_000, "1,100 * 40"),
    ]
    for kind, name, tx, needed, why in floors:
        why = f"the floor is 21,000 + {why}"
        yield rule(f"valid_floor_{name}", kind, f"its gas limit is {needed}", why,
                   tx.but(gas=needed), fine())  # fmt: skip
        yield rule(
            f"invalid_floor_{name}",
            kind,
            f"its gas limit is {needed - 1}; intrinsic gas is covered",
            why,
            tx.but(gas=needed - 1),
            refused(Reason.FLOOR_GAS_EXCEEDS_GAS, index=1, got=needed - 1, needed=needed),
        )


def fees() -> Iterator[Vector]:
    """Fee caps: their width (ours), their order, and the base fee."""
    for kind, tx in enumerate(BY_TYPE):
        name = "gas price" if kind < 2 else "maximal fee"
        yield rule(
            "invalid_fee_cap_of_65_bits",
            kind,
            f"its {name} is 2**64",
            "caps of 65 bits cannot be proven",
            tx.but(max_fee=2**64),
            refused(Reason.FEE_CAP_TOO_LARGE, index=1, got=2**64, limit=MAX64),
            accounts=RICH,
        )
        yield rule(
            "valid_fee_cap_of_64_bits",
            kind,
            f"its {name} is 2**64 - 1",
            "the largest cap",
            tx.but(max_fee=MAX64),
            fine(),
            accounts=RICH,
        )
        yield rule(
            "invalid_fee_below_base_fee",
            kind,
            f"its {name} is one wei below the base fee",
            "the base fee has to be covered",
            tx.but(max_fee=GWEI - 1, priority_fee=0),
            refused(Reason.MAX_FEE_BELOW_BASE_FEE, index=1, got=GWEI - 1, needed=GWEI),
        )
        yield rule(
            "valid_fee_at_base_fee",
            kind,
            f"its {name} is the base fee",
            "just covered",
            tx.but(max_fee=GWEI, priority_fee=0),
            fine(),
        )
    for kind in (2, 3, 4):
        tx = BY_TYPE[kind].but(max_fee=2 * GWEI)
        yield rule(
            "invalid_priority_fee_above_fee",
            kind,
            "its priority fee is one wei above its maximal fee",
            "the tip is part of the fee",
            tx.but(priority_fee=2 * GWEI + 1),
            refused(Reason.PRIORITY_FEE_EXCEEDS_MAX_FEE, index=1, got=2 * GWEI + 1, limit=2 * GWEI),
        )
        yield rule(
            "valid_priority_fee_at_fee",
            kind,
            "its priority fee is its maximal fee",
            "allowed, even if the base fee leaves less",
            tx.but(priority_fee=2 * GWEI),
            fine(),
        )
    yield rule(
        "invalid_priority_fee_of_256_bits",
        2,
        "its priority fee is 2**256 - 1",
        "compared in full width",
        Tx(priority_fee=2**256 - 1),
        refused(Reason.PRIORITY_FEE_EXCEEDS_MAX_FEE, index=1, got=2**256 - 1, limit=10**10),
    )


def blob_rule(name: str, when: str, then: str, tx: Tx, expected: Outcome, **case: object) -> Vector:
    """Describe one case of a blob transaction."""
    given = "a block with a good transaction and a blob transaction"
    return BLOBS.vector(name, (given, when, then), after_a_good_one(tx, **case), expected)


def blobs() -> Iterator[Vector]:
    """Recipient, number and version of blobs; their sum over the block."""
    yield blob_rule(
        "recipient__invalid_absent",
        "it has no recipient",
        "blob transactions create nothing",
        BLOB_TX.but(to=b"", gas=60_000),
        refused(Reason.BLOB_TRANSACTION_WITHOUT_RECIPIENT, index=1),
    )
    yield BLOBS.vector(
        "recipient__valid_absent_elsewhere",
        (
            "a block with a blob transaction and another one",
            "the other one creates a contract",
            "the rule is about blob transactions alone",
        ),
        Case(transactions=(BLOB_TX, Tx(signer=key(2), to=b"", gas=53_000))),
        fine(),
    )
    yield blob_rule(
        "number__invalid_none",
        "it has no versioned hash",
        "at least one",
        BLOB_TX.but(blobs=()),
        refused(Reason.BLOB_TRANSACTION_WITHOUT_BLOBS, index=1),
    )
    many = tuple(blob_hash(n) for n in range(9))
    for count in (1, 6):
        yield blob_rule(f"number__valid_{count}", f"it has {count}", "one to six",
                        BLOB_TX.but(blobs=many[:count]), fine())  # fmt: skip
    for count in (7, 9):
        yield blob_rule(
            f"number__invalid_{count}",
            f"it has {count}",
            "at most six in one transaction (EIP-7594)",
            BLOB_TX.but(blobs=many[:count]),
            refused(Reason.TOO_MANY_BLOBS_IN_TRANSACTION, index=1, got=count, limit=6),
        )
    for position, version in ((0, 0), (0, 2), (1, 2), (2, 255)):
        hashes = [blob_hash(n) for n in range(3)]
        hashes[position] = blob_hash(position, version)
        yield blob_rule(
            f"version__invalid_{version}_at_{position}",
            f"hash {position} begins with {version}",
            "the only version is 1",
            BLOB_TX.but(blobs=tuple(hashes)),
            refused(
                Reason.BLOB_VERSION_UNKNOWN, index=1, position=position, got=version, expected=1
            ),
        )
    yield blob_rule("hashes__valid_twice_the_same", "two of its hashes are the same",
                    "nothing forbids it", BLOB_TX.but(blobs=(blob_hash(1),) * 2),
                    fine())  # fmt: skip
    yield from blob_sums(many)


def blob_sums(many: tuple[bytes, ...]) -> Iterator[Vector]:
    """Blob gas of a block."""
    six, three = BLOB_TX.but(blobs=many[:6]), BLOB_TX.but(blobs=many[6:], nonce=1)
    given = "a block with two blob transactions"
    yield BLOBS.vector(
        "block__valid_nine",
        (given, "they have six and three blobs", "nine are the most in a block"),
        Case(transactions=(six, three)),
        fine(),
    )
    four = three.but(blobs=(*many[6:], blob_hash(10)))
    yield BLOBS.vector(
        "block__invalid_ten",
        (given, "they have six and four blobs, and the header declares ten", "nine are the most"),
        Case(transactions=(six, four)),
        refused(Reason.BLOB_GAS_USED_EXCEEDS_MAXIMUM, got=10 * BLOB, limit=9 * BLOB),
    )
    yield BLOBS.vector(
        "block__invalid_ten_declared_as_nine",
        (given, "they have six and four blobs, and the header declares nine", "it has ten"),
        Case(transactions=(six, four), header={"blob_gas_used": 9 * BLOB}),
        refused(Reason.BLOB_GAS_USED_MISMATCH, got=9 * BLOB, expected=10 * BLOB),
    )
    for gas in (0, 8 * BLOB, 9 * BLOB - 1):
        yield BLOBS.vector(
            f"block__invalid_declares_{gas}",
            (given, f"nine blobs, and the header declares a blob gas of {gas}", "it is 9 * 2**17"),
            Case(transactions=(six, three), header={"blob_gas_used": gas}),
            refused(Reason.BLOB_GAS_USED_MISMATCH, got=gas, expected=9 * BLOB),
        )


def blob_fees() -> Iterator[Vector]:
    """The blob base fee has to be covered."""
    yield blob_rule(
        "fee__invalid_zero",
        "its maximal blob fee is zero",
        "the least blob base fee is one wei",
        BLOB_TX.but(blob_fee=0),
        refused(Reason.MAX_BLOB_FEE_BELOW_BLOB_BASE_FEE, index=1, got=0, needed=1),
    )
    yield blob_rule("fee__valid_one", "its maximal blob fee is one wei", "the least",
                    BLOB_TX.but(blob_fee=1), fine())  # fmt: skip
    # The excess stays at 30 update fractions: e**30 in whole wei, by the series of EIP-4844.
    price = 10_686_474_581_524
    excess = 30 * OSAKA.blobs.base_fee_update_fraction
    parent = parent_header(excess_blob_gas=excess, blob_gas_used=6 * BLOB, base_fee_per_gas=7)
    header = {"excess_blob_gas": excess, "base_fee_per_gas": 7}
    for name, fee, expected in (
        (
            "invalid_one_wei_short",
            price - 1,
            refused(Reason.MAX_BLOB_FEE_BELOW_BLOB_BASE_FEE, index=1, got=price - 1, needed=price),
        ),
        ("valid_exact", price, fine()),
        ("valid_of_256_bits", 2**256 - 1, fine()),
    ):
        yield blob_rule(
            f"fee__{name}",
            f"the excess gives a blob base fee of {price}, its maximal blob fee is {fee}",
            "the blob base fee has to be covered",
            BLOB_TX.but(blob_fee=fee),
            expected,
            parent=parent,
            header=header,
            accounts=RICH,
        )
    unpayable = parent_header(excess_blob_gas=MAX64, base_fee_per_gas=7)
    yield blob_rule(
        "fee__invalid_absurd_excess",
        "the excess is near 2**64, and its maximal blob fee is 2**256 - 1",
        "no fee of 256 bits covers it; prices from 2**256 on are reported as 2**256",
        BLOB_TX.but(blob_fee=2**256 - 1),
        refused(Reason.MAX_BLOB_FEE_BELOW_BLOB_BASE_FEE, index=1, got=2**256 - 1, needed=2**256),
        parent=unpayable,
        header={"excess_blob_gas": MAX64 - 6 * BLOB, "base_fee_per_gas": 7},
        accounts=RICH,
    )


def set_code() -> Iterator[Vector]:
    """EIP-7702: recipient and list; what stands in the list may be wrong."""

    def case(name: str, when: str, then: str, tx: Tx, expected: Outcome) -> Vector:
        given = "a block with a good transaction and a set-code transaction"
        return SET_CODE.vector(name, (given, when, then), after_a_good_one(tx), expected)

    yield case(
        "recipient__invalid_absent",
        "it has no recipient",
        "set-code transactions create nothing",
        SET_CODE_TX.but(to=b"", gas=100_000),
        refused(Reason.SET_CODE_TRANSACTION_WITHOUT_RECIPIENT, index=1),
    )
    yield case(
        "list__invalid_empty",
        "it authorizes nothing",
        "at least one authorization",
        SET_CODE_TX.but(authorizations=()),
        refused(Reason.AUTHORIZATION_LIST_EMPTY, index=1),
    )
    good = authorization(key(9))
    odd = {
        "for_every_chain": authorization(key(9), chain_id=0),
        "for_another_chain": authorization(key(9), chain_id=1),
        "with_the_last_nonce": authorization(key(9), nonce=MAX64),
        "that_clears": authorization(key(9), target=bytes(20)),
        "with_parity_255": [*good[:3], 255, *good[4:]],
        "with_r_zero": [*good[:4], 0, good[5]],
        "with_s_of_256_bits": [*good[:5], 2**256 - 1],
    }
    for name, one in odd.items():
        yield case(
            f"list__valid_{name}",
            f"its only authorization is one {name.replace('_', ' ')}",
            "authorizations are judged one by one when executed, not here",
            SET_CODE_TX.but(authorizations=(one,)),
            fine(),
        )
    yield case(
        "list__valid_four",
        "it has four authorizations",
        "121,000 gas cover them",
        SET_CODE_TX.but(
            gas=121_000, authorizations=tuple(authorization(key(n)) for n in range(6, 10))
        ),
        fine(),
    )
