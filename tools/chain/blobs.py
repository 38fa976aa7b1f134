"""One real blob: its KZG commitment and the versioned hash that a transaction names."""

from hashlib import sha256
from pathlib import Path
from typing import Final

import ckzg
import eth_account

from tools.chain.cast import derive

# Mainnet's ceremony output, as eth-account ships it.
SETUP = (
    Path(eth_account.__file__).parent / "typed_transactions/blob_transactions/kzg_trusted_setup.txt"
)
FIELD_ELEMENTS: Final = 4096
VERSION_KZG: Final = b"\x01"


def example_blob() -> bytes:
    """Fill every field element; a leading zero byte keeps each below the modulus."""
    return b"".join(b"\0" + derive(f"blob/{index}")[1:] for index in range(FIELD_ELEMENTS))


def versioned_hash(blob: bytes) -> bytes:
    """Commit to the blob and hash the commitment (EIP-4844)."""
    commitment = ckzg.blob_to_kzg_commitment(blob, ckzg.load_trusted_setup(str(SETUP), 0))
    return VERSION_KZG + sha256(commitment).digest()[1:]
