"""Execute blocks natively: the same function as in the guest."""

from __future__ import annotations

from dataclasses import dataclass

from zkattest import _core
from zkattest.types.execution import ExecutionClaim, StatelessInput
from zkattest.types.wire import PublicValues


class ExecutionFailed(Exception):
    """Say why a block could not be executed over its witness; no verdict about the block."""


@dataclass(frozen=True, slots=True)
class NativeExecution:
    """Hold what executing a block gave; after a revert no gas counts, and `revert` says why."""

    claim: ExecutionClaim
    gas_used: int
    revert: str | None


def run_statement(stateless_input: StatelessInput) -> PublicValues:
    """Execute a block and give its public values; the sentinel for one that cannot be proven."""
    return PublicValues.decode(_core.run_statement(stateless_input.encode()))


def execute_block(stateless_input: StatelessInput) -> NativeExecution:
    """Execute a block of any size; raise `ExecutionFailed` where its witness does not do."""
    witness = stateless_input.witness
    try:
        claim, gas_used, revert = _core.execute_block(
            stateless_input.chain_id,
            stateless_input.block,
            witness.state,
            witness.codes,
            witness.headers,
        )
    except _core.CannotCheck as failure:
        raise ExecutionFailed(failure.args[1]) from None
    return NativeExecution(ExecutionClaim.decode(claim), gas_used, revert)
