"""
Compare a statement with what was asked, before and after a proof of it is verified.

What can be seen without cryptography is looked at first: it costs nothing, and what it refuses
never reaches a verifier.
"""

from __future__ import annotations

from zkattest.spec.proof_gossip import PADDED_PUBLIC_VALUES_BYTES
from zkattest.spec.reasons import InvalidProof, Reason
from zkattest.types.errors import DecodeError
from zkattest.types.programs import Statement
from zkattest.types.wire import PUBLIC_VALUES_BYTES, PublicValues


def check_question(
    statement: Statement, expected: PublicValues, proof_bytes: int, max_proof_bytes: int
) -> None:
    """Raise `InvalidProof` where no proof of these bytes by this program can be what is asked."""
    # [REJECT] There is a proof.
    if proof_bytes == 0:
        raise InvalidProof(Reason.EMPTY_PROOF_DATA)
    # [REJECT] It is not longer than a proof of this system can be.
    if proof_bytes > max_proof_bytes:
        raise InvalidProof(Reason.PROOF_TOO_LARGE, got=proof_bytes, limit=max_proof_bytes)
    # [REJECT] The program makes statements of this schema.
    if expected.schema_id != statement.schema_id:
        raise InvalidProof(
            Reason.SCHEMA_MISMATCH, got=statement.schema_id, expected=expected.schema_id
        )
    # [REJECT] It makes them about this chain.
    if statement.chain_id is not None and expected.chain_id != statement.chain_id:
        raise InvalidProof(
            Reason.CHAIN_ID_MISMATCH, got=statement.chain_id, expected=expected.chain_id
        )


def trim_public_values(public_values: bytes) -> bytes:
    """
    Give the 43 bytes of a statement; raise `InvalidProof`.

    Some zkVMs have 256 bytes of output, of which those after the statement have to be zeros: a
    tail that nobody looks at would give one statement many proofs.
    """
    values, padding = public_values[:PUBLIC_VALUES_BYTES], public_values[PUBLIC_VALUES_BYTES:]
    # [REJECT] There are 43 bytes, or 256.
    if len(public_values) not in (PUBLIC_VALUES_BYTES, PADDED_PUBLIC_VALUES_BYTES):
        raise InvalidProof(Reason.MALFORMED_PUBLIC_VALUES, got_bytes=len(public_values))
    # [REJECT] What follows the statement is zero.
    if any(padding):
        raise InvalidProof(Reason.PUBLIC_VALUES_PADDING_NOT_ZERO)
    return values


def require_statement(public_values: bytes, expected: PublicValues) -> None:
    """Return when a proof commits to exactly this statement; raise `InvalidProof` otherwise."""
    try:
        got = PublicValues.decode(trim_public_values(public_values))
    except DecodeError as error:
        raise InvalidProof(Reason.MALFORMED_PUBLIC_VALUES, detail=str(error)) from error
    # [REJECT] The program found the block valid, where it is asked for that.
    if expected.valid and not got.valid:
        raise InvalidProof(Reason.STATEMENT_NOT_VALID)
    # [REJECT] Schema, chain and payload are those that are asked for, and so is the verdict.
    if got.schema_id != expected.schema_id:
        raise InvalidProof(Reason.SCHEMA_MISMATCH, got=got.schema_id, expected=expected.schema_id)
    if got.chain_id != expected.chain_id:
        raise InvalidProof(Reason.CHAIN_ID_MISMATCH, got=got.chain_id, expected=expected.chain_id)
    if got != expected:
        raise InvalidProof(Reason.PUBLIC_VALUES_MISMATCH, got=got.root, expected=expected.root)
