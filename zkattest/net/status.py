"""Compare the status of a peer with ours: a rule, without I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zkattest.ports import StatusSource
from zkattest.types.ids import Root
from zkattest.types.peering import ExecutionProofStatus, GoodbyeReason, Status

_UNFINALIZED: Final = Root(bytes(32))


def judge_status(chain: StatusSource, theirs: Status) -> GoodbyeReason | None:
    """
    Say why a peer is of no use to us, None when it is.

    Phase 0, networking, "Status v1": the two conditions, in their order.
    """
    # The peer is on another fork, or on another network.
    if theirs.fork_digest != chain.status().fork_digest:
        return GoodbyeReason.IRRELEVANT_NETWORK
    # The peer's finalized block is not on our chain; before the first one the root is zero.
    ours = chain.finalized_root_at(theirs.finalized_epoch)
    if ours is None or _UNFINALIZED in {ours, theirs.finalized_root}:
        return None
    if ours != theirs.finalized_root:
        return GoodbyeReason.IRRELEVANT_NETWORK
    return None


@dataclass(frozen=True, slots=True)
class FixedChain:
    """Tell one status for ever: a network's genesis, or what a configuration says."""

    told: Status
    proofs: ExecutionProofStatus | None = None

    def status(self) -> Status:
        """Return what was given."""
        return self.told

    def finalized_root_at(self, epoch: int) -> Root | None:
        """Know the one epoch of the status."""
        return self.told.finalized_root if epoch == self.told.finalized_epoch else None

    def proof_status(self) -> ExecutionProofStatus | None:
        """Return what was given."""
        return self.proofs
