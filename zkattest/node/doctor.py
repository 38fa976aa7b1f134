"""Say what of an installation works, what is missing, and how to get it."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
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


def examine(configs: Sequence[Path] = ()) -> Examination:
    """Look at everything; blocks for about a second, and asks nobody on the network."""
    return Examination(
        (
            *_installed(),
            *examine_machine(Path.cwd()),
            *examine_systems(),
            *examine_programs(),
            *examine_files(configs),
        )
    )


def _installed() -> Iterator[Finding]:
    for name, version in versions().items():
        yield Finding("installed", name, State.OK, version)
    yield Finding("installed", "platform", State.OK, platform.platform())
