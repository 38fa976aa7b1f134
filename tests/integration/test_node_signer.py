"""A node that signs as a real process: `publish-proof` hands in, the guard outlives it, SIGTERM."""

import json
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from tests.helpers.keystores import cheap_keystore
from tests.helpers.node_process import NodeProcess, node_command, write_eip8025_config
from tests.helpers.web_server import web_server
from tests.integration.test_node_eip8025 import BLOCK, consensus_node
from tests.integration.test_node_operations import families
from tests.integration.test_proof_gossip import PACK, PROGRAM_VK, SECRET
from zkattest.crypto import bls

pytestmark = pytest.mark.skipif(not PACK[1].has_proof, reason="the recorded chain has no proofs")
SECTION = """
[signer]
validator_index = 12
keystore = "keystore.json"
password_file = "password.txt"
guard = "signed.sqlite"
listen = "127.0.0.1:0"
"""


def write(folder, beacon_node):
    (folder / "keystore.json").write_bytes(cheap_keystore(SECRET))
    (folder / "password.txt").write_text("password\n")
    (folder / "block.proof").write_bytes(PACK[1].proof())
    pubkey = bls.public_key(SECRET)
    return write_eip8025_config(folder, PROGRAM_VK, beacon_node, pubkey, node=SECTION)


@contextmanager
def running(folder):
    """Run a node that signs beside a consensus node; give it and where it takes proofs."""
    with web_server(consensus_node()) as server:
        node = NodeProcess.start(write(folder, server.url))
        try:
            publishing = node.event("publishing")
            assert publishing["pubkey"] == "0x" + bls.public_key(SECRET).hex()
            assert publishing["validator_index"] == 12
            yield node, f"http://127.0.0.1:{publishing['port']}"
        finally:
            node.stop()


def publish(folder, url, block, *, wait_s="20"):
    """Run the command; return its exit code and what it printed."""
    command = [sys.executable, "-m", "zkattest.cli.main", "publish-proof"]
    named = {"--proof-type": "1", "--block-root": str(block), "--node": url, "--wait-s": wait_s}
    options = [word for pair in named.items() for word in pair]
    command += [str(folder / "block.proof"), *options, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def test_node__refuses_to_sign_what_it_finds_invalid_and_keeps_what_waits(tmp_path):
    # The recorded proofs prove blocks of delayed execution: for this network the wrong statement.
    with running(tmp_path) as (node, url):
        code, said = publish(tmp_path, url, BLOCK)
        assert (code, said["code"], said["reason"]) == (1, 400, "schema_mismatch")
        unknown = "0x" + "77" * 32
        code, said = publish(tmp_path, url, unknown, wait_s="0")
        assert (code, said["code"], said["is_kept"]) == (2, 202, True)
        _, samples = families(node.page("/metrics")[1])
        assert samples["zkattest_own_proofs_total", (("outcome", "schema_mismatch"),)] == 1
        assert samples["zkattest_queue_length", (("queue", "own_proofs"),)] == 1
        assert samples["zkattest_store_bytes", (("store", "guard"),)] > 0
        assert samples["zkattest_ready_condition", (("condition", "signer"),)] == 1
        # Finality was at epoch 1 when the node looked: the guard was pruned up to there.
        assert samples["zkattest_guard_forgotten_slot", ()] == 32
        # Pages and proofs have addresses of their own.
        assert node.page("/eth/v1/prover/execution_proofs", "POST")[0] == 404
        node.process.send_signal(signal.SIGTERM)
        assert node.event("own_proofs_not_published")["proofs"] == 1
        assert node.process.wait(20) == 0
    with running(tmp_path) as (node, url):
        # The proof that waits for its block is still there.
        _, samples = families(node.page("/metrics")[1])
        assert samples["zkattest_queue_length", (("queue", "own_proofs"),)] == 1


@pytest.mark.parametrize(
    ("name", "content", "start"),
    [
        ("password.txt", b"wrong\n", "signer.keystore: "),
        ("signed.sqlite", b"not a database" * 100, "signer.guard: "),
    ],
)
def test_node__exits_2_in_one_line_for_what_it_cannot_sign_with(tmp_path, name, content, start):
    path = write(tmp_path, "http://127.0.0.1:1")
    (tmp_path / name).write_bytes(content)
    done = subprocess.run(
        node_command(path), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"zkattest: {path}: {start}")
    assert done.stderr.count("\n") == 1
