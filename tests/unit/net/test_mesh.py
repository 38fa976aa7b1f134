"""Membership of the mesh."""

import random

import pytest

from zkattest.net.mesh import OPPORTUNE_HEARTBEATS, Mesh, Place
from zkattest.net.score import ScoreBook
from zkattest.net.settings import GossipSettings
from zkattest.net.wire import Rpc

T = "topic"
SETTINGS = GossipSettings(degree=3, degree_low=2, degree_high=4, prune_backoff_s=60.0)


class Fixture:
    """Hold a mesh and what it told peers."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Rpc]] = []
        self.scores = ScoreBook()
        self.mesh = Mesh(
            [T], SETTINGS, self.scores, lambda *sent: self.sent.append(sent), random.Random(1)
        )

    def grafted(self) -> list[str]:
        """Return whom we sent a GRAFT."""
        return [peer for peer, rpc in self.sent if rpc.graft]

    def pruned(self) -> list[str]:
        """Return whom we sent a PRUNE."""
        return [peer for peer, rpc in self.sent if rpc.prune]


@pytest.fixture
def fixture() -> Fixture:
    """Make a mesh of degree three."""
    return Fixture()


def subscribe(fixture: Fixture, peers: str) -> None:
    for peer in peers:
        fixture.mesh.subscribe(peer, T, 0.0)


def test_subscribe__fills_the_mesh_at_once_up_to_its_degree(fixture: Fixture) -> None:
    subscribe(fixture, "abcde")
    assert fixture.mesh.members[T] == set("abc")
    assert fixture.grafted() == list("abc")


def test_subscribe__is_false_for_a_known_peer_and_a_foreign_topic(fixture: Fixture) -> None:
    assert fixture.mesh.subscribe("a", T, 0.0)
    assert not fixture.mesh.subscribe("a", T, 0.0)
    assert not fixture.mesh.subscribe("a", "other", 0.0)


def test_heartbeat__replaces_peers_that_left(fixture: Fixture) -> None:
    subscribe(fixture, "abcde")
    for peer in "abc":
        fixture.mesh.remove(peer)
    fixture.mesh.heartbeat(1.0)
    assert fixture.mesh.members[T] == set("de")


def test_heartbeat__prunes_the_worst_above_the_high_degree(fixture: Fixture) -> None:
    subscribe(fixture, "abcde")
    fixture.mesh.handle_graft("d", T, 0.0)
    fixture.mesh.members[T].add("e")
    for peer in "bde":
        fixture.scores.delivered(peer, 0.0)
    fixture.mesh.heartbeat(1.0)
    assert fixture.mesh.members[T] == set("bde")
    assert sorted(fixture.pruned()) == ["a", "c"]


def test_graft__is_answered_by_a_prune_when_the_mesh_is_full(fixture: Fixture) -> None:
    subscribe(fixture, "abc")
    fixture.mesh.handle_graft("d", T, 0.0)
    fixture.mesh.handle_graft("e", T, 0.0)
    assert fixture.mesh.members[T] == set("abcd")
    assert fixture.pruned() == ["e"]


def test_graft__is_answered_by_a_prune_when_the_mesh_is_to_have_no_members() -> None:
    none = GossipSettings(degree=0, degree_low=0, degree_high=0, prune_backoff_s=60.0)
    sent: list[tuple[str, Rpc]] = []
    mesh = Mesh([T], none, ScoreBook(), lambda *each: sent.append(each), random.Random(1))
    mesh.handle_graft("a", T, 0.0)
    assert mesh.members == {T: set()}
    assert sent == [("a", Rpc(prune=((T, 60),)))]


def test_graft__is_refused_and_debited_before_the_backoff_is_over(fixture: Fixture) -> None:
    subscribe(fixture, "a")
    fixture.mesh.handle_prune("a", T, 60.0, 0.0)
    for _ in range(8):
        fixture.mesh.handle_graft("a", T, 10.0)
    assert fixture.mesh.members[T] == set()
    assert fixture.scores.score("a", 10.0) < 0.0


def test_graft__is_taken_after_the_backoff(fixture: Fixture) -> None:
    subscribe(fixture, "a")
    fixture.mesh.handle_prune("a", T, 60.0, 0.0)
    fixture.mesh.heartbeat(1.0)
    assert fixture.mesh.members[T] == set()
    fixture.mesh.heartbeat(60.0)
    assert fixture.mesh.members[T] == {"a"}


def test_prune__does_not_hold_longer_than_an_hour(fixture: Fixture) -> None:
    subscribe(fixture, "a")
    fixture.mesh.handle_prune("a", T, 2.0**63, 0.0)
    fixture.mesh.heartbeat(3600.0)
    assert fixture.mesh.members[T] == {"a"}


def test_reconnecting__evades_no_backoff(fixture: Fixture) -> None:
    subscribe(fixture, "a")
    fixture.mesh.handle_prune("a", T, 60.0, 0.0)
    fixture.mesh.remove("a")
    subscribe(fixture, "a")
    assert fixture.mesh.members[T] == set()


def test_expel__takes_a_bad_peer_out_and_keeps_it_out(fixture: Fixture) -> None:
    subscribe(fixture, "ab")
    fixture.scores.rejected("a", 0.0)
    fixture.mesh.expel("a", 0.0)
    fixture.mesh.handle_graft("a", T, 100.0)
    assert fixture.mesh.members[T] == {"b"}
    assert fixture.pruned() == ["a", "a"]


def test_graft__of_a_foreign_topic_changes_nothing(fixture: Fixture) -> None:
    fixture.mesh.handle_graft("a", "other", 0.0)
    fixture.mesh.handle_prune("a", "other", 1.0, 0.0)
    fixture.mesh.unsubscribe("a", "other")
    assert fixture.sent == []


def seat(fixture: Fixture, peers: str, address: str, *, is_chosen: bool = False) -> None:
    for peer in peers:
        fixture.mesh.place(peer, Place(address, is_chosen=is_chosen))
        fixture.mesh.handle_graft(peer, T, 0.0)


def test_graft__into_a_mesh_full_of_one_address_takes_the_place_of_one_of_them(
    fixture: Fixture,
) -> None:
    seat(fixture, "abcdef", "10.0.0.1")
    assert fixture.mesh.members[T] == set("abcd")
    fixture.scores.breached("b", 0.0)
    seat(fixture, "x", "10.0.0.2")
    seat(fixture, "y", "10.0.0.3")
    assert fixture.mesh.members[T] == {"c", "d", "x", "y"}
    assert fixture.pruned() == ["e", "f", "a", "b"]
    # A mesh that is mixed is full for everybody.
    seat(fixture, "z", "10.0.0.4")
    seat(fixture, "w", "10.0.0.5")
    assert fixture.mesh.members[T] == {"d", "x", "y", "z"}


def test_graft__of_a_peer_that_we_dialled_is_taken_and_survives_the_trimming(
    fixture: Fixture,
) -> None:
    seat(fixture, "abcd", "10.0.0.1")
    for peer in "abcd":
        fixture.scores.delivered(peer, 0.0)
    seat(fixture, "x", "10.0.0.1", is_chosen=True)
    assert fixture.mesh.members[T] == set("abcdx")
    fixture.mesh.heartbeat(0.7)
    assert len(fixture.mesh.members[T]) == SETTINGS.degree
    assert "x" in fixture.mesh.members[T]


def test_heartbeat__fills_a_mesh_from_as_many_addresses_as_there_are(fixture: Fixture) -> None:
    for peer in "abcdefghxy":
        address = {"x": "10.0.0.2", "y": "10.0.0.3"}.get(peer, "10.0.0.1")
        fixture.mesh.place(peer, Place(address))
        fixture.mesh.subscribers[T].add(peer)
    fixture.mesh.heartbeat(0.7)
    assert {"x", "y"} < fixture.mesh.members[T]
    assert len(fixture.mesh.members[T]) == SETTINGS.degree


def test_graft__of_a_stranger_displaces_nobody_who_did_better(fixture: Fixture) -> None:
    seat(fixture, "abcd", "10.0.0.1")
    for peer in "abcd":
        fixture.scores.delivered(peer, 0.0)
    seat(fixture, "x", "10.0.0.2")
    assert fixture.mesh.members[T] == set("abcd")


def test_graft__into_a_mesh_full_of_one_network_takes_a_place_of_its_fullest_address(
    fixture: Fixture,
) -> None:
    for peer, address in {"a": "1", "b": "1", "c": "2", "d": "3", "x": "9"}.items():
        fixture.mesh.place(peer, Place(address, network="M" if peer == "x" else "N"))
        fixture.mesh.handle_graft(peer, T, 0.0)
    assert fixture.mesh.members[T] in ({"a", "c", "d", "x"}, {"b", "c", "d", "x"})


def test_heartbeat__adds_those_we_dialled_to_a_mesh_that_strangers_filled(
    fixture: Fixture,
) -> None:
    seat(fixture, "abcd", "10.0.0.1")
    for peer in "xyz":
        fixture.mesh.place(peer, Place("10.0.0.2", is_chosen=True))
        fixture.mesh.subscribers[T].add(peer)
    fixture.mesh.heartbeat(0.7)
    assert len(fixture.mesh.members[T] & set("xyz")) == 2
    assert len(fixture.grafted()) == 2


def test_heartbeat__asks_in_who_delivers_where_most_of_a_mesh_does_not(fixture: Fixture) -> None:
    subscribe(fixture, "abc")
    fixture.mesh.subscribers[T] |= set("xyz")
    for peer in "xy":
        fixture.scores.delivered(peer, 0.0)
    for _ in range(OPPORTUNE_HEARTBEATS - 1):
        fixture.mesh.heartbeat(0.0)
    assert fixture.mesh.members[T] == set("abc")
    fixture.mesh.heartbeat(0.0)
    assert {"x", "y"} < fixture.mesh.members[T]
    assert len(fixture.mesh.members[T]) == SETTINGS.degree
    # Five were too many, and who delivers stays.
    assert len(fixture.pruned()) == 2


def test_heartbeat__leaves_a_mesh_alone_that_delivers(fixture: Fixture) -> None:
    subscribe(fixture, "abc")
    fixture.mesh.subscribers[T].add("x")
    for peer in "abcxxx":
        fixture.scores.delivered(peer, 0.0)
    for _ in range(OPPORTUNE_HEARTBEATS):
        fixture.mesh.heartbeat(0.0)
    assert fixture.mesh.members[T] == set("abc")
