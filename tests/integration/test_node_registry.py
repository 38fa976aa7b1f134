"""A registry that changes while a node runs, with real processes of both kinds."""

import json

import pytest

from tests.helpers.engines import PROGRAM_VK, REGISTRY, REVOKED_REGISTRY
from tests.helpers.node_process import NodeProcess, write_config, write_eip8025_config
from zkattest.crypto import bls

PUBKEY = bls.public_key(bls.secret_key_from_seed(bytes(32)))
SECTION = '[proof_policy]\nregistry = "registry.toml"\n'


def write_attester(folder):
    return write_config(folder, PROGRAM_VK, node=SECTION)


def write_sidecar(folder):
    return write_eip8025_config(folder, PROGRAM_VK, "http://127.0.0.1:1", PUBKEY, node=SECTION)


@pytest.mark.parametrize("write", [write_attester, write_sidecar], ids=["attester", "sidecar"])
def test_registry__taken_up_by_a_running_node_unless_it_is_wrong(tmp_path, write):
    registry = tmp_path / "registry.toml"
    registry.write_text(REGISTRY)
    path = write(tmp_path)
    node = NodeProcess.start(path)
    try:
        registry.write_text("version = 2")
        refused = node.event("registry_refused")
        assert (refused["level"], "expected 1" in refused["detail"]) == ("error", True)
        described = json.loads(node.page("/status")[1])["registry"]
        assert (described["policy"], described["revoked"]) == ("1-of-any", ["withdrawn"])
        assert "expected 1" in described["refused_update"]
        registry.write_text(REVOKED_REGISTRY)
        assert node.event("registry_loaded")["changes"] == ["ours: active to revoked"]
        missing = node.event("policy_cannot_be_met")
        assert (missing["reason"], missing["excluded"]) == ("none_counts", ["ours: revoked"])
        described = json.loads(node.page("/status")[1])["registry"]
        assert described["revoked"] == ["ours", "withdrawn"]
        assert described["refused_update"] == ""
        samples = node.page("/metrics")[1]
        for outcome in ("refused", "loaded"):
            assert f'zkattest_registry_updates_total{{outcome="{outcome}"}} 1.0' in samples
    finally:
        node.stop()
    again = NodeProcess.start(path)
    try:
        assert again.event("policy_cannot_be_met")["excluded"] == ["ours: revoked"]
    finally:
        again.stop()
