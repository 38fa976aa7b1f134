"""The documents keep up with the code."""

import re
from pathlib import Path
from typing import Any

import pytest

from zkattest.cli.main import COMMANDS, load_command
from zkattest.spec.reasons import Cause, Notice, Reason

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def test_reasons__are_documented_once_each() -> None:
    words = re.findall(r"^\| `(\w+)` \|", (DOCS / "reasons.md").read_text(), re.MULTILINE)
    assert sorted(words) == sorted([*Reason, *Cause, *Notice])


@pytest.mark.parametrize("name", COMMANDS)
def test_command__is_documented(name: str) -> None:
    page = (DOCS / "operators" / "commands.md").read_text()
    assert len(re.findall(rf"^## `zkattest {name}`", page, re.MULTILINE)) == 1


def options(command: Any) -> set[str]:
    """Gather the options of a command, or of all commands of a group."""
    inside: dict[str, Any] = getattr(command, "commands", {})
    if inside:
        return set().union(*(options(each) for each in inside.values()))
    return {name for each in command.params for name in each.opts if name.startswith("--")}


@pytest.mark.parametrize("name", COMMANDS)
def test_command__every_option_is_documented(name: str) -> None:
    page = (DOCS / "operators" / "commands.md").read_text()
    sections = re.split(r"^## ", page, flags=re.MULTILINE)
    (section,) = (each for each in sections if each.startswith(f"`zkattest {name}`"))
    # What every command has is said once, above all of them.
    wanted = options(load_command(name)) - {"--help", "--json"}
    assert {option for option in wanted if option not in section} == set()


def test_embedding__every_function_of_the_header_is_documented() -> None:
    header = (ROOT / "rust/capi/include/zkattest_verify.h").read_text()
    functions = set(re.findall(r"\b(zkattest_\w+)\(", header))
    page = (DOCS / "operators" / "embedding.md").read_text()
    assert functions
    assert {name for name in functions if f"`{name}`" not in page} == set()


def test_decisions__are_numbered_without_gaps_and_listed() -> None:
    records = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    index = (DOCS / "decisions" / "README.md").read_text()
    for number, record in enumerate(records, start=1):
        assert record.name.startswith(f"{number:04}-")
        title = record.read_text().splitlines()[0].removeprefix("# ")
        assert f"| [{number:04}]({record.name}) | {title.partition(': ')[2]} |" in index


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_document__links_to_files_that_exist(document: Path) -> None:
    targets = [link for link in LINK.findall(document.read_text()) if "://" not in link]
    assert [link for link in targets if not (document.parent / link).exists()] == []


def test_make_targets__named_in_documents_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = {
        name
        for document in DOCUMENTS
        for name in re.findall(r"`make ([a-z-]+)", document.read_text())
    }
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert named <= targets
