"""Signed proofs come and go as the Beacon API has them."""

import json
import time

import pytest

from tests.helpers.asked import ask
from tests.helpers.service import PROFILE, open_gate
from tests.helpers.stand_in_engine import StandInEngine
from zkattest.api.beacon import PATH
from zkattest.api.guard import WorkLimits
from zkattest.spec.reasons import Cause, Reason
from zkattest.spec.verdicts import Submission, SubmissionStatus
from zkattest.types.ids import ProofType, Root, Slot, ValidatorIndex
from zkattest.types.proof_json import encode_submission_json
from zkattest.types.proof_messages import encode_message, submission_codec
from zkattest.types.verification import NamedBlock, SubmittedProof
from zkattest.types.wire import ExecutionProofEnvelope, SignedExecutionProofEnvelope

OCTETS = {"content-type": "application/octet-stream"}
JSON = {"content-type": "application/json"}


def message(number):
    envelope = ExecutionProofEnvelope(bytes(range(number)), ProofType(1), Root(b"\x07" * 32))
    return SignedExecutionProofEnvelope(envelope, ValidatorIndex(number), bytes(96))


MESSAGES = (message(1), message(2))
SSZ = [encode_message(PROFILE, one) for one in MESSAGES]
LIST = submission_codec(PROFILE).encode(MESSAGES, "")
KNOWN = tuple(
    SubmittedProof(Root(b"\x07" * 32), Slot(9), ProofType(1), ValidatorIndex(i), data)
    for i, data in enumerate(SSZ)
)


def outcome(index, status, **fields):
    return Submission(index, SubmissionStatus(status), **fields)


@pytest.mark.parametrize(
    ("body", "headers"),
    [(LIST, OCTETS), (encode_submission_json(PROFILE, MESSAGES).encode(), JSON)],
)
async def test_submission__taken(body, headers):
    engine = StandInEngine()
    answer = await ask(engine, "POST", PATH, content=body, headers=headers)
    assert (answer.status_code, answer.content, engine.asked) == (200, b"", [tuple(SSZ)])


async def test_submission__taken_where_it_is_known():
    engine = StandInEngine(submissions=(outcome(0, "accepted"), outcome(1, "already_known")))
    assert (await ask(engine, "POST", PATH, content=LIST, headers=OCTETS)).status_code == 200


@pytest.mark.parametrize(
    ("outcomes", "status", "failures"),
    [
        (
            (outcome(0, "accepted"), outcome(1, "refused", reason=Reason.PROOF_INVALID)),
            400,
            [{"index": 1, "message": "proof_invalid"}],
        ),
        (
            (
                outcome(0, "not_checked", cause=Cause.TIMEOUT, detail="4 s"),
                outcome(1, "refused", reason=Reason.ROOT_MISMATCH),
            ),
            400,
            [
                {"index": 0, "message": "not checked: timeout: 4 s"},
                {"index": 1, "message": "root_mismatch"},
            ],
        ),
        (
            (outcome(0, "accepted"), outcome(1, "not_checked", cause=Cause.BACKEND_PANIC)),
            500,
            [{"index": 1, "message": "not checked: backend_panic"}],
        ),
        (
            (outcome(0, "accepted"), outcome(1, "not_checked", reason=Reason.UNKNOWN_BLOCK)),
            400,
            [{"index": 1, "message": "not checked: unknown_block"}],
        ),
    ],
)
async def test_submission__answers_each_failure_by_its_index(outcomes, status, failures):
    engine = StandInEngine(submissions=outcomes)
    answer = await ask(engine, "POST", PATH, content=LIST, headers=OCTETS)
    assert (answer.status_code, answer.json()["failures"]) == (status, failures)
    assert answer.json()["code"] == status


async def test_submission__answers_503_where_there_is_no_room():
    crowded = (outcome(0, "not_checked", cause=Cause.OUT_OF_RESOURCES),)
    engine = StandInEngine(submissions=crowded)
    answer = await ask(engine, "POST", PATH, content=LIST, headers=OCTETS)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_submission__answers_501_without_a_chain():
    engine = StandInEngine(has_chain=False)
    answer = await ask(engine, "POST", PATH, content=LIST, headers=OCTETS)
    assert (answer.status_code, engine.asked) == (501, [])


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", OCTETS),
        (LIST[:20], OCTETS),
        (b"\x04\x00\x00\x00", OCTETS),
        (b"[]", JSON),
        (b"{}", JSON),
        (b"[" * 100, JSON),
        (b'[{"message": 1}]', JSON),
        (b'[{"message": {}, "message": {}}]', JSON),
        (b'[{"\\ud800": 1}]', JSON),
        (b'[{"a\\nb": 1}]', JSON),
        (b'[{"\xed\xa0\x80": 1}]', JSON),
        (b"\xef\xbb\xbf[]", JSON),
        (b"[NaN]", JSON),
        (b"[" + b"9" * 5_000 + b"]", JSON),
        (b"[" + b"[]," * 3_000_000 + b"[]]", JSON),
        (b'["' + b'\\"' * 8_000_000, JSON),
    ],
    ids=lambda value: value[:40].decode("latin-1") if isinstance(value, bytes) else None,
)
async def test_submission__refused_where_it_does_not_decode(body, headers):
    engine, started_s = StandInEngine(), time.process_time()
    answer = await ask(engine, "POST", PATH, content=body, headers=headers)
    assert (answer.status_code, answer.json()["failures"], engine.asked) == (400, [], [])
    assert answer.json()["message"].isprintable()
    # The square of the length would be minutes.
    assert time.process_time() - started_s < 5


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("validator_index", 7, "expected a string of decimal digits, got a number"),
        ("validator_index", "18446744073709551616", "does not fit 64 bits"),
        ("validator_index", "9" * 5_000, "expected decimal digits of at most 64 bits"),
        ("validator_index", "1e3", "expected decimal digits"),
        ("validator_index", "-1", "expected decimal digits"),
        ("signature", "0x" + "00" * 95, "95 bytes, expected 96"),
    ],
)
async def test_submission__refused_by_the_field_that_is_wrong(path, value, message):
    (sent,) = json.loads(encode_submission_json(PROFILE, MESSAGES[:1]))
    body = json.dumps([sent | {path: value}])
    answer = await ask(StandInEngine(), "POST", PATH, content=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(f"[0].{path}: ")
    assert message in answer.json()["message"]


@pytest.mark.parametrize("accept", ["application/json", "application/octet-stream"])
async def test_proofs__take_memory_until_they_are_answered(accept):
    gate = open_gate(work=WorkLimits(body_bytes=20, waiting=0))
    for address in "ab":
        await gate.work.take(10, address)
    engine = StandInEngine(block=KNOWN)
    answer = await ask(engine, "GET", f"{PATH}/9", headers={"accept": accept}, gate=gate)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert gate.work.used_bytes == 20


async def test_genesis__is_the_first_slot():
    engine = StandInEngine(block=None)
    assert (await ask(engine, "GET", f"{PATH}/genesis")).status_code == 404
    assert engine.asked == [(Slot(0),)]


async def test_submission__refused_as_another_kind():
    answer = await ask(StandInEngine(), "POST", PATH, content=LIST, headers={"content-type": "a/b"})
    assert answer.status_code == 415


async def test_proofs__answered_as_json():
    engine = StandInEngine(block=KNOWN)
    answer = await ask(engine, "GET", f"{PATH}/head")
    assert answer.json()["data"][1] == {
        "message": {
            "proof_data": "0x0001",
            "proof_type": "1",
            "beacon_block_root": "0x" + "07" * 32,
        },
        "validator_index": "2",
        "signature": "0x" + "00" * 96,
    }
    assert engine.asked == [(NamedBlock.HEAD,)]


async def test_proofs__answered_as_ssz_where_that_is_wanted():
    engine = StandInEngine(block=KNOWN)
    accept = {"accept": "application/octet-stream"}
    answer = await ask(engine, "GET", f"{PATH}/9", headers=accept)
    assert (answer.content, engine.asked) == (LIST, [(Slot(9),)])


@pytest.mark.parametrize(
    ("block_id", "block", "accept", "status"),
    [
        ("head", None, "*/*", 404),
        ("head", (), "*/*", 200),
        ("0x" + "07" * 32, (), "*/*", 200),
        ("0x07", (), "*/*", 400),
        ("tail", (), "*/*", 400),
        ("18446744073709551616", (), "*/*", 400),
        ("01", (), "*/*", 400),
        ("head", (), "text/html", 406),
    ],
)
async def test_proofs__answer_by_block(block_id, block, accept, status):
    engine = StandInEngine(block=block)
    answer = await ask(engine, "GET", f"{PATH}/{block_id}", headers={"accept": accept})
    assert answer.status_code == status
