"""Receipts as a case expects them: their encoding, root and bloom, written down once more."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import rlp
from eth_utils import keccak, to_canonical_address

from tests.helpers.trie import list_root

BLOOM_BYTES = 256


@dataclass(frozen=True, slots=True)
class Log:
    """One log; topics are words."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes

    def as_json(self) -> dict[str, Any]:
        """Render the log."""
        return {
            "address": self.address.lower(),
            "topics": list(self.topics),
            "data": self.data,
        }


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is recorded of one transaction."""

    type: int
    succeeded: bool
    cumulative_gas: int
    logs: tuple[Log, ...]

    def encode(self) -> bytes:
        """Encode as EIP-2718 says; the bloom follows from the logs."""
        logs = [[to_canonical_address(log.address), log.topics, log.data] for log in self.logs]
        fields = [int(self.succeeded), self.cumulative_gas, bloom(self.logs), logs]
        prefix = bytes([self.type]) if self.type else b""
        return prefix + bytes(rlp.encode(fields))

    def as_json(self) -> dict[str, Any]:
        """Render the receipt."""
        return {
            "type": self.type,
            "status": int(self.succeeded),
            "cumulative_gas": self.cumulative_gas,
            "logs": [log.as_json() for log in self.logs],
        }


def receipts_root(receipts: Sequence[Receipt]) -> bytes:
    """Compute the root of the receipts trie."""
    return list_root([receipt.encode() for receipt in receipts])


def bloom(logs: Iterable[Log]) -> bytes:
    """Compute the bloom filter of logs: three bits for each address and each topic."""
    bits = 0
    for log in logs:
        for item in (to_canonical_address(log.address), *log.topics):
            digest = keccak(item)
            for at in (0, 2, 4):
                bits |= 1 << (int.from_bytes(digest[at : at + 2], "big") % (8 * BLOOM_BYTES))
    return bits.to_bytes(BLOOM_BYTES, "big")
