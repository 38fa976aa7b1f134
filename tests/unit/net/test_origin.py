"""Where a connection comes from, and whose crowd is bigger."""

import pytest

from zkattest.net.origin import Crowd, Origin, address_group, network_group


@pytest.mark.parametrize(
    ("host", "address", "network"),
    [
        ("10.0.3.1", "10.0.3.1", "10.0.3.0/24"),
        ("::ffff:10.0.3.1", "10.0.3.1", "10.0.3.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
        ("name", "name", "name"),
    ],
)
def test_groups__are_what_one_owner_has(host: str, address: str, network: str) -> None:
    assert (address_group(host), network_group(host)) == (address, network)


def test_network_group__is_an_address_where_all_bits_count() -> None:
    assert network_group("127.0.0.66", ipv4_bits=32) == "127.0.0.66"
    assert network_group("127.0.0.66", ipv4_bits=8) == "127.0.0.0/8"


def origins(text: str) -> list[Origin]:
    """Read names of networks and addresses: `n1 n2 m1`."""
    return [Origin(each, each[0]) for each in text.split()]


@pytest.mark.parametrize(
    ("members", "one", "newcomer", "yields"),
    [
        ("a1 a2", "a1", "b1", True),
        ("a1 b1", "a1", "b2", False),
        ("a1 a2 b1", "a1", "b2", False),
        ("a1 a2 a3 b1", "a1", "b2", True),
        ("a1 a2 a3", "a1", "a4", False),
        ("a1 a1 a2", "a1", "a4", True),
        ("a1 a1 a2", "a1", "a2", False),
        ("a1 a1 a1 a2", "a1", "a2", True),
    ],
)
def test_crowd__gives_way_to_one_that_is_smaller_by_two(
    members: str, one: str, newcomer: str, yields: bool
) -> None:
    crowd = Crowd(origins(members))
    assert crowd.gives_way(origins(one)[0], origins(newcomer)[0]) is yields


def test_crowd__weighs_the_network_before_the_address() -> None:
    crowd = Crowd(origins("a1 a2 a3 b1 b1"))
    assert crowd.weight(Origin("a1", "a")) == (3, 1)
    assert crowd.weight(Origin("b1", "b")) == (2, 2)
    assert crowd.weight(Origin("c1", "c")) == (0, 0)
