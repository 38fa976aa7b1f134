"""Hold the work in flight: messages between arrival and verdict, in all and for each peer."""

from __future__ import annotations

from collections import Counter
from collections.abc import ItemsView, ValuesView
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from zkattest.machines.events import JobId
from zkattest.spec.reasons import GossipIgnore, Reason
from zkattest.types.gossip import GossipMessage


class HasMessage(Protocol):
    """What a table needs of a job: the message that it is about."""

    message: GossipMessage


JobT = TypeVar("JobT", bound=HasMessage)


@dataclass(slots=True)
class JobTable(Generic[JobT]):
    """Bound the work in flight, in all and for each peer."""

    most: int
    most_per_peer: int
    _jobs: dict[JobId, JobT] = field(default_factory=dict)
    _per_peer: Counter[str] = field(default_factory=Counter)
    _next: int = 1

    def __len__(self) -> int:
        """Count the jobs."""
        return len(self._jobs)

    def open(self, job: JobT, *, is_ours: bool = False) -> JobId:
        """
        Take a job in; raise `GossipIgnore` when there is no room for it.

        For what this machine itself wants done, peers leave room: it is bounded where it comes in.
        """
        peer = job.message.from_peer
        # [IGNORE] There is room for one more message in flight, in all.
        if len(self._jobs) >= self.most and not is_ours:
            raise GossipIgnore(Reason.QUEUE_FULL, in_progress=len(self._jobs))
        # [IGNORE] There is room for one more message in flight, of this peer.
        if self._per_peer[peer] >= self.most_per_peer and not is_ours:
            raise GossipIgnore(Reason.QUEUE_FULL, peer=peer)
        job_id = JobId(self._next)
        self._next += 1
        self._jobs[job_id] = job
        self._per_peer[peer] += 1
        return job_id

    def get(self, job_id: JobId) -> JobT | None:
        """Give a job, None when it has its verdict."""
        return self._jobs.get(job_id)

    def __getitem__(self, job_id: JobId) -> JobT:
        """Give a job that is in flight; raise `KeyError` for one that is not."""
        return self._jobs[job_id]

    def close(self, job_id: JobId) -> None:
        """Let a job go; its message has a verdict."""
        job = self._jobs.pop(job_id, None)
        if job is None:
            return
        peer = job.message.from_peer
        self._per_peer[peer] -= 1
        if not self._per_peer[peer]:
            del self._per_peer[peer]

    def items(self) -> ItemsView[JobId, JobT]:
        """Return the jobs in flight and their names."""
        return self._jobs.items()

    def values(self) -> ValuesView[JobT]:
        """Return the jobs in flight."""
        return self._jobs.values()
