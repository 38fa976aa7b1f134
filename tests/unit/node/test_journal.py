"""Lines about peers stay short, whoever comes by."""

from zkattest.node.journal import worst


def test_scores__all_while_they_are_few():
    assert worst({"good": 3.0, "bad": -5.0}) == {"bad": -5.0, "good": 3.0}


def test_scores__the_worst_when_they_are_many():
    scores = {f"peer {number}": float(number % 1_000) for number in range(4_096)}
    kept = worst(scores | {"hostile": -90.0})
    assert len(kept) == 64
    assert kept["hostile"] == -90.0
    assert max(kept.values()) < 20
