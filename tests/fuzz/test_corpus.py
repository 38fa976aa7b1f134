"""Every input of the corpus gives a documented answer, soon."""

import time
from pathlib import Path

import pytest

from tests.fuzz.targets import PYTHON_TARGETS, REPLAYS
from tools.fuzz_seeds import seeds

CORPUS = Path(__file__).with_name("corpus")
TARGETS = {**REPLAYS, **PYTHON_TARGETS}
MAX_CORPUS_BYTES = 1_500_000
# Hundreds of times what an input needs, so that a busy machine passes and a loop does not.
MAX_INPUT_S = 10


@pytest.mark.parametrize("target", TARGETS)
def test_corpus__answered_as_documented(target):
    inputs = sorted((CORPUS / target).iterdir())
    assert inputs
    for path in inputs:
        started = time.perf_counter()
        try:
            TARGETS[target](path.read_bytes())
        except Exception as error:
            error.add_note(f"input: {path.relative_to(CORPUS)}")
            raise
        assert time.perf_counter() - started < MAX_INPUT_S, path.name


def test_corpus__has_no_folder_without_a_target():
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)


def test_corpus__is_small():
    sizes = [path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()]
    assert sum(sizes) < MAX_CORPUS_BYTES


def test_seeds__are_what_the_tool_writes():
    written = {f"{target}/seed-{name}": data for target, name, data in seeds()}
    committed = {
        str(path.relative_to(CORPUS)): path.read_bytes() for path in CORPUS.glob("*/seed-*")
    }
    stale = {name for name in written | committed if written.get(name) != committed.get(name)}
    assert not stale, "run `python -m tools.fuzz_seeds`, and commit tests/fuzz/corpus"
