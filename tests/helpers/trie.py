"""A Merkle Patricia trie builder for tests: keys and values in, root and nodes out."""

from collections.abc import Mapping

from tests.helpers import rlp
from zkattest.crypto.hashing import keccak256
from zkattest.types.execution import EMPTY_TRIE_ROOT

Entries = list[tuple[list[int], bytes]]


class Trie:
    def __init__(self, entries: Mapping[bytes, bytes]) -> None:
        self.nodes: dict[bytes, bytes] = {}
        if not entries:
            self.root = bytes(EMPTY_TRIE_ROOT)
            return
        paths = [([n for b in key for n in (b >> 4, b & 15)], v) for key, v in entries.items()]
        node = rlp.encode(self._build(sorted(paths)))
        self.root = keccak256(node)
        self.nodes[self.root] = node

    def _build(self, entries: Entries) -> list[rlp.Item]:
        if len(entries) == 1:
            path, value = entries[0]
            return [hex_prefix(path, leaf=True), value]
        shared = shared_prefix(entries[0][0], entries[-1][0])
        if shared:
            rest = [(path[shared:], value) for path, value in entries]
            return [hex_prefix(entries[0][0][:shared], leaf=False), self._refer(rest)]
        branch: list[rlp.Item] = [b""] * 17
        for nibble in range(16):
            below = [(path[1:], value) for path, value in entries if path and path[0] == nibble]
            if below:
                branch[nibble] = self._refer(below)
        branch[16] = next((value for path, value in entries if not path), b"")
        return branch

    def _refer(self, entries: Entries) -> rlp.Item:
        node = self._build(entries)
        encoded = rlp.encode(node)
        if len(encoded) < 32:
            return node
        self.nodes[keccak256(encoded)] = encoded
        return keccak256(encoded)


def hex_prefix(path: list[int], *, leaf: bool) -> bytes:
    flag = 2 * leaf + len(path) % 2
    nibbles = [flag, *path] if len(path) % 2 else [flag, 0, *path]
    return bytes(16 * a + b for a, b in zip(nibbles[::2], nibbles[1::2], strict=True))


def shared_prefix(left: list[int], right: list[int]) -> int:
    size = 0
    while size < min(len(left), len(right)) and left[size] == right[size]:
        size += 1
    return size


def list_root(items: list[bytes]) -> bytes:
    return Trie({rlp.encode(index): item for index, item in enumerate(items)}).root
