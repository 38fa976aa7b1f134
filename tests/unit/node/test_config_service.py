"""A file of an engine's service is read to its end, and its sample says what every field is."""

import re
from pathlib import Path

import pytest

from zkattest.api.server import TlsFiles
from zkattest.node.config_reader import ConfigError, Mistake
from zkattest.node.config_service import (
    ListenSettings,
    known_engine_fields,
    load_engine_config,
    sample_engine_config,
)
from zkattest.types.ids import ChainId
from zkattest.types.proof_profiles import PROFILES, ProfileName

LEAST = "[engine]\nchain_id = 1\n"


def write(folder, text):
    path = folder / "engine.toml"
    path.write_text(text)
    return path


def test_config__needs_a_chain_and_nothing_else(tmp_path):
    config = load_engine_config(write(tmp_path, LEAST))
    assert (config.engine.chain_id, config.listen) == (ChainId(1), ListenSettings())
    assert config.profile == PROFILES[ProfileName.BETA4]
    assert config.listen.is_loopback


def test_clock__is_that_of_a_network_and_none_without_one(tmp_path):
    assert load_engine_config(write(tmp_path, LEAST)).clock is None


def test_config__names_every_mistake(tmp_path):
    text = """
[service]
listen = "localhost"
jwt_secret = "none.hex"
tls_key = "key.pem"
ere_program = "A"
max_connections = 0
event_streams = 257
proof_types_form = "x"
profil = 1
"""
    with pytest.raises(ConfigError) as caught:
        load_engine_config(write(tmp_path, text))
    fields = [mistake.field for mistake in caught.value.mistakes]
    assert fields == [
        "engine.chain_id",
        "service.listen",
        "service.tls_certificate",
        "service.jwt_secret",
        "service.max_connections",
        "service.event_streams",
        "service.proof_types_form",
        "service.ere_program",
        "service.profil",
    ]
    assert caught.value.mistakes[-1] == Mistake(
        "service.profil", "unknown, nearest known is profile"
    )


@pytest.mark.parametrize("text", ["", "0x12", "zz" * 32, "0a" * 33, "é" * 64])
def test_secret__refused_without_repeating_it(tmp_path, text):
    (tmp_path / "jwt.hex").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_engine_config(write(tmp_path, LEAST + '[service]\njwt_secret = "jwt.hex"\n'))
    reason = f"{tmp_path / 'jwt.hex'}: expected 64 hexadecimal digits"
    assert caught.value.mistakes == (Mistake("service.jwt_secret", reason),)


def test_secret__read_and_never_shown(tmp_path):
    (tmp_path / "jwt.hex").write_text("0x" + "0a" * 32)
    config = load_engine_config(write(tmp_path, LEAST + '[service]\njwt_secret = "jwt.hex"\n'))
    assert config.listen.jwt_secret == b"\x0a" * 32
    assert "\\n\\n" not in repr(config)


def test_tls__has_two_files(tmp_path):
    text = LEAST + '[service]\ntls_certificate = "a"\ntls_key = "b"\n'
    config = load_engine_config(write(tmp_path, text))
    assert config.listen.tls == TlsFiles(tmp_path / "a", tmp_path / "b")


def test_profile__is_that_of_the_network(tmp_path):
    text = f"""
[eip8025]
profile = "cs5566"
chain_id = 5
fork_version = "0x70000001"
genesis_validators_root = "0x{"99" * 32}"
genesis_time_ms = 0
beacon_node = "http://127.0.0.1:5052"
"""
    config = load_engine_config(write(tmp_path, text))
    assert (config.profile.name, config.engine.chain_id) == (ProfileName.CS5566, 5)
    with pytest.raises(ConfigError, match=r"service\.profile: beta4, but"):
        load_engine_config(write(tmp_path, text + '[service]\nprofile = "beta4"\n'))
    with pytest.raises(ConfigError, match=r"engine\.chain_id: 1, but eip8025\.chain_id is 5"):
        load_engine_config(write(tmp_path, text + LEAST))
    # Its programs are the registry's.
    with pytest.raises(ConfigError, match=r"eip8025\.proof_types: unknown"):
        load_engine_config(write(tmp_path, text + "proof_types = []\n"))


def test_sample__loads(tmp_path):
    config = load_engine_config(write(tmp_path, sample_engine_config()))
    assert config.engine.chain_id == ChainId(1)


def test_sample__says_of_every_field_of_the_service_what_it_is():
    plain = [line.removeprefix("# ") for line in sample_engine_config().splitlines()]
    named, section = set(), ""
    for line in plain:
        if found := re.match(r"\[([a-z_0-9]+)\]", line):
            section = found[1]
        elif found := re.match(r"(\w+) = .*# ", line):
            named.add(f"{section}.{found[1]}")
    known = {name for name in known_engine_fields() if name.startswith(("service.", "engine."))}
    assert {name for name in named if name.startswith(("service.", "engine."))} == known


def test_sample__shows_defaults_where_a_line_is_commented_out(tmp_path):
    sample = sample_engine_config()
    examples = "registry =|registry_keys|verifier_keys|jwt_secret|tls_|ere_program|folder"
    shown = re.sub(rf"^# (?!{examples})(\w+ = )", r"\1", sample, flags=re.MULTILINE)
    assert shown != sample
    path = write(tmp_path, sample)
    before = load_engine_config(path)
    assert load_engine_config(write(tmp_path, shown)) == before


def test_sample__stands_in_the_documents_too():
    document = Path(__file__).parents[3] / "docs" / "operators" / "engine.sample.toml"
    assert document.read_text() == sample_engine_config()
