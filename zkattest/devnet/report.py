"""Sum a run up: a few lines for a person, one JSON file for machines."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from zkattest.devnet.board import Board
from zkattest.devnet.scenario import ATTESTERS


def as_json(board: Board) -> dict[str, object]:
    """Give the run as it stands in the file: one entry a slot and attester, in that order."""
    return {
        "ok": not board.complaints(),
        "slots": [entry.as_json() for entry in board.entries()],
        "attesters": ATTESTERS,
    }


def write_json(board: Board, path: Path) -> None:
    """Write the file whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(json.dumps(as_json(board), indent=1) + "\n")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def summarise(board: Board) -> list[str]:
    """Say in a few lines how the run went."""
    entries, complaints = board.entries(), board.complaints()
    as_expected = sum(entry.is_expected for entry in entries)
    attested = sum(entry.attested for entry in entries)
    static_ms = _middle(entry.static_ms for entry in entries)
    verify_ms = _middle(entry.verify_ms for entry in entries)
    slots = len(board.scenario.acts)
    lines = [
        f"{as_expected} of {len(entries)} verdicts as expected ({slots} slots)",
        f"{attested} attestations; medians: static check {static_ms} ms, proof {verify_ms} ms",
    ]
    for refusal in board.scenario.refusals:
        count = len(board.rejections(refusal))
        lines.append(
            f"hostile proof for block {refusal.number}: {refusal.reason},"
            f" rejected by {count} of {len(refusal.attesters)} attesters"
        )
    lines += [f"not as expected: {complaint}" for complaint in complaints]
    return lines


def _middle(values: Iterable[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{median(known):.1f}" if known else "-"
