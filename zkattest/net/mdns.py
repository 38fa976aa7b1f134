"""
Read and write the packets of libp2p's discovery by multicast DNS, without I/O.

The one importer of dnspython. A peer asks for `_p2p._udp.local`; others answer with a name of
their own and, under it, one text a multiaddr. Whoever answers can only name addresses that it sent
the packet from: nobody on a local network makes us dial a third machine.

https://github.com/libp2p/specs/blob/master/discovery/mdns.md
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from zkattest.net.address import Address

GROUP: Final = "224.0.0.251"
PORT: Final = 5353
MAX_PACKET_BYTES: Final = 4096
MAX_ADDRESSES: Final = 16
NAME_CHARACTERS: Final = 32
_SERVICE: Final = dns.name.from_text("_p2p._udp.local.")
_TEXT_PREFIX: Final = b"dnsaddr="
_TTL_S: Final = 120


class MdnsError(Exception):
    """The packet is no multicast DNS, or nothing about peers."""


@dataclass(frozen=True, slots=True)
class Query:
    """Somebody asks who is there."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """Somebody says where peers listen: multiaddrs that end in `/p2p/<peer id>`."""

    addresses: tuple[str, ...]


def encode_query() -> bytes:
    """Ask who is there."""
    message = dns.message.make_query(_SERVICE, dns.rdatatype.PTR, id=0)
    message.flags = 0
    return message.to_wire()


def encode_announcement(name: str, addresses: Sequence[str]) -> bytes:
    """Say under a random name of 32 characters or more where we listen."""
    if len(name) < NAME_CHARACTERS or not name.isalnum() or not name.isascii():
        raise ValueError(f"name {name!r}: expected {NAME_CHARACTERS} letters and digits or more")
    message = dns.message.Message(id=0)
    message.flags = dns.flags.QR | dns.flags.AA
    peer = dns.name.Name((name.encode(), *_SERVICE.labels))
    pointer = dns.rrset.from_text(_SERVICE, _TTL_S, "IN", "PTR", peer.to_text())
    texts = [f'"dnsaddr={address}"' for address in addresses]
    message.answer.append(pointer)
    message.additional.append(dns.rrset.from_text_list(peer, _TTL_S, "IN", "TXT", texts))
    return message.to_wire()


def decode_packet(data: bytes, sender: str) -> Query | Announcement:
    """
    Read a packet that came from the IP address `sender`; raise `MdnsError` for what is no use.

    Of an announcement at most 16 addresses are read, and only those with the sender's own IP.
    """
    if len(data) > MAX_PACKET_BYTES:
        raise MdnsError(f"{len(data)} bytes, {MAX_PACKET_BYTES} allowed")
    try:
        message = dns.message.from_wire(data, ignore_trailing=False)
    except (dns.exception.DNSException, ValueError) as error:
        raise MdnsError(type(error).__name__) from error
    if not message.flags & dns.flags.QR:
        if any(each.name == _SERVICE for each in message.question):
            return Query()
        raise MdnsError("a question about something else")
    addresses = _addresses(message, sender)
    if not addresses:
        raise MdnsError("an answer without an address of its sender")
    return Announcement(addresses)


def _addresses(message: dns.message.Message, sender: str) -> tuple[str, ...]:
    found: list[str] = []
    for rrset in (*message.answer, *message.additional):
        if rrset.rdtype != dns.rdatatype.TXT or not rrset.name.is_subdomain(_SERVICE):
            continue
        for record in rrset:
            text = b"".join(record.strings)
            if text.startswith(_TEXT_PREFIX) and len(found) < MAX_ADDRESSES:
                found += _address(text.removeprefix(_TEXT_PREFIX), sender)
    return tuple(dict.fromkeys(found))


def _address(text: bytes, sender: str) -> list[str]:
    try:
        address = Address.parse(text.decode("ascii"))
        is_own = ipaddress.ip_address(address.host) == ipaddress.ip_address(sender)
    except ValueError:
        return []
    return [str(address)] if is_own and address.peer_id and address.port else []
