"""Read the configuration of `zkattest engine`: the engine's sections, and `[service]`."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Final

from zkattest.api.engine_service import ServiceSettings
from zkattest.api.guard import RateLimits, WorkLimits
from zkattest.api.json_rpc import RpcSettings
from zkattest.api.limits import ServerLimits
from zkattest.api.server import TlsFiles
from zkattest.api.twirp import TwirpSettings
from zkattest.api.zkboost import ListForm, ZkboostSettings
from zkattest.machines.slot_clock import SlotClock
from zkattest.node.config_eip8025 import read_eip8025
from zkattest.node.config_reader import Notes, Table, read_toml
from zkattest.node.config_sections import LogSettings, parse_listen, read_log, secret_of_file
from zkattest.node.engine_events import MAX_READERS
from zkattest.node.engine_settings import EngineSettings, read_engine
from zkattest.types.ere import EreForm
from zkattest.types.programs import EntryId
from zkattest.types.proof_profiles import PROFILES, ProfileName, ProofProfile

_DEFAULT_PORT: Final = 8025


@dataclass(frozen=True, slots=True)
class ListenSettings:
    """Say where the service listens, who may ask, and what askers can take."""

    host: str = "127.0.0.1"
    port: int = _DEFAULT_PORT
    tls: TlsFiles | None = None
    jwt_secret: bytes | None = field(default=None, repr=False)
    limits: ServerLimits = field(default_factory=ServerLimits)
    rate: RateLimits = field(default_factory=RateLimits)
    work: WorkLimits = field(default_factory=WorkLimits)
    drain_ms: int = 10_000
    stop_with_stdin: bool = False

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine can ask."""
        return ipaddress.ip_address(self.host).is_loopback


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Hold what a proof engine's service needs to run."""

    engine: EngineSettings
    profile: ProofProfile
    listen: ListenSettings
    service: ServiceSettings
    run_guests: bool = False
    log: LogSettings = field(default_factory=LogSettings)

    @property
    def clock(self) -> SlotClock | None:
        """Return the network's time, where the engine knows a chain."""
        return self.engine.chain.clock if self.engine.chain is not None else None


def load_engine_config(path: Path) -> EngineConfig:
    """Read a configuration; raise one `ConfigError` for all that is wrong with it."""
    notes = Notes(path)
    root = Table(notes, read_toml(path))
    config = _read(root)
    root.refuse_unknown()
    notes.raise_mistakes()
    if config is None:
        raise AssertionError("a part is missing, and nobody noted it")
    return config


def known_engine_fields() -> set[str]:
    """Return the dotted names of all fields that a file may have."""
    entry: dict[str, Any] = {
        "eip8025": {"fork_digest": "", "validators": [{}]},
        "evidence": {},
        "proof_policy": {"weights": [{}]},
    }
    root = Table(Notes(Path("none.toml")), entry)
    _ = _read(root)
    return {name.replace("[0]", "") for name in root.known()}


def sample_engine_config() -> str:
    """Return a configuration with a comment for every line, as `--print-config` prints it."""
    return resources.files("zkattest.node").joinpath("engine.sample.toml").read_text("utf-8")


def _read(root: Table) -> EngineConfig | None:
    """Read every section, so that all mistakes are noted."""
    chain = read_eip8025(root, names_programs=False)
    engine = read_engine(root, chain)
    table = root.table("service")
    name = table.choice("profile", ProfileName, ProfileName.BETA4)
    listen, service = _read_listen(table), _read_service(table)
    run_guests = table.flag("run_guests", default=False)
    log = read_log(root.table("log"))
    if engine is None:
        return None
    profile = PROFILES[name]
    if chain is not None:
        if table.has("profile") and name is not chain.profile.name:
            table.wrong("profile", f"{name}, but eip8025.profile is {chain.profile.name}")
        profile = chain.profile
        if engine.chain_id != chain.chain_id:
            reason = f"{engine.chain_id}, but eip8025.chain_id is {chain.chain_id}"
            root.table("engine").wrong("chain_id", reason)
    return EngineConfig(engine, profile, listen, service, run_guests, log)


def _read_listen(table: Table) -> ListenSettings:
    default = ListenSettings()
    text = table.text("listen", f"{default.host}:{default.port}")
    host, port = table.make("listen", parse_listen, text) or (default.host, default.port)
    secret = table.path("jwt_secret")
    return ListenSettings(
        host=host,
        port=port,
        tls=_read_tls(table),
        jwt_secret=table.make("jwt_secret", secret_of_file, secret) if secret is not None else None,
        limits=_read_limits(table),
        rate=_read_rate(table),
        work=_read_work(table),
        drain_ms=table.integer("drain_ms", default.drain_ms),
        stop_with_stdin=table.flag("stop_with_stdin", default=False),
    )


def _read_tls(table: Table) -> TlsFiles | None:
    certificate, key = table.path("tls_certificate"), table.path("tls_key")
    if certificate is not None and key is not None:
        return TlsFiles(certificate, key)
    if certificate is not None:
        table.wrong("tls_key", "missing: tls_certificate is there")
    if key is not None:
        table.wrong("tls_certificate", "missing: tls_key is there")
    return None


def _read_limits(table: Table) -> ServerLimits:
    default = ServerLimits()
    return ServerLimits(
        connections=table.integer("max_connections", default.connections, least=1),
        connections_per_address=table.integer(
            "max_connections_per_address", default.connections_per_address, least=1
        ),
        idle_ms=table.integer("idle_ms", default.idle_ms, least=1),
        head_ms=table.integer("head_ms", default.head_ms, least=1),
        body_ms=table.integer("body_ms", default.body_ms, least=1),
        body_bytes_per_s=table.integer("body_bytes_per_second", default.body_bytes_per_s, least=1),
        write_ms=table.integer("write_ms", default.write_ms, least=1),
    )


def _read_rate(table: Table) -> RateLimits:
    default = RateLimits()
    return RateLimits(
        per_second=table.integer("requests_per_second", int(default.per_second), least=1),
        burst=table.integer("request_burst", default.burst, least=1),
    )


def _read_work(table: Table) -> WorkLimits:
    default = WorkLimits()
    streams = table.integer("event_streams", default.streams)
    if streams > MAX_READERS:
        table.wrong("event_streams", f"{streams}, expected at most {MAX_READERS}")
    return WorkLimits(
        body_bytes=table.integer("body_memory_bytes", default.body_bytes, least=1),
        waiting=table.integer("waiting_requests", default.waiting),
        wait_ms=table.integer("wait_ms", default.wait_ms, least=1),
        streams=streams,
    )


def _read_service(table: Table) -> ServiceSettings:
    rpc, zkboost, twirp = RpcSettings(), ZkboostSettings(), TwirpSettings()
    program = table.text("ere_program", "")
    return ServiceSettings(
        rpc=RpcSettings(
            batch=table.integer("rpc_batch", rpc.batch, least=1),
            max_timeout_ms=table.integer("rpc_max_timeout_ms", rpc.max_timeout_ms, least=1),
        ),
        zkboost=ZkboostSettings(
            proof_ms=table.integer("proof_ms", zkboost.proof_ms, least=1),
            proof_types=table.choice("proof_types_form", ListForm, zkboost.proof_types),
        ),
        twirp=TwirpSettings(
            program=table.make("ere_program", EntryId, program) if program else None,
            form=table.choice("ere_form", EreForm, twirp.form),
            guest_ms=table.integer("guest_ms", twirp.guest_ms, least=1),
        ),
    )
