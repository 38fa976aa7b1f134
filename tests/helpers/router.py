"""A gossip router with peers in its mesh, and what leaves it, decoded again."""

import random

from zkattest.net import snappy
from zkattest.net.gossipsub import Action, Deliver, GossipRouter, Send
from zkattest.net.settings import GossipSettings
from zkattest.net.wire import Published, Rpc, decode_rpc
from zkattest.types.gossip import GossipMessage

T = "/eth2/01020304/delayed_block/ssz_snappy"
LIMIT_BYTES = 100_000
BIG = bytes(range(256)) * 100
SETTINGS = GossipSettings(pending_peer_limit=2, ignored_ttl_s=2.0, verdict_timeout_s=30.0)


def router(peers: str = "abcd", settings: GossipSettings = SETTINGS) -> GossipRouter:
    """Make a router whose peers are connected, speak v1.2 and are in the mesh."""
    made = GossipRouter({T: LIMIT_BYTES}, settings, random.Random(1))
    for peer in peers:
        made.connected(peer)
        made.negotiated(peer, understands_idontwant=True)
        made.received(peer, Rpc(subscribe=(T,)), 0.0)
    return made


def message(data: bytes, topic: str = T) -> Rpc:
    """Return the RPC that publishes a message."""
    return Rpc(published=(Published((topic,), snappy.compress(data)),))


def sent(actions: list[Action] | None) -> dict[str, list[Rpc]]:
    """Return the RPCs to each peer."""
    rpcs: dict[str, list[Rpc]] = {}
    for action in actions or []:
        if isinstance(action, Send):
            data = action.frame
            while data[0] >= 0x80:
                data = data[1:]
            rpcs.setdefault(action.peer, []).append(decode_rpc(data[1:]))
    return rpcs


def forwarded(actions: list[Action] | None) -> set[str]:
    """Return the peers that a message is sent to."""
    return {
        action.peer for action in actions or [] if isinstance(action, Send) and action.message_id
    }


def delivered(actions: list[Action]) -> list[GossipMessage]:
    """Return what the embedder is handed."""
    return [action.message for action in actions if isinstance(action, Deliver)]
