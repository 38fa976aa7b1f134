"""Hold the registry in use, and notice when its file has become another one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import trio

from zkattest.crypto.ed25519 import PublicKey
from zkattest.crypto.hashing import sha256
from zkattest.node.config_reader import ConfigError, Mistake
from zkattest.node.registry_file import (
    LoadedRegistry,
    load_registry,
    parse_registry,
    read_registry_bytes,
)
from zkattest.spec.program_registry import StatusChange
from zkattest.spec.proof_policy import PolicyResult
from zkattest.telemetry import Measure, Observer
from zkattest.types.programs import Sha256

DEFAULT_POLL_MS: Final = 2_000


def _take_any(_loaded: LoadedRegistry) -> None:
    """Want nothing more of a registry than that it is one."""


@dataclass(slots=True)
class RegistryFile:
    """
    Read a registry, and read it again where its file is new and right.

    `require` raises `ConfigError` for a registry that is right and will not do. Every method
    blocks: call none in an event loop. Raises `ConfigError` where the first one is wrong.
    """

    path: Path | None
    trusted: tuple[PublicKey, ...] = ()
    require: Callable[[LoadedRegistry], None] = _take_any
    loaded: LoadedRegistry = field(init=False)
    refused_update: str = ""
    """What is wrong with the file now; empty while the one in use is there."""

    def __post_init__(self) -> None:
        """Read the registry for the first time."""
        self.loaded = load_registry(self.path, self.trusted)
        self.require(self.loaded)

    def read_update(self) -> LoadedRegistry | None:
        """
        Return the file's registry where it is another one than that in use; None where not.

        Raises `ConfigError` for a file that is wrong or cannot be read, once for each mistake.
        """
        if self.path is None:
            return None
        try:
            return self._read(self.path)
        except ConfigError as error:
            if str(error) == self.refused_update:
                return None
            # What is in use stays in use: half a registry would be worse than an old one.
            self.refused_update = str(error)
            raise

    def take_up(self, update: LoadedRegistry) -> None:
        """Use another registry from now on."""
        self.loaded = update
        self.refused_update = ""

    def _read(self, path: Path) -> LoadedRegistry | None:
        data = read_registry_bytes(path)
        digest = Sha256(sha256(data))
        if digest == self.loaded.sha256:
            self.refused_update = ""
            return None
        update = parse_registry(path, data, self.trusted)
        self.require(update)
        found, in_use = update.registry.serial, self.loaded.registry.serial
        if found < in_use:
            # Signed once, and taken back since: whoever brings it would undo a revocation.
            raise ConfigError(path, Mistake("serial", f"{found}, older than {in_use}, in use"))
        return update


async def look_for_update(file: RegistryFile, observer: Observer) -> LoadedRegistry | None:
    """Return a newer registry, None where there is none or it is wrong, which is told."""
    try:
        return await trio.to_thread.run_sync(file.read_update)
    except ConfigError as error:
        observer.count(Measure.REGISTRY_UPDATES, "refused")
        observer.event("registry_refused", detail=str(error))
        return None


def tell_loaded(
    observer: Observer, update: LoadedRegistry, changes: Sequence[StatusChange]
) -> None:
    """Say that another registry is in use from now on, and what became of its programs."""
    observer.count(Measure.REGISTRY_UPDATES, "loaded")
    observer.event(
        "registry_loaded",
        sha256=update.sha256,
        entries=len(update.registry.entries),
        changes=[f"{one.entry}: {one.before} to {one.after}" for one in changes],
    )


def tell_shortfall(observer: Observer, missing: PolicyResult | None) -> None:
    """Say that nothing can be proven now, where that is so: by no proofs of programs in use."""
    if missing is not None:
        observer.event(
            "policy_cannot_be_met",
            policy=missing.policy,
            reason=missing.reason,
            excluded=[f"{name}: {exclusion}" for name, exclusion in missing.excluded],
        )


async def watch_registry(
    file: RegistryFile,
    take_up: Callable[[LoadedRegistry], Awaitable[object]],
    observer: Observer,
    poll_ms: int = DEFAULT_POLL_MS,
) -> None:
    """Look at the file every `poll_ms`, and have what is new taken up, until cancelled."""
    while True:
        await trio.sleep(poll_ms / 1000)
        update = await look_for_update(file, observer)
        if update is not None:
            await take_up(update)
