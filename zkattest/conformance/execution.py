"""Check the vectors of execution: a block and its witness give the 43 bytes of a statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from zkattest.conformance.cases import VectorCase, read_case
from zkattest.conformance.outcome import Outcome, Verdict, cannot_check, valid
from zkattest.conformance.static import read_chain_id, read_claim
from zkattest.conformance.values import (
    CaseError,
    as_json,
    member,
    read_bytes,
    read_list,
    read_object,
)
from zkattest.crypto.hashing import hash_tree_root_claim
from zkattest.crypto.statement import run_statement
from zkattest.spec.reasons import Cause
from zkattest.types.errors import DecodeError
from zkattest.types.execution import ExecutionWitness, StatelessInput
from zkattest.types.wire import PublicValues

# What an answer has to give. A vector says more, for people; the public values bind all of it. The
# cause of 43 zero bytes is not compared: they are the same for every input that is none.
COMPARED: Final = "public_values"


def check_execution(case: VectorCase) -> Outcome:
    """Execute a block natively; 43 zero bytes say that nothing can be proven of the input."""
    values = run_statement(read_stateless_input(case.input))
    if not values.is_sentinel:
        return valid(public_values=values.encode())
    refused = cannot_check(Cause.UNREADABLE_INPUT)
    return replace(refused, values={**refused.values, "public_values": as_json(values.encode())})


def read_execution_case(folder: Path, case_id: str, runner: str) -> VectorCase:
    """Read a case and check that its claim is the one that its public values bind."""
    case = read_case(folder, case_id, runner)
    values = case.expected.values
    if case.expected.verdict is Verdict.VALID:
        claim = read_claim(member(values, "claim", "expected"), "expected.claim")
        if hash_tree_root_claim(claim) != read_public_values(values).root:
            raise CaseError("expected.claim", "not the one that the public values bind")
    compared = {COMPARED: member(values, COMPARED, "expected")}
    return replace(case, expected=replace(case.expected, values=compared))


def read_public_values(expected: Mapping[str, Any]) -> PublicValues:
    """Read the 43 bytes."""
    data = read_bytes(member(expected, "public_values", "expected"), "expected.public_values")
    try:
        return PublicValues.decode(data)
    except DecodeError as error:
        raise CaseError("expected.public_values", str(error)) from None


def read_stateless_input(given: Mapping[str, Any]) -> StatelessInput:
    """Read the block and its witness."""
    witness = read_object(member(given, "witness", "input"), "input.witness")
    parts = {name: _byte_strings(witness, name) for name in ("state", "codes", "headers")}
    return StatelessInput(
        chain_id=read_chain_id(given),
        block=read_bytes(member(given, "block", "input"), "input.block"),
        witness=ExecutionWitness(**parts),
    )


def _byte_strings(witness: Mapping[str, Any], name: str) -> tuple[bytes, ...]:
    field = f"input.witness.{name}"
    items = read_list(member(witness, name, "input.witness"), field)
    return tuple(read_bytes(item, field) for item in items)
