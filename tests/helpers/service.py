"""A proof engine's service on a free port of this machine, as long as a test needs it."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import trio

from zkattest.api.application import Gate
from zkattest.api.engine_service import ServiceSettings, engine_application, engine_operations
from zkattest.api.guard import RateLimiter, RateLimits, StreamCount, WorkBudget, WorkLimits
from zkattest.api.jwt_auth import JwtGuard
from zkattest.api.limits import ServerLimits
from zkattest.api.server import AsgiServer, TlsFiles, tls_context
from zkattest.ports import GuestWorker, ProofEngine
from zkattest.types.proof_profiles import PROFILES, ProfileName, ProofProfile

PROFILE = PROFILES[ProfileName.BETA4]
FAST = RateLimits(per_second=100_000, burst=100_000)


@dataclass(frozen=True)
class Service:
    """Where the service is, and its parts."""

    url: str
    port: int
    server: AsgiServer
    gate: Gate


def open_gate(
    *,
    rate: RateLimits = FAST,
    work: WorkLimits | None = None,
    token: JwtGuard | None = None,
) -> Gate:
    work = work or WorkLimits()
    return Gate(RateLimiter(rate), WorkBudget(work), StreamCount(work), token)


def make_certificate(folder: Path) -> TlsFiles:
    """Make a certificate for this machine, and its key."""
    files = TlsFiles(folder / "chain.pem", folder / "key.pem")
    command = f"""openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2
        -keyout {files.key} -out {files.certificate}
        -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"""
    subprocess.run(command.split(), check=True, capture_output=True)
    return files


@asynccontextmanager
async def engine_service(
    engine: ProofEngine,
    *,
    profile: ProofProfile = PROFILE,
    settings: ServiceSettings | None = None,
    gate: Gate | None = None,
    limits: ServerLimits | None = None,
    tls: TlsFiles | None = None,
    worker: GuestWorker | None = None,
) -> AsyncIterator[Service]:
    """Serve an engine until left."""
    gate = gate or open_gate()
    context = tls_context(tls) if tls else None
    async with (
        AsgiServer.open("127.0.0.1", 0, limits, context) as server,
        trio.open_nursery() as nursery,
    ):
        operations = engine_operations(
            engine, profile, settings or ServiceSettings(), gate, server.draining, worker
        )
        nursery.start_soon(server.serve, engine_application(operations, gate, "test"))
        scheme = "https" if tls else "http"
        yield Service(f"{scheme}://127.0.0.1:{server.port}", server.port, server, gate)
        nursery.cancel_scope.cancel()
