"""A body is taken where its head says that it is worth reading, and within its bound."""

import json

import pytest
import trio
import trio.testing

from zkattest.api.answers import json_answer
from zkattest.api.connection import Connection
from zkattest.api.pages import HttpLimits, pages_app
from zkattest.api.uploads import Body, Upload

LIMITS = HttpLimits(head_bytes=1_000, requests=4, timeout_ms=1_000)
KIND = "application/octet-stream"


class Desk:
    """Take bodies, and answer when it is told to."""

    def __init__(self, *, bodies=2, timeout_ms=5_000):
        self.taken = []
        self.go_on = trio.Event()
        self.go_on.set()
        self.upload = Upload(self.take, {KIND: 100, "application/json": 200}, timeout_ms, bodies)

    async def take(self, body):
        self.taken.append(body)
        await self.go_on.wait()
        if body.data == b"break":
            raise RuntimeError("secret detail")
        return json_answer({"bytes": len(body.data)}, 202)


async def exchange(desk, data, *, then_close=True):
    """Send bytes; return all that comes back until the end."""
    ours, theirs = trio.testing.memory_stream_pair()
    answer = bytearray()
    async with trio.open_nursery() as nursery:

        async def run():
            app = pages_app({}, {"/take": desk.upload}, LIMITS)
            await Connection(theirs, app, LIMITS.of_server()).run()
            await theirs.aclose()

        nursery.start_soon(run)
        await ours.send_all(data)
        if then_close:
            await ours.send_eof()
        async for chunk in ours:
            answer += chunk
    return bytes(answer)


def post(body=b"", *headers, method="POST", kind=KIND, length=None):
    lines = [f"{method} /take HTTP/1.1", "Host: me", *headers]
    if kind is not None:
        lines.append(f"Content-Type: {kind}")
    if length is not False:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def status_of(answer):
    return int(answer.split(b" ")[1])


async def test_upload__taken_with_its_media_type_and_the_next_one_after_it():
    desk = Desk()
    answer = await exchange(
        desk, post(b"one", kind=f"{KIND}; x=y") + post(b"{}", kind="Application/JSON")
    )
    assert answer.count(b"HTTP/1.1 202 ") == 2
    assert answer.endswith(b'{"bytes": 2}\n')
    assert desk.taken == [Body(KIND, b"one"), Body("application/json", b"{}")]


async def test_upload__taken_in_chunks_up_to_its_bound():
    chunked = ("Transfer-Encoding: chunked",)
    desk = Desk()
    whole = b"".join(b"32\r\n" + b"x" * 50 + b"\r\n" for _ in range(2))
    assert (
        status_of(await exchange(desk, post(b"", *chunked, length=False) + whole + b"0\r\n\r\n"))
        == 202
    )
    assert desk.taken == [Body(KIND, b"x" * 100)]
    more = post(b"", *chunked, length=False) + whole + b"1\r\nx\r\n0\r\n\r\n"
    assert status_of(await exchange(desk, more)) == 413
    assert len(desk.taken) == 1


async def test_upload__waited_for_where_the_sender_waits_to_be_told():
    desk = Desk()
    answer = await exchange(desk, post(b"one", "Expect: 100-continue"))
    assert answer.startswith(b"HTTP/1.1 100 ")
    assert desk.taken == [Body(KIND, b"one")]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (post(b"", length=101), 413),
        (post(b"", kind="application/json", length=201), 413),
        (post(b"", length=10**19), 413),
        (post(b""), 411),
        (post(b"", length=False), 411),
        (post(b"one", method="PUT"), 405),
        (post(b"", method="GET", length=False), 405),
        (post(b"one", method="OPTIONS"), 405),
        (post(b"one", "Origin: http://example.org"), 403),
        (post(b"one", kind="text/plain"), 415),
        (post(b"one", kind=None), 415),
        (post(b"one", "Content-Encoding: gzip"), 415),
    ],
)
async def test_upload__refused_by_its_head(request_, status):
    desk = Desk()
    answer = await exchange(desk, request_)
    assert status_of(answer) == status
    head, _, body = answer.partition(b"\r\n\r\n")
    assert json.loads(body)["code"] == status
    assert (b"allow: post" in head.lower()) == (status == 405)
    assert desk.taken == []


async def test_upload__ends_the_connection_where_its_body_was_not_read():
    answer = await exchange(
        Desk(), post(b"one", kind="text/plain") + post(b"two"), then_close=False
    )
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in answer.lower()


async def test_upload__refused_where_its_body_does_not_come(autojump_clock):
    answer = await exchange(Desk(), post(b"on", length=3), then_close=False)
    assert status_of(answer) == 408
    assert b"connection: close" in answer.lower()
    assert trio.current_time() == pytest.approx(LIMITS.timeout_ms / 1000)


async def test_upload__answers_503_where_it_is_worked_on_for_too_long(autojump_clock):
    desk = Desk(timeout_ms=3_000)
    desk.go_on = trio.Event()
    assert status_of(await exchange(desk, post(b"one"))) == 503
    assert trio.current_time() == pytest.approx(3)


async def test_upload__sent_away_while_others_are_held(autojump_clock):
    desk = Desk(bodies=1)
    desk.go_on = trio.Event()
    answers = []

    async def send(data):
        answers.append(await exchange(desk, data))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send, post(b"one"))
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(send, post(b"two"))
        await trio.testing.wait_all_tasks_blocked()
        desk.go_on.set()
    assert [status_of(answer) for answer in answers] == [503, 202]
    assert b"retry-after: 1" in answers[0].lower()
    assert status_of(await exchange(desk, post(b"three"))) == 202


async def test_upload__answers_500_without_detail_when_it_fails(caplog):
    desk = Desk(bodies=1)
    answer = await exchange(desk, post(b"break"))
    assert status_of(answer) == 500
    assert b"secret" not in answer
    assert "secret detail" in caplog.text
    assert status_of(await exchange(desk, post(b"one"))) == 202
