"""Play cases against a node: first one that has to be accepted, then the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import trio

from zkattest.conformance.blackbox.context import Context, Play
from zkattest.conformance.blackbox.sight import Agreement, Comparison, Sight, compare
from zkattest.conformance.outcome import Verdict


class NodeUnavailable(Exception):
    """Say in one line why no case can be shown to a node."""


class Observer(Protocol):
    """What speaks to a node: over HTTP, or as a peer."""

    most_at_once: int

    async def show(self, play: Play) -> Sight:
        """Send what goes before, then the message, and say what was seen; `NodeUnavailable`."""


async def play_cases(
    context: Context, observer: Observer, jobs: int, report: Callable[[int], None]
) -> list[Comparison]:
    """
    Show all cases, a few at a time, and give the comparisons in the order of the cases.

    The first to be shown is one that has to be accepted. Where it is not, the node lacks the
    context, and nothing that it does not accept says anything: `NodeUnavailable`.
    """
    control = _control(context.plays)
    sight = await observer.show(control)
    if not sight.possible:
        raise NodeUnavailable(sight.seen)
    if not sight.is_accepted:
        raise NodeUnavailable(
            f"{control.case.id} is not accepted ({sight.seen}): the node needs the context of "
            "--write-context, and a store that has seen none of these messages"
        )
    sights = {control.case.id: sight}
    waiting = iter([one for one in context.plays if one is not control])

    async def work() -> None:
        for play in waiting:
            sights[play.case.id] = await observer.show(play)
            report(len(sights))

    async with trio.open_nursery() as nursery:
        for _ in range(max(1, min(jobs, observer.most_at_once))):
            nursery.start_soon(work)
    found = [compare(one.case.id, one.case.expected, sights[one.case.id]) for one in context.plays]
    return found + [
        Comparison(case_id, Agreement.NOT_OBSERVED, "", "", why)
        for case_id, why in context.hidden.items()
    ]


def _control(plays: Sequence[Play]) -> Play:
    """Choose the shortest message that has to be accepted, and that nothing goes before."""
    good = [one for one in plays if one.case.expected.verdict is Verdict.ACCEPT and not one.before]
    if not good:
        raise NodeUnavailable("none of these cases is to be accepted; show those beside them, too")
    return min(good, key=lambda one: (len(one.sent.data), one.case.id))
