"""What a node opens and how it hears signals; its way as a process is tested with real ones."""

import signal

import pytest
import trio
import trio.testing

from zkattest.node.config_sections import HttpSettings
from zkattest.node.main import CannotListen, open_http, second_signal_kills, wait_for_stop


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
