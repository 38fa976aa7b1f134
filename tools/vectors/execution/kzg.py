"""One real blob, its commitment, and proofs of its values; the setup is read once."""

from functools import cache
from hashlib import sha256
from typing import Any

import ckzg

from tools.chain.blobs import SETUP, VERSION_KZG, example_blob


@cache
def setup() -> Any:
    """Read the ceremony's output, which takes seconds."""
    return ckzg.load_trusted_setup(str(SETUP), 0)


@cache
def commitment() -> bytes:
    """Commit to the blob."""
    return bytes(ckzg.blob_to_kzg_commitment(example_blob(), setup()))


def versioned_hash() -> bytes:
    """Hash the commitment (EIP-4844)."""
    return VERSION_KZG + sha256(commitment()).digest()[1:]


def prove(point: bytes) -> tuple[bytes, bytes]:
    """Prove the blob's value at a point; give the proof and the value."""
    proof, value = ckzg.compute_kzg_proof(example_blob(), point, setup())
    return bytes(proof), bytes(value)
