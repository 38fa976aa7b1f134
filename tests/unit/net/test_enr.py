"""Node records: EIP-778's vector, what we sign, and everything that is no record."""

from __future__ import annotations

import base64

import pytest
import rlp
from hypothesis import given
from hypothesis import strategies as st

from zkattest.crypto.hashing import keccak256
from zkattest.net.boundary import Identity, KeyKind
from zkattest.net.enr import (
    MAX_RECORD_BYTES,
    NodeRecord,
    RecordError,
    RecordTooLarge,
    decode_record,
    parse_record,
    port_entry,
    sign_record,
)
from zkattest.net.secp256k1 import SecretKey
from zkattest.types.errors import DecodeError
from zkattest.types.peering import ENRForkID, ForkDigest, ForkVersion

SECRET = bytes.fromhex("b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291")
KEY = SecretKey(SECRET)
# EIP-778, "Test Vectors".
EIP_TEXT = (
    "enr:-IS4QHCYrYZbAKWCBRlAy5zzaDZXJBGkcnh4MHcBFZntXNFrdvJjX04jRzjzCBOonrkTfj499SZuOh8R33Ls8RRcy5w"
    "BgmlkgnY0gmlwhH8AAAGJc2VjcDI1NmsxoQPKY0yuDUmstAHYpMa2_oxVtw0RW_QAdpzBQA8yWM0xOIN1ZHCCdl8"
)
EIP_NODE_ID = "a448f24c6d18e575453db13171562b71999873db5b286df957af199ec94617f7"
FORK = ENRForkID(ForkDigest(b"\xaf\xca\xab\xa0"), ForkVersion(b"\7\0\0\0"))
ENTRIES = {
    b"ip": b"\x7f\0\0\1",
    b"tcp": port_entry(9000),
    b"udp": port_entry(9001),
    b"eth2": FORK.encode(),
    b"attnets": b"\x03" + bytes(7),
    b"syncnets": b"\x0f",
    b"eproof": b"\1",
}


def signed(items: list[object], key: SecretKey = KEY) -> bytes:
    """Sign the content of a record, whatever it is."""
    return rlp.encode([key.sign_hash(keccak256(rlp.encode(items))), *items])


def content(*pairs: object, seq: bytes = b"\1") -> list[object]:
    """Put a record's content together, in the order of the keys unless a test has its own."""
    return [seq, b"id", b"v4", *pairs, b"secp256k1", KEY.public_key.compressed]


def refusal_of(data: bytes) -> tuple[str, str]:
    with pytest.raises(RecordError) as refusal:
        decode_record(data)
    return refusal.value.field, refusal.value.reason


def test_record__of_the_eip_is_verified() -> None:
    record = parse_record(EIP_TEXT)
    assert record.node_id.hex() == EIP_NODE_ID
    assert (record.seq, str(record.ip4), record.udp, record.tcp) == (1, "127.0.0.1", 30303, None)
    assert record.public_key == KEY.public_key
    assert str(record) == EIP_TEXT
    assert record.address is None


def test_record__of_the_eip_is_signed() -> None:
    record = sign_record(KEY, 1, {b"ip": b"\x7f\0\0\1", b"udp": b"\x76\x5f"})
    assert str(record) == EIP_TEXT


def test_record__has_the_peer_id_of_the_identity() -> None:
    assert parse_record(EIP_TEXT).peer_id == Identity(SECRET, KeyKind.SECP256K1).peer_id
    assert parse_record(EIP_TEXT).peer_id == "16Uiu2HAmSH2XVgZqYHWucap5kuPzLnt2TsNQkoppVxB5eJGvaXwm"


def test_record__of_a_consensus_peer_is_read_back() -> None:
    record = parse_record(str(sign_record(KEY, 7, ENTRIES)))
    assert (record.seq, record.tcp, record.udp) == (7, 9000, 9001)
    assert record.eth2 == FORK
    assert (record.attnets, record.syncnets, record.eproof) == (ENTRIES[b"attnets"], b"\x0f", 1)
    assert record.address == f"/ip4/127.0.0.1/tcp/9000/p2p/{record.peer_id}"
    assert len(record.encode()) < MAX_RECORD_BYTES


def test_record__with_ipv6_alone_has_its_address() -> None:
    entries = {b"ip6": bytes(15) + b"\1", b"tcp": port_entry(9000)}
    record = sign_record(KEY, 1, entries)
    assert record.address == f"/ip6/::1/tcp/9000/p2p/{record.peer_id}"
    other = sign_record(KEY, 1, {**entries, b"tcp6": port_entry(9009)})
    assert other.address == f"/ip6/::1/tcp/9009/p2p/{record.peer_id}"


def test_record__with_nothing_knows_nothing() -> None:
    record = sign_record(KEY, 0, {})
    assert (record.ip4, record.ip6, record.tcp6, record.eth2, record.eproof) == (None,) * 5
    assert decode_record(record.encode()) == record


@pytest.mark.parametrize(("value", "expected"), [(b"", 0), (b"\0", 0), (b"\1", 1), (b"\xff", 255)])
def test_eproof__is_read_as_ssz_and_as_rlp_write_it(value: bytes, expected: int) -> None:
    assert sign_record(KEY, 1, {b"eproof": value}).eproof == expected


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        (b"ip", b"\1\2\3", "3 bytes, expected 4"),
        (b"ip6", b"\1\2\3", "3 bytes, expected 16"),
        (b"tcp", b"\0\1", "0x0001 is no port"),
        (b"tcp", b"\1\2\3", "0x010203 is no port"),
        (b"udp", b"", "0x is no port"),
        (b"tcp6", [b"\1"], "a list, expected bytes"),
        (b"eth2", bytes(15), "15 bytes, expected 16"),
        (b"attnets", bytes(9), "9 bytes, expected 8"),
        (b"syncnets", b"", "0 bytes, expected 1"),
        (b"eproof", b"\0\1", "2 bytes, expected 1"),
    ],
)
def test_entry__refused_when_malformed(key: bytes, value: object, reason: str) -> None:
    record = decode_record(sign_record(KEY, 1, {key: value}).encode())
    with pytest.raises(RecordError) as refusal:
        getattr(record, {b"ip": "ip4"}.get(key, key.decode()))
    assert (refusal.value.field, refusal.value.reason) == (key.decode(), reason)


def test_record__accepted_with_entries_that_nobody_knows() -> None:
    record = sign_record(KEY, 1, {b"x": [b"nested", [b"", b"\1"]], b"\xff": b""})
    assert decode_record(record.encode()) == record


def test_record__accepted_at_300_bytes_and_refused_above() -> None:
    # Beyond 255 bytes the list's own length takes two bytes.
    room = MAX_RECORD_BYTES - len(sign_record(KEY, 1, {b"z": b"x" * 100}).encode()) + 99
    record = sign_record(KEY, 1, {b"z": b"x" * room})
    assert len(record.encode()) == MAX_RECORD_BYTES
    assert decode_record(record.encode()) == record
    with pytest.raises(RecordTooLarge, match="301 bytes, 300 allowed"):
        sign_record(KEY, 1, {b"z": b"x" * (room + 1)})
    assert refusal_of(record.encode() + b"\0") == ("record", "301 bytes, 300 allowed")


def test_text__refused_above_its_size() -> None:
    with pytest.raises(RecordError, match="100004 characters, 404 allowed"):
        parse_record("enr:" + "A" * 100_000)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "does not begin with enr:"),
        ("ENR:" + EIP_TEXT[4:], "does not begin with enr:"),
        (EIP_TEXT + "=", "is no URL-safe base64 without padding"),
        (EIP_TEXT.replace("_", "/"), "is no URL-safe base64 without padding"),
        (EIP_TEXT[:10] + "\n" + EIP_TEXT[10:], "is no URL-safe base64 without padding"),
        (EIP_TEXT[:10] + "ä", "is no URL-safe base64 without padding"),
        (EIP_TEXT[:-1] + "9", "is no canonical base64"),
        ("enr:A", "is no URL-safe base64 without padding"),
        ("enr:AA", "is no list of a signature, a number and pairs"),
    ],
)
def test_text__refused_when_it_is_no_record(text: str, reason: str) -> None:
    with pytest.raises(RecordError) as refusal:
        parse_record(text)
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    ("items", "field", "reason"),
    [
        (content(seq=b"\0\1"), "seq", "is no canonical uint64"),
        (content(seq=b"\1" * 9), "seq", "is no canonical uint64"),
        (content(b"ip", b"\1\2\3\4", b"ip", b"\1\2\3\4"), "record", "not unique"),
        (content(b"b", b"", b"a", b""), "record", "keys are not in order"),
        (content([b"list"], b""), "record", "a key is a list"),
        (content(b"odd"), "record", "is no list of a signature"),
        ([b"\1", b"id", b"v5", b"secp256k1", KEY.public_key.compressed], "id", "is not v4"),
        ([b"\1", b"secp256k1", KEY.public_key.compressed], "id", "is not v4"),
        ([b"\1", b"id", b"v4"], "secp256k1", "is missing"),
        ([b"\1", b"id", b"v4", b"secp256k1", bytes(33)], "secp256k1", "is no point"),
        ([b"\1", b"id", b"v4", b"secp256k1", bytes(32)], "secp256k1", "32 bytes, expected 33"),
    ],
)
def test_record__refused_when_malformed(items: list[object], field: str, reason: str) -> None:
    got_field, got_reason = refusal_of(signed(items))
    assert got_field == field
    assert reason in got_reason


def test_record__refused_with_anothers_signature() -> None:
    assert refusal_of(signed(content(), SecretKey(b"\1" * 32))) == ("signature", "is not the key's")


def test_record__refused_with_the_mirrored_signature() -> None:
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    items = rlp.decode(sign_record(KEY, 1, {}).encode())
    mirrored = order - int.from_bytes(items[0][32:], "big")
    items[0] = items[0][:32] + mirrored.to_bytes(32, "big")
    assert refusal_of(rlp.encode(items)) == ("signature", "is not the key's")


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(65), [bytes(64)]])
def test_record__refused_with_a_signature_of_another_size(signature: object) -> None:
    assert refusal_of(rlp.encode([signature, *content()])) == ("signature", "expected 64 bytes")


def test_record__refused_with_a_signature_of_zeros() -> None:
    assert refusal_of(rlp.encode([bytes(64), *content()])) == ("signature", "is not the key's")


def test_record__refused_when_nested_to_the_brim() -> None:
    data = b""
    while len(data) < 297:
        size = len(data)
        head = bytes([0xC0 + size]) if size < 56 else b"\xf8" + bytes([size & 255])
        data = (head if size < 256 else b"\xf9" + size.to_bytes(2, "big")) + data
    assert refusal_of(data[:300])[0] == "record"


def test_record__refused_wherever_a_bit_flips() -> None:
    data = sign_record(KEY, 7, ENTRIES).encode()
    for position in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises(RecordError):
            decode_record(bytes(flipped))


def test_record__refused_when_cut_or_extended() -> None:
    data = sign_record(KEY, 7, ENTRIES).encode()
    for size in range(len(data)):
        with pytest.raises(RecordError):
            decode_record(data[:size])
    with pytest.raises(RecordError):
        decode_record(data + b"\x80")


@given(st.binary(max_size=310))
def test_record__refused_or_read_back(data: bytes) -> None:
    text = "enr:" + base64.urlsafe_b64encode(data).decode().rstrip("=")
    try:
        record = parse_record(text)
    except DecodeError:
        return
    assert record.encode() == data


@pytest.mark.parametrize("port", [0, -1, 1 << 16])
def test_port__refused_outside_its_range(port: int) -> None:
    with pytest.raises(ValueError, match="port"):
        port_entry(port)


def test_sequence_number__refused_outside_its_range() -> None:
    with pytest.raises(ValueError, match="sequence number"):
        sign_record(KEY, 1 << 64, {})
    assert isinstance(sign_record(KEY, (1 << 64) - 1, {}), NodeRecord)
