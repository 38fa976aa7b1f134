"""
Name every reason for a refusal and every cause of "could not check", once.

The exceptions that carry them stand here too. The words are part of the interface: vectors, logs,
metrics, answers and the command line use them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from zkattest.types.errors import WitnessError


class Reason(StrEnum):
    """Say why a block, a proof or a message is refused."""

    # --- Bytes that do not decode ---
    MALFORMED_BLOCK = "malformed_block"
    MALFORMED_HEADER = "malformed_header"
    MALFORMED_TRANSACTION = "malformed_transaction"
    UNKNOWN_TRANSACTION_TYPE = "unknown_transaction_type"
    MALFORMED_WITHDRAWAL = "malformed_withdrawal"
    MALFORMED_PROOF = "malformed_proof"
    MALFORMED_PUBLIC_VALUES = "malformed_public_values"
    MALFORMED_CLAIM = "malformed_claim"
    MALFORMED_MESSAGE = "malformed_message"
    MALFORMED_COMPRESSION = "malformed_compression"
    MESSAGE_TOO_LARGE = "message_too_large"

    # --- Header against its parent ---
    CHAIN_ID_MISMATCH = "chain_id_mismatch"
    BLOCK_TOO_LARGE = "block_too_large"
    NUMBER_MISMATCH = "number_mismatch"
    PARENT_HASH_MISMATCH = "parent_hash_mismatch"
    TIMESTAMP_NOT_AFTER_PARENT = "timestamp_not_after_parent"
    GAS_LIMIT_BELOW_MINIMUM = "gas_limit_below_minimum"
    GAS_LIMIT_STEP_TOO_LARGE = "gas_limit_step_too_large"
    GAS_USED_EXCEEDS_GAS_LIMIT = "gas_used_exceeds_gas_limit"
    BASE_FEE_MISMATCH = "base_fee_mismatch"
    BLOB_GAS_USED_EXCEEDS_MAXIMUM = "blob_gas_used_exceeds_maximum"
    EXCESS_BLOB_GAS_MISMATCH = "excess_blob_gas_mismatch"
    EXTRA_DATA_TOO_LONG = "extra_data_too_long"
    DIFFICULTY_NOT_ZERO = "difficulty_not_zero"
    HEADER_NONCE_NOT_ZERO = "header_nonce_not_zero"
    OMMERS_HASH_MISMATCH = "ommers_hash_mismatch"
    OMMERS_NOT_EMPTY = "ommers_not_empty"

    # --- Deferred outputs of the parent ---
    PARENT_CLAIM_MISMATCH = "parent_claim_mismatch"
    PARENT_TRANSACTIONS_ROOT_MISMATCH = "parent_transactions_root_mismatch"
    PARENT_RECEIPT_ROOT_MISMATCH = "parent_receipt_root_mismatch"
    PARENT_BLOOM_MISMATCH = "parent_bloom_mismatch"
    PARENT_REQUESTS_HASH_MISMATCH = "parent_requests_hash_mismatch"
    PRE_STATE_ROOT_MISMATCH = "pre_state_root_mismatch"
    PARENT_EXECUTION_REVERTED_MISMATCH = "parent_execution_reverted_mismatch"
    PARENT_INVALID = "parent_invalid"

    # --- One transaction ---
    TRANSACTION_CHAIN_ID_MISMATCH = "transaction_chain_id_mismatch"
    TRANSACTION_GAS_EXCEEDS_CAP = "transaction_gas_exceeds_cap"
    TRANSACTION_NONCE_TOO_LARGE = "transaction_nonce_too_large"
    INITCODE_TOO_LARGE = "initcode_too_large"
    INTRINSIC_GAS_EXCEEDS_GAS = "intrinsic_gas_exceeds_gas"
    FLOOR_GAS_EXCEEDS_GAS = "floor_gas_exceeds_gas"
    FEE_CAP_TOO_LARGE = "fee_cap_too_large"
    PRIORITY_FEE_EXCEEDS_MAX_FEE = "priority_fee_exceeds_max_fee"
    MAX_FEE_BELOW_BASE_FEE = "max_fee_below_base_fee"
    BLOB_TRANSACTION_WITHOUT_RECIPIENT = "blob_transaction_without_recipient"
    BLOB_TRANSACTION_WITHOUT_BLOBS = "blob_transaction_without_blobs"
    TOO_MANY_BLOBS_IN_TRANSACTION = "too_many_blobs_in_transaction"
    BLOB_VERSION_UNKNOWN = "blob_version_unknown"
    MAX_BLOB_FEE_BELOW_BLOB_BASE_FEE = "max_blob_fee_below_blob_base_fee"
    SET_CODE_TRANSACTION_WITHOUT_RECIPIENT = "set_code_transaction_without_recipient"
    AUTHORIZATION_LIST_EMPTY = "authorization_list_empty"
    SIGNATURE_PARITY_INVALID = "signature_parity_invalid"
    SIGNATURE_OUT_OF_RANGE = "signature_out_of_range"
    SIGNATURE_S_TOO_HIGH = "signature_s_too_high"
    SIGNATURE_INVALID = "signature_invalid"
    SENDER_NOT_EOA = "sender_not_eoa"
    BALANCE_TOO_LOW = "balance_too_low"
    NONCE_MISMATCH = "nonce_mismatch"

    # --- Sums over the block ---
    INCLUSION_GAS_EXCEEDS_GAS_USED = "inclusion_gas_exceeds_gas_used"
    BLOB_GAS_USED_MISMATCH = "blob_gas_used_mismatch"
    VERSIONED_HASHES_MISMATCH = "versioned_hashes_mismatch"
    WITHDRAWALS_ROOT_MISMATCH = "withdrawals_root_mismatch"

    # --- Proofs and claims ---
    EMPTY_PROOF_DATA = "empty_proof_data"
    UNSUPPORTED_PROOF_TYPE = "unsupported_proof_type"
    PROOF_TOO_LARGE = "proof_too_large"
    PROOF_UNDECODABLE = "proof_undecodable"
    PROOF_TRAILING_BYTES = "proof_trailing_bytes"
    PROOF_VERSION_MISMATCH = "proof_version_mismatch"
    PROOF_INVALID = "proof_invalid"
    PROGRAM_KEY_NOT_CANONICAL = "program_key_not_canonical"
    PROGRAM_KEY_MISMATCH = "program_key_mismatch"
    PROGRAM_KEY_MALFORMED = "program_key_malformed"
    VERIFIER_KEY_MALFORMED = "verifier_key_malformed"
    FIELD_ELEMENT_NOT_CANONICAL = "field_element_not_canonical"
    POINT_NOT_ON_CURVE = "point_not_on_curve"
    POINT_NOT_IN_SUBGROUP = "point_not_in_subgroup"
    PUBLIC_VALUES_MISMATCH = "public_values_mismatch"
    PUBLIC_VALUES_LENGTH_MISMATCH = "public_values_length_mismatch"
    PUBLIC_VALUES_PADDING_NOT_ZERO = "public_values_padding_not_zero"
    STATEMENT_NOT_VALID = "statement_not_valid"
    SCHEMA_MISMATCH = "schema_mismatch"
    ROOT_MISMATCH = "root_mismatch"
    CLAIM_CONTRADICTED = "claim_contradicted"

    # --- Gossip ---
    UNKNOWN_BLOCK = "unknown_block"
    UNKNOWN_PARENT = "unknown_parent"
    PAYLOAD_UNAVAILABLE = "payload_unavailable"
    UNKNOWN_VALIDATOR = "unknown_validator"
    VALIDATOR_NOT_ACTIVE = "validator_not_active"
    WRONG_PROPOSER = "wrong_proposer"
    MESSAGE_SIGNATURE_INVALID = "message_signature_invalid"
    SLOT_IN_FUTURE = "slot_in_future"
    SLOT_TOO_OLD = "slot_too_old"
    BLOCK_ALREADY_KNOWN = "block_already_known"
    PROOF_ALREADY_KNOWN = "proof_already_known"
    PROOF_ALREADY_SEEN = "proof_already_seen"
    CLAIM_ALREADY_KNOWN = "claim_already_known"
    DUPLICATE_FROM_VALIDATOR = "duplicate_from_validator"
    QUEUE_FULL = "queue_full"
    BUDGET_SPENT = "budget_spent"
    NOT_CHECKED = "not_checked"

    # --- Signing ---
    SIGNED_ANOTHER_PROOF = "signed_another_proof"
    SIGNER_KEY_MISMATCH = "signer_key_mismatch"
    NOT_SIGNED = "not_signed"


class Cause(StrEnum):
    """Say why something could not be checked; never a verdict."""

    TIMEOUT = "timeout"
    MISSING_NODE = "missing_node"
    MALFORMED_NODE = "malformed_node"
    MISSING_CODE = "missing_code"
    MISSING_PARENT = "missing_parent"
    MISSING_FILE = "missing_file"
    UNREADABLE_INPUT = "unreadable_input"
    UNSUPPORTED_PROOF_SYSTEM = "unsupported_proof_system"
    UNSUPPORTED_PROOF_KIND = "unsupported_proof_kind"
    UNKNOWN_PROGRAM_VK = "unknown_program_vk"
    UNKNOWN_PROOF_TYPE = "unknown_proof_type"
    PROGRAM_REVOKED = "program_revoked"
    UNKNOWN_VERIFIER_PARAMETERS = "unknown_verifier_parameters"
    VERIFIER_KEY_MISSING = "verifier_key_missing"
    PUBLIC_VALUES_MISSING = "public_values_missing"
    UNKNOWN_KEY = "unknown_key"
    UNSUPPORTED_REQUEST = "unsupported_request"
    REFUSED_BY_SIGNER = "refused_by_signer"
    BACKEND_PANIC = "backend_panic"
    BACKEND_UNAVAILABLE = "backend_unavailable"
    OUT_OF_RESOURCES = "out_of_resources"


class Notice(StrEnum):
    """Say what is remarkable about a block that is valid all the same."""

    CERTAIN_REVERT = "certain_revert"
    NONCE_MAY_DRIFT = "nonce_may_drift"


class Refusal(Exception):
    """Carry an expected refusal: the reason and the operands that show it."""

    def __init__(self, reason: Reason, **operands: Any) -> None:
        """Keep the reason and its operands."""
        super().__init__(reason, operands)
        self.reason = reason
        self.operands = operands

    def __str__(self) -> str:
        """Write the reason word and the operands in one line."""
        shown = ", ".join(f"{name}={_show(value)}" for name, value in self.operands.items())
        return f"{self.reason} ({shown})" if shown else str(self.reason)


class InvalidBlock(Refusal):
    """Refuse a block."""


class InvalidProof(Refusal):
    """Refuse a proof."""


class GossipReject(Refusal):
    """Refuse a message and hold its sender responsible."""


class GossipIgnore(Refusal):
    """Drop a message and blame nobody; it may be looked at again until `retry_until_ms`."""

    def __init__(
        self, reason: Reason, *, retry_until_ms: int | None = None, **operands: Any
    ) -> None:
        """Keep the reason, its operands and how long a second look makes sense."""
        super().__init__(reason, **operands)
        self.retry_until_ms = retry_until_ms


class CannotVerify(Exception):
    """Say that there is no verdict, and why."""

    def __init__(self, cause: Cause, detail: str = "") -> None:
        """Keep the cause and one line of detail."""
        super().__init__(f"{cause}: {detail}" if detail else str(cause))
        self.cause = cause
        self.detail = detail


@contextmanager
def answers_required() -> Iterator[None]:
    """Turn "the witness has no answer" into `CannotVerify`; a decorator, too."""
    try:
        yield
    except WitnessError as error:
        raise CannotVerify(Cause(error.cause), error.detail) from error


def show_operands(refusal: Refusal) -> dict[str, str | int | bool | None]:
    """Give the operands as values that JSON can hold."""
    return {
        name: value if isinstance(value, bool | int | str) or value is None else _show(value)
        for name, value in refusal.operands.items()
    }


def _show(value: object) -> str:
    if isinstance(value, bytes):
        return "0x" + (value.hex() if len(value) <= 64 else f"{value[:8].hex()}…{value[-8:].hex()}")
    return str(value)
