"""Messages as JSON: the keys of each revision, and the bound of the proof."""

import json

import pytest

from tests.helpers.proof_messages import counted_bytes, file_of, message_of, with_signature
from zkattest.types.errors import DecodeError
from zkattest.types.proof_json import (
    decode_content_submission_json,
    decode_message_json,
    decode_submission_json,
    encode_content_submission_json,
    encode_message_json,
    encode_submission_json,
    max_content_submission_json_bytes,
    max_json_bytes,
)
from zkattest.types.proof_profiles import PROFILES, ProfileName

BETA4 = PROFILES[ProfileName.BETA4]
SIGNATURE = counted_bytes(96)


def refusal(profile, text):
    with pytest.raises(DecodeError) as caught:
        decode_message_json(profile, text.encode())
    return caught.value.field, caught.value.reason


@pytest.mark.parametrize("name", ProfileName)
def test_message__is_the_fixture(name):
    profile = PROFILES[name]
    text = file_of(name, "json").read_text()
    assert encode_message_json(profile, message_of(profile)) + "\n" == text
    assert decode_message_json(profile, text.encode()) == message_of(profile)


def test_beta4_message__has_the_keys_of_the_beacon_api():
    text = encode_message_json(BETA4, with_signature(BETA4, b"\x01\x02", SIGNATURE))
    assert json.loads(text) == {
        "message": {
            "proof_data": "0x0102",
            "proof_type": "7",
            "beacon_block_root": "0x" + bytes(range(32, 64)).hex(),
        },
        "validator_index": "12345",
        "signature": "0x" + SIGNATURE.hex(),
    }


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        (ProfileName.FULU_DEVNET, ["proof_data", "proof_type", "public_input"]),
        (ProfileName.GLOAS_AUG, ["proof_data", "proof_type", "public_input"]),
        (ProfileName.CS5566, ["proof_data", "proof_type", "beacon_block_root"]),
        (
            ProfileName.EIP8440,
            ["proof_data", "proof_type", "origin_block_root", "head_block_root"],
        ),
    ],
)
def test_message__has_the_keys_of_its_revision(name, keys):
    message = json.loads(file_of(name, "json").read_text())
    assert list(message) == ["message", "validator_index", "signature"]
    assert list(message["message"]) == keys


def test_subnet_message__has_the_keys_of_its_revision():
    message = json.loads(file_of(ProfileName.TEKU_SUBNET, "json").read_text())
    assert list(message) == ["block_root", "block_hash", "subnet_id", "version", "proof_data"]


# 4,194,449 bytes of SSZ pass, one more fails: as JSON, too.
@pytest.mark.parametrize("name", [ProfileName.BETA4, ProfileName.CS5566, ProfileName.FULU_DEVNET])
def test_message__read_at_the_bound_and_not_one_byte_over(name):
    profile = PROFILES[name]
    largest = with_signature(profile, bytes(profile.max_proof_bytes), SIGNATURE)
    text = encode_message_json(profile, largest)
    assert decode_message_json(profile, text.encode()) == largest
    assert refusal(profile, text.replace('"0x00', '"0x0000', 1)) == (
        "message.proof_data",
        f"{profile.max_proof_bytes + 1} bytes exceed the limit of {profile.max_proof_bytes}",
    )


def test_message__refused_before_parsing_over_the_bound_of_the_text():
    limit = max_json_bytes(BETA4)
    padded = file_of(ProfileName.BETA4, "json").read_text().ljust(limit)
    assert decode_message_json(BETA4, padded.encode()) == message_of(BETA4)
    assert refusal(BETA4, padded + " ") == (
        "json",
        f"{limit + 1} bytes exceed the limit of {limit}",
    )


def test_message__refused_as_the_numbers_that_some_clients_write():
    text = file_of(ProfileName.BETA4, "json").read_text()
    assert refusal(BETA4, text.replace('"12345"', "12345")) == (
        "validator_index",
        "expected a string of decimal digits, got a number",
    )


def test_message__refused_under_another_revision():
    text = file_of(ProfileName.GLOAS_AUG, "json").read_text()
    assert refusal(BETA4, text) == ("message.public_input", "unknown key")


def test_submission__holds_four_messages_and_not_five():
    messages = tuple(with_signature(BETA4, bytes([n]), SIGNATURE) for n in range(4))
    text = encode_submission_json(BETA4, messages)
    assert decode_submission_json(BETA4, text.encode()) == messages
    five = text.removesuffix("]") + "," + encode_message_json(BETA4, messages[0]) + "]"
    with pytest.raises(DecodeError, match="list: 5 elements exceed the limit of 4"):
        decode_submission_json(BETA4, five.encode())
    head, _, last = text.rpartition('"validator_index"')
    with pytest.raises(DecodeError, match=r"\[3\]\.validator index: unknown key"):
        decode_submission_json(BETA4, f'{head}"validator index"{last}'.encode())


def test_submission__of_proofs_to_sign_holds_four_and_not_more():
    contents = tuple(with_signature(BETA4, bytes([n]), SIGNATURE).message for n in range(4))
    text = encode_content_submission_json(BETA4, contents)
    assert decode_content_submission_json(BETA4, text.encode()) == contents
    with pytest.raises(DecodeError, match="list: 8 elements exceed the limit of 4"):
        decode_content_submission_json(BETA4, (text[:-1] + "," + text[1:]).encode())
    large = b" " * (max_content_submission_json_bytes(BETA4) + 1)
    with pytest.raises(DecodeError, match="bytes exceed the limit"):
        decode_content_submission_json(BETA4, large)
