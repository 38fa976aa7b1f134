"""Run one gossip host: listen, keep static peers connected, publish, deliver, report verdicts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import trio

from zkattest.net.settings import GossipSettings
from zkattest.types.gossip import GossipMessage, Verdict


class GossipHost:
    """
    Join gossip topics as one peer.

    Every message of `messages` waits for `report`; it is passed on only by ACCEPT. A message that
    gets no verdict within `settings.verdict_timeout_s` counts as IGNORE. While the limits on
    pending messages are reached, new ones are dropped without blame and may come again.
    """

    messages: trio.MemoryReceiveChannel[GossipMessage]
    """What peers sent, in order of arrival."""

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        listen: str,
        peers: Sequence[str],
        topics: Mapping[str, int],
        key_seed: bytes,
        settings: GossipSettings | None = None,
    ) -> AsyncIterator[GossipHost]:
        """
        Start a host and close it on leaving.

        `listen` is a multiaddr (`/ip4/127.0.0.1/tcp/0` takes a free port), `peers` are multiaddrs
        ending in `/p2p/<peer id>` that are dialled until they answer and again when they are
        lost, `topics` maps full topic strings to the largest decompressed size in bytes.

        Raises `OSError` when the address cannot be bound and `ValueError` when one is malformed.
        """
        raise NotImplementedError
        yield cls()

    @property
    def peer_id(self) -> str:
        """Return our peer id (base58)."""
        raise NotImplementedError

    @property
    def address(self) -> str:
        """Return the multiaddr that others can put in `peers`; the port is the bound one."""
        raise NotImplementedError

    def publish(self, topic: str, ssz_bytes: bytes) -> bytes:
        """
        Queue a message of ours for the peers of its topic and return its message id.

        Never blocks. Publishing the same bytes twice sends them once. Raises `ValueError` for a
        topic that was not opened or a message above the topic's size.
        """
        raise NotImplementedError

    def report(self, message_id: bytes, verdict: Verdict) -> bool:
        """
        Decide a delivered message; False when it waits no longer (decided, timed out, unknown).

        ACCEPT forwards it, REJECT lowers the score of every peer that sent it, IGNORE does
        neither and lets a later copy be delivered again.
        """
        raise NotImplementedError

    def peer_scores(self) -> dict[str, float]:
        """Return the score of every peer that is connected or remembered for its behaviour."""
        raise NotImplementedError

    def connected_peers(self) -> frozenset[str]:
        """Return the peers that gossip can be exchanged with now."""
        raise NotImplementedError

    def mesh_peers(self, topic: str) -> frozenset[str]:
        """Return the peers that full messages of a topic are forwarded to."""
        raise NotImplementedError

    def counters(self) -> dict[str, int]:
        """Return how often each thing happened (delivered, duplicate, malformed, …)."""
        raise NotImplementedError

    async def wait_for_mesh(self, topic: str, peers: int) -> None:
        """Return when at least `peers` peers are in the mesh of a topic."""
        raise NotImplementedError
