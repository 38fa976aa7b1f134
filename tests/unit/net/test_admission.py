"""Who may connect."""

from zkattest.net.admission import MOST_ADDRESSES_REMEMBERED, Admission, Ticket
from zkattest.net.eviction import HANDSHAKE_GRACE_S
from zkattest.net.origin import Origin
from zkattest.net.score import ScoreBook
from zkattest.net.settings import GossipSettings

SETTINGS = GossipSettings(
    most_connections=6, most_connections_per_address=4, connections_burst=20, connections_per_s=1.0
)


class Door:
    """Hold who was admitted, and who was closed for another."""

    def __init__(self, settings: GossipSettings = SETTINGS, reserved: tuple[str, ...] = ()) -> None:
        self.scores = ScoreBook()
        self.admission = Admission(settings, reserved, self.scores)
        self.closed: list[str] = []
        self.tickets: dict[str, Ticket] = {}

    def enter(
        self, name: str, address: str, now_s: float = 0.0, *, known: bool = True, network: str = ""
    ) -> bool:
        origin = Origin(address, network or address.upper())
        ticket = self.admission.enter(origin, lambda: self.closed.append(name), now_s)
        if ticket is None:
            return False
        if known:
            ticket.shown(name, now_s)
        self.tickets[name] = ticket
        return True


def test_address__refused_beyond_its_number() -> None:
    door = Door()
    assert [door.enter(f"a{n}", "a") for n in range(5)] == [True] * 4 + [False]
    assert door.enter("b", "b")
    door.admission.leave(door.tickets["a0"])
    door.admission.leave(door.tickets["a0"])
    assert door.enter("a5", "a")
    assert door.closed == []


def test_address__gives_up_its_oldest_that_did_not_say_who_it_is() -> None:
    door = Door()
    assert all(door.enter(f"a{n}", "a", known=n == 0) for n in range(8))
    assert door.closed == ["a1", "a2", "a3", "a4"]
    assert len(door.admission) == 4


def test_full_host__takes_a_place_from_the_most_crowded_address() -> None:
    door = Door()
    names = ("a0", "a1", "a2", "a3", "b0", "c0", "d0", "e0")
    for now_s, name in enumerate(names):
        assert door.enter(name, name[0], float(now_s))
    # The youngest go: the oldest of a crowd has been here longest of all.
    assert door.closed == ["a3", "a2"]
    assert not door.enter("a4", "a", 9.0)
    assert len(door.admission) == 6


def test_full_host__spares_who_delivers() -> None:
    door = Door()
    for now_s, name in enumerate(("a0", "a1", "a2", "b0", "b1", "b2")):
        assert door.enter(name, name[0], float(now_s))
    door.scores.delivered("a2", 6.0)
    assert door.enter("c0", "c", 6.0)
    assert door.closed == ["b2"]


def test_network__holds_so_many_and_shares_them_among_its_addresses() -> None:
    settings = GossipSettings(most_connections_per_address=4, most_connections_per_network=5)
    door = Door(settings)
    for now_s, name in enumerate(("a0", "a1", "a2", "a3", "b0")):
        assert door.enter(name, name[0], float(now_s), network="N")
    assert door.enter("c0", "c", 5.0, network="N")
    assert door.closed == ["a3"]
    assert not door.enter("a4", "a", 5.0, network="N")
    assert door.enter("a5", "d", 5.0, network="M")
    assert len(door.admission) == 6


def test_full_host__refuses_when_all_addresses_hold_the_same() -> None:
    door = Door()
    assert all(door.enter(name, name) for name in "abcdef")
    assert not door.enter("g", "g")
    assert door.closed == []


def test_full_host__gives_up_a_late_handshake_for_a_newcomer() -> None:
    door = Door()
    assert all(door.enter(name, name, known=name not in "cd") for name in "abcdef")
    assert not door.enter("g", "g", HANDSHAKE_GRACE_S)
    assert door.enter("g", "g", HANDSHAKE_GRACE_S + 0.1)
    assert door.closed == ["c"]


def test_static_peers_address__has_room_in_a_full_host_and_keeps_it() -> None:
    door = Door(reserved=("s",))
    assert all(door.enter(name, name) for name in "abcdef")
    assert door.enter("s0", "s")
    assert door.enter("s1", "s", known=False)
    assert not door.enter("g", "g")
    assert door.closed == []


def test_rate__of_an_address_is_bounded_and_others_are_not_touched() -> None:
    door = Door()
    admitted = 0
    for _ in range(100):
        admitted += door.enter("a", "a", 0.0, known=False)
    assert admitted == 20
    assert door.enter("b", "b", 0.0)
    assert not door.enter("a", "a", 0.5)
    assert door.enter("a", "a", 1.5)


def test_addresses__are_remembered_up_to_a_number() -> None:
    door = Door()
    for number in range(MOST_ADDRESSES_REMEMBERED + 100):
        door.enter("x", f"10.{number}", known=False, network="N")
    assert len(door.admission._rates) == MOST_ADDRESSES_REMEMBERED


def test_address__of_graylisted_peers_waits_longer_but_not_for_ever() -> None:
    door = Door()
    assert door.enter("a", "a")
    for _ in range(100):
        door.admission.fine("a")
    assert not door.enter("a", "a", 19.0)
    assert door.enter("b", "b", 19.0)
    assert door.enter("a", "a", 22.0)
