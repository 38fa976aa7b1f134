"""List who checks which folder of vectors, and find the cases below a path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zkattest.conformance.cases import CASE_FILE, VectorCase, is_wanted, read_case
from zkattest.conformance.chain import META_FILE, read_chain_case
from zkattest.conformance.claim import check_claim
from zkattest.conformance.execution import check_execution, read_execution_case
from zkattest.conformance.gossip import check_gossip
from zkattest.conformance.outcome import Outcome
from zkattest.conformance.pool import check_pool
from zkattest.conformance.signing import check_signing
from zkattest.conformance.ssz import check_ssz
from zkattest.conformance.static import check_static
from zkattest.conformance.values import CaseError

Check = Callable[[VectorCase], Outcome]
Read = Callable[[Path, str, str], VectorCase]


@dataclass(frozen=True, slots=True)
class Runner:
    """
    Know how to read the cases of a folder, and how to answer them.

    `is_complete` asks that an answer of ours gives everything the vector has, and nothing else.
    `by_profile` says that a pack has the folder once for each profile.
    """

    check: Check
    read: Read = read_case
    is_complete: bool = True
    by_profile: bool = False


# The name is that of the folder: `<pack>/<runner>/<group>/<case>`, with a profile before the runner
# where there are several.
RUNNERS: Final[dict[str, Runner]] = {
    "static": Runner(check_static),
    "claim": Runner(check_claim),
    # A vector says of an execution more than an answer has to.
    "execution": Runner(check_execution, read_execution_case, is_complete=False),
    # `<pack>/chain/<case>`; a recorded chain lists no notices.
    "chain": Runner(check_static, read_chain_case, is_complete=False),
    # Execution proofs on gossip (EIP-8025).
    "ssz": Runner(check_ssz, by_profile=True),
    "signing": Runner(check_signing, by_profile=True),
    "gossip": Runner(check_gossip, by_profile=True),
    "pool": Runner(check_pool, by_profile=True),
}


@dataclass(frozen=True, slots=True)
class Found:
    """Hold where a case lies and who can read it; None where nobody here can."""

    id: str
    folder: Path
    runner_name: str
    runner: Runner | None

    def read(self) -> VectorCase:
        """Read the case; raise `CaseError`."""
        if self.runner is None:
            raise CaseError("runner", f"none for {self.runner_name}")
        return self.runner.read(self.folder, self.id, self.runner_name)


def find_cases(path: Path, pattern: str = "") -> list[Found]:
    """Find the cases below a path, in the order of their ids; reads no file."""
    # Resolved, so that a path into a pack gives the same ids as the whole pack does.
    root = path.resolve()
    folders = {file.parent: 2 for file in root.rglob(CASE_FILE)}
    folders |= {file.parent: 1 for file in root.rglob(META_FILE)}
    found = [_found(folder, depth) for folder, depth in folders.items()]
    return sorted((one for one in found if is_wanted(one.id, pattern)), key=lambda one: one.id)


def _found(folder: Path, depth: int) -> Found:
    name = folder.parents[depth - 1].name
    runner = RUNNERS.get(name)
    depth += runner is not None and runner.by_profile
    return Found("/".join(folder.parts[-1 - depth :]), folder, name, runner)
