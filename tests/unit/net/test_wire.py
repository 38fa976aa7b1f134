"""Frames of gossip RPCs."""

import tracemalloc

import pytest

from zkattest.net.errors import ProtocolViolation, StreamEnded
from zkattest.net.wire import (
    MOST_MESSAGES,
    MOST_OTHER_FIELDS,
    PROGRESS_BYTES,
    Published,
    Rpc,
    check_shape,
    decode_rpc,
    encode_published,
    encode_rpc,
    encode_varint,
    frame_limit_bytes,
    read_frame,
)

FULL = Rpc(
    subscribe=("t", "u"),
    unsubscribe=("v",),
    published=(Published(("t",), b"payload"),),
    graft=("t",),
    prune=(("u", 60),),
    ihave=(("t", (b"1" * 20, b"2" * 20)),),
    iwant=(b"3" * 20,),
    idontwant=(b"4" * 20,),
)


class Source:
    """Give bytes in pieces, as a stream does."""

    def __init__(self, data: bytes, piece: int = 3) -> None:
        self.data = data
        self.piece = piece
        self.position = 0

    async def receive_some(self, limit_bytes: int) -> bytes:
        """Return the next piece."""
        end = self.position + min(limit_bytes, self.piece)
        taken = self.data[self.position : end]
        self.position += len(taken)
        if not taken:
            raise StreamEnded
        return taken


async def test_frame__that_comes_in_crumbs_takes_no_more_memory_than_it_is_long() -> None:
    size_bytes = 400_000
    source = Source(encode_varint(size_bytes) + bytes(size_bytes - 2), piece=2)
    tracemalloc.start()
    with pytest.raises(StreamEnded):
        await read_frame(source, size_bytes)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 3 * size_bytes


async def test_rpc__survives_encoding() -> None:
    frame = await read_frame(Source(encode_rpc(FULL)), 10_000)
    assert decode_rpc(frame) == FULL


@pytest.mark.parametrize("size", [0, 1, 127, 128, 70_000])
def test_encode_published__equals_what_protobuf_makes(size: int) -> None:
    rpc = Rpc(published=(Published(("t" * 130,), bytes(size)),))
    assert encode_published("t" * 130, bytes(size)) == encode_rpc(rpc)


async def test_encode_published__is_read_again() -> None:
    frame = await read_frame(Source(encode_published("t", b"payload")), 1000)
    assert decode_rpc(frame) == Rpc(published=(Published(("t",), b"payload"),))


async def test_rpc__is_empty_for_an_empty_frame() -> None:
    assert decode_rpc(await read_frame(Source(b"\x00"), 10)) == Rpc()


async def test_read_frame__reads_one_frame_after_another() -> None:
    source = Source(encode_rpc(FULL) + encode_rpc(Rpc(subscribe=("x",))))
    await read_frame(source, 10_000)
    assert decode_rpc(await read_frame(source, 10_000)) == Rpc(subscribe=("x",))


async def test_read_frame__refuses_a_long_frame_before_reading_it() -> None:
    source = Source(encode_varint(1001) + bytes(1001), piece=10_000)
    with pytest.raises(ProtocolViolation, match="frame of 1001 bytes, 1000 allowed"):
        await read_frame(source, 1000)
    assert source.position == 2


async def test_read_frame__refuses_a_length_without_end() -> None:
    with pytest.raises(ProtocolViolation, match="without end"):
        await read_frame(Source(b"\xff" * 20), 1000)


@pytest.mark.parametrize(
    "frame",
    [
        b"\xff" * 50,
        b"\x0a",
        b"\x0a\x05abc",
        b"\x12\x02\x0a\x05",
        b"\x0a\x04\x12\x02\xff\xfe",
        b"\x0b",
        b"\x0d\x00\x00\x00\x00",
    ],
    ids=["varint", "no length", "cut", "inner cut", "bad utf-8", "group", "fixed32"],
)
def test_decode_rpc__refuses_what_is_no_rpc(frame: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        decode_rpc(frame)


@pytest.mark.parametrize("field", ["from_id", "seqno", "signature", "key"])
def test_decode_rpc__tells_a_message_that_names_its_author(field: str) -> None:
    tag = {"from_id": 0x0A, "seqno": 0x1A, "signature": 0x2A, "key": 0x32}[field]
    message = b"\x12\x01x" + b"\x22\x01t" + bytes([tag, 1, 65])
    frame = b"\x12" + encode_varint(len(message)) + message
    assert decode_rpc(frame).published == (Published(("t",), b"x", is_anonymous=False),)


def test_check_shape__refuses_more_messages_than_anybody_sends() -> None:
    check_shape(b"\x12\x00" * MOST_MESSAGES)
    with pytest.raises(ProtocolViolation, match="too many parts"):
        check_shape(b"\x12\x00" * (MOST_MESSAGES + 1))


def test_check_shape__refuses_more_subscriptions_than_anybody_has() -> None:
    with pytest.raises(ProtocolViolation, match="too many parts"):
        check_shape(b"\x0a\x00" * (MOST_OTHER_FIELDS + 1))


def test_check_shape__refuses_megabytes_of_control() -> None:
    frame = encode_rpc(
        Rpc(
            iwant=tuple(
                bytes([0, i, j, k]) for i in range(256) for j in range(64) for k in range(8)
            )
        )
    )
    with pytest.raises(ProtocolViolation, match="too many parts"):
        check_shape(frame[3:])


def test_frame_limit__leaves_room_for_the_largest_message() -> None:
    payload = bytes(1000 + 1000 // 6 + 32)
    frame = encode_rpc(Rpc(published=(Published(("t" * 64,), payload),)))
    assert len(frame) <= frame_limit_bytes([10, 1000])


async def test_read_frame__tells_of_progress_in_steps() -> None:
    steps: list[None] = []
    payload = bytes(5 * PROGRESS_BYTES)
    await read_frame(Source(encode_published("t", payload)), 1 << 20, lambda: steps.append(None))
    assert 1 <= len(steps) <= 5
    steps.clear()
    await read_frame(Source(encode_published("t", b"short")), 1000, lambda: steps.append(None))
    assert steps == []


def test_rpc__counts_its_control_by_ids() -> None:
    rpc = Rpc(
        subscribe=("a",),
        published=(Published(("a",), b"x"),),
        graft=("a", "b"),
        prune=(("a", 60),),
        ihave=(("a", (b"1", b"2")), ("b", (b"3",))),
        idontwant=(b"1",),
    )
    assert rpc.control_counts("sent") == {
        "graft_sent": 2,
        "prune_sent": 1,
        "ihave_sent": 3,
        "idontwant_sent": 1,
    }
