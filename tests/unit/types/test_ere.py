"""Messages of ere's service survive the way there and back, and nothing else does."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zkattest.types.ere import (
    EreError,
    EreExecuted,
    EreForm,
    EreInput,
    EreMethod,
    EreNothing,
    EreProgramVk,
    EreProof,
    EreProved,
    EreVerified,
    decode_ere_answer,
    decode_ere_request,
    encode_ere_answer,
    encode_ere_request,
)
from zkattest.types.errors import DecodeError

BYTES = st.binary(max_size=64)
NANOS = st.integers(0, 2**64 - 1)
INPUTS = st.builds(EreInput, BYTES, st.none() | BYTES)
REQUESTS = {
    EreMethod.EXECUTE: INPUTS,
    EreMethod.PROVE: INPUTS,
    EreMethod.VERIFY: st.builds(EreProof, BYTES),
    EreMethod.PROGRAM_VK: st.just(EreNothing()),
}
ANSWERS = {
    EreMethod.EXECUTE: st.builds(EreExecuted, BYTES, BYTES, NANOS),
    EreMethod.PROVE: st.builds(EreProved, BYTES, BYTES, BYTES, NANOS),
    EreMethod.VERIFY: st.builds(EreVerified, BYTES),
    EreMethod.PROGRAM_VK: st.builds(EreProgramVk, BYTES),
}


@given(st.sampled_from(EreMethod), st.booleans(), st.sampled_from(EreForm), st.data())
def test_messages__round_trip(method, as_json, form, data):
    request = data.draw(REQUESTS[method])
    written = encode_ere_request(method, request, as_json=as_json)
    assert decode_ere_request(method, written, as_json=as_json) == request
    answer = data.draw(ANSWERS[method] | st.builds(EreError, st.text(max_size=20)))
    written = encode_ere_answer(method, answer, as_json=as_json, form=form)
    assert decode_ere_answer(method, written, as_json=as_json) == told_in(form, answer)


def told_in(form, answer):
    """Leave out what the other form tells of a run."""
    if not isinstance(answer, (EreExecuted, EreProved)):
        return answer
    untold = {"report": b""} if form is EreForm.DURATION else {"duration_nanos": 0}
    return replace(answer, **untold)


@given(st.sampled_from(EreMethod), st.booleans(), BYTES)
def test_bytes__decode_or_are_refused(method, as_json, data):
    for decode in (decode_ere_request, decode_ere_answer):
        with suppress(DecodeError):
            assert decode(method, data, as_json=as_json) is not None


def test_wire__is_as_the_proto_file_says():
    # Field 1, length-delimited, inside field 1, length-delimited.
    assert encode_ere_answer(EreMethod.VERIFY, EreVerified(b"abc")) == b"\x0a\x05\x0a\x03abc"
    assert encode_ere_answer(EreMethod.VERIFY, EreError("no")) == b"\x12\x02no"
    assert encode_ere_answer(EreMethod.PROGRAM_VK, EreProgramVk(b"")) == b"\x0a\x00"
    assert encode_ere_request(EreMethod.EXECUTE, EreInput(b"a", b"")) == b"\x0a\x01a\x12\x00"


def test_wire__what_a_run_took_is_told_as_either_version_reads_it():
    ran, proved = EreExecuted(b"v", b"r", 300), EreProved(b"v", b"p", b"r", 300)
    # ere 0.17: a varint. ere 0.16: bytes, under the same number.
    duration, report = b"\xac\x02", b"\x01r"
    for method, answer, fields, tag in (
        (EreMethod.EXECUTE, ran, b"\x0a\x01v", 2),
        (EreMethod.PROVE, proved, b"\x0a\x01v\x12\x01p", 3),
    ):
        new = fields + bytes([tag << 3]) + duration
        old = fields + bytes([tag << 3 | 2]) + report
        assert encode_ere_answer(method, answer) == b"\x0a" + bytes([len(new)]) + new
        told = encode_ere_answer(method, answer, form=EreForm.REPORT)
        assert told == b"\x0a" + bytes([len(old)]) + old


@pytest.mark.parametrize(
    "data", [b"null", b"[]", b'"a"', b"1", b'{"x":1}', b'{"proof":1}', b"\xff"]
)
def test_json__refused(data):
    with pytest.raises(DecodeError):
        decode_ere_request(EreMethod.VERIFY, data, as_json=True)


def test_answer__without_a_result_is_refused():
    with pytest.raises(DecodeError, match="result: missing"):
        decode_ere_answer(EreMethod.VERIFY, b"")


def test_answer__of_another_method_is_a_bug():
    with pytest.raises(TypeError, match="EreVerified does not answer Prove"):
        encode_ere_answer(EreMethod.PROVE, EreVerified(b""))
