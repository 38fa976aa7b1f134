"""Discovery over real multicast on the loopback interface."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable

import pytest
import trio

from zkattest.net.boundary import Identity
from zkattest.net.lan_discovery import LanDiscovery, LanSettings
from zkattest.net.mdns import GROUP, PORT, encode_announcement, encode_query
from zkattest.net.peer_book import PeerBook, Source
from zkattest.net.reqresp_limits import Quota

IDS = [Identity(bytes([number]) * 32).peer_id for number in range(1, 4)]
LOOPBACK = "127.0.0.1"


def address(number: int, host: str = LOOPBACK) -> str:
    return f"/ip4/{host}/tcp/{9000 + number}/p2p/{IDS[number]}"


def multicast() -> socket.socket:
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK))
    return sender


@pytest.fixture(autouse=True)
def needs_multicast() -> None:
    """Skip where the system forbids multicast on its loopback interface."""
    try:
        with multicast() as sender:
            sender.sendto(b"", (GROUP, PORT))
    except OSError as error:
        pytest.skip(f"no multicast on the loopback interface: {error}")


async def until(condition: Callable[[], object]) -> None:
    with trio.fail_after(10):
        while not condition():  # noqa: ASYNC110 - packets arrive when they arrive
            await trio.sleep(0.01)


async def test_peers__find_each_other(nursery: trio.Nursery) -> None:
    books = PeerBook(), PeerBook()
    nursery.start_soon(LanDiscovery(address(0, "0.0.0.0"), LOOPBACK, books[0]).run)
    await trio.sleep(0.05)
    nursery.start_soon(LanDiscovery(address(1), LOOPBACK, books[1]).run)
    await until(lambda: all(books))
    found = [[(p.address, p.source) for p in book.peers().values()] for book in books]
    assert found == [[(address(1), Source.MDNS)], [(address(0), Source.MDNS)]]


async def test_peer__survives_noise_and_answers_a_flood_seldom(nursery: trio.Nursery) -> None:
    settings = LanSettings(first_query_s=100.0, packets=Quota(1000, 1.0), answers=Quota(2, 1000.0))
    book = PeerBook()
    lan = LanDiscovery(address(0), LOOPBACK, book, settings)
    nursery.start_soon(lan.run)
    await trio.sleep(0.05)
    with multicast() as sender:
        for _ in range(20):
            sender.sendto(b"noise", (GROUP, PORT))
            sender.sendto(encode_query(), (GROUP, PORT))
        # Of a third machine, and of ourselves: neither is learned.
        sender.sendto(encode_announcement("x" * 32, [address(1, "10.0.0.9")]), (GROUP, PORT))
        sender.sendto(encode_announcement("x" * 32, [address(0)]), (GROUP, PORT))
        sender.sendto(encode_announcement("x" * 32, [address(2)]), (GROUP, PORT))
    await until(lambda: book.peers())
    assert list(book.peers()) == [IDS[2]]
    assert lan.counters["unanswered"] >= 18
    assert lan.counters["unusable"] >= 21


@pytest.mark.parametrize("interface", ["eth0", "::1", ""])
def test_discovery__refuses_what_is_no_address(interface: str) -> None:
    with pytest.raises(ipaddress.AddressValueError):
        LanDiscovery(address(0), interface, PeerBook())
