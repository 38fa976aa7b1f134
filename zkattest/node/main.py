"""Compose a node from its configuration and run it until it is told to stop."""

from __future__ import annotations

import signal
import sys

import structlog
import trio

from zkattest.machines.attester import AttesterMachine
from zkattest.machines.events import SavedState
from zkattest.net import GossipHost
from zkattest.node.checks import StaticChecker
from zkattest.node.config import NodeConfig
from zkattest.node.journal import Journal
from zkattest.node.proofs import ProofVerifiers
from zkattest.node.runner import AttesterRunner
from zkattest.node.state import open_sources
from zkattest.store import SqliteStore
from zkattest.telemetry import NodeObserver, Observer


async def run_node(config: NodeConfig, observer: Observer | None = None) -> None:
    """
    Run an attester until SIGINT or SIGTERM, or until standard input ends where it is told so.

    Raises `StoreError` for a store that is not ours and `OSError` for an address that is taken.
    """
    observer = observer or json_lines_observer()
    profile, topics = config.profile, config.profile.topics
    store = SqliteStore(config.store, profile.network_id) if config.store else None
    saved = store.load() if store else SavedState()
    machine = AttesterMachine(config.attester_settings(), saved)
    with open_sources(config.state) as state:
        async with (
            GossipHost.open(
                config.listen, config.peers, topics.limits_bytes(), config.key_seed
            ) as host,
            trio.open_nursery() as nursery,
        ):
            observer.event(
                "listening",
                address=host.address,
                peer_id=host.peer_id,
                restored_blocks=len(saved.blocks),
                restored_claims=len(saved.claims),
            )
            runner = AttesterRunner(
                machine=machine,
                network=host,
                topics=topics,
                blocks=StaticChecker(profile, state),
                proofs=ProofVerifiers(profile),
                store=store,
                journal=Journal(observer, host),
                state=state,
            )
            nursery.start_soon(runner.run, host.messages)
            await wait_for_stop(stop_with_stdin=config.stop_with_stdin)
            runner.journal.scores()
            observer.event("stopping")
            nursery.cancel_scope.cancel()
    if store:
        store.close()


async def wait_for_stop(*, stop_with_stdin: bool) -> None:
    """Return on SIGINT or SIGTERM; with standard input as a leash, also when that ends."""
    async with trio.open_nursery() as nursery:

        async def on_signal() -> None:
            with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as received:
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
    """Log one JSON object a line on standard output."""
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
    )
    return NodeObserver(structlog.get_logger("zkattest"))
