"""Write a script in virtual time, and what it should give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tools.vectors.eip8025.messages import Message
from tools.vectors.eip8025.world import SLOT, VERIFY_MS, ProofVector, Scene, vector
from zkattest.conformance.outcome import Outcome, Verdict
from zkattest.conformance.values import as_json
from zkattest.types.proof_profiles import ProofProfile

WAIT_MS: Final = 24_000
END_MS: Final = 60_000
ACCEPT: Final = "accept"
ALICE: Final = "alice"
BOB: Final = "bob"


@dataclass(slots=True)
class Script:
    """Write a script and what it should give; times are in milliseconds."""

    profile: ProofProfile
    name: str
    limits: dict[str, int] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    valid: dict[bytes, list[int]] = field(default_factory=dict)
    scene: Scene = field(init=False)

    def __post_init__(self) -> None:
        """Name the blocks after the script."""
        self.scene = Scene(self.profile, f"pool/{self.name}")

    def block(self, at_ms: int, which: str = "block", slot: int = SLOT) -> None:
        """Have a block imported."""
        self._event(at_ms, "block", root=self.scene.root(which), slot=slot)

    def payload(self, at_ms: int, which: str = "block") -> None:
        """Have a block's payload seen."""
        values = self.scene.values(which)
        self._event(at_ms, "payload", root=self.scene.root(which), public_values=values)

    def known(self, at_ms: int = 0, which: str = "block", slot: int = SLOT) -> None:
        """Have a block imported, and its payload seen."""
        self.block(at_ms, which, slot)
        self.payload(at_ms, which)

    def head(self, at_ms: int, which: str) -> None:
        """Have a block be the head."""
        self._event(at_ms, "head", root=self.scene.root(which))

    def finalized(self, at_ms: int, slot: int) -> None:
        """Have a slot finalized."""
        self._event(at_ms, "finalized", slot=slot)

    def restart(self, at_ms: int) -> None:
        """Have the node stopped and started again."""
        self._event(at_ms, "restart")

    def message(
        self,
        at_ms: int,
        name: str,
        message: Message | None = None,
        engine: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        """Have a message come; without more words it is a good one about the block."""
        sent = message or self.scene.message()
        answer = self.scene.valid() if engine is None else dict(engine)
        slow = {"signature_ms": more["signature_ms"]} if "signature_ms" in more else {}
        self._event(
            at_ms,
            "message",
            name=name,
            **{"from": more.get("peer", ALICE)},
            message=sent.ssz().to_json(),
            engine=None if more.get("unverified") else answer,
            verify_ms=more.get("verify_ms", VERIFY_MS),
            **slow,
        )

    def asks(self, at_ms: int, name: str) -> None:
        """Expect that the engine is asked."""
        self.asked.append({"at_ms": at_ms, "message": name})

    def gives(self, at_ms: int, name: str, verdict: str, reason: str = "") -> None:
        """Expect a verdict."""
        said = {"at_ms": at_ms, "message": name, "verdict": verdict}
        self.verdicts.append({**said, "reason": reason} if reason else said)

    def judged(
        self,
        at_ms: int,
        name: str,
        verdict: str = ACCEPT,
        reason: str = "",
        verify_ms: int = VERIFY_MS,
    ) -> None:
        """Expect that the engine is asked, and a verdict when it has answered."""
        self.asks(at_ms, name)
        self.gives(at_ms + verify_ms, name, verdict, reason)

    def knows(self, which: str = "block", *types: int) -> None:
        """Expect that valid proofs of these types are known in the end."""
        self.valid[self.scene.root(which)] = list(types or (1,))

    def vector(self, given: str, when: str, then: str, *tags: str) -> ProofVector:
        """Describe the case."""
        known = [{"root": root, "proof_types": types} for root, types in self.valid.items()]
        values = {"verdicts": self.verdicts, "engine": self.asked, "valid": known}
        return vector(
            self.profile,
            f"pool/{self.name}",
            (given, when, then),
            {
                **self.scene.shared(),
                "limits": {"wait_ms": WAIT_MS, **self.limits},
                "events": self.events,
                "until_ms": END_MS,
            },
            Outcome(Verdict.PLAYED, as_json(values)),
            tags,
        )

    def _event(self, at_ms: int, event: str, **members: Any) -> None:
        self.events.append({"at_ms": at_ms, "event": event, **as_json(members)})


def on_known(profile: ProofProfile, name: str, limits: dict[str, int] | None = None) -> Script:
    """Begin a script with a block whose payload has been seen."""
    one = Script(profile, name, limits or {})
    one.known()
    return one
