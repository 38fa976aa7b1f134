"""
Exchange gossip with other nodes; the only importer of libp2p.

May import `ports`, `telemetry` and everything below; never a sibling shell.
"""

from zkattest.net.host import GossipHost
from zkattest.net.identity import peer_id_of_seed
from zkattest.net.settings import GossipSettings
from zkattest.net.topics import topic_string
from zkattest.types.gossip import GossipMessage, Verdict

__all__ = [
    "GossipHost",
    "GossipMessage",
    "GossipSettings",
    "Verdict",
    "peer_id_of_seed",
    "topic_string",
]
