"""Find peers on a local network by multicast DNS, on one interface that the operator names."""

from __future__ import annotations

import ipaddress
import logging
import secrets
import socket
import string
from collections import Counter
from dataclasses import dataclass
from typing import Final

import trio

from zkattest.net.address import Address
from zkattest.net.mdns import (
    GROUP,
    MAX_PACKET_BYTES,
    NAME_CHARACTERS,
    PORT,
    MdnsError,
    Query,
    decode_packet,
    encode_announcement,
    encode_query,
)
from zkattest.net.peer_book import PeerBook, Source
from zkattest.net.reqresp_limits import Quota, TokenBucket

logger = logging.getLogger(__name__)

_ALPHABET: Final = string.ascii_lowercase + string.digits
_TTL: Final = 255
_PACKETS: Final = Quota(40, 2.0)
_ANSWERS: Final = Quota(2, 2.0)


@dataclass(frozen=True, slots=True)
class LanSettings:
    """Bound what is sent and read; times in seconds."""

    first_query_s: float = 1.0
    query_interval_s: float = 120.0
    packets: Quota = _PACKETS
    answers: Quota = _ANSWERS


class LanDiscovery:
    """Ask who is there, answer who asks, put into a book who answers."""

    def __init__(
        self, address: str, interface: str, book: PeerBook, settings: LanSettings | None = None
    ) -> None:
        """
        Announce a multiaddr with a peer id; where it listens everywhere, the interface's own IP.

        `interface` is an IPv4 address of this machine; raises `ValueError` for anything else.
        """
        parsed = Address.parse(address)
        ip = str(ipaddress.IPv4Address(interface))
        host = ip if ipaddress.ip_address(parsed.host).is_unspecified else parsed.host
        self.counters: Counter[str] = Counter()
        self._announced = str(Address(parsed.protocol, host, parsed.port, parsed.peer_id))
        self._peer_id = parsed.peer_id
        self._interface = ip
        self._book = book
        self._settings = settings or LanSettings()
        # Random, so that no name tells two runs of a node apart from two nodes.
        self._name = "".join(secrets.choice(_ALPHABET) for _ in range(NAME_CHARACTERS))

    async def run(self) -> None:
        """Run until cancelled; raise `OSError` where the interface has no multicast."""
        with await self._open() as endpoint:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._ask, endpoint)
                await self._listen(endpoint)

    async def _open(self) -> trio.socket.SocketType:
        endpoint = trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            # Other programs of this machine listen for multicast DNS, too.
            endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            own = socket.inet_aton(self._interface)
            endpoint.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, own)
            endpoint.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, _TTL)
            group = socket.inet_aton(GROUP) + own
            endpoint.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
            await endpoint.bind((GROUP, PORT))
        except BaseException:
            endpoint.close()
            raise
        return endpoint

    async def _ask(self, endpoint: trio.socket.SocketType) -> None:
        pause_s = self._settings.first_query_s
        while True:
            await self._send(endpoint, encode_query())
            await trio.sleep(pause_s)
            pause_s = min(2 * pause_s, self._settings.query_interval_s)

    async def _listen(self, endpoint: trio.socket.SocketType) -> None:
        now_s = trio.current_time()
        packets = TokenBucket(self._settings.packets, now_s)
        answers = TokenBucket(self._settings.answers, now_s)
        while True:
            data, (sender, _) = await endpoint.recvfrom(MAX_PACKET_BYTES + 1)
            # What comes too fast waits in the socket's own buffer, and overflows there.
            await trio.sleep(packets.reserve(1, trio.current_time()))
            try:
                packet = decode_packet(data, sender)
            except MdnsError as error:
                self.counters["unusable"] += 1
                logger.debug("%s: %s", sender, error)
                continue
            if not isinstance(packet, Query):
                self._learn(packet.addresses)
            elif answers.take(1, trio.current_time()):
                await self._send(endpoint, encode_announcement(self._name, [self._announced]))
            else:
                self.counters["unanswered"] += 1

    def _learn(self, addresses: tuple[str, ...]) -> None:
        for address in addresses:
            if Address.parse(address).peer_id != self._peer_id:
                self.counters["learned"] += self._book.learn(address, Source.MDNS)

    async def _send(self, endpoint: trio.socket.SocketType, data: bytes) -> None:
        try:
            await endpoint.sendto(data, (GROUP, PORT))
        except OSError as error:
            # A network that is gone for a while may come back.
            self.counters["unsent"] += 1
            logger.debug("multicast: %s", error)
