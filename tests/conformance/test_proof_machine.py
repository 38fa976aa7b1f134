"""The machine gives every gossip vector's verdict, as the rules alone do."""

from pathlib import Path
from typing import Any

import pytest

from zkattest.conformance.cases import VectorCase
from zkattest.conformance.outcome import Verdict
from zkattest.conformance.pool import ScriptPlayer, read_settings
from zkattest.conformance.proof_scene import read_profile, read_scene
from zkattest.conformance.registry import find_cases
from zkattest.spec.gossip_profiles import GOSSIP_ORDERS
from zkattest.spec.reasons import Reason

PACK = Path(__file__).resolve().parents[2] / "vectors" / "eip8025"
GROUPS = [
    path for name in GOSSIP_ORDERS for path in sorted((PACK / name.value / "gossip").iterdir())
]
JUDGED = "judged"
# The machine keeps those until what they lack has come.
WAITS = ("unknown_block", "payload_unavailable")


def events(given: Any) -> list[dict[str, Any]]:
    """Write a gossip case as a script; all of it happens before the engine is slow."""
    script: list[dict[str, Any]] = []
    for block in given["blocks"]:
        script.append({"event": "block", "root": block["root"], "slot": block["slot"]})
        if block["public_values"] is not None:
            values = {"public_values": block["public_values"]}
            script.append({"event": "payload", "root": block["root"], **values})
    for number, one in enumerate(given["seen"]):
        script.append({"event": "message", "name": f"seen {number}", "from": "x", **one})
    script.append({"event": "finalized", "slot": given["finalized_slot"]})
    last = {"message": given["message"], "engine": given["engine"]}
    script.append({"event": "message", "name": JUDGED, "from": "y", **last})
    return [{"at_ms": at_ms, **one} for at_ms, one in enumerate(script)]


def by_machine(case: VectorCase) -> dict[str, Any] | None:
    """Play a case on the machine; None where the message waits."""
    scene = read_scene(case.input, read_profile(case.profile))
    player = ScriptPlayer(scene, read_settings({}, scene))
    for event in events(case.input):
        player.pass_until(event["at_ms"])
        player.perform(event)
    player.pass_until(player.now_ms + 1)
    return next((one for one in player.verdicts if one["message"] == JUDGED), None)


def expected(case: VectorCase) -> tuple[str, str | None] | None:
    given, values = case.input, case.expected.values
    if values.get("reason") in WAITS:
        return None
    # What was seen of a block is forgotten when the block is finalized, its slot is not.
    is_finalized = any(one["slot"] < given["finalized_slot"] for one in given["blocks"])
    if is_finalized and case.expected.verdict is Verdict.IGNORE:
        return Verdict.IGNORE.value, Reason.SLOT_TOO_OLD
    return case.expected.verdict.value, values.get("reason")


@pytest.mark.parametrize("group", GROUPS, ids=lambda path: path.relative_to(PACK).as_posix())
def test_machine__gives_the_verdict_of_the_rules(group: Path) -> None:
    for found in find_cases(group):
        case = found.read()
        said = by_machine(case)
        got = None if said is None else (said["verdict"], said.get("reason"))
        assert got == expected(case), case.id
        assert case.expected.verdict is not Verdict.ACCEPT or got is not None
