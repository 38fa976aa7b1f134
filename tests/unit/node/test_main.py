"""What a node opens and how it hears signals; its way as a process is tested with real ones."""

import signal

import pytest
import trio
import trio.testing

from tests.helpers.engines import PROGRAM_VK, REGISTRY, REVOKED_REGISTRY, EventLog
from zkattest.node.config_policy import read_node_policy
from zkattest.node.config_reader import Notes, Table
from zkattest.node.config_sections import HttpSettings
from zkattest.node.main import (
    CannotListen,
    open_http,
    second_signal_kills,
    take_up_registry,
    wait_for_stop,
)
from zkattest.types.ids import ProofType
from zkattest.types.programs import ProofSystem


def test_second_signal__is_the_system_s_and_given_back_afterwards():
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    with second_signal_kills():
        within = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    after = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    assert within == [signal.SIG_DFL] * 2
    assert after == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_signal__heard(number):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: wait_for_stop(stop_with_stdin=False))
        await trio.testing.wait_all_tasks_blocked()
        signal.raise_signal(number)


async def test_http__nowhere_without_settings():
    async with open_http(None) as server:
        assert server is None


async def test_http__refused_by_field_when_its_address_is_taken():
    async with open_http(HttpSettings(port=0)) as server:
        taken = HttpSettings(port=server.port)
        with pytest.raises(CannotListen) as refusal:
            async with open_http(taken):
                pass
    assert refusal.value.field == "http.listen"


async def test_registry__another_one_is_told_to_the_machine(tmp_path):
    class Runner:
        told = ()

        async def tell(self, event):
            self.told = (*self.told, event)

    path, log, runner = tmp_path / "registry.toml", EventLog(), Runner()
    path.write_text(REGISTRY)
    types = {ProofType(1): (ProofSystem.SP1, PROGRAM_VK)}
    section = Table(Notes(tmp_path / "node.toml"), {"proof_policy": {"registry": path.name}})
    policy = read_node_policy(section, types, 12_000)
    take_up = take_up_registry(policy, types, runner, log)
    path.write_text(REVOKED_REGISTRY)
    await take_up(policy.registry.read_update())
    (event,) = runner.told
    assert event.policy.revoked_types == {1}
    assert event.policy.policy == policy.types.policy
    assert log.named("registry_loaded")[0]["changes"] == ["ours: active to revoked"]
    assert log.counts == [("registry_updates", "loaded")]
