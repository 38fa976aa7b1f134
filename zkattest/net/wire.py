"""
Encode and decode gossip RPCs: protobuf within a varint length prefix.

A frame is judged by its length before it is read and by its shape before it is parsed, because a
parser makes many objects of few bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from google.protobuf.message import DecodeError as ProtobufError

from zkattest.net.boundary import Rpc as RpcProtobuf
from zkattest.net.errors import ProtocolViolation
from zkattest.net.snappy import max_compressed_bytes

PUBLISH_FIELD = 2
LENGTH_DELIMITED = 2
MOST_MESSAGES = 256
MOST_OTHER_FIELDS = 4096
MOST_OTHER_BYTES = 1 << 18
MOST_VARINT_BYTES = 10
PROGRESS_BYTES = 1 << 14
OVERHEAD_BYTES = MOST_OTHER_BYTES + 1024


class ByteSource(Protocol):
    """What frames are read from."""

    async def receive_some(self, limit_bytes: int) -> bytes:
        """Return what came next, at most `limit_bytes` and at least one byte."""


@dataclass(frozen=True, slots=True)
class Published:
    """Carry one published message; `is_anonymous` when no author, number or signature is in it."""

    topics: tuple[str, ...]
    payload: bytes
    is_anonymous: bool = True


@dataclass(frozen=True, slots=True)
class Rpc:
    """Carry what one frame says."""

    subscribe: tuple[str, ...] = ()
    unsubscribe: tuple[str, ...] = ()
    published: tuple[Published, ...] = ()
    graft: tuple[str, ...] = ()
    prune: tuple[tuple[str, int], ...] = ()
    ihave: tuple[tuple[str, tuple[bytes, ...]], ...] = ()
    iwant: tuple[bytes, ...] = ()
    idontwant: tuple[bytes, ...] = ()

    def parts(self) -> Iterator[Rpc]:
        """Yield the same, one message at a time: each may take long to handle."""
        yield replace(self, published=self.published[:1])
        for published in self.published[1:]:
            yield Rpc(published=(published,))

    def control_counts(self, way: str) -> dict[str, int]:
        """Count control messages as `<kind>_<way>`; those that carry ids, by their ids."""
        counts = {
            "graft": len(self.graft),
            "prune": len(self.prune),
            "ihave": sum(len(message_ids) for _, message_ids in self.ihave),
            "iwant": len(self.iwant),
            "idontwant": len(self.idontwant),
        }
        return {f"{kind}_{way}": count for kind, count in counts.items() if count}


def encode_varint(value: int) -> bytes:
    """Encode an unsigned integer in groups of seven bits, lowest first."""
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _no_matter() -> None:
    """Take no note of progress."""


async def read_frame(
    source: ByteSource, limit_bytes: int, progressed: Callable[[], None] = _no_matter
) -> bytes:
    """
    Read one length-prefixed frame; raise before reading one above `limit_bytes`.

    `progressed` is called each time another `PROGRESS_BYTES` of it have come.
    """
    length = 0
    for position in range(MOST_VARINT_BYTES):
        byte = (await source.receive_some(1))[0]
        length |= (byte & 0x7F) << (7 * position)
        if byte < 0x80:
            break
    else:
        raise ProtocolViolation("length prefix without end")
    if length > limit_bytes:
        raise ProtocolViolation(f"frame of {length} bytes, {limit_bytes} allowed")
    # One buffer: a list of what came, two bytes at a time, would take twenty times the memory.
    frame = bytearray()
    noted = 0
    while len(frame) < length:
        frame += await source.receive_some(length - len(frame))
        if len(frame) >= noted + PROGRESS_BYTES:
            noted = len(frame)
            progressed()
    return bytes(frame)


def check_shape(frame: bytes) -> None:
    """Walk the outermost fields; raise when there are more than an honest peer would send."""
    position = messages = others = other_bytes = 0
    while position < len(frame):
        tag, position = _varint_at(frame, position)
        size = 0
        if tag & 7 == LENGTH_DELIMITED:
            size, position = _varint_at(frame, position)
            position += size
        elif tag & 7 == 0:
            _, position = _varint_at(frame, position)
        else:
            raise ProtocolViolation(f"wire type {tag & 7}")
        if tag >> 3 == PUBLISH_FIELD:
            messages += 1
        else:
            others += 1
            other_bytes += size
        if messages > MOST_MESSAGES or others > MOST_OTHER_FIELDS or other_bytes > MOST_OTHER_BYTES:
            raise ProtocolViolation("frame with too many parts")
    if position != len(frame):
        raise ProtocolViolation("frame cut inside a field")


def _varint_at(frame: bytes, position: int) -> tuple[int, int]:
    value = 0
    for index in range(MOST_VARINT_BYTES):
        if position + index >= len(frame):
            raise ProtocolViolation("frame cut inside a number")
        byte = frame[position + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, position + index + 1
    raise ProtocolViolation("number without end")


def decode_rpc(frame: bytes) -> Rpc:
    """Parse a frame; raise `ProtocolViolation` for anything that is no RPC."""
    check_shape(frame)
    message = RpcProtobuf()
    try:
        message.ParseFromString(frame)
    except (ProtobufError, UnicodeDecodeError) as error:
        raise ProtocolViolation("protobuf") from error
    control = message.control
    return Rpc(
        subscribe=tuple(_text(each.topicid) for each in message.subscriptions if each.subscribe),
        unsubscribe=tuple(
            _text(each.topicid) for each in message.subscriptions if not each.subscribe
        ),
        published=tuple(_published(each) for each in message.publish),
        graft=tuple(_text(each.topicID) for each in control.graft),
        prune=tuple((_text(each.topicID), int(each.backoff)) for each in control.prune),
        ihave=tuple((_text(each.topicID), tuple(each.messageIDs)) for each in control.ihave),
        iwant=tuple(each for entry in control.iwant for each in entry.messageIDs),
        idontwant=tuple(each for entry in control.idontwant for each in entry.messageIDs),
    )


def _published(entry: Any) -> Published:
    signed = (entry.from_id, entry.seqno, entry.signature, entry.key)
    topics = tuple(_text(topic) for topic in entry.topicIDs)
    return Published(topics, entry.data, is_anonymous=not any(signed))


def _text(value: object) -> str:
    # The parser hands out strings that are no UTF-8 as bytes.
    if not isinstance(value, str):
        raise ProtocolViolation("a topic that is no text")
    return value


def encode_rpc(rpc: Rpc) -> bytes:
    """Return the frame of an RPC, its length prefix included."""
    message = RpcProtobuf()
    for topic in rpc.subscribe:
        message.subscriptions.add(subscribe=True, topicid=topic)
    for topic in rpc.unsubscribe:
        message.subscriptions.add(subscribe=False, topicid=topic)
    for published in rpc.published:
        message.publish.add(data=published.payload, topicIDs=published.topics)
    _encode_control(rpc, message)
    encoded: bytes = message.SerializeToString()
    return encode_varint(len(encoded)) + encoded


def encode_published(topic: str, payload: bytes) -> bytes:
    """
    Return the frame that publishes one message.

    By hand, because protobuf's encoder copies a payload of megabytes several times.
    """
    name = topic.encode()
    topic_field = b"\x22" + encode_varint(len(name)) + name
    data_head = b"\x12" + encode_varint(len(payload))
    size = len(data_head) + len(payload) + len(topic_field)
    rpc_head = b"\x12" + encode_varint(size)
    frame_head = encode_varint(len(rpc_head) + size)
    return b"".join((frame_head, rpc_head, data_head, payload, topic_field))


def _encode_control(rpc: Rpc, message: Any) -> None:
    for topic in rpc.graft:
        message.control.graft.add(topicID=topic)
    for topic, backoff_s in rpc.prune:
        message.control.prune.add(topicID=topic, backoff=backoff_s)
    for topic, message_ids in rpc.ihave:
        message.control.ihave.add(topicID=topic, messageIDs=message_ids)
    if rpc.iwant:
        message.control.iwant.add(messageIDs=rpc.iwant)
    if rpc.idontwant:
        message.control.idontwant.add(messageIDs=rpc.idontwant)


def frame_limit_bytes(topic_limits: Iterable[int]) -> int:
    """Bound a frame: the largest message compressed as badly as can be, and control."""
    return max(map(max_compressed_bytes, topic_limits), default=0) + OVERHEAD_BYTES
