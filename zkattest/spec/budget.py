"""
Bound what one check may cost, before the cost arises.

Rules bound what a valid block can hold. These bounds are about our own time and memory: what lies
beyond them is not checked, and nothing is said about the block. Every block that could be valid at
60 times today's gas lies within them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from zkattest.spec.reasons import CannotVerify, Cause
from zkattest.types.block import TransactionColumns
from zkattest.types.execution import ExecutionWitness
from zkattest.types.programs import ProofSystem

_MAX_WITNESS_BYTES: Final = 1 << 28
_MAX_WITNESS_NODES: Final = 1 << 19
_MAX_SIGNATURES: Final = 1 << 18
_MAX_WALK_STEPS: Final = 1 << 22
# Leaves of the state have 70 bytes and more; those of storage, half as long, come with branches.
_LEAST_NODE_BYTES: Final = 64
_FREE_NODES: Final = 1 << 10
# Two numbers of 32 bytes each; shorter ones exist, and nobody signs with many of them by chance.
_LEAST_SIGNATURE_BYTES: Final = 64
_FREE_SIGNATURES: Final = 1 << 10

# Systems whose verification is dear, and the time that one is charged before it has run; it pays
# what it took afterwards, as all others do. PLONK: a second for each of the two digests that the
# public values of a false bare proof may have (`zkattest verify` prints the milliseconds).
DEAR_VERIFICATION_MS: Final[Mapping[ProofSystem, int]] = {ProofSystem.SP1_PLONK: 2_000}


@dataclass(frozen=True, slots=True)
class CheckBudget:
    """
    Say what one static check may take.

    A transaction costs 21,000 gas and an authorization 25,000: a block of 5.5 G gas has fewer
    signatures than `max_signatures`, which bounds both together. `max_walk_steps` counts the trie
    nodes that are passed on the way to all senders' accounts.
    """

    max_witness_bytes: int = _MAX_WITNESS_BYTES
    max_witness_nodes: int = _MAX_WITNESS_NODES
    max_signatures: int = _MAX_SIGNATURES
    max_walk_steps: int = _MAX_WALK_STEPS


DEFAULT_BUDGET: Final = CheckBudget()


def require_witness_in_budget(witness: ExecutionWitness, budget: CheckBudget) -> None:
    """Raise `CannotVerify` for a witness that is too large, before anything of it is hashed."""
    nodes = len(witness.state)
    if nodes > budget.max_witness_nodes:
        raise _beyond("nodes in the witness", nodes, budget.max_witness_nodes)
    node_bytes = sum(map(len, witness.state))
    size_bytes = node_bytes + sum(map(len, witness.codes))
    if size_bytes > budget.max_witness_bytes:
        raise _beyond("bytes in the witness", size_bytes, budget.max_witness_bytes)
    # Each node costs as much as some hundred bytes do: a witness of crumbs is made to be dear.
    most = _FREE_NODES + node_bytes // _LEAST_NODE_BYTES
    if nodes > most:
        raise _beyond(f"nodes in a witness of {node_bytes} bytes", nodes, most)


def require_signatures_in_budget(
    txs: TransactionColumns, block_bytes: int, budget: CheckBudget
) -> None:
    """Raise `CannotVerify` for more signatures than may be recovered."""
    signatures = len(txs) + int(txs.authorizations.sum())
    most = most_signatures(block_bytes, budget)
    if signatures > most:
        raise _beyond(f"signatures in a block of {block_bytes} bytes", signatures, most)


def most_signatures(block_bytes: int, budget: CheckBudget) -> int:
    """Say how many signatures of a block of this size are recovered at most."""
    # Numbers chosen to be short would make the dearest part of a check four times as dear a byte.
    return min(budget.max_signatures, _FREE_SIGNATURES + block_bytes // _LEAST_SIGNATURE_BYTES)


def _beyond(what: str, got: int, limit: int) -> CannotVerify:
    return CannotVerify(Cause.OUT_OF_RESOURCES, f"{got} {what}, at most {limit} are checked")
