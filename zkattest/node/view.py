"""
Show operators a running node: its pages over HTTP, and the numbers behind its metrics.

Everything here only looks. What is shown is public, or harmless: no key, no seed, no path.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Final

import trio

from zkattest import __version__
from zkattest.api import Answer, Page, json_answer
from zkattest.machines.attester import AttesterMachine
from zkattest.machines.standing import Standing
from zkattest.net import GossipHost
from zkattest.node.config import NodeConfig
from zkattest.node.proofs import ProofVerifiers
from zkattest.node.runner import AttesterRunner
from zkattest.node.vitals import Vitals
from zkattest.ports import Clock
from zkattest.store import SqliteStore, StoreError
from zkattest.telemetry import NodeObserver, Reading

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_STORE_TIMEOUT_S: Final = 2.0
_LIBRARIES: Final = ("libp2p", "trio")


@dataclass(frozen=True, slots=True)
class Condition:
    """Say whether one thing that a ready node needs is there, and how it stands."""

    ok: bool
    detail: str


@dataclass(slots=True)
class NodeView:
    """Look at the parts of one node."""

    config: NodeConfig
    machine: AttesterMachine
    host: GossipHost
    runner: AttesterRunner
    proofs: ProofVerifiers
    store: SqliteStore | None
    vitals: Vitals
    clock: Clock
    observer: NodeObserver
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
        wanted = self.config.http.ready_peers if self.config.http else 0
        peers, pool, guard = len(self.host.connected_peers()), self.proofs.pool, self.vitals.guard
        return {
            "peers": Condition(peers >= wanted, f"{peers} connected, {wanted} expected"),
            "verifier": Condition(pool.has_room, f"{pool.busy} at work, {pool.waiting} waiting"),
            "clock": Condition(
                guard.is_sane, f"moved {guard.jump_ms:.0f} ms, at most {guard.max_jump_ms:.0f}"
            ),
            "not_draining": Condition(
                not self.is_draining, "stopping" if self.is_draining else "running"
            ),
        }

    async def _store_condition(self) -> Condition:
        if self.store is None:
            return Condition(ok=True, detail="none configured")
        try:
            with trio.fail_after(_STORE_TIMEOUT_S):
                await trio.to_thread.run_sync(
                    self.store.check,
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
        profile, standing = self.config.profile, self.machine.standing()
        now_ms, scores = self.clock.now_ms(), self.host.peer_scores()
        slot = profile.clock.slot_at(now_ms)
        connected = sorted(self.host.connected_peers())
        return {
            "versions": versions(),
            "peer_id": self.host.peer_id,
            "address": self.host.address,
            "chain_id": int(profile.chain_id),
            "fork_digest": "0x" + profile.fork.fork_digest.hex(),
            "started_at_ms": self.started_at_ms,
            "slot": int(slot),
            "slot_ms": now_ms - profile.clock.start_ms(slot),
            "head": {
                "slot": int(standing.head.slot),
                "block_hash": str(standing.head.block_hash),
                "is_proven": standing.head.is_proven,
            },
            "proven_slot": int(standing.proven_slot),
            "peers": [{"peer_id": p, "score": round(scores[p], 3)} for p in connected],
            "mesh": {name: len(self.host.mesh_peers(t)) for name, t in self._topics().items()},
            "queues": self._queues(standing),
            "is_draining": self.is_draining,
        }

    # --- Numbers ------------------------------------------------------------------------------

    def readings(self) -> Iterator[Reading]:
        """Give the numbers that stand now."""
        standing, now_ms = self.machine.standing(), self.clock.now_ms()
        yield Reading("build_info", "Version; always 1", 1, {"version": __version__})
        yield Reading("started_at_ms", "Unix time of the start", self.started_at_ms)
        yield Reading("slot", "Slot of this moment", self.config.profile.clock.slot_at(now_ms))
        yield Reading("head_slot", "Slot of the newest valid block", standing.head.slot)
        yield Reading("proven_slot", "Newest slot proven back to the anchor", standing.proven_slot)
        yield Reading("blocks", "Blocks that are remembered", standing.blocks)
        yield Reading("proven_roots", "Proven roots that are remembered", standing.roots)
        yield Reading("clock_jump_ms", "Jump of the clock in a minute", self.vitals.guard.jump_ms)
        for name, condition in self.conditions().items():
            meaning = "What a ready node needs, besides its store: 1 is there"
            yield Reading("ready_condition", meaning, condition.ok, {"condition": name})
        for name, length in self._queues(standing).items():
            yield Reading("queue_length", "What waits, by queue", length, {"queue": name})
        for name, path in self._stores().items():
            yield Reading(
                "store_bytes", "Size of a store's files", size_bytes(path), {"store": name}
            )
        yield from self._network()

    def _network(self) -> Iterator[Reading]:
        host, traffic = self.host, self.host.traffic
        yield Reading("peers", "Peers that are connected", len(host.connected_peers()))
        for name, topic in self._topics().items():
            size = len(host.mesh_peers(topic))
            yield Reading("mesh_peers", "Peers in the mesh of a topic", size, {"topic": name})
        for way, count in (("in", traffic.bytes_in), ("out", traffic.bytes_out)):
            meaning = "Bytes of all connections, as they cross the socket"
            yield Reading("network_bytes", meaning, count, {"direction": way}, is_counter=True)
        # A counter that alerts look at stands there from the start: its first step counts, too.
        for event, count in ({"delivered": 0, "reject": 0} | host.counters()).items():
            meaning = "What happened in the gossip shell"
            yield Reading("network_events", meaning, count, {"event": event}, is_counter=True)

    def _queues(self, standing: Standing) -> dict[str, int]:
        jobs = {f"job_{stage}": count for stage, count in standing.jobs.items()}
        return jobs | {
            "messages": self.host.messages.statistics().current_buffer_used,
            "events": self.runner.queued,
            "at_work": self.runner.at_work,
            "verifier": self.proofs.pool.waiting,
        }

    def _topics(self) -> Mapping[str, str]:
        return asdict(self.runner.topics)

    def _stores(self) -> dict[str, Path]:
        stores = {"decisions": self.config.store, "state": self.config.state.store}
        return {name: path for name, path in stores.items() if path is not None}


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
