"""
Exchange with py-libp2p's own host, yamux and gossipsub, which share no code with our router.

Messages stay below the one mebibyte that its outbound queue takes.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import multiaddr
import pytest
import trio
from libp2p import new_host
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.crypto.x25519 import create_new_key_pair as create_new_noise_key_pair
from libp2p.peer.peerinfo import info_from_p2p_addr
from libp2p.pubsub.gossipsub import GossipSub
from libp2p.pubsub.pb import rpc_pb2
from libp2p.pubsub.pubsub import Pubsub
from libp2p.security.noise.transport import PROTOCOL_ID, Transport
from libp2p.tools.anyio_service import background_trio_service

from tests.helpers.gossip import PROOFS, open_host, seed
from zkattest.net import Verdict, snappy
from zkattest.net.message_id import valid_snappy_id

SIZE_BYTES = 900_000


class Stock:
    """Hold a host of the library with one subscription."""

    def __init__(self, host: Any, pubsub: Any, subscription: Any) -> None:
        self.host = host
        self.pubsub = pubsub
        self.subscription = subscription

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[Stock]:
        """Start one as the library's documentation does, but anonymous and with Ethereum's ids."""
        keys = create_new_key_pair(seed(9))
        noise = Transport(keys, noise_privkey=create_new_noise_key_pair().private_key)
        host = new_host(key_pair=keys, sec_opt={PROTOCOL_ID: noise})
        router = GossipSub(["/meshsub/1.2.0", "/meshsub/1.1.0"], 8, 6, 12, heartbeat_interval=1)
        # It takes the second message without author for an equivocation of the first.
        router._check_equivocation = lambda _: True
        pubsub = Pubsub(
            host,
            router,
            strict_signing=False,
            msg_id_constructor=lambda message: valid_snappy_id(
                message.topicIDs[0], snappy.decompress(message.data, 1 << 22)
            ),
            max_inbound_rpc_size=1 << 22,
        )
        listen = multiaddr.Multiaddr("/ip4/127.0.0.1/tcp/0")
        async with (
            host.run(listen_addrs=[listen]),
            background_trio_service(pubsub),
            background_trio_service(router),
        ):
            await pubsub.wait_until_ready()
            yield cls(host, pubsub, await pubsub.subscribe(PROOFS))

    @property
    def address(self) -> str:
        """Return where it listens."""
        return str(self.host.get_addrs()[0])

    async def publish(self, data: bytes) -> None:
        """Publish without author, which its own `publish` always names."""
        message = rpc_pb2.Message(data=snappy.compress(data), topicIDs=[PROOFS])
        await self.pubsub.push_msg(self.host.get_id(), message)


@pytest.mark.parametrize("who_dials", ["we", "they"])
async def test_stock_libp2p__exchanges_messages_with_us(who_dials: str) -> None:
    with trio.fail_after(40):
        async with Stock.open() as stock:
            peers = [stock.address] if who_dials == "we" else []
            async with open_host(1, peers) as host:
                if who_dials == "they":
                    address = multiaddr.Multiaddr(host.address)
                    await stock.host.connect(info_from_p2p_addr(address))
                await host.wait_for_mesh(PROOFS, 1)
                await exchange(stock, host)


async def exchange(stock: Stock, host: Any) -> None:
    """Send a message each way and compare what arrives."""
    ours, theirs = os.urandom(SIZE_BYTES), os.urandom(SIZE_BYTES)
    host.publish(PROOFS, ours)
    arrived = await stock.subscription.get()
    assert snappy.decompress(arrived.data, SIZE_BYTES) == ours
    await stock.publish(theirs)
    message = await host.messages.receive()
    assert message.data == theirs
    assert host.report(message.message_id, Verdict.ACCEPT)
    assert host.peer_scores()[message.from_peer] > 0
