"""Fill a state store until killed: `python -m tests.helpers.state_store_process FILE MAX_BYTES`."""

import sys
from pathlib import Path

from zkattest.spec.trie_walk import Preimages
from zkattest.store import TrieNodeStore


def nodes_of(commit: int) -> list[bytes]:
    """Make what a commit writes."""
    return [b"%06d %d " % (commit, n) + bytes(500) for n in range(20)]


def main() -> None:
    store = TrieNodeStore(Path(sys.argv[1]), int(sys.argv[2]))
    for commit in range(1_000_000):
        store.save(Preimages.of(nodes_of(commit), ()))
        # Only what is written after the commit is a promise.
        print(commit, flush=True)


if __name__ == "__main__":
    main()
