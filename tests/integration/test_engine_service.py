"""A real engine behind the service, over sockets: dialects, the server's bounds, the process."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
import sys
import time
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
import trio

from tests.helpers.engines import PACK, PROGRAM_VK, REGISTRY, running_engine, statement_of
from tests.helpers.proof_messages import request_file
from tests.helpers.proofs import flip_bit
from tests.helpers.service import PROFILE, engine_service, make_certificate, open_gate
from tests.helpers.stand_in_engine import StandInEngine
from tests.integration.test_engine_submissions import NEIGHBOUR, engine_with_chain
from tests.integration.test_proof_gossip import BLOCK, SLOT, signed
from tests.unit.api.test_jwt_auth import NOW_S, SECRET, token
from zkattest.api.engine_service import ServiceSettings
from zkattest.api.guard import WorkLimits
from zkattest.api.jwt_auth import JwtGuard
from zkattest.api.limits import ServerLimits
from zkattest.api.server import CannotServeTls, TlsFiles, tls_context
from zkattest.api.twirp import TwirpSettings
from zkattest.api.zkboost import ZkboostSettings
from zkattest.rpc import EreClient, EreLimits
from zkattest.types.ere import EreError, EreProgramVk, EreVerified
from zkattest.types.errors import SourceUnavailable
from zkattest.types.ids import ProofType, Root
from zkattest.types.programs import EntryId
from zkattest.types.proof_json import encode_submission_json
from zkattest.types.proof_messages import decode_message, submission_codec

needs_proofs = pytest.mark.skipif(not PACK[1].has_proof, reason="the recorded chain has no proofs")
VERIFY = "/v1/execution_proof_verifications"
SETTINGS = ServiceSettings(
    zkboost=ZkboostSettings(proof_ms=60_000), twirp=TwirpSettings(program=EntryId("ours"))
)


@asynccontextmanager
async def real_service(folder, **options):
    """Serve a real engine whose chain is that of the recorded proofs."""
    chain_id = statement_of(1).chain_id
    async with (
        running_engine(folder, chain_id=chain_id) as engine,
        engine_service(engine, settings=SETTINGS, **options) as service,
        httpx.AsyncClient(base_url=service.url, timeout=60, trust_env=False) as client,
    ):
        yield service, client


def query(number, **changes):
    root = str(statement_of(number).root)
    return {"new_payload_request_root": root, "proof_type": "ours"} | changes


def rpc(number, proof):
    proof = {
        "proofType": "0x1",
        "proofData": "0x" + proof.hex(),
        "publicInput": {"newPayloadRequestRoot": str(statement_of(number).root)},
        "programId": str(PROGRAM_VK),
    }
    return {"jsonrpc": "2.0", "id": 1, "method": "eth_verifyProof", "params": [proof]}


# --- Dialects over a real proof -------------------------------------------------------------------


@needs_proofs
async def test_real_proof__valid_in_every_dialect(tmp_path):
    proof, values = PACK[1].proof(), statement_of(1)
    async with real_service(tmp_path) as (service, client):
        numbers = {
            "proof_type": "1",
            "successful_validation": "true",
            "chain_id": str(values.chain_id),
            "schema_id": str(values.schema_id),
        }
        for asked in (query(1), query(1, **numbers)):
            answer = await client.post(VERIFY, params=asked, content=proof)
            assert (answer.status_code, answer.json()) == (200, {"status": "VALID"})

        answer = (await client.post("/", json=rpc(1, proof))).json()
        assert answer["result"] == {
            "status": "VALID",
            "proofType": "0x1",
            "newPayloadRequestRoot": str(values.root),
            "programId": str(PROGRAM_VK),
            "verifierVersion": "v6.1.0",
            "validationError": None,
        }

        ere = EreClient(service.url, EreLimits(deadline_ms=60_000))
        assert await trio.to_thread.run_sync(ere.verify, proof) == EreVerified(values.encode())
        named = EreClient(f"{service.url}/programs/ours/", EreLimits(deadline_ms=60_000))
        assert await trio.to_thread.run_sync(named.program_vk) == EreProgramVk(bytes(PROGRAM_VK))

        # A valid proof is kept, and given to whoever asks by root.
        kept = await client.get(f"/v1/execution_proofs/{values.root}/ours")
        assert kept.content == proof


@needs_proofs
async def test_changed_proof__invalid_in_every_dialect(tmp_path):
    proof = flip_bit(PACK[1].proof(), 600_000)
    async with real_service(tmp_path) as (service, client):
        answer = (await client.post(VERIFY, params=query(1), content=proof)).json()
        assert answer["status"] == "INVALID"
        ere = EreClient(service.url, EreLimits(deadline_ms=60_000))
        said = await trio.to_thread.run_sync(ere.verify, proof)
        assert isinstance(said, EreError)
        answer = (await client.post("/", json=rpc(1, proof))).json()
        assert answer["result"]["status"] == "INVALID"
        assert said.error.startswith(answer["result"]["validationError"])


@needs_proofs
async def test_proof_of_another_payload__invalid(tmp_path):
    async with real_service(tmp_path) as (_, client):
        answer = await client.post(VERIFY, params=query(2), content=PACK[1].proof())
        assert answer.json()["status"] == "INVALID"
        assert answer.json()["reason"].startswith("public_values_mismatch")


@needs_proofs
async def test_programs_that_cannot_be_checked__are_errors_in_every_dialect(tmp_path):
    proof = PACK[1].proof()
    async with real_service(tmp_path) as (service, client):
        for name, status in (("unsupported", 404), ("withdrawn", 404), ("nothing", 404)):
            answer = await client.post(VERIFY, params=query(1, proof_type=name), content=proof)
            assert (answer.status_code, "status" in answer.json()) == (status, False)
        for number, code in (("0x3", 2002), ("0x4", 2002), ("0x9", 2001)):
            call = rpc(1, proof)
            call["params"][0] |= {"proofType": number}
            del call["params"][0]["programId"]
            answer = (await client.post("/", json=call)).json()
            assert (answer["error"]["code"], "result" in answer) == (code, False)
        ere = EreClient(f"{service.url}/programs/withdrawn", EreLimits(deadline_ms=60_000))
        with pytest.raises(SourceUnavailable, match="failed_precondition: program_revoked"):
            await trio.to_thread.run_sync(ere.verify, proof)


async def first_event(client, path):
    """Read a stream of events up to the end of its first one."""
    async with client.stream("GET", path) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        name = ""
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            if line.startswith("data: "):
                return name, json.loads(line.removeprefix("data: "))
    return None


async def test_requested_proof__that_nobody_brings_is_a_failure(tmp_path):
    settings = ServiceSettings(zkboost=ZkboostSettings(proof_ms=100))
    path, request = "/v1/execution_proof_requests", request_file(PROFILE).read_bytes()
    async with (
        running_engine(tmp_path) as engine,
        engine_service(engine, settings=settings) as service,
        httpx.AsyncClient(base_url=service.url, timeout=60, trust_env=False) as client,
    ):
        with trio.fail_after(30):
            answer = await client.post(f"{path}?proof_types=ours", content=request)
            root = answer.json()["new_payload_request_root"]
            asked = f"{path}?new_payload_request_root={root}"
            name, data = await first_event(client, asked)
    assert name == "proof_failure"
    assert data["new_payload_request_root"] == root
    assert (data["proof_type"], data["reason"]) == ("ours", "proving_timeout")


@needs_proofs
async def test_events__tell_of_a_proof_that_comes_and_of_one_that_is_known(tmp_path):
    async with real_service(tmp_path) as (_, client):
        path = f"/v1/execution_proof_requests?new_payload_request_root={statement_of(1).root}"

        found = []
        with trio.fail_after(60):
            async with trio.open_nursery() as nursery:

                @nursery.start_soon
                async def subscribe():
                    found.append(await first_event(client, path))

                await client.post(VERIFY, params=query(1), content=PACK[1].proof())
            found.append(await first_event(client, path))
    root = str(statement_of(1).root)
    event = ("proof_complete", {"new_payload_request_root": root, "proof_type": "ours"})
    assert found == [event, event]


@needs_proofs
async def test_submission__taken_refused_and_given_back(tmp_path):
    proof, good = PACK[1].proof(), signed(PACK[1].proof())
    bad = signed(flip_bit(proof, 700_000), validator=NEIGHBOUR)
    path, octets = "/eth/v1/beacon/execution_proofs", {"content-type": "application/octet-stream"}
    messages = tuple(decode_message(PROFILE, one) for one in (bad, good))
    async with (
        engine_with_chain(tmp_path) as engine,
        engine_service(engine, settings=SETTINGS) as service,
        httpx.AsyncClient(base_url=service.url, timeout=60, trust_env=False) as client,
    ):
        ssz = submission_codec(PROFILE).encode(messages, "")
        answer = await client.post(path, content=ssz, headers=octets)
        assert (answer.status_code, answer.json()["failures"][0]["index"]) == (400, 0)
        assert len(answer.json()["failures"]) == 1
        # The other one was taken, and is known to whoever brings it again.
        text = encode_submission_json(PROFILE, messages[1:])
        json_kind = {"content-type": "application/json"}
        answer = await client.post(path, content=text, headers=json_kind)
        assert (answer.status_code, answer.content) == (200, b"")
        found = await client.get(f"{path}/{BLOCK}")
        assert found.json() == {"data": json.loads(text)}
        found = await client.get(f"{path}/{int(SLOT)}", headers={"accept": octets["content-type"]})
        assert found.content == submission_codec(PROFILE).encode(messages[1:], "")
        assert (await client.get(f"{path}/0x{'07' * 32}")).status_code == 404


async def test_submission__answers_501_without_a_chain(tmp_path):
    async with real_service(tmp_path) as (_, client):
        answer = await client.get("/eth/v1/beacon/execution_proofs/head")
        assert answer.status_code == 501


# --- Bounds over real sockets ---------------------------------------------------------------------

QUICK = ServerLimits(
    connections=4, connections_per_address=4, idle_ms=400, head_ms=400, body_ms=400, write_ms=400
)


async def until(condition):
    """Wait for what another task or the kernel does."""
    with trio.fail_after(20):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await trio.sleep(0.01)


async def read_all(stream):
    data = b""
    with trio.fail_after(10):
        try:
            async for piece in stream:
                data += piece
        except trio.BrokenResourceError:
            pass
    return data


@pytest.mark.parametrize(
    ("start", "drip", "expected"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: ", b"y", b""),
        (
            f"POST {VERIFY}?proof_type=1&new_payload_request_root=0x{'11' * 32} HTTP/1.1\r\n"
            "Host: x\r\nContent-Length: 1000\r\n\r\n".encode(),
            b"y",
            b"HTTP/1.1 408",
        ),
    ],
    ids=["head", "body"],
)
async def test_slow_loris__closed_after_its_time_although_it_goes_on(start, drip, expected):
    async with engine_service(StandInEngine(), limits=QUICK) as service:
        stream = await trio.open_tcp_stream("127.0.0.1", service.port)
        started_s, answer = time.monotonic(), []
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def read():
                answer.append(await read_all(stream))
                nursery.cancel_scope.cancel()

            await stream.send_all(start)
            while True:
                await trio.sleep(0.05)
                try:
                    await stream.send_all(drip)
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    await trio.sleep_forever()
        assert answer[0].startswith(expected)
        assert time.monotonic() - started_s < 8
        assert service.gate.work.used_bytes == 0


async def test_many_slow_connections__do_not_keep_others_out_for_long():
    async with engine_service(StandInEngine(), limits=QUICK) as service:
        slow = [await trio.open_tcp_stream("127.0.0.1", service.port) for _ in range(4)]
        for stream in slow:
            await stream.send_all(b"GET / HT")
        await until(lambda: service.server.count.open == 4)
        refused = await trio.open_tcp_stream("127.0.0.1", service.port)
        assert await read_all(refused) == b""
        assert service.server.count.refused == 1
        for stream in slow:
            assert await read_all(stream) == b""
        async with httpx.AsyncClient(base_url=service.url) as client:
            assert (await client.get("/v1/proof_types")).status_code == 200


@pytest.mark.parametrize("expects", [True, False])
async def test_oversize__answered_413_before_it_is_read(expects):
    async with engine_service(StandInEngine()) as service:
        stream = await trio.open_tcp_stream("127.0.0.1", service.port)
        expect = "Expect: 100-continue\r\n" if expects else ""
        path = f"{VERIFY}?proof_type=1&new_payload_request_root=0x{'11' * 32}"
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\n{expect}Content-Length: 4194305\r\n\r\n"
        await stream.send_all(head.encode() + (b"" if expects else bytes(1 << 20)))
        assert (await read_all(stream)).startswith(b"HTTP/1.1 413")
        assert service.gate.work.used_bytes == 0


async def test_reader_that_takes_nothing__dropped_and_never_in_the_way_of_the_end():
    root = Root(b"\x11" * 32)
    proofs = {(root, ProofType(1)): bytes(4 << 20)}
    async with engine_service(StandInEngine(proofs=proofs), limits=QUICK) as service:
        stream = await trio.open_tcp_stream("127.0.0.1", service.port)
        path = f"/v1/execution_proofs/{root}/1"
        await stream.send_all(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 4)
        await until(lambda: service.server.count.open)
        with trio.fail_after(8):
            await service.server.drain()
        assert service.server.count.open == 0


async def test_readers_of_events__refused_beyond_half_of_the_places_and_taken_again_later():
    gate = open_gate(work=WorkLimits(streams=8))
    async with engine_service(StandInEngine(), gate=gate) as service:
        ask = b"GET /v1/execution_proof_requests HTTP/1.1\r\nHost: x\r\n\r\n"
        readers = []
        for _ in range(4):
            stream = await trio.open_tcp_stream("127.0.0.1", service.port)
            await stream.send_all(ask)
            assert (await stream.receive_some(4096)).startswith(b"HTTP/1.1 200")
            readers.append(stream)
        async with httpx.AsyncClient(base_url=service.url) as client:
            refused = await client.get("/v1/execution_proof_requests")
            assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
            assert (await client.get("/v1/proof_types")).status_code == 200
            for stream in readers:
                await stream.aclose()
            await until(lambda: service.gate.streams.open == 0)
            async with client.stream("GET", "/v1/execution_proof_requests") as taken:
                assert taken.status_code == 200


async def test_chunks__answered_413_where_they_grow_too_long():
    async with engine_service(StandInEngine()) as service:
        stream = await trio.open_tcp_stream("127.0.0.1", service.port)
        path = f"{VERIFY}?proof_type=1&new_payload_request_root=0x{'11' * 32}"
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        await stream.send_all(head.encode())
        chunk = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
        with suppress(trio.BrokenResourceError):
            for _ in range(5):
                await stream.send_all(chunk)
        assert (await read_all(stream)).startswith(b"HTTP/1.1 413")
        assert service.gate.work.used_bytes == 0


async def test_two_framings__refused_with_the_request_behind_them():
    async with engine_service(StandInEngine()) as service:
        stream = await trio.open_tcp_stream("127.0.0.1", service.port)
        await stream.send_all(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            b"GET /v1/proof_types HTTP/1.1\r\nHost: x\r\n\r\n"
        )
        answer = await read_all(stream)
        assert answer.startswith(b"HTTP/1.1 400")
        assert answer.count(b"HTTP/1.1 ") == 1


async def test_drain__ends_streams_and_waits_for_answers():
    engine = StandInEngine(gate=trio.Event())
    async with engine_service(engine) as service:
        done = []
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def follow():
                stream = await trio.open_tcp_stream("127.0.0.1", service.port)
                await stream.send_all(
                    b"GET /v1/execution_proof_requests HTTP/1.1\r\nHost: x\r\n\r\n"
                )
                done.append((await read_all(stream)).endswith(b"0\r\n\r\n"))

            @nursery.start_soon
            async def verify():
                async with httpx.AsyncClient(base_url=service.url) as client:
                    path = f"{VERIFY}?proof_type=1&new_payload_request_root=0x{'11' * 32}"
                    done.append((await client.post(path, content=b"x")).status_code)

            await until(lambda: engine.asked and engine.subscribers)
            nursery.start_soon(service.server.drain)
            await until(lambda: done)
            assert done == [True]
            engine.gate.set()
        assert done == [True, 500]
        with pytest.raises(OSError, match=r"all attempts|refused"):
            await trio.open_tcp_stream("127.0.0.1", service.port)


async def test_token__opens_the_door():
    gate = open_gate(token=JwtGuard(SECRET, lambda: NOW_S))
    async with (
        engine_service(StandInEngine(), gate=gate) as service,
        httpx.AsyncClient(base_url=service.url) as client,
    ):
        assert (await client.get("/v1/proof_types")).status_code == 401
        good = {"authorization": token({"iat": NOW_S})}
        assert (await client.get("/v1/proof_types", headers=good)).status_code == 200


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"))


async def test_tls__spoken_with_a_certificate(certificate):
    trusted = ssl.create_default_context(cafile=str(certificate.certificate))
    async with engine_service(StandInEngine(), tls=certificate) as service:
        async with httpx.AsyncClient(base_url=service.url, verify=trusted) as client:
            assert (await client.get("/v1/proof_types")).status_code == 200
        # Who does not shake hands is let go, and nobody else is kept waiting.
        stream = await trio.open_tcp_stream("127.0.0.1", service.port)
        await stream.send_all(b"GET / HTTP/1.1\r\n\r\n")
        assert b"HTTP" not in await read_all(stream)


def test_tls__refused_without_a_key(certificate, tmp_path):
    with pytest.raises(CannotServeTls, match="key"):
        tls_context(TlsFiles(certificate.certificate, tmp_path / "key.pem"))


# --- The process ----------------------------------------------------------------------------------


def command(path):
    return [sys.executable, "-m", "zkattest.cli.main", "engine", "--config", str(path)]


def test_process__serves_until_sigterm(tmp_path):
    (tmp_path / "registry.toml").write_text(REGISTRY)
    path = tmp_path / "engine.toml"
    path.write_text(
        '[engine]\nchain_id = 1\nregistry = "registry.toml"\nprofile = "test"\nisolation = false\n'
        '[service]\nlisten = "127.0.0.1:0"\n'
    )
    with subprocess.Popen(command(path), stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = (json.loads(line) for line in process.stdout)
            listening = next(line for line in lines if line["event"] == "listening")
            assert listening["proof_types"] == [1, 2, 3, 4]
            url = f"http://127.0.0.1:{listening['http_port']}"
            assert httpx.get(f"{url}/health").json() == {"alive": True}
            assert httpx.get(f"{url}/ready").json()["conditions"]["not_draining"]["ok"]
            assert httpx.get(f"{url}/status").json()["registry"]["revoked"] == ["withdrawn"]
            assert "zkattest_http_answers_total" in httpx.get(f"{url}/metrics").text
            process.send_signal(signal.SIGTERM)
            assert [line["event"] for line in lines] == ["stopping", "stopped"]
            assert process.wait(20) == 0
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[engine]\n", "engine.chain_id: missing"),
        ('[engine]\nchain_id = 1\nregistry = "none.toml"\n', "none.toml"),
        (
            '[engine]\nchain_id = 1\n[service]\ntls_certificate = "a"\ntls_key = "b"\n',
            "service.tls_certificate",
        ),
        ('[engine]\nchain_id = 1\n[service]\nlisten = "192.0.2.1:1"\n', "service.listen"),
    ],
)
def test_process__refuses_a_file_in_one_line(tmp_path, text, line):
    path = tmp_path / "engine.toml"
    path.write_text(text)
    done = subprocess.run(command(path), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert line in done.stderr
