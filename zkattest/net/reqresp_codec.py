"""
Write and read requests and responses (`ssz_snappy`), without I/O: bytes in, payloads out.

A payload is its length as a varint, then its SSZ in snappy frames. The length is held against the
bounds of the type before a frame is read; every frame's own size is held against what is left of
the length before it is decompressed; no more than `max_compressed_len` bytes are ever kept.

https://github.com/google/snappy/blob/main/framing_format.txt
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import cramjam

from zkattest.net.errors import ProtocolViolation
from zkattest.net.reqresp_protocols import MAX_PAYLOAD_BYTES, RequestProtocol
from zkattest.net.snappy import SnappyError, announced_length, max_compressed_bytes
from zkattest.net.wire import encode_varint

MAX_VARINT_BYTES: Final = 10
MAX_ERROR_MESSAGE_BYTES: Final = 256
MAX_FRAME_DATA_BYTES: Final = 65536
_STREAM_IDENTIFIER: Final = b"\xff\x06\x00\x00sNaPpY"
_FRAME_HEAD_BYTES: Final = 4
_CHECKSUM_BYTES: Final = 4
_COMPRESSED, _UNCOMPRESSED, _FIRST_SKIPPABLE = 0x00, 0x01, 0x80


class ResponseCode(IntEnum):
    """Say how a request went; other codes are errors without a name."""

    SUCCESS = 0
    INVALID_REQUEST = 1
    SERVER_ERROR = 2
    RESOURCE_UNAVAILABLE = 3


class MalformedPayload(ProtocolViolation):
    """The other side sent bytes that are no request or response of this protocol."""


class ResponseError(Exception):
    """
    The other side answered with an error; no fault of anybody's by itself.

    `code` is the response code (1 to 255), `message` what was said, at most 256 bytes.
    """

    def __init__(self, code: int, message: bytes) -> None:
        """Keep both; the message may be any bytes."""
        super().__init__(f"response code {code}: {message[:MAX_ERROR_MESSAGE_BYTES]!r}")
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class ResponseChunk:
    """Hold one successful chunk: its context and the SSZ of its payload."""

    context: bytes
    payload: bytes


def encode_payload(ssz_bytes: bytes) -> bytes:
    """Write the length and the snappy frames."""
    return encode_varint(len(ssz_bytes)) + bytes(cramjam.snappy.compress(ssz_bytes))


def encode_request(ssz_bytes: bytes | None) -> bytes:
    """Write a request; None is one without content, which is no bytes at all."""
    return b"" if ssz_bytes is None else encode_payload(ssz_bytes)


def encode_chunk(ssz_bytes: bytes, context: bytes = b"") -> bytes:
    """Write a successful chunk."""
    return bytes([ResponseCode.SUCCESS]) + context + encode_payload(ssz_bytes)


def encode_error(code: ResponseCode, message: str) -> bytes:
    """Write an error chunk; the message is cut to 256 bytes."""
    return bytes([code]) + encode_payload(message.encode()[:MAX_ERROR_MESSAGE_BYTES])


class PayloadDecoder:
    """Read one payload from bytes as they come; what follows it stays in `rest`."""

    def __init__(self, least_bytes: int, most_bytes: int) -> None:
        """Bound the SSZ in bytes; the global bound holds besides."""
        self._least_bytes = least_bytes
        self._most_bytes = min(most_bytes, MAX_PAYLOAD_BYTES)
        self._size_bytes: int | None = None
        self._found_bytes = 0
        self._taken_bytes = 0
        self._identified = False
        self._frames = bytearray()
        self.rest = bytearray()

    @property
    def size_bytes(self) -> int | None:
        """Return the announced length of the SSZ once it is known."""
        return self._size_bytes

    def feed(self, data: bytes) -> bytes | None:
        """Take bytes; return the payload when it is whole, raise `MalformedPayload`."""
        self.rest += data
        if self._size_bytes is None:
            self._size_bytes = self._take_length()
        if self._size_bytes is None:
            return None
        while self._found_bytes < self._size_bytes:
            if not self._take_frame(self._size_bytes):
                return None
        return self._decompress(self._size_bytes)

    def _take_length(self) -> int | None:
        length = 0
        for position, byte in enumerate(self.rest[:MAX_VARINT_BYTES]):
            length |= (byte & 0x7F) << (7 * position)
            if byte < 0x80:
                if byte == 0 and position:
                    raise MalformedPayload("a length with redundant bytes")
                if not self._least_bytes <= length <= self._most_bytes:
                    wanted = f"{self._least_bytes} to {self._most_bytes}"
                    raise MalformedPayload(f"a payload of {length} bytes, expected {wanted}")
                del self.rest[: position + 1]
                return length
        if len(self.rest) >= MAX_VARINT_BYTES:
            raise MalformedPayload(f"a length of more than {MAX_VARINT_BYTES} bytes")
        return None

    def _take_frame(self, size_bytes: int) -> bool:
        if len(self.rest) < _FRAME_HEAD_BYTES:
            return False
        kind, body_bytes = self.rest[0], int.from_bytes(self.rest[1:_FRAME_HEAD_BYTES], "little")
        end = _FRAME_HEAD_BYTES + body_bytes
        if self._taken_bytes + end > max_compressed_bytes(size_bytes):
            raise MalformedPayload(f"more than {max_compressed_bytes(size_bytes)} bytes of frames")
        # What a frame announces is judged by its head, before its body has come.
        if kind in {_COMPRESSED, _UNCOMPRESSED} and body_bytes < _CHECKSUM_BYTES:
            raise MalformedPayload(f"a frame of {body_bytes} bytes")
        if len(self.rest) < end:
            return False
        frame = bytes(self.rest[:end])
        self._judge_frame(kind, frame, size_bytes)
        self._taken_bytes += end
        del self.rest[:end]
        return True

    def _judge_frame(self, kind: int, frame: bytes, size_bytes: int) -> None:
        if frame == _STREAM_IDENTIFIER:
            # It may be repeated; the decompressor needs it once.
            self._identified = True
            return
        if not self._identified:
            raise MalformedPayload("frames without a stream identifier")
        if kind not in {_COMPRESSED, _UNCOMPRESSED}:
            if not _FIRST_SKIPPABLE <= kind < 0xFF:
                raise MalformedPayload(f"a frame of kind {kind:#04x}")
            return
        data_bytes = _data_bytes(kind, frame)
        if not data_bytes or data_bytes > min(MAX_FRAME_DATA_BYTES, size_bytes - self._found_bytes):
            raise MalformedPayload(f"a frame of {data_bytes} bytes where fewer are left, or none")
        self._found_bytes += data_bytes
        self._frames += frame

    def _decompress(self, size_bytes: int) -> bytes:
        if not size_bytes:
            return b""
        try:
            payload = bytes(cramjam.snappy.decompress(_STREAM_IDENTIFIER + bytes(self._frames)))
        except cramjam.DecompressionError as error:
            raise MalformedPayload("snappy frames that do not decompress") from error
        if len(payload) != size_bytes:
            raise MalformedPayload(f"{len(payload)} bytes, {size_bytes} announced")
        self._frames.clear()
        return payload


class RequestDecoder:
    """Read one request from bytes as they come; its end is the end of the stream."""

    def __init__(self, protocol: RequestProtocol) -> None:
        """Take the bounds from the protocol."""
        kind = protocol.request
        self._payload: bytes | None = b"" if kind is None else None
        self._decoder = None if kind is None else PayloadDecoder(kind.least_bytes, kind.most_bytes)
        self._after = bytearray()

    @property
    def is_whole(self) -> bool:
        """Say whether everything that was announced is there; the end may still be missing."""
        return self._payload is not None

    def feed(self, data: bytes) -> None:
        """Take bytes; raise `MalformedPayload` as soon as they cannot become a request."""
        if self._payload is None and self._decoder is not None:
            self._payload = self._decoder.feed(data)
            self._after = self._decoder.rest
        else:
            self._after += data
        # Writers of nothing may still write the identifier that a stream of frames begins with.
        if self._payload is not None and not _STREAM_IDENTIFIER.startswith(self._after):
            raise MalformedPayload("bytes after the request")
        if self._payload and self._after:
            raise MalformedPayload("bytes after the request")

    def finish(self) -> bytes:
        """Return the SSZ of the request when the stream has ended."""
        if self._payload is None:
            raise MalformedPayload("a stream that ended inside a request")
        return self._payload


class ResponseDecoder:
    """Read the chunks of a response from bytes as they come."""

    def __init__(self, protocol: RequestProtocol, most_chunks: int | None = None) -> None:
        """Take the bounds from the protocol; `most_chunks` is what was asked for."""
        self._protocol = protocol
        self._most_chunks = min(protocol.most_chunks, most_chunks or protocol.most_chunks)
        self._chunks = 0
        self._head = bytearray()
        self._decoder: PayloadDecoder | None = None
        self._failure: ResponseError | MalformedPayload | None = None

    @property
    def is_complete(self) -> bool:
        """Say whether as many chunks came as were asked for."""
        return self._chunks >= self._most_chunks

    def feed(self, data: bytes) -> list[ResponseChunk]:
        """
        Take bytes and return the chunks that they complete.

        Whatever is wrong with what follows them is raised by `check`.
        """
        chunks: list[ResponseChunk] = []
        try:
            self._read(data, chunks)
        except (ResponseError, MalformedPayload) as error:
            self._failure = error
        return chunks

    def check(self) -> None:
        """
        Raise what ended the response.

        `ResponseError` when the other side answered with an error, `MalformedPayload` when it
        broke the protocol.
        """
        if self._failure is not None:
            raise self._failure

    def _read(self, data: bytes, chunks: list[ResponseChunk]) -> None:
        while True:
            if self._decoder is None:
                self._head += data
                if self.is_complete and self._head:
                    raise MalformedPayload("more chunks than were asked for")
                rest = self._open_chunk()
                if rest is None:
                    return
                data = rest
            chunk = self._feed_chunk(data)
            if chunk is None:
                return
            chunks.append(chunk)
            data = b""

    def finish(self) -> None:
        """Accept the end of the stream; raise as `check`, and `MalformedPayload` inside a chunk."""
        self.check()
        if self._decoder is not None or self._head:
            raise MalformedPayload("a stream that ended inside a response")

    def _open_chunk(self) -> bytes | None:
        """Return what follows the head of a chunk once the head is whole."""
        if not self._head:
            return None
        is_error = self._head[0] != ResponseCode.SUCCESS
        head_bytes = 1 + (0 if is_error else self._protocol.context_bytes)
        if len(self._head) < head_bytes:
            return None
        kind = self._protocol.response
        self._decoder = (
            PayloadDecoder(0, MAX_ERROR_MESSAGE_BYTES)
            if is_error
            else PayloadDecoder(kind.least_bytes, kind.most_bytes)
        )
        rest = bytes(self._head[head_bytes:])
        del self._head[head_bytes:]
        return rest

    def _feed_chunk(self, data: bytes) -> ResponseChunk | None:
        decoder = self._decoder
        if decoder is None:
            raise AssertionError("no chunk is open")
        payload = decoder.feed(data)
        if payload is None:
            return None
        if self._head[0] != ResponseCode.SUCCESS:
            raise ResponseError(self._head[0], payload)
        chunk = ResponseChunk(bytes(self._head[1:]), payload)
        self._chunks += 1
        self._head, self._decoder = decoder.rest, None
        return chunk


def _data_bytes(kind: int, frame: bytes) -> int:
    body = frame[_FRAME_HEAD_BYTES + _CHECKSUM_BYTES :]
    if kind == _UNCOMPRESSED:
        return len(body)
    try:
        return announced_length(body)
    except SnappyError as error:
        raise MalformedPayload("a frame without a length") from error
