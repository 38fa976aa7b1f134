"""The section `[peering]`: records are verified before anything starts."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from tests.unit.net.test_enr import EIP_TEXT
from tests.unit.node.test_config import GOOD, write
from zkattest.net.boundary import KeyKind
from zkattest.net.enr import parse_record, sign_record
from zkattest.net.secp256k1 import SecretKey
from zkattest.node.config import ConfigError, load_config
from zkattest.node.config_peering import Discv5Config, PeeringConfig

MALFORMED = sign_record(SecretKey(b"\1" * 32), 1, {b"eth2": b"short"})


def test_peering__left_out_is_gossip_alone(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, GOOD)).peering is None


def test_peering__has_defaults(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, GOOD + "[peering]\n")).peering == PeeringConfig()


def test_peering__read_whole(tmp_path: Path) -> None:
    text = f"""
[peering]
key_kind = "ed25519"
records = ["{EIP_TEXT}"]
peer_file = "peers.json"
wanted_peers = 3
requires_status = true
custody_group_count = 4
mdns_interface = "192.168.1.5"
"""
    discv5 = """
discv5_program = "discovery"
discv5_listen = "127.0.0.1:9001"
discv5_ip = "192.0.2.7"
"""
    both = load_config(write(tmp_path, GOOD + "[peering]" + discv5)).peering
    assert both is not None
    assert both.discv5 == Discv5Config(
        tmp_path / "discovery", "127.0.0.1:9001", IPv4Address("192.0.2.7")
    )
    assert load_config(write(tmp_path, GOOD + text)).peering == PeeringConfig(
        key_kind=KeyKind.ED25519,
        records=(parse_record(EIP_TEXT),),
        peer_file=tmp_path / "peers.json",
        wanted_peers=3,
        requires_status=True,
        custody_group_count=4,
        mdns_interface="192.168.1.5",
    )


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ('key_kind = "rsa"', "peering.key_kind", "expected one of ed25519, secp256k1"),
        ('records = ["enr:AAAA"]', "peering.records[0]", "record: is no canonical RLP"),
        (f'records = ["{EIP_TEXT}", 7]', "peering.records[1]", "expected a string"),
        (f'records = ["{EIP_TEXT[:-3]}_l8"]', "peering.records[0]", "is not the key's"),
        (f'records = ["{MALFORMED}"]', "peering.records[0]", "eth2: 5 bytes, expected 16"),
        (f"records = {['x'] * 257}", "peering.records", "257, expected 256 at most"),
        ('mdns_interface = "eth0"', "peering.mdns_interface", "'eth0'"),
        ('discv5_listen = "9000"', "peering.discv5_listen", "expected an IP address and a port"),
        ('discv5_ip = "::1"', "peering.discv5_ip", "'::1'"),
        (
            'discv5_program = "x"\nkey_kind = "ed25519"',
            "peering.discv5_program",
            "needs a key of the kind secp256k1",
        ),
        ("wanted_peers = -1", "peering.wanted_peers", "expected 0 or more"),
        ("bootnodes = []", "peering.bootnodes", "unknown"),
    ],
)
def test_peering__refused_by_field(tmp_path: Path, line: str, field: str, reason: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_config(write(tmp_path, f"{GOOD}\n[peering]\n{line}\n"))
    assert refusal.value.mistakes[0].field == field
    assert reason in refusal.value.mistakes[0].reason
