"""Look at configuration and registry files, and at what they name; nothing is written."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from zkattest.api.server import CannotServeTls, tls_context
from zkattest.node.config import ConfigError, ProofNodeConfig, load_any_config
from zkattest.node.config_reader import read_toml
from zkattest.node.config_service import EngineConfig, ListenSettings, load_engine_config
from zkattest.node.engine_programs import EnginePrograms, RegistrySource
from zkattest.node.findings import Finding, State
from zkattest.node.registry_export import is_export
from zkattest.node.registry_file import LoadedRegistry, load_registry, read_registry_bytes
from zkattest.prover.cache import find_worker
from zkattest.prover.errors import CannotProve
from zkattest.prover.program import load_program
from zkattest.store import StoreError
from zkattest.store.proofs import ask_database
from zkattest.types.programs import EntryState, ProfileId, ProgramEntry
from zkattest.verify.builtin import NAMED_ONLY

_REGISTRY: Final = "registry"
_POSTGRES: Final = "postgresql://"


def examine_files(configs: Sequence[Path]) -> Iterator[Finding]:
    """Look at the registry of the package, and at each file: a registry, an engine's, a node's."""
    yield from _safely(Path(_REGISTRY), lambda: _examine_registry(_REGISTRY, load_registry(None)))
    for path in configs:
        yield from _safely(path, lambda path=path: _examine_file(path))  # type: ignore[misc]


def _safely(path: Path, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Pass on what is found; a file that is not as it should be is a finding for each mistake."""
    try:
        yield from look()
    except ConfigError as error:
        for mistake in error.mistakes:
            is_unread = mistake.field == "file" and not os.access(error.path, os.R_OK)
            state = State.NOT_EXAMINED if is_unread else State.WRONG
            advice = "a readable file is needed" if is_unread else f"mend {error.path}"
            yield Finding(str(path), mistake.field, state, mistake.reason, advice)


def _examine_file(path: Path) -> Iterator[Finding]:
    if is_export(read_registry_bytes(path)):
        detail = "a signed export; zkattest registry check --key 0x… says who signed it"
        yield Finding(str(path), "file", State.OK, detail)
        return
    sections = read_toml(path).keys()
    if "entry" in sections:
        yield from _examine_registry(str(path), load_registry(path))
    elif {"engine", "service"} & sections:
        yield from _examine_engine(path, load_engine_config(path))
    else:
        config = load_any_config(path)
        yield Finding(str(path), "file", State.OK, "a node's configuration, without mistakes")
        if isinstance(config, ProofNodeConfig):
            yield from _examine_store(str(path), config.eip8025.store)


def _examine_registry(group: str, loaded: LoadedRegistry) -> Iterator[Finding]:
    entries = list(loaded.registry.entries.values())
    states = [entry.status.state for entry in entries]
    counts = ", ".join(f"{states.count(state)} {state}" for state in EntryState)
    detail = f"{len(entries)} programs: {counts}; sha256 {loaded.sha256}"
    yield Finding(group, "programs", State.OK, detail)
    for profile in loaded.registry.profiles:
        yield _examine_numbering(group, loaded, profile)


def _examine_numbering(group: str, loaded: LoadedRegistry, profile: ProfileId) -> Finding:
    numbers = loaded.registry.profiles[profile].proof_types
    usable = [name for name in numbers.values() if loaded.registry.entries[name].is_usable]
    detail = f"{len(usable)} of {len(numbers)} proof types are usable"
    if usable:
        return Finding(group, f"profile {profile}", State.OK, detail)
    advice = "choose another profile; all its programs are revoked"
    return Finding(group, f"profile {profile}", State.OPTIONAL, detail, advice)


def _examine_engine(path: Path, config: EngineConfig) -> Iterator[Finding]:
    group = str(path)
    yield Finding(group, "file", State.OK, "an engine's configuration, without mistakes")
    yield from _examine_programs(group, config.engine.registry)
    yield _examine_address(group, config.listen)
    if config.listen.tls is not None:
        yield _examine_tls(group, config.listen)
    if config.engine.evidence is not None:
        yield _examine_folder(group, "evidence.folder", config.engine.evidence.folder)
    if config.run_guests:
        yield _examine_guests(group)
    if config.engine.chain is not None:
        yield from _examine_store(group, config.engine.chain.store)
    if not config.engine.isolation:
        advice = "engine.isolation = true: what hangs or eats memory then takes down a child only"
        detail = "off: verifiers run in the engine's own process"
        yield Finding(group, "engine.isolation", State.OPTIONAL, detail, advice)


def _examine_programs(group: str, source: RegistrySource) -> Iterator[Finding]:
    programs = EnginePrograms(source)
    name = f"profile {source.profile}"
    infos = programs.infos()
    usable = sum(info.can_verify for info in infos)
    state = State.OK if usable else State.WRONG
    advice = "" if usable else "name a registry with programs that can be verified"
    yield Finding(group, name, state, f"{usable} of {len(infos)} can be verified", advice)
    for info in infos:
        if not info.can_verify:
            told = f"proof type {int(info.proof_type)}, {info.entry.id}"
            advice = _how_to_verify(info.entry, source)
            yield Finding(group, told, State.OPTIONAL, info.obstacle, advice)


def _how_to_verify(entry: ProgramEntry, source: RegistrySource) -> str:
    """Say how to get what a program's verifier lacks, or that there is nothing to get."""
    key = entry.verifier_key
    if not entry.is_usable or entry.system in NAMED_ONLY:
        return "nothing to get; other programs: zkattest registry show"
    if key is None:
        return f"mend program_vk of {entry.id} in the registry"
    folder = source.verifier_keys or "a folder, named by engine.verifier_keys,"
    whence = key.url or "whoever made the circuit"
    return f"get the key from {whence} into {folder} as {key.sha256.hex()}"


def _examine_guests(group: str) -> Finding:
    """Look for the worker that an engine with `run_guests` does not start without."""
    name = "service.run_guests"
    try:
        program, entry = load_program(), find_worker()
    except CannotProve as failure:
        return Finding(group, name, State.WRONG, failure.detail, "zkattest prover init")
    return Finding(group, name, State.OK, f"{program.program_vk} by {entry.binary}")


def _examine_address(group: str, listen: ListenSettings) -> Finding:
    """Try the address for a moment."""
    name, where = "service.listen", f"{listen.host}:{listen.port}"
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    try:
        with socket.create_server((listen.host, listen.port), family=family):
            pass
    except OSError as error:
        detail = f"{where}: {os.strerror(error.errno) if error.errno else error}"
        advice = "is the engine running already? else choose another port"
        return Finding(group, name, State.OPTIONAL, detail, advice)
    if listen.is_loopback or (listen.jwt_secret is not None and listen.tls is not None):
        return Finding(group, name, State.OK, where)
    advice = "give jwt_secret and TLS, or listen at 127.0.0.1 behind a proxy"
    detail = f"{where}: others reach it, without a token or without TLS"
    return Finding(group, name, State.OPTIONAL, detail, advice)


def _examine_tls(group: str, listen: ListenSettings) -> Finding:
    name = "service.tls_certificate"
    if listen.tls is None:
        return Finding(group, name, State.OK, "none")
    try:
        tls_context(listen.tls)
    except CannotServeTls as error:
        advice = "a chain in PEM and its key without a password are needed"
        return Finding(group, name, State.WRONG, str(error), advice)
    return Finding(group, name, State.OK, str(listen.tls.certificate))


def _examine_folder(group: str, name: str, folder: Path) -> Finding:
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if existing.is_dir() and os.access(existing, os.W_OK):
        return Finding(group, name, State.OK, str(folder))
    detail = f"{existing}: cannot be written to"
    return Finding(group, name, State.WRONG, detail, "make the folder, and have it belong to us")


def _examine_store(group: str, url: str | None) -> Iterator[Finding]:
    """Ask a database server; a file of SQLite would be made by looking."""
    if url is None or not url.startswith(_POSTGRES):
        return
    try:
        yield Finding(group, "eip8025.store", State.OK, ask_database(url))
    except StoreError as error:
        advice = "start the server, or name a file: sqlite:///proofs.sqlite"
        yield Finding(group, "eip8025.store", State.WRONG, str(error), advice)
