"""Compose a proof engine's service from its configuration and run it until it is told to stop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

import trio
from prometheus_client import ProcessCollector

from zkattest import __version__
from zkattest.api.application import Gate
from zkattest.api.engine_service import engine_application, engine_operations
from zkattest.api.guard import RateLimiter, StreamCount, WorkBudget
from zkattest.api.jwt_auth import JwtGuard
from zkattest.api.operator_pages import operator_pages
from zkattest.api.server import AsgiServer, CannotServeTls, tls_context
from zkattest.node.config_service import EngineConfig, ListenSettings
from zkattest.node.engine import open_engine
from zkattest.node.guest_worker import open_guest_worker
from zkattest.node.loop import SystemClock
from zkattest.node.main import (
    CannotListen,
    second_signal_kills,
    stop_signals,
    wait_for_stop,
)
from zkattest.node.view import versions
from zkattest.ports import GuestWorker, ProofEngine
from zkattest.telemetry import NodeObserver, Reading


@dataclass(slots=True)
class ServiceView:
    """Show operators an engine's service; everything here only looks."""

    engine: ProofEngine
    server: AsgiServer
    gate: Gate
    started_at_ms: int

    def conditions(self) -> dict[str, tuple[bool, str]]:
        """Say what a service needs that is worth asking."""
        status, is_draining = self.engine.status(), self.server.draining.is_set()
        has_room = status.max_waiting == 0 or status.waiting < status.max_waiting
        can_verify = sum(info.can_verify for info in self.engine.proof_types())
        return {
            "engine": (status.is_ready, "; ".join(status.obstacles) or "running"),
            "verifier": (has_room, f"{status.verifying} at work, {status.waiting} waiting"),
            "proof_types": (can_verify > 0, f"{can_verify} can be verified"),
            "not_draining": (not is_draining, "stopping" if is_draining else "running"),
        }

    async def describe(self) -> dict[str, Any]:
        """Describe the service and its engine."""
        status = self.engine.status()
        registry = asdict(status.registry) | {"sha256": str(status.registry.sha256)}
        return {
            "versions": versions(),
            "started_at_ms": self.started_at_ms,
            "chain_id": int(status.chain_id),
            "schema_id": status.schema_id,
            "registry": registry,
            "proof_types": [
                {
                    "proof_type": int(info.proof_type),
                    "entry": str(info.entry.id),
                    "can_verify": info.can_verify,
                    "obstacle": info.obstacle,
                }
                for info in self.engine.proof_types()
            ],
            "has_chain": status.has_chain,
            "queues": self._queues(),
            "evidence_records": status.evidence_records,
            "obstacles": list(status.obstacles),
            "is_draining": self.server.draining.is_set(),
        }

    def readings(self) -> Iterator[Reading]:
        """Give the numbers that stand now."""
        yield Reading("build_info", "Version; always 1", 1, {"version": __version__})
        yield Reading("started_at_ms", "Unix time of the start", self.started_at_ms)
        for name, (ok, _) in self.conditions().items():
            meaning = "What a ready service needs: 1 is there"
            yield Reading("ready_condition", meaning, ok, {"condition": name})
        for name, length in self._queues().items():
            yield Reading("queue_length", "What waits, by queue", length, {"queue": name})
        yield Reading("http_connections", "Connections that are open", self.server.count.open)
        refused = self.server.count.refused
        meaning = "Connections that were closed at once: too many"
        yield Reading("http_connections_refused", meaning, refused, is_counter=True)
        for (name, status), count in dict(self.gate.counts).items():
            labels = {"operation": name, "status": str(status)}
            yield Reading("http_answers", "Answers over HTTP", count, labels, is_counter=True)

    def _queues(self) -> dict[str, int]:
        status = self.engine.status()
        return {
            "verifying": status.verifying,
            "verifier": status.waiting,
            "body_bytes": self.gate.work.used_bytes,
            "checks": self.gate.work.checks,
            "requests": self.gate.work.waiting,
            "event_streams": self.gate.streams.open,
        }


async def run_engine_service(config: EngineConfig, observer: NodeObserver) -> None:
    """
    Serve a proof engine until SIGINT or SIGTERM.

    The first signal ends what is idle and lets what is being answered end, within `drain_ms`; a
    second one ends the process. Raises `CannotListen` for an address or a certificate that cannot
    be used, `ConfigError` for a registry that is wrong, and `StoreError` for evidence that is.
    """
    listen, clock = config.listen, SystemClock()
    with ExitStack() as stack:
        signals = stack.enter_context(stop_signals())
        async with AsyncExitStack() as shells:
            server = await shells.enter_async_context(_open_server(listen))
            worker = await shells.enter_async_context(
                open_guest_worker(is_wanted=config.run_guests)
            )
            engine = await shells.enter_async_context(open_engine(config.engine, observer))
            gate = make_gate(config, lambda: clock.now_ms() / 1000)
            view = ServiceView(engine, server, gate, clock.now_ms())
            observer.add_readings(view.readings)
            ProcessCollector(registry=observer.registry)
            nursery = await shells.enter_async_context(trio.open_nursery())
            nursery.start_soon(_serve, config, view, worker, observer)
            _tell_listening(config, view, observer)
            await wait_for_stop(stop_with_stdin=listen.stop_with_stdin, signals=signals)
            stack.enter_context(second_signal_kills())
            await _drain(view, listen.drain_ms, observer)
            nursery.cancel_scope.cancel()
    observer.event("stopped")


def make_gate(config: EngineConfig, unix_s: Callable[[], float]) -> Gate:
    """Make what stands before the application; it takes in as many proofs as the engine does."""
    listen, bounds = config.listen, config.engine.bounds
    secret, work = listen.jwt_secret, replace(listen.work, checks=bounds.verifications)
    return Gate(
        RateLimiter(listen.rate),
        WorkBudget(work),
        StreamCount(work),
        JwtGuard(secret, unix_s) if secret is not None else None,
    )


async def _serve(
    config: EngineConfig, view: ServiceView, worker: GuestWorker | None, observer: NodeObserver
) -> None:
    operations = (
        *engine_operations(
            view.engine,
            config.profile,
            config.service,
            view.gate,
            view.server.draining,
            worker,
        ),
        *operator_pages(view.conditions, observer.exposition, view.describe),
    )
    await view.server.serve(engine_application(operations, view.gate, __version__))


def _tell_listening(config: EngineConfig, view: ServiceView, observer: NodeObserver) -> None:
    listen, status = config.listen, view.engine.status()
    if not listen.is_loopback:
        observer.event("http_is_open", host=listen.host)
    observer.event(
        "listening",
        http_host=listen.host,
        http_port=view.server.port,
        tls=listen.tls is not None,
        needs_token=listen.jwt_secret is not None,
        profile=str(config.profile.name),
        registry=str(status.registry.sha256),
        proof_types=[int(info.proof_type) for info in view.engine.proof_types()],
        has_chain=status.has_chain,
    )


async def _drain(view: ServiceView, most_ms: int, observer: NodeObserver) -> None:
    observer.event("stopping", connections=view.server.count.open)
    with trio.move_on_after(most_ms / 1000) as patience:
        await view.server.drain()
    if patience.cancelled_caught:
        observer.event("not_drained", connections=view.server.count.open)


@asynccontextmanager
async def _open_server(listen: ListenSettings) -> AsyncIterator[AsgiServer]:
    try:
        context = tls_context(listen.tls) if listen.tls is not None else None
    except CannotServeTls as error:
        raise CannotListen("service.tls_certificate", str(error)) from error
    async with AsyncExitStack() as stack:
        try:
            opened = AsgiServer.open(listen.host, listen.port, listen.limits, context)
            server = await stack.enter_async_context(opened)
        except OSError as error:
            raise CannotListen("service.listen", error.strerror or str(error)) from error
        yield server
