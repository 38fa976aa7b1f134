"""Names of topics."""

import pytest

from zkattest.net.topics import topic_string


def test_topic_string__names_the_fork() -> None:
    topic = topic_string(b"\x0a\x0b\x0c\x0d", "delayed_execution_proof")
    assert topic == "/eth2/0a0b0c0d/delayed_execution_proof/ssz_snappy"


def test_topic_string__refuses_a_digest_of_another_length() -> None:
    with pytest.raises(ValueError, match="fork digest: 3 bytes, expected 4"):
        topic_string(b"\x00\x00\x00", "delayed_block")
