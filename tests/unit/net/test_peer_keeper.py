"""Dialling from a book under a virtual clock, and the file that a book survives in."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
import trio
import trio.testing

from tests.unit.net.test_peer_book import IDS, address, book
from zkattest.net.enr import port_entry, sign_record
from zkattest.net.peer_book import PeerBook, PeerBookError, Source
from zkattest.net.peer_keeper import KeeperSettings, PeerFile, PeerKeeper, learn_records
from zkattest.net.secp256k1 import SecretKey
from zkattest.types.peering import ENRForkID, ForkDigest, ForkVersion

OURS, THEIRS = ForkDigest(b"abcd"), ForkDigest(b"wxyz")


class Network:
    """Connect to the peers that are up, for as long as they are."""

    def __init__(self, *up: int) -> None:
        self.up = {IDS[number] for number in up}
        self.dials: Counter[str] = Counter()
        self.connected: dict[str, trio.CancelScope] = {}
        self._joined = trio.Event()

    async def wait_for(self, count: int) -> None:
        """Return when so many peers are connected."""
        while len(self.connected) < count:
            await self._joined.wait()

    def connected_peers(self) -> frozenset[str]:
        return frozenset(self.connected)

    async def dial(self, address: str) -> None:
        peer = address.rsplit("/", 1)[1]
        self.dials[peer] += 1
        await trio.sleep(0.1)
        if peer not in self.up:
            return
        with trio.CancelScope() as scope:
            self.connected[peer] = scope
            self._joined.set()
            self._joined = trio.Event()
            try:
                await trio.sleep_forever()
            finally:
                del self.connected[peer]


def now_ms() -> int:
    return round(trio.current_time() * 1000)


def filled(*numbers: int) -> PeerBook:
    peers = book()
    for number in numbers:
        peers.learn(address(number), Source.RECORD)
    return peers


async def test_keeper__dials_until_enough_are_connected(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    network, peers = Network(1, 2, 3, 4, 5), filled(1, 2, 3, 4, 5)
    nursery.start_soon(PeerKeeper(network, peers, now_ms, KeeperSettings(wanted_peers=3)).run)
    await trio.sleep(10)
    assert len(network.connected) == 3
    assert sum(network.dials.values()) == 3
    assert sum(peer.is_proven for peer in peers.peers().values()) == 3


async def test_keeper__tries_failing_peers_less_and_less(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    network, peers = Network(2), filled(1, 2)
    nursery.start_soon(PeerKeeper(network, peers, now_ms).run)
    await trio.sleep(3600)
    assert network.dials[IDS[2]] == 1
    assert 12 <= network.dials[IDS[1]] <= 18
    network.up.add(IDS[1])
    await trio.sleep(700)
    assert set(network.connected) == {IDS[1], IDS[2]}


async def test_keeper__replaces_a_lost_peer(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    network, peers = Network(1, 2), filled(1, 2)
    nursery.start_soon(PeerKeeper(network, peers, now_ms, KeeperSettings(wanted_peers=1)).run)
    await trio.sleep(5)
    (lost,) = network.connected
    network.up.discard(lost)
    network.connected[lost].cancel()
    await trio.sleep(10)
    (other,) = network.connected
    assert other != lost


async def test_keeper__dials_few_at_once(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    network, peers = Network(), filled(*range(12))
    settings = KeeperSettings(most_dials=4)
    nursery.start_soon(PeerKeeper(network, peers, now_ms, settings).run)
    await trio.sleep(0.05)
    assert sum(network.dials.values()) == 4


async def test_keeper__dials_beside_strangers_that_fill_the_host(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    network, peers = Network(1, 2, 3), filled(1, 2, 3)
    for number in range(100):
        network.connected[f"stranger {number}"] = trio.CancelScope()
    settings = KeeperSettings(wanted_peers=16, least_dialled=2)
    nursery.start_soon(PeerKeeper(network, peers, now_ms, settings).run)
    await trio.sleep(60)
    assert sum(network.dials.values()) == 2
    assert len(network.connected) == 102


async def test_keeper__tries_an_address_now_and_then_and_leaves_it(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    network, peers = Network(1, 2, 3), filled(1, 2, 3)
    settings = KeeperSettings(wanted_peers=1, feeler_interval_s=100.0)
    nursery.start_soon(PeerKeeper(network, peers, now_ms, settings).run)
    await trio.sleep(99)
    (kept,) = network.connected
    await trio.sleep(50)
    assert set(network.connected) == {kept}
    assert sum(peer.is_proven for peer in peers.peers().values()) == 2
    await trio.sleep(500)
    assert set(network.connected) == {kept}
    assert all(peer.is_proven for peer in peers.peers().values())
    assert network.dials == dict.fromkeys(peers.peers(), 1)


async def test_keeper__survives_a_restart(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    file, network = PeerFile(tmp_path / "peers.json"), Network(1, 2)
    for peers in (filled(1, 2), book()):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(PeerKeeper(network, peers, now_ms, None, file).run)
            await network.wait_for(2)
            await trio.sleep(2)
            nursery.cancel_scope.cancel()
        network.connected.clear()
        assert all(peer.is_proven for peer in peers.peers().values())
    assert network.dials == {IDS[1]: 2, IDS[2]: 2}
    assert os.listdir(tmp_path) == ["peers.json"]  # noqa: PTH208 - pathlib would block


@pytest.mark.parametrize("content", [b"nonsense", None])
async def test_keeper__goes_on_without_its_file(
    content: bytes | None,
    tmp_path: Path,
    autojump_clock: trio.testing.MockClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = tmp_path / "peers.json"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    network = Network(1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(PeerKeeper(network, filled(1), now_ms, None, PeerFile(path)).run)
        await network.wait_for(1)
        nursery.cancel_scope.cancel()
    assert "are forgotten" in caplog.text


def test_file__is_empty_when_there_is_none(tmp_path: Path) -> None:
    assert PeerFile(tmp_path / "none.json").load(book()) == 0


def test_file__refused_above_its_size(tmp_path: Path) -> None:
    path = tmp_path / "peers.json"
    path.write_bytes(b" " * (2 << 20))
    with pytest.raises(PeerBookError, match="1048577 bytes, 1048576 allowed"):
        PeerFile(path).load(book())


def test_records__of_another_fork_without_address_and_our_own_are_left_out() -> None:
    endpoint = {b"ip": b"\x0a\0\0\1", b"tcp": port_entry(9000)}
    keys = [SecretKey(bytes([number]) * 32) for number in range(1, 6)]
    forks = [
        {b"eth2": ENRForkID(digest, ForkVersion(bytes(4))).encode()} for digest in (OURS, THEIRS)
    ]
    ours, same, other, silent, nowhere = (
        sign_record(key, 1, entries)
        for key, entries in zip(
            keys,
            ({}, endpoint | forks[0], endpoint | forks[1], endpoint, forks[0]),
            strict=True,
        )
    )
    peers = book()
    lines = learn_records(peers, [ours, same, other, silent, nowhere], OURS, ours.peer_id)
    assert set(peers.peers()) == {same.peer_id, silent.peer_id}
    assert lines == [
        f"{ours.peer_id}: is our own",
        f"{other.peer_id}: is on fork 0x7778797a, we on 0x61626364",
        f"{nowhere.peer_id}: has no TCP address",
    ]
