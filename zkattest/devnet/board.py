"""Gather what the processes tell: one entry a slot and attester, compared with the script."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from zkattest.devnet.keys import network_seed
from zkattest.devnet.pack import Pack
from zkattest.devnet.scenario import ATTESTERS, VICTIM, Expected, Refusal, Role, Scenario
from zkattest.machines.events import BlockStatus, Decision, ParentVerdict
from zkattest.machines.slot_clock import SlotClock
from zkattest.net import peer_id_of_seed
from zkattest.spec.reasons import Reason
from zkattest.types.ids import Slot

_Fields = dict[str, Any]


def attester_name(number: int) -> str:
    """Name an attester; people count from 1."""
    return f"attester-{number + 1}"


PLAYERS = tuple(Role)
NAMES = (*PLAYERS, *(attester_name(number) for number in range(ATTESTERS)))
NAME_OF_PEER = {peer_id_of_seed(network_seed(name)): str(name) for name in NAMES}


@dataclass(frozen=True, slots=True)
class Entry:
    """Hold what one attester made of one slot, and what was due."""

    slot: int
    attester: int
    block_hash: str | None
    static: BlockStatus | None
    reason: Reason | None
    static_ms: float | None
    proof_arrival_ms: int | None
    proof_from: str | None
    verify_ms: float | None
    parent: ParentVerdict | None
    attested: bool
    expected: Expected

    @property
    def found(self) -> Expected:
        """Give the part that is compared."""
        return Expected(self.static, self.reason, self.parent, self.attested)

    @property
    def is_expected(self) -> bool:
        """Tell whether the verdict is the one that is due."""
        return self.found == self.expected

    def as_json(self) -> dict[str, object]:
        """Give the entry as it stands in the file."""
        return {
            "slot": self.slot,
            "block_hash": self.block_hash,
            "static": self.static,
            "reason": self.reason,
            "proof_arrival_ms": self.proof_arrival_ms,
            "verify_ms": self.verify_ms,
            "parent": self.parent,
            "attested": self.attested,
            "expected": {
                "static": self.expected.static,
                "reason": self.expected.reason,
                "parent": self.expected.parent,
                "attested": self.expected.attested,
            },
        }


@dataclass(slots=True)
class Board:
    """Keep the newest word of every attester on every slot, block and proof."""

    scenario: Scenario
    pack: Pack
    clock: SlotClock
    decided: dict[tuple[int, int], _Fields] = field(default_factory=dict)
    judged: dict[tuple[int, int], _Fields] = field(default_factory=dict)
    proven: dict[tuple[int, str], _Fields] = field(default_factory=dict)
    refused: list[tuple[int, _Fields]] = field(default_factory=list)
    scores: dict[int, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))
    restored: dict[int, int] = field(default_factory=dict)

    def tell(self, name: str, event: _Fields) -> None:
        """Take one event of a process."""
        if not name.startswith("attester-"):
            return
        attester = int(name.removeprefix("attester-")) - 1
        match event.get("event"):
            case "decided":
                self.decided.setdefault((event["slot"], attester), event)
            case "block_judged":
                self.judged[event["slot"], attester] = event
            case "claim_proven":
                self.proven.setdefault((attester, event["block_hash"]), event)
            case "proof_judged" if event["verdict"] == "reject":
                self.refused.append((attester, event))
            case "peer_scores":
                named = {NAME_OF_PEER.get(p, p): s for p, s in event["scores"].items()}
                self.scores[attester].update(named)
            case "listening":
                self.restored[attester] = event["restored_blocks"]

    def entry(self, slot: int, attester: int) -> Entry:
        """Give what an attester made of a slot as far as it is known."""
        decided = self.decided.get((slot, attester), {})
        block_hash = decided.get("block_hash")
        judged = self.judged.get((slot, attester), {}) if block_hash else {}
        act = self.scenario.acts[slot - 1]
        # The proof that a row shows is that of the row's own block: an honest one has one.
        own_hash = str(self.pack[act.number].block.block_hash)
        is_honest = act.proposer is Role.BUILDER and own_hash == block_hash
        proof = self.proven.get((attester, own_hash), {}) if is_honest else {}
        arrived_at_ms = proof.get("arrived_at_ms")
        return Entry(
            slot=slot,
            attester=attester,
            block_hash=block_hash,
            static=BlockStatus(decided["block"]) if decided.get("block") else None,
            reason=Reason(judged["reason"]) if judged.get("reason") else None,
            static_ms=judged.get("static_ms"),
            proof_arrival_ms=arrived_at_ms - self.clock.start_ms(Slot(slot))
            if arrived_at_ms is not None
            else None,
            proof_from=NAME_OF_PEER.get(proof.get("from_peer", ""), proof.get("from_peer")),
            verify_ms=round(proof["verify_ms"], 2) if proof else None,
            parent=ParentVerdict(decided["parent"]) if decided.get("parent") else None,
            attested=decided.get("decision") == Decision.ATTEST,
            expected=self.scenario.expected(slot, attester),
        )

    def entries(self) -> list[Entry]:
        """Give all entries, slot by slot and attester by attester."""
        return [
            self.entry(act.slot, attester)
            for act in self.scenario.acts
            for attester in range(ATTESTERS)
        ]

    def is_decided(self, slot: int, attesters: list[int]) -> bool:
        """Tell whether these attesters have decided a slot."""
        return all((slot, attester) in self.decided for attester in attesters)

    def rejections(self, refusal: Refusal) -> list[_Fields]:
        """Find the rejections of a hostile proof, as its attesters told them."""
        claimed = str(self.pack[refusal.number].block.block_hash)
        hostile = peer_id_of_seed(network_seed(Role.HOSTILE_PROVER))
        return [
            event
            for attester, event in self.refused
            if attester in refusal.attesters
            and event["claimed_hash"] == claimed
            and event["from_peer"] == hostile
            and event["reason"] == refusal.reason
        ]

    def complaints(self) -> list[str]:
        """List everything that went otherwise than the script says."""
        found = [_complain(e) for e in self.entries() if not e.is_expected]
        for refusal in self.scenario.refusals:
            count = len(self.rejections(refusal))
            if count != len(refusal.attesters):
                found.append(
                    f"slot {refusal.slot}: hostile proof rejected as {refusal.reason} by {count}"
                    f" attesters, expected {len(refusal.attesters)}"
                )
        return found + self._wrong_scores() + self._not_restored()

    def _wrong_scores(self) -> list[str]:
        """Hostile peers are scored down, and nobody else is."""
        hostile = {str(Role.HOSTILE_PROVER), str(Role.HOSTILE_PROPOSER)}
        found: list[str] = []
        for attester, scores in sorted(self.scores.items()):
            found += [
                f"{attester_name(attester)}: score of {peer} is {score:.1f}"
                for peer, score in sorted(scores.items())
                if score < 0 and peer not in hostile
            ]
        return found + [
            f"{peer}: scored down by nobody"
            for peer in sorted(hostile)
            if not any(scores.get(peer, 0) < 0 for scores in self.scores.values())
        ]

    def _not_restored(self) -> list[str]:
        if self.restored.get(VICTIM, 0) > 0:
            return []
        return [f"{attester_name(VICTIM)}: restored nothing from its store"]


def _complain(entry: Entry) -> str:
    found, due = entry.found, entry.expected
    return (
        f"slot {entry.slot}, {attester_name(entry.attester)}: {describe(found)};"
        f" expected {describe(due)}"
    )


def describe(verdict: Expected) -> str:
    """Say a verdict in one line."""
    if verdict == Expected(None, None, None, attested=False):
        return "nothing"
    block = f"{verdict.static}({verdict.reason})" if verdict.reason else str(verdict.static)
    return f"{block}, parent {verdict.parent}, {'attested' if verdict.attested else 'abstained'}"
