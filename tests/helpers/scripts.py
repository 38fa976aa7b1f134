"""Run Python that needs a process of its own: signals, forks, what is imported."""

from __future__ import annotations

import subprocess
import sys


def run_script(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a script with this Python, and return how it ended and what it printed."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
