"""Compose what a node tells its peers, and what finds them."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from typing import Final

import trio

from zkattest.machines.standing import Standing
from zkattest.net import GossipHost
from zkattest.net.address import Address
from zkattest.net.discv5 import Discovery, DiscoveryFailed, DiscoverySettings
from zkattest.net.enr import Value, port_entry, sign_record
from zkattest.net.lan_discovery import LanDiscovery
from zkattest.net.peer_book import PeerBook
from zkattest.net.peer_keeper import KeeperSettings, PeerFile, PeerKeeper, learn_records
from zkattest.net.peering import Peering, PeeringSettings
from zkattest.net.secp256k1 import SecretKey
from zkattest.node.config_peering import Discv5Config, PeeringConfig
from zkattest.node.config_sections import parse_listen
from zkattest.ports import Clock, ProofSource, StatusSource
from zkattest.store import StoreError
from zkattest.store.proofs import END_OF_SLOTS, KeptProof, ProofStore
from zkattest.telemetry import Observer
from zkattest.types.errors import ProofSourceFault
from zkattest.types.ids import ProofType, Root, Slot
from zkattest.types.peering import (
    ENRForkID,
    ExecutionProofStatus,
    ForkDigest,
    ForkVersion,
    MetaData,
    Status,
)
from zkattest.types.proof_profiles import DEFAULT_PROFILE, ProofProfile

_UNFINALIZED: Final = Root(bytes(32))
_MOST_TYPES: Final = 256
_DISCV5_PAUSE_S: Final = 60.0


class StandingChain:
    """
    Tell peers where the delayed-execution machine stands.

    Its network has no finality and no beacon blocks: the head is the newest valid block, named by
    its block hash, and nothing is finalized. A network of a consensus node tells the node's own
    status instead.
    """

    def __init__(self, fork_digest: bytes) -> None:
        """Begin at genesis; `follow` comes before the first peer hears of it."""
        self._fork_digest = ForkDigest(fork_digest)
        self._standing: Callable[[], Standing] | None = None

    def follow(self, standing: Callable[[], Standing]) -> None:
        """Ask a machine from now on."""
        self._standing = standing

    def status(self) -> Status:
        """Return the head, and no finalized block."""
        head_root, head_slot = _UNFINALIZED, Slot(0)
        if self._standing is not None:
            head = self._standing().head
            head_root, head_slot = Root(head.block_hash), head.slot
        return Status(self._fork_digest, _UNFINALIZED, 0, head_root, head_slot, head_slot)

    def finalized_root_at(self, epoch: int) -> Root | None:
        """Know of no finalized block."""
        return None

    def proof_status(self) -> ExecutionProofStatus | None:
        """Know of no beacon block that proofs were verified for."""
        return None


class StoredProofs:
    """
    Serve proofs from the store of EIP-8025 proofs, which is read in threads, a slot at a time.

    Requests name beacon blocks. The store names what a revision's messages name, and in those that
    have requests that is a payload request: `subject_of` leads from one to the other.
    """

    def __init__(self, store: ProofStore, subject_of: Callable[[Root], Root | None]) -> None:
        """Take an open store."""
        self._store = store
        self._subject_of = subject_of

    async def by_root(
        self, block_root: Root, proof_types: frozenset[ProofType]
    ) -> AsyncGenerator[bytes, None]:
        """Yield what is kept for a block; nothing for a block that nobody knows."""
        subject = self._subject_of(block_root)
        if subject is None:
            return
        for proof in await _read(self._store.proofs_by_root, subject, _MOST_TYPES):
            if proof.proof_type in proof_types:
                yield proof.data

    async def by_range(
        self, start_slot: Slot, count: int, proof_types: frozenset[ProofType]
    ) -> AsyncGenerator[bytes, None]:
        """Yield what is kept for each slot, in the order of slots."""
        for slot in range(start_slot, min(start_slot + count, END_OF_SLOTS)):
            for proof in await _read(self._store.proofs_by_slot, Slot(slot), 1, _MOST_TYPES):
                if not proof_types or proof.proof_type in proof_types:
                    yield proof.data


async def _read(read: Callable[..., list[KeptProof]], *arguments: object) -> list[KeptProof]:
    try:
        return await trio.to_thread.run_sync(read, *arguments)
    except StoreError as error:
        raise ProofSourceFault(str(error)) from error


def make_peering(
    config: PeeringConfig,
    chain: StatusSource,
    profile: ProofProfile = DEFAULT_PROFILE,
    proofs: ProofSource | None = None,
) -> Peering:
    """Make what answers peers; a host is opened with it."""
    settings = PeeringSettings(requires_status=config.requires_status)
    metadata = MetaData(
        seq_number=1,
        custody_group_count=config.custody_group_count,
        execution_proof_aware=True,
    )
    return Peering(chain, metadata, settings, profile, proofs)


async def find_peers(
    config: PeeringConfig,
    host: GossipHost,
    fork_digest: bytes,
    clock: Clock,
    observer: Observer,
    identity: tuple[bytes, bytes] | None = None,
) -> None:
    """
    Dial the peers of records, of the book, of the local network and of discv5; until cancelled.

    `identity` is our secret key and the version of our fork, which our own record tells.
    """
    book = PeerBook()
    for reason in learn_records(book, config.records, ForkDigest(fork_digest), host.peer_id):
        observer.event("record_left_out", reason=reason)
    settings = KeeperSettings(wanted_peers=config.wanted_peers)
    file = PeerFile(config.peer_file) if config.peer_file else None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(PeerKeeper(host, book, clock.now_ms, settings, file).run)
        if config.mdns_interface is not None:
            lan = LanDiscovery(host.address, config.mdns_interface, book)
            nursery.start_soon(_search_lan, lan, observer)
        if config.discv5 is not None and identity is not None:
            told = discv5_settings(config, config.discv5, host.address, fork_digest, *identity)
            nursery.start_soon(_search_discv5, Discovery(told, book), observer)


def discv5_settings(
    config: PeeringConfig,
    discv5: Discv5Config,
    address: str,
    fork_digest: bytes,
    secret_key: bytes,
    fork_version: bytes,
) -> DiscoverySettings:
    """Say what the discovery program is told; the port of gossip is that of our `address`."""
    _, udp = parse_listen(discv5.listen)
    digest = ForkDigest(fork_digest)
    entries: dict[bytes, Value] = {
        b"tcp": port_entry(Address.parse(address).port),
        b"udp": port_entry(udp),
        b"eth2": ENRForkID(digest, ForkVersion(fork_version)).encode(),
        b"eproof": b"\1",
    }
    if discv5.ip is not None:
        entries[b"ip"] = discv5.ip.packed
    # A record counts for more the newer it is, and nobody remembers the number of the last one.
    record = sign_record(SecretKey(secret_key), int(time.time()), entries)
    return DiscoverySettings(
        program=discv5.program,
        secret_key=secret_key,
        record=record,
        listen=discv5.listen,
        bootnodes=tuple(each for each in config.records if each.udp),
        fork_digest=digest,
        needs_proofs=True,
    )


async def _search_discv5(discovery: Discovery, observer: Observer) -> None:
    while True:
        try:
            await discovery.run()
        except DiscoveryFailed as failure:
            # The other ways to find peers go on, and the program may be there later.
            observer.event("discv5_unavailable", reason=str(failure))
        await trio.sleep(_DISCV5_PAUSE_S)


async def _search_lan(lan: LanDiscovery, observer: Observer) -> None:
    try:
        await lan.run()
    except OSError as error:
        # The other ways to find peers go on.
        observer.event("mdns_unavailable", reason=str(error))
