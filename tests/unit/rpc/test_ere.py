"""An ere-server is asked within bounds, and believed no further than its answers go."""

import json

import pytest

from tests.helpers.web_server import Reply, web_server
from zkattest.rpc import EreClient, EreLimits
from zkattest.types.ere import (
    EreError,
    EreExecuted,
    EreForm,
    EreInput,
    EreMethod,
    EreProgramVk,
    EreProof,
    EreProved,
    EreVerified,
    decode_ere_request,
    encode_ere_answer,
)
from zkattest.types.errors import SourceTimeout, SourceUnavailable

LIMITS = EreLimits(deadline_ms=2_000, answer_bytes=100)
PROTOBUF = {"Content-Type": "application/protobuf"}


def answering(method, answer):
    return lambda _: Reply(200, encode_ere_answer(method, answer), PROTOBUF)


@pytest.mark.parametrize(
    ("ask", "method", "request_", "answer"),
    [
        (lambda c: c.verify(b"p"), EreMethod.VERIFY, EreProof(b"p"), EreVerified(b"v")),
        (lambda c: c.verify(b"p"), EreMethod.VERIFY, EreProof(b"p"), EreError("no")),
        (lambda c: c.program_vk(), EreMethod.PROGRAM_VK, None, EreProgramVk(b"k")),
        (
            lambda c: c.execute(b"i"),
            EreMethod.EXECUTE,
            EreInput(b"i"),
            EreExecuted(b"v", duration_nanos=1),
        ),
        (
            lambda c: c.prove(b"i", b"q"),
            EreMethod.PROVE,
            EreInput(b"i", b"q"),
            EreProved(b"v", b"p", duration_nanos=1),
        ),
    ],
)
def test_server__answers(ask, method, request_, answer):
    with web_server(answering(method, answer)) as server:
        assert ask(EreClient(f"{server.url}/base/", LIMITS)) == answer
    (sent,) = server.requests
    assert sent.path == f"/base/twirp/api.ZkvmService/{method}"
    assert sent.headers["content-type"] == "application/protobuf"
    if request_ is not None:
        assert decode_ere_request(method, sent.data) == request_


def test_server__that_says_too_much_is_cut_to_one_line():
    said = EreError("no\n\x1b[2J" + "x" * 5_000)
    limits = EreLimits(deadline_ms=2_000, answer_bytes=10_000)
    with web_server(answering(EreMethod.VERIFY, said)) as server:
        heard = EreClient(server.url, limits).verify(b"p")
    assert isinstance(heard, EreError)
    assert heard.error.startswith("no ")
    assert len(heard.error) < 200
    assert heard.error.isprintable()


def test_server__of_ere_0_16_answers_with_a_report():
    answer = EreProved(b"v", b"p", b"r")
    body = encode_ere_answer(EreMethod.PROVE, answer, form=EreForm.REPORT)
    with web_server(lambda _: Reply(200, body, PROTOBUF)) as server:
        assert EreClient(server.url, LIMITS).prove(b"i") == answer


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (
            Reply(503, json.dumps({"code": "unavailable", "msg": "busy\nnow"}).encode()),
            "HTTP status 503: unavailable: busy now",
        ),
        (Reply(500, b"<html>"), "HTTP status 500"),
        (Reply(500, b"{"), "not JSON"),
        (Reply(404, b'{"code": 1}'), "HTTP status 404"),
        (Reply(200, b"\xff\xff"), "not the answer of Verify"),
        (Reply(200, b""), "not the answer of Verify: result: missing"),
        (Reply(200, bytes(101)), "more than 100 bytes"),
    ],
)
def test_server__whose_answer_is_none(reply, why):
    with (
        web_server(lambda _: reply) as server,
        pytest.raises(SourceUnavailable, match=why),
    ):
        EreClient(server.url, LIMITS).verify(b"p")


def test_server__that_is_gone():
    with web_server(lambda _: Reply()) as server:
        url = server.url
    with pytest.raises((SourceUnavailable, SourceTimeout)):
        EreClient(url, LIMITS).verify(b"p")


def test_address__refused():
    with pytest.raises(ValueError, match="expected http"):
        EreClient("ftp://host")
