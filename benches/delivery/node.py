"""
Run one node of the delivery benchmark: `python -m benches.delivery.node PLAN`, PLAN in JSON.

Speaks to the parent over standard streams, a line each way at a time: `here`, how to meet the
others, `ready`, when to begin, now and then how it goes, and, when told to stop, what this node
saw.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil
import trio

from zkattest.net import GossipHost, Verdict, peer_id_of_seed, topic_string
from zkattest.net.settings import GossipSettings

TOPIC = topic_string(bytes.fromhex("01020304"), "execution_proof")
LIMIT_BYTES = 4_194_449
MIB = 1 << 20
DEADLINE_MS = 4_000.0
HEADER_BYTES = 4
DEVICE = "shaped0"
CLONE_NEWNET = 0x40000000
# Not oftener: sixteen processes that wake up fifty times a second use a quarter of a core.
LAG_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """Say what one node does; the same for all but `number`."""

    number: int
    nodes: int
    slots: int
    slot_s: float
    types: int
    size_bytes: int
    validation_ms: float
    memory_every_s: float
    in_namespace: bool
    settings: dict[str, Any] = field(default_factory=dict)

    def publisher(self, index: int) -> int:
        """Name the node that publishes a message; provers take turns."""
        return index % self.nodes


@dataclass(slots=True)
class Record:
    """Hold what one node saw."""

    arrivals: list[tuple[int, int, float]] = field(default_factory=list)
    """Message, node that sent it here, milliseconds after the slot's start."""
    published: list[int] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)
    """Seconds since the start, resident MiB."""
    lag_ms: dict[int, int] = field(default_factory=dict)
    """Whole milliseconds that the event loop came late, and how often."""


def seed(number: int) -> bytes:
    """Return a node's key seed."""
    return (number + 1).to_bytes(32, "big")


def say(text: str) -> None:
    """Write a line to the parent."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def heard() -> str:
    """Read a line of the parent."""
    return await trio.to_thread.run_sync(sys.stdin.readline)


def enter_network(plan: Plan) -> None:
    """Leave the machine's network for one of our own, which the shaper gives a device."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "network namespace")


def traffic() -> dict[str, int]:
    """
    Read what the kernel counts on the interface, and the segments that TCP sent again.

    Nothing without a namespace of our own: the machine's counters are not ours.
    """
    counted: dict[str, int] = {}
    for line in Path("/proc/self/net/dev").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name.strip() == DEVICE:
            columns = [int(each) for each in rest.split()]
            counted = {
                "wire_received_bytes": columns[0],
                "wire_sent_bytes": columns[8],
                "wire_received_packets": columns[1],
            }
    if not counted:
        return {}
    names, values = (
        line.split()
        for line in Path("/proc/self/net/snmp").read_text().splitlines()
        if line.startswith("Tcp:")
    )
    counted["segments_sent"] = int(values[names.index("OutSegs")])
    counted["segments_sent_again"] = int(values[names.index("RetransSegs")])
    return counted


class Node:
    """Publish, receive and accept, and watch what it costs."""

    def __init__(self, plan: Plan, host: GossipHost, go_s: float) -> None:
        self.plan = plan
        self.host = host
        self.go_s = go_s
        self.record = Record()
        self._names = {peer_id_of_seed(seed(number)): number for number in range(plan.nodes)}

    def slot_start_s(self, index: int) -> float:
        """Return when the slot of a message starts."""
        return self.go_s + index // self.plan.types * self.plan.slot_s

    async def publish(self) -> None:
        """Publish our messages, each at its slot's start."""
        for index in range(self.plan.slots * self.plan.types):
            if self.plan.publisher(index) != self.plan.number:
                continue
            body = os.urandom(self.plan.size_bytes - HEADER_BYTES)
            await trio.sleep(max(0.0, self.slot_start_s(index) - time.monotonic()))
            self.host.publish(TOPIC, index.to_bytes(HEADER_BYTES, "big") + body)
            self.record.published.append(index)

    async def receive(self) -> None:
        """Note every arrival; accept it after what stands for its verification."""
        async with trio.open_nursery() as nursery:
            async for message in self.host.messages:
                index = int.from_bytes(message.data[:HEADER_BYTES], "big")
                late_ms = (time.monotonic() - self.slot_start_s(index)) * 1_000
                sender = self._names[message.from_peer]
                self.record.arrivals.append((index, sender, round(late_ms, 2)))
                nursery.start_soon(self._accept, message.message_id)

    async def _accept(self, message_id: bytes) -> None:
        await trio.sleep(self.plan.validation_ms / 1_000)
        self.host.report(message_id, Verdict.ACCEPT)

    def so_far(self) -> dict[str, Any]:
        """Count what has come until now, and say what memory we hold."""
        times = {index: late_ms for index, _, late_ms in reversed(self.record.arrivals)}.values()
        return {
            "delivered": len(times),
            "in_time": sum(late_ms <= DEADLINE_MS for late_ms in times),
            "latest_ms": max(times, default=0.0),
            "rss_mib": round(psutil.Process().memory_info().rss / MIB, 1),
        }

    async def watch_memory(self) -> None:
        """Note our resident memory from time to time."""
        process = psutil.Process()
        while True:
            elapsed_s = time.monotonic() - self.go_s
            rss_mib = process.memory_info().rss / MIB
            self.record.memory.append((round(elapsed_s, 1), round(rss_mib, 1)))
            await trio.sleep(self.plan.memory_every_s)

    async def watch_lag(self) -> None:
        """Note how late the event loop wakes a task up."""
        while True:
            due_s = trio.current_time() + LAG_EVERY_S
            await trio.sleep_until(due_s)
            late_ms = int(1_000 * (trio.current_time() - due_s))
            self.record.lag_ms[late_ms] = self.record.lag_ms.get(late_ms, 0) + 1


async def main(plan: Plan) -> dict[str, Any]:
    """Take part until told to stop; return what we saw."""
    say("here")
    meeting = json.loads(await heard())
    topics = {TOPIC: LIMIT_BYTES}
    settings = GossipSettings(**plan.settings)
    opening = GossipHost.open(
        meeting["listen"], meeting["peers"], topics, seed(plan.number), settings
    )
    async with opening as host, trio.open_nursery() as nursery:
        await host.wait_for_mesh(TOPIC, meeting["mesh"])
        say("ready")
        node = Node(plan, host, float(await heard()))
        before, used = traffic(), resource.getrusage(resource.RUSAGE_SELF)
        for task in (node.receive, node.publish, node.watch_memory, node.watch_lag):
            nursery.start_soon(task)
        while await heard() == "how\n":
            say(json.dumps(node.so_far()))
        after, spent = traffic(), resource.getrusage(resource.RUSAGE_SELF)
        nursery.cancel_scope.cancel()
        return {
            **asdict(node.record),
            "traffic": {name: after[name] - before[name] for name in after},
            "counters": host.counters(),
            "connections": len(host.connected_peers()),
            "mesh": len(host.mesh_peers(TOPIC)),
            "cpu_s": spent.ru_utime + spent.ru_stime - used.ru_utime - used.ru_stime,
            "peak_rss_mib": spent.ru_maxrss / 1_024,
            "congestion_control": settings.congestion_control,
        }
    raise AssertionError("unreachable")


if __name__ == "__main__":
    made = Plan(**json.loads(sys.argv[1]))
    if made.in_namespace:
        enter_network(made)
    say(json.dumps(trio.run(main, made)))
