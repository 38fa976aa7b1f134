"""Run the devnet: start its processes, give the script out, watch, kill and restart, compare."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio

from zkattest.devnet.board import NAME_OF_PEER, Board, attester_name
from zkattest.devnet.keys import network_seed, validator_pubkeys
from zkattest.devnet.pack import Pack
from zkattest.devnet.ports import free_ports
from zkattest.devnet.processes import Child, Crew, ProcessFailed, open_crew
from zkattest.devnet.render import View
from zkattest.devnet.scenario import ATTESTERS, VICTIM, Role, Scenario
from zkattest.machines.slot_clock import SlotClock
from zkattest.net import peer_id_of_seed
from zkattest.node.loop import SystemClock
from zkattest.spec.presets import PROOF_TYPE_SP1_DEVNET
from zkattest.types.ids import ProgramVk, Slot

START_WITHIN_S = 180.0
_REFRESH_S = 0.2
# Between all being connected and genesis: meshes form within a heartbeat or two.
_SETTLE_MS = 2_000
_FORK_VERSION = "0x78860000"


class DevnetFailed(Exception):
    """Say why the devnet could not be run."""


@dataclass(slots=True)
class Conductor:
    """Hold one run."""

    pack: Pack
    program_vk: ProgramVk
    scenario: Scenario
    slot_ms: int
    folder: Path
    view: View
    board: Board
    ports: dict[str, int]
    logs: Path | None = None
    told: trio.Event = field(default_factory=trio.Event)
    _finished: int = 0
    _late_noted: set[int] = field(default_factory=set)
    _rejections_noted: set[tuple[str, str, str]] = field(default_factory=set)

    # --- Orders -------------------------------------------------------------------------------

    def write_config(self, name: str, peers: Sequence[str]) -> Path:
        """Write a process's configuration, as an operator would."""
        pubkeys = ", ".join(f'"0x{key.hex()}"' for key in validator_pubkeys(len(Role) + ATTESTERS))
        lines = [
            "[network]",
            f"chain_id = {self.pack[1].package.chain_id}",
            f'fork_version = "{_FORK_VERSION}"',
            f"genesis_time_ms = {self.board.clock.genesis_time_ms}",
            f"slot_ms = {self.slot_ms}",
            f"anchor = {json.dumps(str(self.pack[1].package_path.resolve()))}",
            f"validators = [{pubkeys}]",
            f"proposers = {self.scenario.proposers()}",
            "[[network.proof_types]]",
            f"type = {PROOF_TYPE_SP1_DEVNET}",
            'system = "sp1"',
            f'program_vk = "{self.program_vk}"',
            "[node]",
            f'listen = "/ip4/127.0.0.1/tcp/{self.ports[name]}"',
            f"peers = {json.dumps([self.address(peer) for peer in peers])}",
            f'key_seed = "0x{network_seed(name).hex()}"',
            f'store = "{name}.sqlite"' if name.startswith("attester-") else "",
            "stop_with_stdin = true",
            "[proof_policy]",
            'preset = "1-of-sp1"',
        ]
        path = self.folder / f"{name}.toml"
        path.write_text("\n".join(lines) + "\n")
        return path

    def address(self, name: str) -> str:
        """Return where a process listens."""
        return f"/ip4/127.0.0.1/tcp/{self.ports[name]}/p2p/{peer_id_of_seed(network_seed(name))}"

    def attester_orders(self, number: int) -> dict[str, Any]:
        """Tell a process to attest; the attesters dial each other."""
        others = [attester_name(other) for other in range(ATTESTERS) if other != number]
        path = self.write_config(attester_name(number), others)
        return {"role": "attester", "config": str(path)}

    def player_orders(self, role: Role) -> dict[str, Any]:
        """
        Tell a process to publish.

        The builder reaches two attesters, and gossip has to carry its messages to the others.
        Hostile peers reach all: what is rejected is not passed on.
        """
        reached = range(ATTESTERS) if role is not Role.BUILDER else range(ATTESTERS // 2)
        path = self.write_config(role, [attester_name(number) for number in reached])
        return {
            "role": "player",
            "config": str(path),
            "vectors": str(self.pack.folder.resolve()),
            "validator": role.validator,
            "publications": [asdict(plan) for plan in self.scenario.publications(role)],
        }

    def tell(self, name: str, event: dict[str, Any]) -> None:
        """Take an event of a process, and wake who waits for one."""
        if self.logs is not None:
            with (self.logs / f"{name}.jsonl").open("a") as log:
                log.write(json.dumps(event) + "\n")
        self.board.tell(name, event)
        self.told.set()
        self.told = trio.Event()

    # --- The run ------------------------------------------------------------------------------

    async def play(self, crew: Crew) -> None:
        """Start everybody, wait for the last slot's end, killing and restarting on the way."""
        self.view.note(f"starting {len(Role) + ATTESTERS} processes on 127.0.0.1")
        self.view.refresh(self.board, 0)
        attesters, players = await self._start(crew)
        self.view.note(
            f"{ATTESTERS} attesters, {len(players)} publishers connected;"
            f" {len(self.scenario.acts)} slots of {self.slot_ms / 1000:g} s"
        )
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._kill_and_restart, crew, attesters[VICTIM])
            nursery.start_soon(self._show)
            await self._slot_over(self.scenario.last_slot)
            nursery.cancel_scope.cancel()

    def finish(self) -> None:
        """Show the whole run, once everything has been told."""
        self._note_rejections()
        self._note_late_proofs()
        self._finish_slots(self.scenario.last_slot)
        self.view.refresh(self.board, self.scenario.last_slot)

    async def _start(self, crew: Crew) -> tuple[list[Child], list[Child]]:
        attesters = [await crew.start(attester_name(n)) for n in range(ATTESTERS)]
        players = [await crew.start(role) for role in Role]
        with trio.move_on_after(START_WITHIN_S) as patience:
            for child in [*attesters, *players]:
                await child.ready.wait()
            # All have imported what they need: from here to connected takes less than a second.
            first_slot_ms = SystemClock().now_ms() + _SETTLE_MS
            self.board.clock = SlotClock(first_slot_ms - self.slot_ms, self.slot_ms)
            for number, child in enumerate(attesters):
                await child.order(self.attester_orders(number))
            for role, child in zip(Role, players, strict=True):
                await child.order(self.player_orders(role))
            for child in players:
                await child.connected.wait()
        if patience.cancelled_caught:
            waiting = [c.name for c in [*attesters, *players] if not c.ready.is_set()]
            waiting = waiting or [c.name for c in players if not c.connected.is_set()]
            raise DevnetFailed(f"not ready within {START_WITHIN_S:g} s: {', '.join(waiting)}")
        return attesters, players

    async def _kill_and_restart(self, crew: Crew, victim: Child) -> None:
        """Kill an attester after one decision, and bring it back after the others' next."""
        scenario, name = self.scenario, victim.name
        # Its successor imports meanwhile: that takes seconds, on a busy machine more than a slot.
        again = await crew.start(name)
        await self._decided(scenario.kill_after_decision_of, [VICTIM])
        await victim.kill()
        self.view.note(f"slot {scenario.kill_after_decision_of}: {name} killed")
        others = [number for number in range(ATTESTERS) if number != VICTIM]
        await self._decided(scenario.restart_after_decision_of, others)
        await again.ready.wait()
        await again.order(self.attester_orders(VICTIM))
        await again.listening.wait()
        restored = self.board.restored.get(VICTIM, 0)
        self.view.note(
            f"slot {scenario.restart_after_decision_of}: {name} restarted,"
            f" {restored} blocks from its store"
        )

    async def _decided(self, slot: int, attesters: list[int]) -> None:
        while not self.board.is_decided(slot, attesters):
            await self.told.wait()

    async def _slot_over(self, slot: int) -> None:
        end_ms = self.board.clock.end_ms(Slot(slot))
        await trio.sleep(max(0.0, (end_ms - SystemClock().now_ms()) / 1000))

    async def _show(self) -> None:
        while True:
            slot = self.board.clock.slot_at(SystemClock().now_ms())
            self._note_rejections()
            self._note_late_proofs()
            # A proof that was withheld comes in a later slot: lines wait for one more slot.
            self._finish_slots(slot - 2)
            self.view.refresh(self.board, slot)
            await trio.sleep(_REFRESH_S)

    def _finish_slots(self, last: int) -> None:
        while self._finished < min(last, self.scenario.last_slot):
            self.view.finish_slot(self.board, self.scenario.acts[self._finished])
            self._finished += 1

    def _note_rejections(self) -> None:
        """Note each hostile proof once, by who saw it first."""
        for attester, event in self.board.refused:
            sender = NAME_OF_PEER.get(event["from_peer"]) or str(event["from_peer"])
            key = (sender, event["claimed_hash"], event["reason"])
            if key not in self._rejections_noted:
                self._rejections_noted.add(key)
                self.view.note(
                    f"{attester_name(attester)} rejects a proof from {sender}: {event['reason']}"
                )

    def _note_late_proofs(self) -> None:
        """Note each withheld proof once, when the first attester has it."""
        clock = self.board.clock
        for act in self.scenario.acts:
            block_hash = str(self.pack[act.number].block.block_hash)
            arrivals = [
                event["arrived_at_ms"]
                for (_, known), event in self.board.proven.items()
                if known == block_hash
            ]
            if act.is_withheld and arrivals and act.slot not in self._late_noted:
                self._late_noted.add(act.slot)
                self.view.note(
                    f"slot {clock.slot_at(min(arrivals))}: the proof of block {act.number} arrives,"
                    f" withheld since slot {act.slot}"
                )


async def run_devnet(
    pack: Pack,
    program_vk: ProgramVk,
    scenario: Scenario,
    slot_ms: int,
    view: View,
    logs: Path | None = None,
) -> Board:
    """
    Play a scenario and return what was seen; every event goes to a file of `logs` as well.

    Raises `DevnetFailed` when it could not be played to its end.
    """
    board = Board(scenario, pack, SlotClock(0, slot_ms))
    with TemporaryDirectory(prefix="zkattest-devnet-") as folder:
        names = [*Role, *(attester_name(n) for n in range(ATTESTERS))]
        ports = dict(zip(map(str, names), free_ports(len(names)), strict=True))
        conductor = Conductor(
            pack, program_vk, scenario, slot_ms, Path(folder), view, board, ports, logs
        )
        try:
            with view:
                async with open_crew(Path(folder), conductor.tell) as crew:
                    await conductor.play(crew)
                conductor.finish()
        except* (ProcessFailed, DevnetFailed) as failures:
            raise DevnetFailed(_first_message(failures)) from None
    return board


def _first_message(group: BaseExceptionGroup[Exception]) -> str:
    """Take the message of the first failure out of nested groups."""
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return str(first)
