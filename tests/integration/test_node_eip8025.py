"""A node beside a consensus node as a real process: proofs are judged, counted, and it drains."""

import json
import signal
import threading
from contextlib import contextmanager

import pytest
import trio

from tests.helpers.node_process import NodeProcess, write_eip8025_config
from tests.helpers.web_server import web_server
from tests.integration.test_node_operations import KINDS, families, scrape_until
from tests.integration.test_proof_gossip import (
    PACK,
    PROGRAM_VK,
    SECRET,
    TOPIC,
    open_prover,
    signed,
)
from tests.unit.rpc.test_beacon_chain import answers, responder
from zkattest.crypto import bls
from zkattest.types.ids import Root
from zkattest.types.proof_profiles import PayloadFork

pytestmark = pytest.mark.skipif(not PACK[1].has_proof, reason="the recorded chain has no proofs")
# The block that the consensus node of the test has.
BLOCK = Root(b"\x01" * 32)
# What only an attester has, and what an attester has not got.
ATTESTERS = {"zkattest_proven_slot", "zkattest_proven_roots"}


def consensus_node():
    """Answer about blocks as a node at slot 77 does."""
    known = answers(PayloadFork.GLOAS)
    known["/eth/v1/beacon/states/head/finality_checkpoints"]["finalized"]["epoch"] = "1"
    return responder(known)


@contextmanager
def running(folder, *, respond=None, node=""):
    """Run a node beside a consensus node."""
    with web_server(respond or consensus_node()) as server:
        pubkey = bls.public_key(SECRET)
        path = write_eip8025_config(folder, PROGRAM_VK, server.url, pubkey, node=node)
        process = NodeProcess.start(path)
        try:
            yield process
        finally:
            process.stop()


@pytest.mark.trio
async def test_node__judges_proofs_of_blocks_that_the_consensus_node_has(tmp_path):
    # The recorded proofs prove blocks of delayed execution: for this network the wrong statement.
    with running(tmp_path) as node:
        async with open_prover(3, node.address) as (prover, _):
            await scrape_until(node, lambda samples: samples["zkattest_head_slot", ()] == 77)
            status, text = await trio.to_thread.run_sync(node.page, "/ready")
            assert (status, json.loads(text)["ready"]) == (200, True)
            prover.publish(TOPIC, signed(PACK[1].proof(), block=BLOCK))
            refused = "zkattest_gossip_verdicts_total", (("outcome", "schema_mismatch"),)
            kinds, samples = await scrape_until(node, lambda samples: refused in samples)
            assert {name: kinds.get(name) for name in KINDS if name not in ATTESTERS} == {
                name: kind for name, kind in KINDS.items() if name not in ATTESTERS
            }
            verified = "zkattest_proof_verify_ms_count", (("system", "sp1"),)
            assert samples[verified] == 1
            assert ("zkattest_mesh_peers", (("topic", "execution_proof"),)) in samples
            assert samples["zkattest_store_bytes", (("store", "proofs"),)] > 0
            status, text = await trio.to_thread.run_sync(node.page, "/status")
            described = json.loads(text)
            assert described["profile"] == "beta4"
            assert described["head"] == {"slot": 77, "block_root": str(BLOCK)}
            assert {"waiting_for_block", "waiting_for_verifier"} <= described["queues"].keys()
        node.process.send_signal(signal.SIGTERM)
        settled = node.event("proof_settled")
        assert (settled["verdict"], settled["reason"]) == ("reject", "schema_mismatch")
        assert {"now_slot", "now_slot_ms", "from_peer"} <= settled.keys()
        assert node.event("stopped")
        assert node.process.wait(20) == 0
        assert node.stop() == ("", "")


def test_node__waits_for_a_consensus_node_that_is_away(tmp_path):
    silent = threading.Event()

    def nothing(request):
        silent.set()
        return

    with running(tmp_path, respond=nothing, node="drain_ms = 500") as node:
        assert node.event("beacon_node_silent")["now_slot"] >= 77
        assert node.page("/health")[0] == 200
        status, text = node.page("/ready")
        condition = json.loads(text)["conditions"]["consensus_node"]
        assert (status, condition) == (503, {"ok": False, "detail": "no answer"})
        _, samples = families(node.page("/metrics")[1])
        assert samples["zkattest_head_slot", ()] == 0
        node.process.send_signal(signal.SIGTERM)
        assert node.process.wait(20) == 0


def test_node__exits_2_in_one_line_for_another_network_s_store(tmp_path):
    with running(tmp_path) as node:
        node.process.send_signal(signal.SIGTERM)
        assert node.process.wait(20) == 0
    path = tmp_path / "eip8025.toml"
    path.write_text(path.read_text().replace("99" * 32, "98" * 32))
    with pytest.raises(AssertionError) as refusal:
        NodeProcess.start(path)
    line = str(refusal.value).removeprefix("no listening: ")
    assert line.startswith(f"zkattest: {path}: eip8025.store: ")
    assert line.count("\n") == 1
