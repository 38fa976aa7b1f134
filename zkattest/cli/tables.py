"""Open what tables are printed to: as wide as a terminal is, and wide enough for a pipe."""

from __future__ import annotations

from typing import Final

from rich.console import Console

# A program key, a name and what is said of it, unfolded: a pipe's readers search by lines.
COLUMNS_OF_A_PIPE: Final = 200


def table_console() -> Console:
    """Return standard output for tables."""
    console = Console()
    return console if console.is_terminal else Console(width=COLUMNS_OF_A_PIPE)
