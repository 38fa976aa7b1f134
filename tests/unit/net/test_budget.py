"""Allowances that refill."""

from zkattest.net.budget import TokenBucket


def test_bucket__gives_its_burst_and_then_what_time_brings() -> None:
    bucket = TokenBucket(burst=10.0, per_s=2.0)
    assert bucket.take(7.0, 0.0)
    assert not bucket.take(4.0, 0.0)
    assert bucket.take(3.0, 0.0)
    assert not bucket.take(1.0, 0.4)
    assert bucket.take(1.0, 0.5)


def test_bucket__holds_no_more_than_its_burst_after_a_long_time() -> None:
    bucket = TokenBucket(burst=10.0, per_s=2.0)
    assert bucket.take(10.0, 0.0)
    assert bucket.has(10.0, 1000.0)
    assert not bucket.has(10.1, 1000.0)


def test_bucket__looked_at_keeps_what_it_has() -> None:
    bucket = TokenBucket(burst=1.0, per_s=0.0)
    assert bucket.has(1.0, 0.0)
    assert bucket.take(1.0, 0.0)
    assert not bucket.has(1.0, 5.0)
