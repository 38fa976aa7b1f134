"""
Keep what outlives a process: an attester's state, and a part of the chain's.

May import ports and everything below; never a sibling shell.
"""

from zkattest.store.sqlite import SqliteStore, StoreError
from zkattest.store.trie_nodes import StateStatus, StateStoreError, TrieNodeStore

__all__ = ["SqliteStore", "StateStatus", "StateStoreError", "StoreError", "TrieNodeStore"]
