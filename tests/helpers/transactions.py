"""Signed transactions of every type, written field by field."""

from dataclasses import dataclass, field, replace
from typing import Any

from coincurve import PrivateKey

from tests.helpers import rlp
from zkattest.crypto.hashing import keccak256

CHAIN_ID = 7886
RECIPIENT = b"\x11" * 20
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def key(number: int) -> PrivateKey:
    return PrivateKey(keccak256(b"key %d" % number))


def address_of(signer: PrivateKey) -> bytes:
    return keccak256(signer.public_key.format(compressed=False)[1:])[12:]


def sign(signer: PrivateKey, digest: bytes) -> tuple[int, int, int]:
    signature = signer.sign_recoverable(digest, hasher=None)
    r, s = (int.from_bytes(signature[at : at + 32], "big") for at in (0, 32))
    return signature[64], r, s


@dataclass(frozen=True)
class Tx:
    """One transaction before it is signed; `signature` replaces the real one where a test wants."""

    type: int = 2
    signer: PrivateKey = field(default_factory=lambda: key(1))
    chain_id: int = CHAIN_ID
    nonce: int = 0
    gas: int = 21_000
    max_fee: int = 10**10
    priority_fee: int = 10**9
    to: bytes = RECIPIENT
    value: int = 1
    data: bytes = b""
    access_list: tuple[Any, ...] = ()
    blob_fee: int = 10**9
    blobs: tuple[bytes, ...] = ()
    authorizations: tuple[Any, ...] = ()
    protected: bool = True
    signature: tuple[int, int, int] | None = None

    def fields(self) -> list[Any]:
        head: list[Any] = [] if self.type == 0 else [self.chain_id]
        fees = [self.max_fee] if self.type < 2 else [self.priority_fee, self.max_fee]
        body = [*head, self.nonce, *fees, self.gas, self.to, self.value, self.data]
        if self.type > 0:
            body.append(self.access_list)
        if self.type == 3:
            body += [self.blob_fee, self.blobs]
        if self.type == 4:
            body.append(self.authorizations)
        return body

    def digest(self) -> bytes:
        fields = self.fields()
        if self.type:
            return keccak256(bytes([self.type]) + rlp.encode(fields))
        return keccak256(rlp.encode([*fields, *([self.chain_id, 0, 0] if self.protected else [])]))

    def signed(self) -> list[int]:
        y_parity, r, s = self.signature or sign(self.signer, self.digest())
        if self.type == 0 and self.signature is None:
            y_parity += 35 + 2 * self.chain_id if self.protected else 27
        return [y_parity, r, s]

    def raw(self) -> bytes:
        prefix = bytes([self.type]) if self.type else b""
        return prefix + rlp.encode([*self.fields(), *self.signed()])

    def but(self, **changes: Any) -> "Tx":
        return replace(self, **changes)

    @property
    def sender(self) -> bytes:
        return address_of(self.signer)


def blob_hash(number: int, version: int = 1) -> bytes:
    return bytes([version]) + keccak256(b"blob %d" % number)[1:]


def authorization(
    signer: PrivateKey, nonce: int = 0, target: bytes = RECIPIENT, chain_id: int = CHAIN_ID
) -> list[Any]:
    digest = keccak256(b"\x05" + rlp.encode([chain_id, target, nonce]))
    return [chain_id, target, nonce, *sign(signer, digest)]
