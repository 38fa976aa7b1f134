"""
The types of EIP-8025 once more, in remerkleable, as the specifications spell them.

Written from the texts, not from our codecs: what both agree on is no shared mistake of a helper.
"""

from typing import Any, Final

from remerkleable.basic import boolean, uint8, uint16, uint64, uint256
from remerkleable.byte_arrays import ByteList, Bytes32, ByteVector
from remerkleable.complex import Container, List
from remerkleable.progressive import (
    ProgressiveByteList,
    ProgressiveContainer,
    ProgressiveList,
)

from zkattest.types.payload_request import ExecutionPayload, NewPayloadRequest
from zkattest.types.proof_profiles import ContainerKind, ListKind, MessageKind, ProofProfile

BLSPubkey: Final = ByteVector[48]
BLSSignature: Final = ByteVector[96]
Address: Final = ByteVector[20]


class PublicInputOfRoot(Container):  # type: ignore[misc]
    new_payload_request_root: Bytes32


class PublicInputOfResult(ProgressiveContainer(active_fields=[1] * 4)):  # type: ignore[misc]
    new_payload_request_root: Bytes32
    successful_validation: boolean
    chain_id: uint64
    schema_id: uint16


class PublicInputOfChain(ProgressiveContainer(active_fields=[1] * 4)):  # type: ignore[misc]
    origin_block_root: Bytes32
    head_block_root: Bytes32
    chain_id: uint64
    schema_id: uint16


class Withdrawal(Container):  # type: ignore[misc]
    index: uint64
    validator_index: uint64
    address: Address
    amount: uint64


class DepositRequest(Container):  # type: ignore[misc]
    pubkey: BLSPubkey
    withdrawal_credentials: Bytes32
    amount: uint64
    signature: BLSSignature
    index: uint64


class WithdrawalRequest(Container):  # type: ignore[misc]
    source_address: Address
    validator_pubkey: BLSPubkey
    amount: uint64


class ConsolidationRequest(Container):  # type: ignore[misc]
    source_address: Address
    source_pubkey: BLSPubkey
    target_pubkey: BLSPubkey


class BuilderDepositRequest(Container):  # type: ignore[misc]
    pubkey: BLSPubkey
    withdrawal_credentials: Bytes32
    amount: uint64
    signature: BLSSignature


class BuilderExitRequest(Container):  # type: ignore[misc]
    source_address: Address
    pubkey: BLSPubkey


class FuluPayload(Container):  # type: ignore[misc]
    parent_hash: Bytes32
    fee_recipient: Address
    state_root: Bytes32
    receipts_root: Bytes32
    logs_bloom: ByteVector[256]
    prev_randao: Bytes32
    block_number: uint64
    gas_limit: uint64
    gas_used: uint64
    timestamp: uint64
    extra_data: ByteList[32]
    base_fee_per_gas: uint256
    block_hash: Bytes32
    transactions: List[ByteList[2**30], 2**20]
    withdrawals: List[Withdrawal, 16]
    blob_gas_used: uint64
    excess_blob_gas: uint64


class GloasPayload(ProgressiveContainer(active_fields=[1] * 19)):  # type: ignore[misc]
    parent_hash: Bytes32
    fee_recipient: Address
    state_root: Bytes32
    receipts_root: Bytes32
    logs_bloom: ByteVector[256]
    prev_randao: Bytes32
    block_number: uint64
    gas_limit: uint64
    gas_used: uint64
    timestamp: uint64
    extra_data: ByteList[32]
    base_fee_per_gas: uint256
    block_hash: Bytes32
    transactions: ProgressiveList[ProgressiveByteList]
    withdrawals: ProgressiveList[Withdrawal]
    blob_gas_used: uint64
    excess_blob_gas: uint64
    block_access_list: ProgressiveByteList
    slot_number: uint64


class FuluRequests(Container):  # type: ignore[misc]
    deposits: List[DepositRequest, 8192]
    withdrawals: List[WithdrawalRequest, 16]
    consolidations: List[ConsolidationRequest, 2]


class GloasRequests(ProgressiveContainer(active_fields=[1] * 5)):  # type: ignore[misc]
    deposits: ProgressiveList[DepositRequest]
    withdrawals: ProgressiveList[WithdrawalRequest]
    consolidations: ProgressiveList[ConsolidationRequest]
    builder_deposits: ProgressiveList[BuilderDepositRequest]
    builder_exits: ProgressiveList[BuilderExitRequest]


class SigningData(Container):  # type: ignore[misc]
    object_root: Bytes32
    domain: Bytes32


class ForkData(Container):  # type: ignore[misc]
    current_version: ByteVector[4]
    genesis_validators_root: Bytes32


def message_type(profile: ProofProfile) -> Any:
    """Give the gossip message of a profile."""
    proof_data: Any = (
        ByteList[profile.max_proof_bytes]
        if profile.proof_data is ListKind.BOUNDED
        else ProgressiveByteList
    )
    if profile.message is MessageKind.SUBNET_PROOF:
        return _container(
            block_root=Bytes32,
            block_hash=Bytes32,
            subnet_id=uint64,
            version=uint64,
            proof_data=proof_data,
        )
    binding = {
        MessageKind.SIGNED_PROOF: {"public_input": PublicInputOfRoot},
        MessageKind.SIGNED_ENVELOPE: {"beacon_block_root": Bytes32},
        MessageKind.SIGNED_CHAIN_PROOF: {"origin_block_root": Bytes32, "head_block_root": Bytes32},
    }[profile.message]
    content = _container(proof_data=proof_data, proof_type=uint8, **binding)
    return _container(message=content, validator_index=uint64, signature=BLSSignature)


def request_type(request: NewPayloadRequest, profile: ProofProfile) -> Any:
    """Give the payload request of a profile."""
    is_gloas = isinstance(request.execution_payload, ExecutionPayload)
    hashes: Any = (
        List[Bytes32, 4096]
        if profile.versioned_hashes is ListKind.BOUNDED
        else ProgressiveList[Bytes32]
    )
    fields = {
        "execution_payload": GloasPayload if is_gloas else FuluPayload,
        "versioned_hashes": hashes,
        "parent_beacon_block_root": Bytes32,
        "execution_requests": GloasRequests if is_gloas else FuluRequests,
    }
    if profile.new_payload_request is ContainerKind.PLAIN:
        return _container(**fields)
    base: Any = ProgressiveContainer(active_fields=[1] * 4)
    return type("NewPayloadRequest", (base,), {"__annotations__": fields})


def root_of(kind: Any, encoded: bytes) -> bytes:
    """Decode with the oracle, and give its root; its own encoding must be what it was given."""
    value = kind.decode_bytes(encoded)
    assert value.encode_bytes() == encoded
    root: bytes = bytes(value.hash_tree_root())
    return root


def signing_root(object_root: bytes, domain_type: bytes, version: bytes, root: bytes) -> bytes:
    """Compute `compute_signing_root` over `compute_domain`."""
    fork = ForkData(current_version=version, genesis_validators_root=root).hash_tree_root()
    domain = domain_type + bytes(fork)[:28]
    data = SigningData(object_root=object_root, domain=domain)
    return bytes(data.hash_tree_root())


def _container(**fields: Any) -> Any:
    return type("Object", (Container,), {"__annotations__": fields})
