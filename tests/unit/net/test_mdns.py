"""Packets of multicast DNS: ours, those of others, and what is none."""

from __future__ import annotations

import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zkattest.net.boundary import Identity
from zkattest.net.mdns import (
    MAX_ADDRESSES,
    MAX_PACKET_BYTES,
    Announcement,
    MdnsError,
    Query,
    decode_packet,
    encode_announcement,
    encode_query,
)

PEER = Identity(b"\1" * 32).peer_id
NAME = "a1" * 16


def address(host: str = "10.0.0.1", port: int = 9000) -> str:
    return f"/ip4/{host}/tcp/{port}/p2p/{PEER}"


def refusal_of(data: bytes, sender: str = "10.0.0.1") -> str:
    with pytest.raises(MdnsError) as refusal:
        decode_packet(data, sender)
    return str(refusal.value)


def test_query__is_the_packet_of_the_specification() -> None:
    # Twelve bytes of head with one question: PTR, IN, _p2p._udp.local.
    head = bytes.fromhex("000000000001000000000000")
    assert encode_query() == head + b"\4_p2p\4_udp\5local\0" + bytes.fromhex("000c0001")
    assert decode_packet(encode_query(), "10.0.0.1") == Query()


def test_announcement__has_a_pointer_and_texts() -> None:
    message = dns.message.from_wire(encode_announcement(NAME, [address()]))
    assert [rrset.to_text() for rrset in (*message.answer, *message.additional)] == [
        f"_p2p._udp.local. 120 IN PTR {NAME}._p2p._udp.local.",
        f'{NAME}._p2p._udp.local. 120 IN TXT "dnsaddr={address()}"',
    ]


def test_announcement__is_read_back_with_the_bit_that_flushes_caches() -> None:
    data = encode_announcement(NAME, [address()])
    flushing = data.replace(bytes.fromhex("00100001"), bytes.fromhex("00108001"))
    assert flushing != data
    for packet in (data, flushing):
        assert decode_packet(packet, "10.0.0.1") == Announcement((address(),))


def test_announcement__is_read_for_addresses_of_its_sender_alone() -> None:
    texts = [
        address("10.0.0.2"),
        "/ip4/10.0.0.1/tcp/9000",
        "/dns4/10.0.0.1/tcp/9000",
        address(port=0),
        "/ip4/10.0.0.1/udp/9000/quic-v1",
        "nonsense",
        address(port=9001),
        address(port=9001),
    ]
    assert decode_packet(encode_announcement(NAME, texts), "10.0.0.1") == Announcement(
        (address(port=9001),)
    )
    assert refusal_of(encode_announcement(NAME, texts), "10.0.0.3") == (
        "an answer without an address of its sender"
    )


def test_announcement__is_read_to_its_sixteenth_address() -> None:
    texts = [address(port=1000 + number) for number in range(40)]
    packet = decode_packet(encode_announcement(NAME, texts), "10.0.0.1")
    assert isinstance(packet, Announcement)
    assert len(packet.addresses) == MAX_ADDRESSES


@pytest.mark.parametrize("name", ["short", "a" * 31, "." * 32, "ä" * 32])
def test_announcement__refused_under_a_name_that_is_none(name: str) -> None:
    with pytest.raises(ValueError, match="expected 32 letters and digits or more"):
        encode_announcement(name, [address()])


def test_packet__refused_above_its_size() -> None:
    assert refusal_of(bytes(MAX_PACKET_BYTES + 1)) == "4097 bytes, 4096 allowed"


def test_packet__refused_about_something_else() -> None:
    question = encode_query().replace(b"_p2p", b"_http"[:4])
    assert refusal_of(question) == "a question about something else"


def test_packet__refused_with_a_pointer_to_itself() -> None:
    loop = bytes.fromhex("000000000001000000000000") + b"\xc0\x0c" + bytes.fromhex("000c0001")
    assert refusal_of(loop) == "BadPointer"


@pytest.mark.parametrize("cut", range(len(encode_announcement(NAME, [address()]))))
def test_packet__refused_when_cut(cut: int) -> None:
    assert refusal_of(encode_announcement(NAME, [address()])[:cut])


@given(st.binary(max_size=200), st.integers(0, 250), st.integers(0, 250))
def test_packet__read_or_refused(noise: bytes, start: int, end: int) -> None:
    data = encode_announcement(NAME, [address()])
    try:
        decode_packet(data[:start] + noise + data[end:], "10.0.0.1")
    except MdnsError:
        return
