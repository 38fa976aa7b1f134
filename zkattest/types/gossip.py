"""Say what a gossiped message is and what may be answered to it."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Answer a gossiped message: pass it on, forget it, or hold it against who sent it."""

    ACCEPT = "accept"
    IGNORE = "ignore"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class GossipMessage:
    """Carry one message as it came from a peer; `data` is decompressed and within its size cap."""

    topic: str
    data: bytes
    message_id: bytes
    from_peer: str
