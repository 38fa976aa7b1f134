"""Each section is read with its defaults and its bounds."""

from pathlib import Path

import pytest

from zkattest.machines.settings import Policy
from zkattest.node.config_reader import Mistake, Notes, Table
from zkattest.node.config_sections import (
    AttesterFields,
    HttpSettings,
    LogFormat,
    LogLevel,
    LogSettings,
    parse_listen,
    read_attester,
    read_http,
    read_log,
    read_node,
)
from zkattest.node.state import StateSettings

SEED = "0x" + "0b" * 32


def table(path=Path("node.toml"), **values):
    return Table(Notes(path), values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:9186", ("127.0.0.1", 9186)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),
        ("[::1]:65535", ("::1", 65535)),
    ],
)
def test_listen__parsed(text, expected):
    assert parse_listen(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "9186", ":9186", "localhost:9186", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
     "127.0.0.1:-1", "127.0.0.1:9²", "::1:9186", "[127.0.0.1]:1", "[::1]", "127.0.0.1:" + "1" * 99],
)  # fmt: skip
def test_listen__refused_when_no_address_and_port(text):
    with pytest.raises(ValueError, match="expected an IP address and a port"):
        parse_listen(text)


def test_http__nowhere_without_the_section():
    assert read_http(table()) is None


def test_http__on_loopback_by_default():
    settings = read_http(table(http={}))
    assert settings == HttpSettings()
    assert settings.is_loopback


def test_http__read_whole():
    values = {
        "listen": "[::]:1",
        "ready_peers": 0,
        "max_connections": 2,
        "request_timeout_ms": 3,
    }
    settings = read_http(table(http=values))
    assert settings == HttpSettings("::", 1, 0, 2, 3)
    assert not settings.is_loopback


def test_log__read_whole():
    reader = table(format="console", level="debug", repeats=2, repeat_window_ms=3)
    assert read_log(reader) == LogSettings(LogFormat.CONSOLE, LogLevel.DEBUG, 2, 3)


def test_node__read_whole():
    reader = table(listen="/ip4/0.0.0.0/tcp/1", key_seed=SEED, policy="wait", drain_ms=0)
    settings = read_node(reader)
    assert reader.notes.mistakes == []
    assert (settings.listen, settings.key_seed) == ("/ip4/0.0.0.0/tcp/1", b"\x0b" * 32)
    assert (settings.drain_ms, settings.stop_with_stdin) == (0, False)
    attester = read_attester(reader)
    assert attester == AttesterFields(None, Policy.WAIT, StateSettings())
    reader.refuse_unknown()
    assert reader.notes.mistakes == []


@pytest.mark.parametrize("text", [SEED, SEED[2:], SEED + "\n"])
def test_key_file__read(tmp_path, text):
    (tmp_path / "key").write_text(text)
    reader = table(tmp_path / "node.toml", key_file="key")
    assert read_node(reader).key_seed == b"\x0b" * 32
    assert reader.notes.mistakes == []


@pytest.mark.parametrize("text", ["", SEED[:-1], SEED + "00", "password", "é" * 64])
def test_key_file__noted_without_repeating_it(tmp_path, text):
    (tmp_path / "key").write_text(text)
    reader = table(tmp_path / "node.toml", key_file="key")
    read_node(reader)
    reason = f"{tmp_path / 'key'}: expected 64 hexadecimal digits"
    assert reader.notes.mistakes == [Mistake("key_file", reason)]


def test_key_file__noted_when_it_is_missing_or_not_alone(tmp_path):
    reader = table(tmp_path / "node.toml", key_file="key", key_seed=SEED)
    read_node(reader)
    assert reader.notes.mistakes == [
        Mistake("key_file", "key_seed is there too, expected one of the two"),
        Mistake("key_file", f"{tmp_path / 'key'}: No such file or directory"),
    ]
