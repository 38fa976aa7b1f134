"""
Give the nodes a bad network: namespaces joined by the shaper, or a proxy where those are forbidden.

The shaper works on IP packets between network namespaces, so that the kernel's TCP meets delay,
jitter and loss and answers them by itself. Where the machine forbids namespaces, a TCP proxy delays
what passes; it loses nothing, and says so in the results.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, cast

ROOT = Path(__file__).resolve().parents[2]
SHAPER = Path(__file__).resolve().parent / "shaper"
MTU_BYTES = 1500
FIRST_HOST = 256
PORT = 9_000
PROXY_PORT = 19_000
SHAPED = "packets of {} ± {} ms one way, {} % of them lost, {}"
DELAYED = "a TCP proxy that only delays, {} ± {} ms one way; nothing is lost ({})"


class Order(StrEnum):
    """Say what the jitter may reorder; the values are the shaper's."""

    BURSTS = "bursts"
    PACKETS = "packets"
    KEPT = "in-order"


ORDERS = {
    Order.BURSTS: "what TCP sends at once stays together, bursts overtake each other",
    Order.PACKETS: "each packet has a delay of its own",
    Order.KEPT: "in order",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """Describe the network between any two nodes."""

    delay_ms: float = 50.0
    jitter_ms: float = 20.0
    loss_percent: float = 1.0
    order: Order = Order.BURSTS
    seed: int = 1


class NoNamespaces(Exception):
    """The machine does not let us have network namespaces with devices of ours."""


def namespace_command() -> list[str]:
    """
    Return what a command is to be started with, so that it may make network namespaces.

    Nothing for root, else `unshare` with a user namespace. Raises `NoNamespaces` with the cause.
    """
    if not Path("/dev/net/tun").exists():
        raise NoNamespaces("/dev/net/tun is missing")
    if shutil.which("unshare") is None:
        raise NoNamespaces("the command unshare is missing")
    refusals = []
    prefixes: list[list[str]] = [[], ["unshare", "--user", "--map-root-user", "--net"]]
    for prefix in prefixes:
        tried = subprocess.run(
            [*prefix, "unshare", "--net", "true"], capture_output=True, text=True, check=False
        )
        if tried.returncode == 0:
            return prefix
        refusals.append(tried.stderr.strip() or f"exit {tried.returncode}")
    raise NoNamespaces("; ".join(refusals))


def built_shaper() -> Path:
    """Build the shaper outside the checkout, if need be, and return it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    target = cache / "zkattest" / "target-shaper"
    command = [str(ROOT / "tools" / "cargo.sh"), "build", "--release", "--locked", "--quiet"]
    environment = os.environ | {"CARGO_TARGET_DIR": str(target)}
    manifest = ["--manifest-path", str(SHAPER / "Cargo.toml")]
    built = subprocess.run(
        [*command, *manifest], env=environment, capture_output=True, text=True, check=False
    )
    if built.returncode != 0:
        raise NoNamespaces(f"the shaper was not built: {built.stderr.strip()[-300:]}")
    return target / "release" / "zkattest-shaper"


class Namespaces:
    """Join processes that have entered namespaces of their own."""

    in_namespace = True

    def __init__(self, shape: Shape) -> None:
        figures = (shape.delay_ms, shape.jitter_ms, shape.loss_percent)
        self.description = SHAPED.format(*(f"{each:g}" for each in figures), ORDERS[shape.order])
        self._shape = shape
        self._program = built_shaper()
        self._shaper: subprocess.Popen[str] | None = None

    def join(self, processes: Sequence[int]) -> None:
        """Connect the namespaces of these processes, in the order of their numbers."""
        shape = self._shape
        figures = (shape.delay_ms, shape.jitter_ms, shape.loss_percent, shape.order, shape.seed)
        arguments = [*map(str, figures), str(MTU_BYTES), *map(str, processes)]
        self._shaper = subprocess.Popen(
            [self._program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        # The line is no node: it must not wait for one.
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, self._shaper.pid, -15)
        if cast("IO[str]", self._shaper.stdout).readline() != "ready\n":
            raise NoNamespaces("the shaper could not make its devices")

    def listen(self, number: int) -> str:
        """Return the address that a node listens on."""
        return f"/ip4/10.77.{(number + FIRST_HOST) >> 8}.{(number + FIRST_HOST) & 255}/tcp/{PORT}"

    dial = listen

    def check(self) -> None:
        """End the run where the line has ended before."""
        if self._shaper is not None and self._shaper.poll() is not None:
            raise SystemExit(f"benches.delivery: the shaper ended with {self._shaper.returncode}")

    def close(self) -> dict[str, Any]:
        """Cut the line and return what the shaper counted."""
        if self._shaper is None:
            return {}
        said, _ = self._shaper.communicate()
        return cast("dict[str, Any]", json.loads(said or "{}"))


class DelayProxy:
    """Delay what passes between nodes that share the machine's network; lose nothing."""

    in_namespace = False

    def __init__(self, shape: Shape, cause: str) -> None:
        self.description = DELAYED.format(f"{shape.delay_ms:g}", f"{shape.jitter_ms:g}", cause)
        self._shape = shape
        self._proxy: subprocess.Popen[str] | None = None

    def join(self, processes: Sequence[int]) -> None:
        """Start the proxy, a port for each node."""
        shape = self._shape
        plan = {
            "delay_ms": shape.delay_ms,
            "jitter_ms": shape.jitter_ms,
            "seed": shape.seed,
            "ports": [[PROXY_PORT + number, PORT + number] for number in range(len(processes))],
        }
        self._proxy = subprocess.Popen(
            [sys.executable, "-m", "benches.delivery.proxy", json.dumps(plan)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        cast("IO[str]", self._proxy.stdout).readline()

    def listen(self, number: int) -> str:
        """Return the address that a node listens on."""
        return f"/ip4/127.0.0.1/tcp/{PORT + number}"

    def dial(self, number: int) -> str:
        """Return the address that a node is dialled at."""
        return f"/ip4/127.0.0.1/tcp/{PROXY_PORT + number}"

    def check(self) -> None:
        """End the run where the proxy has ended before."""
        if self._proxy is not None and self._proxy.poll() is not None:
            raise SystemExit(f"benches.delivery: the proxy ended with {self._proxy.returncode}")

    def close(self) -> dict[str, Any]:
        """Stop the proxy; it counts nothing."""
        if self._proxy is not None:
            self._proxy.kill()
            self._proxy.wait()
        return {}


Network = Namespaces | DelayProxy
