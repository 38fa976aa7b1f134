"""An engine under real load (vegeta): every answer is right, written down, or says when to ask."""

from __future__ import annotations

import pytest

from benches.engine_load.__main__ import LATENCY_BOUND_MS, WORKERS, drained, phase
from benches.engine_load.generator import Attack, NoGenerator, generator, run
from benches.engine_load.workload import engine_process, settle, targets, write_bodies
from tests.helpers.engines import PACK

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PACK[1].has_proof, reason="the recorded chain has no proofs"),
]


@pytest.fixture(scope="module", autouse=True)
def has_generator() -> None:
    try:
        generator()
    except NoGenerator as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def bodies(tmp_path_factory):
    return write_bodies(tmp_path_factory.mktemp("bodies"))


@pytest.mark.parametrize("isolation", [True, False], ids=["children", "threads"])
def test_engine__overloaded_answers_right_or_says_when_to_ask_again(tmp_path, bodies, isolation):
    with engine_process(tmp_path, isolation=isolation) as engine:
        asked = targets(engine.url, bodies)
        pressed = run(Attack(150, 5, WORKERS), asked, tmp_path)
        ended, end = drained(engine, asked, tmp_path, 150, 4)
    for answers, ends in ((pressed, False), (ended, True)):
        accounts = settle(answers, engine.evidence, ends=ends)
        assert (accounts.wrong, accounts.lost, accounts.undeclared) == ((), (), ())
        assert accounts.answered["VALID"] > 0
        assert accounts.answered["INVALID"] > 0
    found = phase(pressed, 5)
    # It was overloaded indeed, and those that it took were not kept waiting.
    assert found["codes"].get("429", 0) + found["codes"].get("503", 0) > 0
    assert found["verdict_p99_ms"] <= 3 * LATENCY_BOUND_MS
    assert end["exit_code"] == 0
