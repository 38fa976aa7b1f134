"""
Delay TCP connections, both ways, without losing or reordering anything.

For machines without network namespaces: `python -m benches.delivery.proxy PLAN`, PLAN in JSON. What
passes is held back by a delay within the jitter; the kernels' TCP itself notices nothing of it.
"""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import trio

CHUNK_BYTES = 1 << 14
Chunk = tuple[float, bytes]


async def _read(
    source: trio.SocketStream, held: trio.MemorySendChannel[Chunk], delay_s: Callable[[], float]
) -> None:
    due_s = 0.0
    async with held:
        while data := bytes(await source.receive_some(CHUNK_BYTES)):
            due_s = max(due_s, trio.current_time() + delay_s())
            held.send_nowait((due_s, data))


async def _write(target: trio.SocketStream, held: trio.MemoryReceiveChannel[Chunk]) -> None:
    async for due_s, data in held:
        await trio.sleep_until(due_s)
        await target.send_all(data)


async def _carry(stream: trio.SocketStream, port: int, delay_s: Callable[[], float]) -> None:
    """Carry one connection until either side ends it."""
    try:
        other = await trio.open_tcp_stream("127.0.0.1", port)
    except OSError:
        await stream.aclose()
        return
    async with stream, other:
        try:
            async with trio.open_nursery() as nursery:

                async def until_over(task: Callable[[], Awaitable[None]]) -> None:
                    await task()
                    nursery.cancel_scope.cancel()

                for source, target in ((stream, other), (other, stream)):
                    send, receive = trio.open_memory_channel[Chunk](math.inf)
                    nursery.start_soon(_read, source, send, delay_s)
                    nursery.start_soon(until_over, partial(_write, target, receive))
        except* (trio.BrokenResourceError, trio.ClosedResourceError):
            pass


async def main(plan: dict[str, Any]) -> None:
    """Serve until killed."""
    rng = random.Random(plan["seed"])  # noqa: S311 - repeats a network, guards nothing
    low_s = (plan["delay_ms"] - plan["jitter_ms"]) / 1_000
    high_s = (plan["delay_ms"] + plan["jitter_ms"]) / 1_000
    async with trio.open_nursery() as nursery:
        for front, back in plan["ports"]:
            carry = partial(_carry, port=back, delay_s=lambda: rng.uniform(low_s, high_s))
            await nursery.start(partial(trio.serve_tcp, carry, front, host="127.0.0.1"))
        sys.stdout.write("ready\n")
        sys.stdout.flush()


if __name__ == "__main__":
    trio.run(main, json.loads(sys.argv[1]))
