"""
Keep an attester's state across restarts, behind `ports.Store`.

May import ports and everything below; never a sibling shell.
"""

from zkattest.store.sqlite import SqliteStore, StoreError

__all__ = ["SqliteStore", "StoreError"]
