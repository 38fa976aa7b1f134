"""What stands before an engine's pages takes in as much as the engine does."""

from dataclasses import replace

import pytest

from zkattest.api.guard import TooBusy, WorkLimits
from zkattest.node.config_service import ListenSettings, load_engine_config
from zkattest.node.engine_service import make_gate
from zkattest.node.engine_settings import EngineBounds


@pytest.fixture
def config(tmp_path):
    (tmp_path / "engine.toml").write_text("[engine]\nchain_id = 1\n")
    found = load_engine_config(tmp_path / "engine.toml")
    bounds = EngineBounds(threads=2, waiting=4)
    listen = ListenSettings(work=WorkLimits(waiting=0))
    return replace(found, engine=replace(found.engine, bounds=bounds), listen=listen)


async def test_gate__takes_in_as_many_proofs_as_verifiers_and_their_queue(config):
    gate = make_gate(config, lambda: 0.0)
    for address in "aaabbb":
        await gate.work.take(1, address, checks=1)
    with pytest.raises(TooBusy):
        await gate.work.take(1, "c", checks=1)
    assert (gate.work.checks, gate.token) == (6, None)
