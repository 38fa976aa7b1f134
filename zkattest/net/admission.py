"""
Decide which connections from outside may stay, by address, as nobody is known before a handshake.

Identities are free and addresses are not. One address holds so many connections; where all are
taken, the address with the most gives one up for an address with fewer. Connections whose other
side has not shown who it is go first, the oldest of them. Those that we dialled are not counted
here, so strangers can never use up the room for them.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address

from zkattest.net.budget import TokenBucket
from zkattest.net.settings import GossipSettings

MOST_ADDRESSES_REMEMBERED = 4096
IPV6_PREFIX_BYTES = 8
FINE_CONNECTIONS = 16


def address_group(host: str) -> str:
    """Name what stands for one owner: an IPv4 address, or a network of 64 bits of IPv6."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return address.packed[:IPV6_PREFIX_BYTES].hex()
    return str(address)


@dataclass(eq=False, slots=True)
class Ticket:
    """Stand for one connection from outside; `close` ends it."""

    group: str
    close: Callable[[], None]
    is_known: bool = field(default=False)
    """Whether its other side has shown who it is."""


class Admission:
    """Hold the connections from outside, oldest first."""

    def __init__(self, settings: GossipSettings, reserved: Collection[str] = ()) -> None:
        """Keep room beyond the limit for the groups in `reserved`: static peers."""
        self._settings = settings
        self._reserved = frozenset(reserved)
        self._tickets: OrderedDict[Ticket, None] = OrderedDict()
        self._rates: OrderedDict[str, TokenBucket] = OrderedDict()

    def enter(self, group: str, close: Callable[[], None], now_s: float) -> Ticket | None:
        """Admit a connection, closing another one where that makes room; None to refuse it."""
        if not self._rate(group).take(1, now_s):
            return None
        same = [ticket for ticket in self._tickets if ticket.group == group]
        if len(same) >= self._settings.most_connections_per_address:
            if not self._replace([ticket for ticket in same if not ticket.is_known]):
                return None
        elif self._is_full() and group not in self._reserved and not self._make_room(len(same)):
            return None
        ticket = Ticket(group, close)
        self._tickets[ticket] = None
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Give a place free; twice is no harm."""
        self._tickets.pop(ticket, None)

    def fine(self, group: str) -> None:
        """Let an address wait longer for its next connections: one of its peers was graylisted."""
        if group in self._reserved:
            return
        bucket = self._rate(group)
        most = 2 * self._settings.connections_burst
        bucket.spent = min(bucket.spent + FINE_CONNECTIONS, most)

    def __len__(self) -> int:
        """Count the connections."""
        return len(self._tickets)

    def _is_full(self) -> bool:
        counted = sum(ticket.group not in self._reserved for ticket in self._tickets)
        return counted >= self._settings.most_connections

    def _make_room(self, own: int) -> bool:
        crowds = Counter(t.group for t in self._tickets if t.group not in self._reserved)
        [(crowded, size)] = crowds.most_common(1)
        crowd = [ticket for ticket in self._tickets if ticket.group == crowded]
        unknown = [ticket for ticket in self._tickets if not ticket.is_known]
        if size >= own + 2:
            return self._replace([t for t in crowd if not t.is_known] or crowd)
        return self._replace([t for t in unknown if t.group not in self._reserved])

    def _replace(self, candidates: list[Ticket]) -> bool:
        if not candidates:
            return False
        self.leave(candidates[0])
        candidates[0].close()
        return True

    def _rate(self, group: str) -> TokenBucket:
        settings = self._settings
        if group not in self._rates and len(self._rates) >= MOST_ADDRESSES_REMEMBERED:
            self._rates.popitem(last=False)
        bucket = self._rates.setdefault(
            group, TokenBucket(settings.connections_burst, settings.connections_per_s)
        )
        self._rates.move_to_end(group)
        return bucket
