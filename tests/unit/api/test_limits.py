"""Connections are counted by who opens them."""

import pytest

from zkattest.api.limits import ConnectionCount, ServerLimits, group_of


def test_connections__refused_above_both_limits():
    count = ConnectionCount(ServerLimits(connections=3, connections_per_address=2))
    assert [count.take("a"), count.take("a"), count.take("a")] == [True, True, False]
    assert [count.take("b"), count.take("c")] == [True, False]
    count.give_back("a")
    assert count.take("c")
    assert (count.open, count.refused) == (3, 2)


@pytest.mark.parametrize(
    ("host", "group"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::1"),
        ("socket", "socket"),
    ],
)
def test_address__counts_with_its_network(host, group):
    assert group_of(host) == group
