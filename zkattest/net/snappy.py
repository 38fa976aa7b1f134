"""Compress and decompress raw snappy blocks; the announced size is judged before any work."""

import cramjam

# The format: at most 32 bits, in groups of seven.
PREAMBLE_LIMIT_BYTES = 5
LENGTH_LIMIT = 1 << 32
# The densest element copies 64 bytes and takes 3.
MOST_BYTES_PER_BYTE = 22


class SnappyError(Exception):
    """The payload is no snappy block, or announces more than its topic allows."""


def compress(data: bytes) -> bytes:
    """Return the raw snappy block of `data`."""
    return bytes(cramjam.snappy.compress_raw(data))


def max_compressed_bytes(size_bytes: int) -> int:
    """Bound the raw snappy block of `size_bytes` bytes, as the reference compressor does."""
    return 32 + size_bytes + size_bytes // 6


def announced_length(block: bytes) -> int:
    """Read the decompressed length at the head of a raw snappy block."""
    length = 0
    for position, byte in enumerate(block[:PREAMBLE_LIMIT_BYTES]):
        length |= (byte & 0x7F) << (7 * position)
        if byte < 0x80:
            if length >= LENGTH_LIMIT:
                break
            return length
    raise SnappyError("no decompressed length")


def decompress(block: bytes, limit_bytes: int) -> bytes:
    """Decompress a raw snappy block of at most `limit_bytes`; raise `SnappyError` otherwise."""
    length = announced_length(block)
    if length > limit_bytes:
        raise SnappyError(f"{length} bytes announced, {limit_bytes} allowed")
    # Nobody's compressor is that bad: peers would have to carry what one of them inflated.
    if len(block) > max_compressed_bytes(length):
        raise SnappyError(f"{len(block)} bytes for {length}")
    # The decompressor allocates what is announced, so a few bytes must not announce megabytes.
    if length > MOST_BYTES_PER_BYTE * len(block):
        raise SnappyError(f"{length} bytes announced by a block of {len(block)}")
    try:
        data = bytes(cramjam.snappy.decompress_raw(block))
    except cramjam.DecompressionError as error:
        raise SnappyError(str(error)) from error
    if len(data) != length:
        raise SnappyError(f"{len(data)} bytes, {length} announced")
    return data
