"""Strategies for the messages and payload requests of every revision of EIP-8025."""

from dataclasses import fields
from typing import Any

from hypothesis import strategies as st

from zkattest.types.ids import Address, BlockHash, ProofType, Root, ValidatorIndex
from zkattest.types.payload_request import (
    BuilderDepositRequest,
    BuilderExitRequest,
    ConsolidationRequest,
    DepositRequest,
    ExecutionPayload,
    ExecutionRequests,
    FuluExecutionPayload,
    FuluExecutionRequests,
    NewPayloadRequest,
    Withdrawal,
    WithdrawalRequest,
)
from zkattest.types.proof_messages import (
    ChainExecutionProof,
    ExecutionProof,
    ProofMessage,
    PublicInput,
    SignedChainExecutionProof,
    SignedExecutionProof,
    SubnetExecutionProof,
)
from zkattest.types.proof_profiles import PROFILES, MessageKind, PayloadFork, ProofProfile
from zkattest.types.wire import ExecutionProofEnvelope, SignedExecutionProofEnvelope

uint64 = st.integers(0, 2**64 - 1)
root = st.binary(min_size=32, max_size=32).map(Root)
address = st.binary(min_size=20, max_size=20).map(Address)
pubkey = st.binary(min_size=48, max_size=48)
signature = st.binary(min_size=96, max_size=96)
proof_data = st.binary(max_size=200)
profile = st.sampled_from(list(PROFILES.values()))

_head = {"proof_data": proof_data, "proof_type": st.integers(0, 255).map(ProofType)}
_tail = {"validator_index": uint64.map(ValidatorIndex), "signature": signature}


def message(kind: ProofProfile) -> st.SearchStrategy[ProofMessage]:
    """Give messages of a profile."""
    match kind.message:
        case MessageKind.SUBNET_PROOF:
            return st.builds(
                SubnetExecutionProof,
                block_root=root,
                block_hash=root.map(BlockHash),
                subnet_id=uint64,
                version=uint64,
                proof_data=proof_data,
            )
        case MessageKind.SIGNED_PROOF:
            public_input = st.builds(PublicInput, root)
            content = st.builds(ExecutionProof, **_head, public_input=public_input)
            return st.builds(SignedExecutionProof, message=content, **_tail)
        case MessageKind.SIGNED_ENVELOPE:
            envelope = st.builds(ExecutionProofEnvelope, **_head, beacon_block_root=root)
            return st.builds(SignedExecutionProofEnvelope, message=envelope, **_tail)
        case MessageKind.SIGNED_CHAIN_PROOF:
            chain = st.builds(
                ChainExecutionProof, **_head, origin_block_root=root, head_block_root=root
            )
            return st.builds(SignedChainExecutionProof, message=chain, **_tail)


profile_and_message = profile.flatmap(lambda one: st.tuples(st.just(one), message(one)))


def _few(element: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(element, max_size=most).map(tuple)


_withdrawal = st.builds(Withdrawal, uint64, uint64, address, uint64)
_requests = {
    "deposits": _few(st.builds(DepositRequest, pubkey, root, uint64, signature, uint64)),
    "withdrawals": _few(st.builds(WithdrawalRequest, address, pubkey, uint64)),
    "consolidations": _few(st.builds(ConsolidationRequest, address, pubkey, pubkey), 2),
}
_numbers = {
    field.name: uint64
    for field in fields(FuluExecutionPayload)
    if field.type == "int" and field.name != "base_fee_per_gas"
}
_payload = {
    "parent_hash": root.map(BlockHash),
    "fee_recipient": address,
    "state_root": root,
    "receipts_root": root,
    "logs_bloom": st.integers(0, 255).map(lambda byte: bytes([byte]) * 256),
    "prev_randao": root,
    "extra_data": st.binary(max_size=32),
    "base_fee_per_gas": st.integers(0, 2**256 - 1),
    "block_hash": root.map(BlockHash),
    "transactions": _few(st.binary(max_size=150), 6),
    "withdrawals": _few(_withdrawal, 6),
    **_numbers,
}
_gloas_payload = st.builds(
    ExecutionPayload, **_payload, block_access_list=st.binary(max_size=300), slot_number=uint64
)
_gloas_requests = st.builds(
    ExecutionRequests,
    **_requests,
    builder_deposits=_few(st.builds(BuilderDepositRequest, pubkey, root, uint64, signature)),
    builder_exits=_few(st.builds(BuilderExitRequest, address, pubkey)),
)


def request(fork: PayloadFork) -> st.SearchStrategy[NewPayloadRequest]:
    """Give payload requests of a fork."""
    is_gloas = fork is PayloadFork.GLOAS
    payload = _gloas_payload if is_gloas else st.builds(FuluExecutionPayload, **_payload)
    requests = _gloas_requests if is_gloas else st.builds(FuluExecutionRequests, **_requests)
    return st.builds(
        NewPayloadRequest,
        execution_payload=payload,
        versioned_hashes=_few(root, 6),
        parent_beacon_block_root=root,
        execution_requests=requests,
    )


profile_and_request = profile.flatmap(
    lambda one: st.tuples(st.just(one), request(one.payload_fork))
)
