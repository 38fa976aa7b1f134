"""Hosts in processes of their own: one is killed and restarted, one freezes, the others go on."""

from __future__ import annotations

import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import PIPE

import trio

from tests.helpers.gossip import PROOF_BYTES, seed
from zkattest.devnet.ports import free_ports
from zkattest.net import peer_id_of_seed

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 60


class HostProcess:
    """Talk to a host that runs in another process."""

    def __init__(self, number: int, addresses: Sequence[str]) -> None:
        place = addresses[number].split("/p2p/")[0]
        peers = [address for address in addresses if address != addresses[number]]
        module = "tests.helpers.gossip_process"
        self._command = [sys.executable, "-m", module, str(number), place, *peers]
        self._changed = trio.Event()
        self.lines: list[str] = []
        self.process: trio.Process

    async def run(self, task_status: trio.TaskStatus[None]) -> None:
        """Run the process until it ends; kill it when cancelled."""
        self.process = await trio.lowlevel.open_process(
            self._command, stdin=PIPE, stdout=PIPE, cwd=ROOT
        )
        task_status.started()
        try:
            await self._read()
        finally:
            self.process.kill()
            with trio.CancelScope(shield=True):
                await self.process.wait()

    async def wait_for(self, wanted: Callable[[str], bool], *, after: int = 0) -> str:
        """Return the first line, from line `after` on, that is wanted."""
        while True:
            for line in self.lines[after:]:
                if wanted(line):
                    return line
            await self._changed.wait()

    async def wait_for_mesh(self, size: int, *, after: int = 0) -> None:
        """Return when its mesh has had a size."""
        await self.wait_for(lambda line: line == f"mesh {size}", after=after)

    async def publish(self, size_bytes: int) -> str:
        """Have it publish and return the message id."""
        seen = len(self.lines)
        assert self.process.stdin is not None
        await self.process.stdin.send_all(f"{size_bytes}\n".encode())
        return (await self.wait_for(lambda line: line.startswith("sent "), after=seen))[5:]

    async def wait_for_message(self, message_id: str) -> None:
        """Return when a message arrived, and see that it came once."""
        await self.wait_for(lambda line: line == message_id)
        assert self.lines.count(message_id) == 1

    async def _read(self) -> None:
        assert self.process.stdout is not None
        rest = b""
        async for data in self.process.stdout:
            *lines, rest = (rest + data).split(b"\n")
            self.lines += [line.decode() for line in lines]
            self._changed.set()
            self._changed = trio.Event()


def free_addresses(count: int) -> list[str]:
    """Return addresses that nobody listens on, with the peers that will."""
    return [
        f"/ip4/127.0.0.1/tcp/{port}/p2p/{peer_id_of_seed(seed(number))}"
        for number, port in enumerate(free_ports(count))
    ]


@asynccontextmanager
async def processes(count: int) -> AsyncIterator[list[HostProcess]]:
    """Start hosts that all know each other, all at once."""
    addresses = free_addresses(count)
    hosts = [HostProcess(number, addresses) for number in range(count)]
    with trio.fail_after(LIMIT_S):
        async with trio.open_nursery() as nursery:
            for host in hosts:
                await nursery.start(host.run)
            for host in hosts:
                await host.wait_for_mesh(count - 1)
            yield hosts
            nursery.cancel_scope.cancel()


async def test_process__that_is_killed_and_restarted_gets_its_mesh_back() -> None:
    async with processes(3) as (one, other, victim), trio.open_nursery() as nursery:
        told = [(host, len(host.lines)) for host in (one, other)]
        victim.process.kill()
        for host, after in told:
            await host.wait_for_mesh(1, after=after)
        missed = await one.publish(PROOF_BYTES)
        await other.wait_for_message(missed)
        victim.lines.clear()
        await nursery.start(victim.run)
        await victim.wait_for_mesh(2)
        await victim.wait_for_message(missed)
        new = await victim.publish(PROOF_BYTES)
        await one.wait_for_message(new)
        await other.wait_for_message(new)
        nursery.cancel_scope.cancel()


async def test_process__that_freezes_does_not_stall_the_others() -> None:
    async with processes(3) as (one, other, frozen):
        frozen.process.send_signal(signal.SIGSTOP)
        sent = [await one.publish(PROOF_BYTES) for _ in range(8)]
        for message_id in sent:
            await other.wait_for_message(message_id)
        frozen.process.send_signal(signal.SIGCONT)
        for message_id in sent:
            await frozen.wait_for_message(message_id)
