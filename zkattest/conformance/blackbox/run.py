"""Play cases against a node: first one that has to be accepted, then the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import trio

from zkattest.conformance.blackbox.context import Context, Play
from zkattest.conformance.blackbox.sight import Agreement, Comparison, Sight, compare
from zkattest.conformance.outcome import Verdict
from zkattest.spec.reasons import Reason


class NodeUnavailable(Exception):
    """Say in one line why no case can be shown to a node."""


class Observer(Protocol):
    """What speaks to a node: over HTTP, or as a peer."""

    most_at_once: int

    async def show(self, play: Play) -> Sight:
        """Send what goes before, then the message, and say what was seen; `NodeUnavailable`."""


async def play_cases(
    context: Context,
    observer: Observer,
    jobs: int,
    report: Callable[[int], None],
    *,
    has_valid_proofs: bool = True,
) -> list[Comparison]:
    """
    Show all cases, a few at a time, and give the comparisons in the order of the cases.

    The first to be shown is one that has to be accepted. Where it is not, the node lacks the
    context, and nothing that it does not accept says anything: `NodeUnavailable`. Where no case can
    be accepted (`has_valid_proofs` is false), it is one that only a node rejects that has the
    context; one that lacks it ignores.
    """
    control = _control(context.plays, has_valid_proofs=has_valid_proofs)
    sight = await observer.show(control)
    if not sight.possible:
        raise NodeUnavailable(sight.seen)
    if not has_valid_proofs:
        if not sight.is_rejected:
            raise NodeUnavailable(
                f"{control.case.id} is not seen to be rejected ({sight.seen}): nothing shows that "
                "the node knows these blocks and validators"
            )
    elif not sight.is_accepted:
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


def _control(plays: Sequence[Play], *, has_valid_proofs: bool) -> Play:
    """Choose the shortest message that only a node with the context accepts, or rejects."""

    def shows_context(play: Play) -> bool:
        expected = play.case.expected
        if has_valid_proofs:
            return expected.verdict is Verdict.ACCEPT
        # Of the last rules: the block was known, the validator active, its signature good.
        return expected.values.get("reason") == Reason.PROOF_INVALID

    good = [one for one in plays if shows_context(one) and not one.before]
    if not good and not has_valid_proofs:
        raise NodeUnavailable("none of these cases is of an invalid proof; show those, too")
    if not good:
        raise NodeUnavailable("none of these cases is to be accepted; show those beside them, too")
    return min(good, key=lambda one: (len(one.sent.data), one.case.id))
