"""Blocks are decoded strictly; every malformed thing is refused by its word, place and field."""

from dataclasses import fields

import pytest

from tests.helpers import rlp
from tests.helpers.blocks import Case, TestAccount, parent_header
from tests.helpers.transactions import CHAIN_ID, RECIPIENT, Tx, authorization, blob_hash, key
from tests.helpers.trie import list_root
from zkattest.crypto.blocks import (
    WitnessAccounts,
    decode_block,
    decode_header,
    withdrawals_root,
)
from zkattest.crypto.hashing import keccak256
from zkattest.crypto.header_rlp import encode_header, header_hash
from zkattest.types.block import NO_SENDER, Account
from zkattest.types.errors import (
    BlockDecodeError,
    MalformedNode,
    MissingCode,
    MissingNode,
    WitnessError,
)
from zkattest.types.execution import EMPTY_TRIE_ROOT, Header, Withdrawal
from zkattest.types.ids import Address

HEADER = encode_header(parent_header())
ACCESS_LIST = ((RECIPIENT, (bytes(32), b"\x01" * 32)), (RECIPIENT, ()))
ALL_TYPES = (
    Tx(type=0, data=b"\0\1\0"),
    Tx(type=0, protected=False),
    Tx(type=1, access_list=ACCESS_LIST),
    Tx(type=2, to=b"", value=2**255, max_fee=2**200, priority_fee=2**190),
    Tx(type=3, blobs=(blob_hash(1), blob_hash(2)), blob_fee=2**70),
    Tx(type=4, authorizations=(authorization(key(5)), authorization(key(6)))),
)


def block_of(*items: bytes, header: bytes = HEADER) -> bytes:
    return rlp.as_list(header + rlp.as_list(b"".join(items)) + b"\xc0\xc0")


def refusal(data: bytes) -> tuple[str, dict]:
    with pytest.raises(BlockDecodeError) as caught:
        decode_block(data)
    return caught.value.word, caught.value.operands


def test_block__columns_of_every_type():
    block = decode_block(Case(transactions=ALL_TYPES).block_rlp())
    assert block.transactions == tuple(tx.raw() for tx in ALL_TYPES)
    assert block.transactions_root() == list_root([tx.raw() for tx in ALL_TYPES])
    columns = block.columns
    assert len(columns) == len(ALL_TYPES)
    signed = [tx.signed() for tx in ALL_TYPES]
    legacy_parity = [1 - values[0] % 2 for values in signed[:2]]
    fee_caps = [tx.max_fee for tx in ALL_TYPES]
    expected = {
        "type": [tx.type for tx in ALL_TYPES],
        "has_chain_id": [tx.protected for tx in ALL_TYPES],
        "chain_id": [CHAIN_ID if tx.protected else 0 for tx in ALL_TYPES],
        "nonce": [tx.nonce for tx in ALL_TYPES],
        "gas": [tx.gas for tx in ALL_TYPES],
        "max_fee_per_gas": fee_caps,
        "max_priority_fee_per_gas": fee_caps[:3] + [tx.priority_fee for tx in ALL_TYPES[3:]],
        "creates": [not tx.to for tx in ALL_TYPES],
        "value": [tx.value for tx in ALL_TYPES],
        "data_bytes": [len(tx.data) for tx in ALL_TYPES],
        "data_zero_bytes": [tx.data.count(0) for tx in ALL_TYPES],
        "access_list_addresses": [0, 0, 2, 0, 0, 0],
        "access_list_keys": [0, 0, 2, 0, 0, 0],
        "max_fee_per_blob_gas": [tx.blob_fee if tx.type == 3 else 0 for tx in ALL_TYPES],
        "blobs": [len(tx.blobs) for tx in ALL_TYPES],
        "authorizations": [len(tx.authorizations) for tx in ALL_TYPES],
        "y_parity": legacy_parity + [values[0] for values in signed[2:]],
        "r": [values[1] for values in signed],
        "s": [values[2] for values in signed],
    }
    assert {name: getattr(columns, name).tolist() for name in expected} == expected
    assert columns.blob_versioned_hashes == ALL_TYPES[4].blobs
    assert {*expected, "blob_versioned_hashes"} == {one.name for one in fields(columns)}


def test_block__senders_and_authorities_of_every_type():
    block = decode_block(Case(transactions=ALL_TYPES).block_rlp())
    assert block.senders().by_transaction() == [tx.sender for tx in ALL_TYPES]
    authorities = tuple(Tx(signer=key(n)).sender for n in (5, 6))
    assert block.senders().authorities == tuple((5, one) for one in authorities)


def test_senders__numbered_as_they_appear_and_counted():
    signers = (2, 1, 2, 3, 2, 1)
    txs = [Tx(signer=key(one), nonce=at) for at, one in enumerate(signers)]
    txs.insert(3, Tx(signature=(0, 5, 1)))
    senders = decode_block(Case(transactions=tuple(txs)).block_rlp()).senders()
    assert senders.addresses == tuple(Tx(signer=key(one)).sender for one in (2, 1, 3))
    assert senders.slots.tolist() == [0, 1, 0, NO_SENDER, 2, 0, 1]
    assert senders.ranks.tolist() == [0, 0, 1, 0, 0, 2, 1]


def test_block__sender_is_none_where_nobody_can_have_signed():
    signatures = [(0, 5, 1), (2, 1, 1), (0, 0, 1), (0, 2**256 - 1, 1), (0, 1, 2**256 - 1)]
    txs = tuple(Tx(signature=one) for one in signatures)
    block = decode_block(Case(transactions=(*txs, Tx())).block_rlp())
    assert block.senders().by_transaction() == [None] * 5 + [Tx().sender]


def test_block__header_and_withdrawals():
    withdrawals = (Withdrawal(5, 7, Address(RECIPIENT), 2**64 - 1),)
    case = Case(withdrawals=withdrawals)
    block = decode_block(case.block_rlp())
    assert block.header == case.child_header()
    assert block.block_hash == header_hash(case.child_header())
    assert block.withdrawals == withdrawals
    assert block.size_bytes == len(case.block_rlp())


def test_header__every_field_survives():
    header = parent_header(
        parent_execution_reverted=True,
        difficulty=2**256 - 1,
        number=2**64 - 1,
        extra_data=bytes(range(40)),
        nonce=bytes(range(8)),
        base_fee_per_gas=2**64 - 1,
        excess_blob_gas=2**63,
    )
    assert decode_header(encode_header(header)) == (header, header_hash(header))


@pytest.mark.parametrize(
    ("data", "word", "field", "detail"),
    [
        (b"", "malformed_block", "block", "missing"),
        (b"\x80", "malformed_block", "block", "bytes where a list belongs"),
        (b"\xc0", "malformed_block", "header", "missing"),
        (b"\xc1\xc0", "malformed_block", "transactions", "missing"),
        (block_of()[:-1], "malformed_block", "block", "truncated"),
        (block_of() + b"\0", "malformed_block", "block", "trailing bytes"),
        (
            rlp.as_list(HEADER + b"\xc0\xc0\xc0\xc0"),
            "malformed_block",
            "block",
            "fields after the last one",
        ),
        (
            rlp.as_list(HEADER + b"\x80\xc0\xc0"),
            "malformed_block",
            "transactions",
            "bytes where a list belongs",
        ),
        (
            block_of(header=rlp.encode([b""] * 21)),
            "malformed_header",
            "header",
            "21 fields, expected 22",
        ),
        (
            block_of(header=rlp.encode([b""] * 23)),
            "malformed_header",
            "header",
            "23 fields, expected 22",
        ),
    ],
)
def test_block__refused_form(data, word, field, detail):
    assert refusal(data) == (word, {"field": field, "detail": detail})


def header_items() -> list[rlp.Item]:
    header = parent_header()
    return [getattr(header, one.name) for one in fields(Header)]


@pytest.mark.parametrize("name", [one.name for one in fields(Header)])
def test_header__refused_by_the_name_of_its_field(name):
    items = header_items()
    at = [one.name for one in fields(Header)].index(name)
    items[at] = [b"a list"]
    word, operands = refusal(block_of(header=rlp.encode(items)))
    assert (word, operands["field"]) == ("malformed_header", name)


@pytest.mark.parametrize("encoding", [b"\x00", b"\x81\x06", b"\x82\x00\x06", b"\x89" + b"\1" * 9])
def test_header__refused_number_of_another_form(encoding):
    parts = [rlp.encode(item) for item in header_items()]
    parts[10] = encoding
    word, operands = refusal(block_of(header=rlp.as_list(b"".join(parts))))
    assert word == "malformed_header"
    assert operands["field"] in {"number", "header"}


@pytest.mark.parametrize("flag", [b"\x00", b"\x02", b"\x81\x01"])
def test_header__refused_boolean_of_another_form(flag):
    parts = [rlp.encode(item) for item in header_items()]
    parts[8] = flag
    assert refusal(block_of(header=rlp.as_list(b"".join(parts))))[0] == "malformed_header"


def typed(kind: int, items: list[rlp.Item]) -> bytes:
    return rlp.encode(bytes([kind]) + rlp.encode(items))


def broken(tx: Tx, at: int, item: rlp.Item) -> bytes:
    items = [*tx.fields(), *tx.signed()]
    items[at] = item
    return typed(tx.type, items) if tx.type else rlp.encode(items)


BLOB, SET_CODE = ALL_TYPES[4], ALL_TYPES[5]
GOOD = rlp.encode(Tx().raw())


@pytest.mark.parametrize(
    ("item", "field", "detail"),
    [
        (broken(Tx(), 0, 2**256), "chain_id", "number longer than 32 bytes"),
        (broken(Tx(), 1, 2**64), "nonce", "number longer than 8 bytes"),
        (broken(Tx(), 1, b"\0"), "nonce", "number with a leading zero"),
        (broken(Tx(), 2, 2**256), "max_priority_fee_per_gas", "number longer than 32 bytes"),
        (broken(Tx(), 3, []), "max_fee_per_gas", "a list where bytes belong"),
        (broken(Tx(), 4, 2**64), "gas", "number longer than 8 bytes"),
        (broken(Tx(), 5, bytes(19)), "to", "not 20 bytes long"),
        (broken(Tx(), 6, 2**256), "value", "number longer than 32 bytes"),
        (broken(Tx(), 7, []), "data", "a list where bytes belong"),
        (broken(Tx(), 8, b""), "access_list", "bytes where a list belongs"),
        (broken(Tx(), 8, [[RECIPIENT]]), "access_list", "missing"),
        (broken(Tx(), 8, [[RECIPIENT, [bytes(31)]]]), "access_list", "not 32 bytes long"),
        (broken(Tx(), 8, [[RECIPIENT, [], b""]]), "access_list", "fields after the last one"),
        (broken(Tx(), 9, b"\0"), "y_parity", "number with a leading zero"),
        (broken(Tx(), 10, 2**256), "r", "number longer than 32 bytes"),
        (broken(Tx(), 11, 2**256), "s", "number longer than 32 bytes"),
        (broken(Tx(type=0), 1, 2**256), "gas_price", "number longer than 32 bytes"),
        (broken(Tx(type=0), 6, 2**256), "v", "number longer than 32 bytes"),
        (broken(BLOB, 9, 2**256), "max_fee_per_blob_gas", "number longer than 32 bytes"),
        (broken(BLOB, 10, [bytes(33)]), "blob_versioned_hashes", "not 32 bytes long"),
        (broken(SET_CODE, 9, [[]]), "authorization_list", "missing"),
        (
            broken(SET_CODE, 9, [[1, RECIPIENT, 2**64, 0, 1, 1]]),
            "authorization_list",
            "number longer than 8 bytes",
        ),
        (
            broken(SET_CODE, 9, [[1, RECIPIENT, 0, 256, 1, 1]]),
            "authorization_list",
            "number longer than 1 bytes",
        ),
        (
            broken(SET_CODE, 9, [[1, RECIPIENT, 0, 1, 1, 1, 1]]),
            "authorization_list",
            "fields after the last one",
        ),
        (typed(2, Tx().fields()), "y_parity", "missing"),
        (
            typed(2, [*Tx().fields(), *Tx().signed(), 0]),
            "transaction",
            "fields after the last one",
        ),
        (rlp.encode(Tx().raw() + b"\0"), "transaction", "trailing bytes"),
        (rlp.encode(Tx().raw()[:-1]), "transaction", "truncated"),
        (b"\x80", "type", "missing"),
        (rlp.encode(Tx(type=0).raw()), "transaction", "bytes where a list belongs"),
        (b"\xb8\x01\x02", "transaction", "not canonical RLP"),
    ],
)
def test_transaction__refused_by_its_index_and_field(item, field, detail):
    assert refusal(block_of(GOOD, item)) == (
        "malformed_transaction",
        {"index": 1, "field": field, "detail": detail},
    )


@pytest.mark.parametrize("kind", [0x05, 0x7E, 0x7F, 0x00])
def test_transaction__refused_unknown_type(kind):
    item = rlp.encode(bytes([kind]) + Tx().raw()[1:])
    assert refusal(block_of(GOOD, item)) == (
        "unknown_transaction_type",
        {"index": 1, "got": kind},
    )


def test_transaction__refused_blob_with_its_sidecar():
    payload = [*BLOB.fields(), *BLOB.signed()]
    word, operands = refusal(block_of(typed(3, [payload, [], [], []])))
    assert (word, operands["field"]) == ("malformed_transaction", "chain_id")


@pytest.mark.parametrize(
    "items", [[1, 2, RECIPIENT], [1, 2, bytes(19), 3], [1, 2, RECIPIENT, 3, 4]]
)
def test_withdrawal__refused_form(items):
    data = rlp.as_list(HEADER + b"\xc0\xc0" + rlp.encode([items]))
    word, operands = refusal(data)
    assert (word, operands["index"]) == ("malformed_withdrawal", 0)


def test_block__refused_size_before_decoding():
    with pytest.raises(BlockDecodeError) as caught:
        decode_block(b"\xff" * 11, 10)
    assert caught.value.operands == {"got": 11, "limit": 10}


@pytest.mark.parametrize("count", [0, 1, 2, 17, 128, 129, 300])
def test_list_roots__equal_those_of_another_builder(count):
    txs = tuple(Tx(nonce=n) for n in range(count))
    block = decode_block(Case(transactions=txs).block_rlp())
    assert block.transactions_root() == list_root([tx.raw() for tx in txs])
    withdrawals = [Withdrawal(n, 2 * n, Address(RECIPIENT), 10 * n) for n in range(count)]
    encoded = [
        rlp.encode([w.index, w.validator_index, w.address, w.amount_gwei]) for w in withdrawals
    ]
    assert withdrawals_root(withdrawals) == list_root(encoded)


def many_accounts(count: int) -> Case:
    return Case(
        accounts={
            keccak256(b"%d" % n)[:20]: TestAccount(balance=n << 60, nonce=n, code=b"\xfe" * (n % 3))
            for n in range(count)
        }
    )


def reader_of(case: Case, codes: tuple[bytes, ...] = (b"\xfe", b"\xfe\xfe")) -> WitnessAccounts:
    return WitnessAccounts(tuple(case.state.nodes.values()), codes, case.state.root)


def only_account(reader: WitnessAccounts, address: bytes) -> Account | WitnessError | None:
    [answer] = reader.accounts([address])
    return answer


@pytest.mark.parametrize("count", [1, 2, 17, 400])
def test_accounts__read_in_order_and_absence_proven(count):
    case = many_accounts(count)
    found = reader_of(case).accounts([*case.accounts, bytes(20)])
    expected = [Account(one.nonce, one.balance, one.code) for one in case.accounts.values()]
    assert found == [*expected, None]


def test_account__absent_from_the_empty_trie():
    assert WitnessAccounts((), (), EMPTY_TRIE_ROOT).accounts([RECIPIENT]) == [None]


def test_account__missing_node_names_hash_and_path():
    case = many_accounts(40)
    address = next(iter(case.accounts))
    path = keccak256(address).hex()
    nodes = dict(case.state.nodes)
    # The root's child on the way to the account.
    branch = rlp_items(nodes[case.state.root])
    child = branch[int(path[0], 16)]
    del nodes[child]
    reader = WitnessAccounts(tuple(nodes.values()), (), case.state.root)
    answer = only_account(reader, address)
    assert isinstance(answer, MissingNode)
    assert answer.detail == f"trie node 0x{child.hex()} at path '{path[0]}'"


def rlp_items(branch: bytes) -> list[bytes]:
    """Split a full branch of hashes; this test has no other."""
    payload, items = branch[3:] if branch[0] == 0xF9 else branch[2:], []
    while payload:
        size = payload[0] - 0x80
        items.append(payload[1 : 1 + size])
        payload = payload[1 + size :]
    return items


def test_accounts__of_one_code_share_it():
    # A copy of a long code for each of many senders would fill the memory.
    code = b"\xfe" * 50_000
    senders = [Tx(signer=key(n)).sender for n in range(3)]
    case = Case(accounts={one: TestAccount(code=code) for one in senders})
    codes = [account.code for account in reader_of(case, (code,)).accounts(senders)]
    assert codes[0] == code
    assert all(one is codes[0] for one in codes)


def test_account__missing_code_names_its_hash():
    case = Case(accounts={RECIPIENT: TestAccount(code=b"\xfe")})
    answer = only_account(reader_of(case, codes=()), RECIPIENT)
    assert isinstance(answer, MissingCode)
    assert answer.detail == "code 0x" + keccak256(b"\xfe").hex()


@pytest.mark.parametrize(
    "node",
    [
        b"not rlp",
        b"\xc0",
        rlp.encode([b""] * 3),
        rlp.encode([b"\x40", b"value"]),
        rlp.encode([b"\x00", bytes(32)]),
        rlp.encode([b"\x20" + keccak256(RECIPIENT), b"no account"]),
        rlp.encode([b"\x05\x05"] * 17),
        rlp.encode([b"\x20" + keccak256(RECIPIENT), rlp.encode([1, 2, bytes(32)])]),
    ],
)
def test_account__malformed_node_is_no_verdict(node):
    answer = only_account(WitnessAccounts((node,), (), keccak256(node)), RECIPIENT)
    assert isinstance(answer, MalformedNode)
