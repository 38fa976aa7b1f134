"""Requests and responses in bytes: whole, in pieces, cut, extended, too long, dishonest."""

from __future__ import annotations

import cramjam
import pytest

from zkattest.net.reqresp_codec import (
    MAX_ERROR_MESSAGE_BYTES,
    MalformedPayload,
    PayloadDecoder,
    RequestDecoder,
    ResponseChunk,
    ResponseCode,
    ResponseDecoder,
    ResponseError,
    encode_chunk,
    encode_error,
    encode_payload,
    encode_request,
)
from zkattest.net.reqresp_protocols import (
    GOODBYE,
    METADATA_PROTOCOLS,
    PING,
    STATUS_PROTOCOLS,
    PayloadType,
    ProtocolName,
    RequestProtocol,
    proofs_by_range,
    proofs_by_root,
    protocols_of,
)
from zkattest.types.errors import DecodeError
from zkattest.types.proof_profiles import PROFILES, ProfileName
from zkattest.types.ssz_codec import ByteList

MIB = 1 << 20
IDENTIFIER = b"\xff\x06\x00\x00sNaPpY"
PING_7 = (7).to_bytes(8, "little")
LIST = PayloadType(ByteList(4 * MIB), 0, 4 * MIB)
CHUNKS = RequestProtocol(ProtocolName.PROOFS_BY_ROOT, 9, LIST, LIST, most_chunks=3)
WITH_CONTEXT = RequestProtocol(
    ProtocolName.PROOFS_BY_ROOT, 8, LIST, LIST, most_chunks=3, context_bytes=4
)


def frame(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "little") + body


def frames_of(data: bytes) -> bytes:
    return bytes(cramjam.snappy.compress(data))


def refusal_of(payload: bytes, least: int = 0, most: int = 4 * MIB) -> str:
    decoder = PayloadDecoder(least, most)
    with pytest.raises(MalformedPayload) as refusal:
        decoder.feed(payload)
    return str(refusal.value)


@pytest.mark.parametrize("size", [0, 1, 8, 92, 65535, 65536, 65537, 200_000, 4 * MIB])
@pytest.mark.parametrize("pattern", [b"\0", bytes(range(256))])
def test_payload__is_read_back(size: int, pattern: bytes) -> None:
    data = (pattern * (size // len(pattern) + 1))[:size]
    decoder = PayloadDecoder(0, 4 * MIB)
    assert decoder.feed(encode_payload(data) + b"next") == data
    assert decoder.size_bytes == size
    assert bytes(decoder.rest) == b"next"


def test_payload__is_read_byte_by_byte() -> None:
    decoder = PayloadDecoder(8, 8)
    encoded = encode_payload(PING_7)
    results = [decoder.feed(encoded[at : at + 1]) for at in range(len(encoded))]
    assert results == [None] * (len(encoded) - 1) + [PING_7]


def masked_checksum(data: bytes) -> int:
    """Compute the checksum of the framing format from its definition: CRC-32C, rotated, shifted."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_payload__is_the_bytes_that_the_format_defines() -> None:
    checksum = masked_checksum(PING_7).to_bytes(4, "little")
    assert encode_payload(PING_7) == b"\x08" + IDENTIFIER + frame(0x01, checksum + PING_7)


@pytest.mark.parametrize("length", [7, 9, 10 * MIB + 1, 2**32, 2**63, 2**64 - 1])
def test_payload__refused_length_outside_its_type(length: int) -> None:
    varint = bytearray()
    while length > 127:
        varint.append(length & 127 | 128)
        length >>= 7
    assert "expected 8 to 8" in refusal_of(bytes(varint) + bytes([length]), 8, 8)


def test_payload__refused_above_the_global_bound() -> None:
    reason = refusal_of(encode_payload(b"")[:0] + b"\x81\x80\x80\x05", 0, 1 << 40)
    assert reason == "a payload of 10485761 bytes, expected 0 to 10485760"


def test_payload__refused_redundant_length() -> None:
    assert refusal_of(b"\x88\x00") == "a length with redundant bytes"


def test_payload__refused_endless_length() -> None:
    assert refusal_of(b"\x80" * 10) == "a length of more than 10 bytes"


def test_payload__refused_without_identifier() -> None:
    assert refusal_of(b"\x08" + frames_of(PING_7)[10:]) == "frames without a stream identifier"


@pytest.mark.parametrize("kind", [0x02, 0x7F, 0xFF])
def test_payload__refused_frame_kind(kind: int) -> None:
    assert (
        refusal_of(b"\x08" + IDENTIFIER + frame(kind, b"12345")) == f"a frame of kind {kind:#04x}"
    )


@pytest.mark.parametrize("kind", [0x80, 0xFD, 0xFE])
def test_payload__accepted_with_skippable_frames(kind: int) -> None:
    encoded = b"\x08" + IDENTIFIER + frame(kind, b"skip") + frames_of(PING_7)[10:]
    assert PayloadDecoder(8, 8).feed(encoded) == PING_7


def test_payload__refused_endless_skippable_frames() -> None:
    reason = refusal_of(b"\x08" + IDENTIFIER + frame(0xFE, b"") * 10)
    assert reason == "more than 41 bytes of frames"


def test_payload__refused_frame_that_announces_more_than_is_left() -> None:
    # 64 KiB of zeros in a few bytes, where eight bytes were promised.
    assert "a frame of 65536 bytes" in refusal_of(b"\xff\x1f" + frames_of(bytes(65536)))


def test_payload__refused_frame_with_a_dishonest_length() -> None:
    bomb = frame(0x00, b"\0\0\0\0" + b"\xff\xff\xff\xff\x0f" + b"\0" * 8)
    assert "a frame of 4294967295 bytes" in refusal_of(b"\x80\x20" + IDENTIFIER + bomb)


def test_payload__refused_frame_without_data() -> None:
    assert "a frame of 0 bytes" in refusal_of(b"\x08" + IDENTIFIER + frame(0x01, bytes(4)))
    assert refusal_of(b"\x08" + IDENTIFIER + frame(0x01, bytes(3))) == "a frame of 3 bytes"


def test_payload__refused_frame_of_big_head_before_its_body() -> None:
    reason = refusal_of(b"\x08" + IDENTIFIER + b"\x00\xff\xff\xff")
    assert reason == "more than 41 bytes of frames"


def test_payload__refused_checksum() -> None:
    broken = bytearray(encode_payload(PING_7))
    broken[-1] ^= 1
    assert refusal_of(bytes(broken)) == "snappy frames that do not decompress"


def test_request__is_read_to_the_end_of_the_stream() -> None:
    decoder = RequestDecoder(PING)
    decoder.feed(encode_request(PING_7))
    assert decoder.is_whole
    assert decoder.finish() == PING_7


def test_request__refused_bytes_after_it() -> None:
    decoder = RequestDecoder(PING)
    with pytest.raises(MalformedPayload, match="bytes after the request"):
        decoder.feed(encode_request(PING_7) + b"x")
    decoder = RequestDecoder(PING)
    decoder.feed(encode_request(PING_7))
    with pytest.raises(MalformedPayload, match="bytes after the request"):
        decoder.feed(IDENTIFIER)


@pytest.mark.parametrize("cut", range(len(encode_payload(PING_7))))
def test_request__refused_when_cut(cut: int) -> None:
    decoder = RequestDecoder(PING)
    decoder.feed(encode_request(PING_7)[:cut])
    with pytest.raises(MalformedPayload, match="ended inside a request"):
        decoder.finish()


def test_request__without_content_is_no_bytes() -> None:
    decoder = RequestDecoder(METADATA_PROTOCOLS[0])
    assert encode_request(None) == b""
    assert decoder.finish() == b""
    with pytest.raises(MalformedPayload):
        decoder.feed(b"\0")


@pytest.mark.parametrize("encoded", [b"\x00", b"\x00" + IDENTIFIER])
def test_request__of_nothing_may_have_an_identifier(encoded: bytes) -> None:
    decoder = RequestDecoder(proofs_by_root(4 * MIB))
    decoder.feed(encoded)
    assert decoder.finish() == b""


def test_response__yields_chunks() -> None:
    decoder = ResponseDecoder(CHUNKS)
    data = encode_chunk(b"one") + encode_chunk(b"two" * 40_000) + encode_chunk(b"")
    chunks = [chunk for at in range(0, len(data), 1000) for chunk in decoder.feed(data[at:][:1000])]
    assert [chunk.payload for chunk in chunks] == [b"one", b"two" * 40_000, b""]
    assert decoder.is_complete
    decoder.finish()


def test_response__yields_context() -> None:
    decoder = ResponseDecoder(WITH_CONTEXT)
    chunks = decoder.feed(encode_chunk(b"one", b"\1\2\3\4") + encode_error(ResponseCode(2), "no"))
    assert chunks == [ResponseChunk(b"\1\2\3\4", b"one")]
    with pytest.raises(ResponseError, match="response code 2: b'no'"):
        decoder.check()


@pytest.mark.parametrize("code", [1, 2, 3, 4, 127, 128, 255])
def test_response__raises_errors_with_any_code(code: int) -> None:
    decoder = ResponseDecoder(CHUNKS)
    assert decoder.feed(bytes([code]) + encode_payload(b"\xff\xfe")) == []
    with pytest.raises(ResponseError) as error:
        decoder.check()
    assert (error.value.code, error.value.message) == (code, b"\xff\xfe")


def test_response__refused_long_error_message() -> None:
    decoder = ResponseDecoder(CHUNKS)
    decoder.feed(b"\x01" + encode_payload(b"x" * (MAX_ERROR_MESSAGE_BYTES + 1)))
    with pytest.raises(MalformedPayload, match="257 bytes, expected 0 to 256"):
        decoder.check()


def test_response__cuts_our_own_messages() -> None:
    decoder = ResponseDecoder(CHUNKS)
    decoder.feed(encode_error(ResponseCode.SERVER_ERROR, "y" * 300))
    with pytest.raises(ResponseError) as error:
        decoder.check()
    assert error.value.message == b"y" * 256


def test_response__refused_more_chunks_than_asked_for() -> None:
    decoder = ResponseDecoder(CHUNKS, most_chunks=1)
    assert len(decoder.feed(encode_chunk(b"one") + encode_chunk(b"two"))) == 1
    with pytest.raises(MalformedPayload, match="more chunks than were asked for"):
        decoder.finish()


@pytest.mark.parametrize("cut", range(1, len(encode_chunk(PING_7))))
def test_response__refused_when_cut(cut: int) -> None:
    decoder = ResponseDecoder(PING)
    assert decoder.feed(encode_chunk(PING_7)[:cut]) == []
    with pytest.raises(MalformedPayload, match="ended inside a response"):
        decoder.finish()


def test_protocols__have_the_ids_of_the_specifications() -> None:
    names = [
        p.protocol_id.removeprefix("/eth2/beacon_chain/req/")
        for p in (protocols_of(PROFILES[ProfileName.GLOAS_AUG]))
    ]
    assert names == [
        f"{name}/ssz_snappy"
        for name in (
            "metadata/4",
            "status/2",
            "status/1",
            "ping/1",
            "goodbye/1",
            "metadata/3",
            "metadata/2",
            "metadata/1",
            "execution_proof_status/1",
            "execution_proofs_by_range/1",
            "execution_proofs_by_root/1",
        )
    ]


@pytest.mark.parametrize("name", [ProfileName.CS5566, ProfileName.BETA4, ProfileName.EIP8440])
def test_protocols__of_profiles_without_requests_have_no_proofs(name: ProfileName) -> None:
    names = {p.name for p in protocols_of(PROFILES[name])}
    assert names == {
        ProtocolName.STATUS,
        ProtocolName.PING,
        ProtocolName.GOODBYE,
        ProtocolName.METADATA,
    }


def test_protocols__bound_payloads_by_their_types() -> None:
    sizes = {
        p.protocol_id.split("/")[4] + p.protocol_id.split("/")[5]: (
            p.request and (p.request.least_bytes, p.request.most_bytes),
            (p.response.least_bytes, p.response.most_bytes),
        )
        for p in protocols_of(PROFILES[ProfileName.FULU_DEVNET])
    }
    proof = (145, (400 << 10) + 145)
    assert sizes == {
        "status1": ((84, 84), (84, 84)),
        "status2": ((92, 92), (92, 92)),
        "ping1": ((8, 8), (8, 8)),
        "goodbye1": ((8, 8), (8, 8)),
        "metadata1": (None, (16, 16)),
        "metadata2": (None, (17, 17)),
        "metadata3": (None, (25, 25)),
        "metadata4": (None, (26, 26)),
        "execution_proof_status1": ((44, 48), (44, 48)),
        "execution_proofs_by_range1": ((20, 24), proof),
        "execution_proofs_by_root1": ((0, 128 * 44), proof),
    }


def test_payload_type__refuses_size_before_decoding() -> None:
    kind = proofs_by_range(145).request
    assert kind is not None
    with pytest.raises(DecodeError, match="25 bytes, expected 20 to 24"):
        kind.decode(bytes(25))
    with pytest.raises(ValueError, match="needs bounds"):
        PayloadType.fixed(ByteList(3))
    assert STATUS_PROTOCOLS[0].version == 2
    assert GOODBYE.most_chunks == 1
