"""Notice what is remarkable about a valid block: nothing here is a reason to refuse it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from zkattest.crypto.blocks import Block
from zkattest.spec.reasons import Notice
from zkattest.spec.transactions import SET_CODE_TYPE
from zkattest.types.execution import Header
from zkattest.types.ids import Address


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
    header: Header, gas: Sequence[int], least_gas: Sequence[int]
) -> Iterator[StaticNotice]:
    """
    Find what makes the block's execution revert whatever the state is.

    Execution stops where a transaction's gas does not fit under the limit any more; the gas used
    before it is bounded from below.
    """
    used = 0
    for index, (tx_gas, least) in enumerate(zip(gas, least_gas, strict=True)):
        if used + tx_gas > header.gas_limit:
            operands = {"index": index, "got": used + tx_gas, "limit": header.gas_limit}
            yield StaticNotice(Notice.CERTAIN_REVERT, operands)
            return
        used += least
    # The declared figure cannot be met: every transaction has less gas than that.
    if header.gas_used > sum(gas):
        operands = {"got": header.gas_used, "limit": sum(gas)}
        yield StaticNotice(Notice.CERTAIN_REVERT, operands)


def nonce_drift_notices(block: Block, senders: Sequence[bytes | None]) -> Iterator[StaticNotice]:
    """
    Find later senders whose nonce an authorization of EIP-7702 may move first.

    Static nonces know the pre-state only; execution then fails that transaction.
    """
    if SET_CODE_TYPE not in block.columns.type:
        return
    last_position = {sender: index for index, sender in enumerate(senders) if sender is not None}
    for index, authorities in enumerate(block.authorities()):
        for authority in authorities:
            if authority is not None and last_position.get(authority, -1) > index:
                operands: dict[str, int | Address] = {
                    "index": index,
                    "authority": Address(authority),
                }
                yield StaticNotice(Notice.NONCE_MAY_DRIFT, operands)
