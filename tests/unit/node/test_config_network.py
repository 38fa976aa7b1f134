"""A network's section: its anchor is read from a package, each proof type stands once."""

from pathlib import Path

import pytest

from zkattest.node.config_network import read_anchor, read_profile
from zkattest.node.config_reader import ConfigError, Mistake, Notes, Table
from zkattest.types.execution import BlockPackage

CHAIN = Path(__file__).parents[3] / "vectors" / "eip7886" / "chain"
FIRST, SECOND = sorted(CHAIN.glob("*/block.ssz"))[:2]
PROGRAM = {"type": 1, "system": "sp1", "program_vk": "0x" + "00" * 31 + "01"}


def read(**changes):
    values = {
        "chain_id": 7886,
        "fork_version": "0x78860000",
        "genesis_time_ms": 0,
        "slot_ms": 6000,
        "anchor": str(FIRST),
        "validators": ["0x" + "ab" * 48],
        "proposers": [0],
        "proof_types": [PROGRAM],
    }
    table = Table(Notes(Path("node.toml")), values | changes, "network")
    return read_profile(table), table.notes.mistakes


def test_profile__read_whole():
    profile, mistakes = read()
    assert mistakes == []
    assert profile.anchor.claim == BlockPackage.decode(FIRST.read_bytes()).parent_claim


def test_profile__left_out_where_its_anchor_is():
    profile, mistakes = read(anchor="")
    assert (profile, mistakes) == (None, [Mistake("network.anchor", "missing")])


@pytest.mark.parametrize(
    ("entries", "mistake"),
    [
        ([], Mistake("network.proof_types", "expected one or more")),
        ([PROGRAM, PROGRAM], Mistake("network.proof_types[1].type", "1 is there twice")),
        (["sp1"], Mistake("network.proof_types[0]", "expected a table")),
    ],
)
def test_proof_types__noted(entries, mistake):
    assert read(proof_types=entries)[1][0] == mistake


def test_anchor__refused_when_its_claim_is_about_another_block(tmp_path):
    one, other = (BlockPackage.decode(path.read_bytes()) for path in (FIRST, SECOND))
    mixed = tmp_path / "mixed.ssz"
    mixed.write_bytes(
        BlockPackage(
            **{
                name: getattr(other if name == "parent_claim" else one, name)
                for name in BlockPackage.__slots__
            }
        ).encode()
    )
    with pytest.raises(ConfigError) as refusal:
        read_anchor(Path("file"), "anchor", mixed)
    assert refusal.value.mistakes == (
        Mistake("anchor", f"{mixed}: parent claim is about another block"),
    )


def test_anchor__refused_when_the_file_is_cut(tmp_path):
    cut = tmp_path / "cut.ssz"
    cut.write_bytes(FIRST.read_bytes()[:-1])
    with pytest.raises(ConfigError) as refusal:
        read_anchor(Path("file"), "anchor", cut)
    assert refusal.value.field == "anchor"
    assert str(cut) in refusal.value.reason
