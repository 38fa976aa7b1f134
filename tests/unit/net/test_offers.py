"""Who gets a big message at once, who is told of it, and who gets it in the end."""

import random

from zkattest.net.offers import MOST_ANNOUNCEMENTS, MOST_OPEN, MOST_SENT, Offers, chosen


def test_chosen__splits_by_chance_and_leaves_nobody_out() -> None:
    peers = {name: Offers() for name in "abcdef"}
    first = set()
    for number in range(50):
        at_once, told = chosen(peers, 2, random.Random(number))
        assert sorted(at_once + told) == list("abcdef")
        assert len(at_once) == 2
        first.add(frozenset(at_once))
    assert len(first) > 10


def test_chosen__pushes_to_who_would_hear_no_further_announcement() -> None:
    peers = {"a": Offers(announcements=MOST_ANNOUNCEMENTS), "b": Offers()}
    assert chosen(peers, 0, random.Random(0)) == (["a"], ["b"])


def test_offers__are_overdue_once_and_not_when_closed() -> None:
    offers = Offers()
    offers.announce(b"1", 1.0)
    offers.announce(b"2", 1.0)
    offers.announce(b"3", 2.0)
    offers.close(b"2")
    assert offers.take_overdue(0.9) == []
    assert offers.take_overdue(1.0) == [b"1"]
    assert offers.take_overdue(1.0) == []
    offers.send(b"3", 1.5)
    assert offers.take_overdue(9.0) == []


def test_offers__that_are_sent_are_under_way_for_a_while() -> None:
    offers = Offers()
    offers.send(b"1", 5.0)
    assert offers.is_under_way(b"1", 5.0)
    assert not offers.is_under_way(b"1", 5.1)
    assert not offers.is_under_way(b"2", 0.0)


def test_offers__are_bounded() -> None:
    offers = Offers()
    for number in range(1000):
        message_id = number.to_bytes(20, "big")
        offers.announcements = 0
        if offers.can_announce():
            offers.announce(message_id, 1.0)
        offers.send((number + 5000).to_bytes(20, "big"), 0.0)
    assert (len(offers.open), len(offers.sent)) == (MOST_OPEN, MOST_SENT)
