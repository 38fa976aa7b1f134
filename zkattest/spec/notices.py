"""Notice what is remarkable about a valid block: nothing here is a reason to refuse it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from zkattest.spec.reasons import Notice
from zkattest.types.block import Senders
from zkattest.types.execution import Header
from zkattest.types.ids import Address
from zkattest.types.words import Numbers


@dataclass(frozen=True, slots=True)
class StaticNotice:
    """Name a notice and the operands that show it."""

    kind: Notice
    operands: Mapping[str, int | Address]

    def __str__(self) -> str:
        """Write the word and the operands in one line."""
        shown = ", ".join(f"{name}={value}" for name, value in self.operands.items())
        return f"{self.kind} ({shown})"


def certain_revert_notices(
    header: Header, gas: Numbers, least_gas: Numbers
) -> Iterator[StaticNotice]:
    """
    Find what makes the block's execution revert whatever the state is.

    Execution stops where a transaction's gas does not fit under the limit any more; the gas used
    before it is bounded from below.
    """
    reached = np.cumsum(least_gas) - least_gas + gas
    beyond = np.flatnonzero(reached > header.gas_limit)
    if beyond.size:
        index = int(beyond[0])
        operands = {"index": index, "got": int(reached[index]), "limit": header.gas_limit}
        yield StaticNotice(Notice.CERTAIN_REVERT, operands)
        return
    # The declared figure cannot be met: every transaction has less gas than that.
    most = int(gas.sum())
    if header.gas_used > most:
        yield StaticNotice(Notice.CERTAIN_REVERT, {"got": header.gas_used, "limit": most})


def nonce_drift_notices(senders: Senders) -> Iterator[StaticNotice]:
    """
    Find later senders whose nonce an authorization of EIP-7702 may move first.

    Static nonces know the pre-state only; execution then fails that transaction.
    """
    if not senders.authorities:
        return
    signed = senders.by_transaction()
    last_position = {sender: index for index, sender in enumerate(signed) if sender is not None}
    for index, authority in senders.authorities:
        if authority is not None and last_position.get(authority, -1) > index:
            operands: dict[str, int | Address] = {"index": index, "authority": Address(authority)}
            yield StaticNotice(Notice.NONCE_MAY_DRIFT, operands)
