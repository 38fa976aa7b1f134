"""Routing by verdicts, without I/O: a fixed clock, peers by name, frames decoded again."""

import random
from collections import Counter

import pytest

from tests.helpers.router import (
    BIG,
    LIMIT_BYTES,
    SETTINGS,
    T,
    delivered,
    forwarded,
    message,
    router,
    sent,
)
from zkattest.net import snappy
from zkattest.net.gossipsub import Action, Deliver, Disconnect, Send
from zkattest.net.mesh import MOST_BACKOFFS
from zkattest.net.message_id import valid_snappy_id
from zkattest.net.score import REMEMBERED_LIMIT
from zkattest.net.settings import GossipSettings
from zkattest.net.wants import MOST_WANTED
from zkattest.net.wire import Published, Rpc
from zkattest.types.gossip import GossipMessage, Verdict


def test_message__is_delivered_and_not_forwarded_before_its_verdict() -> None:
    actions = router().received("a", message(b"hello"), 0.0)
    assert delivered(actions) == [GossipMessage(T, b"hello", valid_snappy_id(T, b"hello"), "a")]
    assert forwarded(actions) == set()


def test_accept__forwards_to_the_mesh_but_not_to_senders() -> None:
    gossip = router()
    gossip.received("a", message(b"hello"), 0.0)
    gossip.received("b", message(b"hello"), 0.0)
    actions = gossip.decide(valid_snappy_id(T, b"hello"), Verdict.ACCEPT, 20.0)
    assert forwarded(actions) == {"c", "d"}
    assert sent(actions)["c"] == [message(b"hello")]
    assert gossip.scores.score("a", 20.0) == 1.0
    assert gossip.scores.score("b", 20.0) == 0.0


def test_reject__debits_every_sender_and_nobody_else() -> None:
    gossip = router()
    gossip.received("a", message(b"bad"), 0.0)
    gossip.received("b", message(b"bad"), 0.0)
    actions = gossip.decide(valid_snappy_id(T, b"bad"), Verdict.REJECT, 1.0)
    assert forwarded(actions) == set()
    assert [gossip.scores.score(peer, 1.0) for peer in "abcd"] == [-10.0, -10.0, 0.0, 0.0]
    assert gossip.mesh.members[T] == {"c", "d"}


def test_reject__debits_whoever_sends_the_same_again() -> None:
    gossip = router()
    gossip.received("a", message(b"bad"), 0.0)
    gossip.decide(valid_snappy_id(T, b"bad"), Verdict.REJECT, 0.0)
    assert delivered(gossip.received("b", message(b"bad"), 1.0)) == []
    assert gossip.scores.score("b", 1.0) == -10.0


def test_reject__of_a_peer_that_left_is_remembered() -> None:
    gossip = router()
    gossip.received("a", message(b"bad"), 0.0)
    gossip.disconnected("a")
    gossip.decide(valid_snappy_id(T, b"bad"), Verdict.REJECT, 0.0)
    assert gossip.scores.score("a", 0.0) == -10.0


def test_reject__of_the_third_message_disconnects() -> None:
    gossip = router()
    for number in range(3):
        gossip.received("a", message(bytes([number])), 0.0)
        actions = gossip.decide(valid_snappy_id(T, bytes([number])), Verdict.REJECT, 0.0)
    assert Disconnect("a") in (actions or [])
    assert gossip.received("a", message(b"more"), 1.0) == []
    assert gossip.scores.score("b", 0.0) == 0.0


def test_ignore__changes_no_score_and_lets_the_message_come_again() -> None:
    gossip = router()
    name = valid_snappy_id(T, b"early")
    gossip.received("a", message(b"early"), 0.0)
    assert forwarded(gossip.decide(name, Verdict.IGNORE, 0.0)) == set()
    assert delivered(gossip.received("b", message(b"early"), 1.0)) == []
    assert len(delivered(gossip.received("b", message(b"early"), 2.5))) == 1
    assert gossip.scores.score("a", 3.0) == gossip.scores.score("b", 3.0) == 0.0


def test_verdict__that_never_comes_counts_as_ignore() -> None:
    gossip = router()
    gossip.received("a", message(b"slow"), 0.0)
    gossip.heartbeat(31.0)
    assert gossip.decide(valid_snappy_id(T, b"slow"), Verdict.ACCEPT, 31.0) is None
    assert gossip.counters["verdict_timeout"] == 1
    assert gossip.scores.score("a", 31.0) == 0.0
    assert len(delivered(gossip.received("b", message(b"slow"), 40.0))) == 1


def test_verdict__is_taken_once() -> None:
    gossip = router()
    gossip.received("a", message(b"x"), 0.0)
    name = valid_snappy_id(T, b"x")
    assert gossip.decide(name, Verdict.REJECT, 0.0) is not None
    assert gossip.decide(name, Verdict.ACCEPT, 0.0) is None
    assert gossip.decide(b"unknown", Verdict.ACCEPT, 0.0) is None


def test_overload__drops_without_blame_and_lets_the_message_come_again() -> None:
    gossip = router()
    for number in range(3):
        gossip.received("a", message(bytes([number])), 0.0)
    assert gossip.counters["overload"] == 1
    assert gossip.scores.score("a", 0.0) == 0.0
    assert len(delivered(gossip.received("b", message(b"\x02"), 0.1))) == 1


def test_idontwant__is_told_to_the_mesh_on_arrival_of_a_big_message() -> None:
    rpcs = sent(router().received("a", message(BIG), 0.0))
    assert set(rpcs) == {"b", "c", "d"}
    assert rpcs["b"] == [Rpc(idontwant=(valid_snappy_id(T, BIG),))]


def test_idontwant__keeps_a_message_from_who_has_it() -> None:
    gossip = router()
    gossip.received("a", message(BIG), 0.0)
    gossip.received("b", Rpc(idontwant=(valid_snappy_id(T, BIG),)), 0.0)
    assert forwarded(gossip.decide(valid_snappy_id(T, BIG), Verdict.ACCEPT, 0.1)) == {"c", "d"}


def test_idontwant__is_not_told_for_a_small_message_nor_to_old_versions() -> None:
    gossip = router()
    assert sent(gossip.received("a", message(b"small"), 0.0)) == {}
    gossip.negotiated("b", understands_idontwant=False)
    assert set(sent(gossip.received("a", message(BIG), 0.0))) == {"c", "d"}


@pytest.mark.parametrize(
    "published",
    [
        Published((T,), snappy.compress(b"x"), is_anonymous=False),
        Published((T, T), snappy.compress(b"x")),
        Published((), snappy.compress(b"x")),
        Published((T,), b"\xff\xff\xff"),
        Published((T,), b""),
        Published((T,), snappy.compress(bytes(LIMIT_BYTES + 1))),
    ],
    ids=["signed", "two topics", "no topic", "no snappy", "empty", "too big"],
)
def test_message__against_the_rules_is_debited_and_not_delivered(published: Published) -> None:
    gossip = router()
    actions = gossip.received("a", Rpc(published=(published,)), 0.0)
    assert delivered(actions) == []
    assert gossip.scores.score("a", 0.0) == -10.0


def test_message__of_a_foreign_topic_is_dropped_without_blame() -> None:
    gossip = router()
    assert gossip.received("a", message(b"x", topic="other"), 0.0) == []
    assert gossip.scores.score("a", 0.0) == 0.0


def test_message__of_a_stranger_is_dropped() -> None:
    assert router().received("stranger", message(b"x"), 0.0) == []


def test_publish__reaches_every_subscriber_once() -> None:
    gossip = router()
    name, actions = gossip.publish(T, b"ours", 0.0)
    assert name == valid_snappy_id(T, b"ours")
    assert forwarded(actions) == set("abcd")
    assert gossip.publish(T, b"ours", 0.1) == (name, [])
    assert gossip.received("a", message(b"ours"), 0.2) == []


def test_publish__of_a_pending_message_accepts_it() -> None:
    gossip = router()
    gossip.received("a", message(b"same"), 0.0)
    _, actions = gossip.publish(T, b"same", 0.1)
    assert forwarded(actions) == set("bcd")


def test_newcomer__is_told_what_we_have_and_gets_what_it_asks_for() -> None:
    gossip = router(peers="")
    name, _ = gossip.publish(T, b"before", 0.0)
    greeting = sent(gossip.connected("a"))
    assert greeting == {"a": [Rpc(subscribe=(T,))]}
    told = sent(gossip.received("a", Rpc(subscribe=(T,)), 1.0))["a"]
    assert told == [Rpc(graft=(T,)), Rpc(ihave=((T, (name,)),))]
    assert forwarded(gossip.received("a", Rpc(iwant=(name,)), 1.0)) == {"a"}


def test_newcomer__is_told_of_the_oldest_first() -> None:
    gossip = router(peers="")
    names = tuple(gossip.publish(T, bytes([number]), float(number))[0] for number in range(5))
    gossip.connected("a")
    told = sent(gossip.received("a", Rpc(subscribe=(T,)), 6.0))["a"]
    assert told[-1] == Rpc(ihave=((T, names),))


def test_newcomer__that_comes_back_is_greeted_again_and_owes_nothing() -> None:
    gossip = router()
    name = valid_snappy_id(T, BIG)
    gossip.received("a", Rpc(idontwant=(name,)), 0.0)
    gossip.connected("a")
    assert not gossip.is_unwanted("a", name)
    assert "a" not in gossip.mesh.members[T]
    gossip.received("a", Rpc(subscribe=(T,)), 1.0)
    assert "a" in gossip.mesh.members[T]


def test_iwant__is_answered_three_times_only() -> None:
    gossip = router()
    name, _ = gossip.publish(T, b"ours", 0.0)
    answers = [forwarded(gossip.received("a", Rpc(iwant=(name,)), 0.0)) for _ in range(5)]
    assert answers == [{"a"}, {"a"}, {"a"}, set(), set()]


def test_ihave__is_asked_for_once_and_then_elsewhere() -> None:
    gossip = router()
    name = valid_snappy_id(T, b"wanted")
    ihave = Rpc(ihave=((T, (name,)),))
    assert sent(gossip.received("a", ihave, 0.0)) == {"a": [Rpc(iwant=(name,))]}
    assert sent(gossip.received("b", ihave, 0.1)) == {}
    assert sent(gossip.heartbeat(SETTINGS.want_retry_s + 0.1))["b"] == [Rpc(iwant=(name,))]


def test_ihave__of_what_we_have_is_not_asked_for() -> None:
    gossip = router()
    name, _ = gossip.publish(T, b"ours", 0.0)
    assert sent(gossip.received("a", Rpc(ihave=((T, (name,)),)), 0.0)) == {}


def test_ids__above_the_budget_of_a_heartbeat_are_dropped_and_debited() -> None:
    gossip = router()
    ids = tuple(number.to_bytes(20, "big") for number in range(6000))
    for _ in range(9):
        gossip.received("a", Rpc(idontwant=ids), 0.0)
    assert gossip.counters["too_many_ids"] == 9
    assert gossip.scores.score("a", 0.0) < 0.0
    assert not gossip.is_unwanted("a", ids[-1])


def test_misbehaviour__in_frames_ends_in_the_graylist() -> None:
    gossip = router()
    actions: list[Action] = []
    for _ in range(8):
        actions = gossip.misbehaved("a", 0.0)
    assert Disconnect("a") in actions


def test_heartbeat__tells_outsiders_what_came_recently() -> None:
    settings = GossipSettings(degree=1, degree_low=1, degree_high=2)
    gossip = router("ab", settings)
    outsider = gossip.mesh.outsiders(T)[0]
    name, _ = gossip.publish(T, b"ours", 0.0)
    assert sent(gossip.heartbeat(0.7))[outsider] == [Rpc(ihave=((T, (name,)),))]
    assert sent(gossip.heartbeat(30.0)) == {}


def test_heartbeat__tells_a_new_member_what_was_accepted_just_before_it_joined() -> None:
    gossip = router("abcdefgh")
    gossip.received("a", message(b"early"), 0.0)
    gossip.connected("x")
    assert "x" not in gossip.mesh.members[T]
    assert sent(gossip.received("x", Rpc(subscribe=(T,)), 0.1)) == {}
    name = valid_snappy_id(T, b"early")
    assert "x" not in sent(gossip.decide(name, Verdict.ACCEPT, 0.2))
    gossip.received("x", Rpc(graft=(T,)), 0.3)
    assert "x" in gossip.mesh.members[T]
    told = sent(gossip.heartbeat(0.7))
    assert told == {"x": [Rpc(ihave=((T, (name,)),))]}
    assert sent(gossip.heartbeat(1.4)) == {}


@pytest.mark.parametrize("outsiders", [10, 40, 120])
def test_heartbeat__announces_to_every_outsider_within_the_window(outsiders: int) -> None:
    gossip = router()
    for number in range(outsiders):
        gossip.connected(f"x{number}")
        gossip.received(f"x{number}", Rpc(subscribe=(T,)), 0.0)
    gossip.publish(T, b"before", 1.0)
    told: Counter[str] = Counter()
    for beat in range(1, 4):
        for peer, rpcs in sent(gossip.heartbeat(1.0 + 0.7 * beat)).items():
            told[peer] += sum(bool(rpc.ihave) for rpc in rpcs)
    subscribers, members = gossip.mesh.subscribers[T], gossip.mesh.members[T]
    assert set(told) == subscribers - members
    # Nobody is told twice before all others were told once.
    assert max(told.values()) - min(told.values()) <= 1


def test_counters__tell_control_messages_both_ways() -> None:
    gossip = router("ab")
    message_id = valid_snappy_id(T, BIG)
    gossip.received("b", Rpc(ihave=((T, (message_id,)),), idontwant=(message_id,)), 0.0)
    gossip.received("a", message(BIG), 0.0)
    gossip.decide(message_id, Verdict.ACCEPT, 0.0)
    counted = ("graft_sent", "ihave_received", "iwant_sent", "idontwant_received", "unwanted")
    assert [gossip.counters[name] for name in counted] == [2, 1, 1, 1, 1]


def noisy_ids(count: int, start: int = 0) -> tuple[bytes, ...]:
    return tuple(number.to_bytes(20, "big") for number in range(start, start + count))


def test_peer__that_breaks_manners_again_and_again_is_parted_with_once() -> None:
    gossip = router()
    flood = Rpc(ihave=((T, noisy_ids(6000)),))
    parted = [
        action
        for _ in range(40)
        for action in gossip.received("a", flood, 0.0)
        if isinstance(action, Disconnect)
    ]
    assert parted == [Disconnect("a")]
    assert gossip.counters["graylisted"] == 1


def test_peer__that_announces_what_it_never_sends_is_parted_with() -> None:
    gossip = router()
    parted_s = None
    for beat in range(200):
        now_s = beat * 0.7
        announced = noisy_ids(10, start=10 * beat)
        actions = gossip.received("a", Rpc(ihave=((T, announced),)), now_s)
        if Disconnect("a") in actions + gossip.heartbeat(now_s):
            parted_s = now_s
            break
    assert parted_s is not None
    assert parted_s < 30
    assert gossip.scores.score("b", 0.0) == 0.0


def test_peer__that_answers_some_of_what_it_announced_is_not_blamed() -> None:
    gossip = router()
    for beat in range(40):
        now_s = beat * 0.7
        gossip.received("a", Rpc(ihave=((T, noisy_ids(10, start=10 * beat)),)), now_s)
        gossip.received("a", message(b"%d" % beat), now_s)
        gossip.decide(valid_snappy_id(T, b"%d" % beat), Verdict.ACCEPT, now_s)
        gossip.heartbeat(now_s)
    assert gossip.counters["broken_promise"] == 0
    assert gossip.scores.score("a", 30.0) > 0


def test_peer__that_comes_and_goes_is_told_of_messages_a_few_times_only() -> None:
    gossip = router()
    gossip.publish(T, b"ours", 0.0)
    announced = 0
    for _ in range(40):
        gossip.received("a", Rpc(unsubscribe=(T,)), 0.0)
        rpcs = sent(gossip.received("a", Rpc(subscribe=(T,)), 0.0)).get("a", [])
        announced += sum(bool(rpc.ihave) for rpc in rpcs)
    assert announced == 3
    assert gossip.counters["graylisted"] == 1


def test_peer__that_sends_one_message_again_and_again_is_parted_with() -> None:
    gossip = router()
    actions: list[Action] = []
    for _ in range(30):
        actions += gossip.received("a", message(b"again"), 0.0)
    assert [each.message.data for each in actions if isinstance(each, Deliver)] == [b"again"]
    assert actions.count(Disconnect("a")) == 1


def test_peer__whose_messages_are_all_ignored_is_rationed_and_not_blamed() -> None:
    rationed = GossipSettings(ignored_burst=5, ignored_per_s=1.0)
    gossip = router(settings=rationed)

    def replay(count: int, now_s: float) -> int:
        judged = 0
        for number in range(count):
            data = b"%d at %d" % (number, now_s)
            if delivered(gossip.received("a", message(data), now_s)):
                judged += 1
                gossip.decide(valid_snappy_id(T, data), Verdict.IGNORE, now_s)
        return judged

    assert replay(50, 0.0) == 5
    assert replay(50, 3.0) == 3
    assert gossip.counters["overload"] == 92
    assert gossip.scores.score("a", 3.0) == 0.0
    assert delivered(gossip.received("b", message(b"honest"), 3.0))


def test_iwant__is_answered_up_to_a_number_of_bytes() -> None:
    gossip = router(settings=GossipSettings(resend_burst_bytes=60_000, resend_bytes_per_s=10_000))
    names = []
    for number in range(8):
        data = random.Random(number).randbytes(20_000)
        names.append(gossip.publish(T, data, 0.0)[0])
    assert len(forwarded_ids(gossip.received("a", Rpc(iwant=tuple(names)), 0.0))) == 2
    assert len(forwarded_ids(gossip.received("a", Rpc(iwant=tuple(names)), 4.1))) == 2
    assert len(forwarded_ids(gossip.received("b", Rpc(iwant=tuple(names)), 4.1))) == 2


def forwarded_ids(actions: list[Action]) -> list[bytes]:
    return [each.message_id for each in actions if isinstance(each, Send) and each.message_id]


def test_frame__goes_no_further_once_its_sender_is_graylisted() -> None:
    gossip = router()
    broken = tuple(Published((T,), b"\xff\xff" + bytes([number])) for number in range(200))
    assert gossip.received("a", Rpc(published=broken), 0.0)[-1] == Disconnect("a")
    assert gossip.counters["invalid_snappy"] == 3


def test_state__stays_bounded_while_thousands_of_identities_come_and_go() -> None:
    gossip = router("")
    for number in range(10_000):
        peer, now_s = f"peer {number}", number / 100
        gossip.connected(peer)
        gossip.received(peer, Rpc(subscribe=(T,), ihave=((T, noisy_ids(3, number * 3)),)), now_s)
        gossip.received(peer, Rpc(prune=((T, 2**63),), idontwant=noisy_ids(3)), now_s)
        gossip.received(peer, message(b"%d" % number), now_s)
        gossip.decide(valid_snappy_id(T, b"%d" % number), Verdict.ACCEPT, now_s)
        gossip.disconnected(peer)
        if number % 70 == 0:
            gossip.heartbeat(now_s)
    assert len(gossip._peers) == len(gossip.mesh._places) == 0
    assert len(gossip.mesh._backoff) == MOST_BACKOFFS
    assert len(gossip.scores._conduct) == REMEMBERED_LIMIT
    assert len(gossip._wants._wants) <= MOST_WANTED
    assert gossip._cache.size_bytes <= SETTINGS.cache_limit_bytes
    assert len(gossip._seen) <= SETTINGS.seen_limit
    assert len(gossip._pending) == 0


def test_message__of_a_quiet_peer_takes_the_place_of_one_of_a_loud_peer() -> None:
    tight = GossipSettings(pending_limit=6, pending_peer_limit=4)
    gossip = router("abcd", tight)
    for number in range(4):
        for peer in "ab":
            gossip.received(peer, message(b"%s %d" % (peer.encode(), number)), 0.0)
    assert gossip.counters["delivered"] == 6 + gossip.counters["displaced"]
    [honest] = delivered(gossip.received("c", message(b"honest"), 0.0))
    assert gossip.is_pending(honest.message_id)
    assert len(gossip._pending) == 6
    actions = gossip.decide(honest.message_id, Verdict.ACCEPT, 0.0)
    assert forwarded(actions) == {"a", "b", "d"}
    assert {gossip.scores.score(peer, 0.0) for peer in ("a", "b", "d")} == {0.0}
