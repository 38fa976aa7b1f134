"""A running engine answers as its OpenAPI document says, whatever it is sent (schemathesis)."""

import json
import signal
import subprocess
import sys

import httpx
import pytest
import schemathesis
import trio
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.helpers.engines import PACK, REGISTRY, statement_of
from tests.helpers.service import PROFILE, open_gate
from tests.helpers.stand_in_engine import StandInEngine
from zkattest.api.engine_service import ServiceSettings, engine_operations
from zkattest.api.operator_pages import operator_pages

EXAMPLES = 20
# A stream of events has no end that a generator of requests could wait for; test_engine_service.py
# reads it.
STREAM = "getExecutionProofRequests"
# No schema says which bytes are SSZ or protobuf; and 501 is an answer of ours, not a crash.
NOT_SAID_BY_SCHEMAS = [positive_data_acceptance, not_a_server_error]


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """Run `zkattest engine` with a real engine for the recorded chain."""
    folder = tmp_path_factory.mktemp("engine")
    (folder / "registry.toml").write_text(REGISTRY)
    path = folder / "engine.toml"
    path.write_text(
        f"[engine]\nchain_id = {PACK[1].package.chain_id}\nschema_id = {0x7886}\n"
        'registry = "registry.toml"\nprofile = "test"\nisolation = false\n'
        '[service]\nlisten = "127.0.0.1:0"\nere_program = "ours"\n'
        "requests_per_second = 100000\nrequest_burst = 100000\n"
    )
    command = [sys.executable, "-m", "zkattest.cli.main", "engine", "--config", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = (json.loads(line) for line in process.stdout)
            port = next(line["http_port"] for line in lines if line["event"] == "listening")
            yield f"http://127.0.0.1:{port}"
            process.send_signal(signal.SIGTERM)
            rest = [line["event"] for line in lines]
            # Of all that was sent, the one real proof alone is worth a line.
            assert rest in (["stopping", "stopped"], ["block_proven", "stopping", "stopped"])
            assert process.wait(20) == 0
        finally:
            process.kill()


@pytest.fixture(scope="module")
def api(url):
    return schemathesis.openapi.from_url(f"{url}/openapi.json")


def operations():
    """Name what the service answers, without starting it."""
    described = engine_operations(
        StandInEngine(), PROFILE, ServiceSettings(), open_gate(), trio.Event()
    )
    pages = operator_pages(dict, bytes, dict)
    return [(one.path, one.method) for one in (*described, *pages) if one.operation_id != STREAM]


@pytest.mark.parametrize(("path", "method"), operations())
def test_operation__answers_as_the_document_says(api, path, method):
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(api[path][method].as_strategy())
    def ask(case):
        answer = case.call_and_validate(timeout=60, excluded_checks=NOT_SAID_BY_SCHEMAS)
        # Also what is "not checked" has its reason here: nothing of what comes breaks anything.
        assert answer.status_code != 500

    ask()


def test_document__is_a_valid_one(api):
    api.validate()
    assert len(list(api.get_all_operations())) == len(operations()) + 1


@pytest.mark.skipif(not PACK[1].has_proof, reason="the recorded chain has no proofs")
def test_real_proof__is_answered_as_the_document_says(api, url):
    operation = api["/v1/execution_proof_verifications"]["POST"]
    query = {"new_payload_request_root": str(statement_of(1).root), "proof_type": "ours"}
    case = operation.Case(query=query, body=PACK[1].proof(), media_type="application/octet-stream")
    answer = httpx.post(
        url + operation.path, params=query, content=PACK[1].proof(), timeout=60, trust_env=False
    )
    assert (answer.status_code, answer.json()) == (200, {"status": "VALID"})
    assert case.validate_response(schemathesis.Response.from_any(answer)) is None
