"""Answer messages: what a refusal, or none, means for the network and for who reads of it."""

from __future__ import annotations

from zkattest.machines.events import ReportGossip
from zkattest.spec.reasons import Cause, GossipReject, Refusal
from zkattest.types.gossip import GossipMessage, Verdict
from zkattest.types.ids import PeerName


def verdict_of(refusal: Refusal | None) -> Verdict:
    """Return ACCEPT without a refusal, REJECT for what its sender is to blame for, else IGNORE."""
    if refusal is None:
        return Verdict.ACCEPT
    return Verdict.REJECT if isinstance(refusal, GossipReject) else Verdict.IGNORE


def cause_of(refusal: Refusal | None) -> Cause | None:
    """Return why there was no answer, None where there was one."""
    cause = refusal.operands.get("cause") if refusal else None
    return cause if isinstance(cause, Cause) else None


def detail_of(refusal: Refusal | None) -> str:
    """Write a refusal in one line, nothing for none."""
    return str(refusal) if refusal else ""


def report_of(message: GossipMessage, refusal: Refusal | None) -> ReportGossip:
    """Answer a message: accepted without a refusal."""
    return ReportGossip(
        message_id=message.message_id,
        topic=message.topic,
        verdict=verdict_of(refusal),
        from_peer=PeerName(message.from_peer),
        reason=refusal.reason if refusal else None,
        detail=detail_of(refusal),
    )
