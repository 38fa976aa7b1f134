"""Clients of other makes ask a proof engine: curl, Node with eventsource and protobufjs, Go."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil

import pytest
import trio

from tests.helpers.engines import PACK, PROGRAM_VK, running_engine, statement_of
from tests.helpers.service import PROFILE, engine_service, open_gate
from tests.helpers.stand_in_engine import StandInEngine
from tests.interop.programs import NoProgram, engine_go_command, engine_js_command
from zkattest.api.engine_service import ServiceSettings
from zkattest.api.jwt_auth import JwtGuard
from zkattest.api.twirp import TwirpSettings
from zkattest.node.loop import SystemClock
from zkattest.spec.verdicts import Verified
from zkattest.types import ere
from zkattest.types.ids import ProofType, Root, Slot, ValidatorIndex
from zkattest.types.programs import EntryId
from zkattest.types.proof_messages import encode_message, submission_codec
from zkattest.types.verification import Check, SubmittedProof
from zkattest.types.wire import ExecutionProofEnvelope, SignedExecutionProofEnvelope

needs_proofs = pytest.mark.skipif(not PACK[1].has_proof, reason="the recorded chain has no proofs")
SETTINGS = ServiceSettings(twirp=TwirpSettings(program=EntryId("ours")))
SECRET = bytes(range(32))
PROTO = ere.__file__.replace(".py", ".proto")


def program(find):
    """Give the command of a client, or skip the test by the name of the tool that is missing."""
    try:
        return find()
    except NoProgram as missing:
        pytest.skip(str(missing))


async def run(command, *arguments):
    with trio.fail_after(120):
        done = await trio.run_process(
            [*command, *arguments], capture_stdout=True, capture_stderr=True, check=False
        )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@needs_proofs
async def test_node__speaks_zkboost_and_ere_and_json_rpc(tmp_path):
    command = program(engine_js_command)
    values, proof = statement_of(1), tmp_path / "proof.bin"
    proof.write_bytes(PACK[1].proof())
    async with (
        running_engine(tmp_path, chain_id=values.chain_id) as engine,
        engine_service(engine, settings=SETTINGS) as service,
    ):
        asked = {
            "url": service.url,
            "program": "ours",
            "root": str(values.root),
            "proof": str(proof),
            "proto": PROTO,
        }
        said = json.loads(await run(command, json.dumps(asked)))
    assert said["zkboost"] == {"status": 200, "body": {"status": "VALID"}}
    assert said["event"] == {"new_payload_request_root": str(values.root), "proof_type": "ours"}
    digest = hashlib.sha256(PACK[1].proof()).hexdigest()
    assert said["kept"] == {"status": 200, "sha256": digest}
    public_values = ere_bytes(values.encode())
    assert said["verify"] == {"status": 200, "body": {"ok": {"publicValues": public_values}}}
    key = ere_bytes(bytes(PROGRAM_VK))
    assert said["program_vk"] == {"status": 200, "body": {"ok": {"programVk": key}}}
    assert (said["execute"]["status"], said["execute"]["body"]["code"]) == (501, "unimplemented")
    types, verified = said["rpc"]["body"]
    assert (types["id"], types["result"][0]["entry"]) == (1, "ours")
    assert (verified["id"], verified["result"]["status"]) == ("two", "VALID")


def ere_bytes(data):
    """Write bytes as protobufjs shows them."""
    return base64.b64encode(data).decode()


async def test_go__speaks_json_rpc_and_the_beacon_api_with_a_token(tmp_path):
    # What Go writes and reads is looked at here, so nothing is verified: the engine stands in.
    command = program(engine_go_command)
    root, proof = Root(b"\x11" * 32), tmp_path / "proof.bin"
    proof.write_bytes(bytes(1 << 20))
    messages = tuple(
        SignedExecutionProofEnvelope(
            ExecutionProofEnvelope(data, ProofType(1), root), ValidatorIndex(index), b"\xab" * 96
        )
        for data, index in ((b"\x01", 5), (b"\x01\x02", 6))
    )
    ssz = [encode_message(PROFILE, one) for one in messages]
    known = tuple(
        SubmittedProof(root, Slot(9), ProofType(1), ValidatorIndex(i), data)
        for i, data in enumerate(ssz)
    )
    engine = StandInEngine(verdict=Verified(Check(verifier_version="0"), b""), block=known)
    gate = open_gate(token=JwtGuard(SECRET, lambda: SystemClock().now_ms() / 1000))
    async with engine_service(engine, gate=gate) as service:
        asked = {"url": service.url, "root": str(root), "proof": str(proof), "secret": SECRET.hex()}
        said = json.loads(await run(command, json.dumps(asked)))
    assert json.loads(said["rpc"]["body"])["result"]["status"] == "VALID"
    assert engine.asked[0][1] == bytes(1 << 20)
    assert (said["ssz"]["status"], said["json"]["status"]) == (200, 200)
    assert engine.asked[1:3] == [tuple(ssz), (ssz[0],)]
    assert said["get_ssz"] == {
        "status": 200,
        "type": "application/octet-stream",
        "body": submission_codec(PROFILE).encode(messages, "").hex(),
    }
    assert json.loads(said["get_json"]["body"])["data"][1]["message"]["proof_data"] == "0x0102"
    assert said["stranger"]["status"] == 401


@needs_proofs
async def test_curl__speaks_eth_proof_verifier_and_reads_events(tmp_path):
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    values, proof = statement_of(1), tmp_path / "proof.bin"
    proof.write_bytes(PACK[1].proof())
    options = ["-sS", "-m", "100", "-w", "\n%{http_code}", "--data-binary", f"@{proof}"]
    query = f"new_payload_request_root={values.root}&successful_validation=true"
    query += f"&chain_id={values.chain_id}&schema_id={values.schema_id}"
    async with (
        running_engine(tmp_path, chain_id=values.chain_id) as engine,
        engine_service(engine, settings=SETTINGS) as service,
    ):
        verify = f"{service.url}/v1/execution_proof_verifications?{query}"
        said = await run([curl, *options], f"{verify}&proof_type=1")
        assert said == b'{"status":"VALID"}\n200'
        said = await run([curl, *options], f"{verify}&proof_type=9")
        body, _, status = said.rpartition(b"\n")
        assert (status, json.loads(body)["supported"]) == (b"400", [1, 2])
        events = f"{service.url}/v1/execution_proof_requests?new_payload_request_root={values.root}"
        # It is known already, so a second suffices to hear of it; the stream itself has no end.
        done = await trio.run_process(
            [curl, "-sSN", "-m", "3", events], capture_stdout=True, capture_stderr=True, check=False
        )
    data = json.dumps({"new_payload_request_root": str(values.root), "proof_type": "ours"})
    expected = f": subscribed\n\nevent: proof_complete\ndata: {data}\n\n"
    assert done.stdout.decode() == expected
