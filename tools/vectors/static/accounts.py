"""Senders, balances, nonces and the witness that they are read from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.helpers import rlp
from tests.helpers.blocks import ETHER, GWEI, Case, TestAccount, parent_header
from tests.helpers.transactions import RECIPIENT, Tx, authorization, blob_hash, key
from tests.helpers.trie import Trie, hex_prefix
from tools.vectors.model import Group, Vector, fine, header_hash, refused, unknown
from zkattest.conformance.outcome import Outcome, Verdict
from zkattest.conformance.values import as_json
from zkattest.crypto.hashing import keccak256
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.execution import BlockPackage
from zkattest.types.ids import Root

SENDER_GROUP = Group("sender")
BALANCE = Group("balance")
NONCE = Group("nonce")
WITNESS = Group("witness")
SENDER = Tx().sender
SECOND = Tx(signer=key(2)).sender
# 21,000 gas at 1 Gwei of base fee and 1 Gwei of priority fee, and a value of one wei.
COST = 21_000 * 2 * GWEI + 1
DELEGATION = b"\xef\x01\x00" + RECIPIENT


def cases() -> Iterator[Vector]:
    """Give every case of the four groups."""
    yield from senders()
    yield from balances()
    yield from running_balances()
    yield from nonces()
    yield from incomplete_witnesses()
    yield from malformed_nodes()
    yield from parents()


def only(**account: Any) -> dict[bytes, TestAccount]:
    """Give a state with the first sender alone."""
    return {SENDER: TestAccount(**account)}


def too_low(index: int, got: int, needed: int, sender: bytes = SENDER) -> Outcome:
    """Expect that a balance does not do."""
    return refused(Reason.BALANCE_TOO_LOW, index=index, sender=sender, got=got, needed=needed)


def senders() -> Iterator[Vector]:
    """EIP-3607, EIP-7702: a sender has no code, or a delegation."""
    codes = (
        ("delegation", DELEGATION, True, "0xef0100 and an address"),
        ("delegation_to_nobody", b"\xef\x01\x00" + bytes(20), True, "its form counts alone"),
        ("one_byte", b"\0", False, "a contract"),
        ("prefix_alone", b"\xef\x01\x00", False, "no address follows"),
        ("of_22_bytes", DELEGATION[:-1], False, "an address too short"),
        ("of_24_bytes", DELEGATION + b"\0", False, "an address too long"),
        ("other_prefix", b"\xef\x01\x01" + RECIPIENT, False, "23 bytes, another prefix"),
        ("other_magic", b"\xee\x01\x00" + RECIPIENT, False, "23 bytes, another prefix"),
        ("of_1000_bytes", b"\x5b" * 1_000, False, "a contract"),
    )
    for kind in (0, 2, 4):
        for name, code, is_valid, why in codes if kind == 2 else codes[::3]:
            tx = Tx(type=kind)
            if kind == 4:
                tx = tx.but(gas=46_000, authorizations=(authorization(key(9)),))
            expected = fine() if is_valid else refused(
                Reason.SENDER_NOT_EOA, index=0, sender=SENDER, code_bytes=len(code)
            )  # fmt: skip
            yield SENDER_GROUP.vector(
                f"type_{kind}__{expected.verdict}_code_{name}",
                (f"a sender of a transaction of type {kind}", f"it has code: {why}",
                 "only a delegation may stand at a sender"),
                Case(transactions=(tx,), accounts=only(code=code)),
                expected,
            )  # fmt: skip
    contract = {SENDER: TestAccount(), SECOND: TestAccount(code=b"\xfe")}
    yield SENDER_GROUP.vector(
        "second__invalid_contract",
        ("two senders", "the second one is a contract", "the index is that of its transaction"),
        Case(transactions=(Tx(), Tx(nonce=1), Tx(signer=key(2))), accounts=contract),
        refused(Reason.SENDER_NOT_EOA, index=2, sender=SECOND, code_bytes=1),
    )
    yield SENDER_GROUP.vector(
        "recipient__valid_contract",
        ("a transaction to an account", "the account is a contract", "senders are judged alone"),
        Case(accounts={SENDER: TestAccount(), RECIPIENT: TestAccount(code=b"\xfe")}),
        fine(),
    )


def balances() -> Iterator[Vector]:
    """What one transaction can cost."""
    given = "a sender of one transaction that costs 42,000,000,000,001 wei"
    for name, accounts, got in (
        ("one_wei_short", only(balance=COST - 1), COST - 1),
        ("of_zero", only(balance=0), 0),
        ("of_an_account_that_is_not_there", {RECIPIENT: TestAccount()}, 0),
        ("in_an_empty_state", {}, 0),
    ):
        yield BALANCE.vector(
            f"one__invalid_{name}",
            (given, f"its balance is {got}", "it does not cover the cost"),
            Case(accounts=accounts),
            too_low(0, got, COST),
        )
    yield BALANCE.vector(
        "one__valid_exact",
        (given, "its balance is just that", "the effective price counts, not the caps"),
        Case(accounts=only(balance=COST)),
        fine(),
    )
    free = Case(
        transactions=(Tx(max_fee=0, priority_fee=0, value=0),),
        parent=parent_header(base_fee_per_gas=0),
        header={"base_fee_per_gas": 0},
        accounts={},
    )
    yield BALANCE.vector(
        "free__valid_without_an_account",
        ("a base fee of zero", "somebody without an account sends for nothing", "nothing is due"),
        free,
        fine(),
    )
    huge = Tx(max_fee=2**64 - 1, priority_fee=2**64 - 1, value=2**256 - 1)
    needed = 21_000 * (2**64 - 1) + 2**256 - 1
    yield BALANCE.vector(
        "one__invalid_more_than_256_bits",
        ("the largest value and the largest fee", "the cost has 257 bits", "no bit is lost"),
        Case(transactions=(huge,)),
        too_low(0, ETHER, needed),
    )
    prices = (
        ("tip_within_the_cap", Tx(max_fee=3 * GWEI, priority_fee=GWEI), 2 * GWEI),
        ("tip_cut_by_the_cap", Tx(max_fee=3 * GWEI, priority_fee=3 * GWEI), 3 * GWEI),
        ("no_tip", Tx(max_fee=3 * GWEI, priority_fee=0), GWEI),
        ("legacy", Tx(type=0, max_fee=3 * GWEI), 3 * GWEI),
        ("access_list", Tx(type=1, max_fee=3 * GWEI), 3 * GWEI),
    )
    for name, tx, price in prices:
        cost = 21_000 * price + 1
        for short, expected in ((0, fine()), (1, too_low(0, cost - 1, cost))):
            yield BALANCE.vector(
                f"price__{expected.verdict}_{name}",
                (f"a transaction whose effective price is {price}",
                 f"the balance is {cost - short}", f"the cost is {cost}"),
                Case(transactions=(tx,), accounts=only(balance=cost - short)),
                expected,
            )  # fmt: skip
    blob = Tx(type=3, blobs=(blob_hash(1), blob_hash(2)))
    cost = COST + 2 * 2**17
    for short, expected in ((0, fine()), (1, too_low(0, cost - 1, cost))):
        yield BALANCE.vector(
            f"blobs__{expected.verdict}",
            ("two blobs at a blob base fee of one wei", f"the balance is {cost - short}",
             "blob gas is paid at the blob base fee, on top"),
            Case(transactions=(blob,), accounts=only(balance=cost - short)),
            expected,
        )  # fmt: skip


def running_balances() -> Iterator[Vector]:
    """What several transactions cost together."""
    pair = (Tx(), Tx(nonce=1))
    given = "a sender of two transactions of the same cost"
    yield BALANCE.vector(
        "two__valid_exact",
        (given, "its balance covers both", "valid"),
        Case(transactions=pair, accounts=only(balance=2 * COST)),
        fine(),
    )
    yield BALANCE.vector(
        "two__invalid_one_wei_short",
        (given, "its balance is one wei short of both", "the second one is refused"),
        Case(transactions=pair, accounts=only(balance=2 * COST - 1)),
        too_low(1, COST - 1, COST),
    )
    between = (Tx(), Tx(signer=key(2)), Tx(nonce=1))
    both = {SENDER: TestAccount(balance=2 * COST - 1), SECOND: TestAccount()}
    yield BALANCE.vector(
        "two__invalid_with_another_between",
        (given, "another sender's transaction stands between", "balances are kept apart"),
        Case(transactions=between, accounts=both),
        too_low(2, COST - 1, COST),
    )
    yield BALANCE.vector(
        "two__valid_with_another_between",
        (given, "another sender's transaction stands between", "balances are kept apart"),
        Case(transactions=between, accounts={**both, **only(balance=2 * COST)}),
        fine(),
    )
    rich = Tx(signer=key(2), value=ETHER // 2, to=SENDER)
    yield BALANCE.vector(
        "arrival__invalid",
        ("a sender who is one wei short", "half an ether arrives earlier in the block",
         "only the pre-state counts"),
        Case(
            transactions=(rich, Tx()),
            accounts={SECOND: TestAccount(), SENDER: TestAccount(balance=COST - 1)},
        ),
        too_low(1, COST - 1, COST),
    )  # fmt: skip
    to_itself = (Tx(to=SENDER, value=ETHER // 2), Tx(nonce=1, value=ETHER // 2))
    left = ETHER - ETHER // 2 - 42_000 * GWEI
    yield BALANCE.vector(
        "arrival__invalid_from_itself",
        ("a sender with one ether", "it sends half of it to itself, then half to another",
         "value counts as spent, whoever gets it"),
        Case(transactions=to_itself, accounts=only(balance=ETHER)),
        too_low(1, left, ETHER // 2 + 42_000 * GWEI),
    )  # fmt: skip


def nonces() -> Iterator[Vector]:
    """Nonces count up from the pre-state's."""

    def wrong(index: int, got: int, expected: int) -> Outcome:
        return refused(
            Reason.NONCE_MISMATCH, index=index, sender=SENDER, got=got, expected=expected
        )

    for nonce in (0, 4, 6, 2**64 - 2):
        yield NONCE.vector(
            f"one__invalid_{nonce}",
            ("an account with nonce 5", f"its transaction has nonce {nonce}", "it has to be 5"),
            Case(transactions=(Tx(nonce=nonce),), accounts=only(nonce=5)),
            wrong(0, nonce, 5),
        )
    yield NONCE.vector(
        "one__valid_5",
        ("an account with nonce 5", "its transaction has nonce 5", "valid"),
        Case(transactions=(Tx(nonce=5),), accounts=only(nonce=5)),
        fine(),
    )
    for second in (5, 7):
        yield NONCE.vector(
            f"two__invalid_second_{second}",
            ("an account with nonce 5", f"two transactions have nonces 5 and {second}",
             "the second has to be 6"),
            Case(transactions=(Tx(nonce=5), Tx(nonce=second)), accounts=only(nonce=5)),
            wrong(1, second, 6),
        )  # fmt: skip
    yield NONCE.vector(
        "two__valid_in_sequence",
        ("an account with nonce 5", "two transactions have nonces 5 and 6", "valid"),
        Case(transactions=(Tx(nonce=5), Tx(nonce=6)), accounts=only(nonce=5)),
        fine(),
    )
    yield NONCE.vector(
        "two__invalid_swapped",
        ("an account with nonce 0", "two transactions have nonces 1 and 0", "order counts"),
        Case(transactions=(Tx(nonce=1), Tx())),
        wrong(0, 1, 0),
    )
    between = (Tx(), Tx(signer=key(2)), Tx(nonce=1), Tx(signer=key(2), nonce=1))
    yield NONCE.vector(
        "two__valid_interleaved",
        ("two senders", "their transactions take turns", "nonces are kept apart"),
        Case(transactions=between),
        fine(),
    )
    full = only(nonce=2**64 - 1)
    yield NONCE.vector(
        "full__invalid_last",
        ("an account whose nonce is 2**64 - 1", "its transaction has nonce 2**64 - 2",
         "the account cannot send any more"),
        Case(transactions=(Tx(nonce=2**64 - 2),), accounts=full),
        wrong(0, 2**64 - 2, 2**64 - 1),
    )  # fmt: skip
    yield NONCE.vector(
        "full__invalid_wraps",
        ("an account whose nonce is 2**64 - 2", "a second transaction has nonce 0",
         "nonces do not begin again"),
        Case(transactions=(Tx(nonce=2**64 - 2), Tx()), accounts=only(nonce=2**64 - 2)),
        wrong(1, 0, 2**64 - 1),
    )  # fmt: skip


def with_state(case: Case, *nodes: bytes, codes: tuple[bytes, ...] | None = None) -> BlockPackage:
    """Put other nodes into the witness of a case."""
    package = case.package()
    kept = package.witness.codes if codes is None else codes
    return replace(package, witness=replace(package.witness, state=nodes, codes=kept))


def same_block(case: Case) -> Outcome:
    """Expect a package that was changed around a block to be valid."""
    found = as_json(header_hash(case.child_header()))
    return Outcome(Verdict.VALID, {"block_hash": found, "notices": []})


def path_to(trie: Trie, address: bytes) -> list[bytes]:
    """List the nodes from the root to an account; these tries have branches and leaves alone."""
    nibbles = [half for byte in keccak256(address) for half in (byte >> 4, byte & 15)]
    found, at, depth = [], trie.root, 0
    while at in trie.nodes:
        node = trie.nodes[at]
        found.append(node)
        # A branch has 16 references; one that is a hash stands behind its head of one byte.
        at = next((h for h in trie.nodes if h in node and _leads(trie, h, nibbles[depth:])), b"")
        depth += 1
    return found


def _leads(trie: Trie, node_hash: bytes, nibbles: list[int]) -> bool:
    ends = [hex_prefix(nibbles[n:], leaf=True) for n in range(len(nibbles))]
    node = trie.nodes[node_hash]
    return any(end in node for end in ends if len(end) > 8) or any(
        _leads(trie, below, nibbles[1:])
        for below in trie.nodes
        if below != node_hash and below in node
    )


def incomplete_witnesses() -> Iterator[Vector]:
    """Nodes and codes that are missing, superfluous, or in another order."""
    case = Case()
    nodes = list(case.state.nodes.values())
    needed = path_to(case.state, SENDER)
    others = [node for node in nodes if node not in needed]
    given = "a sender among four accounts"
    for depth, lost in enumerate(needed):
        rest = [node for node in nodes if node != lost]
        yield WITNESS.vector(
            f"nodes__cannot_check_lost_at_depth_{depth}",
            (given, f"the node at depth {depth} of its path is missing",
             "could not check; the block may be good"),
            with_state(case, *rest),
            unknown(Cause.MISSING_NODE),
        )  # fmt: skip
    yield WITNESS.vector(
        "nodes__cannot_check_none",
        (given, "the witness is empty", "could not check"),
        with_state(case),
        unknown(Cause.MISSING_NODE),
    )
    changes = (
        ("minimal", needed, "only the nodes of its path are there"),
        ("reversed", nodes[::-1], "the nodes stand in another order"),
        ("twice", nodes * 2, "every node is there twice"),
        ("with_garbage", [*nodes, b"", b"\xff", bytes(100)], "three items are no nodes"),
    )
    for name, state, when in changes:
        yield WITNESS.vector(
            f"nodes__valid_{name}",
            (given, when, "what is not needed is not looked at"),
            with_state(case, *state),
            same_block(case),
        )
    yield WITNESS.vector(
        "nodes__valid_no_sender",
        ("a block without transactions", "the witness is empty", "no account is read"),
        with_state(Case(transactions=())),
        same_block(Case(transactions=())),
    )
    absent = Case(transactions=(Tx(signer=key(7)),))
    proof = [nodes[-1]] if len(others) == len(nodes) else nodes
    yield WITNESS.vector(
        "nodes__invalid_absence_is_proven",
        ("a sender that the state does not have", "the nodes show it",
         "an account that is not there has no money"),
        with_state(absent, *proof),
        too_low(0, 0, COST, Tx(signer=key(7)).sender),
    )  # fmt: skip
    delegated = Case(accounts=only(code=DELEGATION))
    state = list(delegated.state.nodes.values())
    for name, codes, expected in (
        ("cannot_check_lost", (), unknown(Cause.MISSING_CODE)),
        ("cannot_check_another", (b"\xfe",), unknown(Cause.MISSING_CODE)),
        ("valid_among_others", (b"\xfe", DELEGATION, b""), same_block(delegated)),
    ):
        yield WITNESS.vector(
            f"codes__{name}",
            ("a sender with a delegation", f"the witness has {len(codes)} codes",
             "the code is found by its hash, or it is not there"),
            with_state(delegated, *state, codes=codes),
            expected,
        )  # fmt: skip


def malformed_nodes() -> Iterator[Vector]:
    """Nodes whose hashes are right and whose forms are not."""
    path = [half for byte in keccak256(SENDER) for half in (byte >> 4, byte & 15)]
    account = TestAccount().leaf()
    fields: list[Any] = [0, ETHER, bytes(32), bytes(32)]
    leaf = hex_prefix(path, leaf=True)
    forms = {
        "no_list": b"\x81\x80",
        "not_rlp": b"\xff\xff\xff",
        "three_items": rlp.encode([b"", b"", b""]),
        "16_items": rlp.encode([b""] * 16),
        "18_items": rlp.encode([b""] * 18),
        "path_of_unknown_kind": rlp.encode([b"\x40" + leaf[1:], account]),
        "path_with_a_nibble_for_padding": rlp.encode([b"\x22" + leaf[1:], account]),
        "path_empty": rlp.encode([b"", account]),
        "extension_by_nothing": rlp.encode([b"\0", bytes(32)]),
        "reference_of_31_bytes": rlp.encode([*[b"\x01" * 31] * 16, b""]),
        "value_list": rlp.encode([leaf, [b""]]),
        "account_of_three": rlp.encode([leaf, rlp.encode(fields[:3])]),
        "account_of_five": rlp.encode([leaf, rlp.encode([*fields, 0])]),
        "nonce_of_9_bytes": rlp.encode([leaf, rlp.encode([2**64, *fields[1:]])]),
        "balance_of_33_bytes": rlp.encode([leaf, rlp.encode([0, 2**256, *fields[2:]])]),
        "code_hash_of_31_bytes": rlp.encode([leaf, rlp.encode([*fields[:3], bytes(31)])]),
    }
    for name, node in forms.items():
        root = Root(keccak256(node))
        yield WITNESS.vector(
            f"form__cannot_check_{name}",
            ("a pre-state root that is the hash of the only node",
             f"the node is malformed: {name.replace('_', ' ')}", "could not check"),
            with_state(Case(outputs={"post_state_root": root}), node),
            unknown(Cause.MALFORMED_NODE),
        )  # fmt: skip
    good = rlp.encode([leaf, account])
    right = Case(outputs={"post_state_root": Root(keccak256(good))})
    yield WITNESS.vector(
        "form__valid_leaf",
        ("a pre-state root that is the hash of the only node", "the node is the sender's leaf",
         "valid"),
        with_state(right, good),
        same_block(right),
    )  # fmt: skip
    # Cut out of what the block says first: an earlier fault of another sender decides.
    lost = Case(transactions=(Tx(), Tx(signer=key(2), nonce=9)))
    yield WITNESS.vector(
        "order__cannot_check_before_invalid",
        ("two senders", "the first one's node is missing, the second one's nonce is wrong",
         "the first transaction decides"),
        with_state(lost),
        unknown(Cause.MISSING_NODE),
    )  # fmt: skip


def parents() -> Iterator[Vector]:
    """What is said of the parent has to be there and to fit."""
    package = Case().package()
    headers = package.witness.headers
    given = "a good block"

    def with_headers(*items: bytes) -> BlockPackage:
        return replace(package, witness=replace(package.witness, headers=items))

    yield WITNESS.vector(
        "parent__cannot_check_absent",
        (given, "the parent's header is null", "could not check"),
        with_headers(),
        unknown(Cause.MISSING_PARENT),
    )
    for name, data in (("empty", b""), ("no_fields", b"\xc0"), ("cut", headers[0][:-1])):
        yield WITNESS.vector(
            f"parent__cannot_check_{name}",
            (given, f"the parent's header does not decode: {name.replace('_', ' ')}",
             "could not check; the block itself decodes"),
            with_headers(data),
            unknown(Cause.UNREADABLE_INPUT),
        )  # fmt: skip
    yield WITNESS.vector(
        "parent__cannot_check_claim_of_another",
        (given, "the parent's claim is about another block", "could not check"),
        Case(outputs={"block_hash": b"\x01" * 32}),
        unknown(Cause.MISSING_PARENT),
    )
    yield WITNESS.vector(
        "parent__invalid_block_first",
        ("a block that does not decode", "the parent's header does not, either",
         "the block is looked at first"),
        replace(with_headers(b"\xc0"), block=b"\xc0"),
        refused(Reason.MALFORMED_BLOCK, field="header"),
    )  # fmt: skip
