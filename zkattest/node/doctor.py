"""Say what of an installation works, what is missing, and how to get it."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path

from zkattest.node.doctor_files import examine_files
from zkattest.node.doctor_machine import examine_machine, examine_programs
from zkattest.node.doctor_systems import examine_systems
from zkattest.node.findings import Finding, State
from zkattest.node.view import versions


class Health(StrEnum):
    """Sum up an examination."""

    WELL = "well"
    WRONG = "wrong"
    NOT_EXAMINED = "not_examined"


@dataclass(frozen=True, slots=True)
class Examination:
    """Hold all that was found, in the order in which it was looked at."""

    findings: tuple[Finding, ...]

    @property
    def health(self) -> Health:
        """Say whether anything is wrong; what could not be looked at is no good news either."""
        states = {each.state for each in self.findings}
        if State.WRONG in states:
            return Health.WRONG
        return Health.NOT_EXAMINED if State.NOT_EXAMINED in states else Health.WELL


Report = Callable[[Finding], None]


def report_nothing(_finding: Finding) -> None:
    """Show nothing."""


def examine(configs: Sequence[Path] = (), report: Report = report_nothing) -> Examination:
    """
    Look at everything, and `report` each finding as it is made.

    Blocks for seconds, most of them in PLONK; asks nobody but a database server that a file names.
    """
    findings: list[Finding] = []
    for finding in chain(
        _installed(),
        examine_machine(Path.cwd()),
        examine_systems(),
        examine_programs(),
        examine_files(configs),
    ):
        report(finding)
        findings.append(finding)
    return Examination(tuple(findings))


def _installed() -> Iterator[Finding]:
    for name, version in versions().items():
        yield Finding("installed", name, State.OK, version)
    yield Finding("installed", "platform", State.OK, platform.platform())
