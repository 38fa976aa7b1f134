"""Decompress the framing format of snappy into a buffer that is sized beforehand."""

from typing import Final

import cramjam

from zkattest.net.snappy import SnappyError

STREAM_IDENTIFIER: Final = b"\xff\x06\x00\x00sNaPpY"


def decompress_frames(data: bytes, limit_bytes: int) -> bytes:
    """Decompress a whole stream of frames of at most `limit_bytes`; raises `SnappyError`."""
    if not data.startswith(STREAM_IDENTIFIER):
        raise SnappyError("no stream identifier")
    # The buffer is the bound: a stream that would fill more fails.
    buffer = bytearray(limit_bytes)
    try:
        size_bytes = cramjam.snappy.decompress_into(data, buffer)
    except cramjam.DecompressionError as error:
        raise SnappyError(str(error)) from None
    return bytes(buffer[:size_bytes])
