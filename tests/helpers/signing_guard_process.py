"""
Ask a signing guard, in a process of its own.

`python -m tests.helpers.signing_guard_process FILE fill` admits entry after entry until killed;
`… FILE race WHO` admits one proof of each of 200 blocks and prints which it may sign.
"""

import sys
from pathlib import Path

from zkattest.crypto.hashing import sha256
from zkattest.spec.signing import ProofSubject, SigningRefused
from zkattest.store import SqliteSigningGuard
from zkattest.types.ids import ProofType, Root, Slot

PUBKEY = b"\xa5" * 48
BLOCKS = 200


def subject_of(number: int) -> ProofSubject:
    """Name a block and a type."""
    block_root = Root(sha256(b"block %d" % number))
    return ProofSubject(PUBKEY, block_root, ProofType(1), Slot(number))


def signing_root_of(number: int, who: str = "") -> Root:
    """Make what is signed of a block."""
    return Root(sha256(f"proof of {number} by {who}".encode()))


def fill(guard: SqliteSigningGuard) -> None:
    for number in range(1_000_000):
        guard.admit(subject_of(number), signing_root_of(number))
        # Only what is said after `admit` returned stands for a signature that left.
        print(number, flush=True)


def race(guard: SqliteSigningGuard, who: str) -> None:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(BLOCKS):
        try:
            guard.admit(subject_of(number), signing_root_of(number, who))
        except SigningRefused:
            continue
        print(number, flush=True)


def main() -> None:
    guard = SqliteSigningGuard(Path(sys.argv[1]))
    if sys.argv[2] == "fill":
        fill(guard)
    else:
        race(guard, sys.argv[3])


if __name__ == "__main__":
    main()
