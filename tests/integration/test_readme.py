"""What the README and the page about embedding show works as it is written."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [(ROOT / name).read_text() for name in ("README.md", "docs/embedding.md")]
EXAMPLES = [
    example
    for text in TEXTS
    for example in re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.M)
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_readme_example__runs(example: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # A comment behind a call names what it shows.
    shown = re.findall(r"(?:print|start_soon)\(.*\)  # (.+)$", example, re.MULTILINE)
    assert [text for text in shown if text not in done.stdout] == []


def test_readme__has_an_example() -> None:
    assert EXAMPLES
