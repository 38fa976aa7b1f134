"""A configuration is read whole, or refused by file, field and reason."""

import re
from pathlib import Path

import pytest

from zkattest.crypto.blocks import decode_header
from zkattest.machines.settings import Policy
from zkattest.machines.slot_clock import SlotClock
from zkattest.node.config import (
    ConfigError,
    Mistake,
    ProofNodeConfig,
    known_fields,
    load_any_config,
    load_config,
    sample_config,
)
from zkattest.node.config_sections import HttpSettings
from zkattest.node.state import StateSettings
from zkattest.rpc import RpcLimits
from zkattest.types.execution import BlockPackage
from zkattest.types.ids import ProofType
from zkattest.types.proof_profiles import PROFILES, ProfileName
from zkattest.verify.proof import ProofSystem

CHAIN = Path(__file__).parents[3] / "vectors" / "eip7886" / "chain"
FIRST = next(iter(sorted(CHAIN.glob("*/block.ssz"))))
KEY = "0x" + "ab" * 48

GOOD = f"""
[network]
chain_id = 7886
fork_version = "0x78860000"
genesis_time_ms = 1700000000000
slot_ms = 6000
anchor = "{FIRST}"
validators = ["{KEY}", "{KEY}"]
proposers = [0, 1, 0]

[[network.proof_types]]
type = 1
system = "sp1"
program_vk = "0x{"00" * 31}01"

[node]
listen = "/ip4/127.0.0.1/tcp/9000"
peers = ["/ip4/127.0.0.1/tcp/9001/p2p/12D3KooWSvy2SJ272S15RUd9g3dkJKzsgYU94yGF81tp6CwjPofG"]
key_seed = "0x{"01" * 32}"
store = "attester.sqlite"
policy = "wait"
"""


def write(tmp_path, text):
    path = tmp_path / "node.toml"
    path.write_text(text)
    return path


def test_config__read_whole(tmp_path):
    config = load_config(write(tmp_path, GOOD))
    profile = config.profile
    assert (profile.chain_id, profile.clock.slot_ms, len(profile.pubkeys)) == (7886, 6000, 2)
    assert profile.proposers == (0, 1, 0)
    assert profile.proof_types[ProofType(1)][0] is ProofSystem.SP1
    assert config.store == tmp_path / "attester.sqlite"
    assert config.policy is Policy.WAIT
    assert config.stop_with_stdin is False
    package = BlockPackage.decode(FIRST.read_bytes())
    assert profile.anchor.claim == package.parent_claim
    assert profile.anchor.header == decode_header(package.witness.headers[-1])[0]
    settings = config.attester_settings()
    assert (settings.validator_count, settings.proof_types) == (2, {1})


def test_config__defaults_where_a_node_needs_nothing_else(tmp_path):
    lines = [line for line in GOOD.splitlines() if not line.startswith(("store", "policy", "peer"))]
    config = load_config(write(tmp_path, "\n".join(lines)))
    assert (config.store, config.policy, config.peers) == (None, Policy.ABSTAIN, ())


def test_state__none_beside_the_witness_by_default(tmp_path):
    assert load_config(write(tmp_path, GOOD)).state == StateSettings()


def test_state__read_with_its_bounds(tmp_path):
    extra = """
state_store = "state.sqlite"
state_store_bytes = 1000
state_rpc = "http://user:word@127.0.0.1:8545/path"
state_rpc_deadline_ms = 500
state_rpc_requests = 4
state_rpc_batch = 1
state_rpc_response_bytes = 100000
state_rpc_connections = 2
"""
    assert load_config(write(tmp_path, GOOD + extra)).state == StateSettings(
        store=tmp_path / "state.sqlite",
        store_bytes=1_000,
        rpc="http://user:word@127.0.0.1:8545/path",
        rpc_limits=RpcLimits(
            deadline_ms=500, requests=4, batch=1, response_bytes=100_000, connections=2
        ),
    )


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("state_store = 1", "node.state_store"),
        ("state_store_bytes = 0", "node.state_store_bytes"),
        ('state_rpc = "127.0.0.1:8545"', "node.state_rpc"),
        ("state_rpc_deadline_ms = -1", "node.state_rpc_deadline_ms"),
        ("state_rpc_batch = true", "node.state_rpc_batch"),
    ],
)
def test_state__refused_by_field(tmp_path, line, field):
    with pytest.raises(ConfigError) as refusal:
        load_config(write(tmp_path, f"{GOOD}{line}\n"))
    assert refusal.value.field == field


def test_network__another_genesis_is_another_network(tmp_path):
    one = load_config(write(tmp_path, GOOD)).profile
    other = load_config(write(tmp_path, GOOD.replace("1700000000000", "1700000000001"))).profile
    assert one.network_id != other.network_id
    assert one.topics.block == f"/eth2/{one.fork.fork_digest.hex()}/delayed_block/ssz_snappy"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("chain_id = 7886", "", "network.chain_id"),
        ("chain_id = 7886", "chain_id = -1", "network.chain_id"),
        ("chain_id = 7886", "chain_id = true", "network.chain_id"),
        ('"0x78860000"', '"0x7886"', "network.fork_version"),
        ('"0x78860000"', '"zz"', "network.fork_version"),
        ("slot_ms = 6000", "slot_ms = 1", "network.slot_ms"),
        (f'"{FIRST}"', '"missing.ssz"', "network.anchor"),
        (f'"{FIRST}"', '"node.toml"', "network.anchor"),
        (f'"{KEY}", ', '"0xab", ', "network.validators[0]"),
        ("proposers = [0, 1, 0]", "proposers = [0, 2]", "network.proposers"),
        ("proposers = [0, 1, 0]", "proposers = []", "network.proposers"),
        ("proposers = [0, 1, 0]", "proposers = [true]", "network.proposers"),
        ('system = "sp1"', 'system = "unknown"', "network.proof_types[0].system"),
        ("type = 1", "type = 300", "network.proof_types[0].type"),
        ('program_vk = "0x', 'program_vk = "', "network.proof_types[0].program_vk"),
        ('key_seed = "0x', 'key_seed = "', "node.key_seed"),
        ('policy = "wait"', 'policy = "guess"', "node.policy"),
        ("/tcp/9000", "/udp/9000", "node.listen"),
        ("/p2p/12D3", "/p2p/", "node.peers[0]"),
        ('policy = "wait"', 'polizy = "wait"', "node.polizy"),
        ("[node]", "[nod]", "node.key_seed"),
        ("[network]", "[network", "file"),
    ],
)
def test_config__refused_by_field(tmp_path, old, new, field):
    assert old in GOOD
    with pytest.raises(ConfigError) as refusal:
        load_config(write(tmp_path, GOOD.replace(old, new)))
    assert refusal.value.field == field
    assert refusal.value.path == tmp_path / "node.toml"


def test_config__refused_when_missing_or_huge(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        load_config(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="larger than"):
        load_config(write(tmp_path, "#" * ((1 << 22) + 1)))


def test_config__every_mistake_is_said_in_one_go(tmp_path):
    text = (
        GOOD.replace("chain_id = 7886", 'chain_id = "one"')
        .replace("slot_ms = 6000", "slot_ms = 2")
        .replace('policy = "wait"', 'policies = "wait"')
        .replace("type = 1", "typ = 1")
        .replace('key_seed = "0x', 'key_seed = "')
    )
    with pytest.raises(ConfigError) as refusal:
        load_config(write(tmp_path, text))
    assert refusal.value.mistakes == (
        Mistake("network.chain_id", "expected an integer"),
        Mistake("network.slot_ms", "2, expected 3 or more, below 2^63"),
        Mistake("network.proof_types[0].type", "missing"),
        Mistake("node.key_seed", "expected 0x and 64 hexadecimal digits"),
        Mistake("network.proof_types[0].typ", "unknown, nearest known is type"),
        Mistake("node.policies", "unknown, nearest known is policy"),
    )


def test_config__unknown_section_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(ConfigError) as refusal:
        load_config(write(tmp_path, GOOD + "[htpp]\nlisten = 1\n"))
    assert refusal.value.mistakes == (Mistake("htpp", "unknown, nearest known is http"),)


def test_config__secret_is_not_shown(tmp_path):
    assert "\\x01\\x01" not in repr(load_config(write(tmp_path, GOOD)))


KINDS = pytest.mark.parametrize("eip8025", [False, True], ids=["attester", "eip8025"])
SAMPLE_NAMES = {False: "node.sample.toml", True: "eip8025.sample.toml"}


def sample_in(tmp_path, *, eip8025=False):
    (tmp_path / "anchor.ssz").write_bytes(FIRST.read_bytes())
    (tmp_path / "node.key").write_text("0x" + "0a" * 32 + "\n")
    return write(tmp_path, sample_config(eip8025=eip8025))


def test_sample__loads(tmp_path):
    config = load_config(sample_in(tmp_path))
    assert (config.key_seed, config.http) == (b"\x0a" * 32, HttpSettings())
    assert config.listen == "/ip4/127.0.0.1/tcp/9100"
    assert config.store == tmp_path / "attester.sqlite"


def test_sample__of_a_consensus_network_loads(tmp_path):
    config = load_any_config(sample_in(tmp_path, eip8025=True))
    assert isinstance(config, ProofNodeConfig)
    assert (config.node.key_seed, config.http) == (b"\x0a" * 32, HttpSettings())
    assert config.eip8025.profile == PROFILES[ProfileName.BETA4]
    assert config.eip8025.beacon_node == "http://127.0.0.1:5052"
    assert config.clock == SlotClock(1_742_213_400_000, 12_000)


@KINDS
def test_sample__says_of_every_field_what_it_is(eip8025):
    plain = [line.removeprefix("# ") for line in sample_config(eip8025=eip8025).splitlines()]
    lines = [line for line in plain if "# " in line and " = " in line.partition("# ")[0]]
    named = {line.split(" = ")[0] for line in lines}
    inline = {"index", "entry", "weight"} if eip8025 else {"entry", "weight"}
    known = {name.rpartition(".")[2] for name in known_fields(eip8025=eip8025)}
    lists = {"validators", "weights"}
    assert named - lists == known - inline - lists


@KINDS
def test_sample__shows_defaults_where_a_line_is_commented_out(tmp_path, eip8025):
    path = sample_in(tmp_path, eip8025=eip8025)
    config, sample = load_any_config(path), path.read_text()
    examples = (
        "key_seed|peers|state_store =|state_rpc =|fork|validators|remote_signer|pubkey"
        "|weights|deadline_ms|fallback|registry"
    )
    shown = re.sub(rf"^# (?!{examples})(\w+ = )", r"\1", sample, flags=re.MULTILINE)
    assert shown != sample
    path.write_text(shown)
    assert load_any_config(path) == config


@KINDS
def test_sample__stands_in_the_documents_too(eip8025):
    document = Path(__file__).parents[3] / "docs" / "operators" / SAMPLE_NAMES[eip8025]
    assert document.read_text() == sample_config(eip8025=eip8025)


# --- Two kinds of nodes -------------------------------------------------------------------------


def test_attester__refused_where_the_file_is_about_a_consensus_network(tmp_path):
    with pytest.raises(ConfigError) as refusal:
        load_config(sample_in(tmp_path, eip8025=True))
    assert refusal.value.mistakes == (Mistake("network", "missing"),)


def test_file__refused_with_two_networks(tmp_path):
    path = sample_in(tmp_path, eip8025=True)
    path.write_text(path.read_text() + "[network]\nchain_id = 1\n")
    with pytest.raises(ConfigError) as refusal:
        load_any_config(path)
    expected = Mistake("network", "eip8025 is there too, expected one of the two")
    assert refusal.value.mistakes == (expected,)


def test_file__of_a_consensus_network_knows_nothing_of_attesters(tmp_path):
    path = sample_in(tmp_path, eip8025=True)
    path.write_text(path.read_text().replace("[node]", '[node]\npolicy = "wait"'))
    with pytest.raises(ConfigError) as refusal:
        load_any_config(path)
    assert [mistake.field for mistake in refusal.value.mistakes] == ["node.policy"]
