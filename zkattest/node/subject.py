"""Say of each kind of node what its pages show: an attester, or a judge of execution proofs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from zkattest.machines.attester import AttesterMachine
from zkattest.machines.proof_gossip import ProofGossipMachine
from zkattest.machines.slot_clock import SlotClock
from zkattest.node.beacon_feed import BeaconFeed
from zkattest.node.config import NodeConfig, ProofNodeConfig
from zkattest.node.config_policy import NodePolicy
from zkattest.node.proof_runner import ProofGossipRunner
from zkattest.node.runner import AttesterRunner
from zkattest.store import SqliteStore
from zkattest.telemetry import Reading

if TYPE_CHECKING:
    # It brings a database's library, which an attester does without.
    from zkattest.store.proofs import ProofStore


@dataclass(frozen=True, slots=True)
class Condition:
    """Say whether one thing that a ready node needs is there, and how it stands."""

    ok: bool
    detail: str


class Subject(Protocol):
    """What a view asks of the node that it shows."""

    def slots(self) -> SlotClock:
        """Return the network's time."""

    def topics(self) -> Mapping[str, str]:
        """Return the topics, by short names."""

    def at_work(self) -> int:
        """Return how much is being verified."""

    def queues(self) -> dict[str, int]:
        """Return what waits, by queue."""

    def describe(self) -> dict[str, object]:
        """Describe the network and where the node stands in it, for `/status`."""

    def conditions(self) -> dict[str, Condition]:
        """Say what only this kind of node needs to be ready."""

    def readings(self) -> Iterator[Reading]:
        """Give the numbers that only this kind of node has."""

    def files(self) -> Mapping[str, Path]:
        """Return the stores' files, by name."""

    def has_store(self) -> bool:
        """Tell whether there is a store that can be checked."""

    def check_store(self) -> None:
        """Read from the store; blocks, and raises `StoreError`."""

    async def drain(self) -> None:
        """Take no more messages, and return when all that is at work has its verdict."""


@dataclass(frozen=True, slots=True)
class AttesterSubject:
    """Show an attester of delayed execution."""

    config: NodeConfig
    machine: AttesterMachine
    runner: AttesterRunner
    store: SqliteStore | None

    def slots(self) -> SlotClock:
        """Return the network's time."""
        return self.config.profile.clock

    def topics(self) -> Mapping[str, str]:
        """Return the topics, by short names."""
        return asdict(self.config.profile.topics)

    def at_work(self) -> int:
        """Return how many checks have been started and not been answered to the machine."""
        return self.runner.at_work

    def queues(self) -> dict[str, int]:
        """Return what waits, by queue."""
        jobs = self.machine.standing().jobs.items()
        return {f"job_{stage}": count for stage, count in jobs} | {"events": self.runner.queued}

    def describe(self) -> dict[str, object]:
        """Describe the network, the head and what is proven."""
        profile, standing = self.config.profile, self.machine.standing()
        return {
            "chain_id": int(profile.chain_id),
            "fork_digest": "0x" + profile.fork.fork_digest.hex(),
            "head": {
                "slot": int(standing.head.slot),
                "block_hash": str(standing.head.block_hash),
                "is_proven": standing.head.is_proven,
            },
            "proven_slot": int(standing.proven_slot),
            **_registry(self.config.proof_policy),
        }

    def conditions(self) -> dict[str, Condition]:
        """Need nothing besides: an attester follows its chain by itself."""
        return {}

    def readings(self) -> Iterator[Reading]:
        """Give the numbers of the chain that is followed."""
        standing = self.machine.standing()
        yield Reading("head_slot", "Slot of the newest valid block", standing.head.slot)
        yield Reading("proven_slot", "Newest slot proven back to the anchor", standing.proven_slot)
        yield Reading("blocks", "Blocks that are remembered", standing.blocks)
        yield Reading("proven_roots", "Proven roots that are remembered", standing.roots)

    def files(self) -> Mapping[str, Path]:
        """Return the stores' files, by name."""
        stores = {"decisions": self.config.store, "state": self.config.state.store}
        return {name: path for name, path in stores.items() if path is not None}

    def has_store(self) -> bool:
        """Tell whether there is a store that can be checked."""
        return self.store is not None

    def check_store(self) -> None:
        """Read from the store; blocks, and raises `StoreError`."""
        if self.store is not None:
            self.store.check()

    async def drain(self) -> None:
        """Take no more messages, and return when all that is at work has its verdict."""
        await self.runner.drain()


@dataclass(frozen=True, slots=True)
class ProofSubject:
    """Show a judge of a consensus network's execution proofs (EIP-8025)."""

    config: ProofNodeConfig
    machine: ProofGossipMachine
    runner: ProofGossipRunner

    def slots(self) -> SlotClock:
        """Return the network's time."""
        return self.config.eip8025.clock

    def topics(self) -> Mapping[str, str]:
        """Return the topics, by the short names that the revision gives them."""
        settings = self.config.eip8025
        return dict(zip(settings.profile.topic_names, settings.topics, strict=True))

    def at_work(self) -> int:
        """Return how many proofs are between arrival and verdict."""
        return self.runner.at_work

    def queues(self) -> dict[str, int]:
        """Return what waits, by queue."""
        return dict(self.machine.queued) | {"events": self.runner.queued}

    def describe(self) -> dict[str, object]:
        """Describe the network, its revision, and the newest block that is known."""
        settings, newest = self.config.eip8025, self._newest()
        return {
            "chain_id": int(settings.chain_id),
            "fork_digest": "0x" + settings.fork_digest.hex(),
            "profile": settings.profile.name.value,
            "head": newest and {"slot": int(newest[0]), "block_root": newest[1]},
            **_registry(self.config.proof_policy),
        }

    def conditions(self) -> dict[str, Condition]:
        """Need a consensus node that answers, and a signer, where they are configured."""
        feed, signer = self.runner.feed, self.runner.signer
        wrong = {}
        if isinstance(feed, BeaconFeed):
            wrong["consensus_node"] = feed.standing
        if signer is not None:
            wrong["signer"] = signer.trouble
        return {name: Condition(each is None, each or "answers") for name, each in wrong.items()}

    def readings(self) -> Iterator[Reading]:
        """Give the numbers of the blocks that proofs are judged for."""
        newest = self._newest()
        yield Reading("head_slot", "Slot of the newest known block", newest[0] if newest else 0)
        yield Reading("blocks", "Blocks that are remembered", len(self.machine.blocks))
        if self.runner.signer is not None:
            meaning = "Slot below which the guard lets nothing be signed"
            yield Reading("guard_forgotten_slot", meaning, self.runner.signer.forgotten_before)

    def files(self) -> Mapping[str, Path]:
        """Return the files of the store, where it is one, and of the guard."""
        scheme, _, path = (self.config.eip8025.store or "").partition(":///")
        files = {"proofs": Path(path)} if scheme == "sqlite" else {}
        if self.config.signer is not None:
            files["guard"] = self.config.signer.guard
        return files

    def has_store(self) -> bool:
        """Tell whether there is a store that can be checked."""
        return self._store() is not None

    def check_store(self) -> None:
        """Read from the store; blocks, and raises `StoreError`."""
        store = self._store()
        if store is not None:
            store.kept_bytes()

    async def drain(self) -> None:
        """Take no more messages, and return when all that is at work has its verdict."""
        await self.runner.drain()

    def _store(self) -> ProofStore | None:
        from zkattest.store.proofs import ProofStore

        return self.runner.store if isinstance(self.runner.store, ProofStore) else None

    def _newest(self) -> tuple[int, str] | None:
        known = ((int(block.slot), str(root)) for root, block in self.machine.blocks.items())
        return max(known, default=None)


def _registry(policy: NodePolicy | None) -> dict[str, object]:
    """Describe the registry in use, and what is wrong with its file now; nothing without one."""
    if policy is None:
        return {}
    loaded, refused = policy.registry.loaded, policy.registry.refused_update
    entries = loaded.registry.entries.values()
    described = {
        "policy": policy.types.policy.name,
        "sha256": str(loaded.sha256),
        "revoked": [str(entry.id) for entry in entries if not entry.is_usable],
        "refused_update": refused,
    }
    return {"registry": described}
