"""Three discovery programs on one machine: what one knows, the others find, and gossip follows."""

from __future__ import annotations

import socket
import subprocess
from contextlib import AsyncExitStack
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest
import trio

from tests.helpers.gossip import ANY_PORT, PROOFS, TOPICS
from tests.interop.programs import NoProgram, discovery_program
from zkattest.devnet.ports import free_ports
from zkattest.net import GossipHost
from zkattest.net.boundary import KeyKind
from zkattest.net.discv5 import Discovery, DiscoveryFailed, DiscoverySettings
from zkattest.net.enr import NodeRecord, port_entry, sign_record
from zkattest.net.peer_book import PeerBook, Source
from zkattest.net.secp256k1 import SecretKey
from zkattest.net.status import FixedChain
from zkattest.node.config_peering import Discv5Config, PeeringConfig
from zkattest.node.peer_search import PeerSearch
from zkattest.node.peering import make_peering
from zkattest.types.ids import Root, Slot
from zkattest.types.peering import ENRForkID, ForkDigest, ForkVersion, Status

DIGEST = ForkDigest(b"abcd")
STATUS = Status(DIGEST, Root(bytes(32)), 0, Root(bytes(32)), Slot(0))


@pytest.fixture(scope="module")
def program() -> Path:
    """Build the program, once for all tests."""
    try:
        return discovery_program()
    except NoProgram as missing:
        pytest.skip(str(missing))


def free_udp_port() -> int:
    return free_ports(1, socket.SOCK_DGRAM)[0]


def secret(number: int) -> bytes:
    return bytes([number]) * 32


def record(number: int, udp: int) -> NodeRecord:
    entries = {
        b"ip": bytes([127, 0, 0, 1]),
        b"tcp": port_entry(9000 + number),
        b"udp": port_entry(udp),
        b"eth2": ENRForkID(DIGEST, ForkVersion(bytes(4))).encode(),
        b"eproof": b"\1",
    }
    return sign_record(SecretKey(secret(number)), 1, entries)


def settings(program: Path, number: int, udp: int, *bootnodes: NodeRecord) -> DiscoverySettings:
    return DiscoverySettings(
        program=program,
        secret_key=secret(number),
        record=record(number, udp),
        listen=f"127.0.0.1:{udp}",
        bootnodes=bootnodes,
        fork_digest=DIGEST,
        needs_proofs=True,
        interval_ms=200,
    )


async def test_discovery__finds_peers_through_a_boot_node(program: Path) -> None:
    ports = [free_udp_port() for _ in range(3)]
    boot = record(1, ports[0])
    books = [PeerBook() for _ in range(3)]
    async with trio.open_nursery() as nursery:
        for number, (port, book) in enumerate(zip(ports, books, strict=True), 1):
            known = (boot,) if number > 1 else ()
            told = settings(program, number, port, *known)
            nursery.start_soon(Discovery(told, book).run)
        everybody = {record(number, 1).peer_id for number in (1, 2, 3)}
        with trio.fail_after(60):
            while not all(len(book) == 2 for book in books):  # noqa: ASYNC110 - other processes
                await trio.sleep(0.05)
        nursery.cancel_scope.cancel()
    for number, book in enumerate(books, 1):
        assert set(book.peers()) == everybody - {record(number, 1).peer_id}
        assert {peer.source for peer in book.peers().values()} == {Source.DISCV5}
        ours = {str(number_.address) for number_ in book.peers().values()}
        assert ours < {
            f"/ip4/127.0.0.1/tcp/{9000 + n}/p2p/{record(n, 1).peer_id}" for n in (1, 2, 3)
        }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"secret_key": bytes(32)}, "key"),
        ({"secret_key": b"\7" * 32}, "key"),
        ({"listen": "nowhere"}, "settings"),
        ({"listen": "192.0.2.1:9"}, "listen"),
    ],
)
async def test_discovery__says_what_is_wrong(
    program: Path, change: dict[str, object], reason: str
) -> None:
    told = replace(settings(program, 1, free_udp_port()), **change)
    with trio.fail_after(20), pytest.raises(DiscoveryFailed, match=f"(?i){reason}"):
        await Discovery(told, PeerBook()).run()


def test_program__ends_with_its_standard_input(program: Path) -> None:
    told = Discovery(settings(program, 1, free_udp_port()), PeerBook())._told()
    done = subprocess.run([program], input=told, capture_output=True, timeout=20, check=False)
    assert done.returncode == 0
    for nonsense in (b"", b"\n", b"[]\n", b"\xff\n", b"{" * 100_000 + b"\n"):
        done = subprocess.run(
            [program], input=nonsense, capture_output=True, timeout=20, check=False
        )
        assert done.returncode == 1
        assert done.stdout.startswith(b'{"event":"failed","reason":"')
        assert done.stderr == b""


class Silent:
    """Observe nothing, and know the time."""

    def event(self, name: str, **fields: object) -> None:
        raise AssertionError(f"{name}: {fields}")

    def now_ms(self) -> int:
        return round(trio.current_time() * 1000)


async def test_nodes__that_know_a_boot_node_gossip_with_each_other(program: Path) -> None:
    ports = [free_udp_port() for _ in range(3)]
    boot = record(1, ports[0])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Discovery(settings(program, 1, ports[0]), PeerBook()).run)
        async with AsyncExitStack() as stack:
            hosts = []
            for number in (2, 3):
                listen = f"127.0.0.1:{ports[number - 1]}"
                discv5 = Discv5Config(program, listen, IPv4Address("127.0.0.1"))
                config = PeeringConfig(records=(boot,), discv5=discv5)
                peering = make_peering(config, FixedChain(STATUS))
                opened = GossipHost.open(
                    *(ANY_PORT, [], TOPICS, secret(number)),
                    services=peering,
                    key_kind=KeyKind.SECP256K1,
                )
                host = await stack.enter_async_context(opened)
                hosts.append(host)
                identity = secret(number), bytes(4)
                search = PeerSearch(config, host, DIGEST, Silent(), Silent(), identity)
                nursery.start_soon(search.run)
            with trio.fail_after(60):
                await hosts[0].wait_for_mesh(PROOFS, 1)
                await hosts[1].wait_for_mesh(PROOFS, 1)
            assert hosts[0].connected_peers() == {hosts[1].peer_id}
            nursery.cancel_scope.cancel()
