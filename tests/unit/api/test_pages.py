"""Pages are answered within bounds; whatever else comes ends one connection."""

import contextlib

import pytest
import trio
import trio.testing
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from zkattest.api.answers import Answer, json_answer
from zkattest.api.connection import Connection
from zkattest.api.pages import HttpLimits, HttpServer, pages_app

LIMITS = HttpLimits(connections=2, head_bytes=1_000, requests=3, timeout_ms=1_000)


async def hello():
    return Answer(200, b"hello\n")


async def broken():
    raise RuntimeError("secret detail")


async def sick():
    return json_answer({"alive": False}, 503)


PAGES = {"/hello": hello, "/broken": broken, "/sick": sick}


def connection(stream, limits):
    return Connection(stream, pages_app(PAGES, {}, limits), limits.of_server())


async def ask(data, *, then_close=True, limits=LIMITS):
    """Send bytes over a stream in memory; return all that comes back until the end."""
    ours, theirs = trio.testing.memory_stream_pair()
    answer = bytearray()
    async with trio.open_nursery() as nursery:

        async def run():
            await connection(theirs, limits).run()
            await theirs.aclose()

        nursery.start_soon(run)
        with contextlib.suppress(trio.BrokenResourceError):
            await ours.send_all(data)
            if then_close:
                await ours.send_eof()
        async for chunk in ours:
            answer += chunk
    return bytes(answer)


def request(method="GET", path="/hello", *headers):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: me", *headers, "", ""]).encode()


async def test_page__answered():
    answer = await ask(request())
    head, _, body = answer.partition(b"\r\n\r\n")
    assert (head.split(b"\r\n")[0], body) == (b"HTTP/1.1 200 ", b"hello\n")
    assert b"content-length: 6" in head.lower()


async def test_page__answered_with_a_query():
    assert (await ask(request(path="/hello?x=1"))).startswith(b"HTTP/1.1 200 ")


async def test_head__answered_without_its_body():
    answer = await ask(request("HEAD"))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\n")
    assert b"content-length: 6" in answer.lower()


async def test_json__answered_with_the_status_of_the_page():
    answer = await ask(request(path="/sick"))
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert answer.endswith(b'{"alive": false}\n')


async def test_requests__answered_one_after_the_other_up_to_the_bound():
    answer = await ask(request() * 5)
    assert answer.count(b"HTTP/1.1 200 ") == LIMITS.requests


@pytest.mark.parametrize("path", ["/", "/hell", "/hello/", "//hello", "/../hello", "/%68ello", "*"])
async def test_path__refused_when_unknown(path):
    assert (await ask(request(path=path))).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "get", "TRACE"])
async def test_method__refused_when_it_is_another(method):
    answer = await ask(request(method))
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert b"allow: get, head" in answer.lower()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (("GET", "/hello", "Content-Length: 5"), 413),
        (("GET", "/hello", "Transfer-Encoding: chunked"), 413),
        (("GET", "/hello", "Content-Length: 5", "Expect: 100-continue"), 413),
        (("POST", "/hello", "Content-Length: 5"), 405),
        (("GET", "/none", "Content-Length: 5"), 404),
    ],
)
async def test_body__refused_unread(head, status):
    answer = await ask(request(*head) + request(), then_close=False)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"connection: close" in answer.lower()
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_body__of_no_bytes_is_none():
    assert (await ask(request("GET", "/hello", "Content-Length: 0"))).startswith(b"HTTP/1.1 200 ")


async def test_head__refused_when_it_is_too_large():
    answer = await ask(request("GET", "/hello", f"X: {'a' * 2 * LIMITS.head_bytes}"))
    assert answer.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x02\x00\x01", b"GET /hello\r\n\r\n", b"\0" * 9])
async def test_bytes__refused_when_no_request(data):
    answer = await ask(data + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_asker__dropped_when_it_is_slow(autojump_clock):
    started_s = trio.current_time()
    assert await ask(b"GET /hello HT", then_close=False) == b""
    assert trio.current_time() - started_s == pytest.approx(LIMITS.timeout_ms / 1000)


async def test_asker__dropped_when_it_takes_no_answer(autojump_clock):
    ours, theirs = trio.testing.lockstep_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection(theirs, LIMITS).run)
        await ours.send_all(request())
    assert trio.current_time() == pytest.approx(LIMITS.timeout_ms / 1000)


async def test_page__answers_500_without_detail_when_it_fails(caplog):
    answer = await ask(request(path="/broken"))
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"secret" not in answer
    assert "secret detail" in caplog.text


async def test_server__closes_connections_beyond_the_bound():
    async with (
        HttpServer.open("127.0.0.1", 0, LIMITS) as server,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(server.serve, PAGES)
        held = [await trio.open_tcp_stream("127.0.0.1", server.port) for _ in range(2)]
        for stream in held:
            await stream.send_all(request())
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 200 ")
        beyond = await trio.open_tcp_stream("127.0.0.1", server.port)
        with contextlib.suppress(trio.BrokenResourceError):
            assert await beyond.receive_some() == b""
        await held[0].aclose()
        with trio.fail_after(5):
            while True:
                again = await trio.open_tcp_stream("127.0.0.1", server.port)
                with contextlib.suppress(trio.BrokenResourceError):
                    await again.send_all(request())
                    if (await again.receive_some()).startswith(b"HTTP/1.1 200 "):
                        break
        nursery.cancel_scope.cancel()


@hypothesis_settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.binary(max_size=300) | st.binary(max_size=60).map(lambda b: b"GET /hello " + b))
def test_bytes__answered_or_closed_whatever_they_are(data):
    answer = trio.run(ask, data)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 ")
