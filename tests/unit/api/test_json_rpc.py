"""`eth_verifyProof` answers VALID or INVALID only when that was found out."""

import json
import time

import pytest

from tests.helpers.asked import ask
from tests.helpers.stand_in_engine import RETH_SP1, StandInEngine
from zkattest.spec.reasons import Cause, Reason
from zkattest.spec.verdicts import NotChecked, Refused, Verified
from zkattest.types.ids import ChainId, ProofType, Root
from zkattest.types.verification import Check
from zkattest.types.wire import MAX_PROOF_BYTES, PublicValues

ROOT = "0x" + "11" * 32
OTHER = "0x" + "12" * 32
PROOF = {
    "proofType": "0x1",
    "proofData": "0xabcd",
    "publicInput": {"newPayloadRequestRoot": ROOT},
}
CHECK = Check(verifier_version="6.1.0")
JSON = {"content-type": "application/json"}


async def call(engine, *params, method="eth_verifyProof", **more):
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": list(params)} | more
    answer = await ask(engine, "POST", "/", content=json.dumps(body), headers=JSON)
    assert answer.status_code == 200
    return answer.json()


def result(status, error=None, version="6.1.0"):
    return {
        "jsonrpc": "2.0",
        "id": 7,
        "result": {
            "status": status,
            "proofType": "0x1",
            "newPayloadRequestRoot": ROOT,
            "programId": str(RETH_SP1.program_vk),
            "verifierVersion": version,
            "validationError": error,
        },
    }


async def test_proof__valid():
    engine = StandInEngine(verdict=Verified(CHECK, b""))
    assert await call(engine, PROOF) == result("VALID")
    values = PublicValues(Root.from_hex(ROOT), valid=True, chain_id=ChainId(1), schema_id=0x1501)
    assert engine.asked == [(ProofType(1), b"\xab\xcd", values, None)]


async def test_proof__valid_for_its_chain_and_in_its_time():
    engine = StandInEngine(verdict=Verified(CHECK, b""))
    public = {"newPayloadRequestRoot": ROOT, "chainConfig": {"chainId": "0xaa36a7", "fork": "x"}}
    proof = PROOF | {
        "publicInput": public | {"successfulValidation": True},
        "programId": str(RETH_SP1.program_vk),
        "signedProof": {"validatorIndex": "0x7", "signature": "0x" + "00" * 96},
    }
    answer = await call(engine, proof, {"expectedRoot": ROOT, "timeoutMs": "0x64"})
    assert answer == result("VALID")
    assert (engine.asked[0][2].chain_id, engine.asked[0][3]) == (11155111, 100)


async def test_proof__invalid_where_the_verifier_says_so():
    engine = StandInEngine(verdict=Refused(CHECK, Reason.PROOF_INVALID))
    assert await call(engine, PROOF) == result("INVALID", "proof_invalid")


@pytest.mark.parametrize(
    ("public", "options", "reason"),
    [
        ({}, {"expectedRoot": OTHER}, "root_mismatch"),
        ({"successfulValidation": False}, {}, "statement_not_valid"),
    ],
)
async def test_proof__invalid_where_its_public_input_is_another(public, options, reason):
    engine = StandInEngine()
    proof = PROOF | {"publicInput": {"newPayloadRequestRoot": ROOT} | public}
    assert await call(engine, proof, options) == result("INVALID", reason, "")
    assert engine.asked == []


@pytest.mark.parametrize(
    ("verdict", "code", "data"),
    [
        (NotChecked(CHECK, Cause.TIMEOUT), 2010, {"reason": "timeout"}),
        (NotChecked(CHECK, Cause.BACKEND_PANIC), 2010, {"reason": "backend_panic"}),
        (NotChecked(CHECK, Cause.UNKNOWN_PROOF_TYPE), 2001, {"reason": "unknown_proof_type"}),
        (NotChecked(CHECK, Cause.PROGRAM_REVOKED), 2002, {"reason": "program_revoked"}),
        (
            NotChecked(CHECK, Cause.OUT_OF_RESOURCES),
            -32005,
            {"reason": "out_of_resources", "retryAfterMs": 1_000},
        ),
        (
            NotChecked(CHECK, Cause.BACKEND_UNAVAILABLE, retry_after_ms=9),
            2010,
            {"reason": "backend_unavailable", "retryAfterMs": 9},
        ),
        (Refused(CHECK, Reason.PROOF_UNDECODABLE), 2009, {"reason": "proof_undecodable"}),
    ],
)
async def test_proof__not_checked_is_an_error(verdict, code, data):
    answer = await call(StandInEngine(verdict=verdict), PROOF)
    assert (answer["error"]["code"], answer["error"]["data"]) == (code, data)
    assert "result" not in answer


@pytest.mark.parametrize(
    ("proof", "options", "code", "reason"),
    [
        ({"proofType": "0x9"}, {}, 2001, "unknown_proof_type"),
        ({"programId": OTHER}, {}, 2001, "program_key_mismatch"),
        ({}, {"blockHash": OTHER}, 2003, "payload_not_known"),
        (
            {"proofData": "0x" + "00" * (MAX_PROOF_BYTES + 1)},
            {},
            -32005,
            "proof_too_large",
        ),
        ({"proofType": 1}, {}, -32602, "invalid_params"),
        ({"proofType": "1"}, {}, -32602, "invalid_params"),
        ({"proofType": "0x01"}, {}, -32602, "invalid_params"),
        ({"proofType": "0x"}, {}, -32602, "invalid_params"),
        ({"proofType": "0x100"}, {}, -32602, "invalid_params"),
        ({"proofData": "0xabc"}, {}, -32602, "invalid_params"),
        ({"proofData": "abcd"}, {}, -32602, "invalid_params"),
        ({"proofData": "0xzz"}, {}, -32602, "invalid_params"),
        ({"proof": "0x"}, {}, -32602, "invalid_params"),
        ({}, {"timeoutMs": "0x" + "f" * 17}, -32602, "invalid_params"),
        ({}, {"timeoutMs": "0x0A"}, -32602, "invalid_params"),
        ({}, {"timeout": "0xa"}, -32602, "invalid_params"),
        ({"proofType": 1.0}, {}, -32602, "invalid_params"),
        ({"proofType": 10**4_000}, {}, -32602, "invalid_params"),
        ({"proofType": "0x" + "1" * 5_000}, {}, -32602, "invalid_params"),
        ({"\x00": 1}, {}, -32602, "invalid_params"),
    ],
)
async def test_call__refused_before_the_engine_is_asked(proof, options, code, reason):
    engine = StandInEngine()
    answer = await call(engine, PROOF | proof, options)
    assert (answer["error"]["code"], answer["error"]["data"]["reason"]) == (code, reason)
    assert engine.asked == []


@pytest.mark.parametrize("params", [[], [PROOF, {}, {}], [1], [None], {"proof": PROOF}])
async def test_call__refused_for_its_parameters(params):
    answer = await call(StandInEngine(), params=params)
    assert answer["error"]["code"] == -32602


async def test_proof_types__listed():
    answer = await call(StandInEngine(), method="zk_getProofTypes")
    assert answer["result"][1] == {
        "proofType": "0x3",
        "name": "ethrex-zisk",
        "programId": "0x" + "22" * 32,
        "entry": "ethrex-zisk-v1",
        "proofSystem": "zisk",
        "guest": "stateless-validator-ethrex",
        "guestVersion": "27",
        "schemaId": "0x1501",
        "status": "active",
        "canVerify": True,
        "canProve": False,
    }


async def test_method__unknown():
    answer = await call(StandInEngine(), method="eth_call")
    assert answer["error"] == {
        "code": -32601,
        "message": "there are eth_verifyProof and zk_getProofTypes",
        "data": {"reason": "method_not_found"},
    }


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"\xff", -32700),
        (b"[" * 100 + b"]" * 100, -32700),
        (b"1", -32600),
        (b"[]", -32600),
        (b"[1]", -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"x"}', -32600),
        (b'{"jsonrpc":"2.0","id":1}', -32600),
        (b'{"jsonrpc":"2.0","id":{},"method":"x"}', -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"x"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"x","more":1}', -32600),
        (b'{"jsonrpc":"2.0","id":NaN,"method":"x"}', -32700),
        (b'{"jsonrpc":"2.0","id":-Infinity,"method":"x"}', -32700),
        (b'{"jsonrpc":"2.0","id":1e999,"method":"x"}', -32600),
        (b'{"jsonrpc":"2.0","id":18446744073709551616,"method":"x"}', -32600),
        (b'{"jsonrpc":"2.0","id":' + b"9" * 4_000 + b',"method":"x"}', -32600),
        (b'{"jsonrpc":"2.0","id":' + b"9" * 5_000 + b',"method":"x"}', -32700),
        (b'{"jsonrpc":"2.0","id":"' + b"i" * 257 + b'","method":"x"}', -32600),
        (b'{"jsonrpc":2.0,"id":1,"method":"x"}', -32600),
        (b'{"id":1,"method":"x"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"x"}', -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"x","method":"zk_getProofTypes"}', -32700),
        (b"[[]]", -32600),
        (b'[[{"jsonrpc":"2.0","id":1,"method":"zk_getProofTypes"}]]', -32600),
        (b"\xef\xbb\xbf" + b'{"jsonrpc":"2.0","id":1,"method":"zk_getProofTypes"}', -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"\xed\xa0\x80"}', -32700),
        (b'{"jsonrpc":"2.0","id":"\\ud800","method":"x"}', -32700),
        (b'{"a":' * 65 + b"1" + b"}" * 65, -32700),
        (b"[" + b"[]," * 1_000_000 + b"[]]", -32700),
        (b"[" + b"1," * 2_000_000 + b"1]", -32700),
        (b'"' + b'\\"' * 2_000_000, -32700),
    ],
    ids=lambda value: value[:60].decode("latin-1") if isinstance(value, bytes) else None,
)
async def test_body__refused(body, code):
    engine, started_s = StandInEngine(), time.process_time()
    answer = (await ask(engine, "POST", "/", content=body, headers=JSON)).json()
    (only,) = answer if isinstance(answer, list) else [answer]
    assert (only["error"]["code"], "result" in only) == (code, False)
    assert only["id"] in (None, 1)
    assert engine.asked == []
    # What is refused is not worth more than its bytes: the square of them would be minutes.
    assert time.process_time() - started_s < 5


@pytest.mark.parametrize("number", [0, -1, 2**64 - 1, 1.5, "", "two", "\U0001f600", None])
async def test_id__sent_back_as_it_came(number):
    call = {"jsonrpc": "2.0", "method": "zk_getProofTypes", "id": number}
    answer = await ask(StandInEngine(), "POST", "/", content=json.dumps(call), headers=JSON)
    assert (answer.status_code, answer.json()["id"]) == (200, number)
    assert "result" in answer.json()


async def test_batch__answered_in_order_without_notifications():
    known = {"jsonrpc": "2.0", "method": "zk_getProofTypes"}
    batch = [known | {"id": "a"}, known, {"jsonrpc": "2.0", "method": "x", "id": None}]
    answers = (await ask(StandInEngine(), "POST", "/", json=batch)).json()
    assert [(one["id"], "result" in one) for one in answers] == [("a", True), (None, False)]


@pytest.mark.parametrize("many", [True, False])
async def test_notification__answered_with_nothing(many):
    call = {"jsonrpc": "2.0", "method": "zk_getProofTypes"}
    answer = await ask(StandInEngine(), "POST", "/", json=[call] if many else call)
    assert (answer.status_code, answer.content) == (204, b"")


async def test_batch__refused_where_it_is_too_long():
    batch = [{"jsonrpc": "2.0", "method": "zk_getProofTypes", "id": 1}] * 17
    answer = (await ask(StandInEngine(), "POST", "/", json=batch)).json()
    assert answer["error"]["code"] == -32005
