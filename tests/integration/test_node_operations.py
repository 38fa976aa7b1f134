"""What operators rely on, with real processes: pages, metrics that move, and a graceful end."""

import json
import signal
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
import trio
from prometheus_client.parser import text_string_to_metric_families

from tests.helpers.node_process import PACK, NodeProcess, builder, node_command, write_config
from tests.helpers.rpc_server import raw_server
from zkattest.devnet.keys import network_seed
from zkattest.devnet.player import Player
from zkattest.devnet.scenario import Kind, Publication, Role
from zkattest.net import GossipHost
from zkattest.node.config import load_config
from zkattest.prover.program import load_program
from zkattest.telemetry import NullObserver
from zkattest.types.execution import ExecutionWitness
from zkattest.types.ids import Slot
from zkattest.types.wire import DelayedBlock

PROGRAM_VK = load_program().program_vk


@contextmanager
def running(path, *options):
    """Run a node; whatever the test does, it is gone afterwards."""
    node = NodeProcess.start(path, *options)
    try:
        yield node
    finally:
        node.stop()


def player(path, node, publications):
    """Publish as the builder from within the test, over real connections."""
    config = replace(
        load_config(path),
        listen="/ip4/127.0.0.1/tcp/0",
        peers=(node.address,),
        key_seed=network_seed("builder"),
    )
    return Player(config, PACK, builder(path), publications, NullObserver())


def families(text):
    """Parse an exposition; every sample by its name and its labels."""
    kinds, samples = {}, {}
    for family in text_string_to_metric_families(text):
        kinds[family.name] = family.type
        for sample in family.samples:
            samples[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return kinds, samples


def plans():
    """Publish two blocks, the first one's claim and proof, and a block of a forged signature."""
    return [
        Publication(1, 0.0, Role.BUILDER, Kind.BLOCK, 1),
        Publication(1, 0.3, Role.BUILDER, Kind.CLAIM, 1),
        Publication(1, 0.3, Role.BUILDER, Kind.PROOF, 1),
        Publication(2, 0.0, Role.BUILDER, Kind.BLOCK, 2),
        Publication(3, 0.0, Role.BUILDER, Kind.BAD_SIGNATURE, 3),
    ]


KINDS = {
    "zkattest_gossip_verdicts": "counter",
    "zkattest_blocks_checked": "counter",
    "zkattest_proofs_verified": "counter",
    "zkattest_decisions": "counter",
    "zkattest_log_lines_left_out": "counter",
    "zkattest_static_check_ms": "histogram",
    "zkattest_proof_verify_ms": "histogram",
    "zkattest_proof_after_deadline_ms": "histogram",
    "zkattest_event_loop_lag_ms": "histogram",
    "zkattest_build_info": "gauge",
    "zkattest_started_at_ms": "gauge",
    "zkattest_slot": "gauge",
    "zkattest_head_slot": "gauge",
    "zkattest_proven_slot": "gauge",
    "zkattest_blocks": "gauge",
    "zkattest_proven_roots": "gauge",
    "zkattest_clock_jump_ms": "gauge",
    "zkattest_ready_condition": "gauge",
    "zkattest_queue_length": "gauge",
    "zkattest_store_bytes": "gauge",
    "zkattest_peers": "gauge",
    "zkattest_mesh_peers": "gauge",
    "zkattest_network_bytes": "counter",
    "zkattest_network_events": "counter",
}


async def scrape_until(node, is_there):
    """Ask for the metrics until something is there, at most a minute."""
    with trio.fail_after(60):
        while True:
            status, text = await trio.to_thread.run_sync(node.page, "/metrics")
            assert status == 200
            kinds, samples = families(text)
            if is_there(samples):
                return kinds, samples
            await trio.sleep(0.2)


@pytest.mark.slow
async def test_metrics__move_with_what_peers_send(tmp_path):
    path = write_config(tmp_path, PROGRAM_VK)
    with running(path) as node:
        assert node.page("/ready")[0] == 503
        async with trio.open_nursery() as nursery:
            nursery.start_soon(player(path, node, plans()).run)
            proven = "zkattest_proof_after_deadline_ms_count", ()
            kinds, samples = await scrape_until(
                node,
                lambda samples: samples["zkattest_head_slot", ()] == 2 and samples[proven] == 1,
            )
            assert {name: kinds.get(name) for name in KINDS} == KINDS
            one = {
                "zkattest_gossip_verdicts_total": {"outcome": "accept"},
                "zkattest_blocks_checked_total": {"outcome": "valid"},
                "zkattest_proofs_verified_total": {"outcome": "accept"},
                "zkattest_static_check_ms_count": {},
                "zkattest_proof_verify_ms_count": {"system": "sp1"},
                "zkattest_proof_after_deadline_ms_count": {},
                "zkattest_event_loop_lag_ms_count": {},
                "zkattest_head_slot": {},
                "zkattest_proven_slot": {},
                "zkattest_proven_roots": {},
                "zkattest_peers": {},
                "zkattest_mesh_peers": {"topic": "proof"},
                "zkattest_network_bytes_total": {"direction": "in"},
                "zkattest_store_bytes": {"store": "decisions"},
                "zkattest_ready_condition": {"condition": "peers"},
            }
            keys = {(name, tuple(labels.items())) for name, labels in one.items()}
            assert {key for key in keys if not samples.get(key, 0) >= 1} == set()
            # The proof came in its own slot, well before the deadline of the next.
            early = ("zkattest_proof_after_deadline_ms_bucket", (("le", "-50.0"),))
            assert samples[early] == samples[proven] == 1
            status, text = await trio.to_thread.run_sync(node.page, "/ready")
            assert (status, json.loads(text)["ready"]) == (200, True)
            status, text = await trio.to_thread.run_sync(node.page, "/status")
            described = json.loads(text)
            assert described["head"]["block_hash"] == str(PACK[2].block.block_hash)
            assert [sorted(peer) for peer in described["peers"]] == [["peer_id", "score"]]
            assert network_seed("node").hex() not in text
            refused = "zkattest_gossip_verdicts_total", (("outcome", "signature_invalid"),)
            _, later = await scrape_until(node, lambda samples: refused in samples)
            assert later[refused] == 1
            grown = ("zkattest_slot", ()), ("zkattest_event_loop_lag_ms_count", ())
            assert [later[key] > samples[key] for key in grown] == [True, True]
            nursery.cancel_scope.cancel()


# --- The end --------------------------------------------------------------------------------------


@contextmanager
def silent_server():
    """Accept connections, take what is sent, and answer nothing."""
    asked = threading.Event()

    def speak(stream, server):
        stream.rfile.readline()
        asked.set()
        server.stopping.wait(60)

    with raw_server(speak) as server:
        yield server.url, asked


def block_without_state(path):
    """Sign a block whose check has to ask the execution client for accounts."""
    package = PACK[1].package
    message = DelayedBlock.from_package(Slot(1), package)
    bare = ExecutionWitness((), package.witness.codes, package.witness.headers)
    return builder(path).block(replace(message, witness=bare)).encode()


@contextmanager
def node_at_work(tmp_path, *, drain_ms, answer_within_ms):
    """Run a node that is checking a block and waits for an execution client that never answers."""
    with silent_server() as (url, asked):
        lines = f'state_rpc = "{url}"\nstate_rpc_deadline_ms = {answer_within_ms}'
        path = write_config(
            tmp_path, PROGRAM_VK, lead_ms=0, slot_ms=3_000, node=f"{lines}\ndrain_ms = {drain_ms}"
        )
        with running(path) as node:
            trio.run(publish_at_slot_1, path, node, asked)
            yield node


async def publish_at_slot_1(path, node, asked):
    """Publish the block when it is its slot, and return when the node asks for accounts."""
    config = load_config(path)
    topics, clock = config.profile.topics, config.profile.clock
    async with GossipHost.open(
        "/ip4/127.0.0.1/tcp/0", [node.address], topics.limits_bytes(), network_seed("builder")
    ) as host:
        with trio.fail_after(30):
            await host.wait_for_mesh(topics.block, 1)
            left_ms = clock.start_ms(Slot(1)) - time.time_ns() // 1_000_000
            await trio.sleep(max(0.0, left_ms / 1000))
            host.publish(topics.block, block_without_state(path))
            assert await trio.to_thread.run_sync(asked.wait, 20)


def test_drain__lets_what_is_at_work_end(tmp_path):
    with node_at_work(tmp_path, drain_ms=20_000, answer_within_ms=2_000) as node:
        node.process.send_signal(signal.SIGTERM)
        assert node.event("stopping")["at_work"] == 1
        status, text = node.page("/ready")
        condition = json.loads(text)["conditions"]["not_draining"]
        assert (status, condition) == (503, {"ok": False, "detail": "stopping"})
        assert node.page("/health")[0] == 200
        judged = node.event("block_judged")
        assert (judged["status"], judged["cause"]) == ("cannot_check", "timeout")
        assert node.event("stopped")
        assert node.process.wait(20) == 0
        assert node.stop() == ("", "")


def test_drain__ends_at_its_bound(tmp_path):
    with node_at_work(tmp_path, drain_ms=300, answer_within_ms=60_000) as node:
        started = time.monotonic()
        node.process.send_signal(signal.SIGINT)
        assert node.event("not_drained")["at_work"] == 1
        assert node.process.wait(20) == 0
        assert time.monotonic() - started < 10
        assert node.stop()[1] == ""


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_second_signal__ends_at_once(tmp_path, second):
    with node_at_work(tmp_path, drain_ms=60_000, answer_within_ms=60_000) as node:
        node.process.send_signal(signal.SIGTERM)
        node.event("stopping")
        node.process.send_signal(second)
        assert node.process.wait(5) == -second


# --- Pages ----------------------------------------------------------------------------------------


def test_pages__answered_from_the_start_and_nothing_else(tmp_path):
    with running(write_config(tmp_path, PROGRAM_VK)) as node:
        assert node.page("/health") == (200, '{"alive": true}\n')
        status, text = node.page("/ready")
        peers = {"ok": False, "detail": "0 connected, 1 expected"}
        assert (status, json.loads(text)["conditions"]["peers"]) == (503, peers)
        assert [node.page(path)[0] for path in ("/", "/debug", "/metrics/")] == [404] * 3
        assert node.page("/ready", "POST")[0] == 405


def test_node__exits_2_in_one_line_when_its_port_is_taken(tmp_path):
    path = write_config(tmp_path, PROGRAM_VK)
    with running(path) as node:
        other = tmp_path / "other.toml"
        taken = path.read_text().replace("127.0.0.1:0", f"127.0.0.1:{node.port}")
        other.write_text(taken.replace("attester.sqlite", "other.sqlite"))
        with pytest.raises(AssertionError) as refusal:
            NodeProcess.start(other)
    line = str(refusal.value).removeprefix("no listening: ")
    assert line.startswith(f"zkattest: {other}: http.listen: ")
    assert line.count("\n") == 1


# --- The log --------------------------------------------------------------------------------------


def test_log__says_slot_and_milliseconds_on_every_line(tmp_path):
    path = write_config(tmp_path, PROGRAM_VK, slot_ms=300, lead_ms=0)
    with running(path, "--log-level", "debug") as node:
        decided = node.event("decided")
        assert (decided["level"], decided["now_slot"]) == ("info", decided["slot"])
        assert 100 <= decided["now_slot_ms"] < 300
        node.process.send_signal(signal.SIGTERM)
        rest, errors = node.process.communicate(timeout=20)
    assert errors == ""
    assert all({"now_slot", "now_slot_ms"} <= json.loads(line).keys() for line in rest.splitlines())


def test_log__written_for_a_person(tmp_path):
    path = write_config(tmp_path, PROGRAM_VK, slot_ms=300, lead_ms=0, node="drain_ms = 0")
    text = path.read_text()
    path.write_text(text.replace("[node]", '[log]\nformat = "console"\n[node]'))
    process = subprocess.Popen(node_command(path), stdout=subprocess.PIPE, text=True)
    try:
        first = process.stdout.readline()
    finally:
        process.kill()
        process.communicate()
    assert "listening" in first
    assert "now_slot_ms=" in first
    assert not first.startswith("{")


def test_log__that_nobody_reads_ends_nothing(tmp_path):
    path = write_config(tmp_path, PROGRAM_VK, slot_ms=300, lead_ms=0)
    with running(path) as node:
        node.process.stdout.close()
        name = "zkattest_log_lines_left_out_total", (("outcome", "cannot_write"),)
        trio.run(scrape_until, node, lambda samples: samples.get(name, 0) >= 2)
        node.process.send_signal(signal.SIGTERM)
        assert node.process.wait(20) == 0
        assert node.process.stderr.read() == ""
