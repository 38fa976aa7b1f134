"""Run the guest's statement natively: what a proof of a block would say."""

from __future__ import annotations

from zkattest import _core
from zkattest.types.execution import StatelessInput
from zkattest.types.wire import PublicValues


def run_statement(stateless_input: StatelessInput) -> PublicValues:
    """Execute a block and give its public values; the sentinel for one that cannot be proven."""
    return PublicValues.decode(_core.run_statement(stateless_input.encode()))
