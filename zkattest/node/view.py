"""
Show operators a running node: its pages over HTTP, and the numbers behind its metrics.

Everything here only looks. What is shown is public, or harmless: no key, no seed, no path.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Final

import trio

from zkattest import __version__
from zkattest.api import Answer, Page, json_answer
from zkattest.net import GossipHost
from zkattest.node.subject import Condition, Subject
from zkattest.node.vitals import Vitals
from zkattest.ports import Clock
from zkattest.store import StoreError
from zkattest.telemetry import NodeObserver, Reading
from zkattest.verify.pool import VerifierPool

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_STORE_TIMEOUT_S: Final = 2.0
_LIBRARIES: Final = ("libp2p", "trio")


@dataclass(slots=True)
class NodeView:
    """Look at the parts of one node."""

    subject: Subject
    host: GossipHost
    pool: VerifierPool
    vitals: Vitals
    clock: Clock
    observer: NodeObserver
    ready_peers: int
    started_at_ms: int
    is_draining: bool = False
    # A store that hangs holds one thread, however often somebody asks.
    _store_thread: trio.CapacityLimiter = field(default_factory=lambda: trio.CapacityLimiter(1))

    def pages(self) -> dict[str, Page]:
        """Name the pages."""
        return {
            "/health": self._health,
            "/ready": self._ready,
            "/metrics": self._metrics,
            "/status": self._status,
        }

    # --- Pages --------------------------------------------------------------------------------

    async def _health(self) -> Answer:
        return json_answer({"alive": True})

    async def _ready(self) -> Answer:
        conditions = self.conditions() | {"store": await self._store_condition()}
        ready = all(condition.ok for condition in conditions.values())
        shown = {name: asdict(condition) for name, condition in conditions.items()}
        return json_answer({"ready": ready, "conditions": shown}, 200 if ready else 503)

    async def _metrics(self) -> Answer:
        return Answer(200, self.observer.exposition(), METRICS_TYPE)

    async def _status(self) -> Answer:
        return json_answer(self.status())

    # --- What they say ------------------------------------------------------------------------

    def conditions(self) -> dict[str, Condition]:
        """Say what a ready node needs, without the store, which has to be asked."""
        peers, pool, guard = len(self.host.connected_peers()), self.pool, self.vitals.guard
        return {
            "peers": Condition(
                peers >= self.ready_peers, f"{peers} connected, {self.ready_peers} expected"
            ),
            "verifier": Condition(pool.has_room, f"{pool.busy} at work, {pool.waiting} waiting"),
            "clock": Condition(
                guard.is_sane, f"moved {guard.jump_ms:.0f} ms, at most {guard.max_jump_ms:.0f}"
            ),
            "not_draining": Condition(
                not self.is_draining, "stopping" if self.is_draining else "running"
            ),
            **self.subject.conditions(),
        }

    async def _store_condition(self) -> Condition:
        if not self.subject.has_store():
            return Condition(ok=True, detail="none configured")
        try:
            with trio.fail_after(_STORE_TIMEOUT_S):
                await trio.to_thread.run_sync(
                    self.subject.check_store,
                    limiter=self._store_thread,
                    # libp2p brings trio-typing, whose stubs of an older trio hide trio's own types.
                    abandon_on_cancel=True,  # type: ignore[call-arg, unused-ignore]
                )
        except StoreError as error:
            return Condition(ok=False, detail=str(error))
        except trio.TooSlowError:
            return Condition(ok=False, detail=f"no answer within {_STORE_TIMEOUT_S:.0f} s")
        return Condition(ok=True, detail="open")

    def status(self) -> dict[str, object]:
        """Describe the node; numbers of 64 bits stay below 2^53 as times and slots do."""
        now_ms, slots, scores = self.clock.now_ms(), self.subject.slots(), self.host.peer_scores()
        slot = slots.slot_at(now_ms)
        connected = sorted(self.host.connected_peers())
        return {
            "versions": versions(),
            "peer_id": self.host.peer_id,
            "address": self.host.address,
            "started_at_ms": self.started_at_ms,
            "slot": int(slot),
            "slot_ms": now_ms - slots.start_ms(slot),
            **self.subject.describe(),
            "peers": [{"peer_id": p, "score": round(scores[p], 3)} for p in connected],
            "mesh": {n: len(self.host.mesh_peers(t)) for n, t in self.subject.topics().items()},
            "queues": self._queues(),
            "is_draining": self.is_draining,
        }

    # --- Numbers ------------------------------------------------------------------------------

    def readings(self) -> Iterator[Reading]:
        """Give the numbers that stand now."""
        slot = self.subject.slots().slot_at(self.clock.now_ms())
        yield Reading("build_info", "Version; always 1", 1, {"version": __version__})
        yield Reading("started_at_ms", "Unix time of the start", self.started_at_ms)
        yield Reading("slot", "Slot of this moment", slot)
        yield Reading("clock_jump_ms", "Jump of the clock in a minute", self.vitals.guard.jump_ms)
        for name, condition in self.conditions().items():
            meaning = "What a ready node needs, besides its store: 1 is there"
            yield Reading("ready_condition", meaning, condition.ok, {"condition": name})
        for name, length in self._queues().items():
            yield Reading("queue_length", "What waits, by queue", length, {"queue": name})
        for name, path in self.subject.files().items():
            size = size_bytes(path)
            yield Reading("store_bytes", "Size of a store's files", size, {"store": name})
        yield from self.subject.readings()
        yield from self._network()

    def _network(self) -> Iterator[Reading]:
        host, traffic = self.host, self.host.traffic
        yield Reading("peers", "Peers that are connected", len(host.connected_peers()))
        for name, topic in self.subject.topics().items():
            size = len(host.mesh_peers(topic))
            yield Reading("mesh_peers", "Peers in the mesh of a topic", size, {"topic": name})
        for way, count in (("in", traffic.bytes_in), ("out", traffic.bytes_out)):
            meaning = "Bytes of all connections, as they cross the socket"
            yield Reading("network_bytes", meaning, count, {"direction": way}, is_counter=True)
        # A counter that alerts look at stands there from the start: its first step counts, too.
        for event, count in ({"delivered": 0, "reject": 0} | host.counters()).items():
            meaning = "What happened in the gossip shell"
            yield Reading("network_events", meaning, count, {"event": event}, is_counter=True)

    def _queues(self) -> dict[str, int]:
        return self.subject.queues() | {
            "messages": self.host.messages.statistics().current_buffer_used,
            "at_work": self.subject.at_work(),
            "verifier": self.pool.waiting,
        }


def versions() -> dict[str, str]:
    """Name the versions that a report of a fault should name."""
    libraries = {name: metadata.version(name) for name in _LIBRARIES}
    return {"zkattest": __version__, "python": platform.python_version()} | libraries


def size_bytes(path: Path) -> int:
    """Add up a database's file and what is written ahead of it; a missing one has no bytes."""
    total = 0
    for suffix in ("", "-wal"):
        try:
            total += path.with_name(path.name + suffix).stat().st_size
        except OSError:
            continue
    return total
