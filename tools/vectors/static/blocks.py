"""Body, sums, profiles, notices, the largest block, and the first block of the fork."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.helpers.blocks import ETHER, GWEI, Case, TestAccount, parent_header
from tests.helpers.transactions import ORDER, RECIPIENT, Tx, authorization, blob_hash, key
from tools.vectors.model import Group, Vector, fine, refused
from zkattest.conformance.outcome import Outcome
from zkattest.spec.reasons import Notice, Reason
from zkattest.types.execution import EMPTY_TRIE_ROOT, Withdrawal
from zkattest.types.ids import Address

BODY = Group("body")
PROFILE = Group("profile")
NOTICES = Group("notices")
SIZE = Group("size")
BLOB_TX = Tx(type=3, blobs=(blob_hash(1), blob_hash(2)))
SET_CODE_TX = Tx(type=4, gas=46_000, authorizations=(authorization(key(9)),))
# 21,000 + 2,400 + 2 * 1,900 + 4 for a zero byte: 27,204, of which 5,440 can come back.
LISTED_TX = Tx(
    type=1,
    gas=27_204,
    access_list=((RECIPIENT, (bytes(32), b"\x01" * 32)),),
    data=b"\0",
)
WITHDRAWALS = (
    Withdrawal(5, 7, Address(b"\x22" * 20), 1_000),
    Withdrawal(6, 2**64 - 1, Address(b"\x23" * 20), 0),
)
MAX_BLOCK_BYTES = 8_388_608


def cases() -> Iterator[Vector]:
    """Give every case of the four groups."""
    yield from ommers()
    yield from withdrawals()
    yield from versioned_hashes()
    yield from declared_gas()
    yield from profiles()
    yield from certain_reverts()
    yield from nonce_drifts()
    yield from sizes()


def ommers() -> Iterator[Vector]:
    """No block has ommers since the merge."""
    for count in (1, 2):
        yield BODY.vector(
            f"ommers__invalid_{count}",
            ("a block whose ommers hash is that of the empty list", f"it lists {count} ommers",
             "the list is empty"),
            Case(ommers=((),) * count),
            refused(Reason.OMMERS_NOT_EMPTY, got=count),
        )  # fmt: skip


def withdrawals() -> Iterator[Vector]:
    """The header commits to the withdrawals."""
    good = Case(withdrawals=WITHDRAWALS)
    root = good.child_header().withdrawals_root
    for count in (1, 2, 17):
        many = tuple(replace(WITHDRAWALS[0], index=n) for n in range(count))
        yield BODY.vector(
            f"withdrawals__valid_{count}",
            (f"a block with {count} withdrawals", "the root is theirs", "valid"),
            Case(withdrawals=many),
            fine(),
        )
    wrong = {
        "zero": (good, bytes(32), root),
        "empty": (good, bytes(EMPTY_TRIE_ROOT), root),
        "of_another_order": (
            good.but(withdrawals=WITHDRAWALS[::-1]),
            bytes(root),
            Case(withdrawals=WITHDRAWALS[::-1]).child_header().withdrawals_root,
        ),
        "of_none": (Case(), bytes(root), EMPTY_TRIE_ROOT),
    }
    for name, (case, got, expected) in wrong.items():
        yield BODY.vector(
            f"withdrawals_root__invalid_{name}",
            ("a header and withdrawals", f"the root is {name.replace('_', ' ')}",
             "it has to be that of the withdrawals"),
            case.but(header={"withdrawals_root": got}),
            refused(Reason.WITHDRAWALS_ROOT_MISMATCH, got=got, expected=expected),
        )  # fmt: skip


def versioned_hashes() -> Iterator[Vector]:
    """The consensus layer's list is the one that the transactions carry."""
    first, second, third = (blob_hash(n) for n in (1, 2, 3))
    wrong: tuple[tuple[str, tuple[bytes, ...], dict[str, Any]], ...] = (
        ("none", (), {"got": 2, "expected": 0}),
        ("first_only", (first,), {"got": 2, "expected": 1}),
        ("one_more", (first, second, third), {"got": 2, "expected": 3}),
        ("swapped", (second, first), {"position": 0, "got": first, "expected": second}),
        ("second_changed", (first, third), {"position": 1, "got": second, "expected": third}),
    )
    for name, hashes, operands in wrong:
        yield BODY.vector(
            f"versioned_hashes__invalid_{name}",
            ("a transaction with two blobs", f"the list is wrong: {name.replace('_', ' ')}",
             "it has to be theirs, in order"),
            Case(transactions=(BLOB_TX,), versioned_hashes=hashes),
            refused(Reason.VERSIONED_HASHES_MISMATCH, **operands),
        )  # fmt: skip
    yield BODY.vector(
        "versioned_hashes__invalid_without_blobs",
        ("a block without blobs", "the list has one hash", "it has to be empty"),
        Case(versioned_hashes=(first,)),
        refused(Reason.VERSIONED_HASHES_MISMATCH, got=0, expected=1),
    )
    yield BODY.vector(
        "versioned_hashes__valid_over_two_transactions",
        ("two blob transactions", "the list has their hashes in their order", "valid"),
        Case(transactions=(BLOB_TX, Tx(nonce=1), BLOB_TX.but(signer=key(2), blobs=(third,)))),
        fine(),
    )


def declared_gas() -> Iterator[Vector]:
    """What inclusion costs has to be declared at least."""
    pair = (Tx(), Tx(nonce=1, data=b"\x01" * 100, gas=30_000))
    given = "two transactions with intrinsic gas 21,000 and 22,600; the second's floor is 25,000"
    for gas, expected in (
        (46_000, fine()),
        (45_999, refused(Reason.INCLUSION_GAS_EXCEEDS_GAS_USED, got=46_000, limit=45_999)),
        (0, refused(Reason.INCLUSION_GAS_EXCEEDS_GAS_USED, got=46_000, limit=0)),
    ):
        yield BODY.vector(
            f"declared_gas__{expected.verdict}_{gas}",
            (given, f"the header declares {gas}", "the larger of both counts for each"),
            Case(transactions=pair, header={"gas_used": gas}),
            expected,
        )
    yield BODY.vector(
        "declared_gas__valid_all_of_the_transactions",
        (given, "the header declares all of their gas", "the most that they can use"),
        Case(transactions=pair, header={"gas_used": 51_000}),
        fine(),
    )


def profiles() -> Iterator[Vector]:
    """Flags: `refund_aware` and `cap_balance`."""
    for name, tx, strict, aware in (
        ("authorization", SET_CODE_TX, 46_000, 36_800),
        ("rounded", LISTED_TX, 27_204, 21_764),
        ("floor_holds", Tx(data=b"\x01" * 100, gas=25_000), 25_000, 25_000),
    ):  # fmt: skip
        for is_aware, least in ((False, strict), (True, aware)):
            for gas, expected in (
                (least, fine()),
                (
                    least - 1,
                    refused(Reason.INCLUSION_GAS_EXCEEDS_GAS_USED, got=least, limit=least - 1),
                ),
            ):
                word = "aware" if is_aware else "strict"
                yield PROFILE.vector(
                    f"refund_{name}__{expected.verdict}_{word}",
                    (
                        f"a transaction with an inclusion gas of {strict}",
                        f"the header declares {gas}; refund_aware is {is_aware}".lower(),
                        "refunds give back a fifth at most, and never go below the floor"
                        if is_aware
                        else "the text of the EIP knows no refunds",
                    ),
                    Case(transactions=(tx,), header={"gas_used": gas}),
                    expected,
                    refund_aware=is_aware,
                )
    yield from cap_balances()


def cap_balances() -> Iterator[Vector]:
    """EIP-1559 asks for the caps; the text of EIP-7886 for the effective prices."""
    blob_cap = 2 * 2**17 * GWEI
    for name, tx, effective, capped in (
        ("fee", Tx(), 42_000 * GWEI + 1, 210_000 * GWEI + 1),
        ("legacy", Tx(type=0), 210_000 * GWEI + 1, 210_000 * GWEI + 1),
        ("blobs", BLOB_TX, 42_000 * GWEI + 1 + 2 * 2**17, 210_000 * GWEI + 1 + blob_cap),
    ):
        for is_capped, cost in ((False, effective), (True, capped)):
            for short in (0, 1):
                operands = {"index": 0, "sender": tx.sender, "got": cost - 1, "needed": cost}
                expected = refused(Reason.BALANCE_TOO_LOW, **operands) if short else fine()
                yield PROFILE.vector(
                    f"cap_{name}__{expected.verdict}_{'caps' if is_capped else 'prices'}",
                    (
                        f"a sender with {cost - short} wei",
                        f"cap_balance is {is_capped}".lower(),
                        f"the transaction can cost {cost}",
                    ),
                    Case(transactions=(tx,), accounts={tx.sender: TestAccount(cost - short)}),
                    expected,
                    cap_balance=is_capped,
                )


def notice_of_revert(**operands: int) -> Outcome:
    """Expect a valid block whose execution cannot succeed."""
    return fine((Notice.CERTAIN_REVERT, operands))


def certain_reverts() -> Iterator[Vector]:
    """Gas that does not fit under the limit, or that nobody can use."""
    limit = 42_000
    parent = parent_header(gas_limit=limit, gas_used=limit // 2)
    given = "a gas limit of 42,000 and two transactions"
    for gas, expected in (
        (21_000, fine()),
        (21_001, notice_of_revert(index=1, got=42_001, limit=42_000)),
    ):
        yield NOTICES.vector(
            f"gas_limit__valid_second_has_{gas}",
            (given, f"the second one has {gas} gas", "21,000 are left after the first one"),
            Case(
                transactions=(Tx(), Tx(nonce=1, gas=gas)),
                parent=parent,
                header={"gas_used": limit},
            ),
            expected,
        )
    many = (*(Tx(nonce=n) for n in range(61)), Tx(nonce=61, gas=2**24))
    tight = parent_header(gas_limit=2**24 + 61 * 21_000 - 1, gas_used=9_029_107)
    yield NOTICES.vector(
        "gas_limit__valid_one_gas_beyond",
        ("61 transfers and one transaction with all the gas of the cap",
         "together they reach one gas beyond the limit", "valid, and it will be reverted"),
        Case(transactions=many, parent=tight, header={"gas_used": 62 * 21_000}),
        notice_of_revert(index=61, got=2**24 + 61 * 21_000, limit=2**24 + 61 * 21_000 - 1),
    )  # fmt: skip
    refunded = (LISTED_TX, Tx(nonce=1, gas=21_001))
    for room, expected in (
        (42_765, fine()),
        (42_764, notice_of_revert(index=1, got=42_765, limit=42_764)),
    ):
        bound = parent_header(gas_limit=room, gas_used=room // 2)
        yield NOTICES.vector(
            f"gas_limit__valid_after_refunds_{room}",
            ("a transaction that uses 21,764 gas at least, and one with 21,001 gas",
             f"the gas limit is {room}", "refunds of the first one may make room"),
            Case(transactions=refunded, parent=bound, header={"gas_used": room}),
            expected,
            refund_aware=True,
        )  # fmt: skip
    for gas, expected in (
        (21_000, fine()),
        (21_001, notice_of_revert(got=21_001, limit=21_000)),
    ):
        yield NOTICES.vector(
            f"declared_gas__valid_{gas}",
            ("one transaction with 21,000 gas", f"the header declares {gas}",
             "more than all of the gas cannot be used"),
            Case(header={"gas_used": gas}),
            expected,
        )  # fmt: skip


def nonce_drifts() -> Iterator[Vector]:
    """Authorizations whose authority sends later in the block."""
    two = SET_CODE_TX.but(gas=71_000, authorizations=(authorization(key(2)), authorization(key(3))))
    later, itself = Tx(signer=key(2)), Tx(nonce=1)

    def drift(index: int, *authorities: bytes) -> Outcome:
        return fine(
            *((Notice.NONCE_MAY_DRIFT, {"index": index, "authority": a}) for a in authorities)
        )

    own = SET_CODE_TX.but(authorizations=(authorization(key(1), nonce=1),))
    good = authorization(key(2))
    high = [*good[:3], 1 - good[3], good[4], ORDER - good[5]]
    cases_of = (
        ("later_sender", (two, later), drift(0, later.sender), "one authority sends later"),
        ("both_send_later", (two, later, Tx(signer=key(3))),
         drift(0, later.sender, Tx(signer=key(3)).sender), "both authorities send later"),
        ("earlier_sender", (later, two), fine(), "the authority has sent before"),
        ("sends_before_and_after", (later, two, later.but(nonce=1)), drift(1, later.sender),
         "the authority sends before and after"),
        ("itself", (own, itself), drift(0, itself.sender), "the sender authorizes itself"),
        ("itself_alone", (own,), fine(), "the sender authorizes itself and sends no more"),
        ("high_s", (SET_CODE_TX.but(authorizations=(high,)), later), fine(),
         "the authorization has a high s: it signs nothing"),
    )  # fmt: skip
    for name, transactions, expected, when in cases_of:
        yield NOTICES.vector(
            f"nonce__valid_{name}",
            ("a set-code transaction", when, "nonces of later senders may move"),
            Case(transactions=transactions),
            expected,
        )


def sizes() -> Iterator[Vector]:
    """EIP-7934: a block has at most 8 MiB of RLP."""
    yield SIZE.vector(
        "block__invalid_garbage_above_the_limit",
        ("a limit of 8,388,608 bytes", "one byte more, and nothing that decodes",
         "the size is checked before anything is decoded"),
        replace(Case().package(), block=b"\xff" * (MAX_BLOCK_BYTES + 1)),
        refused(Reason.BLOCK_TOO_LARGE, got=MAX_BLOCK_BYTES + 1, limit=MAX_BLOCK_BYTES),
    )  # fmt: skip
    yield SIZE.vector(
        "block__invalid_garbage_at_the_limit",
        ("a limit of 8,388,608 bytes", "just as many, and nothing that decodes",
         "small enough to be decoded"),
        replace(Case().package(), block=b"\xff" * MAX_BLOCK_BYTES),
        refused(Reason.MALFORMED_BLOCK, field="block"),
    )  # fmt: skip
    for extra, verdict in ((0, "valid"), (1, "invalid")):
        case = block_of_size(MAX_BLOCK_BYTES + extra)
        yield SIZE.vector(
            f"block__{verdict}_of_{MAX_BLOCK_BYTES + extra}_bytes",
            ("a good block with six transactions full of zeros",
             f"its RLP has {MAX_BLOCK_BYTES + extra} bytes", "8,388,608 are allowed"),
            case,
            refused(Reason.BLOCK_TOO_LARGE, got=MAX_BLOCK_BYTES + 1, limit=MAX_BLOCK_BYTES)
            if extra
            else fine(),
        )  # fmt: skip


def block_of_size(size_bytes: int) -> Case:
    """Fill a block with calldata up to a size."""
    # 1,400,000 zero bytes have a floor of 14,021,000 gas: six such fit under this limit.
    limit = 200_000_000
    parent = parent_header(gas_limit=limit, gas_used=limit // 2)
    accounts = {Tx().sender: TestAccount(balance=ETHER)}

    def filled(last_bytes: int) -> Case:
        lengths = (*(1_400_000,) * 5, last_bytes)
        transactions = tuple(
            Tx(nonce=nonce, data=bytes(length), gas=21_000 + 10 * length)
            for nonce, length in enumerate(lengths)
        )
        return Case(transactions=transactions, parent=parent, accounts=accounts)

    missing = size_bytes - len(filled(1_300_000).block_rlp())
    case = filled(1_300_000 + missing)
    if len(case.block_rlp()) != size_bytes:
        raise ValueError(f"a block of {size_bytes} bytes cannot be made this way")
    return case
