"""Show a run to a person: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager
from statistics import median
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from zkattest.devnet.board import Board, Entry
from zkattest.devnet.scenario import ATTESTERS, Act, Role
from zkattest.machines.events import BlockStatus, ParentVerdict

_COLOURS = {
    BlockStatus.VALID: "green",
    BlockStatus.INVALID: "red",
    BlockStatus.CANNOT_CHECK: "yellow",
    ParentVerdict.PROVEN: "green",
    ParentVerdict.CONTRADICTED: "red",
    ParentVerdict.NOT_PROVEN_BY_DEADLINE: "yellow",
}
_NOTES_SHOWN = 8
_COLUMNS = ("slot", "block", "static check", "its proof came", "verified in", "parent", "decision")


class View(Protocol):
    """Show what is known; every method returns at once."""

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, and leave the last state where it can be read."""
        ...

    def refresh(self, board: Board, slot: int) -> None:
        """Show the board while a slot is on."""
        ...

    def finish_slot(self, board: Board, act: Act) -> None:
        """Show a slot about which no more is to come."""
        ...

    def note(self, text: str) -> None:
        """Show something worth a line."""
        ...


class LiveTable(AbstractContextManager["LiveTable"]):
    """Redraw one table in place."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=False)
        self._notes: list[str] = []

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop drawing; the table stays."""
        self._live.stop()

    def refresh(self, board: Board, slot: int) -> None:
        """Draw every slot that has begun."""
        notes = [Text(f"  {note}", style="dim") for note in self._notes[-_NOTES_SHOWN:]]
        self._live.update(Group(make_table(board, slot), *notes), refresh=True)

    def finish_slot(self, board: Board, act: Act) -> None:
        """Do nothing: the table shows it already."""

    def note(self, text: str) -> None:
        """Keep the newest notes below the table."""
        self._notes.append(text)


class PlainLines(AbstractContextManager["PlainLines"]):
    """Print a line a slot, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __enter__(self) -> Self:
        """Do nothing."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do nothing."""

    def refresh(self, board: Board, slot: int) -> None:
        """Do nothing: a line cannot be redrawn."""

    def finish_slot(self, board: Board, act: Act) -> None:
        """Print the slot's line."""
        cells = make_row(board, act)
        line = " | ".join(" ".join(cell.plain.split()) for cell in cells)
        self._console.print(f"slot {line}", soft_wrap=True)

    def note(self, text: str) -> None:
        """Print a note."""
        self._console.print(f"  {text}", soft_wrap=True, highlight=False)


def open_view(console: Console) -> LiveTable | PlainLines:
    """Choose the way of showing that the output can take."""
    return LiveTable(console) if console.is_terminal else PlainLines(console)


def make_table(board: Board, slot: int) -> Table:
    """Draw all slots up to this one."""
    table = Table(title="a proven chain, checked", title_justify="left", show_lines=False)
    for name in _COLUMNS:
        table.add_column(name, no_wrap=name == "slot")
    for act in board.scenario.acts:
        if act.slot <= slot:
            table.add_row(*make_row(board, act))
    return table


def make_row(board: Board, act: Act) -> list[Text]:
    """Sum up a slot over its attesters."""
    entries = [board.entry(act.slot, attester) for attester in range(ATTESTERS)]
    up = [entry for entry in entries if entry.static is not None]
    recorded = board.pack[act.number]
    block = Text(f"{act.number} {recorded.name}")
    if act.title:
        block.append(f"\n({act.title})", style="dim" if act.proposer is Role.BUILDER else "red")
    return [
        Text(str(act.slot)),
        block,
        _static(up),
        _proof(up),
        _milliseconds(entry.verify_ms for entry in up),
        _parent(up),
        _decision(board, act, entries),
    ]


def _static(entries: list[Entry]) -> Text:
    cell = Text()
    kinds = Counter((entry.static, entry.reason) for entry in entries)
    for (status, reason), count in kinds.most_common():
        shown = str(status).replace("_", " ")
        if len(kinds) > 1:
            shown = f"{count}x {shown}"
        cell.append(f"{shown} ", style=_COLOURS.get(status) if status else None)
        if reason:
            cell.append(f"{reason} ", style="red")
    return cell.append_text(_milliseconds(entry.static_ms for entry in entries))


def _proof(entries: list[Entry]) -> Text:
    arrivals = [e.proof_arrival_ms for e in entries if e.proof_arrival_ms is not None]
    if not arrivals:
        return Text("-", style="dim")
    senders = sorted({entry.proof_from for entry in entries if entry.proof_from})
    first, last = min(arrivals), max(arrivals)
    span = f"{first}" if first == last else f"{first}-{last}"
    return Text(f"{span} ms into the slot\nfrom {', '.join(senders)}")


def _parent(entries: list[Entry]) -> Text:
    cell = Text()
    for verdict, count in Counter(entry.parent for entry in entries).most_common():
        prefix = f"{count}x " if count != len(entries) else ""
        shown = str(verdict).replace("_", " ")
        cell.append(f"{prefix}{shown} ", style=_COLOURS.get(verdict) if verdict else None)
    return cell


def _decision(board: Board, act: Act, entries: list[Entry]) -> Text:
    decided = [e for e in entries if (act.slot, e.attester) in board.decided]
    if not decided:
        return Text("...", style="dim")
    attested = sum(entry.attested for entry in decided)
    words = []
    if attested:
        words.append(f"{attested} attest")
    if len(decided) > attested:
        words.append(f"{len(decided) - attested} abstain")
    if len(entries) > len(decided):
        words.append(f"{len(entries) - len(decided)} down")
    fine = all(entry.is_expected for entry in entries)
    mark = " as expected" if fine else " NOT AS EXPECTED"
    return Text(", ".join(words)).append(mark, style="green" if fine else "bold red")


def _milliseconds(values: Iterable[float | None]) -> Text:
    known = [value for value in values if value is not None]
    return Text(f"{median(known):.1f} ms" if known else "-", style="" if known else "dim")
