"""The guest's cryptography, run in the zkVM, against ordinary libraries. Minutes: `-m prove`."""

import struct
from collections import Counter
from pathlib import Path

import pytest
import trio

from zkattest.prover.build import ensure_built
from zkattest.prover.cache import CacheEntry, current_entry, worker_environment
from zkattest.prover.protocol import Fields
from zkattest.prover.worker import open_worker

pytestmark = pytest.mark.prove

GUESTS = Path(__file__).parents[2] / "guests" / "sp1"
VECTORS = GUESTS / "crypto-tests" / "vectors"
ACCEPTED = 1
# All cases in one run take 287 million cycles, and the guest never gives memory back.
GUEST_MEMORY_BYTES = str(8 << 30)


def operations() -> list[tuple[int, bytes]]:
    """Read the list of cases: code, length of four bytes, input."""
    data = (VECTORS / "cases.bin").read_bytes()
    cases = []
    at = 0
    while at < len(data):
        code, length = struct.unpack_from("<BI", data, at)
        at += 5
        cases.append((code, data[at : at + length]))
        at += length
    return cases


def answers(data: bytes) -> list[bytes | None]:
    """Read a list of answers: a one, a length and the bytes, or a zero for a refusal."""
    found: list[bytes | None] = []
    at = 0
    while at < len(data):
        if data[at] != ACCEPTED:
            found.append(None)
            at += 1
            continue
        (length,) = struct.unpack_from("<I", data, at + 1)
        found.append(data[at + 5 : at + 5 + length])
        at += 5 + length
    return found


async def run_guest(entry: CacheEntry) -> bytes:
    """Run the committed program on the committed cases and give what it commits to."""
    paths = {"elf": GUESTS / "elf" / "crypto-tests.elf", "input": VECTORS / "cases.bin"}
    environment = {
        **worker_environment(entry),
        "ZKATTEST_SP1_GUEST_MEMORY_BYTES": GUEST_MEMORY_BYTES,
    }
    async with open_worker((str(entry.binary),), environment) as worker:
        return Fields(await worker.request("execute", paths)).hex_bytes("public_values")


def test_guest_crypto__every_case_has_the_native_answer() -> None:
    entry = current_entry()
    trio.run(ensure_built, entry, lambda *_: None, lambda *_: None)
    found = answers(trio.run(run_guest, entry))
    expected = answers((VECTORS / "answers.bin").read_bytes())
    cases = operations()
    assert len(found) == len(expected) == len(cases)
    wrong = Counter(
        code for (code, _), left, right in zip(cases, found, expected, strict=True) if left != right
    )
    assert not wrong, f"operations with wrong answers: {wrong}"
