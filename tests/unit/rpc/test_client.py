"""A server that is slow, broken or hostile costs a bounded time and gets one line of detail."""

import json
import time

import pytest

from tests.helpers.rpc_server import http_answer, http_server, raw_server, read_request, rpc_server
from zkattest.rpc.client import Call, JsonRpcClient, RpcLimits
from zkattest.types.errors import SourceTimeout, SourceUnavailable

CALLS = [Call("one", []), Call("two", [7])]
# Long enough for an answer on a busy machine where one is expected.
PATIENT_MS, HURRIED_MS = 20_000, 300


def call(server, calls=CALLS, url=None, **limits):
    limits = RpcLimits(**({"deadline_ms": PATIENT_MS} | limits))
    client = JsonRpcClient(url or server.url, limits)
    try:
        with client.within_deadline():
            return client.call_all(calls)
    finally:
        client.close()


def refused(respond, **limits):
    with http_server(respond) as server, pytest.raises(SourceUnavailable) as failure:
        call(server, **limits)
    assert failure.value.detail.startswith(server.url.removeprefix("http://") + ": ")
    return failure.value.detail.partition(": ")[2]


def body(answer):
    return lambda request: http_answer(json.dumps(answer).encode())


def test_client__gives_results_in_the_order_of_the_calls():
    def respond(request):
        answers = [{"id": one["id"], "result": one["method"]} for one in request]
        return http_answer(json.dumps(answers[::-1]).encode())

    with http_server(respond) as server:
        assert call(server) == ["one", "two"]
    assert server.requests[0][1] == {"jsonrpc": "2.0", "id": 1, "method": "two", "params": [7]}


def test_client__gives_a_result_that_is_null():
    with rpc_server(lambda call: {"result": None}) as server:
        assert call(server, CALLS[:1]) == [None]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        7,
        "text",
        {},
        [],
        [{"id": 0, "result": 1}],
        [{"id": 0, "result": 1}, {"id": 0, "result": 1}],
        [{"id": 0, "result": 1}, {"id": 2, "result": 1}],
        [{"id": 0, "result": 1}, {"id": "1", "result": 1}],
        [{"id": 0, "result": 1}, {"id": True, "result": 1}],
        [{"id": 0, "result": 1}, {"id": 1}],
        [{"id": 0, "result": 1}, None],
        [{"id": 0, "result": 1}, {"id": 1, "result": 1}, {"id": 2, "result": 1}],
    ],
)
def test_client__refuses_an_answer_that_does_not_fit(answer):
    assert refused(body(answer)) == "the answer does not fit the calls"


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        ({"id": None, "error": {"code": 1, "message": "no batches"}}, "error: no batches"),
        ([{"id": 0, "result": 1}, {"id": 1, "error": {"message": "busy"}}], "error: busy"),
        ([{"id": 0, "error": "text"}, {"id": 1, "result": 1}], "error: without a message"),
    ],
)
def test_client__passes_on_an_error(answer, detail):
    assert refused(body(answer)) == detail


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"[" * 1_000_000,
        b'{"a":' * 500_000,
        b"9" * 1_000_000,
        b"\xff\xfe\x00",
    ],
    ids=lambda data: repr(data[:8]),
)
def test_client__refuses_what_is_not_json(data):
    assert refused(lambda request: http_answer(data)) == "the answer is not JSON"


def test_client__reads_no_more_than_it_may():
    exact = json.dumps([{"id": n, "result": "x" * 500} for n in range(2)]).encode()
    with http_server(lambda request: http_answer(exact)) as server:
        assert call(server, response_bytes=len(exact)) == ["x" * 500] * 2
    detail = refused(lambda request: http_answer(exact), response_bytes=len(exact) - 1)
    assert detail == f"an answer of more than {len(exact) - 1} bytes"


def test_client__refuses_a_stream_without_end():
    def speak(stream, server):
        read_request(stream)
        stream.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not server.stopping.is_set():
            stream.wfile.write(b"10000\r\n" + bytes(65_536) + b"\r\n")

    with raw_server(speak) as server, pytest.raises(SourceUnavailable, match="more than 1000000"):
        call(server, response_bytes=1_000_000)


@pytest.mark.parametrize("status", ["302 Found", "500 Oops", "401 Unauthorized", "204 No Content"])
def test_client__refuses_another_status_and_follows_no_redirect(status):
    with rpc_server(lambda call: {"result": 1}) as other:
        answer = http_answer(b"", status, f"Location: {other.url}\r\n")
        assert refused(lambda request: answer) == f"HTTP status {status[:3]}"
    assert other.requests == []


def test_client__refuses_compression():
    answer = http_answer(b"\x1f\x8b" + bytes(100), headers="Content-Encoding: gzip\r\n")
    assert refused(lambda request: answer) == "a compressed answer, which was not asked for"


@pytest.mark.parametrize(
    "data", [b"", b"HTTP/1.1 200", b"\x16\x03\x01\x02", b"HTTP/1.1 200 OK\r\n:\r\n\r\n"]
)
def test_client__refuses_what_is_not_http(data):
    def speak(stream, server):
        read_request(stream)
        stream.wfile.write(data)

    with raw_server(speak) as server, pytest.raises(SourceUnavailable):
        call(server)


def test_client__refuses_half_an_answer():
    def speak(stream, server):
        read_request(stream)
        stream.wfile.write(http_answer(bytes(100))[:-50])

    with raw_server(speak) as server, pytest.raises(SourceUnavailable):
        call(server)


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n",
    ],
)
def test_client__late_however_slowly_the_server_dribbles(start):
    def speak(stream, server):
        read_request(stream)
        stream.wfile.write(start)
        # One byte now and then: every single read is in time.
        while start and not server.stopping.wait(0.02):
            stream.wfile.write(b"a")
        server.stopping.wait()

    began = time.monotonic()
    with raw_server(speak) as server, pytest.raises(SourceTimeout, match="within 300 ms"):
        call(server, deadline_ms=HURRIED_MS)
    assert time.monotonic() - began < PATIENT_MS / 1000


def test_client__late_when_the_handshake_of_tls_never_ends():
    def speak(stream, server):
        while not server.stopping.wait(0.02):
            stream.wfile.write(b"\x16\x03\x03\x40\x00")

    with raw_server(speak) as server:
        url = server.url.replace("http:", "https:")
        with pytest.raises((SourceTimeout, SourceUnavailable)):
            call(server, url=url, deadline_ms=HURRIED_MS)


def test_client__refused_when_nobody_listens():
    with raw_server(lambda stream, server: None) as server:
        pass
    with pytest.raises(SourceUnavailable, match="refused"):
        call(server)


def test_client__uses_a_connection_again():
    with rpc_server(lambda call: {"result": 1}) as server:
        client = JsonRpcClient(server.url, RpcLimits(deadline_ms=PATIENT_MS))
        for _ in range(3):
            with client.within_deadline():
                assert client.call_all(CALLS) == [1, 1]
        client.close()
    assert server.connections == 1


def test_client__recovers_when_a_server_comes_back():
    def speak(stream, server):
        # One answer a connection, and the line is cut without a word.
        calls = read_request(stream)
        answers = [{"id": one["id"], "result": 1} for one in calls]
        stream.wfile.write(http_answer(json.dumps(answers).encode()))

    with raw_server(speak) as server:
        client = JsonRpcClient(server.url, RpcLimits(deadline_ms=PATIENT_MS))
        with client.within_deadline():
            assert client.call_all(CALLS) == [1, 1]
        client.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8545",
        "ftp://a",
        "http://",
        "http://[",
        "http://a:x",
        "file:///a",
        "\0",
        "http://" + "a" * 64,
    ],
)
def test_client__refuses_what_is_no_address(url):
    with pytest.raises(ValueError, match=r"address|http"):
        JsonRpcClient(url, RpcLimits())


def test_client__shows_neither_user_nor_path():
    client = JsonRpcClient("http://user:secret@127.0.0.1:1/v3/key?token=1", RpcLimits())
    with client.within_deadline(), pytest.raises(SourceUnavailable) as failure:
        client.call_all(CALLS)
    assert failure.value.detail.startswith("127.0.0.1:1: ")
    assert not any(word in str(failure.value) for word in ("secret", "user", "key", "token"))


def test_client__sends_user_and_password_as_basic_authentication():
    heads = []

    def speak(stream, server):
        line = stream.rfile.readline()
        while line not in (b"\r\n", b""):
            heads.append(line.strip().lower())
            line = stream.rfile.readline()
        stream.wfile.write(http_answer(b'{"id": 0, "result": 1}'))

    with raw_server(speak) as server:
        call(server, CALLS[:1], url=server.url.replace("http://", "http://user:word@"))
    assert b"authorization: basic dxnlcjp3b3jk" in heads
    assert b"accept-encoding: identity" in heads


def test_client__ignores_the_proxies_of_the_environment(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with rpc_server(lambda call: {"result": 1}) as server:
        assert call(server) == [1, 1]
