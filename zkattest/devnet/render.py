"""Show a run to a person: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager
from statistics import median
from types import TracebackType
from typing import Protocol, Self

from rich.box import SIMPLE_HEAD
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
_NOTES_SHOWN = 4
_LINES_A_ROW = 3
_LINES_AROUND = 5 + _NOTES_SHOWN
# Names, and the widths below which a column would not be readable any more.
_COLUMNS = {
    "slot": 4,
    "block": 16,
    "static check": 16,
    "its proof came": 14,
    "verified": 8,
    "parent": 12,
    "decision": 11,
}


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
        self._console = console
        self._live = Live(
            console=console, auto_refresh=False, transient=True, vertical_overflow="crop"
        )
        self._notes: list[str] = []
        self._whole = Table()

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
        """Stop drawing; the whole table stays, however long it is."""
        self._live.stop()
        self._console.print(self._whole)
        for note in self._notes:
            self._console.print(f"  {note}", style="dim")

    def refresh(self, board: Board, slot: int) -> None:
        """Draw the newest slots, as many as the terminal holds."""
        rows = max(3, (self._console.height - _LINES_AROUND) // _LINES_A_ROW)
        notes = [Text(f"  {note}", style="dim") for note in self._notes[-_NOTES_SHOWN:]]
        newest = make_table(board, range(slot - rows + 1, slot + 1))
        self._whole = make_table(board, range(1, slot + 1))
        self._live.update(Group(newest, *notes), refresh=True)

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


def make_table(board: Board, slots: range) -> Table:
    """Draw some slots."""
    table = Table(title="a proven chain, checked", title_justify="left", box=SIMPLE_HEAD)
    for name, least in _COLUMNS.items():
        table.add_column(name, min_width=least, overflow="fold")
    for act in board.scenario.acts:
        if act.slot in slots:
            table.add_row(*make_row(board, act))
    return table


def make_row(board: Board, act: Act) -> list[Text]:
    """Sum up a slot over its attesters."""
    entries = [board.entry(act.slot, attester) for attester in range(ATTESTERS)]
    up = [entry for entry in entries if entry.static is not None]
    block = Text(f"{act.number} {board.pack[act.number].name}")
    if act.title:
        block.append(f"\n{act.title}", style="dim" if act.proposer is Role.BUILDER else "red")
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
    for (status, reason), count in Counter((e.static, e.reason) for e in entries).most_common():
        prefix = f"{count}x " if count != len(entries) else ""
        style = _COLOURS.get(status, "") if status else ""
        cell.append(f"{prefix}{_words(status)} ", style=style)
        same = [e.static_ms for e in entries if (e.static, e.reason) == (status, reason)]
        cell.append_text(_milliseconds(same)).append(f"\n{reason}" if reason else "", style="red")
    return cell


def _proof(entries: list[Entry]) -> Text:
    arrivals = [e.proof_arrival_ms for e in entries if e.proof_arrival_ms is not None]
    if not arrivals:
        return Text("-", style="dim")
    # The builder reaches some attesters, and those reach the others.
    senders = sorted({e.proof_from for e in entries if e.proof_from}, reverse=True)
    first, last = min(arrivals), max(arrivals)
    span = f"{first}" if first == last else f"{first}-{last}"
    return Text(f"{span} ms\nfrom {', '.join(map(_short, senders))}")


def _parent(entries: list[Entry]) -> Text:
    cell = Text()
    for verdict, count in Counter(entry.parent for entry in entries).most_common():
        prefix = f"{count}x " if count != len(entries) else ""
        style = _COLOURS.get(verdict, "") if verdict else ""
        shown = _words(verdict).replace("not proven by", "not proven\nby")
        cell.append(f"{prefix}{shown} ", style=style)
    return cell


def _decision(board: Board, act: Act, entries: list[Entry]) -> Text:
    decided = [e for e in entries if (act.slot, e.attester) in board.decided]
    if not decided:
        return Text("...", style="dim")
    attested = sum(entry.attested for entry in decided)
    counts = {
        "attest": attested,
        "abstain": len(decided) - attested,
        "down": len(entries) - len(decided),
    }
    words = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    fine = all(entry.is_expected for entry in entries)
    mark = "\nas expected" if fine else "\nNOT AS EXPECTED"
    return Text(words).append(mark, style="green" if fine else "bold red")


def _short(name: str) -> str:
    """Write attesters as a1, a2: several of them stand in one cell."""
    return name.replace("attester-", "a")


def _words(verdict: BlockStatus | ParentVerdict | None) -> str:
    return str(verdict or "-").replace("_", " ")


def _milliseconds(values: Iterable[float | None]) -> Text:
    known = [value for value in values if value is not None]
    return Text(f"{median(known):.1f} ms" if known else "-", style="" if known else "dim")
