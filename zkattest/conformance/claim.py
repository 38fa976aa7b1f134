"""Check the vectors of claims: what a child says of its parent, and what a proof says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from zkattest.conformance.cases import VectorCase
from zkattest.conformance.outcome import Outcome, cannot_check, invalid, valid
from zkattest.conformance.static import read_chain_id, read_claim, write_claim
from zkattest.conformance.values import CaseError, member, read_bytes
from zkattest.crypto.blocks import decode_header
from zkattest.crypto.hashing import hash_tree_root_claim
from zkattest.machines.proof_intake import judge_public_values
from zkattest.spec.binding import bind_parent, compare_outputs
from zkattest.spec.presets import OSAKA, SCHEMA_DELAYED_EXECUTION
from zkattest.spec.reasons import CannotVerify, Reason, Refusal
from zkattest.spec.static_block import read_block
from zkattest.types.errors import BlockDecodeError, DecodeError
from zkattest.types.execution import ExecutionClaim
from zkattest.types.wire import PublicValues


def check_claim(case: VectorCase) -> Outcome:
    """Do the task that the input names; raise `CaseError` where the input is no question."""
    task = member(case.input, "task", "input")
    if not isinstance(task, str) or task not in TASKS:
        raise CaseError("input.task", f"expected {', '.join(TASKS)}")
    try:
        return TASKS[task](case.input)
    except Refusal as refusal:
        return invalid(refusal.reason, **refusal.operands)
    except CannotVerify as failure:
        return cannot_check(failure.cause)
    except BlockDecodeError as error:
        return invalid(error.word, **error.operands)


def _bind(given: Mapping[str, Any]) -> Outcome:
    """Build the claim that a child's header makes, and what a proof of it makes public."""
    claim = _bound_claim(given)
    root = hash_tree_root_claim(claim)
    values = PublicValues(
        root=root,
        valid=True,
        chain_id=read_chain_id(given),
        schema_id=SCHEMA_DELAYED_EXECUTION,
    )
    return valid(
        claim=write_claim(claim),
        claim_ssz=claim.encode(),
        claim_root=root,
        public_values=values.encode(),
    )


def _compare(given: Mapping[str, Any]) -> Outcome:
    """Compare a child's header with a claim that is proven."""
    header, _ = decode_header(_bytes(given, "child_header"))
    compare_outputs(header, read_claim(member(given, "claim", "input"), "input.claim"))
    return valid()


def _judge(given: Mapping[str, Any]) -> Outcome:
    """Judge what a proof says: of use on this chain, and about the claim that was rebuilt."""
    values = _bytes(given, "public_values")
    proven = judge_public_values(values, read_chain_id(given))
    rebuilt = hash_tree_root_claim(_bound_claim(given))
    if proven != rebuilt:
        return invalid(Reason.ROOT_MISMATCH, got=proven, expected=rebuilt)
    return valid(claim_root=rebuilt)


def _decode_claim(given: Mapping[str, Any]) -> Outcome:
    """Decode an announced claim."""
    try:
        claim = ExecutionClaim.decode(_bytes(given, "claim_ssz"))
    except DecodeError as error:
        return invalid(Reason.MALFORMED_CLAIM, detail=str(error))
    return valid(claim=write_claim(claim), claim_root=hash_tree_root_claim(claim))


def _decode_public_values(given: Mapping[str, Any]) -> Outcome:
    """Decode the 43 bytes of a statement."""
    try:
        values = PublicValues.decode(_bytes(given, "public_values"))
    except DecodeError as error:
        return invalid(Reason.MALFORMED_PUBLIC_VALUES, detail=str(error))
    return valid(
        root=values.root,
        valid=values.valid,
        chain_id=values.chain_id,
        schema_id=values.schema_id,
        is_sentinel=values.is_sentinel,
    )


TASKS: Final[dict[str, Callable[[Mapping[str, Any]], Outcome]]] = {
    "bind": _bind,
    "compare": _compare,
    "judge": _judge,
    "decode_claim": _decode_claim,
    "decode_public_values": _decode_public_values,
}


def _bound_claim(given: Mapping[str, Any]) -> ExecutionClaim:
    parent = read_block(_bytes(given, "parent_block"), OSAKA)
    header, _ = decode_header(_bytes(given, "child_header"))
    return bind_parent(header, parent.block_hash, parent.transactions_root())


def _bytes(given: Mapping[str, Any], name: str) -> bytes:
    return read_bytes(member(given, name, "input"), f"input.{name}")
