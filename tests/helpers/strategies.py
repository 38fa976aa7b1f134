"""Strategies for the wire objects, one for each class."""

from hypothesis import strategies as st

from zkattest.types.execution import (
    BlockPackage,
    ExecutionClaim,
    ExecutionWitness,
    StatelessInput,
)
from zkattest.types.ids import Address, BlockHash, ChainId, ProofType, Root, Slot, ValidatorIndex
from zkattest.types.wire import (
    DelayedBlock,
    ExecutionProofEnvelope,
    PublicValues,
    SignedDelayedBlock,
    SignedExecutionClaim,
    SignedExecutionProofEnvelope,
)

uint64 = st.integers(0, 2**64 - 1)
root = st.binary(min_size=32, max_size=32).map(Root)
signature = st.binary(min_size=96, max_size=96)
chain_id = uint64.map(ChainId)
slot = uint64.map(Slot)
index = uint64.map(ValidatorIndex)

claim = st.builds(
    ExecutionClaim,
    block_hash=root.map(BlockHash),
    transactions_root=root,
    post_state_root=root,
    deferred_transactions_root=root,
    receipts_root=root,
    logs_bloom=st.binary(min_size=256, max_size=256),
    requests_hash=root,
    execution_reverted=st.booleans(),
)

blobs = st.lists(st.binary(max_size=40), max_size=4).map(tuple)
witness = st.builds(ExecutionWitness, state=blobs, codes=blobs, headers=blobs)
hashes = st.lists(root, max_size=4).map(tuple)
body = st.binary(max_size=80)

package = st.builds(
    BlockPackage,
    chain_id=chain_id,
    block=body,
    parent_claim=claim,
    versioned_hashes=hashes,
    witness=witness,
)
stateless_input = st.builds(StatelessInput, chain_id=chain_id, block=body, witness=witness)
delayed_block = st.builds(
    DelayedBlock,
    slot=slot,
    chain_id=chain_id,
    block=body,
    versioned_hashes=hashes,
    witness=witness,
    sender_hints=st.lists(st.binary(min_size=20, max_size=20).map(Address), max_size=4).map(tuple),
)
envelope = st.builds(
    ExecutionProofEnvelope,
    proof_data=body,
    proof_type=st.integers(0, 255).map(ProofType),
    beacon_block_root=root,
)
signed_block = st.builds(
    SignedDelayedBlock, message=delayed_block, proposer_index=index, signature=signature
)
signed_proof = st.builds(
    SignedExecutionProofEnvelope, message=envelope, validator_index=index, signature=signature
)
signed_claim = st.builds(
    SignedExecutionClaim, message=claim, validator_index=index, signature=signature
)
public_values = st.builds(
    PublicValues,
    root=root,
    valid=st.booleans(),
    chain_id=chain_id,
    schema_id=st.integers(0, 2**16 - 1),
)

wire_object = st.one_of(
    claim,
    witness,
    package,
    stateless_input,
    delayed_block,
    envelope,
    signed_block,
    signed_proof,
    signed_claim,
    public_values,
)
