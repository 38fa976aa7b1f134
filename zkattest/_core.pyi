# Types of the Rust extension; `mypy.stubtest` compares this file with the real module.
# Every function releases the GIL. A panic is `CannotCheck`, a broken contract is `ValueError`.

from collections.abc import Sequence
from typing import Any, Final, final

__all__ = [
    "PROOF_SYSTEMS",
    "AccountReader",
    "CannotCheck",
    "ChainBuilder",
    "KeyCache",
    "ProofVerifier",
    "Refused",
    "Transactions",
    "bls_public_key",
    "bls_secret_key",
    "bls_sign",
    "bls_verify",
    "byte_list_root",
    "byte_lists_root",
    "decode_block",
    "decode_header",
    "decode_osaka_header",
    "execute_block",
    "keccak256",
    "list_root",
    "merkleize",
    "run_statement",
    "withdrawals_root",
]

# --- errors.rs ---
class Refused(Exception):
    args: tuple[str, dict[str, int | bytes | str]]

class CannotCheck(Exception):
    args: tuple[str, str]

# --- hashing.rs ---
def keccak256(data: bytes) -> bytes: ...
def byte_list_root(data: bytes, limit_bytes: int) -> bytes: ...
def byte_lists_root(items: Sequence[bytes], limit_bytes: int, limit_items: int) -> bytes: ...
def merkleize(data: bytes, limit_chunks: int) -> bytes: ...

# --- bls.rs ---
def bls_secret_key(seed: bytes) -> bytes: ...
def bls_public_key(secret_key: bytes) -> bytes: ...
def bls_sign(secret_key: bytes, message: bytes) -> bytes: ...
def bls_verify(public_key: bytes, message: bytes, signature: bytes) -> bool: ...

# --- proofs.rs ---
PROOF_SYSTEMS: Final[tuple[str, ...]]

@final
class ProofVerifier:
    def __new__(
        cls, system: str, program_vk: bytes, verifier_key: bytes | None = None
    ) -> ProofVerifier: ...
    @property
    def max_proof_bytes(self) -> int: ...
    @property
    def circuit_version(self) -> str: ...
    def verify(
        self, proof: bytes, public_values: bytes | None = None
    ) -> tuple[bytes, int, int, str]: ...

# --- blocks.rs ---
@final
class Transactions:
    def raw(self) -> tuple[bytes, ...]: ...
    def root(self) -> bytes: ...
    def senders(
        self, hints: Sequence[bytes | None] | None = None, keys: KeyCache | None = None
    ) -> tuple[bytes, bytes, list[bytes], list[tuple[int, bytes | None]]]: ...

@final
class KeyCache:
    def __new__(cls, capacity: int) -> KeyCache: ...

@final
class AccountReader:
    def __new__(
        cls, nodes: Sequence[bytes], codes: Sequence[bytes], root: bytes
    ) -> AccountReader: ...
    def accounts(
        self, addresses: Sequence[bytes], max_steps: int
    ) -> list[tuple[int, int, bytes] | tuple[str, str] | None]: ...

def decode_block(
    data: bytes, max_bytes: int, max_transactions: int
) -> tuple[
    dict[str, Any],
    bytes,
    dict[str, bytes],
    Transactions,
    int,
    list[tuple[int, int, bytes, int]],
]: ...
def decode_header(data: bytes) -> tuple[dict[str, Any], bytes]: ...
def decode_osaka_header(data: bytes) -> tuple[dict[str, Any], bytes]: ...
def list_root(items: Sequence[bytes]) -> bytes: ...
def withdrawals_root(withdrawals: Sequence[tuple[int, int, bytes, int]]) -> bytes: ...

# --- execution.rs ---
def run_statement(data: bytes) -> bytes: ...
def execute_block(
    chain_id: int,
    block: bytes,
    state: Sequence[bytes],
    codes: Sequence[bytes],
    headers: Sequence[bytes],
) -> tuple[bytes, int, str | None]: ...

# --- builder.rs ---
@final
class ChainBuilder:
    def __new__(cls, genesis_json: str) -> ChainBuilder: ...
    def head(self) -> tuple[bytes, bytes]: ...
    def build_block(self, plan_json: str) -> tuple[bytes, bytes, str]: ...
