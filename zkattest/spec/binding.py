"""Tie a header to what is known of its parent: the claim it makes, and whether that claim holds."""

from __future__ import annotations

from zkattest.crypto.header_rlp import header_hash
from zkattest.spec.reasons import InvalidBlock, Reason
from zkattest.types.execution import ExecutionClaim, Header, OsakaHeader
from zkattest.types.ids import BlockHash, Root


def bind_parent(
    child_header: Header, parent_block_hash: BlockHash, parent_transactions_root: Root
) -> ExecutionClaim:
    """
    Build the claim that a child makes about its parent's execution.

    A header does not commit to its own body, so the root of the transactions that the parent
    carried is what the receiver saw, not what the child says.
    """
    return ExecutionClaim(
        block_hash=parent_block_hash,
        transactions_root=parent_transactions_root,
        post_state_root=child_header.pre_state_root,
        deferred_transactions_root=child_header.parent_transactions_root,
        receipts_root=child_header.parent_receipt_root,
        logs_bloom=child_header.parent_bloom,
        requests_hash=child_header.parent_requests_hash,
        execution_reverted=child_header.parent_execution_reverted,
    )


def outputs_before_fork(parent_header: OsakaHeader) -> ExecutionClaim:
    """
    Read what the parent of the fork's first block gave out of its own header.

    EIP-7886 leaves the first block open (docs/eip7886.md, 14): the parent's ordinary fields count
    as its deferred outputs, and nothing has been reverted.
    """
    return ExecutionClaim(
        block_hash=header_hash(parent_header),
        transactions_root=parent_header.transactions_root,
        post_state_root=parent_header.state_root,
        deferred_transactions_root=parent_header.transactions_root,
        receipts_root=parent_header.receipt_root,
        logs_bloom=parent_header.bloom,
        requests_hash=parent_header.requests_hash,
        execution_reverted=False,
    )


def compare_outputs(header: Header, claim: ExecutionClaim) -> None:
    """
    Compare the deferred outputs in a header with those tracked for its parent.

    The six comparisons of `validate_block` in EIP-7886, in its order.
    """
    if header.parent_transactions_root != claim.deferred_transactions_root:
        raise InvalidBlock(
            Reason.PARENT_TRANSACTIONS_ROOT_MISMATCH,
            got=header.parent_transactions_root,
            expected=claim.deferred_transactions_root,
        )
    if header.parent_receipt_root != claim.receipts_root:
        raise InvalidBlock(
            Reason.PARENT_RECEIPT_ROOT_MISMATCH,
            got=header.parent_receipt_root,
            expected=claim.receipts_root,
        )
    if header.parent_bloom != claim.logs_bloom:
        raise InvalidBlock(
            Reason.PARENT_BLOOM_MISMATCH, got=header.parent_bloom, expected=claim.logs_bloom
        )
    if header.parent_requests_hash != claim.requests_hash:
        raise InvalidBlock(
            Reason.PARENT_REQUESTS_HASH_MISMATCH,
            got=header.parent_requests_hash,
            expected=claim.requests_hash,
        )
    if header.pre_state_root != claim.post_state_root:
        raise InvalidBlock(
            Reason.PRE_STATE_ROOT_MISMATCH,
            got=header.pre_state_root,
            expected=claim.post_state_root,
        )
    if header.parent_execution_reverted != claim.execution_reverted:
        raise InvalidBlock(
            Reason.PARENT_EXECUTION_REVERTED_MISMATCH,
            got=header.parent_execution_reverted,
            expected=claim.execution_reverted,
        )
