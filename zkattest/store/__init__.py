"""
Keep what outlives a process: an attester's state, a part of the chain's, and what was signed.

May import ports and everything below; never a sibling shell.
"""

from zkattest.store.signing_guard import SigningGuardError, SqliteSigningGuard
from zkattest.store.sqlite import SqliteStore, StoreError
from zkattest.store.trie_nodes import StateStatus, StateStoreError, TrieNodeStore

__all__ = [
    "SigningGuardError",
    "SqliteSigningGuard",
    "SqliteStore",
    "StateStatus",
    "StateStoreError",
    "StoreError",
    "TrieNodeStore",
]
