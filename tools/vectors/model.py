"""One vector as it is defined: the story, the input, the outcome that the rules give."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any, Final

from eth_utils.crypto import keccak

from tests.helpers import rlp
from tests.helpers.blocks import Case
from zkattest.conformance.cases import FORMAT, VectorCase
from zkattest.conformance.outcome import Outcome, Verdict, cannot_check, differences, invalid
from zkattest.conformance.registry import RUNNERS
from zkattest.conformance.static import write_package
from zkattest.conformance.values import as_json
from zkattest.spec.presets import OSAKA
from zkattest.spec.reasons import Cause, Notice, Reason
from zkattest.types.execution import BlockPackage, Header

# A run of equal bytes as long as this is written as one byte and a count.
SHORTEST_REPEAT: Final = 1_000
_RUN: Final = re.compile(rb"(.)\1{%d,}" % (SHORTEST_REPEAT - 1), re.DOTALL)


class DisagreementError(Exception):
    """Say which vector our own checker answers otherwise."""


@dataclass(frozen=True, slots=True)
class Vector:
    """Hold one vector before it is written; `id` is runner, group and name."""

    id: str
    given: str
    when: str
    then: str
    tags: tuple[str, ...]
    profile: Mapping[str, Any]
    input: Mapping[str, Any]
    expected: Outcome

    @property
    def runner(self) -> str:
        """Name who checks it."""
        return self.id.partition("/")[0]

    def files(self) -> dict[str, bytes]:
        """Give the three files by their names."""
        about = {
            "format": FORMAT,
            "name": self.id,
            "given": self.given,
            "when": self.when,
            "then": self.then,
            "profile": self.profile,
            "tags": list(self.tags),
        }
        return {
            "case.json": render(about),
            "input.json": render(self.input),
            "expected.json": render(self.expected.to_json()),
        }

    def require_agreement(self) -> None:
        """Raise `DisagreementError` unless our own checker gives the expected outcome."""
        runner = RUNNERS[self.runner]
        case = VectorCase(
            id=self.id,
            runner=self.runner,
            folder=Path(),
            given=self.given,
            when=self.when,
            then=self.then,
            tags=self.tags,
            profile=self.profile,
            input=self.input,
            expected=self.expected,
        )
        problems = differences(self.expected, runner.check(case), is_complete=True)
        if problems:
            raise DisagreementError(f"{self.id}: {'; '.join(problems)}")


@dataclass(frozen=True, slots=True)
class Group:
    """Make the vectors of one group of static verification."""

    name: str
    tags: tuple[str, ...] = ()

    def vector(
        self,
        name: str,
        story: tuple[str, str, str],
        question: Case | BlockPackage,
        expected: Outcome,
        **flags: bool,
    ) -> Vector:
        """
        Describe one case: `story` says given, when and then.

        A valid outcome gets the hash of the block's header, computed here.
        """
        package = question if isinstance(question, BlockPackage) else question.package()
        if expected.verdict is Verdict.VALID and isinstance(question, Case):
            found = {"block_hash": as_json(header_hash(question.child_header()))}
            expected = Outcome(Verdict.VALID, {**found, **expected.values})
        given, when, then = story
        return Vector(
            id=f"static/{self.name}/{name}",
            given=given,
            when=when,
            then=then,
            tags=self.tags,
            profile=profile(**flags),
            input=shorten({**write_package(package), "block": package.block}),
            expected=expected,
        )


def fine(*notices: tuple[Notice, Mapping[str, object]]) -> Outcome:
    """Expect a valid block, and what is remarkable about it."""
    listed = [{"notice": kind, "operands": operands} for kind, operands in notices]
    return Outcome(Verdict.VALID, {"notices": as_json(listed)})


def refused(reason: Reason, **operands: object) -> Outcome:
    """Expect a refusal."""
    return invalid(reason, **operands)


def unknown(cause: Cause) -> Outcome:
    """Expect that there is no verdict."""
    return cannot_check(cause)


def profile(*, refund_aware: bool = False, cap_balance: bool = False) -> dict[str, Any]:
    """Name the rules that a vector is for."""
    return {"preset": OSAKA.name.value, "refund_aware": refund_aware, "cap_balance": cap_balance}


def header_hash(header: Header) -> bytes:
    """Hash a header with neither the encoder nor the hash function of the package."""
    return bytes(keccak(rlp.encode(list(astuple(header)))))


def shorten(given: Mapping[str, Any]) -> dict[str, Any]:
    """Write bytes as vectors do, with long runs of one byte as a repeat."""
    return {
        name: pieces(value) if isinstance(value, bytes) else value for name, value in given.items()
    }


def pieces(data: bytes) -> str | list[Any]:
    """Write bytes; a list of pieces where a long run of one byte is in them."""
    parts: list[Any] = []
    end = 0
    for run in _RUN.finditer(data):
        if run.start() > end:
            parts.append(as_json(data[end : run.start()]))
        parts.append({"repeat": as_json(data[run.start() : run.start() + 1]), "times": len(run[0])})
        end = run.end()
    if not parts:
        return str(as_json(data))
    return [*parts, as_json(data[end:])] if end < len(data) else parts


def render(value: Mapping[str, Any]) -> bytes:
    """Write JSON: one member a line, so that a change shows where it is."""
    return (json.dumps(value, indent=1, ensure_ascii=True) + "\n").encode()


@dataclass(slots=True)
class Names:
    """Refuse a name that is taken, or has another form than the pack's."""

    form: str = r"[a-z0-9_]+/[a-z0-9_]+/[a-z0-9_]+"
    taken: set[str] = field(default_factory=set)

    def claim(self, name: str) -> None:
        """Take a name; raise ValueError where it is taken or made of other than plain words."""
        if not re.fullmatch(self.form, name) or name in self.taken:
            raise ValueError(f"{name}: taken, or not words of lower-case letters")
        self.taken.add(name)
