"""An ere-server's methods, for the programs of a registry."""

import pytest

from tests.helpers.asked import Unread, ask
from tests.helpers.stand_in_engine import RETH_SP1, StandInEngine
from zkattest.api.engine_service import ServiceSettings
from zkattest.api.twirp import TwirpSettings
from zkattest.spec.guests import GuestFailure, GuestProof, GuestRun, GuestUnavailable
from zkattest.spec.reasons import Cause, Reason
from zkattest.spec.verdicts import NotChecked, Refused, Verified
from zkattest.types.ere import (
    EreError,
    EreExecuted,
    EreForm,
    EreInput,
    EreMethod,
    EreNothing,
    EreProgramVk,
    EreProof,
    EreProved,
    EreVerified,
    decode_ere_answer,
    encode_ere_request,
)
from zkattest.types.verification import Check

PROTOBUF = {"content-type": "application/protobuf"}
JSON = {"content-type": "application/json"}
SETTINGS = ServiceSettings(twirp=TwirpSettings(program=RETH_SP1.id))
VALUES = bytes(range(43))


class StandInWorker:
    """Run no guest: answer what a test told it to."""

    def __init__(self, error=None):
        self.program_vk = RETH_SP1.program_vk
        self.error = error

    async def execute(self, stdin, *, timeout_ms):
        if self.error:
            raise self.error
        return GuestRun(stdin[::-1], 5, 1_500)

    async def prove(self, stdin, *, timeout_ms):
        if self.error:
            raise self.error
        return GuestProof(stdin[::-1], b"proof", 5, 1_500)


async def ask_twirp(
    engine, method, request, *, prefix="", headers=PROTOBUF, worker=None, settings=SETTINGS
):
    return await ask(
        engine,
        "POST",
        f"{prefix}/twirp/api.ZkvmService/{method}",
        content=encode_ere_request(method, request, as_json=headers is JSON),
        headers=headers,
        settings=settings,
        worker=worker,
    )


@pytest.mark.parametrize("prefix", ["", "/programs/reth-sp1-v1"])
@pytest.mark.parametrize("headers", [PROTOBUF, JSON])
@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verified(Check(), VALUES), EreVerified(VALUES)),
        (Refused(Check(), Reason.PROOF_INVALID), EreError("proof_invalid")),
        (Refused(Check(), Reason.PROOF_INVALID, "x"), EreError("proof_invalid: x")),
    ],
)
async def test_verify__answers_values_or_what_the_verifier_said(prefix, headers, verdict, expected):
    engine = StandInEngine(verdict=verdict)
    proof = EreProof(b"proof")
    answer = await ask_twirp(engine, EreMethod.VERIFY, proof, prefix=prefix, headers=headers)
    assert answer.headers["content-type"] == headers["content-type"]
    decoded = decode_ere_answer(EreMethod.VERIFY, answer.content, as_json=headers is JSON)
    assert (answer.status_code, decoded) == (200, expected)
    assert engine.asked == [(RETH_SP1.system, RETH_SP1.program_vk, b"proof", None, None)]


@pytest.mark.parametrize(
    ("cause", "status", "code"),
    [
        (Cause.TIMEOUT, 408, "deadline_exceeded"),
        (Cause.OUT_OF_RESOURCES, 429, "resource_exhausted"),
        (Cause.PROGRAM_REVOKED, 412, "failed_precondition"),
        (Cause.UNSUPPORTED_PROOF_SYSTEM, 501, "unimplemented"),
        (Cause.BACKEND_PANIC, 503, "unavailable"),
    ],
)
async def test_verify__not_checked_is_an_error_of_twirp(cause, status, code):
    engine = StandInEngine(verdict=NotChecked(Check(), cause, "why"))
    answer = await ask_twirp(engine, EreMethod.VERIFY, EreProof(b"proof"))
    assert answer.status_code == status
    assert answer.json() == {"code": code, "msg": f"{cause}: why", "meta": {"cause": cause}}


async def test_program_vk__answered():
    answer = await ask_twirp(StandInEngine(), EreMethod.PROGRAM_VK, EreNothing())
    assert decode_ere_answer(EreMethod.PROGRAM_VK, answer.content) == EreProgramVk(b"\x11" * 32)


async def test_program__unknown():
    answer = await ask_twirp(
        StandInEngine(), EreMethod.PROGRAM_VK, EreNothing(), prefix="/programs/nothing"
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(("program", "status"), [("reth-sp1-v1", 200), ("nothing", 404)])
async def test_program__health_is_beside_its_twirp(program, status):
    answer = await ask(StandInEngine(), "GET", f"/programs/{program}/health", settings=SETTINGS)
    assert answer.status_code == status
    assert answer.json().get("alive") is (True if status == 200 else None)


async def test_program__not_configured():
    answer = await ask(
        StandInEngine(), "POST", "/twirp/api.ZkvmService/ProgramVk", content=b"", headers=PROTOBUF
    )
    assert (answer.status_code, answer.json()["code"]) == (412, "failed_precondition")


@pytest.mark.parametrize("headers", [PROTOBUF, JSON])
async def test_body__malformed(headers):
    path = "/twirp/api.ZkvmService/Verify"
    answer = await ask(
        StandInEngine(), "POST", path, content=b"\xff\xff", headers=headers, settings=SETTINGS
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


async def run_guest(method, form):
    settings = ServiceSettings(twirp=TwirpSettings(program=RETH_SP1.id, form=form))
    answer = await ask_twirp(
        StandInEngine(), method, EreInput(b"ab"), worker=StandInWorker(), settings=settings
    )
    return decode_ere_answer(method, answer.content)


async def test_guest__run_by_the_worker():
    ran = await run_guest(EreMethod.EXECUTE, EreForm.DURATION)
    assert ran == EreExecuted(b"ba", duration_nanos=1_500_000_000)
    # Rust's bincode with integers of fixed size: cycles, no regions, seconds, nanoseconds.
    report = bytes.fromhex("0500000000000000 0000000000000000 0100000000000000 0065cd1d")
    assert await run_guest(EreMethod.EXECUTE, EreForm.REPORT) == EreExecuted(b"ba", report)


async def test_guest__proven_by_the_worker():
    proven = await run_guest(EreMethod.PROVE, EreForm.DURATION)
    assert proven == EreProved(b"ba", b"proof", duration_nanos=1_500_000_000)
    report = bytes.fromhex("0100000000000000 0065cd1d 01 0500000000000000")
    expected = EreProved(b"ba", b"proof", report)
    assert await run_guest(EreMethod.PROVE, EreForm.REPORT) == expected


async def test_guest__answer_in_json_is_as_the_document_says():
    run = EreInput(b"ab")
    answer = await ask_twirp(
        StandInEngine(), EreMethod.EXECUTE, run, headers=JSON, worker=StandInWorker()
    )
    assert answer.json() == {"ok": {"publicValues": "YmE=", "durationNanos": "1500000000"}}


@pytest.mark.parametrize(
    ("worker", "request_", "status", "code"),
    [
        (None, EreInput(b""), 501, "unimplemented"),
        (StandInWorker(), EreInput(b"", b""), 501, "unimplemented"),
        (StandInWorker(GuestUnavailable(Cause.TIMEOUT)), EreInput(b""), 408, "deadline_exceeded"),
        (StandInWorker(GuestUnavailable(Cause.MISSING_FILE)), EreInput(b""), 503, "unavailable"),
    ],
)
async def test_guest__not_run(worker, request_, status, code):
    answer = await ask_twirp(StandInEngine(), EreMethod.PROVE, request_, worker=worker)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_guest__failure_is_an_answer():
    answer = await ask_twirp(
        StandInEngine(), EreMethod.EXECUTE, EreInput(b""), worker=StandInWorker(GuestFailure("no"))
    )
    assert decode_ere_answer(EreMethod.EXECUTE, answer.content) == EreError("no")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/twirp/api.ZkvmService/Execute", 501),
        ("/twirp/api.ZkvmService/Prove", 501),
        ("/programs/nothing/twirp/api.ZkvmService/Verify", 404),
    ],
)
async def test_body__not_read_where_nothing_in_it_could_change_the_answer(path, status):
    body = Unread()
    options = {"headers": PROTOBUF | {"content-length": "1"}, "settings": SETTINGS}
    answer = await ask(StandInEngine(), "POST", path, content=body, **options)
    assert (answer.status_code, body.was_read) == (status, False)


@pytest.mark.parametrize(
    "body",
    [
        b'{"\\ud800": ""}',
        b'{"proof": "", "proof": ""}',
        b'{"proof": ' + b"[]," * 1_000_000 + b"}",
        b'"' + b'\\"' * 1_000_000,
        b'{"proof": ' + b"9" * 5_000 + b"}",
        b"\xef\xbb\xbf{}",
    ],
    ids=lambda body: body[:20].decode("latin-1"),
)
async def test_json__refused_where_it_is_no_request(body):
    engine, path = StandInEngine(), "/twirp/api.ZkvmService/Verify"
    answer = await ask(engine, "POST", path, content=body, headers=JSON, settings=SETTINGS)
    assert (answer.status_code, answer.json()["code"], engine.asked) == (400, "malformed", [])
    assert answer.json()["msg"].isprintable()


async def test_verify__says_when_to_ask_again_where_there_is_no_room_or_no_verifier():
    for cause, status in ((Cause.OUT_OF_RESOURCES, 429), (Cause.BACKEND_UNAVAILABLE, 503)):
        engine = StandInEngine(verdict=NotChecked(Check(), cause))
        answer = await ask_twirp(engine, EreMethod.VERIFY, EreProof(b"proof"))
        assert (answer.status_code, answer.headers["retry-after"]) == (status, "1")
