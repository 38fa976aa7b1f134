"""Declare header, claim and witness, and the package that a file holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zkattest.types.ids import Address, BlockHash, ChainId, Root
from zkattest.types.ssz_codec import (
    Boolean,
    ByteList,
    ByteVector,
    Container,
    ListOf,
    Uint,
    decode_object,
)

MAX_BLOCK_BYTES: Final = 1 << 24
MAX_PACKAGE_BYTES: Final = 1 << 29
MAX_STATE_NODES: Final = 1 << 20
MAX_STATE_NODE_BYTES: Final = 1 << 20
MAX_CODES: Final = 1 << 16
MAX_CODE_BYTES: Final = 1 << 24
MAX_ANCESTORS: Final = 256
MAX_ANCESTOR_BYTES: Final = 1 << 10
MAX_VERSIONED_HASHES: Final = 4096
BLOOM_BYTES: Final = 256

EMPTY_TRIE_ROOT: Final = Root.from_hex(
    "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
)
EMPTY_OMMERS_HASH: Final = Root.from_hex(
    "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"
)
EMPTY_REQUESTS_HASH: Final = Root.from_hex(
    "0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)
EMPTY_CODE_HASH: Final = Root.from_hex(
    "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
)


@dataclass(frozen=True, slots=True)
class Header:
    """Hold the header of EIP-7886; the fields stand in the order of its RLP."""

    parent_hash: BlockHash
    ommers_hash: Root
    coinbase: Address
    pre_state_root: Root
    parent_transactions_root: Root
    parent_receipt_root: Root
    parent_bloom: bytes
    parent_requests_hash: Root
    parent_execution_reverted: bool
    difficulty: int
    number: int
    gas_limit: int
    gas_used: int
    timestamp: int
    extra_data: bytes
    prev_randao: bytes
    nonce: bytes
    base_fee_per_gas: int
    withdrawals_root: Root
    blob_gas_used: int
    excess_blob_gas: int
    parent_beacon_block_root: Root


@dataclass(frozen=True, slots=True)
class OsakaHeader:
    """Hold a header from before the fork; the fields stand in the order of its RLP."""

    parent_hash: BlockHash
    ommers_hash: Root
    coinbase: Address
    state_root: Root
    transactions_root: Root
    receipt_root: Root
    bloom: bytes
    difficulty: int
    number: int
    gas_limit: int
    gas_used: int
    timestamp: int
    extra_data: bytes
    prev_randao: bytes
    nonce: bytes
    base_fee_per_gas: int
    withdrawals_root: Root
    blob_gas_used: int
    excess_blob_gas: int
    parent_beacon_block_root: Root
    requests_hash: Root


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Hold one withdrawal of the consensus layer; the amount is in Gwei."""

    index: int
    validator_index: int
    address: Address
    amount_gwei: int


@dataclass(frozen=True, slots=True)
class ExecutionClaim:
    """Say what executing one block gave: what its child's header has to repeat."""

    block_hash: BlockHash
    transactions_root: Root
    post_state_root: Root
    deferred_transactions_root: Root
    receipts_root: Root
    logs_bloom: bytes
    requests_hash: Root
    execution_reverted: bool

    def encode(self) -> bytes:
        """Write the claim as SSZ."""
        return CLAIM_CODEC.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> ExecutionClaim:
        """Read a claim from exactly these bytes."""
        return decode_object(CLAIM_CODEC, data, MAX_CLAIM_BYTES)


@dataclass(frozen=True, slots=True)
class ExecutionWitness:
    """
    Hold preimages of trie nodes and codes, and the ancestors' headers.

    Headers are RLP, oldest first, the parent last.
    """

    state: tuple[bytes, ...]
    codes: tuple[bytes, ...]
    headers: tuple[bytes, ...]

    def encode(self) -> bytes:
        """Write the witness as SSZ."""
        return WITNESS_CODEC.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> ExecutionWitness:
        """Read a witness from exactly these bytes."""
        return decode_object(WITNESS_CODEC, data, MAX_PACKAGE_BYTES)


@dataclass(frozen=True, slots=True)
class StatelessInput:
    """Hold what the guest program reads: a block as RLP and its witness."""

    chain_id: ChainId
    block: bytes
    witness: ExecutionWitness

    def encode(self) -> bytes:
        """Write the input as SSZ."""
        return INPUT_CODEC.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> StatelessInput:
        """Read an input from exactly these bytes."""
        return decode_object(INPUT_CODEC, data, MAX_PACKAGE_BYTES)


@dataclass(frozen=True, slots=True)
class BlockPackage:
    """Hold a block with all that checking and executing it needs: what a `.ssz` file is."""

    chain_id: ChainId
    block: bytes
    parent_claim: ExecutionClaim
    versioned_hashes: tuple[Root, ...]
    witness: ExecutionWitness

    def encode(self) -> bytes:
        """Write the package as SSZ."""
        return PACKAGE_CODEC.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> BlockPackage:
        """Read a package from exactly these bytes."""
        return decode_object(PACKAGE_CODEC, data, MAX_PACKAGE_BYTES)

    def stateless_input(self) -> StatelessInput:
        """Give the part that the guest reads."""
        return StatelessInput(chain_id=self.chain_id, block=self.block, witness=self.witness)


CHAIN_ID = Uint(8, ChainId)
BYTES32 = ByteVector(32, Root)
BLOCK_HASH = ByteVector(32, BlockHash)
BLOCK_BYTES = ByteList(MAX_BLOCK_BYTES)
VERSIONED_HASHES = ListOf(BYTES32, MAX_VERSIONED_HASHES)

CLAIM_CODEC = Container(
    ExecutionClaim,
    block_hash=BLOCK_HASH,
    transactions_root=BYTES32,
    post_state_root=BYTES32,
    deferred_transactions_root=BYTES32,
    receipts_root=BYTES32,
    logs_bloom=ByteVector(BLOOM_BYTES, bytes),
    requests_hash=BYTES32,
    execution_reverted=Boolean(),
)
MAX_CLAIM_BYTES: Final = 449

WITNESS_CODEC = Container(
    ExecutionWitness,
    state=ListOf(ByteList(MAX_STATE_NODE_BYTES), MAX_STATE_NODES),
    codes=ListOf(ByteList(MAX_CODE_BYTES), MAX_CODES),
    headers=ListOf(ByteList(MAX_ANCESTOR_BYTES), MAX_ANCESTORS),
)

INPUT_CODEC = Container(StatelessInput, chain_id=CHAIN_ID, block=BLOCK_BYTES, witness=WITNESS_CODEC)

PACKAGE_CODEC = Container(
    BlockPackage,
    chain_id=CHAIN_ID,
    block=BLOCK_BYTES,
    parent_claim=CLAIM_CODEC,
    versioned_hashes=VERSIONED_HASHES,
    witness=WITNESS_CODEC,
)
