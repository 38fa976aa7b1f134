"""Parse and print the addresses of hosts: `/ip4/<host>/tcp/<port>[/p2p/<peer id>]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from multiaddr import Multiaddr
from multiaddr.exceptions import Error as MultiaddrError

HOST_PROTOCOLS = ("ip4", "ip6", "dns4", "dns6", "dns")


@dataclass(frozen=True, slots=True)
class Address:
    """Name a TCP endpoint and, where it is known, the peer expected there."""

    protocol: str
    host: str
    port: int
    peer_id: str | None = None

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read a multiaddr; raise `ValueError` naming it when it is no TCP address."""
        try:
            parts = [(part.name, value) for part, value in Multiaddr(text).items()]
        except (MultiaddrError, ValueError) as error:
            raise ValueError(f"address {text!r}: {error}") from error
        names = tuple(name for name, _ in parts)
        if names[1:] not in {("tcp",), ("tcp", "p2p")} or names[0] not in HOST_PROTOCOLS:
            raise ValueError(f"address {text!r}: expected /ip4/<host>/tcp/<port>[/p2p/<peer id>]")
        peer_id = parts[2][1] if len(parts) == 3 else None
        return cls(names[0], str(parts[0][1]), int(parts[1][1]), peer_id)

    def __str__(self) -> str:
        """Print the multiaddr."""
        peer = f"/p2p/{self.peer_id}" if self.peer_id else ""
        return f"/{self.protocol}/{self.host}/tcp/{self.port}{peer}"

    def to_bytes(self) -> bytes:
        """Return the binary form, without the peer."""
        return cast("bytes", Multiaddr(f"/{self.protocol}/{self.host}/tcp/{self.port}").to_bytes())
