"""Messages of every revision: layout, sizes at the bound, refusals by name."""

import pytest

from tests.helpers.proof_messages import (
    BLOCK_ROOT,
    HEAD_ROOT,
    REQUEST_ROOT,
    counted_bytes,
    file_of,
    message_of,
    with_signature,
)
from zkattest.types.errors import DecodeError, EncodeError
from zkattest.types.ids import BlockHash
from zkattest.types.proof_messages import (
    CHAIN_PUBLIC_INPUT,
    VALIDATION_RESULT,
    ChainPublicInput,
    SubnetExecutionProof,
    content_codec,
    content_submission_codec,
    decode_content_submission,
    decode_message,
    encode_message,
    max_content_submission_bytes,
    submission_codec,
    unsigned_message,
)
from zkattest.types.proof_profiles import PROFILES, ProfileName
from zkattest.types.wire import PublicValues, SignedExecutionProofEnvelope

SIGNATURE = counted_bytes(96)
# The fixed part of what carries a signature: an offset, an index, a signature.
SIGNED_HEAD = (108).to_bytes(4, "little") + (12345).to_bytes(8, "little") + SIGNATURE


def unsigned(profile, proof_data):
    """Make a message of any profile without a signature that anybody made."""
    if profile.is_signed:
        return with_signature(profile, proof_data, SIGNATURE)
    return SubnetExecutionProof(BLOCK_ROOT, BlockHash(HEAD_ROOT), 3, 1, proof_data)


def refusal(profile, data):
    with pytest.raises(DecodeError) as caught:
        decode_message(profile, data)
    return caught.value.field, caught.value.reason


@pytest.mark.parametrize(
    ("name", "binding"),
    [
        (ProfileName.FULU_DEVNET, REQUEST_ROOT),
        (ProfileName.GLOAS_AUG, REQUEST_ROOT),
        (ProfileName.CS5566, BLOCK_ROOT),
        (ProfileName.BETA4, BLOCK_ROOT),
        (ProfileName.EIP8440, BLOCK_ROOT + HEAD_ROOT),
    ],
)
def test_signed_message__layout(name, binding):
    head = (5 + len(binding)).to_bytes(4, "little")
    assert encode_message(PROFILES[name], unsigned(PROFILES[name], b"proof")) == (
        SIGNED_HEAD + head + b"\x07" + binding + b"proof"
    )


def test_subnet_message__layout():
    profile = PROFILES[ProfileName.TEKU_SUBNET]
    assert encode_message(profile, unsigned(profile, b"proof")) == (
        BLOCK_ROOT
        + HEAD_ROOT
        + (3).to_bytes(8, "little")
        + (1).to_bytes(8, "little")
        + (84).to_bytes(4, "little")
        + b"proof"
    )


@pytest.mark.parametrize("name", ProfileName)
def test_message__is_the_fixture(name):
    profile = PROFILES[name]
    encoded = file_of(name).read_bytes()
    assert encode_message(profile, message_of(profile)) == encoded
    assert decode_message(profile, encoded) == message_of(profile)


@pytest.mark.parametrize("name", ProfileName)
def test_message__decodes_at_the_bound_and_not_one_byte_over(name):
    profile = PROFILES[name]
    largest = unsigned(profile, bytes(profile.max_proof_bytes))
    encoded = encode_message(profile, largest)
    assert len(encoded) == profile.max_message_bytes
    assert decode_message(profile, encoded) == largest
    assert refusal(profile, encoded + b"\0") == (
        "object",
        f"{len(encoded) + 1} bytes exceed the limit of {len(encoded)}",
    )


@pytest.mark.parametrize("name", ProfileName)
def test_message__not_encoded_with_a_proof_over_the_limit(name):
    profile = PROFILES[name]
    with pytest.raises(EncodeError, match=f"exceed the limit of {profile.max_proof_bytes}"):
        encode_message(profile, unsigned(profile, bytes(profile.max_proof_bytes + 1)))


@pytest.mark.parametrize("name", ProfileName)
def test_message__decodes_with_an_empty_proof(name):
    profile = PROFILES[name]
    message = unsigned(profile, b"")
    assert decode_message(profile, encode_message(profile, message)) == message


def test_message__refused_before_the_bound_of_another_profile():
    size = PROFILES[ProfileName.FULU_DEVNET].max_message_bytes + 1
    field, reason = refusal(PROFILES[ProfileName.FULU_DEVNET], bytes(size))
    assert (field, reason) == ("object", f"{size} bytes exceed the limit of {size - 1}")
    assert refusal(PROFILES[ProfileName.BETA4], bytes(size)) == (
        "object",
        "first offset is 0, expected 108",
    )


@pytest.mark.parametrize(
    ("at", "byte", "field", "reason"),
    [
        (0, 107, "object", "first offset is 107, expected 108"),
        (108, 38, "message", "first offset is 38, expected 37"),
    ],
)
def test_signed_message__refused_offset(at, byte, field, reason):
    profile = PROFILES[ProfileName.BETA4]
    encoded = bytearray(encode_message(profile, unsigned(profile, b"proof")))
    encoded[at] = byte
    assert refusal(profile, bytes(encoded)) == (field, reason)


def test_beta4_message__is_what_the_wire_module_has():
    profile = PROFILES[ProfileName.BETA4]
    encoded = file_of(ProfileName.BETA4).read_bytes()
    assert SignedExecutionProofEnvelope.decode(encoded) == decode_message(profile, encoded)


def test_content_codec__refused_where_nothing_is_signed():
    with pytest.raises(ValueError, match="teku-subnet: messages are not signed"):
        content_codec(PROFILES[ProfileName.TEKU_SUBNET])


def test_submission__holds_four_messages_and_not_five():
    profile = PROFILES[ProfileName.BETA4]
    codec, message = submission_codec(profile), unsigned(profile, b"proof")
    encoded = codec.encode((message,) * 4, "list")
    assert codec.decode(memoryview(encoded), "list") == (message,) * 4
    with pytest.raises(EncodeError, match="5 elements exceed the limit of 4"):
        codec.encode((message,) * 5, "list")


def test_public_inputs__layout():
    values = PublicValues(REQUEST_ROOT, True, 11155111, 0x1501)
    assert VALIDATION_RESULT.encode(values) == values.encode()
    chain = ChainPublicInput(BLOCK_ROOT, HEAD_ROOT, 11155111, 0x1501)
    tail = (11155111).to_bytes(8, "little") + b"\x01\x15"
    assert CHAIN_PUBLIC_INPUT.encode(chain) == BLOCK_ROOT + HEAD_ROOT + tail


@pytest.mark.parametrize("name", [ProfileName.GLOAS_AUG, ProfileName.CS5566, ProfileName.BETA4])
def test_submission__of_proofs_to_sign_round_trips_and_is_bounded(name):
    profile = PROFILES[name]
    contents = tuple(with_signature(profile, b"x" * n, SIGNATURE).message for n in (0, 1, 99, 5))
    data = content_submission_codec(profile).encode(contents, "")
    assert decode_content_submission(profile, data) == contents
    assert decode_content_submission(profile, b"") == ()
    for wrong in (data[:3], b"\x11" + data[1:], data[:40]):
        with pytest.raises(DecodeError):
            decode_content_submission(profile, wrong)
    with pytest.raises(DecodeError, match="exceed the limit"):
        decode_content_submission(profile, bytes(max_content_submission_bytes(profile) + 1))


def test_submission__of_proofs_to_sign_fits_four_of_the_largest():
    profile = PROFILES[ProfileName.FULU_DEVNET]
    largest = with_signature(profile, bytes(profile.max_proof_bytes), SIGNATURE).message
    data = content_submission_codec(profile).encode((largest,) * 4, "")
    assert decode_content_submission(profile, data) == (largest,) * 4
    with pytest.raises(ValueError, match="not signed"):
        content_submission_codec(PROFILES[ProfileName.TEKU_SUBNET])


def test_unsigned_message__has_zeros_for_a_signature():
    profile = PROFILES[ProfileName.BETA4]
    signed = with_signature(profile, b"proof", SIGNATURE)
    made = unsigned_message(profile, signed.message, signed.validator_index)
    assert made == SignedExecutionProofEnvelope(signed.message, signed.validator_index, bytes(96))
