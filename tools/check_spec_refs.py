"""
Report reasons of static verification without a reference or a vector, and references to nothing.

Which reasons static verification can give is read from its sources: `Reason.…` in the modules of
the rules, and the words that the decoders refuse with.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from zkattest.spec.reasons import Reason

ROOT: Final = Path(__file__).resolve().parent.parent
REFERENCES: Final = ROOT / "docs" / "spec_refs.yaml"
VECTORS: Final = ROOT / "vectors" / "eip7886" / "static"
RULES: Final = ("header", "binding", "static_block", "transactions", "senders")
# The decoders, in whichever crate they stand.
DECODERS: Final = ("rust/py/src", "rust/blocks/src")
_DECODER_WORD: Final = re.compile(r'"(malformed_\w+|unknown_\w+|block_too_large)"')


def main() -> int:
    """Print every complaint; exit 1 when there is one."""
    found = list(complaints(load_references(), static_reasons(), reasons_with_vectors()))
    print("\n".join(found) or "spec references: every reason has one, and a vector")
    return 1 if found else 0


def complaints(
    references: dict[str, Any], reasons: set[str], with_vectors: set[str]
) -> Iterator[str]:
    """Name what is missing, superfluous or incomplete."""
    for word in sorted(reasons - references.keys()):
        yield f"{word}: no reference in docs/spec_refs.yaml"
    for word in sorted(references.keys() - reasons):
        yield f"{word}: a reference, and static verification never gives this reason"
    for word in sorted(reasons - with_vectors):
        yield f"{word}: no vector expects it"
    for word, entry in references.items():
        if not isinstance(entry, dict) or entry.keys() != {"eip", "section", "function"}:
            yield f"{word}: expected eip, section and function"
        elif not entry["section"]:
            yield f"{word}: no section"


def load_references() -> dict[str, Any]:
    """Read the references by the words of their reasons."""
    return dict(yaml.safe_load(REFERENCES.read_text()))


def static_reasons() -> set[str]:
    """Collect the words that the rules and the decoders use."""
    words: set[str] = set()
    for name in RULES:
        tree = ast.parse((ROOT / "zkattest" / "spec" / f"{name}.py").read_text())
        words |= {
            Reason[node.attr].value
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "Reason"
        }
    sources = [path for folder in DECODERS for path in (ROOT / folder).rglob("*.rs")]
    found = {word for path in sources for word in _DECODER_WORD.findall(path.read_text())}
    # A malformed node is a fault of the witness, not of the block.
    return words | {word for word in found if word in set(Reason)}


def reasons_with_vectors() -> set[str]:
    """Collect the reasons that committed vectors expect."""
    outcomes = (json.loads(path.read_text()) for path in VECTORS.rglob("expected.json"))
    return {outcome["reason"] for outcome in outcomes if "reason" in outcome}


if __name__ == "__main__":
    sys.exit(main())
