"""What the pages say of a node, from its parts."""

import json
import re
from pathlib import Path

import pytest
import trio

from tests.helpers.node_process import write_config
from zkattest import __version__
from zkattest.machines.events import SavedState
from zkattest.net import GossipHost
from zkattest.node.config import load_config
from zkattest.node.main import compose
from zkattest.node.state import StateSources
from zkattest.node.view import size_bytes, versions
from zkattest.store import SqliteStore
from zkattest.telemetry import NodeObserver

VK = "0x" + "00" * 31 + "01"


@pytest.fixture
async def view(tmp_path):
    config = load_config(write_config(tmp_path, VK, lead_ms=0))
    store = SqliteStore(config.store, config.profile.network_id)
    topics = config.profile.topics.limits_bytes()
    async with GossipHost.open(config.listen, (), topics, config.key_seed) as host:
        yield compose(config, NodeObserver(), host, store, SavedState(), StateSources())[1]
    store.close()


async def ready(view):
    answer = await view.pages()["/ready"]()
    return answer.status, json.loads(answer.body)


async def test_ready__names_every_condition(view):
    status, body = await ready(view)
    assert (status, body["ready"]) == (503, False)
    assert {name: condition["ok"] for name, condition in body["conditions"].items()} == {
        "peers": False,
        "verifier": True,
        "clock": True,
        "not_draining": True,
        "store": True,
    }


async def test_ready__when_all_conditions_hold(view):
    view.ready_peers = 0
    assert (await ready(view))[0] == 200
    view.is_draining = True
    assert (await ready(view))[0] == 503


async def test_ready__not_with_a_store_that_is_closed(view):
    view.subject.store.close()
    status, body = await ready(view)
    assert (status, body["conditions"]["store"]["ok"]) == (503, False)


async def test_ready__not_with_a_store_that_hangs(view):
    with view.subject.store._lock:
        with trio.fail_after(10):
            _, body = await ready(view)
    assert body["conditions"]["store"] == {"ok": False, "detail": "no answer within 2 s"}


async def test_ready__not_after_the_clock_jumped(view):
    view.vitals.guard.sample(10_000, 0)
    view.vitals.guard.sample(10_600, 1)
    condition = (await ready(view))[1]["conditions"]["clock"]
    assert condition == {"ok": False, "detail": "moved 599 ms, at most 500"}


async def test_status__describes_without_secrets(view):
    answer = await view.pages()["/status"]()
    status = json.loads(answer.body)
    assert status["versions"] == versions()
    assert status["head"]["slot"] == status["proven_slot"] == 0
    assert (status["peers"], status["is_draining"]) == ([], False)
    assert view.subject.config.key_seed.hex() not in answer.body.decode()
    assert str(view.subject.config.store.parent) not in answer.body.decode()


async def test_metrics__hold_readings_of_now(view):
    text = (await view.pages()["/metrics"]()).body.decode()
    assert f'zkattest_build_info{{version="{__version__}"}} 1.0' in text
    assert 'zkattest_mesh_peers{topic="proof"} 0.0' in text
    assert 'zkattest_ready_condition{condition="peers"} 0.0' in text


async def test_metrics__are_all_in_the_documents(view):
    text = (await view.pages()["/metrics"]()).body.decode()
    families = re.findall(r"^# TYPE zkattest_(\w+)", text, re.MULTILINE)
    names = {name.removesuffix("_total") for name in families if not name.endswith("_created")}
    page = (Path(__file__).parents[3] / "docs" / "operators" / "node.md").read_text()
    table = page.partition("## Metrics")[2].partition("### With a section `[peering]`")[0]
    cells = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| `")]
    assert {name for cell in cells for name in re.findall(r"`(\w+)`", cell)} == names


def test_size__adds_up_what_is_written_ahead(tmp_path):
    path = tmp_path / "store.sqlite"
    assert size_bytes(path) == 0
    path.write_bytes(bytes(10))
    (tmp_path / "store.sqlite-wal").write_bytes(bytes(5))
    assert size_bytes(path) == 15
