"""Rate, token, path, query, kind and size are judged before a body is read."""

import pytest

from tests.helpers.asked import Unread, ask
from tests.helpers.service import open_gate
from tests.helpers.stand_in_engine import StandInEngine
from tests.unit.api.test_jwt_auth import NOW_S, SECRET, token
from zkattest.api.guard import RateLimits, WorkLimits
from zkattest.api.jwt_auth import JwtGuard

VERIFY = "/v1/execution_proof_verifications"
ROOT = "0x" + "11" * 32
GOOD = {"proof_type": "reth-sp1", "new_payload_request_root": ROOT}


async def test_rate__answers_429_with_a_time_to_come_back():
    gate = open_gate(rate=RateLimits(per_second=0.1, burst=1))
    assert (await ask(StandInEngine(), "GET", "/v1/proof_types", gate=gate)).status_code == 200
    answer = await ask(StandInEngine(), "GET", "/nothing", gate=gate)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")
    assert answer.json() == {"code": 429, "message": "too many requests from this address"}


async def test_token__wanted_of_every_route():
    gate = open_gate(token=JwtGuard(SECRET, lambda: NOW_S))
    answer = await ask(StandInEngine(), "GET", "/v1/proof_types", gate=gate)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    good = {"authorization": token({"iat": NOW_S})}
    answer = await ask(StandInEngine(), "GET", "/v1/proof_types", gate=gate, headers=good)
    assert answer.status_code == 200


async def test_token__refused_beside_another():
    gate = open_gate(token=JwtGuard(SECRET, lambda: NOW_S))
    good = [("authorization", token({"iat": NOW_S}))] * 2
    answer = await ask(StandInEngine(), "GET", "/v1/proof_types", gate=gate, headers=good)
    assert (answer.status_code, answer.json()["message"]) == (
        401,
        "more than one header Authorization",
    )


async def test_document__answered_without_a_token():
    gate = open_gate(token=JwtGuard(SECRET, lambda: NOW_S))
    assert (await ask(StandInEngine(), "GET", "/openapi.json", gate=gate)).status_code == 200


@pytest.mark.parametrize(
    ("options", "status", "why"),
    [
        ({"method": "DELETE"}, 405, "expected POST"),
        ({"path": "/v1/nothing"}, 404, "not found"),
        ({"params": {"proof_type": "reth-sp1"}}, 400, "new_payload_request_root: Field required"),
        ({"params": [*GOOD.items(), ("proof_type", "x")]}, 400, "query: proof_type stands there"),
        ({"headers": {"origin": "http://page"}}, 403, "web pages may not post here"),
        ({"path": VERIFY + "/"}, 404, "not found"),
        ({"headers": {"content-encoding": "gzip"}}, 415, "compressed bodies are not taken"),
        ({"headers": {"content-encoding": "deflate"}}, 415, "compressed bodies are not taken"),
        ({"headers": {"content-encoding": "br, identity"}}, 415, "compressed bodies are not"),
        ({"content": bytes(4_194_305)}, 413, "at most 4194304 bytes are taken"),
    ],
)
async def test_request__refused_before_the_engine_is_asked(options, status, why):
    engine = StandInEngine()
    request = {"method": "POST", "path": VERIFY, "params": GOOD, "content": b"x"} | options
    answer = await ask(engine, **request)
    assert (answer.status_code, engine.asked) == (status, [])
    assert answer.json()["code"] == status
    assert why in answer.json()["message"]


OCTETS = {"content-type": "application/octet-stream", "content-length": "1"}


async def crowded(checks):
    """Make a gate whose checks are all taken."""
    gate = open_gate(work=WorkLimits(checks=checks, waiting=0))
    for address in "ab":
        await gate.work.take(1, address, checks=1)
    return gate


@pytest.mark.parametrize(
    ("path", "status", "has_chain"),
    [
        (f"{VERIFY}?proof_type=none&new_payload_request_root={ROOT}", 404, True),
        (f"{VERIFY}?proof_type=9&schema_id=1&new_payload_request_root={ROOT}", 400, True),
        (f"{VERIFY}?proof_type=1&schema_id=0&new_payload_request_root={ROOT}", 400, True),
        (f"{VERIFY}?proof_type=1", 400, True),
        ("/v1/execution_proof_requests?proof_types=none", 400, True),
        ("/eth/v1/beacon/execution_proofs", 501, False),
        ("/v1/nothing", 404, True),
        ("/v1/proof_types", 405, True),
    ],
)
async def test_body__not_read_where_head_and_query_are_refused(path, status, has_chain):
    body, engine = Unread(), StandInEngine(has_chain=has_chain)
    answer = await ask(engine, "POST", path, content=body, headers=OCTETS)
    assert (answer.status_code, body.was_read, engine.asked) == (status, False, [])


@pytest.mark.parametrize(
    "path",
    [
        f"{VERIFY}?proof_type=1&new_payload_request_root={ROOT}",
        "/eth/v1/beacon/execution_proofs",
        "/",
    ],
)
async def test_body__not_read_where_an_engine_has_no_place_for_a_proof(path):
    body, engine = Unread(), StandInEngine()
    kind = OCTETS | ({"content-type": "application/json"} if path == "/" else {})
    answer = await ask(engine, "POST", path, content=body, headers=kind, gate=await crowded(2))
    assert (answer.status_code, body.was_read, engine.asked) == (429, False, [])
    assert answer.headers["retry-after"] == "2"


async def test_checks__given_back_with_the_answer():
    gate = open_gate(work=WorkLimits(checks=2, waiting=0))
    for _ in range(3):
        answer = await ask(StandInEngine(), "POST", VERIFY, params=GOOD, content=b"x", gate=gate)
        assert answer.status_code == 500
    assert (gate.work.checks, gate.work.used_bytes) == (0, 0)


async def test_body_without_a_length__refused_when_it_has_grown_too_large():
    async def pieces():
        for _ in range(5):
            yield bytes(1 << 20)

    engine, gate = StandInEngine(), open_gate()
    answer = await ask(engine, "POST", VERIFY, params=GOOD, content=pieces(), gate=gate)
    assert (answer.status_code, engine.asked, gate.work.used_bytes) == (413, [], 0)


async def test_get_with_a_body__refused():
    for content in (b"x", Unread()):
        answer = await ask(StandInEngine(), "GET", "/v1/proof_types", content=content)
        assert answer.status_code == 413


async def test_memory__answers_429_where_the_queue_is_full():
    gate = open_gate(work=WorkLimits(body_bytes=10, waiting=0))
    for address in "ab":
        await gate.work.take(5, address)
    answer = await ask(StandInEngine(), "POST", VERIFY, params=GOOD, content=b"x", gate=gate)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")


async def test_memory__answers_503_where_the_wait_was_too_long(autojump_clock):
    gate = open_gate(work=WorkLimits(body_bytes=10, waiting=1))
    for address in "ab":
        await gate.work.take(5, address)
    answer = await ask(StandInEngine(), "POST", VERIFY, params=GOOD, content=b"x", gate=gate)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


async def test_bug__answers_500_without_its_detail(caplog):
    class Broken(StandInEngine):
        def proof_types(self):
            raise RuntimeError("secret detail")

    gate = open_gate()
    answer = await ask(Broken(), "POST", VERIFY, params=GOOD, content=b"x", gate=gate)
    assert answer.json() == {"code": 500, "message": "internal error; the log says how"}
    assert "secret detail" in caplog.text
    assert gate.work.used_bytes == 0


async def test_answers__counted_by_operation_and_status():
    gate = open_gate()
    await ask(StandInEngine(), "GET", "/v1/proof_types", gate=gate)
    await ask(StandInEngine(), "GET", "/v1/nothing", gate=gate)
    await ask(StandInEngine(), "PUT", "/v1/proof_types", gate=gate)
    assert dict(gate.counts) == {
        ("getProofTypes", 200): 1,
        ("unknown", 404): 1,
        ("unknown", 405): 1,
    }
