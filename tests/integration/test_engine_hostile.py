"""Askers that are refused read why; askers that are hostile cost what is bounded."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import socket
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
import trio

from tests.helpers.service import engine_service, make_certificate, open_gate
from tests.helpers.stand_in_engine import StandInEngine
from tests.integration.test_engine_service import QUICK, read_all, until
from zkattest.api.guard import WorkLimits
from zkattest.api.limits import ServerLimits
from zkattest.node.engine_events import EngineEvents
from zkattest.types.ids import ProofType, Root

VERIFY = f"/v1/execution_proof_verifications?proof_type=1&new_payload_request_root=0x{'11' * 32}"
UNKNOWN = VERIFY.replace("proof_type=1", "proof_type=none")
EVENTS = "/v1/execution_proof_requests"
PROOF = bytes(4 << 20)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"))


@asynccontextmanager
async def crowded_service(**options):
    """Serve an engine that has no place for a proof, and where nobody waits for one."""
    gate = open_gate(work=WorkLimits(checks=2, waiting=0))
    held = [await gate.work.take(1, name, checks=1) for name in "ab"]
    async with engine_service(StandInEngine(), gate=gate, **options) as service:
        yield service
        for place in held:
            gate.work.give_back(place)
        # Nothing of what was refused is in memory, or counts.
        assert (gate.work.used_bytes, gate.work.checks) == (0, 0)


def head(path, *fields, method="POST"):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *fields, "", ""]).encode()


def send_all_then_read(port, data, context=None):
    """Speak as many clients do: nothing is read before all is sent."""
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(socket.create_connection(("127.0.0.1", port), 20))
        if context is not None:
            stream = stack.enter_context(context.wrap_socket(stream, server_hostname="127.0.0.1"))
        stream.sendall(data)
        answer = b""
        while piece := stream.recv(65_536):
            answer += piece
        return answer


# --- Refused before the body is read --------------------------------------------------------------


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize(
    ("path", "length", "status"),
    [
        (VERIFY, len(PROOF), b"429"),
        (UNKNOWN, len(PROOF), b"404"),
        (VERIFY, len(PROOF) + 1, b"413"),
    ],
)
async def test_refusal__read_by_an_asker_who_sends_its_whole_body_first(
    path, length, status, is_tls, certificate
):
    trusted = ssl.create_default_context(cafile=str(certificate.certificate))
    data = head(path, f"Content-Length: {length}") + bytes(length)
    async with crowded_service(tls=certificate if is_tls else None) as service:
        answer = await trio.to_thread.run_sync(
            send_all_then_read, service.port, data, trusted if is_tls else None
        )
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"connection: close" in answer.lower()
    assert (b"retry-after: 2" in answer.lower()) == (status == b"429")


async def test_refusal__read_by_http_client_and_curl(tmp_path):
    proof = tmp_path / "proof.bin"
    proof.write_bytes(PROOF)

    def ask_http_client(port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("POST", VERIFY, body=PROOF)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Retry-After"), json.loads(answer.read())["code"]

    async with crowded_service() as service:
        said = await trio.to_thread.run_sync(ask_http_client, service.port)
        assert said == (429, "2", 429)
        curl = shutil.which("curl")
        if curl is None:
            pytest.skip("curl is not installed")
        # It asks for `100 Continue` by itself, and is answered instead.
        done = await trio.run_process(
            [curl, "-sSv", "-m", "20", "--data-binary", f"@{proof}", service.url + VERIFY],
            capture_stdout=True,
            capture_stderr=True,
        )
    assert json.loads(done.stdout)["code"] == 429
    assert b"< HTTP/1.1 429" in done.stderr
    assert b"100 Continue" not in done.stderr


@pytest.mark.parametrize(("path", "status"), [(VERIFY, b"429"), (UNKNOWN, b"404")])
async def test_expectation__answered_by_the_refusal_alone(path, status):
    async with crowded_service() as service:
        stream = await trio.open_tcp_stream("127.0.0.1", service.port)
        await stream.send_all(head(path, "Expect: 100-continue", "Content-Length: 4194304"))
        answer = await read_all(stream)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_expectation__met_when_the_place_is_there():
    gate = open_gate(work=WorkLimits(checks=2, waiting=1, wait_ms=20_000))
    held = [await gate.work.take(1, name, checks=1) for name in "ab"]
    async with engine_service(StandInEngine(), gate=gate) as service:
        stream = await trio.open_tcp_stream("127.0.0.1", service.port)
        await stream.send_all(head(VERIFY, "Expect: 100-continue", "Content-Length: 1"))
        await until(lambda: gate.work.waiting == 1)
        with trio.move_on_after(0.2) as waited:
            await stream.receive_some()
        # Whoever waits for a place has not been told to send.
        assert waited.cancelled_caught
        gate.work.give_back(held[0])
        with trio.fail_after(10):
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 100 ")
            await stream.send_all(b"x")
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 500 ")


async def test_head_without_an_end__answered_431_although_it_goes_on():
    async with engine_service(StandInEngine()) as service:
        data = b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 200_000
        answer = await trio.to_thread.run_sync(send_all_then_read, service.port, data)
    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_refused_body_without_an_end__read_no_longer_than_a_second():
    async with crowded_service() as service:
        stream = await trio.open_tcp_stream("127.0.0.1", service.port)
        await stream.send_all(head(VERIFY, "Transfer-Encoding: chunked"))
        piece, started_s = b"100000\r\n" + bytes(1 << 20) + b"\r\n", trio.current_time()
        with trio.fail_after(10), contextlib.suppress(trio.BrokenResourceError):
            while True:
                await stream.send_all(piece)
                await trio.sleep(0.1)
        assert trio.current_time() - started_s < 5
        await until(lambda: service.server.count.open == 0)


# --- Bodies and connections -----------------------------------------------------------------------


@pytest.mark.parametrize("is_reset", [False, True], ids=["closed", "reset"])
async def test_asker_who_leaves_within_its_body__is_no_fault_of_ours(is_reset, caplog):
    async with engine_service(StandInEngine()) as service:
        stream = await trio.open_tcp_stream("127.0.0.1", service.port)
        await stream.send_all(head(VERIFY, "Content-Length: 1000") + b"x")
        await until(lambda: service.gate.work.checks == 1)
        if is_reset:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        await stream.aclose()
        await until(lambda: service.server.count.open == 0)
        assert (service.gate.work.used_bytes, service.gate.work.checks) == (0, 0)
    assert caplog.text == ""


async def test_idle_connections__make_room_for_who_asks():
    limits = ServerLimits(connections=8, connections_per_address=8)
    async with engine_service(StandInEngine(), limits=limits) as service:
        idle = [await trio.open_tcp_stream("127.0.0.1", service.port) for _ in range(7)]
        for stream in idle:
            await stream.send_all(head("/v1/proof_types", method="GET"))
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 200 ")
        busy = await trio.open_tcp_stream("127.0.0.1", service.port)
        await busy.send_all(head(VERIFY, "Content-Length: 1"))
        await until(lambda: service.server.count.open == 8)
        async with httpx.AsyncClient(base_url=service.url, trust_env=False) as client:
            assert (await client.get("/v1/proof_types")).status_code == 200
        # Who was idle longest went, and nobody who is being served.
        with trio.fail_after(10):
            assert await idle[0].receive_some() == b""
        await busy.send_all(b"x")
        with trio.fail_after(10):
            assert (await busy.receive_some()).startswith(b"HTTP/1.1 500 ")
        assert service.server.count.refused == 0
        await idle[1].send_all(head("/v1/proof_types", method="GET"))
        assert (await idle[1].receive_some()).startswith(b"HTTP/1.1 200 ")


async def test_refused_askers_who_stay__make_room_for_who_asks():
    limits = ServerLimits(connections=4, connections_per_address=4)
    async with crowded_service(limits=limits) as service:
        stay = [await trio.open_tcp_stream("127.0.0.1", service.port) for _ in range(4)]
        for stream in stay:
            await stream.send_all(head(VERIFY, "Content-Length: 1000"))
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 429 ")
        # Each is given a second to go; whoever comes meanwhile is served.
        with trio.fail_after(20):
            for _ in range(4):
                stay.append(await trio.open_tcp_stream("127.0.0.1", service.port))
                await stay[-1].send_all(head("/v1/proof_types", method="GET"))
                assert (await stay[-1].receive_some()).startswith(b"HTTP/1.1 200 ")
        assert service.server.count.refused == 0


async def test_connections_that_ask__make_no_room():
    limits = ServerLimits(connections=2, connections_per_address=2)
    async with engine_service(StandInEngine(), limits=limits) as service:
        readers = [await trio.open_tcp_stream("127.0.0.1", service.port) for _ in range(2)]
        for stream in readers:
            await stream.send_all(head(EVENTS, method="GET"))
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 200 ")
        refused = await trio.open_tcp_stream("127.0.0.1", service.port)
        assert await read_all(refused) == b""
        assert (service.server.count.open, service.server.count.refused) == (2, 1)


# --- Readers of events ----------------------------------------------------------------------------


@dataclass
class TellingEngine(StandInEngine):
    """A stand-in whose events are those of a real engine."""

    events: EngineEvents = field(default_factory=EngineEvents)

    def subscribe(self, new_payload_request_root=None):
        return self.events.subscribe(new_payload_request_root)


def root_of(number):
    return Root(number.to_bytes(32, "big"))


async def test_reader_who_takes_nothing__is_cut_and_keeps_nobody_from_reading(caplog):
    engine, limits = TellingEngine(), ServerLimits(write_ms=QUICK.write_ms)
    async with engine_service(engine, limits=limits) as service:
        slow = trio.socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        await slow.connect(("127.0.0.1", service.port))
        await slow.send(head(EVENTS, method="GET"))
        await until(lambda: service.gate.streams.open == 1)
        reader = await trio.open_tcp_stream("127.0.0.1", service.port)
        await reader.send_all(head(EVENTS, method="GET"))
        await until(lambda: service.gate.streams.open == 2)

        # Told in steps that a reader who reads can follow, until the other one is cut.
        told, read = 0, b""
        with trio.fail_after(60):
            while service.gate.streams.open == 2:
                for _ in range(100):
                    engine.events.complete(root_of(told), ProofType(1))
                    told += 1
                while read.count(b"event: proof_complete") < told:
                    read += await reader.receive_some()
        assert service.gate.streams.open == 1
        engine.events.complete(root_of(told), ProofType(1))
        with trio.fail_after(10):
            while read.count(b"event: proof_complete") < told + 1:
                read += await reader.receive_some()
        await until(lambda: service.server.count.open == 1)
        slow.close()
    assert caplog.text == ""


async def test_reader_who_falls_behind__is_ended_and_catches_up_by_asking_again():
    engine, path = TellingEngine(), EVENTS
    async with engine_service(engine) as service:
        reader = await trio.open_tcp_stream("127.0.0.1", service.port)
        await reader.send_all(head(path, method="GET"))
        assert b": subscribed" in await reader.receive_some()
        await until(lambda: engine.events.readers == 1)
        # More at once than waits for one reader.
        for number in range(1_000):
            engine.events.complete(root_of(number), ProofType(1))
        seen = b""
        with trio.fail_after(20):
            while not seen.endswith(b"0\r\n\r\n"):
                seen += await reader.receive_some()
        assert 0 < seen.count(b"event: proof_complete") < 1_000
        # What is kept is told whole, whatever a reader says that it has seen.
        again = await trio.open_tcp_stream("127.0.0.1", service.port)
        await again.send_all(head(path, "Last-Event-ID: " + "9" * 5_000, method="GET"))
        told = b""
        with trio.fail_after(20):
            while told.count(b"event: proof_complete") < 1_000:
                told += await again.receive_some()
        assert told.count(b"event: proof_complete") == 1_000


async def test_events_beyond_what_is_kept__are_forgotten_from_the_oldest_on():
    engine = TellingEngine()
    for number in range(1_500):
        engine.events.complete(root_of(number), ProofType(1))
    async with engine_service(engine) as service:
        reader = await trio.open_tcp_stream("127.0.0.1", service.port)
        await reader.send_all(head(EVENTS, "Last-Event-ID: 1", method="GET"))
        told = b""
        with trio.fail_after(20):
            while str(root_of(1_499)).encode() not in told:
                told += await reader.receive_some()
    assert told.count(b"event: proof_complete") == engine.events.board.limits.requests
    assert str(root_of(1_500 - 1_024)).encode() in told
    assert str(root_of(1_500 - 1_025)).encode() not in told
