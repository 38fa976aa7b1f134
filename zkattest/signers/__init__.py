"""
Sign proofs with keys that lie on this machine: bare, or in keystores.

May import ports and everything below; never a sibling shell. Remote signers are in `rpc`.
"""

from zkattest.signers.keystore import KeystoreError
from zkattest.signers.local import KeystoreSigner, RawKeySigner

__all__ = ["KeystoreError", "KeystoreSigner", "RawKeySigner"]
