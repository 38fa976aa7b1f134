"""Bound what askers can take of the server: connections, bytes, time, requests."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_IPV6_NETWORK_BITS: Final = 64


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """
    Bound connections and the time that each step of one may take.

    `head_ms` counts from the first byte of a request to the end of its head, `body_ms` from there
    to the end of its body; `write_ms` is for one piece of an answer to be taken. A body, which may
    hold a verifier's place, also has to begin within `head_ms` and to go on at `body_bytes_per_s`.
    """

    connections: int = 128
    connections_per_address: int = 64
    requests: int = 1_000
    head_bytes: int = 16_384
    handshake_ms: int = 5_000
    idle_ms: int = 60_000
    head_ms: int = 5_000
    body_ms: int = 20_000
    body_bytes_per_s: int = 1 << 16
    write_ms: int = 20_000

    def body_time_s(self, came_bytes: int) -> float:
        """Say how long after its begin a body may take for its next bytes to come."""
        own_s = self.head_ms / 1000 + came_bytes / self.body_bytes_per_s
        return min(self.body_ms / 1000, own_s)


class ConnectionCount:
    """Count connections, all of them and by address."""

    def __init__(self, limits: ServerLimits) -> None:
        self._limits = limits
        self._by_address: Counter[str] = Counter()
        self.open = 0
        self.refused = 0

    def take(self, address: str) -> bool:
        """Count one more, or refuse it."""
        if self.open >= self._limits.connections or self.is_at_limit(address):
            self.refused += 1
            return False
        self._add(address)
        return True

    def take_over(self, address: str) -> None:
        """Count one that was refused after all: another one ends in its place, at once."""
        self.refused -= 1
        self._add(address)

    def is_at_limit(self, address: str) -> bool:
        """Tell whether an address has as many as it may have."""
        return self._by_address[address] >= self._limits.connections_per_address

    def _add(self, address: str) -> None:
        self._by_address[address] += 1
        self.open += 1

    def give_back(self, address: str) -> None:
        """Count one less, and forget an address that has none."""
        self.open -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]


def address_of(scope: Mapping[str, Any]) -> str:
    """Return what a request of ASGI counts by; empty where its sender has no address."""
    client = scope.get("client")
    return group_of(client[0]) if client else ""


def group_of(host: str) -> str:
    """Return what counts as one asker: an IPv4 address, or the network that an IPv6 one is in."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        if not address.is_loopback:
            network = ipaddress.ip_network((int(address), _IPV6_NETWORK_BITS), strict=False)
            return str(network)
    return str(address)
