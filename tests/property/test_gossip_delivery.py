"""Big messages reach everybody, once as a rule, on a virtual network; also beside odd peers."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.virtual_network import Manners, VirtualNetwork, random_links
from zkattest.net.settings import GossipSettings

SIZE_BYTES = 70_000
ROUNDS = 3


def play(
    manners: list[Manners], seed: int, chosen: GossipSettings, bytes_per_s: float = 1e6
) -> tuple[VirtualNetwork, list[tuple[int, bytes, float]]]:
    """Publish in turns; return the network and publisher, id and time of each message."""
    rng = random.Random(seed)
    honest = [number for number, each in enumerate(manners) if each is not Manners.MUTE]
    # Mute nodes alone never stand between two others.
    around = {(min(pair), max(pair)) for pair in pairwise([*honest, honest[0]])}
    links = random_links(len(manners), 3, rng) | around
    network = VirtualNetwork(manners, links, chosen, seed, bytes_per_s=bytes_per_s)
    network.run(2.0)
    published = []
    for _ in range(ROUNDS):
        number = rng.choice(honest)
        at_s = network.now_s
        published.append((number, network.publish(number, rng.randbytes(SIZE_BYTES)), at_s))
        network.run(12.0)
    return network, published


def slowest_s(network: VirtualNetwork, published: list[tuple[int, bytes, float]]) -> float:
    """
    Return when the last node had the last message; infinity when one never came.

    Mute nodes are not asked: one may have no others around it.
    """
    return max(
        node.arrived_s.get(message_id, float("inf")) - at_s
        for number, message_id, at_s in published
        for other, node in enumerate(network.nodes)
        if other != number and node.manners is not Manners.MUTE
    )


def copies(network: VirtualNetwork) -> float:
    """Return how many copies of a message a node received, on average."""
    needed = ROUNDS * (len(network.nodes) - 1)
    return sum(len(node.received) for node in network.nodes) / needed


@given(st.integers(0, 2**32), st.integers(2, 20))
@settings(max_examples=15, deadline=None)
def test_big_messages__reach_all_with_few_copies_among_nodes_like_us(seed: int, size: int) -> None:
    network, published = play([Manners.FULL] * size, seed, GossipSettings())
    assert slowest_s(network, published) < 2.0
    assert copies(network) < 1.2


@given(st.integers(0, 2**32), st.lists(st.sampled_from(Manners), min_size=3, max_size=16))
@settings(max_examples=25, deadline=None)
def test_big_messages__reach_all_beside_old_deaf_and_mute_nodes(
    seed: int, odd: list[Manners]
) -> None:
    manners = odd + [Manners.FULL] * 4
    network, published = play(manners, seed, GossipSettings())
    assert slowest_s(network, published) < 12.0


@pytest.mark.parametrize("kilobytes_per_s", [20, 100, 1000])
def test_big_messages__are_not_sent_twice_because_a_link_is_slow(kilobytes_per_s: int) -> None:
    network, published = play([Manners.FULL] * 8, 5, GossipSettings(), kilobytes_per_s * 1e3)
    hops_s = 3 * (SIZE_BYTES / (kilobytes_per_s * 1e3) + 0.2)
    assert slowest_s(network, published) < hops_s
    assert copies(network) < 2.0


@pytest.mark.parametrize(("eager", "least", "most"), [(0, 1.0, 1.1), (2, 2.0, 3.0), (8, 4.0, 6.0)])
def test_big_messages__cost_more_copies_the_more_are_pushed(
    eager: int, least: float, most: float
) -> None:
    eagerness = GossipSettings(eager_peers=eager)
    network, published = play([Manners.FULL] * 16, 9, eagerness)
    assert slowest_s(network, published) < 2.0
    assert least <= copies(network) <= most
