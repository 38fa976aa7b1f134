"""Proofs are verified in the words of zkboost, and in those of eth_proof_verifier."""

import httpx
import pytest
import trio

from tests.helpers.asked import ask
from tests.helpers.proof_messages import request_file
from tests.helpers.service import PROFILE, open_gate
from tests.helpers.stand_in_engine import StandInEngine
from zkattest.api import zkboost
from zkattest.api.application import application
from zkattest.api.engine_service import ServiceSettings
from zkattest.api.guard import WorkLimits
from zkattest.api.zkboost import ListForm, ZkboostRoutes, ZkboostSettings
from zkattest.crypto.proof_roots import hash_tree_root_request
from zkattest.spec.reasons import Cause, Reason
from zkattest.spec.verdicts import NotChecked, Refused, Verified
from zkattest.types.ids import ChainId, ProofType, Root
from zkattest.types.payload_request import decode_request
from zkattest.types.verification import Check
from zkattest.types.wire import PublicValues

VERIFY = "/v1/execution_proof_verifications"
ROOT = Root(b"\x11" * 32)
WORDS = {"new_payload_request_root": str(ROOT), "proof_type": "reth-sp1"}
NUMBERS = {
    "new_payload_request_root": str(ROOT),
    "proof_type": "1",
    "successful_validation": "true",
    "chain_id": "5",
    "schema_id": "5377",
}
REQUEST = request_file(PROFILE).read_bytes()
REQUEST_ROOT = hash_tree_root_request(PROFILE, decode_request(PROFILE, REQUEST))
VALID = Verified(Check(), b"")
INVALID = Refused(Check(), Reason.PROOF_INVALID)


def unchecked(cause, **fields):
    return NotChecked(Check(), cause, **fields)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (WORDS, PublicValues(ROOT, valid=True, chain_id=ChainId(1), schema_id=0x1501)),
        (NUMBERS, PublicValues(ROOT, valid=True, chain_id=ChainId(5), schema_id=5377)),
        (
            WORDS | {"proof_type": "reth-sp1-v1", "other": "x"},
            PublicValues(ROOT, valid=True, chain_id=ChainId(1), schema_id=0x1501),
        ),
    ],
)
async def test_proof__valid(query, expected):
    engine = StandInEngine(verdict=VALID)
    answer = await ask(engine, "POST", VERIFY, params=query, content=b"proof")
    assert (answer.status_code, answer.json()) == (200, {"status": "VALID"})
    assert engine.asked == [(ProofType(1), b"proof", expected, None)]


@pytest.mark.parametrize("query", [WORDS, NUMBERS])
async def test_proof__invalid(query):
    engine = StandInEngine(verdict=INVALID)
    answer = await ask(engine, "POST", VERIFY, params=query, content=b"proof")
    assert answer.json() == {"status": "INVALID", "reason": "proof_invalid"}


@pytest.mark.parametrize(
    ("verdict", "words_status", "numbers_status"),
    [
        (unchecked(Cause.TIMEOUT), 500, 500),
        (unchecked(Cause.BACKEND_PANIC), 500, 500),
        (unchecked(Cause.OUT_OF_RESOURCES), 503, 503),
        (unchecked(Cause.BACKEND_UNAVAILABLE, retry_after_ms=2_001), 503, 503),
        (unchecked(Cause.PROGRAM_REVOKED), 404, 400),
        (unchecked(Cause.UNKNOWN_PROOF_TYPE), 404, 400),
    ],
)
async def test_proof__not_checked_is_never_invalid(verdict, words_status, numbers_status):
    for query, status in ((WORDS, words_status), (NUMBERS, numbers_status)):
        answer = await ask(
            StandInEngine(verdict=verdict), "POST", VERIFY, params=query, content=b"x"
        )
        assert (answer.status_code, "status" in answer.json()) == (status, False)
        assert verdict.cause in answer.json()["message"]
        if status == 503:
            assert answer.headers["retry-after"] == ("3" if verdict.retry_after_ms else "1")


async def test_proof_type__unknown_answers_404_by_word():
    answer = await ask(
        StandInEngine(), "POST", VERIFY, params=WORDS | {"proof_type": "x"}, content=b"x"
    )
    assert answer.json() == {"code": 404, "message": "unknown proof_type: x"}


async def test_proof_type__unknown_answers_400_by_number():
    answer = await ask(
        StandInEngine(), "POST", VERIFY, params=NUMBERS | {"proof_type": "9"}, content=b"x"
    )
    assert answer.json() == {
        "code": 400,
        "message": "unsupported proof type",
        "error": "unsupported proof type",
        "proof_type": 9,
        "supported": [1, 3],
    }


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"successful_validation": "false"}, "no positive signal"),
        ({"schema_id": "0"}, "could not read its input"),
        ({"chain_id": "0x1"}, "chain_id: expected decimal digits"),
        ({"chain_id": "01"}, "chain_id: expected decimal digits"),
        ({"chain_id": str(1 << 64)}, "does not fit 64 bits"),
        ({"schema_id": "65536"}, "does not fit 16 bits"),
        ({"successful_validation": "1"}, "expected true or false"),
        ({"new_payload_request_root": "11" * 32}, "expected 0x"),
        ({"new_payload_request_root": "0x" + "1g" * 32}, "expected 0x"),
    ],
)
async def test_question__refused(changed, why):
    engine = StandInEngine()
    answer = await ask(engine, "POST", VERIFY, params=NUMBERS | changed, content=b"x")
    assert (answer.status_code, engine.asked) == (400, [])
    assert why in answer.json()["message"]


async def test_proof_types__listed_as_zkboost_does():
    answer = await ask(StandInEngine(), "GET", "/v1/proof_types")
    listed = answer.json()["proof_types"]
    assert [one["proof_type"] for one in listed] == ["ethrex-zisk", "reth-sp1"]
    assert listed[1] == {
        "proof_type": "reth-sp1",
        "kind": "verifier",
        "can_prove": False,
        "can_verify": True,
        "number": 1,
        "entry": "reth-sp1-v1",
        "program_vk": "0x" + "11" * 32,
    }


async def test_proof_types__listed_as_eth_proof_verifier_does():
    settings = ServiceSettings(zkboost=ZkboostSettings(proof_types=ListForm.ETH_PROOF_VERIFIER))
    answer = await ask(StandInEngine(), "GET", "/v1/proof_types", settings=settings)
    assert answer.json()[0] == {
        "proof_type": 1,
        "proof_system": "sp1",
        "proof_system_version": "",
        "guest": "stateless-validator-reth",
        "guest_version": "0.1.0",
        "program_vk": "11" * 32,
    }


async def test_request__answers_the_root_and_waits_for_proofs():
    engine = StandInEngine()
    answer = await ask(
        engine,
        "POST",
        "/v1/execution_proof_requests?proof_types=reth-sp1,%20ethrex-zisk",
        content=REQUEST,
    )
    assert answer.json() == {"new_payload_request_root": str(REQUEST_ROOT)}
    assert engine.asked == [(REQUEST_ROOT, (ProofType(1), ProofType(3)), 12_000)]


@pytest.mark.parametrize(
    ("types", "body", "why"),
    [
        ("", b"", "proof_types: expected 1 to 16"),
        (",", b"", "proof_types: expected 1 to 16"),
        ("mock", b"", "no zkVM configured for proof type 'mock'"),
        ("reth-sp1,1", b"", "stands there twice"),
        ("reth-sp1", b"\x00" * 16, "invalid SSZ body"),
    ],
)
async def test_request__refused(types, body, why):
    engine = StandInEngine()
    path = f"/v1/execution_proof_requests?proof_types={types}"
    answer = await ask(engine, "POST", path, content=body)
    assert (answer.status_code, engine.asked) == (400, [])
    assert why in answer.json()["message"]


async def test_request__answers_503_where_others_are_decoded_for_too_long(monkeypatch):
    monkeypatch.setattr(zkboost, "_DECODER_WAIT_MS", 50)
    engine, gate = StandInEngine(), open_gate()
    routes = ZkboostRoutes(engine, PROFILE, ZkboostSettings(), gate.streams, trio.Event())
    transport = httpx.ASGITransport(application(routes.operations(), gate))
    path = "/v1/execution_proof_requests?proof_types=1"
    async with httpx.AsyncClient(transport=transport, base_url="http://engine") as client:
        routes.decoder.acquire_on_behalf_of_nowait("another request")
        answer = await client.post(path, content=REQUEST)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert (engine.asked, gate.work.used_bytes) == ([], 0)
        routes.decoder.release_on_behalf_of("another request")
        assert (await client.post(path, content=REQUEST)).status_code == 200


async def test_request__answers_503_where_too_many_wait():
    engine = StandInEngine(takes_requests=False)
    path = "/v1/execution_proof_requests?proof_types=1"
    answer = await ask(engine, "POST", path, content=REQUEST)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_proof__answered_as_it_came():
    engine = StandInEngine(proofs={(ROOT, ProofType(1)): b"proof"})
    answer = await ask(engine, "GET", f"/v1/execution_proofs/{ROOT}/reth-sp1")
    assert (answer.content, answer.headers["content-type"]) == (
        b"proof",
        "application/octet-stream",
    )


async def test_proof__takes_memory_until_it_is_answered():
    gate = open_gate(work=WorkLimits(body_bytes=20, waiting=0))
    for address in "ab":
        await gate.work.take(10, address)
    engine = StandInEngine(proofs={(ROOT, ProofType(1)): b"proof"})
    answer = await ask(engine, "GET", f"/v1/execution_proofs/{ROOT}/reth-sp1", gate=gate)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    gate = open_gate()
    assert (
        await ask(engine, "GET", f"/v1/execution_proofs/{ROOT}/reth-sp1", gate=gate)
    ).content == b"proof"
    assert gate.work.used_bytes == 0


@pytest.mark.parametrize("proof_type", ["ethrex-zisk", "nothing"])
async def test_proof__unknown(proof_type):
    answer = await ask(StandInEngine(), "GET", f"/v1/execution_proofs/{ROOT}/{proof_type}")
    assert answer.status_code == 404
