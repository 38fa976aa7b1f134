"""Properties of the messages and requests of EIP-8025: SSZ and JSON, both ways, also changed."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers import ssz_oracle
from tests.helpers.proof_messages import FORK_VERSION, GENESIS_VALIDATORS_ROOT, PUBKEY
from tests.helpers.proof_strategies import profile, profile_and_message, profile_and_request
from zkattest.crypto.proof_roots import hash_tree_root_message, hash_tree_root_request
from zkattest.spec.revisions import judge_revisions
from zkattest.types.errors import DecodeError
from zkattest.types.payload_request import decode_request, request_codec
from zkattest.types.proof_json import decode_message_json, encode_message_json
from zkattest.types.proof_messages import decode_message, encode_message
from zkattest.types.proof_profiles import PROFILES


def canonical_or_refused(kind, data):
    """Decode; what decodes has no second encoding. Gives None for what does not."""
    try:
        message = decode_message(kind, data)
    except DecodeError:
        return None
    assert encode_message(kind, message) == data
    return message


@given(profile_and_message)
def test_message__equals_after_round_trips(case):
    kind, message = case
    assert decode_message(kind, encode_message(kind, message)) == message
    text = encode_message_json(kind, message).encode()
    assert decode_message_json(kind, text) == message
    indented = json.dumps(json.loads(text), indent=2).encode()
    assert decode_message_json(kind, indented) == message


@given(profile_and_message, st.data())
def test_message__refused_or_shorter_when_truncated(case, data):
    kind, message = case
    encoded = encode_message(kind, message)
    cut = encoded[: data.draw(st.integers(0, len(encoded) - 1))]
    found = canonical_or_refused(kind, cut)
    # What is cut can only be the proof's, which stands at the end.
    least = len(encoded) - len(getattr(message, "message", message).proof_data)
    assert (found is None) == (len(cut) < least)


@given(profile_and_message, st.binary(min_size=1, max_size=40))
def test_message__longer_proof_when_extended(case, extra):
    kind, message = case
    found = canonical_or_refused(kind, encode_message(kind, message) + extra)
    assert found is not None
    before, after = (getattr(one, "message", one).proof_data for one in (message, found))
    assert after == before + extra


@given(profile_and_message, st.data())
def test_message__canonical_or_refused_with_changed_bytes(case, data):
    kind, message = case
    encoded = bytearray(encode_message(kind, message))
    for at in data.draw(st.lists(st.integers(0, len(encoded) - 1), min_size=1, max_size=4)):
        encoded[at] ^= data.draw(st.integers(1, 255))
    canonical_or_refused(kind, bytes(encoded))


@given(profile, st.binary(max_size=400))
def test_message__canonical_or_refused_as_noise(kind, noise):
    canonical_or_refused(kind, noise)


@given(profile_and_message, st.data())
def test_json__read_alike_or_refused_with_changed_text(case, data):
    kind, message = case
    text = bytearray(encode_message_json(kind, message).encode())
    for at in data.draw(st.lists(st.integers(0, len(text) - 1), min_size=1, max_size=4)):
        text[at] = data.draw(st.integers(0, 255))
    try:
        found = decode_message_json(kind, bytes(text))
    except DecodeError:
        return
    again = encode_message_json(kind, found)
    assert json.loads(again) == json.loads(text.lower())


@given(profile_and_message, st.data())
def test_json__refused_when_truncated(case, data):
    kind, message = case
    text = encode_message_json(kind, message).encode()
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    with pytest.raises(DecodeError) as caught:
        decode_message_json(kind, cut)
    assert caught.value.field == "json"


json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@given(profile, json_value)
def test_json__refused_as_another_value(kind, value):
    with pytest.raises(DecodeError):
        decode_message_json(kind, json.dumps(value).encode())


@settings(max_examples=40)
@given(profile_and_message)
def test_message__has_the_oracles_root(case):
    kind, message = case
    encoded = encode_message(kind, message)
    expected = ssz_oracle.root_of(ssz_oracle.message_type(kind), encoded)
    assert hash_tree_root_message(kind, message) == expected


@settings(max_examples=40)
@given(profile_and_request)
def test_request__has_the_oracles_root_after_a_round_trip(case):
    kind, request = case
    encoded = request_codec(kind).encode(request)
    assert decode_request(kind, encoded) == request
    expected = ssz_oracle.root_of(ssz_oracle.request_type(request, kind), encoded)
    assert hash_tree_root_request(kind, request) == expected


@given(profile_and_request, st.data())
def test_request__canonical_or_refused_with_changed_bytes(case, data):
    kind, request = case
    encoded = bytearray(request_codec(kind).encode(request))
    for at in data.draw(st.lists(st.integers(0, len(encoded) - 1), min_size=1, max_size=4)):
        encoded[at] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.integers(0, 3))
    changed = bytes(encoded[: len(encoded) - cut])
    try:
        found = decode_request(kind, changed)
    except DecodeError:
        return
    assert request_codec(kind).encode(found) == changed


@settings(max_examples=40)
@given(profile_and_message, st.integers(0, 300), st.integers(1, 255))
def test_revisions__answer_for_any_bytes(case, at, change):
    kind, message = case
    data = bytearray(encode_message(kind, message))
    data[at % len(data)] ^= change
    answers = judge_revisions(bytes(data), PUBKEY, FORK_VERSION, GENESIS_VALIDATORS_ROOT)
    assert [answer.profile for answer in answers] == list(PROFILES)
    for answer in answers:
        assert (answer.root is None) == bool(answer.detail)
