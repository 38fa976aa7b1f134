"""
Run one host that is attacked: `python -m tests.helpers.victim PORT SETTINGS`.

`SETTINGS` is a JSON object for `GossipSettings`. Messages are judged by what stands in them, in
place of signatures and proofs: the first 32 bytes are the hash of the rest (ACCEPT), or the message
begins with `old` (IGNORE), or neither (REJECT). Prints the address; answers each line on standard
input with the figures of the moment, as one JSON object.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time

import psutil
import trio

from tests.helpers.gossip import BLOCKS, PROOFS, TOPICS, seed
from zkattest.net import GossipHost, GossipMessage, GossipSettings, Verdict

HOST_SEED = seed(200)
LAG_EVERY_S = 0.01


def honest(body: bytes) -> bytes:
    """Make a message that is accepted."""
    return hashlib.sha256(body).digest() + body


def judge(message: GossipMessage) -> Verdict:
    """Answer by content."""
    if message.data.startswith(b"old"):
        return Verdict.IGNORE
    digest, body = message.data[:32], message.data[32:]
    return Verdict.ACCEPT if hashlib.sha256(body).digest() == digest else Verdict.REJECT


class LagMeter:
    """
    Remember how long the event loop was away from a timer, at the worst, since it was last asked.

    Once by the clock, and once by the processor time that this thread took meanwhile: only the
    second means the same on a machine that is busy with something else.
    """

    def __init__(self) -> None:
        self._worst_s = 0.0
        self._worst_worked_s = 0.0

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            due_s, worked_s = time.monotonic() + LAG_EVERY_S, time.thread_time()
            await trio.sleep(LAG_EVERY_S)
            self._worst_s = max(self._worst_s, time.monotonic() - due_s)
            self._worst_worked_s = max(self._worst_worked_s, time.thread_time() - worked_s)

    def take_ms(self) -> dict[str, float]:
        """Return the worst of both and begin again."""
        worst = {"lag_ms": self._worst_s, "lag_worked_ms": self._worst_worked_s}
        self._worst_s = self._worst_worked_s = 0.0
        return {name: round(seconds * 1000, 1) for name, seconds in worst.items()}


def figures(host: GossipHost, lag: LagMeter) -> dict[str, object]:
    """Return what a test or a person wants to know."""
    process = psutil.Process()
    return {
        "rss_bytes": process.memory_info().rss,
        "descriptors": process.num_fds(),
        "tasks": trio.lowlevel.current_statistics().tasks_living,
        "cpu_s": sum(process.cpu_times()[:2]),
        **lag.take_ms(),
        "connected": sorted(host.connected_peers()),
        "mesh": {
            "proofs": sorted(host.mesh_peers(PROOFS)),
            "blocks": sorted(host.mesh_peers(BLOCKS)),
        },
        "scores": host.peer_scores(),
        "counters": host.counters(),
    }


async def answer(host: GossipHost, lag: LagMeter) -> None:
    """Answer each line; return at the end of standard input."""
    asked = trio.lowlevel.FdStream(os.dup(0))
    while lines := await asked.receive_some(100):
        for _ in range(lines.count(b"\n")):
            sys.stdout.write(json.dumps(figures(host, lag)) + "\n")
        sys.stdout.flush()


async def decide(host: GossipHost) -> None:
    """Judge every message at once."""
    async for message in host.messages:
        host.report(message.message_id, judge(message))


async def main(port: str, settings: dict[str, float]) -> None:
    """Be a host until standard input ends."""
    lag = LagMeter()
    listen = f"/ip4/127.0.0.1/tcp/{port}"
    opening = GossipHost.open(listen, [], TOPICS, HOST_SEED, GossipSettings(**settings))  # type: ignore[arg-type]
    async with opening as host, trio.open_nursery() as nursery:
        sys.stdout.write(host.address + "\n")
        sys.stdout.flush()
        nursery.start_soon(decide, host)
        nursery.start_soon(lag.run)
        await answer(host, lag)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main, sys.argv[1], json.loads(sys.argv[2]))
