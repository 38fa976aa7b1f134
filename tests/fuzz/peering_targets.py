"""Targets for what strangers send besides gossip: requests, responses, records, mDNS, books."""

from __future__ import annotations

from typing import Final

from zkattest.net.enr import RecordError, decode_record, parse_record
from zkattest.net.mdns import Announcement, MdnsError, decode_packet
from zkattest.net.peer_book import PeerBook, PeerBookError
from zkattest.net.reqresp_codec import (
    MalformedPayload,
    RequestDecoder,
    ResponseChunk,
    ResponseDecoder,
    ResponseError,
    encode_chunk,
    encode_request,
)
from zkattest.net.reqresp_protocols import MAX_PAYLOAD_BYTES, RequestProtocol, protocols_of
from zkattest.types.errors import DecodeError
from zkattest.types.proof_profiles import PROFILES, ProfileName

PROTOCOLS: Final = tuple(protocols_of(PROFILES[ProfileName.GLOAS_AUG]))


def fuzz_requests(data: bytes) -> None:
    """Read a stream as a request and as a response, whole and in pieces."""
    if len(data) < 2:
        return
    protocol, size, stream = PROTOCOLS[data[0] % len(PROTOCOLS)], data[1] or 256, data[2:]
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    request = _request(protocol, [stream])
    assert request == _request(protocol, pieces)
    if request is not None and protocol.request is not None:
        _check_request(protocol, request)
    chunks, ending = _response(protocol, [stream])
    assert (chunks, ending) == _response(protocol, pieces)
    for chunk in chunks:
        assert len(chunk.payload) <= min(protocol.response.most_bytes, MAX_PAYLOAD_BYTES)
        assert _response(protocol, [encode_chunk(chunk.payload)])[0] == [chunk]


def fuzz_records(data: bytes) -> None:
    """Read a node record, a packet of multicast DNS, and a stored book."""
    try:
        record = decode_record(data)
    except RecordError:
        pass
    else:
        assert record.encode() == data
        assert parse_record(str(record)) == record
    try:
        packet = decode_packet(data, "127.0.0.1")
    except MdnsError:
        pass
    else:
        assert not isinstance(packet, Announcement) or packet.addresses
    try:
        PeerBook().restore(data)
    except PeerBookError:
        return


def _request(protocol: RequestProtocol, pieces: list[bytes]) -> bytes | None:
    decoder = RequestDecoder(protocol)
    try:
        for piece in pieces:
            decoder.feed(piece)
        return decoder.finish()
    except MalformedPayload:
        return None


def _check_request(protocol: RequestProtocol, request: bytes) -> None:
    assert protocol.request is not None
    assert _request(protocol, [encode_request(request)]) == request
    try:
        value = protocol.request.decode(request)
    except DecodeError:
        return
    assert protocol.request.encode(value) == request


def _response(
    protocol: RequestProtocol, pieces: list[bytes]
) -> tuple[list[ResponseChunk], tuple[object, ...]]:
    decoder = ResponseDecoder(protocol)
    chunks = []
    try:
        for piece in pieces:
            chunks += decoder.feed(piece)
            decoder.check()
        decoder.finish()
    except ResponseError as error:
        return chunks, (error.code, error.message)
    except MalformedPayload:
        return chunks, ("malformed",)
    return chunks, ()
