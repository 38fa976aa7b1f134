"""Snappy blocks: what is announced is judged before anything is decompressed."""

import tracemalloc

import pytest

from zkattest.net import snappy

MIB = 1 << 20


def test_decompress__returns_what_was_compressed() -> None:
    data = bytes(range(256)) * 4096
    assert snappy.decompress(snappy.compress(data), len(data)) == data


def test_decompress__reads_a_block_made_by_hand() -> None:
    assert snappy.decompress(bytes.fromhex("0510") + b"hello", 5) == b"hello"


def test_decompress__refuses_more_than_the_topic_allows() -> None:
    block = snappy.compress(bytes(1001))
    with pytest.raises(snappy.SnappyError, match="1001 bytes announced, 1000 allowed"):
        snappy.decompress(block, 1000)


def test_decompress__refuses_a_bomb_without_allocating_it() -> None:
    bomb = snappy.compress(bytes(512 * MIB))
    tracemalloc.start()
    with pytest.raises(snappy.SnappyError):
        snappy.decompress(bomb, 10 * MIB)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < MIB


def test_decompress__refuses_megabytes_announced_by_a_few_bytes() -> None:
    with pytest.raises(snappy.SnappyError, match="announced by a block of 14"):
        snappy.decompress(bytes.fromhex("80808004") + b"x" * 10, 10 * MIB)


def test_decompress__allows_the_densest_block() -> None:
    data = bytes(MIB)
    assert snappy.decompress(snappy.compress(data), MIB) == data


@pytest.mark.parametrize(
    "block",
    [b"", b"\xff" * 8, b"\x80\x80\x80\x80\x10", b"\x05", b"\x05abc", b"\x01\x00ab", b"\x02\x00a"],
    ids=["empty", "endless", "33 bits", "missing", "garbage", "trailing", "short"],
)
def test_decompress__refuses_what_is_no_block(block: bytes) -> None:
    with pytest.raises(snappy.SnappyError):
        snappy.decompress(block, MIB)


def test_decompress__refuses_a_block_that_is_longer_than_any_compressor_makes_it() -> None:
    inflated = bytes([100]) + b"\x00a" * 100
    with pytest.raises(snappy.SnappyError, match="201 bytes for 100"):
        snappy.decompress(inflated, 100)
    honest = bytes([100]) + b"\xf0\x63" + bytes(100)
    assert snappy.decompress(honest, 100) == bytes(100)
