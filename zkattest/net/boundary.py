"""
Call libp2p: identities, Noise, protocol negotiation, the schema of gossip messages.

The one module that imports libp2p. It has no usable types, so everything that leaves here is cast
to a type of ours. What of the library we leave alone, and why, is in the decision record on
gossip.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from enum import StrEnum
from typing import Any, Protocol

from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.crypto.secp256k1 import Secp256k1PublicKey
from libp2p.crypto.secp256k1 import create_new_key_pair as create_new_secp256k1_pair
from libp2p.crypto.x25519 import create_new_key_pair as create_new_noise_key_pair
from libp2p.exceptions import BaseLibp2pError
from libp2p.identity.identify.pb.identify_pb2 import Identify
from libp2p.peer.id import ID
from libp2p.protocol_muxer.multiselect import Multiselect
from libp2p.protocol_muxer.multiselect_client import MultiselectClient
from libp2p.protocol_muxer.multiselect_communicator import MultiselectCommunicator
from libp2p.pubsub.pb import rpc_pb2
from libp2p.security.noise.transport import PROTOCOL_ID as NOISE_PROTOCOL
from libp2p.security.noise.transport import Transport as NoiseTransport
from noise.exceptions import NoiseInvalidMessage

from zkattest.net.errors import ConnectionLost, PeerError, ProtocolViolation
from zkattest.net.tcp import READ_LIMIT_BYTES, TcpPipe, cut

SEED_BYTES = 32
YAMUX_PROTOCOL = "/yamux/1.0.0"
# The library's own limit counts seconds as an integer; ours is a cancel scope at the call.
NEGOTIATE_TIMEOUT_S = 30
NEGOTIATION_LIMIT_BYTES = 4096
NOISE_LENGTH_BYTES = 2
# A Noise message is 65,535 bytes at most, 16 of which are its tag.
MOST_PLAINTEXT_BYTES = 65519

Rpc = rpc_pb2.RPC
"""One gossip message on the wire: subscriptions, published messages, control."""


class Duplex(Protocol):
    """What a protocol can be negotiated on."""

    async def read(self, n: int | None = None) -> bytes:
        """Return exactly `n` bytes."""

    async def write(self, data: bytes) -> None:
        """Send all of `data`."""


class KeyKind(StrEnum):
    """Name the kind of key that a peer is known by; consensus peers have secp256k1."""

    ED25519 = "ed25519"
    SECP256K1 = "secp256k1"


class Identity:
    """Hold the key that 32 bytes stand for: an Ed25519 seed, or a secp256k1 secret key."""

    def __init__(self, key_seed: bytes, kind: KeyKind = KeyKind.ED25519) -> None:
        if len(key_seed) != SEED_BYTES:
            raise ValueError(f"key seed: {len(key_seed)} bytes, expected {SEED_BYTES}")
        create = create_new_key_pair if kind is KeyKind.ED25519 else create_new_secp256k1_pair
        self._keys: Any = create(key_seed)
        self.peer_id = str(ID.from_pubkey(self._keys.public_key).to_base58())
        self._noise: Any = NoiseTransport(
            self._keys, noise_privkey=create_new_noise_key_pair().private_key
        )

    async def secure_outbound(self, pipe: TcpPipe, peer_id: str) -> SecureChannel:
        """Make the connection that we dialled private, with exactly the peer we meant."""
        expected = decode_peer_id(peer_id)
        await select_outbound(pipe, [NOISE_PROTOCOL])
        return await _shake_hands(self._noise.secure_outbound(pipe, expected), pipe)

    async def secure_inbound(self, pipe: TcpPipe) -> SecureChannel:
        """Make a connection that we accepted private and learn who dialled."""
        await select_inbound(pipe, [NOISE_PROTOCOL])
        return await _shake_hands(self._noise.secure_inbound(pipe), pipe)

    def identify(self, protocols: Sequence[str], address_bytes: bytes) -> bytes:
        """Describe ourselves for `/ipfs/id/1.0.0`; other implementations wait for it."""
        message = Identify(
            protocol_version="eth2/1.0.0",
            agent_version="zkattest",
            public_key=self._keys.public_key.serialize(),
            listen_addrs=[address_bytes],
            protocols=list(protocols),
        )
        encoded: bytes = message.SerializeToString()
        return encoded


class SecureChannel:
    """
    Exchange bytes with one authenticated peer.

    The library's handshake is kept, its session is not: for each message it passes six layers, each
    with a copy of its own, and that cost as much as the cipher.
    https://github.com/libp2p/specs/blob/master/noise/README.md#wire-format
    """

    def __init__(self, session: Any, pipe: TcpPipe) -> None:
        self._pipe = pipe
        self._noise: Any = session.conn.noise_state
        self._left = bytearray()
        self.peer_id = str(session.get_remote_peer().to_base58())

    async def read(self, n: int | None = None) -> bytes:
        """Return exactly `n` bytes or, without `n`, what came next (never nothing)."""
        if n is None:
            return cut(self._left, len(self._left)) if self._left else await self._message()
        if n > READ_LIMIT_BYTES:
            raise ProtocolViolation(f"a frame of {n} bytes before the muxer")
        while len(self._left) < n:
            self._left += await self._message()
        return cut(self._left, n)

    async def _message(self) -> bytes:
        length = int.from_bytes(await self._pipe.read(NOISE_LENGTH_BYTES), "big")
        encrypted = await self._pipe.read(length)
        try:
            message: bytes = self._noise.decrypt(encrypted)
        except NoiseInvalidMessage as error:
            raise ProtocolViolation("Noise") from error
        if not message:
            # As other implementations see it; nothing without end would cost us and never the peer.
            raise ConnectionLost("an empty Noise message")
        return message

    async def write(self, data: bytes) -> None:
        """Send all of `data`, encrypted."""
        for start in range(0, len(data), MOST_PLAINTEXT_BYTES):
            encrypted: bytes = self._noise.encrypt(data[start : start + MOST_PLAINTEXT_BYTES])
            length = len(encrypted).to_bytes(NOISE_LENGTH_BYTES, "big")
            await self._pipe.write(length + encrypted)


async def _shake_hands(handshake: Awaitable[Any], pipe: TcpPipe) -> SecureChannel:
    """Finish a Noise handshake; a stranger can make five libraries raise what they please."""
    try:
        channel = SecureChannel(await handshake, pipe)
    except PeerError:
        raise
    except Exception as error:
        raise ProtocolViolation(f"Noise handshake: {type(error).__name__}") from error
    pipe.lift_limit()
    return channel


class _ShortTalk:
    """Pass on what is read, up to what a negotiation takes: proposals without end cost time."""

    def __init__(self, duplex: Duplex) -> None:
        self._duplex = duplex
        self._left_bytes = NEGOTIATION_LIMIT_BYTES

    async def read(self, n: int | None = None) -> bytes:
        """Return exactly `n` bytes."""
        self._left_bytes -= n or 0
        if self._left_bytes < 0:
            raise ProtocolViolation(f"a negotiation above {NEGOTIATION_LIMIT_BYTES} bytes")
        return await self._duplex.read(n)

    async def write(self, data: bytes) -> None:
        """Send all of `data`."""
        await self._duplex.write(data)


async def select_outbound(duplex: Duplex, protocols: Sequence[str]) -> str:
    """Propose protocols in order of preference; return the one that the other side takes."""
    try:
        selected = await MultiselectClient().select_one_of(
            list(protocols), MultiselectCommunicator(_ShortTalk(duplex)), NEGOTIATE_TIMEOUT_S
        )
    except (BaseLibp2pError, UnicodeDecodeError) as error:
        raise ProtocolViolation(f"none of {list(protocols)}") from error
    return str(selected)


async def select_inbound(duplex: Duplex, protocols: Sequence[str]) -> str:
    """Take the first of our protocols that the other side proposes."""
    server = Multiselect(dict.fromkeys(protocols))
    try:
        communicator = MultiselectCommunicator(_ShortTalk(duplex))
        selected, _ = await server.negotiate(communicator, NEGOTIATE_TIMEOUT_S)
    except (BaseLibp2pError, UnicodeDecodeError) as error:
        raise ProtocolViolation(f"none of {list(protocols)}") from error
    if selected is None:
        raise ProtocolViolation("an empty protocol")
    return str(selected)


def peer_id_of_secp256k1(compressed: bytes) -> str:
    """Return the peer id (base58) of a public key of 33 bytes that is known to be a point."""
    return str(ID.from_pubkey(Secp256k1PublicKey.from_bytes(compressed)).to_base58())


def decode_peer_id(text: str) -> Any:
    """Parse a base58 peer id."""
    try:
        return ID.from_base58(text)
    except ValueError as error:
        raise ValueError(f"peer id {text!r}: {error}") from error


__all__ = [
    "YAMUX_PROTOCOL",
    "Duplex",
    "Identity",
    "KeyKind",
    "Rpc",
    "SecureChannel",
    "decode_peer_id",
    "peer_id_of_secp256k1",
    "select_inbound",
    "select_outbound",
]
