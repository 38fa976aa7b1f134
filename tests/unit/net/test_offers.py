"""Who gets a big message at once, who is told of it, and who gets it in the end."""

import random

import pytest

from tests.helpers.router import SETTINGS, T, forwarded, message, router, sent
from zkattest.net.gossipsub import Action, GossipRouter, Send
from zkattest.net.message_id import valid_snappy_id
from zkattest.net.offers import MOST_ANNOUNCEMENTS, MOST_OPEN, MOST_SENT, Offers, chosen
from zkattest.net.settings import GossipSettings
from zkattest.net.wire import Rpc
from zkattest.types.gossip import Verdict


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


HUGE = random.Random(3).randbytes(90_000)
HUGE_NAME = valid_snappy_id(T, HUGE)
ANNOUNCED = Rpc(ihave=((T, (HUGE_NAME,)),))
TWO_AT_ONCE = GossipSettings(eager_peers=2, eager_peers_published=2)


def told(actions: list[Action] | None) -> set[str]:
    """Return who was announced the big message."""
    return {peer for peer, rpcs in sent(actions).items() if ANNOUNCED in rpcs}


def accepted_from_a(gossip: GossipRouter) -> list[Action]:
    """Let the big message come from a and be accepted."""
    gossip.received("a", message(HUGE), 0.0)
    return gossip.decide(HUGE_NAME, Verdict.ACCEPT, 0.0) or []


def test_big_message__is_pushed_to_a_few_and_announced_to_all_the_others() -> None:
    gossip = router("abcdef", TWO_AT_ONCE)
    actions = accepted_from_a(gossip)
    pushed = forwarded(actions)
    assert len(pushed) == 2
    # Those that get it at once are told first, so that they ask nobody else meanwhile.
    assert told(actions) == set("bcdef")
    for peer in pushed:
        assert sent(actions)[peer] == [ANNOUNCED, message(HUGE)]


def test_big_message__of_ours_is_pushed_to_the_mesh() -> None:
    actions = router("abcd").publish(T, HUGE, 0.0)[1]
    assert forwarded(actions) == told(actions) == set("abcd")


def test_big_message__of_ours_is_spared_those_outside_the_mesh() -> None:
    gossip = router("abcdef", GossipSettings(degree=3, degree_low=2, degree_high=4))
    actions = gossip.publish(T, HUGE, 0.0)[1]
    assert forwarded(actions) == gossip.mesh.members[T]
    assert told(gossip.heartbeat(0.7)) == set("abcdef") - gossip.mesh.members[T]


def test_big_message__of_ours_goes_to_subscribers_while_there_is_no_mesh() -> None:
    gossip = router("abcd")
    for peer in "abc":
        gossip.received(peer, Rpc(prune=((T, 60),)), 0.0)
    assert forwarded(gossip.publish(T, HUGE, 0.0)[1]) == set("abcd")


def test_small_message__is_pushed_to_all_and_announced_to_none() -> None:
    gossip = router()
    gossip.received("a", message(b"small"), 0.0)
    actions = gossip.decide(valid_snappy_id(T, b"small"), Verdict.ACCEPT, 0.0)
    assert sent(actions) == {peer: [message(b"small")] for peer in "bcd"}


def test_announced__is_sent_to_who_asks_once_and_not_charged() -> None:
    gossip = router("abcd", GossipSettings(resend_burst_bytes=0, resend_bytes_per_s=0))
    assert told(accepted_from_a(gossip)) == set("bcd")
    assert forwarded(gossip.received("b", Rpc(iwant=(HUGE_NAME,)), 0.1)) == {"b"}
    # It is on its way: asking again does not send it again.
    assert forwarded(gossip.received("b", Rpc(iwant=(HUGE_NAME,)), 0.2)) == set()
    assert gossip.counters["asked"] == gossip.counters["under_way"] == 1


def test_announced__is_sent_again_when_it_was_not_queued() -> None:
    gossip = router()
    accepted_from_a(gossip)
    gossip.received("b", Rpc(iwant=(HUGE_NAME,)), 0.1)
    gossip.dropped("b", HUGE_NAME)
    assert forwarded(gossip.received("b", Rpc(iwant=(HUGE_NAME,)), 0.2)) == {"b"}


def test_announced__is_pushed_in_the_end_to_who_says_nothing() -> None:
    gossip = router()
    gossip.negotiated("b", understands_idontwant=False)
    accepted_from_a(gossip)
    gossip.received("c", Rpc(idontwant=(HUGE_NAME,)), 0.1)
    assert forwarded(gossip.tick(SETTINGS.push_s - 0.01)) == set()
    assert forwarded(gossip.tick(SETTINGS.push_s)) == {"b"}
    assert forwarded(gossip.tick(SETTINGS.push_declinable_s - 0.01)) == set()
    assert forwarded(gossip.tick(SETTINGS.push_declinable_s)) == {"d"}
    assert forwarded(gossip.tick(99.0)) == set()
    assert gossip.counters["sent_unasked"] == 2
    assert not gossip.has_follow_ups()


def test_announced__is_left_for_long_to_who_is_known_to_ask() -> None:
    gossip = router("ab")
    name = gossip.publish(T, b"earlier", 0.0)[0]
    gossip.received("b", Rpc(iwant=(name,)), 0.0)
    accepted_from_a(gossip)
    assert forwarded(gossip.tick(SETTINGS.push_asking_s - 0.01)) == set()
    assert forwarded(gossip.tick(SETTINGS.push_asking_s)) == {"b"}


def huge(number: int) -> tuple[bytes, bytes]:
    """Return a big message and its id."""
    data = random.Random(number).randbytes(90_000)
    return valid_snappy_id(T, data), data


def pushed_by(gossip: GossipRouter, *times_s: float) -> list[list[bytes | None]]:
    """Return what is pushed at each of these times."""
    return [
        [each.message_id for each in gossip.tick(now_s) if isinstance(each, Send)]
        for now_s in times_s
    ]


def test_newcomer__that_never_asks_is_pushed_the_newest_one_after_another() -> None:
    gossip, patience_s = router(""), SETTINGS.push_declinable_s
    names = [gossip.publish(T, huge(number)[1], 0.0)[0] for number in range(8)]
    gossip.connected("a")
    assert gossip.has_follow_ups() is False
    gossip.received("a", Rpc(subscribe=(T,)), 1.0)
    times_s = [1.0 + count * patience_s for count in range(1, 8)]
    assert pushed_by(gossip, times_s[0] - 0.01) == [[]]
    assert pushed_by(gossip, *times_s) == [*([name] for name in names[:1:-1]), []]
    assert gossip.counters["sent_unasked"] == 6


def test_newcomer__that_has_asked_or_declined_is_pushed_nothing() -> None:
    gossip = router("")
    (first, _), (second, _), (_, data) = map(huge, range(3))
    for number in range(3):
        gossip.publish(T, huge(number)[1], 0.0)
    gossip.connected("a")
    gossip.received("a", Rpc(subscribe=(T,)), 1.0)
    assert forwarded(gossip.received("a", Rpc(iwant=(first,)), 1.1)) == {"a"}
    gossip.received("a", Rpc(idontwant=(second,)), 1.1)
    gossip.received("a", message(data), 1.1)
    assert forwarded(gossip.tick(99.0)) == set()


def test_newcomer__outside_the_mesh_is_pushed_nothing() -> None:
    gossip = router("")
    gossip.publish(T, HUGE, 0.0)
    gossip.connected("a")
    gossip.received("a", Rpc(subscribe=(T,)), 1.0)
    gossip.received("a", Rpc(prune=((T, 60),)), 1.1)
    assert forwarded(gossip.tick(99.0)) == set()
    assert told(gossip.heartbeat(1.2)) == {"a"}


def test_newcomer__that_comes_again_and_again_is_pushed_no_more_than_it_may_ask_for() -> None:
    gossip = router("", GossipSettings(resend_burst_bytes=200_000, resend_bytes_per_s=0))
    for number in range(4):
        gossip.publish(T, huge(number)[1], 0.0)
    gossip.connected("a")
    pushed = 0
    for now_s in (1.0, 50.0):
        gossip.received("a", Rpc(subscribe=(T,)), now_s)
        pushed += sum(map(len, pushed_by(gossip, now_s + 40.0)))
        gossip.received("a", Rpc(unsubscribe=(T,)), now_s + 41.0)
    assert pushed == 2


@pytest.mark.parametrize(
    "has_it", [ANNOUNCED, message(HUGE), Rpc(idontwant=(HUGE_NAME,))], ids=["ihave", "sent", "told"]
)
def test_announced__is_not_pushed_to_who_has_it(has_it: Rpc) -> None:
    gossip = router("ab")
    accepted_from_a(gossip)
    gossip.received("b", has_it, 0.1)
    assert forwarded(gossip.tick(99.0)) == set()


def test_announcer__is_neither_pushed_nor_told_what_it_announced() -> None:
    gossip = router()
    gossip.received("b", ANNOUNCED, 0.0)
    assert told(accepted_from_a(gossip)) == {"c", "d"}


def test_announcer__that_sends_slowly_is_joined_by_two_more() -> None:
    gossip = router()
    for peer in "abcd":
        gossip.received(peer, ANNOUNCED, 0.0)
    asked = []
    for tenths in range(1, 50):
        for peer in "abc":
            gossip.progressed(peer, tenths / 10)
        asked += list(sent(gossip.tick(tenths / 10 + 0.05)))
    assert asked == ["b", "c"]


def test_announcer__that_goes_silent_is_replaced() -> None:
    gossip = router()
    gossip.received("a", ANNOUNCED, 0.0)
    gossip.received("b", ANNOUNCED, 0.0)
    gossip.progressed("a", 0.2)
    assert sent(gossip.tick(0.2 + SETTINGS.want_retry_s - 0.01)) == {}
    assert sent(gossip.tick(0.2 + SETTINGS.want_retry_s)) == {"b": [Rpc(iwant=(HUGE_NAME,))]}


def test_announcer__that_leaves_is_replaced_at_once() -> None:
    gossip = router()
    gossip.received("a", ANNOUNCED, 0.0)
    gossip.received("b", ANNOUNCED, 0.0)
    gossip.disconnected("a")
    assert sent(gossip.tick(0.1)) == {"b": [Rpc(iwant=(HUGE_NAME,))]}


def test_announcements__stay_below_what_foreign_peers_listen_to() -> None:
    gossip = router("ab")
    told_of = []
    for number in range(10):
        data = random.Random(number).randbytes(90_000)
        gossip.received("a", message(data), 0.0)
        actions = gossip.decide(valid_snappy_id(T, data), Verdict.ACCEPT, 0.0)
        told_of.append(any(rpc.ihave for rpc in sent(actions)["b"]))
        assert forwarded(actions) == (set() if told_of[-1] else {"b"})
    assert told_of == [True] * 6 + [False] * 4
