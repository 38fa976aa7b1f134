"""Drive a gossip peer of another make by JSON lines, as README.md beside this file says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from subprocess import PIPE
from typing import Any

import trio

from tests.helpers.gossip import PROOFS, TOPICS
from tests.interop.programs import Program, command
from zkattest.net import GossipHost

POLL_S = 0.02
ETH2 = {
    "key": "secp256k1",
    "version": "1.2",
    "degree": 8,
    "degree_low": 6,
    "degree_high": 12,
    "heartbeat_ms": 700,
    "backoff_s": 60,
}

State = dict[str, Any]


def content(seed: int, size: int, zeros: int = 0) -> bytes:
    """Return the bytes that a seed stands for in every program; the last `zeros` are zero."""
    head = seed.to_bytes(8, "little")
    blocks = (
        hashlib.sha256(head + counter.to_bytes(8, "little")).digest()
        for counter in range(-(-size // 32))
    )
    return b"".join(blocks)[: size - zeros] + bytes(zeros)


class ForeignPeer:
    """Talk to one peer that runs in another process."""

    def __init__(self, program: Program, process: trio.Process) -> None:
        self.program = program
        self.process = process
        self.messages: list[State] = []
        """What arrived, in order: `id`, `sha256`, `size`, `topic`, `from`, `ms`."""
        self.ended = trio.Event()
        self._changed = trio.Event()
        self._answers, self._answered = trio.open_memory_channel[State](16)
        self._asking = trio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls, program: Program, **settings: object) -> AsyncIterator[ForeignPeer]:
        """Start a peer that has joined the topic of proofs; kill it on leaving."""
        limit = {"limit_bytes": TOPICS[PROOFS], "topics": [PROOFS]}
        arguments = [*command(program), json.dumps({**ETH2, **limit, **settings})]
        async with trio.open_nursery() as nursery:
            process = await trio.lowlevel.open_process(arguments, stdin=PIPE, stdout=PIPE)
            try:
                peer = cls(program, process)
                nursery.start_soon(peer._read)
                listening = await peer._answered.receive()
                peer.address = listening["address"]
                peer.peer_id = peer.address.rsplit("/", 1)[1]
                await peer.ask("subscribe", topic=PROOFS)
                yield peer
            finally:
                process.kill()
                with trio.CancelScope(shield=True):
                    await process.wait()
                nursery.cancel_scope.cancel()

    address: str
    peer_id: str

    async def ask(self, do: str, **arguments: object) -> State:
        """Have a command performed and return its answer."""
        assert self.process.stdin is not None
        async with self._asking:
            line = json.dumps({"do": do, **arguments})
            await self.process.stdin.send_all(line.encode() + b"\n")
            answer = await self._answered.receive()
        assert answer["event"] == "answer", f"{self.program}: {answer}"
        assert answer["do"] == do
        return answer

    async def publish(self, seed: int, size: int, zeros: int = 0) -> bytes:
        """Have content published; check its hash and return the message id."""
        answer = await self.ask("publish", topic=PROOFS, seed=seed, size=size, zeros=zeros)
        assert answer["sha256"] == hashlib.sha256(content(seed, size, zeros)).hexdigest()
        return bytes.fromhex(answer["id"])

    async def state(self) -> State:
        """Return its peers, its mesh, its counters and what it thinks of peers."""
        return await self.ask("state", topic=PROOFS)

    async def wait_until(self, condition: Callable[[State], bool]) -> State:
        """Return its state when that fulfils a condition."""
        while True:
            state = await self.state()
            if condition(state):
                return state
            await trio.sleep(POLL_S)

    async def wait_for_mesh(self, *peer_ids: str) -> None:
        """Return when its mesh is exactly these peers."""
        await self.wait_until(lambda state: set(state["mesh"]) == set(peer_ids))

    async def wait_for_message(self, message_id: bytes) -> State:
        """Return a message when it has arrived."""
        while True:
            for message in self.messages:
                if message["id"] == message_id.hex():
                    return message
            await self._changed.wait()

    async def leave(self) -> None:
        """Have it close its connections and end."""
        assert self.process.stdin is not None
        await self.process.stdin.send_all(b'{"do": "bye"}\n')
        await self.ended.wait()

    async def _read(self) -> None:
        assert self.process.stdout is not None
        rest = b""
        async for data in self.process.stdout:
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                event = json.loads(line)
                if event["event"] == "message":
                    self.messages.append(event)
                    self._changed.set()
                    self._changed = trio.Event()
                else:
                    await self._answers.send(event)
        self.ended.set()


async def join(peer: ForeignPeer, *hosts: GossipHost) -> None:
    """Have a peer dial hosts and wait until each is in the other's mesh."""
    before = [host.peer_id for host in hosts]
    for host in hosts:
        await peer.ask("dial", address=host.address)
    await peer.wait_until(lambda state: set(before) <= set(state["mesh"]))
    for host in hosts:
        while peer.peer_id not in host.mesh_peers(PROOFS):
            await host.wait_for_change()
