"""Hold every number that the gossip shell may be tuned by; units are in the names."""

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class GossipSettings:
    """
    Configure one host; the defaults are Ethereum's mesh with limits for messages of megabytes.

    `pending_*` bounds what waits for a verdict of the embedder, `outbox_*` what waits for a peer
    that reads slowly, `cache_*` what is kept for peers that ask again.
    """

    # The mesh (Ethereum's consensus p2p interface).
    degree: int = 8
    degree_low: int = 6
    degree_high: int = 12
    degree_lazy: int = 6
    heartbeat_s: float = 0.7
    prune_backoff_s: float = 60.0

    # Messages we have seen, and messages we keep.
    seen_ttl_s: float = 390.0
    seen_limit: int = 1 << 16
    ignored_ttl_s: float = 1.4
    cache_ttl_s: float = 60.0
    cache_limit_bytes: int = 64 * MIB
    gossip_window_s: float = 2.1
    want_retry_s: float = 0.7
    want_most_s: float = 6.0
    want_promise_s: float = 3.0
    want_slower: float = 1.3
    idontwant_from_bytes: int = 1024

    # Big messages: how many peers get them at once, and when the others get them unasked: those
    # that cannot decline (gossipsub 1.1), those that can (1.2), those that have asked before.
    announce_from_bytes: int = 64 << 10
    eager_peers: int = 0
    eager_peers_published: int = 8
    push_s: float = 0.5
    push_declinable_s: float = 2.5
    push_asking_s: float = 10.0
    tick_s: float = 0.1

    # Messages that wait for a verdict.
    verdict_timeout_s: float = 60.0
    pending_limit: int = 256
    pending_limit_bytes: int = 128 * MIB
    pending_peer_limit: int = 64
    pending_peer_limit_bytes: int = 64 * MIB

    # What one peer can make us send again, and have judged in vain.
    resend_burst_bytes: int = 32 * MIB
    resend_bytes_per_s: int = 2 * MIB
    ignored_burst: int = 64
    ignored_per_s: float = 8.0

    # What TCP paces itself by, where the kernel lets us choose; "" leaves it to the kernel.
    congestion_control: str = "bbr"

    # Peers: what waits for them, how long they may stall, when they are dialled again.
    outbox_limit: int = 512
    outbox_limit_bytes: int = 48 * MIB
    stall_s: float = 20.0
    keepalive_s: float = 10.0
    dial_timeout_s: float = 10.0
    redial_first_s: float = 0.1
    redial_most_s: float = 2.0
    drain_s: float = 1.0
    most_connections: int = 128
    most_connections_per_address: int = 24
    most_connections_per_network: int = 64
    ipv4_network_bits: int = 24
    ipv6_network_bits: int = 48
    connections_burst: int = 64
    connections_per_s: float = 16.0
    frame_timeout_s: float = 30.0
    unfinished_limit_bytes: int = 32 * MIB
    most_links_per_peer: int = 3
