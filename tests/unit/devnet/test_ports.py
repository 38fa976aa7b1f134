"""Finding ports."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from zkattest.devnet import ports
from zkattest.devnet.ports import free_ports

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_free_ports__are_distinct_and_can_be_listened_on(kind: socket.SocketKind) -> None:
    found = free_ports(20, kind)
    assert len(set(found)) == 20
    with ExitStack() as stack:
        for port in found:
            stack.enter_context(socket.socket(socket.AF_INET, kind)).bind(("127.0.0.1", port))


def test_free_ports__passes_over_one_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(ports, "_CANDIDATES", range(port, port + 1))
        with pytest.raises(OSError, match="no 1 ports of loopback are free"):
            free_ports(1)


@pytest.mark.skipif(not RANGE.exists(), reason="only Linux tells its range")
def test_free_ports__are_none_that_outgoing_connections_get() -> None:
    lowest = int(RANGE.read_text().split()[0])
    if lowest < 32_768:
        pytest.skip(f"this machine gives ports from {lowest} on to outgoing connections")
    random.seed(7)
    assert max(free_ports(100)) < lowest
