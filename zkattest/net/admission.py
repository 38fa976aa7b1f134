"""
Decide which connections from outside may stay, by address, as nobody is known before a handshake.

Identities are free and addresses are not. One address holds so many connections, one network so
many more; where all are taken, the biggest crowd gives one up for a smaller one (`eviction.py`).
Those that we dialled are not counted here, so strangers can never use up the room for them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from zkattest.net.budget import TokenBucket
from zkattest.net.eviction import Seat, choose_evicted
from zkattest.net.origin import Origin
from zkattest.net.settings import GossipSettings

MOST_ADDRESSES_REMEMBERED = 4096
FINE_CONNECTIONS = 16


class Scores(Protocol):
    """What is remembered of peers' conduct."""

    def score(self, peer: str, now_s: float) -> float:
        """Return a peer's score: above 0 where it delivered what was accepted."""
        ...


@dataclass(eq=False, slots=True)
class Ticket:
    """Stand for one connection from outside; `close` ends it."""

    seat: Seat
    close: Callable[[], None]
    peer: str = ""

    def shown(self, peer: str, now_s: float) -> None:
        """Note that its other side has shown who it is."""
        self.peer = peer
        self.seat.latency_s = now_s - self.seat.since_s


class Admission:
    """Hold the connections from outside, oldest first."""

    def __init__(
        self,
        settings: GossipSettings,
        reserved: Collection[str] = (),
        scores: Scores | None = None,
    ) -> None:
        """Keep room beyond the limits for the addresses in `reserved`: static peers."""
        self._settings = settings
        self._reserved = frozenset(reserved)
        self._scores = scores
        self._tickets: OrderedDict[Ticket, None] = OrderedDict()
        self._rates: OrderedDict[str, TokenBucket] = OrderedDict()

    def enter(self, origin: Origin, close: Callable[[], None], now_s: float) -> Ticket | None:
        """Admit a connection, closing another one where that makes room; None to refuse it."""
        if not self._rate(origin.address).take(1, now_s):
            return None
        same = [each for each in self._tickets if each.seat.origin.address == origin.address]
        if len(same) >= self._settings.most_connections_per_address:
            if not self._replace(next((t for t in same if not t.seat.is_known), None)):
                return None
        elif not self._has_room(origin) and not self._make_room(origin, now_s):
            return None
        ticket = Ticket(Seat(origin, now_s), close)
        self._tickets[ticket] = None
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Give a place free; twice is no harm."""
        self._tickets.pop(ticket, None)

    def fine(self, address: str) -> None:
        """Let an address wait longer for its next connections: one of its peers was graylisted."""
        if address in self._reserved:
            return
        bucket = self._rate(address)
        most = 2 * self._settings.connections_burst
        bucket.spent = min(bucket.spent + FINE_CONNECTIONS, most)

    def __len__(self) -> int:
        """Count the connections."""
        return len(self._tickets)

    def _has_room(self, origin: Origin) -> bool:
        if origin.address in self._reserved:
            return True
        settings, counted = self._settings, self._counted()
        in_network = self._of_network(counted, origin)
        return len(counted) < settings.most_connections and not self._fills(in_network)

    def _make_room(self, origin: Origin, now_s: float) -> bool:
        tickets = self._counted()
        in_network = self._of_network(tickets, origin)
        if self._fills(in_network):
            tickets = in_network
        for ticket in tickets:
            if self._scores is not None and ticket.peer:
                ticket.seat.deliveries = self._scores.score(ticket.peer, now_s)
        by_seat = {ticket.seat: ticket for ticket in tickets}
        chosen = choose_evicted(list(by_seat), origin, len(tickets), now_s)
        return self._replace(None if chosen is None else by_seat[chosen])

    def _counted(self) -> list[Ticket]:
        return [t for t in self._tickets if t.seat.origin.address not in self._reserved]

    def _of_network(self, tickets: list[Ticket], origin: Origin) -> list[Ticket]:
        return [each for each in tickets if each.seat.origin.network == origin.network]

    def _fills(self, in_network: list[Ticket]) -> bool:
        return len(in_network) >= self._settings.most_connections_per_network

    def _replace(self, ticket: Ticket | None) -> bool:
        if ticket is None:
            return False
        self.leave(ticket)
        ticket.close()
        return True

    def _rate(self, address: str) -> TokenBucket:
        settings = self._settings
        if address not in self._rates and len(self._rates) >= MOST_ADDRESSES_REMEMBERED:
            self._rates.popitem(last=False)
        bucket = self._rates.setdefault(
            address, TokenBucket(settings.connections_burst, settings.connections_per_s)
        )
        self._rates.move_to_end(address)
        return bucket
