"""Compose and run a node that judges the execution proofs of a consensus network (EIP-8025)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass

import trio

from zkattest.api import HttpLimits, HttpServer
from zkattest.machines.proof_events import TypesChanged
from zkattest.net import GossipHost
from zkattest.net.boundary import KeyKind
from zkattest.node.beacon_feed import BeaconFeed
from zkattest.node.config import ProofNodeConfig
from zkattest.node.config_policy import NodePolicy
from zkattest.node.eip8025 import domain_of, open_kept, open_proof_gossip
from zkattest.node.main import (
    drain,
    make_view,
    open_http,
    open_listener,
    second_signal_kills,
    start,
    stop_signals,
    tell_listening,
    wait_for_stop,
)
from zkattest.node.own_signer import OwnSigner, open_own_signer
from zkattest.node.peer_search import PeerSearch, start_peering
from zkattest.node.peering import StoredProofs, make_peering
from zkattest.node.proof_runner import ProofGossipRunner
from zkattest.node.proof_standing import ProofStandings
from zkattest.node.proofs import ProofVerifiers
from zkattest.node.publisher import ProofPublisher
from zkattest.node.registry_file import LoadedRegistry
from zkattest.node.registry_watch import tell_shortfall, watch_registry
from zkattest.node.subject import ProofSubject
from zkattest.spec.proof_gossip import KnownBlock
from zkattest.store.proofs import ProofStore
from zkattest.telemetry import NodeObserver, Observer
from zkattest.types.ids import ProgramVk, ProofType, Root, Slot
from zkattest.types.peering import ExecutionProofStatus, ForkDigest, Status
from zkattest.types.programs import ProofSystem

_UNFINALIZED = Root(bytes(32))


class RunnerChain:
    """
    Tell peers what a runner knows, and serve what it keeps.

    Head and finality are the consensus node's. Without one the newest block that is known is the
    head, and nothing is said to be finalized: peers take zeros for "not said".
    """

    def __init__(self, fork_digest: bytes) -> None:
        """Know of nothing until `follow`, which comes before the first peer asks."""
        self._fork_digest = ForkDigest(fork_digest)
        self._runner: ProofGossipRunner | None = None
        self._standings: ProofStandings | None = None

    def follow(self, runner: ProofGossipRunner, standings: ProofStandings | None = None) -> None:
        """Ask a runner from now on, and what a policy says of its blocks."""
        self._runner, self._standings = runner, standings

    def status(self) -> Status:
        """Return head and finalized checkpoint of the consensus node, or what we know ourselves."""
        feed = self._feed()
        if feed is not None and feed.head is not None and feed.finalized is not None:
            head, final = feed.head, feed.finalized
            oldest = min((block.slot for block in self._blocks().values()), default=head.slot)
            digest = self._fork_digest
            return Status(digest, final.root, final.epoch, head.root, head.slot, oldest)
        known = self._blocks().items()
        newest = max(((block.slot, root) for root, block in known), default=None)
        slot, root = newest or (Slot(0), _UNFINALIZED)
        return Status(self._fork_digest, _UNFINALIZED, 0, root, slot, slot)

    def finalized_root_at(self, epoch: int) -> Root | None:
        """Know the newest finalized block, where a consensus node tells it."""
        feed = self._feed()
        final = feed.finalized if feed is not None else None
        return final.root if final is not None and final.epoch == epoch else None

    def proof_status(self) -> ExecutionProofStatus | None:
        """Name the newest block that enough proofs were verified for; None without a policy."""
        newest = self._standings.newest if self._standings is not None else None
        runner = self._runner
        if newest is None or runner is None:
            return None
        subject, slot = newest
        feed = self._feed()
        if feed is not None and feed.names_requests:
            # Proofs name payload requests there, and peers ask for blocks.
            named = (root for root, request in feed.requests.items() if request == subject)
            subject = next(named, subject)
        known = runner.machine.settings
        types = tuple(sorted(known.proof_types - known.revoked_types))
        return ExecutionProofStatus(subject, slot, types)

    async def by_root(
        self, block_root: Root, proof_types: frozenset[ProofType]
    ) -> AsyncGenerator[bytes, None]:
        """Yield the proofs that are kept for a block."""
        stored = self._stored()
        if stored is not None:
            async for data in stored.by_root(block_root, proof_types):
                yield data

    async def by_range(
        self, start_slot: Slot, count: int, proof_types: frozenset[ProofType]
    ) -> AsyncGenerator[bytes, None]:
        """Yield the proofs that are kept for each slot."""
        stored = self._stored()
        if stored is not None:
            async for data in stored.by_range(start_slot, count, proof_types):
                yield data

    def _feed(self) -> BeaconFeed | None:
        feed = self._runner.feed if self._runner is not None else None
        return feed if isinstance(feed, BeaconFeed) else None

    def _blocks(self) -> Mapping[Root, KnownBlock]:
        return self._runner.machine.blocks if self._runner is not None else {}

    def _stored(self) -> StoredProofs | None:
        runner = self._runner
        if runner is None or not isinstance(runner.store, ProofStore):
            return None
        feed = self._feed()

        def revoked_types() -> frozenset[ProofType]:
            return runner.machine.settings.revoked_types

        if feed is not None and feed.names_requests:
            return StoredProofs(runner.store, feed.requests.get, revoked_types)
        return StoredProofs(runner.store, lambda block_root: block_root, revoked_types)


@dataclass(frozen=True, slots=True)
class Desk:
    """Hold where proofs are handed in, and who signs them."""

    server: HttpServer
    signer: OwnSigner
    answer_ms: int

    async def serve(self, runner: ProofGossipRunner, config: ProofNodeConfig) -> None:
        """Take proofs until cancelled."""
        settings = config.eip8025
        publisher = ProofPublisher(
            runner, self.signer, settings.profile, settings.topics[0], self.answer_ms
        )
        runner.observer.event(
            "publishing",
            port=self.server.port,
            validator_index=self.signer.index,
            pubkey=self.signer.signer.pubkey,
            restored_proofs=runner.machine.queued["own_proofs"],
        )
        await self.server.serve({}, publisher.uploads())


@asynccontextmanager
async def open_desk(config: ProofNodeConfig, observer: NodeObserver) -> AsyncIterator[Desk | None]:
    """Open signer, guard and the address to hand proofs in at; nothing without `[signer]`."""
    if config.signer is None:
        yield None
        return
    settings, section = config.eip8025, config.signer
    domain = domain_of(settings)
    async with (
        open_own_signer(
            section, settings.profile, lambda _slot: domain, settings.clock, observer
        ) as signer,
        AsyncExitStack() as stack,
    ):
        server = await stack.enter_async_context(
            open_listener("signer.listen", section.host, section.port, HttpLimits(connections=8))
        )
        if not section.is_loopback:
            observer.event("signer_is_open", host=section.host)
        yield Desk(server, signer, section.answer_ms)


def tell_unpublished(runner: ProofGossipRunner, observer: NodeObserver) -> None:
    """Say how many proofs were taken in and could not be published before the end."""
    left = runner.machine.queued.get("own_proofs", 0)
    if left:
        is_saved = runner.store is not None
        observer.event("own_proofs_not_published", proofs=left, is_saved=is_saved)


def revoked_types_of(config: ProofNodeConfig) -> frozenset[ProofType]:
    """Say whose proofs are not taken, as the registry stands; none without a policy."""
    return config.proof_policy.types.revoked_types if config.proof_policy else frozenset()


def _follow_policy(
    config: ProofNodeConfig, runner: ProofGossipRunner, observer: NodeObserver
) -> ProofStandings | None:
    """Judge blocks by the policy, where the operator has one."""
    if config.proof_policy is None:
        return None
    standings = ProofStandings(
        config.proof_policy.types, runner.machine, runner.slots, runner.clock, observer
    )
    runner.on_effect = standings.hear
    return standings


def take_up_registry(
    policy: NodePolicy,
    proof_types: Mapping[ProofType, tuple[ProofSystem, ProgramVk]],
    runner: ProofGossipRunner,
    standings: ProofStandings,
    observer: Observer,
) -> Callable[[LoadedRegistry], Awaitable[None]]:
    """Give what judges proofs and blocks anew by another registry."""

    async def take_up(update: LoadedRegistry) -> None:
        types = policy.by_update(update, proof_types, observer)
        known = runner.machine.settings
        await runner.tell(
            TypesChanged(known.proof_types, types.revoked_types, known.dear_types, known.programs)
        )
        standings.take_up(types)

    return take_up


async def run_proof_node(config: ProofNodeConfig, observer: NodeObserver) -> None:
    """
    Judge proofs until SIGINT or SIGTERM, or until standard input ends where it is told so.

    Ends, and raises, as `run_node` does; `SignerError` for a key or a guard that cannot be used.
    """
    settings, node, peering = config.eip8025, config.node, config.peering
    limits_bytes = dict.fromkeys(settings.topics, settings.profile.max_message_bytes)
    chain = RunnerChain(settings.fork_digest)
    with ExitStack() as stack:
        signals = stack.enter_context(stop_signals())
        kept = open_kept(settings, stack)
        async with AsyncExitStack() as shells:
            server = await shells.enter_async_context(open_http(config.http))
            desk = await shells.enter_async_context(open_desk(config, observer))
            services = make_peering(peering, chain, settings.profile, chain) if peering else None
            host = await shells.enter_async_context(
                GossipHost.open(
                    node.listen,
                    node.peers,
                    limits_bytes,
                    node.key_seed,
                    services=services,
                    key_kind=peering.key_kind if peering else KeyKind.ED25519,
                )
            )
            proofs = ProofVerifiers(settings, observer=observer)
            runner = await shells.enter_async_context(
                open_proof_gossip(
                    settings,
                    host,
                    proofs,
                    observer,
                    kept,
                    desk.signer if desk else None,
                    config.signer.limits if config.signer else None,
                    revoked_types_of(config),
                )
            )
            standings = _follow_policy(config, runner, observer)
            chain.follow(runner, standings)
            subject = ProofSubject(config, runner.machine, runner)
            view = make_view(subject, host, proofs.pool, observer, config.http)
            nursery = await shells.enter_async_context(trio.open_nursery())
            tell_listening(view, server, restored_blocks=len(runner.machine.blocks))
            start(nursery, view, server, config.http)
            nursery.start_soon(runner.run, host.messages)
            if standings is not None and config.proof_policy is not None:
                tell_shortfall(observer, standings.policy.shortfall)
                take_up = take_up_registry(
                    config.proof_policy, settings.proof_types, runner, standings, observer
                )
                nursery.start_soon(watch_registry, config.proof_policy.registry, take_up, observer)
            if desk is not None:
                nursery.start_soon(desk.serve, runner, config)
            if peering is not None and services is not None:
                identity = node.key_seed, settings.fork_version
                digest = settings.fork_digest
                search = PeerSearch(peering, host, digest, view.clock, observer, identity)
                start_peering(nursery, services, search, observer)
            await wait_for_stop(stop_with_stdin=node.stop_with_stdin, signals=signals)
            stack.enter_context(second_signal_kills())
            await drain(view, node.drain_ms)
            tell_unpublished(runner, observer)
            nursery.cancel_scope.cancel()
    observer.event("stopped")
