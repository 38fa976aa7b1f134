"""Whose place a newcomer gets in a full host."""

from __future__ import annotations

import random

import pytest

from zkattest.net.eviction import HANDSHAKE_GRACE_S, Seat, choose_evicted
from zkattest.net.origin import Origin

NOW_S = 1000.0
NEWCOMER = Origin("n", "N")


def seat(address: str, since_s: float, latency_s: float = 1.0, deliveries: float = 0.0) -> Seat:
    return Seat(Origin(address, address[0].upper()), since_s, latency_s, deliveries)


def handshake(address: str, since_s: float) -> Seat:
    return seat(address, since_s, float("inf"))


def chosen(seats: list[Seat], newcomer: Origin = NEWCOMER, places: int = 0) -> Seat | None:
    return choose_evicted(seats, newcomer, places, NOW_S)


def test_choose_evicted__takes_the_youngest_of_the_biggest_network() -> None:
    seats = [seat(each, at_s) for at_s, each in enumerate(["a1", "a2", "a3", "b1", "b1"])]
    assert chosen(seats) is seats[2]


def test_choose_evicted__takes_from_the_most_crowded_address_of_a_network() -> None:
    seats = [seat(each, at_s) for at_s, each in enumerate(["a1", "a1", "a2", "a3", "b1"])]
    assert chosen(seats) is seats[1]
    assert chosen(seats, Origin("a3", "A")) is None
    assert chosen(seats, Origin("a4", "A")) is seats[1]


def test_choose_evicted__takes_the_oldest_handshake_of_a_crowd_before_anybody_known() -> None:
    seats = [seat("a1", 1.0), handshake("a1", 998.0), handshake("a1", 999.0), seat("a1", 3.0)]
    assert chosen(seats) is seats[1]


def test_choose_evicted__refuses_where_no_crowd_is_bigger() -> None:
    assert chosen([seat(each, 0.0) for each in "abcdef"]) is None
    assert chosen([]) is None


@pytest.mark.parametrize(("late_s", "goes"), [(0.0, False), (0.1, True)])
def test_choose_evicted__gives_up_a_handshake_that_takes_too_long(
    late_s: float, goes: bool
) -> None:
    slow = handshake("c", NOW_S - HANDSHAKE_GRACE_S - late_s)
    young = handshake("d", NOW_S)
    assert chosen([seat("a", 0.0), slow, young]) is (slow if goes else None)


def test_choose_evicted__a_peer_that_delivers_is_spared_and_is_no_crowd() -> None:
    useful = [seat("a1", 5.0, deliveries=2.0), seat("a1", 6.0, deliveries=3.0)]
    seats = [*useful, seat("b1", 0.0), seat("c1", 0.0), seat("c1", 1.0), seat("d1", 0.0)]
    assert chosen(seats, Origin("a1", "A"), places=8) is seats[4]
    # Of as many places as there are, a quarter at most: who delivers most.
    assert chosen(seats[:2], places=4) is None
    assert chosen([*useful, seat("a1", 4.0)], places=4) is useful[0]


def test_choose_evicted__spares_the_nearest_and_the_longest_here() -> None:
    seats = [seat("a1", float(n)) for n in range(16)]
    seats[9].latency_s = 0.01
    seats[15].latency_s = 0.02
    gone = []
    while (one := chosen(seats, places=16)) is not None:
        seats.remove(one)
        gone.append(one.since_s)
    # One is the nearest, and a quarter has been here longest.
    assert gone == [15.0, 14.0, 13.0, 12.0, 11.0, 10.0, 8.0, 7.0, 6.0, 5.0, 4.0]


@pytest.mark.parametrize("addresses", [1, 2, 8, 16, 32])
@pytest.mark.parametrize("seed", range(5))
def test_choose_evicted__attackers_of_few_addresses_always_give_way(
    addresses: int, seed: int
) -> None:
    rng, places = random.Random(seed), 128
    seats = [
        seat(f"a{rng.randrange(addresses)}", rng.random(), rng.random(), rng.choice([0, 0, 20.0]))
        for _ in range(places)
    ]
    one = chosen(seats, places=places)
    assert one is not None
    assert one.origin.network == "A"


@pytest.mark.parametrize("seed", range(5))
def test_choose_evicted__a_newcomer_keeps_its_place_against_knocking(seed: int) -> None:
    rng, places, addresses = random.Random(seed), 40, 16
    seats = [seat(f"{chr(97 + n % addresses)}1", float(n)) for n in range(places)]
    newcomer = seat("z1", 100.0)
    one = chosen(seats, newcomer.origin, places)
    assert one is not None
    seats.remove(one)
    seats.append(newcomer)
    for knock in range(500):
        knocker = seat(f"{chr(97 + rng.randrange(addresses))}1", 101.0 + knock)
        one = chosen(seats, knocker.origin, places)
        assert one is not newcomer
        if one is not None:
            seats.remove(one)
            seats.append(knocker)
