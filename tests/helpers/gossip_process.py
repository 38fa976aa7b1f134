"""
Run one gossip host as a process: `gossip_process SEED LISTEN PEER…`.

Prints its address, then `mesh <n>` for each new size of the mesh and the message id of each message
that arrives; a line `<size>` on standard input publishes that many bytes and prints `sent <id>`.
"""

import os
import sys

import trio

from tests.helpers.gossip import PROOFS, open_host
from zkattest.net import GossipHost, Verdict


def say(line: str) -> None:
    """Print one line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def tell_mesh(host: GossipHost) -> None:
    """Print each new size of the mesh."""
    told = -1
    while True:
        size = len(host.mesh_peers(PROOFS))
        if size != told:
            told = size
            say(f"mesh {size}")
        await host.wait_for_change()


async def obey(host: GossipHost) -> None:
    """Publish as often as standard input asks."""
    asked = trio.lowlevel.FdStream(os.dup(0))
    async for data in asked:
        for line in data.decode().split():
            say(f"sent {host.publish(PROOFS, os.urandom(int(line))).hex()}")


async def main(number: int, listen: str, peers: list[str]) -> None:
    """Accept everything until killed."""
    async with open_host(number, peers, listen) as host, trio.open_nursery() as nursery:
        say(host.address)
        nursery.start_soon(tell_mesh, host)
        nursery.start_soon(obey, host)
        async for message in host.messages:
            host.report(message.message_id, Verdict.ACCEPT)
            say(message.message_id.hex())


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]), sys.argv[2], sys.argv[3:])
