"""Hold what one connected peer said and did that bears on what it is sent."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field

from zkattest.net.budget import TokenBucket
from zkattest.net.offers import Offers
from zkattest.net.settings import GossipSettings

MOST_UNWANTED = 1024


@dataclass(slots=True)
class PeerState:
    """Remember one peer from its connection to its end; every part is bounded."""

    understands_idontwant: bool = False
    unwanted: OrderedDict[bytes, None] = field(default_factory=OrderedDict)
    resends: Counter[bytes] = field(default_factory=Counter)
    ids_this_heartbeat: int = 0
    copies: Counter[bytes] = field(default_factory=Counter)
    joinings: int = 0
    heard_at_s: float = float("-inf")
    """When some part of a message came last."""
    told_at_s: dict[str, float] = field(default_factory=dict)
    """When it was last told of what we have, by topic."""
    has_asked: bool = False
    offers: Offers = field(default_factory=Offers)
    resend_bytes: TokenBucket = field(default_factory=lambda: TokenBucket(0, 0))
    ignored: TokenBucket = field(default_factory=lambda: TokenBucket(0, 0))
    is_leaving: bool = False

    def note_has(self, message_id: bytes) -> None:
        """Send the peer nothing that it sent, announced or declined itself."""
        self.offers.close(message_id)
        self.unwanted[message_id] = None
        if len(self.unwanted) > MOST_UNWANTED:
            self.unwanted.popitem(last=False)

    def patience_s(self, settings: GossipSettings) -> float:
        """Say how long the peer may leave an announcement unanswered before it is pushed to."""
        if self.has_asked:
            # It asks for what it lacks, and may be asking somebody else.
            return settings.push_asking_s
        # Whoever can decline does so as soon as it has the message; the others never say.
        return settings.push_declinable_s if self.understands_idontwant else settings.push_s
