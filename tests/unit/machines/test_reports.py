"""What a refusal becomes: verdict, cause, answer."""

from __future__ import annotations

import pytest

from zkattest.machines.events import ReportGossip
from zkattest.machines.reports import cause_of, report_of, verdict_of
from zkattest.spec.reasons import Cause, GossipIgnore, GossipReject, Reason
from zkattest.types.gossip import GossipMessage, Verdict
from zkattest.types.ids import PeerName

MESSAGE = GossipMessage("topic", b"data", b"id", "peer")
REJECTED = GossipReject(Reason.MESSAGE_TOO_LARGE, got=2, limit=1)
NOT_CHECKED = GossipIgnore(Reason.NOT_CHECKED, cause=Cause.MISSING_NODE)


@pytest.mark.parametrize(
    ("refusal", "verdict", "cause"),
    [
        (None, Verdict.ACCEPT, None),
        (REJECTED, Verdict.REJECT, None),
        (NOT_CHECKED, Verdict.IGNORE, Cause.MISSING_NODE),
    ],
)
def test_verdict__follows_the_kind_of_refusal(refusal, verdict, cause):
    assert (verdict_of(refusal), cause_of(refusal)) == (verdict, cause)


@pytest.mark.parametrize(
    ("refusal", "reason", "detail"),
    [
        (None, None, ""),
        (REJECTED, Reason.MESSAGE_TOO_LARGE, "message_too_large (got=2, limit=1)"),
    ],
)
def test_report__names_message_sender_and_operands(refusal, reason, detail):
    assert report_of(MESSAGE, refusal) == ReportGossip(
        message_id=b"id",
        topic="topic",
        verdict=verdict_of(refusal),
        from_peer=PeerName("peer"),
        reason=reason,
        detail=detail,
    )
