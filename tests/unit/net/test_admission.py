"""Who may connect."""

import pytest

from zkattest.net.admission import MOST_ADDRESSES_REMEMBERED, Admission, Ticket, address_group
from zkattest.net.settings import GossipSettings

SETTINGS = GossipSettings(
    most_connections=6, most_connections_per_address=4, connections_burst=20, connections_per_s=1.0
)


class Door:
    """Hold who was admitted, and who was closed for another."""

    def __init__(self, settings: GossipSettings = SETTINGS, reserved: tuple[str, ...] = ()) -> None:
        self.admission = Admission(settings, reserved)
        self.closed: list[str] = []
        self.tickets: dict[str, Ticket] = {}

    def enter(self, name: str, group: str, now_s: float = 0.0, *, known: bool = True) -> bool:
        ticket = self.admission.enter(group, lambda: self.closed.append(name), now_s)
        if ticket is None:
            return False
        ticket.is_known = known
        self.tickets[name] = ticket
        return True


@pytest.mark.parametrize(
    ("host", "group"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "20010db800010002"),
        ("fe80::1%eth0", "fe80000000000000"),
        ("name", "name"),
    ],
)
def test_address_group__is_what_one_owner_has(host: str, group: str) -> None:
    assert address_group(host) == group


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
    for name in ("a0", "a1", "a2", "a3", "b0", "c0", "d0", "e0", "f0"):
        assert door.enter(name, name[0])
    assert door.closed == ["a0", "a1", "a2"]
    assert not door.enter("g0", "g")
    assert len(door.admission) == 6


def test_full_host__refuses_when_all_addresses_hold_the_same() -> None:
    door = Door()
    assert all(door.enter(name, name) for name in "abcdef")
    assert not door.enter("g", "g")
    assert door.closed == []


def test_full_host__gives_up_a_handshake_for_a_newcomer() -> None:
    door = Door()
    assert all(door.enter(name, name, known=name != "c") for name in "abcdef")
    assert door.enter("g", "g")
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
        door.enter("x", f"10.{number}", known=False)
    assert len(door.admission._rates) == MOST_ADDRESSES_REMEMBERED


def test_address__of_graylisted_peers_waits_longer_but_not_for_ever() -> None:
    door = Door()
    assert door.enter("a", "a")
    for _ in range(100):
        door.admission.fine("a")
    assert not door.enter("a", "a", 19.0)
    assert door.enter("b", "b", 19.0)
    assert door.enter("a", "a", 22.0)
