"""Run cases, several at a time, and collect what passed, what failed and what was skipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

import trio

from zkattest.conformance.cases import VectorCase
from zkattest.conformance.outcome import Outcome, Verdict, differences
from zkattest.conformance.program import ProgramError, open_program
from zkattest.conformance.registry import Found
from zkattest.conformance.values import CaseError

Ask: TypeAlias = Callable[[VectorCase], Awaitable[Outcome]]


class Status(StrEnum):
    """Say how a case went; skipped is not passed."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """Hold how one case went; `problems` say why it did not pass."""

    found: Found
    status: Status
    problems: tuple[str, ...] = ()
    case: VectorCase | None = None

    def to_json(self) -> dict[str, Any]:
        """Give what a person needs to look into it."""
        story = {}
        if self.case is not None:
            story = {"given": self.case.given, "when": self.case.when, "then": self.case.then}
        return {"id": self.found.id, **story, "problems": list(self.problems)}


@dataclass(frozen=True, slots=True)
class Settings:
    """Say whom to ask: `command` names another program, none means ourselves."""

    command: tuple[str, ...] = ()
    jobs: int = 1
    timeout_s: float = 10.0


async def run_cases(
    found: Sequence[Found], settings: Settings, report: Callable[[int], None] = lambda _done: None
) -> list[Result]:
    """Run the cases, `settings.jobs` at a time; results stand in the order of the cases."""
    results: dict[int, Result] = {}
    waiting = iter(enumerate(found))

    async def work() -> None:
        async with _somebody(settings) as ask:
            # One iterator for all workers: each case is taken once.
            for index, one in waiting:
                results[index] = await _run(one, ask, is_ours=not settings.command)
                report(len(results))

    async with trio.open_nursery() as nursery:
        for _ in range(min(settings.jobs, max(1, len(found)))):
            nursery.start_soon(work)
    return [results[index] for index in sorted(results)]


def count_by_group(results: Sequence[Result]) -> dict[str, Counter[Status]]:
    """Count how the cases of each group went, in the order of the groups."""
    groups: dict[str, Counter[Status]] = {}
    for result in results:
        group = result.found.id.rpartition("/")[0]
        groups.setdefault(group, Counter())[result.status] += 1
    return groups


@asynccontextmanager
async def _somebody(settings: Settings) -> AsyncIterator[Ask | None]:
    if not settings.command:
        yield None
        return
    async with open_program(settings.command, settings.timeout_s) as program:
        yield program.ask


async def _run(found: Found, ask: Ask | None, *, is_ours: bool) -> Result:
    """Read, ask, compare: whatever goes wrong is the failure of this one case."""
    runner = found.runner
    if runner is None:
        return Result(found, Status.SKIPPED, (f"nobody here runs {found.runner_name}",))
    case = None
    try:
        case = await trio.to_thread.run_sync(found.read)
        got = await ask(case) if ask else await trio.to_thread.run_sync(runner.check, case)
    except CaseError as error:
        return Result(found, Status.FAILED, (f"unreadable vector: {error}",), case)
    except ProgramError as error:
        return Result(found, Status.FAILED, (str(error),), case)
    except Exception as error:  # noqa: BLE001 - a bug in one case must not hide the others
        problem = f"crashed: {type(error).__name__}: {error}"
        return Result(found, Status.FAILED, (problem,), case)
    if got.verdict is Verdict.SKIPPED:
        return Result(found, Status.SKIPPED, (), case)
    problems = differences(case.expected, got, is_complete=is_ours and runner.is_complete)
    return Result(found, Status.FAILED if problems else Status.PASSED, tuple(problems), case)
