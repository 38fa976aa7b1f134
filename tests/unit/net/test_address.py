"""Addresses of hosts."""

import pytest

from zkattest.net.address import Address

PEER = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("/ip4/127.0.0.1/tcp/9000", Address("ip4", "127.0.0.1", 9000)),
        (f"/ip4/10.0.0.1/tcp/1/p2p/{PEER}", Address("ip4", "10.0.0.1", 1, PEER)),
        (f"/ip6/::1/tcp/9000/p2p/{PEER}", Address("ip6", "::1", 9000, PEER)),
        ("/dns4/node.example/tcp/80", Address("dns4", "node.example", 80)),
    ],
)
def test_address__reads_and_prints_the_same(text: str, address: Address) -> None:
    assert Address.parse(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "127.0.0.1:9000",
        "/ip4/127.0.0.1",
        "/ip4/127.0.0.1/udp/9000",
        "/ip4/127.0.0.1/tcp/70000",
        "/ip4/1.2.3/tcp/1",
        "/ip4/127.0.0.1/tcp/1/p2p/zzz",
        f"/ip4/127.0.0.1/tcp/1/ws/p2p/{PEER}",
    ],
)
def test_address__refuses_what_is_no_tcp_address(text: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Address.parse(text)


def test_address__has_binary_form_without_the_peer() -> None:
    assert Address("ip4", "127.0.0.1", 9000, PEER).to_bytes().hex() == "047f000001062328"
