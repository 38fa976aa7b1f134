"""Requests reach an ASGI application within bounds; whatever else comes ends one connection."""

import contextlib

import pytest
import trio
import trio.testing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zkattest.api.connection import Connection
from zkattest.api.limits import ServerLimits

LIMITS = ServerLimits(
    head_bytes=1_000, requests=3, idle_ms=2_000, head_ms=1_000, body_ms=1_000, write_ms=1_000
)


async def echo(scope, receive, send):
    """Answer with what was sent."""
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message["body"]
        if not message["more_body"]:
            break
    status = 408 if message["type"] == "http.disconnect" else 200
    text = f"{scope['method']} {scope['path']} {scope['query_string'].decode()} ".encode() + body
    headers = [(b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


async def unread(scope, receive, send):
    await send({"type": "http.response.start", "status": 413, "headers": []})
    await send({"type": "http.response.body", "body": b"no"})


async def broken(scope, receive, send):
    raise RuntimeError("secret detail")


async def half(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    raise RuntimeError("secret detail")


async def ask(data, app=echo, *, then_close=True, limits=LIMITS, draining=None):
    """Send bytes over a stream in memory; return all that comes back until the end."""
    ours, theirs = trio.testing.memory_stream_pair()
    answer = bytearray()
    async with trio.open_nursery() as nursery:

        async def run():
            await Connection(theirs, app, limits, draining=draining).run()
            await theirs.aclose()

        nursery.start_soon(run)
        with contextlib.suppress(trio.BrokenResourceError):
            await ours.send_all(data)
            if then_close:
                await ours.send_eof()
        async for chunk in ours:
            answer += chunk
    return bytes(answer)


def head(method="GET", path="/hello", *headers):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: me", *headers, "", ""]).encode()


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer else None


async def test_request__answered_with_its_path_and_query():
    answer = await ask(head(path="/a%20b?x=1"))
    assert answer.endswith(b"\r\n\r\nGET /a b x=1 ")
    assert b"x-content-type-options: nosniff" in answer


async def test_body__read_in_pieces():
    answer = await ask(
        head("POST", "/", "Transfer-Encoding: chunked") + b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    )
    assert answer.endswith(b"POST /  abc")


async def test_head_request__answered_without_a_body():
    answer = await ask(head("HEAD"))
    assert status(answer) == 200
    assert answer.endswith(b"\r\n\r\n")


async def test_requests__answered_one_after_the_other_up_to_their_limit():
    answer = await ask(head() * 5)
    assert answer.count(b"HTTP/1.1 200") == 3
    # Who sends no more after this one loses nothing.
    assert answer.lower().count(b"connection: close") == 1
    assert b"connection: close" in answer.lower().rpartition(b"http/1.1 200")[2]


async def test_body__asked_for_where_the_asker_waits_for_that():
    answer = await ask(head("POST", "/", "Expect: 100-continue", "Content-Length: 2") + b"ab")
    assert answer.startswith(b"HTTP/1.1 100 ")
    assert answer.endswith(b"POST /  ab")


async def test_body__not_asked_for_where_the_head_is_refused():
    answer = await ask(
        head("POST", "/", "Expect: 100-continue", "Content-Length: 2"), unread, then_close=False
    )
    assert status(answer) == 413
    assert b"connection: close" in answer.lower()


async def test_unread_body__ends_the_connection():
    answer = await ask(head("POST", "/", "Content-Length: 9") + b"x" + head(), unread)
    assert answer.count(b"HTTP/1.1") == 1


async def test_slow_head__closed_after_its_time(autojump_clock):
    started_s = trio.current_time()
    assert await ask(b"GET / HT", then_close=False) == b""
    assert trio.current_time() - started_s == 1.0


async def test_idle_connection__closed_after_its_time(autojump_clock):
    started_s = trio.current_time()
    assert (await ask(head(), then_close=False)).startswith(b"HTTP/1.1 200")
    assert trio.current_time() - started_s == 2.0


async def test_idle_connection__closed_when_the_server_drains(autojump_clock):
    draining, started_s = trio.Event(), trio.current_time()
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def drain_soon():
            await trio.sleep(0.5)
            draining.set()

        assert await ask(b"", then_close=False, draining=draining) == b""
    assert trio.current_time() - started_s == 0.5


async def test_draining__says_that_no_more_requests_are_taken():
    draining = trio.Event()

    async def app(scope, receive, send):
        draining.set()
        await echo(scope, receive, send)

    answer = await ask(head() * 2, app, draining=draining)
    assert answer.count(b"HTTP/1.1 200") == 1
    assert b"connection: close" in answer.lower()


async def test_drip_fed_head__closed_after_its_time(autojump_clock):
    ours, theirs = trio.testing.memory_stream_pair()
    started_s = trio.current_time()
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def run():
            await Connection(theirs, echo, LIMITS).run()
            nursery.cancel_scope.cancel()

        for byte in head():
            await ours.send_all(bytes([byte]))
            await trio.sleep(0.1)
    assert 1.0 <= trio.current_time() - started_s < 1.2


async def test_slow_body__told_to_the_application_after_its_time(autojump_clock):
    answer = await ask(head("POST", "/", "Content-Length: 9") + b"x", then_close=False)
    assert status(answer) == 408


@pytest.mark.parametrize(("piece", "every_s", "lasts_s"), [(1, 1, 5), (500, 1, 10), (1_000, 1, 20)])
async def test_drip_fed_body__ended_before_its_time(autojump_clock, piece, every_s, lasts_s):
    limits = ServerLimits(head_ms=5_000, body_ms=20_000, body_bytes_per_s=1_000)
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, echo, limits).run)
        await ours.send_all(head("POST", "/", "Content-Length: 100000"))
        started_s = trio.current_time()

        @nursery.start_soon
        async def drip():
            while True:
                await trio.sleep(every_s)
                await ours.send_all(bytes(piece))

        assert status(await ours.receive_some()) == 408
        nursery.cancel_scope.cancel()
    assert trio.current_time() - started_s == pytest.approx(lasts_s, abs=1)


async def test_answer_nobody_takes__dropped_after_its_time(autojump_clock):
    async def endless(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": bytes(1000), "more_body": True})

    ours, theirs = trio.testing.lockstep_stream_pair()
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def run():
            await Connection(theirs, endless, LIMITS).run()
            nursery.cancel_scope.cancel()

        await ours.send_all(head())
        await trio.sleep_forever()
    assert trio.current_time() >= 1.0


async def test_bug__answered_without_its_detail(caplog):
    answer = await ask(head(), broken)
    assert status(answer) == 500
    assert b"secret" not in answer
    assert "secret detail" in caplog.text


async def test_bug__breaks_off_an_answer_that_has_begun(caplog):
    answer = await ask(head(), half)
    assert b"half" in answer
    assert not answer.endswith(b"0\r\n\r\n")


async def test_reader_who_leaves__ends_a_page_of_several_tasks_without_a_fault(caplog):
    ours, theirs = trio.testing.memory_stream_pair()
    left = trio.Event()

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await left.wait()
        async with trio.open_nursery() as outer, trio.open_nursery():
            outer.start_soon(trio.sleep_forever)
            await send({"type": "http.response.body", "body": b"second", "more_body": True})

    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, app, LIMITS).run)
        await ours.send_all(head())
        assert b"first" in await ours.receive_some()
        ours.receive_stream.close()
        left.set()
    assert caplog.text == ""


async def test_bad_request__refused():
    assert status(await ask(b"GET / HTTP/9\r\n\r\n")) == 400


@pytest.mark.parametrize(
    "fields", [["X: " + "y" * 5_000], ["X: y"] * 2_000, ["y" * 5_000 + ": x"]], ids=len
)
async def test_large_head__refused(fields):
    answer = await ask(head("GET", "/", *fields))
    assert status(answer) == 431
    assert b"connection: close" in answer.lower()


async def test_large_target__refused():
    assert status(await ask(head("GET", "/" + "y" * 5_000))) == 431


async def test_two_lengths__refused():
    answer = await ask(head("POST", "/", "Content-Length: 1", "Content-Length: 2") + b"ab")
    assert status(answer) == 400


CHUNKED = "Transfer-Encoding: chunked"
HIDDEN = head("GET", "/hidden")


@pytest.mark.parametrize(
    "fields",
    [
        ("Content-Length: 5", CHUNKED),
        (CHUNKED, "Content-Length: 0"),
        ("Content-Length: 1, 2",),
        ("Content-Length: +5",),
        ("Content-Length: 0x5",),
        ("Content-Length : 5",),
        ("Content-Length: -1",),
        (CHUNKED, "Transfer-Encoding: identity"),
        ("Transfer-Encoding: gzip, chunked",),
        ("Transfer-Encoding: xchunked",),
        ("Host: other",),
    ],
    ids=", ".join,
)
async def test_body_of_doubtful_length__refused_with_all_that_follows(fields):
    answer = await ask(head("POST", "/", *fields) + b"0\r\n\r\n" + HIDDEN)
    assert status(answer) in (400, 501)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"hidden" not in answer
    assert b"connection: close" in answer.lower()


@pytest.mark.parametrize(
    "body",
    [b"-5\r\nabcde\r\n0\r\n\r\n", b"5\r\nabcdeXX0\r\n\r\n", b"0x5\r\nabcde\r\n0\r\n\r\n"],
)
async def test_chunks_of_doubtful_length__end_the_connection(body):
    answer = await ask(head("POST", "/", CHUNKED) + body + HIDDEN)
    assert b"hidden" not in answer
    assert b"HTTP/1.1 200" not in answer


@pytest.mark.parametrize(
    "sent",
    [
        head("POST", "/", CHUNKED) + b"-5\r\nabcde\r\n0\r\n\r\n",
        head("POST", "/", CHUNKED) + b"5;" + b"x" * 100_000 + b"\r\nabcde\r\n0\r\n\r\n",
        head("POST", "/", CHUNKED) + b"0\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        head("POST", "/", CHUNKED) + b"0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        head("POST", "/", CHUNKED) + b"5\r\nab",
        head("POST", "/", "Content-Length: 5") + b"ab",
    ],
    ids=["size", "extension", "trailer", "trailers", "end in a chunk", "end in a body"],
)
async def test_body_that_is_none__is_the_askers_fault_and_not_logged(sent, caplog):
    answer = await ask(sent)
    assert status(answer) == 400
    assert b"connection: close" in answer.lower()
    assert caplog.text == ""


async def test_chunks_of_an_old_request__refused():
    old = head("POST", "/", CHUNKED).replace(b"HTTP/1.1", b"HTTP/1.0")
    answer = await ask(old + b"0\r\n\r\n" + HIDDEN)
    assert status(answer) == 400
    assert b"hidden" not in answer


async def test_length_said_twice_alike__read_once():
    # RFC 9110, section 8.6: the same length again is that length.
    twice = head("POST", "/", "Content-Length: 2", "Content-Length: 2")
    answer = await ask(twice + b"ab" + HIDDEN)
    assert answer.count(b"HTTP/1.1 200") == 2
    assert b"POST /  ab" in answer


async def test_folded_line__is_one_field():
    # Obsolete (RFC 9112, section 5.2): read as one line, and never as the end of the head.
    answer = await ask(head("GET", "/hello", "X: a\r\n Content-Length: 40") + HIDDEN)
    assert answer.count(b"HTTP/1.1 200") == 2


@settings(max_examples=100, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_bytes__never_escape_as_another_error(data, with_head):
    async def play():
        with trio.move_on_after(60):
            await ask(head("POST", "/", "Content-Length: 20") + data if with_head else data)

    trio.run(play, clock=trio.testing.MockClock(autojump_threshold=0))
