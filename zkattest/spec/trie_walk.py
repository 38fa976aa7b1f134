"""
Follow the way from a state root to an account, to say which trie nodes and codes lie on it.

Nothing here judges anything: accounts are read by `WitnessAccounts`, which checks every step by
its hash. A mistake here could only leave out or add bytes that nobody asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from zkattest.crypto.hashing import keccak256
from zkattest.types.execution import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT
from zkattest.types.ids import Root

_HASH_BYTES: Final = 32
_BRANCH_ITEMS: Final = 17
_ACCOUNT_ITEMS: Final = 4


@dataclass(frozen=True, slots=True)
class Preimages:
    """Hold trie nodes and codes under their Keccak hashes; both can be added to."""

    nodes: dict[bytes, bytes] = field(default_factory=dict)
    codes: dict[bytes, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, nodes: Iterable[bytes], codes: Iterable[bytes]) -> Preimages:
        """Hash nodes and codes."""
        return cls(
            nodes={keccak256(node): node for node in nodes},
            codes={keccak256(code): code for code in codes},
        )

    @property
    def size_bytes(self) -> int:
        """Sum what the nodes and the codes take, in bytes, without their hashes."""
        return sum(map(len, self.nodes.values())) + sum(map(len, self.codes.values()))

    def __len__(self) -> int:
        return len(self.nodes) + len(self.codes)

    def add(self, other: Preimages) -> None:
        """Take over everything of another."""
        self.nodes.update(other.nodes)
        self.codes.update(other.codes)


@dataclass(frozen=True, slots=True)
class Path:
    """Hold the nodes of a walk, root first, and where it ended early or at what code."""

    nodes: dict[bytes, bytes]
    missing: bytes | None = None
    code_hash: bytes | None = None


def walk(state_root: Root, address: bytes, node_of: Callable[[bytes], bytes | None]) -> Path:
    """
    Walk from a state root towards an account.

    `node_of` gives the node of a hash, or None: then the walk ends with that hash as `missing`. It
    also ends where a node is malformed; `WitnessAccounts` says so.
    """
    nodes: dict[bytes, bytes] = {}
    if state_root == EMPTY_TRIE_ROOT:
        return Path(nodes)
    nibbles = keccak256(address).hex()
    reference = _Item(bytes(state_root), bytes(state_root), is_list=False)
    while True:
        node = reference.whole
        if not reference.is_list:
            if len(reference.payload) != _HASH_BYTES:
                return Path(nodes)
            found = node_of(reference.payload)
            if found is None:
                return Path(nodes, missing=reference.payload)
            nodes[reference.payload] = node = found
        step = _step(node, nibbles)
        if step is None:
            return Path(nodes)
        reference, nibbles, is_leaf = step
        if is_leaf:
            return Path(nodes, code_hash=_code_hash(reference.payload))


def paths(state_root: Root, addresses: Iterable[bytes], known: Preimages) -> Preimages:
    """Collect what lies on the way to some accounts, as far as it is known."""
    passed = Preimages()
    for address in addresses:
        path = walk(state_root, address, known.nodes.get)
        passed.nodes.update(path.nodes)
        if path.code_hash is not None and path.code_hash in known.codes:
            passed.codes[path.code_hash] = known.codes[path.code_hash]
    return passed


class _Item(NamedTuple):
    whole: bytes
    payload: bytes
    is_list: bool


class _Step(NamedTuple):
    item: _Item
    nibbles: str
    is_leaf: bool


def _step(node: bytes, nibbles: str) -> _Step | None:
    """Follow the nibbles through one node; None where the trie ends or is malformed."""
    items = _items(node)
    if len(items) == _BRANCH_ITEMS and nibbles:
        return _Step(items[int(nibbles[0], 16)], nibbles[1:], is_leaf=False)
    if len(items) != 2 or items[0].is_list or not items[0].payload:
        return None
    key, item = items
    flag = key.payload[0] >> 4
    steps = key.payload.hex()[1 if flag & 1 else 2 :]
    if flag & 2:
        return _Step(item, "", is_leaf=True) if nibbles == steps else None
    if not steps or not nibbles.startswith(steps):
        return None
    return _Step(item, nibbles[len(steps) :], is_leaf=False)


def _code_hash(leaf: bytes) -> bytes | None:
    fields = _items(leaf)
    if len(fields) != _ACCOUNT_ITEMS or len(fields[3].payload) != _HASH_BYTES:
        return None
    code_hash = fields[3].payload
    return None if code_hash == EMPTY_CODE_HASH else code_hash


def _items(data: bytes) -> list[_Item]:
    """Split an RLP list into its items; an empty list where it is not one."""
    if not data or data[0] < 0xC0:
        return []
    at, end = _payload(data, 0)
    if end != len(data):
        return []
    items: list[_Item] = []
    while at < end:
        start, stop = _payload(data, at)
        if stop > end:
            return []
        items.append(_Item(data[at:stop], data[start:stop], is_list=data[at] >= 0xC0))
        at = stop
    return items


def _payload(data: bytes, at: int) -> tuple[int, int]:
    """Say where the payload of the item at a place begins and ends."""
    first = data[at]
    if first < 0x80:
        return at, at + 1
    size = first - (0xC0 if first >= 0xC0 else 0x80)
    if size <= 55:
        return at + 1, at + 1 + size
    start = at + 1 + size - 55
    return start, start + int.from_bytes(data[at + 1 : start], "big")
