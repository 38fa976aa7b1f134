"""Blocks that are valid unless a test changes one thing, with their parents and witnesses."""

from dataclasses import dataclass, field, replace
from typing import Any

from tests.helpers import rlp
from tests.helpers.transactions import CHAIN_ID, Tx, key
from tests.helpers.trie import Trie, list_root
from zkattest.crypto.blocks import WitnessAccounts
from zkattest.crypto.hashing import keccak256
from zkattest.crypto.header_rlp import encode_header, header_hash
from zkattest.spec.presets import OSAKA, Preset
from zkattest.spec.static_block import ChainView, StaticReport, read_block, validate_block
from zkattest.types.execution import (
    EMPTY_CODE_HASH,
    EMPTY_OMMERS_HASH,
    EMPTY_REQUESTS_HASH,
    EMPTY_TRIE_ROOT,
    BlockPackage,
    ExecutionClaim,
    ExecutionWitness,
    Header,
    Withdrawal,
)
from zkattest.types.ids import Address, BlockHash, ChainId, Root

ETHER = 10**18
GWEI = 10**9
GAS_LIMIT = 30_000_000
ZERO = Root(bytes(32))


@dataclass(frozen=True)
class TestAccount:
    """An account of the pre-state."""

    __test__ = False

    balance: int = ETHER
    nonce: int = 0
    code: bytes = b""

    def leaf(self) -> bytes:
        code_hash = keccak256(self.code) if self.code else bytes(EMPTY_CODE_HASH)
        return rlp.encode([self.nonce, self.balance, bytes(EMPTY_TRIE_ROOT), code_hash])


def parent_header(**changes: Any) -> Header:
    header = Header(
        parent_hash=BlockHash(ZERO),
        ommers_hash=EMPTY_OMMERS_HASH,
        coinbase=Address(b"\xcc" * 20),
        pre_state_root=ZERO,
        parent_transactions_root=EMPTY_TRIE_ROOT,
        parent_receipt_root=EMPTY_TRIE_ROOT,
        parent_bloom=bytes(256),
        parent_requests_hash=EMPTY_REQUESTS_HASH,
        parent_execution_reverted=False,
        difficulty=0,
        number=6,
        gas_limit=GAS_LIMIT,
        # At its target, so that the base fee stays.
        gas_used=GAS_LIMIT // 2,
        timestamp=1_000,
        extra_data=b"",
        prev_randao=bytes(32),
        nonce=bytes(8),
        base_fee_per_gas=GWEI,
        withdrawals_root=EMPTY_TRIE_ROOT,
        blob_gas_used=0,
        excess_blob_gas=0,
        parent_beacon_block_root=ZERO,
    )
    return replace(header, **changes)


@dataclass(frozen=True)
class Case:
    """One check: the parent, the block's contents, the pre-state. Header fields may be forced."""

    transactions: tuple[Tx, ...] = (Tx(),)
    accounts: dict[bytes, TestAccount] = field(
        default_factory=lambda: {Tx(signer=key(n)).sender: TestAccount() for n in range(1, 5)}
    )
    parent: Header = field(default_factory=parent_header)
    outputs: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    withdrawals: tuple[Withdrawal, ...] = ()
    ommers: tuple[Any, ...] = ()
    versioned_hashes: tuple[bytes, ...] | None = None
    chain_id: int = CHAIN_ID
    lost_nodes: int = 0
    codes: tuple[bytes, ...] | None = None

    def but(self, **changes: Any) -> "Case":
        return replace(self, **changes)

    @property
    def state(self) -> Trie:
        return Trie({keccak256(one): account.leaf() for one, account in self.accounts.items()})

    @property
    def claim(self) -> ExecutionClaim:
        """What executing the parent gave."""
        claim = ExecutionClaim(
            block_hash=header_hash(self.parent),
            transactions_root=EMPTY_TRIE_ROOT,
            post_state_root=Root(self.state.root),
            deferred_transactions_root=Root(keccak256(b"transactions")),
            receipts_root=Root(keccak256(b"receipts")),
            logs_bloom=bytes(255) + b"\x01",
            requests_hash=EMPTY_REQUESTS_HASH,
            execution_reverted=False,
        )
        return replace(claim, **self.outputs)

    @property
    def carried(self) -> tuple[bytes, ...]:
        return tuple(one for tx in self.transactions if tx.type == 3 for one in tx.blobs)

    def child_header(self) -> Header:
        claim = self.claim
        encoded = [
            rlp.encode([w.index, w.validator_index, w.address, w.amount_gwei])
            for w in self.withdrawals
        ]
        header = parent_header(
            parent_hash=header_hash(self.parent),
            pre_state_root=claim.post_state_root,
            parent_transactions_root=claim.deferred_transactions_root,
            parent_receipt_root=claim.receipts_root,
            parent_bloom=claim.logs_bloom,
            parent_requests_hash=claim.requests_hash,
            parent_execution_reverted=claim.execution_reverted,
            number=self.parent.number + 1,
            gas_limit=self.parent.gas_limit,
            gas_used=sum(tx.gas for tx in self.transactions),
            timestamp=self.parent.timestamp + 12,
            withdrawals_root=Root(list_root(encoded)),
            blob_gas_used=2**17 * len(self.carried),
        )
        return replace(header, **self.header)

    def block_rlp(self) -> bytes:
        transactions = b"".join(
            tx.raw() if tx.type == 0 else rlp.encode(tx.raw()) for tx in self.transactions
        )
        withdrawals: list[rlp.Item] = [
            [w.index, w.validator_index, w.address, w.amount_gwei] for w in self.withdrawals
        ]
        return rlp.as_list(
            encode_header(self.child_header())
            + rlp.as_list(transactions)
            + rlp.encode(self.ommers)
            + rlp.encode(withdrawals)
        )

    def package(self) -> BlockPackage:
        hashes = self.carried if self.versioned_hashes is None else self.versioned_hashes
        nodes = tuple(self.state.nodes.values())
        codes = tuple(account.code for account in self.accounts.values() if account.code)
        return BlockPackage(
            chain_id=ChainId(self.chain_id),
            block=self.block_rlp(),
            parent_claim=self.claim,
            versioned_hashes=tuple(Root(one) for one in hashes),
            witness=ExecutionWitness(
                state=nodes[self.lost_nodes :],
                codes=codes if self.codes is None else self.codes,
                headers=(encode_header(self.parent),),
            ),
        )

    def check(self, preset: Preset = OSAKA) -> StaticReport:
        """Run the whole static check on the package's bytes."""
        package = BlockPackage.decode(self.package().encode())
        block = read_block(package.block, preset)
        accounts = WitnessAccounts(
            package.witness.state, package.witness.codes, block.header.pre_state_root
        )
        chain = ChainView(package.chain_id, self.parent, package.parent_claim)
        return validate_block(chain, block, accounts, package.versioned_hashes, preset)
