"""A real node of the recorded chain as a process, and peers of it within the test."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from zkattest.devnet.keys import network_seed, validator_pubkeys, validator_secret
from zkattest.devnet.pack import load_pack
from zkattest.devnet.scenario import Role
from zkattest.node.config import load_config
from zkattest.node.signing import Signer
from zkattest.types.ids import ValidatorIndex

CHAIN = Path(__file__).parents[2] / "vectors" / "eip7886" / "chain"
PACK = load_pack(CHAIN)


def node_command(path, *options):
    """Spell the command of a node."""
    return [sys.executable, "-m", "zkattest.cli.main", "node", "--config", str(path), *options]


def write_config(folder, program_vk, *, slot_ms=2_000, lead_ms=6_000, node="", peers=()):
    """Write the file of a node whose genesis is ahead, with pages on any free port."""
    keys = ", ".join(f'"0x{key.hex()}"' for key in validator_pubkeys(len(Role)))
    path = folder / "node.toml"
    path.write_text(
        f"""
[network]
chain_id = {PACK[1].package.chain_id}
fork_version = "0x78860000"
genesis_time_ms = {time.time_ns() // 1_000_000 + lead_ms}
slot_ms = {slot_ms}
anchor = "{PACK[1].package_path}"
validators = [{keys}]
proposers = [{Role.BUILDER.validator}]
[[network.proof_types]]
type = 1
system = "sp1"
program_vk = "{program_vk}"
[http]
listen = "127.0.0.1:0"
[node]
key_seed = "0x{network_seed("node").hex()}"
store = "attester.sqlite"
peers = {json.dumps(list(peers))}
{node}
"""
    )
    return path


def write_eip8025_config(folder, program_vk, beacon_node, pubkey, *, node=""):
    """Write the file of a node beside a consensus node, of the network of the tests of proofs."""
    path = folder / "eip8025.toml"
    path.write_text(
        f"""
[eip8025]
chain_id = 1
fork_version = "0x70000001"
genesis_validators_root = "0x{"99" * 32}"
genesis_time_ms = {time.time_ns() // 1_000_000 - 77 * 12_000}
beacon_node = "{beacon_node}"
validators = [{{ index = 12, pubkey = "0x{pubkey.hex()}" }}]
store = "sqlite:///{folder / "proofs.sqlite"}"
[[eip8025.proof_types]]
type = 1
system = "sp1"
program_vk = "{program_vk}"
[http]
listen = "127.0.0.1:0"
[node]
key_seed = "0x{network_seed("node").hex()}"
{node}
"""
    )
    return path


def builder(path):
    """Sign as the builder of the network that a node's file describes."""
    config, index = load_config(path), ValidatorIndex(Role.BUILDER.validator)
    return Signer(config.profile.fork, index, validator_secret(index))


@dataclass
class NodeProcess:
    """Hold a running node, and read its log and its pages."""

    process: subprocess.Popen
    port: int = 0
    address: str = ""

    @classmethod
    def start(cls, path, *options):
        """Start a node and wait until it listens."""
        command = node_command(path, *options)
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        node = cls(process)
        listening = node.event("listening")
        node.port, node.address = listening["http_port"], listening["address"]
        return node

    def event(self, name):
        """Read the log up to an event of this name, and return it."""
        for line in self.process.stdout:
            event = json.loads(line)
            if event["event"] == name:
                return event
        raise AssertionError(f"no {name}: {self.process.communicate()[1]}")

    def page(self, path, method="GET"):
        """Ask for a page; return its status and its text."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode()

    def stop(self):
        """End the process, whatever it does, and return the rest of its log and its errors."""
        self.process.kill()
        return self.process.communicate()
