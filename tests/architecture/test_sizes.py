"""Modules and functions stay small enough to read."""

from pathlib import Path

from tools.check_sizes import long_functions, too_long

ROOT = Path(__file__).resolve().parents[2]


def test_sources__have_no_module_or_function_above_its_limit() -> None:
    assert list(too_long(ROOT)) == []


def test_long_functions__names_a_body_of_81_lines_and_not_its_docstring() -> None:
    body = "\n".join(f"    x = {number}" for number in range(81))
    text = f'def big():\n    """Do\n\n    much.\n    """\n{body}\n'
    assert list(long_functions(text, "m.py")) == ["m.py:1: big has 81 lines, limit 80"]
    assert list(long_functions(text.replace("    x = 0\n", ""), "m.py")) == []
