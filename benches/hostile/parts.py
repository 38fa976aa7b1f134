"""Put packages together from parts of any kind: honest transactions, crumbs, forged nodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tests.helpers import rlp
from tests.helpers.blocks import ETHER, TestAccount, parent_header
from tests.helpers.transactions import CHAIN_ID, Tx, key
from tests.helpers.trie import Trie, hex_prefix
from zkattest.crypto.blocks import withdrawals_root
from zkattest.crypto.hashing import keccak256
from zkattest.crypto.header_rlp import encode_header, header_hash
from zkattest.types.execution import (
    EMPTY_REQUESTS_HASH,
    EMPTY_TRIE_ROOT,
    BlockPackage,
    ExecutionClaim,
    ExecutionWitness,
    Withdrawal,
)
from zkattest.types.ids import ChainId, Root

GAS_LIMIT = 1 << 40


@dataclass(frozen=True)
class State:
    """What a pre-state is to a check: a root, and what the witness holds of it."""

    root: bytes
    nodes: tuple[bytes, ...] = ()
    codes: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, accounts: dict[bytes, TestAccount]) -> State:
        """Make the trie of some accounts; the witness holds all of it."""
        leaves = {account: account.leaf() for account in set(accounts.values())}
        trie = Trie({keccak256(one): leaves[account] for one, account in accounts.items()})
        codes = {account.code for account in accounts.values() if account.code}
        return cls(trie.root, tuple(trie.nodes.values()), tuple(codes))


@dataclass(frozen=True)
class Body:
    """What a block carries, as it lies in the block's RLP; gas is the sum of the limits."""

    transactions: bytes = b""
    gas: int = 0
    versioned_hashes: tuple[bytes, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()

    @classmethod
    def of(cls, transactions: Iterable[Tx]) -> Body:
        """Encode signed transactions."""
        txs = tuple(transactions)
        items = [tx.raw() if tx.type == 0 else rlp.encode(tx.raw()) for tx in txs]
        hashes = tuple(one for tx in txs if tx.type == 3 for one in tx.blobs)
        return cls(b"".join(items), sum(tx.gas for tx in txs), hashes)


def package(body: Body, state: State) -> BlockPackage:
    """Join a body and a state under a header that agrees with both and with its parent."""
    parent = parent_header(gas_limit=GAS_LIMIT, gas_used=GAS_LIMIT // 2)
    claim = ExecutionClaim(
        block_hash=header_hash(parent),
        transactions_root=EMPTY_TRIE_ROOT,
        post_state_root=Root(state.root),
        deferred_transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=bytes(256),
        requests_hash=EMPTY_REQUESTS_HASH,
        execution_reverted=False,
    )
    header = replace(
        parent,
        parent_hash=claim.block_hash,
        pre_state_root=Root(state.root),
        number=parent.number + 1,
        gas_used=body.gas,
        timestamp=parent.timestamp + 12,
        withdrawals_root=withdrawals_root(body.withdrawals),
    )
    withdrawals: Sequence[rlp.Item] = [
        [w.index, w.validator_index, w.address, w.amount_gwei] for w in body.withdrawals
    ]
    block = rlp.as_list(
        encode_header(header)
        + rlp.as_list(body.transactions)
        + rlp.as_list(b"")
        + rlp.encode(withdrawals)
    )
    return BlockPackage(
        chain_id=ChainId(CHAIN_ID),
        block=block,
        parent_claim=claim,
        versioned_hashes=tuple(Root(one) for one in body.versioned_hashes[:4096]),
        witness=ExecutionWitness(state.nodes, state.codes, (encode_header(parent),)),
    )


def senders_state(count: int, code: bytes = b"", balance_wei: int = 1_000 * ETHER) -> State:
    """Make a state of the first `count` signers, all of them with the same code."""
    account = TestAccount(balance=balance_wei, code=code)
    return State.of({Tx(signer=key(number)).sender: account for number in range(count)})


def chain_to(address: bytes, leaf: bytes) -> tuple[bytes, list[bytes]]:
    """
    Make the longest way below the first four nibbles of an account's path.

    Each level is an extension by one nibble, the smallest node there is.
    """
    path = [int(digit, 16) for digit in keccak256(address).hex()]
    node = rlp.encode([hex_prefix(path[-1:], leaf=True), leaf])
    nodes = [node]
    for nibble in reversed(path[4:-1]):
        node = rlp.encode([hex_prefix([nibble], leaf=False), keccak256(node)])
        nodes.append(node)
    return keccak256(node), nodes


def deep_state(addresses: Sequence[bytes]) -> State:
    """Make a state in which each account lies 64 levels deep."""
    nodes: list[bytes] = []
    heads: dict[str, bytes] = {}
    for address in addresses:
        hash_, below = chain_to(address, TestAccount(balance=1_000 * ETHER).leaf())
        heads[keccak256(address).hex()[:4]] = hash_
        nodes += below
    for level in (3, 2, 1, 0):
        branches: dict[str, list[rlp.Item]] = {}
        for prefix, hash_ in heads.items():
            items = branches.setdefault(prefix[:level], [b""] * 17)
            items[int(prefix[level], 16)] = hash_
        encoded = {prefix: rlp.encode(items) for prefix, items in branches.items()}
        nodes += encoded.values()
        heads = {prefix: keccak256(node) for prefix, node in encoded.items()}
    return State(heads[""], tuple(nodes))
