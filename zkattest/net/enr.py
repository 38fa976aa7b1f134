"""
Build, sign, read and verify Ethereum node records (EIP-778, identity scheme "v4").

The one importer of `rlp`. Reading goes from cheap to dear: size, text, RLP, order of keys, then
the signature. What a record claims beyond that (address, fork, awareness of proofs) is read by
the properties of `NodeRecord`, each of which refuses a malformed entry by name.

https://eips.ethereum.org/EIPS/eip-778
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final, TypeAlias, cast

import rlp
from rlp.exceptions import RLPException

from zkattest.crypto.hashing import keccak256
from zkattest.net.address import Address
from zkattest.net.secp256k1 import InvalidKey, PublicKey, SecretKey, peer_id_of_key
from zkattest.types.errors import DecodeError
from zkattest.types.peering import ATTNETS_BYTES, SYNCNETS_BYTES, ENRForkID

MAX_RECORD_BYTES: Final = 300
TEXT_PREFIX: Final = "enr:"
# Base64 without padding, of the largest record.
MAX_TEXT_CHARACTERS: Final = len(TEXT_PREFIX) + (MAX_RECORD_BYTES * 4 + 2) // 3
IDENTITY_SCHEME: Final = b"v4"
SIGNATURE_BYTES: Final = 64

Value: TypeAlias = "bytes | list[Value]"


class RecordError(DecodeError):
    """Say which part of a node record is malformed, and how."""


class RecordTooLarge(ValueError):
    """Say that a record of ours would have more than 300 bytes; a mistake of the caller."""


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """
    Hold a record whose signature has been verified.

    `entries` are the key/value pairs besides `id` and `secp256k1`, values as RLP has them.
    """

    seq: int
    public_key: PublicKey
    signature: bytes
    entries: Mapping[bytes, Value] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def node_id(self) -> bytes:
        """Return the node's address in the discovery network: 32 bytes."""
        return keccak256(self.public_key.uncompressed)

    @property
    def peer_id(self) -> str:
        """Return the libp2p peer id (base58) of the record's key."""
        return peer_id_of_key(self.public_key)

    @property
    def ip4(self) -> ipaddress.IPv4Address | None:
        """Return the IPv4 address; raise `RecordError` for one that has not four bytes."""
        value = self._sized(b"ip", 4)
        return None if value is None else ipaddress.IPv4Address(value)

    @property
    def ip6(self) -> ipaddress.IPv6Address | None:
        """Return the IPv6 address; raise `RecordError` for one that has not 16 bytes."""
        value = self._sized(b"ip6", 16)
        return None if value is None else ipaddress.IPv6Address(value)

    @property
    def tcp(self) -> int | None:
        """Return the TCP port; raise `RecordError` when it is none."""
        return self._port(b"tcp")

    @property
    def tcp6(self) -> int | None:
        """Return the TCP port for IPv6, which is that for IPv4 unless the record says otherwise."""
        port = self._port(b"tcp6")
        return self.tcp if port is None else port

    @property
    def udp(self) -> int | None:
        """Return the UDP port; raise `RecordError` when it is none."""
        return self._port(b"udp")

    @property
    def eth2(self) -> ENRForkID | None:
        """Return the fork; raise `RecordError` for an entry that is no `ENRForkID`."""
        value = self._sized(b"eth2", 16)
        return None if value is None else ENRForkID.decode(value)

    @property
    def attnets(self) -> bytes | None:
        """Return the attestation subnets, 8 bytes."""
        return self._sized(b"attnets", ATTNETS_BYTES)

    @property
    def syncnets(self) -> bytes | None:
        """Return the sync committee subnets, one byte."""
        return self._sized(b"syncnets", SYNCNETS_BYTES)

    @property
    def eproof(self) -> int | None:
        """Return the awareness of execution proofs, a Uint8; zero is as good as none."""
        # SSZ writes zero as one zero byte, RLP as an empty string: both are met.
        value = self._bytes(b"eproof")
        if value is not None and len(value) > 1:
            raise RecordError("eproof", f"{len(value)} bytes, expected 1")
        return None if value is None else int.from_bytes(value, "big")

    @property
    def address(self) -> str | None:
        """Return the multiaddr of the TCP endpoint with the peer id, IPv4 before IPv6."""
        if self.ip4 is not None and self.tcp:
            return str(Address("ip4", str(self.ip4), self.tcp, self.peer_id))
        if self.ip6 is not None and self.tcp6:
            return str(Address("ip6", str(self.ip6), self.tcp6, self.peer_id))
        return None

    def encode(self) -> bytes:
        """Write the record as RLP."""
        return cast("bytes", rlp.encode([self.signature, *_content(self)]))

    def __str__(self) -> str:
        """Write the record as text: `enr:…`."""
        return TEXT_PREFIX + base64.urlsafe_b64encode(self.encode()).decode().rstrip("=")

    def _bytes(self, key: bytes) -> bytes | None:
        value = self.entries.get(key)
        if isinstance(value, list):
            raise RecordError(key.decode(), "a list, expected bytes")
        return value

    def _sized(self, key: bytes, size_bytes: int) -> bytes | None:
        value = self._bytes(key)
        if value is not None and len(value) != size_bytes:
            raise RecordError(key.decode(), f"{len(value)} bytes, expected {size_bytes}")
        return value

    def _port(self, key: bytes) -> int | None:
        value = self._bytes(key)
        if value is None:
            return None
        if not 1 <= len(value) <= 2 or value[0] == 0:
            raise RecordError(key.decode(), f"0x{value.hex()} is no port")
        return int.from_bytes(value, "big")


def port_entry(port: int) -> bytes:
    """Write a port as an entry's value; raise `ValueError` outside 1 to 65535."""
    if not 0 < port < 1 << 16:
        raise ValueError(f"port {port}")
    return port.to_bytes((port.bit_length() + 7) // 8, "big")


def sign_record(secret_key: SecretKey, seq: int, entries: Mapping[bytes, Value]) -> NodeRecord:
    """
    Make and sign a record; `id` and `secp256k1` are added.

    Raises `RecordTooLarge` above 300 bytes and `ValueError` for a sequence number outside uint64.
    """
    if not 0 <= seq < 1 << 64:
        raise ValueError(f"sequence number {seq}")
    unsigned = NodeRecord(seq, secret_key.public_key, b"", MappingProxyType(dict(entries)))
    signature = secret_key.sign_hash(keccak256(rlp.encode(_content(unsigned))))
    record = NodeRecord(seq, unsigned.public_key, signature, unsigned.entries)
    size_bytes = len(record.encode())
    if size_bytes > MAX_RECORD_BYTES:
        raise RecordTooLarge(f"{size_bytes} bytes, {MAX_RECORD_BYTES} allowed")
    return record


def parse_record(text: str) -> NodeRecord:
    """Read and verify `enr:…`; raise `RecordError` for anything else."""
    if len(text) > MAX_TEXT_CHARACTERS:
        raise RecordError("enr", f"{len(text)} characters, {MAX_TEXT_CHARACTERS} allowed")
    if not text.startswith(TEXT_PREFIX):
        raise RecordError("enr", f"does not begin with {TEXT_PREFIX}")
    digits = text.removeprefix(TEXT_PREFIX)
    # The decoder skips what is no base64 unless it is told to validate the other alphabet.
    if not digits.isascii() or not digits.replace("-", "").replace("_", "").isalnum():
        raise RecordError("enr", "is no URL-safe base64 without padding")
    try:
        data = base64.urlsafe_b64decode(digits + "=" * (-len(digits) % 4))
    except binascii.Error as error:
        raise RecordError("enr", "is no URL-safe base64 without padding") from error
    # The last character may have bits that stand for nothing; one record has one text.
    if base64.urlsafe_b64encode(data).decode().rstrip("=") != digits:
        raise RecordError("enr", "is no canonical base64")
    return decode_record(data)


def decode_record(data: bytes) -> NodeRecord:
    """Read and verify a record's RLP; raise `RecordError` for anything else."""
    if len(data) > MAX_RECORD_BYTES:
        raise RecordError("record", f"{len(data)} bytes, {MAX_RECORD_BYTES} allowed")
    try:
        items: Any = rlp.decode(data, strict=True)
    except RLPException as error:
        raise RecordError("record", "is no canonical RLP") from error
    if not isinstance(items, list) or len(items) < 2 or len(items) % 2:
        raise RecordError("record", "is no list of a signature, a number and pairs")
    signature, seq, pairs = items[0], items[1], _pairs(items[2:])
    if not isinstance(signature, bytes) or len(signature) != SIGNATURE_BYTES:
        raise RecordError("signature", f"expected {SIGNATURE_BYTES} bytes")
    if not isinstance(seq, bytes) or len(seq) > 8 or seq[:1] == b"\0":
        raise RecordError("seq", "is no canonical uint64")
    if pairs.pop(b"id", None) != IDENTITY_SCHEME:
        raise RecordError("id", "is not v4")
    public_key = _public_key(pairs.pop(b"secp256k1", None))
    number = int.from_bytes(seq, "big")
    record = NodeRecord(number, public_key, signature, MappingProxyType(pairs))
    if not public_key.verify_hash(signature, keccak256(rlp.encode(items[1:]))):
        raise RecordError("signature", "is not the key's")
    return record


def _pairs(items: list[Any]) -> dict[bytes, Value]:
    keys = items[::2]
    if not all(isinstance(key, bytes) for key in keys):
        raise RecordError("record", "a key is a list")
    if any(low >= high for low, high in pairwise(keys)):
        raise RecordError("record", "keys are not in order, or not unique")
    return dict(zip(keys, items[1::2], strict=True))


def _public_key(value: Any) -> PublicKey:
    if not isinstance(value, bytes):
        raise RecordError("secp256k1", "is missing")
    try:
        return PublicKey(value)
    except InvalidKey as error:
        raise RecordError("secp256k1", str(error)) from error


def _content(record: NodeRecord) -> list[Value]:
    pairs: dict[bytes, Value] = {
        **record.entries,
        b"id": IDENTITY_SCHEME,
        b"secp256k1": record.public_key.compressed,
    }
    seq = record.seq.to_bytes((record.seq.bit_length() + 7) // 8, "big")
    return [seq, *(part for key in sorted(pairs) for part in (key, pairs[key]))]
