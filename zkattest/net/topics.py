"""Spell the names of gossip topics."""

FORK_DIGEST_BYTES = 4


def topic_string(fork_digest: bytes, name: str) -> str:
    """Return `/eth2/<fork digest>/<name>/ssz_snappy`."""
    if len(fork_digest) != FORK_DIGEST_BYTES:
        raise ValueError(f"fork digest: {len(fork_digest)} bytes, expected {FORK_DIGEST_BYTES}")
    return f"/eth2/{fork_digest.hex()}/{name}/ssz_snappy"
