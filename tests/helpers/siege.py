"""
Put a host under attack and measure what its honest peers notice.

The victim is a process of its own, the attackers are another. Two honest hosts here are connected
to the victim only: what one publishes reaches the other through it, and that is timed. The same
run measures without and with the attack, so that a busy machine makes both slower.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from subprocess import PIPE
from typing import Any

import psutil
import trio

from tests.helpers.gossip import BLOCKS, PROOF_BYTES, PROOFS, TOPICS, seed
from tests.helpers.victim import honest
from zkattest.net import GossipHost, GossipSettings, Verdict

ROOT = Path(__file__).resolve().parents[2]
MIB = 1 << 20
SMALL_BYTES = 20_000
BIG_EVERY = 8
MESSAGES_A_SECOND = 10
STRAGGLERS_S = 15.0
PATIENCE_S = 20.0
# By the clock, and by the processor time of the victim's thread.
LAGS = ("lag_ms", "lag_worked_ms")
MORE_S = 0.5
SAMPLE_S = 0.2
SETTLE_S = 0.1
SOURCE = "127.0.0.66"
FREEZE_AFTER_S = 0.7
GOODBYE_S = 5.0
FRIENDS_SETTINGS = GossipSettings(redial_first_s=0.05, redial_most_s=0.5, drain_s=0.1)


@dataclass(slots=True)
class Phase:
    """Hold what honest peers noticed for a while; the attacker's own words are in `attacker`."""

    sent: int = 0
    late_ms: list[float] = field(default_factory=list)
    rss_before_bytes: int = 0
    rss_peak_bytes: int = 0
    lag_ms: float = 0.0
    lag_worked_ms: float = 0.0
    cpu_s: float = 0.0
    attacker: dict[str, int] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    during: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)

    @property
    def delivered_percent(self) -> float:
        """Return how much of what was sent arrived."""
        return 100.0 * len(self.late_ms) / self.sent if self.sent else 100.0

    def quantile_ms(self, fraction: float) -> float:
        """Return the delivery time that a fraction of the messages stayed below."""
        ordered = sorted(self.late_ms)
        return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))] if ordered else 0.0

    @property
    def growth_mib(self) -> float:
        """Return how much memory the victim took at most beyond what it had."""
        return (self.rss_peak_bytes - self.rss_before_bytes) / MIB

    def has_happened(self, counters: Sequence[str]) -> bool:
        """Tell whether the victim has counted each of these by the end of the attack."""
        during, before = self.during["counters"], self.before["counters"]
        return all(during.get(each, 0) > before.get(each, 0) for each in counters)

    def happened(self, counter: str) -> int:
        """Return how often the victim counted something meanwhile."""
        counts = (each["counters"].get(counter, 0) for each in (self.after, self.before))
        return int(next(counts)) - int(next(counts))


class Child:
    """Talk to a process by lines."""

    def __init__(self, process: trio.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self._stdin, self._stdout = process.stdin, process.stdout
        self._rest = b""
        self._asking = trio.Lock()

    async def read_line(self) -> str:
        """Return its next line."""
        while b"\n" not in self._rest:
            data = await self._stdout.receive_some(1 << 16)
            assert data, "the process has died"
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    async def write_line(self, line: str) -> None:
        """Send it a line."""
        await self._stdin.send_all(line.encode() + b"\n")

    async def close_input(self) -> None:
        """End its standard input."""
        await self._stdin.aclose()

    async def figures(self) -> dict[str, Any]:
        """Ask a victim for its figures of the moment."""
        async with self._asking:
            # An answer that nobody waits for any more would be taken for the next one's.
            with trio.CancelScope(shield=True):
                await self.write_line("figures")
                answer: dict[str, Any] = json.loads(await self.read_line())
        return answer

    def rss_bytes(self) -> int:
        """Look at its memory from outside."""
        return int(psutil.Process(self.process.pid).memory_info().rss)


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[Child]:
    """Run a module as a process of its own, and kill it in the end."""
    command = [sys.executable, "-m", *arguments]
    process = await trio.lowlevel.open_process(command, stdin=PIPE, stdout=PIPE, cwd=ROOT)
    try:
        yield Child(process)
    finally:
        process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()


def prepared(attack: str | None) -> Any:
    """Start attackers that wait for their word; none for no attack."""
    return running("tests.helpers.attacks", attack) if attack else nullcontext()


class Siege:
    """Hold a victim and two honest hosts that know each other through it only."""

    def __init__(
        self, victim: Child, address: str, sender: GossipHost, receiver: GossipHost
    ) -> None:
        self.victim = victim
        self.address = address
        self.sender = sender
        self.receiver = receiver
        self._arrived: dict[bytes, float] = {}
        self._attacker: Child | None = None
        self._something_arrived = trio.Event()
        self._number = 0

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Mapping[str, float] | None = None, attack: str | None = None
    ) -> AsyncIterator[Siege]:
        """Start the victim and its two friends, with attackers at the ready; end them after."""
        async with (
            running("tests.helpers.victim", "0", json.dumps(settings or {})) as victim,
            prepared(attack) as attacker,
        ):
            address = await victim.read_line()
            async with (
                cls._friend(1, address) as sender,
                cls._friend(2, address) as receiver,
                trio.open_nursery() as nursery,
            ):
                siege = cls(victim, address, sender, receiver)
                siege._attacker = attacker
                nursery.start_soon(siege._receive)
                nursery.start_soon(siege._drain)
                for topic in (PROOFS, BLOCKS):
                    await sender.wait_for_mesh(topic, 1)
                    await receiver.wait_for_mesh(topic, 1)
                yield siege
                nursery.cancel_scope.cancel()

    @staticmethod
    def _friend(number: int, address: str) -> Any:
        listen = "/ip4/127.0.0.1/tcp/0"
        return GossipHost.open(listen, [address], TOPICS, seed(number), FRIENDS_SETTINGS)

    @property
    def friends(self) -> set[str]:
        """Name the honest peers."""
        return {self.sender.peer_id, self.receiver.peer_id}

    @property
    def arrived(self) -> set[bytes]:
        """Name the messages that reached the receiver."""
        return set(self._arrived)

    async def wait_for_arrival(self) -> None:
        """Return when the receiver has got one more message."""
        await self._something_arrived.wait()

    async def settle(self, descriptors: int, tasks: int) -> None:
        """Return once the victim holds its friends only, and no more than it held before."""
        with trio.fail_after(STRAGGLERS_S):
            while True:
                figures = await self.victim.figures()
                if (
                    set(figures["connected"]) == self.friends
                    and figures["descriptors"] <= descriptors
                    and figures["tasks"] <= tasks
                ):
                    return
                await trio.sleep(SETTLE_S)

    async def measure(
        self,
        seconds: float,
        attack: str | None = None,
        source: str = SOURCE,
        until: Sequence[str] = (),
    ) -> Phase:
        """Publish for a while, with or without an attack, and wait for what is on its way."""
        return await self.measure_all(seconds, [(attack, source)] if attack else [], until)

    async def measure_all(
        self, seconds: float, attacks: Sequence[tuple[str, str]], until: Sequence[str] = ()
    ) -> Phase:
        """
        Publish for a while under attacks from addresses, and wait for what is on its way.

        On a busy machine attackers need longer: they go on `until` the victim has counted all
        that is named, for at most `PATIENCE_S`.
        """
        phase = Phase(before=await self.victim.figures())
        phase.rss_before_bytes = phase.rss_peak_bytes = phase.before["rss_bytes"]
        sent: dict[bytes, float] = {}
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch, phase)
            async with trio.open_nursery() as attackers:
                over = trio.Event()
                for attack, source in attacks:
                    await attackers.start(self._attack, attack, source, over, phase)
                await self._publish(seconds, sent)
                phase.during = await self.victim.figures()
                patience_s = trio.current_time() + PATIENCE_S
                while not phase.has_happened(until) and trio.current_time() < patience_s:
                    await self._publish(MORE_S, sent)
                    phase.during = await self._figures_since(phase.during)
                over.set()
            with trio.move_on_after(STRAGGLERS_S):
                while not sent.keys() <= self._arrived.keys():
                    await self._something_arrived.wait()
            nursery.cancel_scope.cancel()
        phase.sent = len(sent)
        phase.late_ms = [
            1000 * (self._arrived.pop(each) - at_s)
            for each, at_s in sent.items()
            if each in self._arrived
        ]
        phase.after = await self.victim.figures()
        for lag in LAGS:
            setattr(phase, lag, max(phase.during[lag], phase.after[lag]))
        phase.cpu_s = phase.after["cpu_s"] - phase.before["cpu_s"]
        return phase

    async def _figures_since(self, before: dict[str, Any]) -> dict[str, Any]:
        """Ask the victim again; the worst lag of both times counts."""
        figures = await self.victim.figures()
        return figures | {lag: max(figures[lag], before[lag]) for lag in LAGS}

    async def _attack(
        self,
        attack: str,
        source: str,
        over: trio.Event,
        phase: Phase,
        task_status: trio.TaskStatus[None],
    ) -> None:
        ready, self._attacker = self._attacker, None
        async with nullcontext(ready) if ready else prepared(attack) as child:
            assert await child.read_line() == "ready"
            await child.write_line(" ".join([self.address, source, PROOFS, BLOCKS]))
            if attack == "frozen":
                await trio.sleep(FREEZE_AFTER_S)
                psutil.Process(child.process.pid).suspend()
            task_status.started()
            await over.wait()
            if attack == "frozen":
                psutil.Process(child.process.pid).resume()
            await child.close_input()
            with trio.move_on_after(GOODBYE_S):
                for name, count in json.loads(await child.read_line()).items():
                    phase.attacker[name] = phase.attacker.get(name, 0) + count

    async def _publish(self, seconds: float, sent: dict[bytes, float]) -> None:
        started_s = trio.current_time()
        for index in range(int(seconds * MESSAGES_A_SECOND)):
            await trio.sleep_until(started_s + index / MESSAGES_A_SECOND)
            self._number += 1
            size_bytes = PROOF_BYTES if index % BIG_EVERY == BIG_EVERY - 1 else SMALL_BYTES
            data = honest(self._number.to_bytes(8, "big") + os.urandom(size_bytes))
            at_s = trio.current_time()
            sent[self.sender.publish(PROOFS, data)] = at_s

    async def _watch(self, phase: Phase) -> None:
        while True:
            phase.rss_peak_bytes = max(phase.rss_peak_bytes, self.victim.rss_bytes())
            await trio.sleep(SAMPLE_S)

    async def _receive(self) -> None:
        async for message in self.receiver.messages:
            self._arrived.setdefault(message.message_id, trio.current_time())
            self._something_arrived.set()
            self._something_arrived = trio.Event()
            self.receiver.report(message.message_id, Verdict.ACCEPT)

    async def _drain(self) -> None:
        async for message in self.sender.messages:
            self.sender.report(message.message_id, Verdict.IGNORE)


@dataclass(frozen=True, slots=True)
class Row:
    """Hold the figures of one attack as they are published."""

    attack: str
    frames: int
    sent_bytes: int
    connections: int
    delivered_percent: float
    p50_ms: float
    p95_ms: float
    p50_ratio: float
    p95_ratio: float
    lag_ms: float
    growth_mib: float
    honest_peers_kept: bool
    attacker: str

    @classmethod
    def of(cls, attack: str, calm: Phase, under: Phase, friends: set[str]) -> Row:
        """Compare the time under attack with the time before it."""
        counts = under.attacker
        return cls(
            attack=attack,
            frames=counts.get("frames", 0),
            sent_bytes=counts.get("bytes", 0),
            connections=counts.get("connections", 0),
            delivered_percent=round(under.delivered_percent, 2),
            p50_ms=round(under.quantile_ms(0.5), 1),
            p95_ms=round(under.quantile_ms(0.95), 1),
            p50_ratio=ratio(under.quantile_ms(0.5), calm.quantile_ms(0.5)),
            p95_ratio=ratio(under.quantile_ms(0.95), calm.quantile_ms(0.95)),
            lag_ms=under.lag_ms,
            growth_mib=round(under.growth_mib, 1),
            honest_peers_kept=friends <= set(under.after["connected"]),
            attacker=fate(under),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the figures by their names."""
        return asdict(self)


COUNTED = {
    "graylisted": "graylisted",
    "graylisted_refused": "refused by name",
    "malformed": "streams broken off",
    "unfinished": "unfinished",
    "connection_refused": "refused by address",
    "connection_replaced": "replaced",
    "slowed_down": "slowed down",
    "overload": "messages dropped",
    "ignore": "ignored",
    "outbox_full": "not sent to",
    "connection_lost": "connections lost",
}


def fate(phase: Phase) -> str:
    """Say what became of an attacker, from the victim's own counters."""
    happened = {words: phase.happened(name) for name, words in COUNTED.items()}
    return ", ".join(f"{words} {count:,}" for words, count in happened.items() if count)


def ratio(value: float, base: float) -> float:
    """Divide, two digits."""
    return round(value / base, 2) if base else 0.0
