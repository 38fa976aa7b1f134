"""A remote signer is asked in one way, is never believed, and fails with one line."""

import json
from dataclasses import replace

import pytest

from tests.helpers.keystores import PUBKEY, SECRET
from tests.helpers.remote_signer import generic_signer, released_signer
from tests.helpers.rpc_server import raw_server, read_request
from tests.helpers.web_server import Reply, web_server
from zkattest.crypto import bls
from zkattest.rpc import RemoteSigner, SignerLimits
from zkattest.signers import RawKeySigner
from zkattest.spec.reasons import Cause
from zkattest.spec.signing import CannotSign, SigningData
from zkattest.types.ids import Root

DATA = SigningData(Root(b"\x11" * 32), b"\x0f\0\0\0" + b"\x22" * 28)
PATIENT = SignerLimits(deadline_ms=20_000)


async def signed(url, pubkey=PUBKEY, limits=PATIENT):
    signer = RemoteSigner(url, pubkey, limits)
    try:
        return await signer.sign(DATA)
    finally:
        signer.close()


async def failed(respond, pubkey=PUBKEY):
    with web_server(respond) as server, pytest.raises(CannotSign) as failure:
        await signed(server.url, pubkey)
    name, detail = failure.value.detail.split(": ", 1)
    assert name == f"remote signer {server.url.removeprefix('http://')}"
    return failure.value.cause, detail


async def test_signer__gives_the_signature_that_the_key_itself_gives():
    with web_server(generic_signer(SECRET)) as server:
        assert await signed(server.url) == await RawKeySigner(SECRET).sign(DATA)
    [request] = server.requests
    assert request.method == "POST"
    assert request.path == f"/api/v1/eth2/sign/0x{PUBKEY.hex()}"
    assert request.body == {
        "type": "GENERIC",
        "merkle_root": "0x" + "11" * 32,
        "domain": "0x0f000000" + "22" * 28,
    }
    assert request.headers["accept"] == "application/json"
    assert request.headers["content-type"] == "application/json"


async def test_signer__keeps_the_path_of_its_address():
    def respond(request):
        assert request.path.startswith("/secret/api/v1/eth2/sign/0x")
        return generic_signer(SECRET)(replace(request, path=request.path.removeprefix("/secret")))

    with web_server(respond) as server:
        for end in ("/secret", "/secret/"):
            assert bls.verify(PUBKEY, DATA.signing_root, await signed(server.url + end))


async def test_signer__reads_a_signature_as_text():
    signature = bls.sign(SECRET, DATA.signing_root)
    with web_server(lambda request: Reply(200, f"0x{signature.hex()}\n".encode())) as server:
        assert await signed(server.url) == signature


async def test_signer__names_a_signer_that_does_not_know_the_request():
    assert await failed(released_signer) == (
        Cause.UNSUPPORTED_REQUEST,
        "HTTP status 400: it takes no request of type GENERIC",
    )


async def test_signer__names_the_key_that_is_not_held():
    other = bls.public_key(bytes(31) + b"\x07")
    assert await failed(generic_signer(SECRET), other) == (
        Cause.UNKNOWN_KEY,
        f"HTTP status 404: it holds no key 0x{other.hex()}",
    )


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (401, Cause.REFUSED_BY_SIGNER),
        (403, Cause.REFUSED_BY_SIGNER),
        (412, Cause.REFUSED_BY_SIGNER),
        (302, Cause.BACKEND_UNAVAILABLE),
        (201, Cause.BACKEND_UNAVAILABLE),
        (429, Cause.BACKEND_UNAVAILABLE),
        (500, Cause.BACKEND_UNAVAILABLE),
        (503, Cause.BACKEND_UNAVAILABLE),
    ],
)
async def test_signer__names_the_status(status, cause):
    reply = Reply(status, b"", {"Location": "http://127.0.0.1:1/"})
    assert await failed(lambda request: reply) == (cause, f"HTTP status {status}")


@pytest.mark.parametrize(
    "signature",
    [
        bls.sign(SECRET, b"\x33" * 32),
        bls.sign(SECRET, DATA.object_root),
        bls.sign(bytes(31) + b"\x07", DATA.signing_root),
        b"\xc0" + bytes(95),
        bytes(96),
        b"\xff" * 96,
    ],
    ids=["another root", "no domain", "another key", "infinity", "zeros", "no point"],
)
async def test_signer__not_believed_that_it_signed_what_was_asked(signature):
    answer = Reply.json({"signature": f"0x{signature.hex()}"})
    assert await failed(lambda request: answer) == (
        Cause.BACKEND_UNAVAILABLE,
        "a signature that does not verify",
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"0x",
        b"null",
        b"{}",
        b'{"signature": null}',
        b'{"signature": 7}',
        b'{"signature": ["0x00"]}',
        json.dumps({"signature": "0x" + "00" * 95}).encode(),
        json.dumps({"signature": "0x" + "00" * 97}).encode(),
        json.dumps({"signature": "00" * 96}).encode(),
        json.dumps({"signature": "0x" + "\u0660" * 192}).encode(),
        json.dumps({"signature": "0x" + "0g" * 96}).encode(),
        json.dumps(["0x" + "00" * 96]).encode(),
        b"\xff\xfe",
    ],
)
async def test_signer__refuses_what_is_no_signature(body):
    assert await failed(lambda request: Reply(200, body)) == (
        Cause.BACKEND_UNAVAILABLE,
        "the answer is no signature of 96 bytes",
    )


@pytest.mark.parametrize("body", [b"{", b'{"signature": "0x', b"{\xff}"])
async def test_signer__refuses_what_is_not_json(body):
    assert await failed(lambda request: Reply(200, body)) == (
        Cause.BACKEND_UNAVAILABLE,
        "the answer is not JSON",
    )


async def test_signer__reads_no_more_than_it_may():
    answer = Reply(200, b" " * 4_097)
    assert await failed(lambda request: answer) == (
        Cause.BACKEND_UNAVAILABLE,
        "an answer of more than 4096 bytes",
    )


async def test_signer__late_however_slowly_it_answers():
    def speak(stream, server):
        read_request(stream)
        stream.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not server.stopping.wait(0.02):
            stream.wfile.write(b" ")

    with raw_server(speak) as server, pytest.raises(CannotSign) as failure:
        await signed(server.url, limits=SignerLimits(deadline_ms=300))
    assert failure.value.cause is Cause.TIMEOUT
    assert failure.value.detail.endswith(": no answer within 300 ms")


async def test_signer__named_when_nobody_listens():
    with raw_server(lambda stream, server: None) as server:
        pass
    with pytest.raises(CannotSign, match="refused") as failure:
        await signed(server.url)
    assert failure.value.cause is Cause.BACKEND_UNAVAILABLE


@pytest.mark.parametrize(
    ("url", "pubkey", "words"),
    [
        ("localhost:9000", PUBKEY, "expected http"),
        ("http://127.0.0.1:9000", PUBKEY[:47], "pubkey: 47 bytes, expected 48"),
    ],
)
def test_signer__refuses_what_it_cannot_ask(url, pubkey, words):
    with pytest.raises(ValueError, match=words):
        RemoteSigner(url, pubkey)
