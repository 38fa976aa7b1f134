"""An engine with a registry of its own, the recorded chain's proofs, and a log that tests read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import trio

from zkattest.devnet.pack import load_pack
from zkattest.node.engine import Engine, open_engine
from zkattest.node.engine_programs import RegistrySource
from zkattest.node.engine_settings import EngineBounds, EngineSettings, EvidenceSettings
from zkattest.spec.presets import SCHEMA_DELAYED_EXECUTION
from zkattest.types.ids import ChainId, ProgramVk
from zkattest.types.programs import ProfileId, ProofSystem
from zkattest.types.wire import PublicValues
from zkattest.verify.registry import Registry

FOLDER = Path(__file__).resolve().parents[2]
PACK = load_pack(FOLDER / "vectors" / "eip7886" / "chain")
PROGRAM_VK = ProgramVk.from_hex((FOLDER / "guests/sp1/elf/zkattest-guest.vk").read_text().strip())
PROFILE = ProfileId("test")

REGISTRY = f"""\
version = 1

[[entry]]
id = "ours"
system = "sp1"
program_vk = "{PROGRAM_VK}"
guest = {{ name = "zkattest-guest", version = "0.1.0", execution_client = "ethrex" }}
statement = {{ schema_id = 0x7886 }}

[[entry]]
id = "foreign"
system = "sp1"
program_vk = "0x00a03cbfa95559cfee3b45ef925f3f7a631181e35e774e92b040277d893511dd"
guest = {{ name = "reth", version = "0.1.0", execution_client = "reth" }}
statement = {{ schema_id = 0x7886, chain_id = 1 }}

[[entry]]
id = "unsupported"
system = "openvm"
program_vk = "0x{"11" * 32}"
guest = {{ name = "reth", version = "0.1.0", execution_client = "reth" }}
statement = {{ schema_id = 0x7886 }}

[[entry]]
id = "withdrawn"
system = "sp1"
program_vk = "0x00662ca6c9db4ecb22d9ac4c320612caeac9c320f92e3ab019af4f544e35c88b"
guest = {{ name = "ethrex", version = "26.0.0", execution_client = "ethrex" }}
statement = {{ schema_id = 0x7886 }}
status = {{ state = "revoked", since = "2026-11-21", reason = "a test says so" }}

[[profile]]
id = "test"
types = [
  {{ number = 1, entry = "ours" }},
  {{ number = 2, entry = "foreign" }},
  {{ number = 3, entry = "unsupported" }},
  {{ number = 4, entry = "withdrawn" }},
]
"""
REVOKED_REGISTRY = REGISTRY.replace(
    "statement = { schema_id = 0x7886 }\n",
    "statement = { schema_id = 0x7886 }\n"
    'status = { state = "revoked", since = "2026-11-22", reason = "unsound" }\n',
    1,
)


@dataclass
class EventLog:
    """Keep events and counts; an `Observer`."""

    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    counts: list[tuple[str, str]] = field(default_factory=list)
    changed: trio.Event = field(default_factory=trio.Event)

    def count(self, measure: object, outcome: str) -> None:
        self.counts.append((str(measure), str(outcome)))

    def observe_ms(self, measure: object, value_ms: float, label: str = "") -> None: ...

    def event(self, name: str, **fields: object) -> None:
        self.events.append((name, fields))
        self.changed.set()
        self.changed = trio.Event()

    async def wait_for(self, name: str) -> dict[str, Any]:
        while not self.named(name):
            await self.changed.wait()
        return self.named(name)[-1]

    def named(self, name: str) -> list[dict[str, Any]]:
        return [fields for found, fields in self.events if found == name]


@cache
def statement_of(number: int) -> PublicValues:
    """What the recorded proof of a block proves."""
    verifier = Registry([(ProofSystem.SP1, PROGRAM_VK)]).verifier(ProofSystem.SP1, PROGRAM_VK)
    return PublicValues.decode(verifier.verify(PACK[number].proof()).public_values)


def engine_settings(folder: Path, **changes: Any) -> EngineSettings:
    """Settings of an engine whose files are in a folder; its registry is written there."""
    path = folder / "registry.toml"
    if not path.exists():
        path.write_text(REGISTRY)
    settings = EngineSettings(
        registry=RegistrySource(PROFILE, path),
        chain_id=ChainId(1),
        schema_id=SCHEMA_DELAYED_EXECUTION,
        isolation=False,
        registry_poll_ms=3_600_000,
        bounds=EngineBounds(threads=1, deadline_ms=60_000),
    )
    return replace(settings, **changes)


def with_evidence(folder: Path, proof_bytes: int = 8 << 20) -> EvidenceSettings:
    """Settings of a log in a folder, with room for a few proofs."""
    return EvidenceSettings(folder / "evidence", proof_bytes=proof_bytes)


@asynccontextmanager
async def running_engine(
    folder: Path, log: EventLog | None = None, **changes: Any
) -> AsyncIterator[Engine]:
    """Run a real engine."""
    async with open_engine(engine_settings(folder, **changes), log or EventLog()) as engine:
        yield engine
