"""Write the tables of docs/vectors.md from the vectors and from the reasons' references."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tools.check_spec_refs import load_references
from tools.vectors.model import Vector
from zkattest.conformance.outcome import Verdict

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "vectors.md"
_BLOCK: Final = "<!-- {name}: written by tools.vectors -->\n"
_END: Final = "<!-- end -->\n"


def with_tables(page: str, vectors: Sequence[Vector]) -> str:
    """Put fresh tables between the marks of a page."""
    for name, table in (
        ("counts", counts_table(vectors)),
        ("reasons", reasons_table(vectors)),
    ):
        mark = _BLOCK.format(name=name)
        pattern = re.escape(mark) + ".*?" + re.escape(_END)
        page, found = re.subn(pattern, lambda _: mark + table + _END, page, flags=re.DOTALL)  # noqa: B023
        if found != 1:
            raise ValueError(f"{PAGE.name}: {found} places for the table {name}")
    return page


def counts_table(vectors: Sequence[Vector]) -> str:
    """Count the cases of each group by their verdicts."""
    counts: dict[str, Counter[Verdict]] = {}
    for vector in vectors:
        counts.setdefault(vector.id.rpartition("/")[0], Counter())[vector.expected.verdict] += 1
    verdicts = (Verdict.VALID, Verdict.INVALID, Verdict.CANNOT_CHECK)
    lines = [row("group", *verdicts), row(*("---",) * 4)]
    lines += [row(f"`{name}`", *(one[v] or "" for v in verdicts)) for name, one in counts.items()]
    sums = [sum(one[verdict] for one in counts.values()) for verdict in verdicts]
    return "".join([*lines, row(f"all: {len(vectors)}", *sums)])


def reasons_table(vectors: Sequence[Vector]) -> str:
    """List reasons in the order of the checks with operands, sources and number of cases."""
    static = [vector for vector in vectors if vector.runner == "static"]
    lines = [row("reason", "operands", "EIP", "cases"), row(*("---",) * 4)]
    for word, reference in load_references().items():
        cases = [one for one in static if one.expected.values.get("reason") == word]
        names = sorted({", ".join(f"`{n}`" for n in operands(one)) for one in cases})
        lines.append(row(f"`{word}`", " or ".join(names), reference["eip"] or "none", len(cases)))
    return "".join(lines)


def operands(vector: Vector) -> Mapping[str, Any]:
    """Give what shows the refusal."""
    found: Mapping[str, Any] = vector.expected.values["operands"]
    return found


def row(*cells: object) -> str:
    """Write one row of a table."""
    return "| " + " | ".join(str(cell) for cell in cells) + " |\n"
