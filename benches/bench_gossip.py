"""
Measure gossip among hosts on loopback: how long until every host has a message, at what cost.

Hosts take turns in publishing. Each verdict is ACCEPT, `--verdict-ms` after arrival (a stand-in for
the verification of a proof). Latency runs from before compression to arrival at the embedder.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from typing import IO, cast

import psutil
import trio

from zkattest.devnet.ports import free_ports
from zkattest.net import GossipHost, Verdict, peer_id_of_seed, topic_string

TOPIC = topic_string(bytes.fromhex("01020304"), "delayed_execution_proof")
TARGET_MS = 150.0
MIB = 1 << 20
HEADER_BYTES = 12


@dataclass(slots=True)
class Record:
    """Hold what the hosts of one process saw."""

    arrivals: list[tuple[int, int, float]] = field(default_factory=list)
    """Message, host, milliseconds."""
    published: list[int] = field(default_factory=list)
    """Messages that this process got to publish in time; a starved machine falls behind."""


def seed(number: int) -> bytes:
    """Return a host's key seed."""
    return number.to_bytes(32, "big")


async def receive(
    host: GossipHost, number: int, verdict_ms: float, record: Record, nursery: trio.Nursery
) -> None:
    """Note every arrival and accept it in its time."""

    async def accept(message_id: bytes) -> None:
        await trio.sleep(verdict_ms / 1000)
        host.report(message_id, Verdict.ACCEPT)

    async for message in host.messages:
        sent_ns = int.from_bytes(message.data[4:HEADER_BYTES], "big")
        late_ms = (time.monotonic_ns() - sent_ns) / 1e6
        record.arrivals.append((int.from_bytes(message.data[:4], "big"), number, late_ms))
        nursery.start_soon(accept, message.message_id)


async def publish(
    arguments: argparse.Namespace, hosts: dict[int, GossipHost], go: float, record: Record
) -> None:
    """Publish, in turns with the other processes."""
    for index in range(arguments.count):
        await trio.sleep(max(0.0, go + index * arguments.interval - time.monotonic()))
        host = hosts.get(index % arguments.hosts)
        if host is not None:
            body = os.urandom(max(0, arguments.size - HEADER_BYTES))
            head = index.to_bytes(4, "big") + time.monotonic_ns().to_bytes(8, "big")
            host.publish(TOPIC, head + body)
            record.published.append(index)


async def child(arguments: argparse.Namespace, ports: list[int]) -> dict[str, object]:
    """Run the hosts of one process; talk to the parent over standard streams."""
    record = Record()
    addresses = [f"/ip4/127.0.0.1/tcp/{port}" for port in ports]
    names = [f"{each}/p2p/{peer_id_of_seed(seed(n))}" for n, each in enumerate(addresses)]
    async with trio.open_nursery() as nursery, AsyncExitStack() as stack:
        hosts: dict[int, GossipHost] = {}
        for number in range(arguments.child, arguments.hosts, arguments.procs):
            peers = names[:number] + names[number + 1 :]
            opening = GossipHost.open(addresses[number], peers, {TOPIC: 16 * MIB}, seed(number))
            host = hosts[number] = await stack.enter_async_context(opening)
            nursery.start_soon(receive, host, number, arguments.verdict_ms, record, nursery)
        for host in hosts.values():
            await host.wait_for_mesh(TOPIC, min(arguments.hosts - 1, 6))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        go = float(await trio.to_thread.run_sync(sys.stdin.readline))
        before, rss_bytes = (
            resource.getrusage(resource.RUSAGE_SELF),
            psutil.Process().memory_info().rss,
        )
        nursery.start_soon(publish, arguments, hosts, go, record)
        await trio.to_thread.run_sync(sys.stdin.readline)
        after = resource.getrusage(resource.RUSAGE_SELF)
        counters: Counter[str] = Counter()
        for host in hosts.values():
            counters.update(host.counters())
        result = {
            "arrivals": record.arrivals,
            "published": record.published,
            "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            "rss_before_mib": rss_bytes / MIB,
            "rss_after_mib": psutil.Process().memory_info().rss / MIB,
            "counters": dict(counters),
        }
        nursery.cancel_scope.cancel()
    return result


def run(arguments: argparse.Namespace) -> list[dict[str, object]]:
    """Run all processes to the end and return what each saw."""
    ports = ",".join(map(str, free_ports(arguments.hosts)))
    with ExitStack() as stack:
        children = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, __file__, *sys.argv[1:], "--child", str(n), "--ports", ports],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for n in range(arguments.procs)
        ]
        for each in children:
            cast("IO[str]", each.stdout).readline()
        go = time.monotonic() + 1.0
        tell(children, str(go))
        time.sleep(
            max(0.0, go + arguments.count * arguments.interval + arguments.tail - time.monotonic())
        )
        tell(children, "stop")
        return [json.loads(each.communicate()[0]) for each in children]


def tell(children: list[subprocess.Popen[str]], line: str) -> None:
    """Send a line to every process."""
    for each in children:
        stdin = cast("IO[str]", each.stdin)
        stdin.write(line + "\n")
        stdin.flush()


def quantile(values: list[float], fraction: float) -> float:
    """Return the value below which a fraction of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * fraction))] if ordered else float("nan")


def summary(arguments: argparse.Namespace, results: list[dict[str, object]]) -> dict[str, object]:
    """Bring what all processes saw together."""
    first: dict[tuple[int, int], float] = {}
    repeated = 0
    counters: Counter[str] = Counter()
    for result in results:
        counters.update(result["counters"])  # type: ignore[call-overload]
        for index, host, late_ms in result["arrivals"]:  # type: ignore[attr-defined]
            repeated += (index, host) in first
            first.setdefault((index, host), late_ms)
    everywhere: defaultdict[int, list[float]] = defaultdict(list)
    for (index, _), late_ms in first.items():
        everywhere[index].append(late_ms)
    complete = [max(each) for each in everywhere.values() if len(each) == arguments.hosts - 1]
    published = sum(len(each["published"]) for each in results)  # type: ignore[arg-type]
    expected = published * (arguments.hosts - 1)
    late = list(first.values())
    return {
        "hosts": arguments.hosts,
        "processes": arguments.procs,
        "size_bytes": arguments.size,
        "messages": arguments.count,
        "published": published,
        "verdict_ms": arguments.verdict_ms,
        "delivered": len(first),
        "expected": expected,
        "delivered_twice": repeated,
        "arrival_p50_ms": round(quantile(late, 0.5), 1),
        "arrival_p95_ms": round(quantile(late, 0.95), 1),
        "everywhere_p50_ms": round(quantile(complete, 0.5), 1),
        "everywhere_p95_ms": round(quantile(complete, 0.95), 1),
        "received_per_needed": round(counters["received"] / max(1, expected), 2),
        "cpu_ms_per_delivery": round(
            1000 * sum(float(str(each["cpu_s"])) for each in results) / max(1, len(first)), 1
        ),
        "rss_mib": [
            round(statistics.fsum(float(str(each[key])) for each in results))
            for key in ("rss_before_mib", "rss_after_mib")
        ],
        "target_everywhere_p50_ms": TARGET_MS,
    }


def main() -> None:
    """Print a table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--hosts", type=int, default=8)
    parser.add_argument("--procs", type=int, default=2)
    parser.add_argument("--size", type=int, default=1_272_500, help="bytes of a message")
    parser.add_argument("--count", type=int, default=16, help="messages")
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between messages")
    parser.add_argument("--verdict-ms", type=float, default=35.0)
    parser.add_argument("--tail", type=float, default=3.0, help="seconds to wait at the end")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--ports", default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child is not None:
        ports = [int(port) for port in arguments.ports.split(",")]
        sys.stdout.write(json.dumps(trio.run(child, arguments, ports)))
        return
    measured = summary(arguments, run(arguments))
    if arguments.json:
        sys.stdout.write(json.dumps(measured) + "\n")
        return
    for name, value in measured.items():
        sys.stdout.write(f"{name:26} {value}\n")


if __name__ == "__main__":
    main()
