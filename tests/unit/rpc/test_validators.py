"""Look-ups share questions, end in time, and come through a node that fails."""

import trio
import trio.testing

from tests.helpers.beacon_node import SLOTS_PER_EPOCH, BeaconState, Member, key_of
from tests.helpers.web_server import web_server
from zkattest.machines.validator_book import BookLimits
from zkattest.rpc import BeaconLimits, BeaconNode, CachedValidatorView
from zkattest.rpc.beacon import StateUnavailable
from zkattest.spec.answers import ActiveValidator, Fault, Refused
from zkattest.spec.reasons import Cause, Reason
from zkattest.spec.validators import ValidatorRecord, ValidatorStatus, unknown_validator
from zkattest.types.errors import SourceTimeout, SourceUnavailable
from zkattest.types.ids import Epoch, ValidatorIndex

EPOCH = Epoch(10)
LIMITS = BookLimits(first_pause_ms=1_000, longest_pause_ms=4_000)


class VirtualClock:
    """Count trio's virtual time."""

    def now_ms(self):
        return round(trio.current_time() * 1_000)


class SlowSource:
    """Answer after a second as a registry of ten would, or fail with what it is given."""

    def __init__(self, failure=None):
        self.failure = failure
        self.questions = []

    async def validators(self, epoch, indices):
        self.questions.append((int(epoch), [int(one) for one in indices]))
        await trio.sleep(1)
        if self.failure is not None:
            raise self.failure
        return {one: record_of(one) for one in indices if one < 10}


def record_of(index):
    status, forever = ValidatorStatus.ACTIVE_ONGOING, Epoch(2**64 - 1)
    return ValidatorRecord(index, key_of(index), status, Epoch(0), forever)


async def looked_up(view, numbers, epoch=EPOCH):
    """Ask for some validators at once; give each answer with the second at which it came."""
    answers = {}
    began = trio.current_time()

    async def one(number):
        answer = await view.validator_at(ValidatorIndex(number), epoch)
        answers[number] = (answer, round(trio.current_time() - began))

    async with trio.open_nursery() as nursery:
        for number in numbers:
            nursery.start_soon(one, number)
    return answers


async def test_view__asks_once_for_what_many_want(autojump_clock, nursery):
    source = SlowSource()
    view = CachedValidatorView(source, VirtualClock(), LIMITS)
    nursery.start_soon(view.run)
    await trio.testing.wait_all_tasks_blocked()
    answers = {}

    async def later():
        await trio.sleep(0.5)
        answers.update(await looked_up(view, [3, 4, 5, 40]))

    nursery.start_soon(later)
    first = await looked_up(view, [3])
    await trio.sleep(3)
    assert first == {3: (ActiveValidator(key_of(3)), 1)}
    # 3 was on its way, the others waited together for the next question.
    assert [(epoch, sorted(indices)) for epoch, indices in source.questions] == [
        (10, [0, 3]),
        (10, [4, 5, 40]),
    ]
    assert answers[3][0] == ActiveValidator(key_of(3))
    assert answers[40][0] == unknown_validator()
    assert await looked_up(view, [3, 4, 5, 40, 99]) == {
        number: (ActiveValidator(key_of(number)) if number < 10 else unknown_validator(), 0)
        for number in (3, 4, 5, 40, 99)
    }
    assert len(source.questions) == 2


async def test_view__fault_for_all_while_the_node_fails(autojump_clock, nursery):
    source = SlowSource(SourceUnavailable("node: HTTP status 500"))
    view = CachedValidatorView(source, VirtualClock(), LIMITS)
    nursery.start_soon(view.run)
    fault = Fault(Cause.BACKEND_UNAVAILABLE, "beacon node node: HTTP status 500")
    assert await looked_up(view, [3, 4]) == {3: (fault, 1), 4: (fault, 1)}
    # It is left alone for a second; nobody waits meanwhile.
    assert await looked_up(view, [5], Epoch(11)) == {5: (fault, 0)}
    assert len(source.questions) == 1
    source.failure = None
    await trio.sleep(1)
    assert await looked_up(view, [5]) == {5: (ActiveValidator(key_of(5)), 1)}


async def test_view__fault_for_a_state_that_is_not_there_and_not_for_others(
    autojump_clock, nursery
):
    source = SlowSource(StateUnavailable("node: HTTP status 404"))
    view = CachedValidatorView(source, VirtualClock(), LIMITS)
    nursery.start_soon(view.run)
    fault = Fault(Cause.BACKEND_UNAVAILABLE, "beacon node node: HTTP status 404")
    assert await looked_up(view, [3]) == {3: (fault, 1)}
    source.failure = None
    assert await looked_up(view, [3]) == {3: (fault, 0)}
    earlier = await looked_up(view, [3], Epoch(9))
    assert earlier == {3: (ActiveValidator(key_of(3)), 1)}


async def test_view__fault_when_a_look_up_takes_too_long(autojump_clock, nursery):
    source = SlowSource(SourceTimeout("node: no answer within 1000 ms"))
    view = CachedValidatorView(source, VirtualClock(), LIMITS, wait_ms=300)
    nursery.start_soon(view.run)
    began = trio.current_time()
    answer = await view.validator_at(ValidatorIndex(3), EPOCH)
    assert answer == Fault(Cause.TIMEOUT, "no answer within 300 ms")
    assert trio.current_time() - began == 0.3
    await trio.sleep(1)
    assert await view.validator_at(ValidatorIndex(3), EPOCH) == Fault(
        Cause.TIMEOUT, "beacon node node: no answer within 1000 ms"
    )


async def test_view__fault_when_nobody_runs_it(autojump_clock):
    view = CachedValidatorView(SlowSource(), VirtualClock(), LIMITS)
    assert await view.validator_at(ValidatorIndex(3), EPOCH) == Fault(
        Cause.TIMEOUT, "no answer within 6000 ms"
    )


async def test_view__cancelled_look_ups_lose_nothing_for_others(autojump_clock, nursery):
    view = CachedValidatorView(SlowSource(), VirtualClock(), LIMITS)
    nursery.start_soon(view.run)
    with trio.move_on_after(0.5):
        await view.validator_at(ValidatorIndex(3), EPOCH)
    assert await looked_up(view, [3]) == {3: (ActiveValidator(key_of(3)), 0)}


async def test_view__answers_from_a_beacon_node(nursery):
    members = {0: Member(), 1: Member(exit_epoch=10), 2: Member(activation_epoch=11)}
    with web_server(BeaconState(members)) as server:
        node = BeaconNode(server.url, SLOTS_PER_EPOCH, BeaconLimits(deadline_ms=20_000))
        view = CachedValidatorView(node, VirtualClock(), LIMITS, wait_ms=20_000)
        nursery.start_soon(view.run)
        answers = [await view.validator_at(ValidatorIndex(one), EPOCH) for one in range(4)]
        again = [await view.validator_at(ValidatorIndex(one), EPOCH) for one in range(4)]
        nursery.cancel_scope.cancel()
        node.close()
    assert (
        answers
        == again
        == [
            ActiveValidator(key_of(0)),
            Refused(Reason.VALIDATOR_NOT_ACTIVE, "active_exiting"),
            Refused(Reason.VALIDATOR_NOT_ACTIVE, "pending_queued"),
            unknown_validator(),
        ]
    )
    asked = [one.path.partition("?")[2] for one in server.requests]
    assert asked == ["id=0", "id=1", "id=2", "id=3"]
