"""Registries as files: TOML and JSON alike, strict, with the line of every mistake."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.engines import REGISTRY
from zkattest.crypto.hashing import sha256
from zkattest.node.config_reader import ConfigError
from zkattest.node.registry_file import (
    MAX_REGISTRY_BYTES,
    find_line,
    load_registry,
    parse_registry,
    registry_document,
    revoke_in_text,
)
from zkattest.types.ids import ChainId, ProofType
from zkattest.types.programs import (
    Date,
    EntryId,
    EntryState,
    EntryStatus,
    Guest,
    ProfileId,
    ProofSystem,
    Statement,
)
from zkattest.verify.builtin import BuiltInVerifier

ROOT = Path(__file__).resolve().parents[3]
PATH = Path("registry.toml")
REVOKED = EntryStatus(EntryState.REVOKED, Date("2026-11-22"), "unsound")


def parse(text):
    return parse_registry(PATH, text.encode() if isinstance(text, str) else text).registry


def mistakes(text):
    with pytest.raises(ConfigError) as refusal:
        parse(text)
    return [(each.field, each.reason) for each in refusal.value.mistakes]


def test_registry__reads_every_field():
    entry = parse(REGISTRY).entries[EntryId("foreign")]
    assert (entry.system, entry.guest) == (ProofSystem.SP1, Guest("reth", "0.1.0", "reth"))
    assert entry.statement == Statement(0x7886, ChainId(1))
    assert (entry.program, entry.security, entry.source) == (None, None, "")
    assert entry.system_version == ""
    versioned = REGISTRY.replace('system = "sp1"\n', 'system = "sp1"\nsystem_version = "v1"\n', 1)
    assert parse(versioned).entries[EntryId("ours")].system_version == "v1"
    withdrawn = parse(REGISTRY).entries[EntryId("withdrawn")]
    assert withdrawn.status == EntryStatus(EntryState.REVOKED, Date("2026-11-21"), "a test says so")


def test_registry__of_the_package_names_versions_that_are_built_in():
    for entry in load_registry(None).registry.entries.values():
        verifier = BuiltInVerifier(entry.system, entry.program_vk)
        assert entry.system_version in verifier.circuit_version.split(", ")


def test_registry__of_the_package_names_the_committed_guest():
    registry = load_registry(None).registry
    entry = registry.entry_of(ProfileId("zkattest"), ProofType(1))
    folder = ROOT / "guests" / "sp1" / "elf"
    assert str(entry.program_vk) == (folder / "zkattest-guest.vk").read_text().strip()
    assert bytes(entry.program.sha256) == sha256((folder / "zkattest-guest.elf").read_bytes())
    # Bits that nobody vouches for are not there.
    assert all(one.security.source for one in registry.entries.values() if one.security)


@pytest.mark.parametrize("text", [REGISTRY, None], ids=["test", "package"])
def test_document__reads_back_as_json(text):
    registry = parse(text) if text else load_registry(None).registry
    assert parse(json.dumps(registry_document(registry))) == registry


@pytest.mark.parametrize(
    ("old", "new", "field", "reason"),
    [
        ("version = 1", "version = 2", "version", "line 1: 2, expected 1"),
        ("version = 1\n", "", "version", "missing"),
        ('id = "ours"', 'id = "Ours"', "entry[0].id", "line 4: 'Ours': expected 1 to 64"),
        ('system = "sp1"\n', "", "entry[0].system", "line 3: missing"),
        ('system = "sp1"', 'system = "sp2"', "entry[0].system", "line 5: 'sp2', expected one"),
        ("0x00c103", "0x00g103", "entry[0].program_vk", "line 6: expected 0x and 64"),
        ("0x00c103", "0x0c103", "entry[0].program_vk", "line 6: expected 0x and 64"),
        ("schema_id = 0x7886 }", "schema_id = 0x10000 }", "entry[0].statement.schema_id", "16 bit"),
        ("chain_id = 1", "chain_id = -1", "entry[1].statement.chain_id", "line 15: -1"),
        ('guest = { name = "reth"', 'guest = { nqme = "reth"', "entry[1].guest.name", "missing"),
        ("[[profile]]", "[[profil]]", "profile", "missing"),
        ("number = 2", "number = 256", "profile[0].types[1].number", "outside uint8"),
        ("number = 2", "number = 1", "number_twice", "test: 1 is ours and foreign"),
        ('entry = "foreign"', 'entry = "nobody"', "unknown_entry", "test: 2 is nobody"),
        ('id = "foreign"', 'id = "ours"', "name_twice", "ours"),
        ('since = "2026-11-21"', 'since = "2026-13-01"', "entry[3].status.since", "line 30"),
        ('since = "2026-11-21", ', "", "entry[3].status.state", "expected since and reason"),
        ('state = "revoked"', 'state = "active"', "entry[3].status.state", "no since and no"),
        ('name = "reth"', 'name = "re\\u0007th"', "entry[1].guest.name", "printable"),
    ],
)
def test_registry__refused_with_field_and_line(old, new, field, reason):
    found = mistakes(REGISTRY.replace(old, new, 1))
    assert any(name == field and reason in why for name, why in found), found


@pytest.mark.parametrize(
    ("added", "reason"),
    [
        ("security = { provable_bits = 100 }", "missing"),
        ('security = { provable_bits = 0, source = "x" }', "expected 1 or more"),
        ('program = { url = "x" }', "missing"),
        ('guess = "x"', "unknown, nearest known is guest"),
    ],
)
def test_registry__refused_for_half_a_statement(added, reason):
    ((_, why),) = mistakes(REGISTRY.replace('id = "ours"', f'id = "ours"\n{added}'))
    assert reason in why
    assert "line 5" in why


@pytest.mark.parametrize(
    "data",
    [b"\xff", b"{", b"[]", b'{"version": 1, "version": 1}', b"[" * 100_000, b"a = 1\na = 2"],
)
def test_registry__refused_where_it_is_no_file_of_its_kind(data):
    with pytest.raises(ConfigError) as refusal:
        parse(data)
    assert len(refusal.value.mistakes) >= 1


def test_registry__refused_for_its_size_before_it_is_read(tmp_path):
    path = tmp_path / "registry.toml"
    path.write_bytes(b"#" * (MAX_REGISTRY_BYTES + 1))
    with pytest.raises(ConfigError, match="larger than"):
        load_registry(path)


@given(st.integers(0, len(REGISTRY) - 1), st.integers(0, 255))
def test_registry__any_changed_byte_gives_a_registry_or_one_error(position, value):
    data = bytearray(REGISTRY.encode())
    data[position] = value
    try:
        parse(bytes(data))
    except ConfigError as error:
        found = error.mistakes
    else:
        return
    assert found


def test_revoke__keeps_everything_else():
    changed, registry = revoke_in_text(PATH, REGISTRY.encode(), EntryId("foreign"), REVOKED)
    assert registry.entries[EntryId("foreign")].status == REVOKED
    old, new = REGISTRY.splitlines(), changed.decode().splitlines()
    assert [line for line in old if line not in new] == []
    assert len(new) == len(old) + 1
    assert new[new.index('id = "foreign"') + 1].startswith("status = ")


def test_revoke__raises_the_serial_that_a_file_has():
    numbered = REGISTRY.replace("version = 1", "version = 1\nserial = 41  # of ours", 1)
    changed, registry = revoke_in_text(PATH, numbered.encode(), EntryId("ours"), REVOKED)
    assert registry.serial == 42
    assert parse(changed.decode()) == registry
    assert registry_document(registry)["serial"] == 42


def test_revoke__refused_where_the_status_is_a_table_of_its_own():
    text = REGISTRY.replace(
        "[[profile]]",
        '[[entry]]\nid = "odd"\nsystem = "zisk"\n'
        'program_vk = "0x' + "22" * 32 + '"\nguest = { name = "x", version = "1" }\n'
        'statement = { schema_id = 1 }\n[entry.status]\nstate = "active"\n\n[[profile]]',
        1,
    )
    with pytest.raises(ConfigError, match="by hand"):
        revoke_in_text(PATH, text.encode(), EntryId("odd"), REVOKED)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("entry[1].statement.chain_id", 15),
        ("entry[1].statement.nothing", 15),
        ("profile[0].id", 33),
        ("entry[9].id", None),
        ("nothing", None),
    ],
)
def test_find_line__finds_the_key_or_its_table(name, line):
    assert find_line(REGISTRY, name) == line


def test_registry__never_waited_for_where_its_file_is_a_pipe_or_a_folder(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(ConfigError, match="not a regular file"):
            load_registry(tmp_path / name)


@pytest.mark.parametrize("text", ["../../etc/passwd", "0x" + "11" * 31, "0x" + "/." * 32])
def test_registry__refuses_a_hash_that_would_name_another_file(text):
    entry = f'verifier_key = {{ sha256 = "{text}", url = "" }}'
    found = mistakes(REGISTRY.replace("[[profile]]", f"{entry}\n[[profile]]", 1))
    assert [field for field, _ in found] == ["entry[3].verifier_key.sha256"]
