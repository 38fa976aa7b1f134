"""Two peers over links in memory, under a virtual clock: handshake, pings, metadata, goodbye."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import trio
import trio.testing

from tests.helpers.links import MemoryLink, linked
from zkattest.net.muxer import Stream
from zkattest.net.peering import Parting, Peering, PeeringSettings
from zkattest.net.reqresp import Connection
from zkattest.net.reqresp_codec import ResponseError
from zkattest.net.reqresp_protocols import GOODBYE, METADATA_PROTOCOLS, PING, STATUS_PROTOCOLS
from zkattest.net.status import FixedChain
from zkattest.types.ids import ProofType, Root, Slot
from zkattest.types.peering import (
    ExecutionProofStatus,
    ForkDigest,
    GoodbyeReason,
    MetaData,
    Status,
)
from zkattest.types.proof_profiles import DEFAULT_PROFILE, PROFILES, ProfileName

STATUS = Status(ForkDigest(b"abcd"), Root(b"f" * 32), 5, Root(b"h" * 32), Slot(200), Slot(7))
OTHER_FORK = replace(STATUS, fork_digest=ForkDigest(b"wxyz"))
AHEAD = replace(STATUS, head_slot=Slot(201))
METADATA = MetaData(3, attnets=b"\x01" * 8, syncnets=b"\x0f", custody_group_count=4)
LEGACY = PROFILES[ProfileName.GLOAS_AUG]
PROOF_STATUS = ExecutionProofStatus(Root(b"p" * 32), Slot(199), (ProofType(1), ProofType(2)))


@pytest.fixture
def clock(autojump_clock: trio.testing.MockClock) -> trio.testing.MockClock:
    """Let time pass when nobody is busy."""
    return autojump_clock


def peering(
    status: Status = STATUS,
    settings: PeeringSettings | None = None,
    profile: ProfileName = DEFAULT_PROFILE.name,
) -> Peering:
    chain = FixedChain(status, PROOF_STATUS)
    return Peering(chain, METADATA, settings, PROFILES[profile])


class Mute(Peering):
    """Speak the protocols and never begin anything; negotiate nothing when `deaf`."""

    def __init__(self, status: Status = STATUS, deaf: bool = False) -> None:
        super().__init__(FixedChain(status), METADATA)
        self._deaf = deaf

    @property
    def protocol_ids(self) -> Sequence[str]:
        return () if self._deaf else super().protocol_ids

    async def attend(self, link: Connection) -> None:
        """Say nothing."""


class Frozen(Mute):
    """Accept streams and never answer."""

    async def serve(self, link: Connection, protocol_id: str, stream: Stream) -> None:
        await trio.sleep_forever()


@asynccontextmanager
async def met(
    dialler: Peering, listener: Peering, wait_s: float = 1.0
) -> AsyncIterator[Sequence[MemoryLink]]:
    async with linked(dialler, listener) as ends:
        await trio.sleep(wait_s)
        yield ends


async def test_peers__learn_each_others_status_and_metadata(clock: trio.testing.MockClock) -> None:
    dialler, listener = peering(), peering(AHEAD)
    async with met(dialler, listener) as ends:
        (theirs,), (ours,) = dialler.peers().values(), listener.peers().values()
        assert (theirs.status, theirs.metadata) == (AHEAD, METADATA)
        assert (ours.status, ours.metadata) == (STATUS, METADATA)
        assert not any(end.blamed or end.ended.is_set() for end in ends)
    assert dialler.peers() == listener.peers() == {}


async def test_peers__of_older_clients_speak_older_versions(clock: trio.testing.MockClock) -> None:
    class Older(Peering):
        @property
        def protocol_ids(self) -> Sequence[str]:
            ids = super().protocol_ids
            return [i for i in ids if "status/2" not in i and "metadata/3" not in i]

    dialler = peering()
    async with met(dialler, Older(FixedChain(STATUS), METADATA)):
        (record,) = dialler.peers().values()
        assert record.status == replace(STATUS, earliest_available_slot=Slot(0))
        assert record.metadata == replace(METADATA, custody_group_count=0)


@pytest.mark.parametrize("stranger_dials", [True, False])
async def test_peers__part_on_another_fork(
    stranger_dials: bool, clock: trio.testing.MockClock
) -> None:
    settings = PeeringSettings(stranger_pause_s=100.0)
    ours, stranger = peering(settings=settings), Mute(OTHER_FORK)
    pair = (stranger, ours) if stranger_dials else (ours, stranger)
    async with met(*pair, wait_s=15.0) as ends:
        assert all(end.ended.is_set() for end in ends)
        assert ours.counters["irrelevant_network"] == 1
        name = "dialler" if stranger_dials else "listener"
        assert not ours.may_dial(name)
        await trio.sleep(100.0)
        assert ours.may_dial(name)
        assert not any(end.blamed for end in ends)


async def test_peers__part_on_every_link_of_a_stranger(clock: trio.testing.MockClock) -> None:
    ours = peering()
    async with (
        met(ours, Mute(OTHER_FORK), 0.0) as first,
        met(ours, Mute(OTHER_FORK), 2.0) as second,
    ):
        assert first[0].ended.is_set()
        assert second[0].ended.is_set()
        assert ours.counters["irrelevant_network"] == 2
        assert ours.goodbyes == {(Parting.OURS, GoodbyeReason.IRRELEVANT_NETWORK): 2}
        assert ours.peers() == {}


async def test_peers__hear_why_we_part(clock: trio.testing.MockClock) -> None:
    heard = []

    class Listening(Mute):
        async def serve(self, link: Connection, protocol_id: str, stream: Stream) -> None:
            if protocol_id == GOODBYE.protocol_id:
                heard.append(await stream.receive_some(100))
            await super().serve(link, protocol_id, stream)

    async with met(peering(), Listening(OTHER_FORK)):
        assert heard[0][-8:] == int(GoodbyeReason.IRRELEVANT_NETWORK).to_bytes(8, "little")


async def test_peers__part_when_a_later_status_is_anothers(clock: trio.testing.MockClock) -> None:
    ours = peering()
    async with met(Mute(), ours) as (dialler, listener):
        await ours.client.ask(listener, STATUS_PROTOCOLS, STATUS)
        assert not listener.ended.is_set()
        asker = peering()
        assert (await asker.client.ask(dialler, STATUS_PROTOCOLS, OTHER_FORK))[1] == STATUS
        await trio.sleep(1.0)
        assert listener.ended.is_set()


async def test_peers__close_at_a_goodbye(clock: trio.testing.MockClock) -> None:
    ours = peering()
    async with met(Mute(), ours) as (dialler, listener):
        await peering().client.ask(dialler, [GOODBYE], 250)
        await trio.sleep(1.0)
        assert listener.ended.is_set()
        assert ours.counters == {"goodbye_received": 1}
        assert ours.goodbyes == {(Parting.THEIRS, None): 1}


async def test_peers__keep_a_connection_by_pings(clock: trio.testing.MockClock) -> None:
    dialler, listener = peering(), peering(AHEAD)
    async with met(dialler, listener, wait_s=3600.0) as ends:
        assert not any(end.blamed or end.ended.is_set() for end in ends)
        assert (dialler.counters, listener.counters) == ({}, {})


async def test_peers__fetch_metadata_when_its_number_grows(clock: trio.testing.MockClock) -> None:
    dialler, listener = peering(), peering()
    async with met(dialler, listener):
        listener.update_metadata(replace(METADATA, attnets=b"\xff" * 8))
        await trio.sleep(60.0)
        (record,) = dialler.peers().values()
        assert record.metadata == replace(METADATA, seq_number=4, attnets=b"\xff" * 8)


async def test_peers__fetch_metadata_when_pinged_with_a_greater_number(
    clock: trio.testing.MockClock,
) -> None:
    ours, mute = peering(), Mute()
    async with met(mute, ours, wait_s=15.0) as (dialler, _):
        mute.update_metadata(METADATA)
        assert (await ours.client.ask(dialler, [PING], 4))[1] == 3
        await trio.sleep(1.0)
        (record,) = ours.peers().values()
        assert record.metadata == replace(METADATA, seq_number=4)


async def test_peers__that_announce_too_much_are_asked_once(clock: trio.testing.MockClock) -> None:
    ours, mute = peering(), Mute()
    async with met(mute, ours, wait_s=15.0) as (dialler, _):
        await ours.client.ask(dialler, [PING], 2**64 - 1)
        await trio.sleep(5.0)
        (record,) = ours.peers().values()
        assert record.metadata == METADATA
        assert not record.metadata_is_old


async def test_listener__asks_for_the_status_that_nobody_sent(
    clock: trio.testing.MockClock,
) -> None:
    ours = peering()
    async with met(Mute(AHEAD), ours, wait_s=9.0):
        assert [record.status for record in ours.peers().values()] == [None]
        await trio.sleep(2.0)
        assert [record.status for record in ours.peers().values()] == [AHEAD]


@pytest.mark.parametrize("requires_status", [True, False])
async def test_peer__without_requests_is_kept_unless_a_status_is_required(
    requires_status: bool, clock: trio.testing.MockClock
) -> None:
    ours = peering(settings=PeeringSettings(requires_status=requires_status))
    async with met(ours, Mute(deaf=True)) as (dialler, _):
        assert dialler.ended.is_set() == requires_status
        assert ours.counters == {"without_status": 1}
        assert dialler.blamed == []


async def test_peer__that_does_not_answer_is_left_without_blame(
    clock: trio.testing.MockClock,
) -> None:
    ours = peering()
    async with met(ours, Frozen(), wait_s=30.0) as (dialler, _):
        assert dialler.ended.is_set()
        assert ours.counters == {"unanswered": 1}
        assert dialler.blamed == []


async def test_peer__that_stops_answering_pings_is_left(clock: trio.testing.MockClock) -> None:
    class Freezing(Mute):
        async def serve(self, link: Connection, protocol_id: str, stream: Stream) -> None:
            if protocol_id == PING.protocol_id:
                await trio.sleep_forever()
            await super().serve(link, protocol_id, stream)

    ours = peering()
    async with met(ours, Freezing(), wait_s=120.0) as (dialler, _):
        assert dialler.ended.is_set()
        assert ours.counters == {"missed_ping": 3, "unresponsive": 1}


async def test_profile__with_requests_exchanges_proof_status(clock: trio.testing.MockClock) -> None:
    dialler, listener = (peering(profile=LEGACY.name) for _ in range(2))
    async with met(dialler, listener):
        records = *dialler.peers().values(), *listener.peers().values()
        assert [record.proof_status for record in records] == [PROOF_STATUS] * 2


async def test_profile__without_requests_answers_none_of_them(
    clock: trio.testing.MockClock,
) -> None:
    dialler, listener = peering(profile=LEGACY.name), peering()
    async with met(dialler, listener) as (end, _):
        (record,) = dialler.peers().values()
        assert (record.status, record.proof_status) == (STATUS, None)
        assert not end.blamed


async def test_peering__answers_metadata_of_every_version(clock: trio.testing.MockClock) -> None:
    async with met(Mute(), peering(), wait_s=0.1) as (dialler, _):
        client = peering().client
        answers = [await client.ask(dialler, [p], None) for p in METADATA_PROTOCOLS]
    assert [answer for _, answer in answers] == [
        METADATA,
        replace(METADATA, custody_group_count=0),
        replace(METADATA, custody_group_count=0, syncnets=b"\0"),
    ]


async def test_peering__parts_when_we_shut_down(clock: trio.testing.MockClock) -> None:
    ours, theirs = peering(), peering()
    async with met(ours, theirs) as (dialler, listener):
        await ours.part(dialler)
        await trio.sleep(1.0)
        assert listener.ended.is_set()
        assert theirs.counters == {"goodbye_received": 1}
        assert ours.goodbyes == {(Parting.OURS, GoodbyeReason.CLIENT_SHUT_DOWN): 1}
        assert theirs.goodbyes == {(Parting.THEIRS, GoodbyeReason.CLIENT_SHUT_DOWN): 1}


@pytest.mark.parametrize("wait_s", [0.1, 1.0], ids=["leaving", "gone"])
async def test_peering__says_no_goodbye_to_who_said_it_first(
    clock: trio.testing.MockClock, wait_s: float
) -> None:
    ours, theirs = peering(), peering()
    async with met(ours, theirs) as (dialler, listener):
        await ours.part(dialler)
        await trio.sleep(wait_s)
        await theirs.part(listener)
        assert theirs.goodbyes == {(Parting.THEIRS, GoodbyeReason.CLIENT_SHUT_DOWN): 1}


async def test_proof_status__unavailable_before_the_first(clock: trio.testing.MockClock) -> None:
    from zkattest.net.reqresp_protocols import PROOF_STATUS as PROTOCOL

    theirs = Peering(FixedChain(STATUS), METADATA, profile=LEGACY)
    async with met(Mute(), theirs, wait_s=0.1) as (dialler, _):
        with pytest.raises(ResponseError, match="response code 3: b'no proof status'"):
            await peering().client.ask(dialler, [PROTOCOL], PROOF_STATUS)
