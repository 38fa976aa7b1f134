"""What the discovery program prints is believed no more than what a peer sends."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from zkattest.net.discv5 import MAX_LINE_BYTES, Discovery, DiscoveryFailed, DiscoverySettings
from zkattest.net.enr import NodeRecord, port_entry, sign_record
from zkattest.net.peer_book import PeerBook, Source
from zkattest.net.secp256k1 import SecretKey
from zkattest.types.peering import ENRForkID, ForkDigest, ForkVersion

DIGEST, OTHER = ForkDigest(b"abcd"), ForkDigest(b"else")
SECRET = b"\1" * 32


def record(number: int, digest: ForkDigest | None = DIGEST, eproof: int = 1) -> NodeRecord:
    entries = {b"ip": b"\x0a\0\0" + bytes([number]), b"tcp": port_entry(9000)}
    if digest is not None:
        entries[b"eth2"] = ENRForkID(digest, ForkVersion(bytes(4))).encode()
    entries[b"eproof"] = bytes([eproof])
    return sign_record(SecretKey(bytes([number]) * 32), 1, entries)


OURS = record(1)


def found(each: object) -> str:
    return json.dumps({"event": "found", "enr": str(each)})


def stand_in(folder: Path, script: str) -> DiscoverySettings:
    """Make a program that is no discovery at all: it runs a script instead."""
    program = folder / "stand-in"
    program.write_text(f"#!{sys.executable}\nimport sys, time\n{script}\n")
    program.chmod(0o755)
    return DiscoverySettings(program, SECRET, OURS, "127.0.0.1:0", (record(9),), DIGEST)


def printing(folder: Path, *lines: str) -> DiscoverySettings:
    return stand_in(folder, f"print({chr(10).join(lines)!r}, flush=True); sys.stdin.read()")


async def until_learned(discovery: Discovery, count: int) -> None:
    with trio.fail_after(10):
        while sum(discovery.counters.values()) < count:  # noqa: ASYNC110 - another process prints
            await trio.sleep(0.01)


async def test_discovery__learns_peers_of_our_fork(tmp_path: Path, nursery: trio.Nursery) -> None:
    records = record(2), record(3, OTHER), record(4, None), record(5, eproof=0), OURS
    lines = '{"event": "listening", "enr": ""}', *map(found, records), found("enr:AAAA")
    book = PeerBook()
    discovery = Discovery(printing(tmp_path, *lines), book)
    nursery.start_soon(discovery.run)
    await until_learned(discovery, 6)
    assert [(p.peer_id, p.source) for p in book.peers().values()] == [
        (records[0].peer_id, Source.DISCV5),
        (records[3].peer_id, Source.DISCV5),
    ]
    assert discovery.counters == {"learned": 2, "left_out": 3, "malformed": 1}


async def test_discovery__learns_peers_with_proofs_alone_where_it_is_told(
    tmp_path: Path, nursery: trio.Nursery
) -> None:
    book = PeerBook()
    settings = replace(
        printing(tmp_path, found(record(5, eproof=0)), found(record(2))), needs_proofs=True
    )
    discovery = Discovery(settings, book)
    nursery.start_soon(discovery.run)
    await until_learned(discovery, 2)
    assert list(book.peers()) == [record(2).peer_id]


async def test_discovery__tells_the_program_what_it_needs(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    settings = stand_in(tmp_path, f"open({str(heard)!r}, 'w').write(sys.stdin.readline())")
    with pytest.raises(DiscoveryFailed, match="stand-in ended"):
        await Discovery(settings, PeerBook()).run()
    assert json.loads(await trio.Path(heard).read_text()) == {
        "key": "01" * 32,
        "enr": str(OURS),
        "listen": "127.0.0.1:0",
        "bootnodes": [str(record(9))],
        "interval_ms": 10_000,
    }


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("print('nonsense')", "a line that is no JSON"),
        ("print('[1]')", "a line that is no object"),
        (f"print('x' * {2 * MAX_LINE_BYTES})", "a line of more than"),
        (f"print('x' * {2 * MAX_LINE_BYTES}, end='', flush=True); time.sleep(9)", "a line of more"),
        ("""print('{"event": "failed", "reason": "listen: in use"}')""", "listen: in use"),
        ("sys.exit(3)", "stand-in ended"),
    ],
)
async def test_discovery__fails_with_its_program(tmp_path: Path, script: str, reason: str) -> None:
    with trio.fail_after(10), pytest.raises(DiscoveryFailed, match=reason):
        await Discovery(stand_in(tmp_path, script), PeerBook()).run()


async def test_discovery__fails_without_its_program(tmp_path: Path) -> None:
    settings = replace(stand_in(tmp_path, ""), program=tmp_path / "nowhere")
    with pytest.raises(DiscoveryFailed, match="nowhere: No such file"):
        await Discovery(settings, PeerBook()).run()
