"""Two nodes from the command line: one finds the other by its record, and again by its file."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from zkattest.devnet.keys import validator_pubkeys
from zkattest.devnet.ports import free_ports
from zkattest.net.enr import port_entry, sign_record
from zkattest.net.secp256k1 import SecretKey

CHAIN = Path(__file__).parents[2] / "vectors" / "eip7886" / "chain"
COMMAND = [sys.executable, "-m", "zkattest.cli.main", "node", "--config"]


def write_node(folder: Path, seed: int, gossip: int, http: int, peering: str) -> Path:
    folder.mkdir(exist_ok=True)
    key = validator_pubkeys(1)[0].hex()
    path = folder / "node.toml"
    path.write_text(
        f"""
[network]
chain_id = 7886
fork_version = "0x78860000"
genesis_time_ms = 1700000000000
slot_ms = 6000
anchor = "{next(iter(sorted(CHAIN.glob("*/block.ssz"))))}"
validators = ["0x{key}"]
proposers = [0]
[[network.proof_types]]
type = 1
system = "sp1"
program_vk = "0x{"00" * 31}01"
[node]
listen = "/ip4/127.0.0.1/tcp/{gossip}"
key_seed = "0x{bytes([seed]).hex() * 32}"
[http]
listen = "127.0.0.1:{http}"
[peering]
{peering}
"""
    )
    return path


@contextmanager
def running(path: Path) -> Iterator[subprocess.Popen[str]]:
    node = subprocess.Popen([*COMMAND, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        yield node
    finally:
        node.send_signal(signal.SIGINT)
        node.communicate(timeout=30)
        assert node.returncode == 0


def peers_of(http: int, wanted: set[str]) -> set[str]:
    """Ask a node for its peers until they are the wanted ones, or a while has passed."""
    found: set[str] = set()
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s:
        try:
            answer = httpx.get(f"http://127.0.0.1:{http}/status").json()
            found = {peer["peer_id"] for peer in answer["peers"]}
        except httpx.TransportError:
            found = set()
        if found == wanted:
            return found
        time.sleep(0.1)
    return found


def wait_for_metric(http: int, line: str) -> None:
    """Ask a node for its metrics until a line is among them; fail after a while."""
    deadline_s = time.monotonic() + 60
    while line not in (text := httpx.get(f"http://127.0.0.1:{http}/metrics").text.splitlines()):
        assert time.monotonic() < deadline_s, [one for one in text if one[:12] == line[:12]]
        time.sleep(0.1)


def test_node__finds_a_peer_by_its_record_and_again_by_its_file(tmp_path: Path) -> None:
    ports = free_ports(4)
    record = sign_record(
        SecretKey(b"\x01" * 32), 1, {b"ip": bytes([127, 0, 0, 1]), b"tcp": port_entry(ports[0])}
    )
    first = write_node(tmp_path / "first", 1, ports[0], ports[1], "")
    peers, with_record = 'peer_file = "peers.json"', f'records = ["{record}"]'
    with running(first):
        second = write_node(tmp_path / "second", 2, ports[2], ports[3], f"{peers}\n{with_record}")
        with running(second):
            assert peers_of(ports[3], {record.peer_id}) == {record.peer_id}
            second_id = sign_record(SecretKey(b"\x02" * 32), 1, {}).peer_id
            assert peers_of(ports[1], {second_id}) == {second_id}
            wait_for_metric(ports[3], 'zkattest_found_peers_total{source="record"} 1.0')
            dials = 'zkattest_peer_dials_total{outcome="connected",source="record"} 1.0'
            wait_for_metric(ports[3], dials)
        shut_down = '{direction="received",reason="client_shut_down"} 1.0'
        wait_for_metric(ports[1], f"zkattest_goodbyes_total{shut_down}")
        stored = json.loads((tmp_path / "second" / "peers.json").read_text())
        assert [peer["address"] for peer in stored["peers"]] == [record.address]
        with running(write_node(tmp_path / "second", 2, ports[2], ports[3], peers)):
            assert peers_of(ports[3], {record.peer_id}) == {record.peer_id}
