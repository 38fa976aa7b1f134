"""Turns among peers."""

from zkattest.net.fair_queue import FairQueue
from zkattest.types.gossip import GossipMessage


def fill(queue: FairQueue, *names: str, friends: str = "") -> None:
    for name in names:
        message = GossipMessage("topic", name.encode(), name.encode(), name[0])
        queue.put(message, is_friend=name[0] in friends)


def drained(queue: FairQueue) -> list[str]:
    taken = []
    while (message := queue.take()) is not None:
        taken.append(message.data.decode())
    return taken


def test_queue__lets_peers_take_turns_and_keeps_the_order_of_each() -> None:
    queue = FairQueue()
    fill(queue, "a1", "a2", "a3", "a4", "b1", "c1", "c2")
    assert drained(queue) == ["a1", "b1", "c1", "a2", "c2", "a3", "a4"]


def test_queue__gives_friends_every_other_turn() -> None:
    queue = FairQueue()
    fill(queue, "a1", "b1", "c1", "d1", "a2", "b2", "x1", "x2", friends="x")
    assert drained(queue) == ["x1", "a1", "x2", "b1", "c1", "d1", "a2", "b2"]


def test_queue__is_empty_after_its_last_message() -> None:
    queue = FairQueue()
    assert queue.take() is None
    fill(queue, "a1")
    assert drained(queue) == ["a1"]
    fill(queue, "a2")
    assert drained(queue) == ["a2"]
