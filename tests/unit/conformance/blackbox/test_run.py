"""Nothing is concluded from a node that does not accept what it has to."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from zkattest.conformance.blackbox.context import Context, Play, make_context
from zkattest.conformance.blackbox.run import NodeUnavailable, play_cases
from zkattest.conformance.blackbox.sight import (
    Agreement,
    Sight,
    accepted,
    not_accepted,
    nothing,
    rejected,
)
from zkattest.conformance.outcome import Verdict
from zkattest.conformance.registry import find_cases

PACK = Path(__file__).resolve().parents[4] / "vectors" / "eip8025" / "beta4" / "gossip"
CONTROL = "beta4/gossip/accepted/proof__accept_1_byte"


def context(*groups: str) -> Context:
    return make_context([one.read() for group in groups for one in find_cases(PACK / group)])


@dataclass
class Expected:
    """See of every case what it expects, but for those that are named."""

    otherwise: dict[str, Sight] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)
    most_at_once: int = 2

    async def show(self, play: Play) -> Sight:
        self.shown.append(play.case.id)
        if play.case.id in self.otherwise:
            return self.otherwise[play.case.id]
        return Sight(frozenset({play.case.expected.verdict}), "seen")


async def test_play__every_case_once_and_the_control_first():
    given, observer = context("accepted", "engine"), Expected()
    reports: list[int] = []
    found = await play_cases(given, observer, 8, reports.append)
    assert observer.shown[0] == CONTROL
    assert sorted(observer.shown) == sorted(one.case.id for one in given.plays)
    assert [one.case_id for one in found[: len(given.plays)]] == [
        one.case.id for one in given.plays
    ]
    assert {one.agreement for one in found[: len(given.plays)]} == {Agreement.AGREES}
    hidden = found[len(given.plays) :]
    assert {one.case_id: one.why for one in hidden} == given.hidden
    assert {one.agreement for one in hidden} == {Agreement.NOT_OBSERVED}
    assert reports[-1] == len(given.plays)


async def test_play__names_what_differs():
    name = "beta4/gossip/engine/proof__reject_invalid"
    observer = Expected({name: accepted("forwarded")})
    found = await play_cases(context("accepted", "engine"), observer, 1, lambda _: None)
    assert [one.case_id for one in found if one.agreement is Agreement.DIFFERS] == [name]


@pytest.mark.parametrize(
    "sight", [not_accepted("400"), rejected("pruned"), Sight(
        frozenset({Verdict.ACCEPT, Verdict.IGNORE}), "kept before")]
)  # fmt: skip
async def test_play__not_checked_where_the_control_is_not_accepted(sight):
    observer = Expected({CONTROL: sight})
    with pytest.raises(NodeUnavailable, match=f"{CONTROL} is not accepted"):
        await play_cases(context("accepted"), observer, 1, lambda _: None)
    assert observer.shown == [CONTROL]


async def test_play__not_checked_without_a_case_to_be_accepted():
    with pytest.raises(NodeUnavailable, match="none of these cases is to be accepted"):
        await play_cases(context("signature"), Expected(), 1, lambda _: None)


async def test_play__not_checked_where_the_node_does_not_answer():
    observer = Expected({CONTROL: nothing("no answer within 1 s")})
    with pytest.raises(NodeUnavailable, match=r"^no answer within 1 s$"):
        await play_cases(context("accepted"), observer, 1, lambda _: None)


async def test_play__a_proof_that_is_rejected_is_the_control_where_none_can_be_accepted():
    given, observer = context("engine", "signature"), Expected()
    await play_cases(given, observer, 1, lambda _: None, has_valid_proofs=False)
    assert observer.shown[0] == "beta4/gossip/engine/proof__reject_invalid"


@pytest.mark.parametrize("sight", [not_accepted("400"), accepted("forwarded")])
async def test_play__not_checked_where_an_invalid_proof_is_not_seen_to_be_rejected(sight):
    observer = Expected({"beta4/gossip/engine/proof__reject_invalid": sight})
    with pytest.raises(
        NodeUnavailable, match=f"is not seen to be rejected .{sight.seen}.: nothing"
    ):
        await play_cases(context("engine"), observer, 1, lambda _: None, has_valid_proofs=False)
    assert len(observer.shown) == 1


async def test_play__not_checked_without_a_case_of_an_invalid_proof():
    with pytest.raises(NodeUnavailable, match="none of these cases is of an invalid proof"):
        await play_cases(
            context("signature"), Expected(), 1, lambda _: None, has_valid_proofs=False
        )
