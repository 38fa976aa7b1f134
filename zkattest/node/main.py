"""Compose a node from its configuration and run it until it is told to stop."""

from __future__ import annotations

import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import (
    AbstractContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    contextmanager,
    nullcontext,
)
from typing import Any

import structlog
import trio
from prometheus_client import ProcessCollector

from zkattest.api import HttpLimits, HttpServer
from zkattest.machines.attester import AttesterMachine
from zkattest.machines.events import PolicyChanged, SavedState
from zkattest.net import GossipHost
from zkattest.net.boundary import KeyKind
from zkattest.node.arrivals import ProofArrivals
from zkattest.node.checks import StaticChecker
from zkattest.node.config import NodeConfig
from zkattest.node.config_policy import NodePolicy
from zkattest.node.config_sections import HttpSettings
from zkattest.node.journal import Journal, worst
from zkattest.node.loop import SystemClock
from zkattest.node.peer_search import PeerSearch, start_peering
from zkattest.node.peering import StandingChain, make_peering
from zkattest.node.proofs import ProofVerifiers
from zkattest.node.registry_file import LoadedRegistry
from zkattest.node.registry_watch import tell_shortfall, watch_registry
from zkattest.node.runner import AttesterRunner
from zkattest.node.state import StateSources, open_sources
from zkattest.node.subject import AttesterSubject, Subject
from zkattest.node.view import NodeView
from zkattest.node.vitals import Vitals
from zkattest.spec.program_registry import program_names
from zkattest.store import SqliteStore
from zkattest.telemetry import NodeObserver, Observer
from zkattest.types.ids import ProgramVk, ProofType
from zkattest.types.programs import ProofSystem
from zkattest.verify.pool import VerifierPool

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class CannotListen(Exception):
    """Say which address cannot be listened at."""

    def __init__(self, field: str, detail: str) -> None:
        """Keep the field of the configuration apart."""
        super().__init__(detail)
        self.field = field


async def run_node(config: NodeConfig, observer: NodeObserver | None = None) -> None:
    """
    Run an attester until SIGINT or SIGTERM, or until standard input ends where it is told so.

    The first signal lets what is being verified end, within `config.drain_ms`; a second one ends
    the process at once. Raises `StoreError` for a store that is not ours, `CannotListen` for an
    HTTP address that is taken, and `OSError` for a gossip address that is.
    """
    observer = observer or json_lines_observer()
    with ExitStack() as stack:
        signals = stack.enter_context(stop_signals())
        store = open_store(config, stack)
        saved = store.load() if store else SavedState()
        state = stack.enter_context(open_sources(config.state))
        digest = config.profile.fork.fork_digest
        chain, peering = StandingChain(digest), config.peering
        services = make_peering(peering, chain) if peering else None
        async with AsyncExitStack() as shells:
            server = await shells.enter_async_context(open_http(config.http))
            host = await shells.enter_async_context(
                GossipHost.open(
                    config.listen,
                    config.peers,
                    config.profile.topics.limits_bytes(),
                    config.key_seed,
                    services=services,
                    key_kind=peering.key_kind if peering else KeyKind.ED25519,
                )
            )
            runner, view = compose(config, observer, host, store, saved, state)
            chain.follow(runner.machine.standing)
            nursery = await shells.enter_async_context(trio.open_nursery())
            tell_listening(
                view,
                server,
                restored_blocks=len(saved.blocks),
                restored_claims=len(saved.claims),
            )
            start(nursery, view, server, config.http)
            nursery.start_soon(runner.run, host.messages)
            if config.proof_policy is not None:
                policy = config.proof_policy
                tell_shortfall(observer, policy.types.shortfall)
                take_up = take_up_registry(policy, config.profile.proof_types, runner, observer)
                nursery.start_soon(watch_registry, policy.registry, take_up, observer)
            if peering is not None and services is not None:
                identity = config.key_seed, config.profile.fork_version
                search = PeerSearch(peering, host, digest, view.clock, observer, identity)
                start_peering(nursery, services, search, observer)
            await wait_for_stop(stop_with_stdin=config.stop_with_stdin, signals=signals)
            stack.enter_context(second_signal_kills())
            await drain(view, config.drain_ms)
            nursery.cancel_scope.cancel()
    observer.event("stopped")


def take_up_registry(
    policy: NodePolicy,
    proof_types: Mapping[ProofType, tuple[ProofSystem, ProgramVk]],
    runner: AttesterRunner,
    observer: Observer,
) -> Callable[[LoadedRegistry], Awaitable[None]]:
    """Give what has an attester judge anew by another registry."""

    async def take_up(update: LoadedRegistry) -> None:
        types = policy.by_update(update, proof_types, observer)
        await runner.tell(PolicyChanged(types))

    return take_up


def compose(
    config: NodeConfig,
    observer: NodeObserver,
    host: GossipHost,
    store: SqliteStore | None,
    saved: SavedState,
    state: StateSources,
) -> tuple[AttesterRunner, NodeView]:
    """Put the parts of an attester together; nothing runs yet."""
    profile = config.profile
    machine = AttesterMachine(config.attester_settings(), saved)
    proofs = ProofVerifiers(profile, observer=observer)
    runner = AttesterRunner(
        machine=machine,
        network=host,
        topics=profile.topics,
        blocks=StaticChecker(profile, state),
        proofs=proofs,
        store=store,
        journal=Journal(observer, host, ProofArrivals(profile.clock, observer)),
        state=state,
    )
    subject = AttesterSubject(config, machine, runner, store)
    return runner, make_view(subject, host, proofs.pool, observer, config.http)


def make_view(
    subject: Subject,
    host: GossipHost,
    pool: VerifierPool,
    observer: NodeObserver,
    http: HttpSettings | None,
) -> NodeView:
    """Make what operators look at, and have its numbers among the metrics."""
    clock = SystemClock()
    view = NodeView(
        subject=subject,
        host=host,
        pool=pool,
        vitals=Vitals(observer, clock),
        clock=clock,
        observer=observer,
        ready_peers=http.ready_peers if http else 0,
        started_at_ms=clock.now_ms(),
    )
    observer.add_readings(view.readings)
    ProcessCollector(registry=observer.registry)
    return view


def tell_listening(view: NodeView, server: HttpServer | None, **restored: int) -> None:
    """Say where a node listens, and what it resumes from."""
    view.observer.event(
        "listening",
        address=view.host.address,
        peer_id=view.host.peer_id,
        **restored,
        http_port=server.port if server else None,
    )


def start(
    nursery: trio.Nursery, view: NodeView, server: HttpServer | None, http: HttpSettings | None
) -> None:
    """Start what every node has beside its machine: the pulse, and the pages."""
    if http is not None and not http.is_loopback:
        view.observer.event("http_is_open", host=http.host)
    nursery.start_soon(view.vitals.run)
    if server is not None:
        nursery.start_soon(server.serve, view.pages())


async def drain(view: NodeView, most_ms: int) -> None:
    """Take no more messages, and let what is being verified end within its bound."""
    view.is_draining = True
    view.observer.event("peer_scores", scores=worst(view.host.peer_scores()))
    view.observer.event("stopping", at_work=view.subject.at_work())
    with trio.move_on_after(most_ms / 1000) as patience:
        await view.subject.drain()
    if patience.cancelled_caught:
        view.observer.event("not_drained", at_work=view.subject.at_work())


def open_store(config: NodeConfig, stack: ExitStack) -> SqliteStore | None:
    """Open the store, and have it closed at the end, after everything that writes to it."""
    if config.store is None:
        return None
    types = config.profile.proof_types
    store = SqliteStore(config.store, config.profile.network_id, program_names(types))
    stack.callback(store.close)
    return store


@asynccontextmanager
async def open_http(settings: HttpSettings | None) -> AsyncIterator[HttpServer | None]:
    """Listen where operators ask, if anywhere; raise `CannotListen`."""
    if settings is None:
        yield None
        return
    limits = HttpLimits(settings.max_connections, timeout_ms=settings.request_timeout_ms)
    async with open_listener("http.listen", settings.host, settings.port, limits) as server:
        yield server


@asynccontextmanager
async def open_listener(
    field: str, host: str, port: int, limits: HttpLimits
) -> AsyncIterator[HttpServer]:
    """Listen at what a field of the configuration names; raise `CannotListen`."""
    async with AsyncExitStack() as stack:
        try:
            server = await stack.enter_async_context(HttpServer.open(host, port, limits))
        except OSError as error:
            raise CannotListen(field, error.strerror or str(error)) from error
        yield server


@contextmanager
def second_signal_kills() -> Iterator[None]:
    """Let the system handle the next signal: whoever asks twice does not want to wait."""
    before: list[Any] = [signal.signal(each, signal.SIG_DFL) for each in _STOP_SIGNALS]
    try:
        yield
    finally:
        for each, handler in zip(_STOP_SIGNALS, before, strict=True):
            signal.signal(each, handler)


def stop_signals() -> AbstractContextManager[AsyncIterator[int]]:
    """Hear SIGINT and SIGTERM from here on; what comes before somebody waits is not lost."""
    return trio.open_signal_receiver(*_STOP_SIGNALS)


async def wait_for_stop(
    *, stop_with_stdin: bool, signals: AsyncIterator[int] | None = None
) -> None:
    """Return on SIGINT or SIGTERM; with standard input as a leash, also when that ends."""
    async with trio.open_nursery() as nursery:

        async def on_signal() -> None:
            with nullcontext(signals) if signals is not None else stop_signals() as received:
                async for _ in received:
                    nursery.cancel_scope.cancel()

        async def on_end_of_stdin() -> None:
            stream = trio.lowlevel.FdStream(sys.stdin.fileno())
            while await stream.receive_some(4096):
                pass
            nursery.cancel_scope.cancel()

        nursery.start_soon(on_signal)
        if stop_with_stdin:
            nursery.start_soon(on_end_of_stdin)


def json_lines_observer() -> NodeObserver:
    """Log one JSON object a line on standard output, whatever its level, without bounds."""
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
    )
    return NodeObserver(structlog.get_logger("zkattest"))
