"""
Report modules above 600 lines and Python functions whose body is above 80.

Rust functions are measured by clippy (`too_many_lines`); here only whole Rust files count.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULE_LINES = 600
BODY_LINES = 80


def main() -> int:
    """Print every piece that is too long; exit 1 when there is one."""
    found = list(too_long(ROOT))
    print("\n".join(found) or "sizes: nothing is too long")
    return 1 if found else 0


def too_long(root: Path) -> Iterator[str]:
    """Name each module and function above its limit."""
    for path in sources(root):
        text = path.read_text()
        name = path.relative_to(root)
        lines = len(text.splitlines())
        if lines > MODULE_LINES:
            yield f"{name}: {lines} lines, limit {MODULE_LINES}"
        if path.suffix == ".py":
            yield from long_functions(text, str(name))


def sources(root: Path) -> list[Path]:
    """List our Python and Rust sources that are tracked or could be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.py", "*.rs"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    paths = [root / name for name in listed.split("\0") if name and "/vendor/" not in name]
    return [path for path in paths if path.exists()]


def long_functions(text: str, name: str) -> Iterator[str]:
    """Name each function whose body, docstring apart, is above the limit."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node, clean=False) else node.body
            lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            if lines > BODY_LINES:
                yield f"{name}:{node.lineno}: {node.name} has {lines} lines, limit {BODY_LINES}"


if __name__ == "__main__":
    sys.exit(main())
