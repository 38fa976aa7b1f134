"""Budgets of requests under a virtual clock."""

from __future__ import annotations

import pytest

from zkattest.net.reqresp_limits import Quota, RequestLimits, RequestSettings, TokenBucket
from zkattest.net.reqresp_protocols import ProtocolName

PING = ProtocolName.PING
SETTINGS = RequestSettings(
    quotas=dict.fromkeys(ProtocolName, Quota(2, 10.0)),
    peer_bytes=Quota(1000, 10.0),
    total_bytes=Quota(2000, 10.0),
    remembered_peers=2,
)


def test_bucket__lets_a_burst_pass_and_spreads_the_rest() -> None:
    bucket = TokenBucket(Quota(2, 10.0), 100.0)
    assert [bucket.reserve(1, 100.0) for _ in range(4)] == [0.0, 0.0, 5.0, 10.0]


def test_bucket__fills_up_to_its_burst() -> None:
    bucket = TokenBucket(Quota(2, 10.0), 0.0)
    bucket.reserve(2, 0.0)
    assert bucket.reserve(1, 5.0) == 0.0
    assert [bucket.reserve(1, 1000.0) for _ in range(3)] == [0.0, 0.0, 5.0]


def test_bucket__refuses_what_is_not_there_and_owes_nothing() -> None:
    bucket = TokenBucket(Quota(2, 10.0), 0.0)
    assert [bucket.take(1, 0.0) for _ in range(50)] == [True, True] + [False] * 48
    assert bucket.take(1, 5.0)
    assert not bucket.take(1, 9.0)


def test_limits__two_requests_at_once_of_a_protocol() -> None:
    limits = RequestLimits(SETTINGS, 0.0)
    assert [limits.enter("a", "/ping") for _ in range(3)] == [True, True, False]
    assert limits.enter("a", "/status")
    assert limits.enter("b", "/ping")
    limits.leave("a", "/ping")
    assert limits.enter("a", "/ping")
    assert limits.open_requests == 4


def test_limits__a_peer_that_asks_too_much_waits_alone() -> None:
    limits = RequestLimits(SETTINGS, 0.0)
    assert [limits.request_delay_s("a", PING, 0.0) for _ in range(3)] == [0.0, 0.0, 5.0]
    assert limits.request_delay_s("a", ProtocolName.STATUS, 0.0) == 0.0
    assert limits.request_delay_s("b", PING, 0.0) == 0.0


def test_limits__no_delay_is_longer_than_the_longest() -> None:
    limits = RequestLimits(SETTINGS, 0.0)
    delays = [limits.request_delay_s("a", PING, 0.0) for _ in range(50)]
    assert max(delays) == SETTINGS.longest_delay_s


def test_limits__bytes_are_counted_by_peer_and_in_total() -> None:
    limits = RequestLimits(SETTINGS, 0.0)
    assert limits.chunk_delay_s("a", 1000, 0.0) == 0.0
    assert limits.chunk_delay_s("a", 500, 0.0) == 5.0
    assert limits.chunk_delay_s("b", 1000, 0.0) == pytest.approx(2.5)


def test_limits__reconnecting_refills_nothing_until_others_push_a_peer_out() -> None:
    limits = RequestLimits(SETTINGS, 0.0)
    for _ in range(2):
        limits.request_delay_s("a", PING, 0.0)
    limits.request_delay_s("b", PING, 0.0)
    assert limits.request_delay_s("a", PING, 0.0) == 5.0
    limits.request_delay_s("c", PING, 0.0)
    limits.request_delay_s("d", PING, 0.0)
    assert limits.request_delay_s("a", PING, 0.0) == 0.0
