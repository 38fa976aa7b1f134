"""The accounts that act in the recorded chain, all derived from one seed."""

from dataclasses import dataclass
from hashlib import sha256

from eth_account import Account

SEED = b"zkattest recorded chain"


@dataclass(frozen=True, slots=True)
class Actor:
    """An account whose key we hold."""

    name: str
    private_key: bytes
    address: str


def derive(label: str) -> bytes:
    """Derive 32 bytes from the seed; the label keeps uses apart."""
    return sha256(SEED + b"/" + label.encode()).digest()


def actor(name: str) -> Actor:
    """Derive the account of this name."""
    key = derive(f"key/{name}")
    return Actor(name, key, str(Account.from_key(key).address))


ALICE = actor("alice")
BOB = actor("bob")
CAROL = actor("carol")
DAVE = actor("dave")
FUNDED = (ALICE, BOB, CAROL, DAVE)

# Accounts that begin empty: the first money they get creates them.
ERIN = actor("erin")
FRANK = actor("frank")
GRACE = actor("grace")
PROPOSER = actor("proposer")
