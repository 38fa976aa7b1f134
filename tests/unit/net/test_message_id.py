"""Message ids against values computed with sha256sum over the bytes that the spec concatenates."""

from zkattest.net.message_id import invalid_snappy_id, valid_snappy_id
from zkattest.net.topics import topic_string

BLOCKS = "/eth2/01020304/delayed_block/ssz_snappy"


def test_valid_snappy_id__equals_the_spec_hash() -> None:
    assert valid_snappy_id(BLOCKS, b"hello").hex() == "7e6164523f6854e845d457b28f4024ceca4f9f11"


def test_valid_snappy_id__covers_an_empty_payload() -> None:
    topic = topic_string(bytes.fromhex("b5303f2a"), "beacon_block")
    assert valid_snappy_id(topic, b"").hex() == "0bcd9bde9147d439ed200228073d45a840a03d0f"


def test_invalid_snappy_id__has_a_domain_of_its_own() -> None:
    assert (
        invalid_snappy_id(BLOCKS, b"\xff\xff\xff").hex()
        == "6f63ee4fb0ccf2af762c728fe49b435b5646862f"
    )
    assert invalid_snappy_id(BLOCKS, b"hello") != valid_snappy_id(BLOCKS, b"hello")
