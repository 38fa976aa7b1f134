"""A server listens, and lets go of what it opened."""

import pytest
import trio

from zkattest.api.server import AsgiServer


async def nothing(scope, receive, send):
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


async def test_drain__returns_at_once_where_nobody_asks():
    async with AsgiServer.open("127.0.0.1", 0) as server, trio.open_nursery() as nursery:
        nursery.start_soon(server.serve, nothing)
        await trio.testing.wait_all_tasks_blocked()
        with trio.fail_after(5):
            await server.drain()
        assert server.draining.is_set()


async def test_idle_connection__ended_by_a_drain():
    async with AsgiServer.open("127.0.0.1", 0) as server, trio.open_nursery() as nursery:
        nursery.start_soon(server.serve, nothing)
        stream = await trio.open_tcp_stream("127.0.0.1", server.port)
        await stream.send_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 204")
        with trio.fail_after(5):
            await server.drain()
            assert await stream.receive_some() == b""
        assert server.count.open == 0


async def test_address__refused_where_it_is_taken():
    async with AsgiServer.open("127.0.0.1", 0) as server:
        with pytest.raises(OSError, match="in use"):
            async with AsgiServer.open("127.0.0.1", server.port):
                pass
