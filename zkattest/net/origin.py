"""
Say where a connection comes from, and who is crowded: identities are free, addresses are not.

An address stands for one owner; a network of addresses (/24, /48) costs little more than one of
them, so room is shared among networks first, and among the addresses of a network then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Protocol

IPV6_PREFIX_BITS = 64
IPV4_NETWORK_BITS = 24
IPV6_NETWORK_BITS = 48
# Less is a lead that goes back and forth between two crowds.
LEAST_LEAD = 2


def _address_of(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _prefix(address: IPv4Address | IPv6Address, bits: int) -> str:
    shift = address.max_prefixlen - min(bits, address.max_prefixlen)
    first = type(address)(int(address) >> shift << shift)
    return f"{first}/{address.max_prefixlen - shift}" if shift else str(first)


def address_group(host: str) -> str:
    """Name what stands for one owner: an IPv4 address, or a network of 64 bits of IPv6."""
    address = _address_of(host)
    if address is None:
        return host
    bits = IPV6_PREFIX_BITS if isinstance(address, IPv6Address) else address.max_prefixlen
    return _prefix(address, bits)


def network_group(
    host: str, ipv4_bits: int = IPV4_NETWORK_BITS, ipv6_bits: int = IPV6_NETWORK_BITS
) -> str:
    """Name the network that an address is in, by so many of its first bits."""
    address = _address_of(host)
    if address is None:
        return host
    return _prefix(address, ipv6_bits if isinstance(address, IPv6Address) else ipv4_bits)


class Located(Protocol):
    """What has an address and a network."""

    @property
    def address(self) -> str:
        """Return the group of the address."""
        ...

    @property
    def network(self) -> str:
        """Return the group of the network."""
        ...


@dataclass(frozen=True, slots=True)
class Origin:
    """Name an address and the network that it is in."""

    address: str
    network: str = ""


class Crowd:
    """Count who shares a network, and who shares an address."""

    def __init__(self, members: Iterable[Located]) -> None:
        """Count the members of the moment."""
        located = list(members)
        self._networks = Counter(each.network for each in located)
        self._addresses = Counter(each.address for each in located)

    def weight(self, one: Located) -> tuple[int, int]:
        """Return how many share the network, and how many the address."""
        return self._networks[one.network], self._addresses[one.address]

    def gives_way(self, one: Located, newcomer: Located) -> bool:
        """Say whether a member's crowd is so much bigger that the newcomer's may take a place."""
        if one.network == newcomer.network:
            lead = self._addresses[one.address] - self._addresses[newcomer.address]
        else:
            lead = self._networks[one.network] - self._networks[newcomer.network]
        return lead >= LEAST_LEAD
