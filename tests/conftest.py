"""What holds for tests of every kind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# Their tests run real processes and sockets in real time, which a machine can starve for seconds.
REAL_TIME = ("fuzz", "hostile", "integration", "interop")


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Give tests in real time a second try; the summary says who needed it, and why."""
    for item in items:
        if item.path.relative_to(HERE).parts[0] in REAL_TIME:
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show how first tries failed: a race of ours must not hide behind the second one."""
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.section(f"first try of {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)
