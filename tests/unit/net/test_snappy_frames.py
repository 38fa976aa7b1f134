"""Frames of snappy: what other programs write, and every way in which a stream can be wrong."""

import cramjam
import pytest

from zkattest.net.snappy import SnappyError
from zkattest.net.snappy_frames import decompress_frames

PLAIN = b"proof" * 50_000
FRAMES = bytes(cramjam.snappy.compress(PLAIN))
IDENTIFIER = b"\xff\x06\x00\x00sNaPpY"


def test_frames__decompressed_at_the_bound_and_not_one_byte_over():
    assert decompress_frames(FRAMES, len(PLAIN)) == PLAIN
    with pytest.raises(SnappyError):
        decompress_frames(FRAMES, len(PLAIN) - 1)


def test_frames__empty_stream_is_nothing():
    assert decompress_frames(IDENTIFIER, 10) == b""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        IDENTIFIER[:-1],
        FRAMES[1:],
        FRAMES[:-1],
        FRAMES + b"x",
        IDENTIFIER + b"\x00\xff\xff\xff",
        IDENTIFIER + b"\x02\x00\x00\x00",
        FRAMES[:20] + bytes([FRAMES[20] ^ 1]) + FRAMES[21:],
    ],
    ids=["empty", "identifier", "head", "cut", "extended", "length", "kind", "checksum"],
)
def test_frames__refused(data):
    with pytest.raises(SnappyError, match=r"."):
        decompress_frames(data, len(PLAIN))
