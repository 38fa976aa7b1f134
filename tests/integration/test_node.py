"""A node from the command line: it starts from its file, attests or not, and stops cleanly."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from zkattest.devnet.keys import validator_pubkeys

CHAIN = Path(__file__).parents[2] / "vectors" / "eip7886" / "chain"


def node_command(path):
    return [sys.executable, "-m", "zkattest.cli.main", "node", "--config", str(path)]


@pytest.fixture
def config(tmp_path):
    keys = ", ".join(f'"0x{key.hex()}"' for key in validator_pubkeys(2))
    path = tmp_path / "node.toml"
    path.write_text(
        f"""
[network]
chain_id = 7886
fork_version = "0x78860000"
genesis_time_ms = {time.time_ns() // 1_000_000}
slot_ms = 300
anchor = "{next(iter(sorted(CHAIN.glob("*/block.ssz"))))}"
validators = [{keys}]
proposers = [0]
[[network.proof_types]]
type = 1
system = "sp1"
program_vk = "0x{"00" * 31}01"
[node]
key_seed = "0x{"07" * 32}"
store = "attester.sqlite"
"""
    )
    return path


def events_until(node, name):
    for line in node.stdout:
        event = json.loads(line)
        if event["event"] == name:
            return event
    pytest.fail(node.communicate()[1])


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_node__decides_and_stops_cleanly(config, stop):
    node = subprocess.Popen(
        node_command(config), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert events_until(node, "listening")["address"].startswith("/ip4/127.0.0.1/tcp/")
        assert events_until(node, "decided")["decision"] == "abstain"
        node.send_signal(stop)
        assert events_until(node, "stopping")
        assert node.wait(30) == 0
        assert node.communicate()[1] == ""
    finally:
        node.kill()
        node.communicate()
    assert (config.parent / "attester.sqlite").exists()


def test_node__exits_2_in_one_line_for_another_network_s_store(config):
    text = config.read_text()
    for genesis in ("1", "2"):
        lines = [
            f"genesis_time_ms = {genesis}" if line.startswith("genesis_time_ms") else line
            for line in text.splitlines()
        ]
        config.write_text("\n".join([*lines, "stop_with_stdin = true"]))
        done = subprocess.run(
            node_command(config),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == (0 if genesis == "1" else 2)
    assert "node.store" in done.stderr
    assert done.stderr.count("\n") == 1


def test_node__exits_2_in_one_line_for_a_state_store_that_is_none(config):
    config.write_text(config.read_text() + 'state_store = "node.toml"\n')
    done = subprocess.run(node_command(config), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"zkattest: {config}: node.state_store: {config}: file is not a database\n"
    )


def test_node__makes_its_state_store(config):
    config.write_text(config.read_text() + 'state_store = "state.sqlite"\nstop_with_stdin = true\n')
    done = subprocess.run(
        node_command(config), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (config.parent / "state.sqlite").exists()


def run_node_command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "zkattest.cli.main", "node", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("options", [[], ["--check"]])
def test_node__exits_2_with_one_line_for_each_mistake(config, options):
    bad = config.read_text().replace("slot_ms = 300", "slot_ms = 0").replace("store", "stor")
    config.write_text(bad)
    done = run_node_command("--config", str(config), *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"zkattest: {config}: network.slot_ms: 0, expected 3 or more, below 2^63\n"
        f"zkattest: {config}: node.stor: unknown, nearest known is store\n"
    )


def test_node__check_starts_nothing(config):
    done = run_node_command("--config", str(config), "--check")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{config}: ok\n", "")
    assert not (config.parent / "attester.sqlite").exists()


def test_node__prints_a_sample_that_it_reads(tmp_path):
    printed = run_node_command("--print-config")
    assert (printed.returncode, printed.stderr) == (0, "")
    sample = tmp_path / "sample.toml"
    sample.write_text(printed.stdout)
    (tmp_path / "node.key").write_text("0a" * 32)
    (tmp_path / "anchor.ssz").write_bytes(
        next(iter(sorted(CHAIN.glob("*/block.ssz")))).read_bytes()
    )
    done = run_node_command("--config", str(sample), "--check")
    assert (done.returncode, done.stderr) == (0, "")


def test_node__exits_2_in_one_line_without_a_file():
    done = run_node_command()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "zkattest: --config: missing; --print-config prints a sample\n"
