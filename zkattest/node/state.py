"""
Choose where accounts come from, and keep for later what checks of proven blocks have read.

What a check reads is put aside until its block's ancestors are proven: before that the state root
is only what somebody claims, and a builder could fill the store with a state of its own making.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from zkattest.node.embed import check_block
from zkattest.rpc import ExecutionClient, RpcLimits
from zkattest.spec.presets import OSAKA
from zkattest.spec.state_reader import NodeSource, StateReader
from zkattest.spec.static_block import read_block
from zkattest.spec.trie_walk import Preimages
from zkattest.store import TrieNodeStore
from zkattest.store.trie_nodes import DEFAULT_MAX_BYTES
from zkattest.types.execution import BlockPackage, ExecutionWitness, Header
from zkattest.types.ids import BlockHash, Root

_MAX_WAITING: Final = 64
_MAX_WAITING_BYTES: Final = 1 << 27


@dataclass(frozen=True, slots=True)
class StateSettings:
    """Name the sources beside the witness, and what they may take; by default there are none."""

    store: Path | None = None
    store_bytes: int = DEFAULT_MAX_BYTES
    rpc: str | None = None
    rpc_limits: RpcLimits = field(default_factory=RpcLimits)


class StateSources:
    """Give readers of accounts, and feed the local state with what proven blocks read."""

    def __init__(
        self,
        store: TrieNodeStore | None = None,
        client: ExecutionClient | None = None,
        *,
        max_waiting: int = _MAX_WAITING,
        max_waiting_bytes: int = _MAX_WAITING_BYTES,
    ) -> None:
        self._store = store
        # What is on this machine comes before what has to be asked for.
        self.sources: tuple[NodeSource, ...] = tuple(s for s in (store, client) if s is not None)
        self._lock = threading.Lock()
        self._waiting: OrderedDict[Root, tuple[StateReader, int]] = OrderedDict()
        self._waiting_bytes = 0
        self._max_waiting = max_waiting
        self._max_waiting_bytes = max_waiting_bytes

    def reader(self, header: Header, witness: ExecutionWitness) -> StateReader:
        """Give a reader of the state before a block."""
        return StateReader.before(header, witness, self.sources)

    def put_aside(self, content_id: Root, reader: StateReader) -> None:
        """Hold what a check has read until its block is proven, or until too much else waits."""
        if self._store is None:
            return
        size_bytes = reader.held_bytes
        with self._lock:
            self._take(content_id)
            self._waiting[content_id] = (reader, size_bytes)
            self._waiting_bytes += size_bytes
            while (
                len(self._waiting) > self._max_waiting
                or self._waiting_bytes > self._max_waiting_bytes
            ):
                self._take(next(iter(self._waiting)))

    def keep_state(self, content_id: Root) -> None:
        """
        Write to the store what the check of a proven block has read; blocks.

        Raises `StateStoreError` when the file cannot be written; checks go on without it.
        """
        with self._lock:
            reader = self._take(content_id)
        if self._store is not None and reader is not None:
            self._store.save(reader.passed())

    def _take(self, content_id: Root) -> StateReader | None:
        """Take a reader out of those that wait; the lock is held."""
        reader, size_bytes = self._waiting.pop(content_id, (None, 0))
        self._waiting_bytes -= size_bytes
        return reader


@dataclass(frozen=True, slots=True)
class Amount:
    """Count nodes and codes, and sum their bytes."""

    count: int
    size_bytes: int

    @classmethod
    def of(cls, preimages: Preimages) -> Amount:
        """Measure preimages."""
        return cls(len(preimages), preimages.size_bytes)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Say of a block how large its witness is, what a check reads of it, what was there before."""

    number: int
    block_hash: BlockHash
    witness: Amount
    read: Amount
    held_before: Amount


def import_package(store: TrieNodeStore, package: BlockPackage) -> ImportReport:
    """
    Check a block and keep the accounts that the check reads; its pre-state is taken as proven.

    Raises `InvalidBlock`, `CannotVerify`, or `StateStoreError` where the file fails.
    """
    report = check_block(package, sources=[store])
    block = read_block(package.block, OSAKA)
    reader = StateReader.before(block.header, package.witness, [store])
    reader.accounts(block.senders().addresses)
    read = reader.passed()
    held = store.held(read)
    store.save(read)
    return ImportReport(
        number=report.number,
        block_hash=report.block_hash,
        witness=Amount.of(Preimages.of(package.witness.state, package.witness.codes)),
        read=Amount.of(read),
        held_before=Amount.of(held),
    )


@contextmanager
def open_sources(settings: StateSettings, *, create: bool = True) -> Iterator[StateSources]:
    """Open what is configured; raises `StateStoreError` or `ValueError` where it cannot be."""
    with ExitStack() as stack:
        store = client = None
        if settings.store is not None:
            store = TrieNodeStore(settings.store, settings.store_bytes, create=create)
            stack.callback(store.close)
        if settings.rpc is not None:
            client = ExecutionClient(settings.rpc, settings.rpc_limits)
            stack.callback(client.close)
        yield StateSources(store, client)
