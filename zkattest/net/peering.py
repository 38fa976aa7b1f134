"""
Keep consensus peers: tell who we are, learn who they are, part from those of other networks.

The side that dialled asks for the status first; either side parts with a goodbye when the other
is on another fork, or has another finalized block for the same epoch. Afterwards pings carry the
sequence number of the metadata, and metadata is fetched again when the number grows. A peer that
speaks none of it (a plain gossip peer) is kept, unless the settings ask for a status.
"""

from __future__ import annotations

import logging
import random
from collections import Counter, OrderedDict
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final
from weakref import WeakSet

import trio

from zkattest.net.errors import PeerError
from zkattest.net.muxer import Stream
from zkattest.net.proof_requests import answer_proofs
from zkattest.net.reqresp import Connection, Refusal, RequestClient, RequestServer
from zkattest.net.reqresp import UnsupportedProtocol as Unsupported
from zkattest.net.reqresp_codec import ResponseCode, ResponseError
from zkattest.net.reqresp_limits import RequestSettings
from zkattest.net.reqresp_protocols import (
    GOODBYE,
    PING,
    PROOF_STATUS,
    STATUS_PROTOCOLS,
    ProtocolName,
    RequestProtocol,
    protocols_of,
)
from zkattest.net.status import judge_status
from zkattest.ports import ProofSource, StatusSource
from zkattest.types.peering import ExecutionProofStatus, GoodbyeReason, MetaData, Status
from zkattest.types.proof_profiles import DEFAULT_PROFILE, ProofProfile

logger = logging.getLogger(__name__)

_REMEMBERED_STRANGERS: Final = 1024


class Parting(StrEnum):
    """Say who took leave."""

    OURS = "sent"
    THEIRS = "received"


def known_reason(number: int) -> GoodbyeReason | None:
    """Read the number of a goodbye; None for one that means nothing to us."""
    return GoodbyeReason(number) if number in list(GoodbyeReason) else None


@dataclass(frozen=True, slots=True)
class PeeringSettings:
    """Hold the rhythm of what peers say to each other; times in seconds."""

    ping_interval_s: float = 20.0
    status_interval_s: float = 300.0
    status_grace_s: float = 10.0
    goodbye_s: float = 0.3
    most_missed_pings: int = 3
    stranger_pause_s: float = 600.0
    requires_status: bool = False
    requests: RequestSettings = field(default_factory=RequestSettings)


@dataclass(slots=True)
class PeerRecord:
    """Hold what a connected peer has told about itself."""

    status: Status | None = None
    metadata: MetaData | None = None
    proof_status: ExecutionProofStatus | None = None
    announced_seq_number: int = 0
    goodbye: int | None = None
    links: int = 0
    changed: trio.Event = field(default_factory=trio.Event)

    def announce(self) -> None:
        """Wake who waits for the next change."""
        self.changed.set()
        self.changed = trio.Event()

    @property
    def metadata_is_old(self) -> bool:
        """Say whether the peer announced metadata that we have not fetched."""
        return self.metadata is None or self.announced_seq_number > self.metadata.seq_number


class Peering:
    """Speak the basic requests with every peer of a host; pass it to `GossipHost.open`."""

    def __init__(
        self,
        chain: StatusSource,
        metadata: MetaData,
        settings: PeeringSettings | None = None,
        profile: ProofProfile = DEFAULT_PROFILE,
        proofs: ProofSource | None = None,
    ) -> None:
        """
        Answer for a chain; `metadata` is what we serve.

        `proofs` is asked only where the profile has requests for proofs.
        """
        self.client = RequestClient((settings or PeeringSettings()).requests)
        self.metadata = metadata
        self.counters: Counter[str] = Counter()
        self.goodbyes: Counter[tuple[Parting, GoodbyeReason | None]] = Counter()
        """Count goodbyes by who said them, and by reason: None for one that has no meaning."""
        self._chain = chain
        self._settings = settings or PeeringSettings()
        self._proofs = proofs
        self._asks_proof_status = profile.has_req_resp
        protocols = protocols_of(profile)
        self._metadata_protocols = [p for p in protocols if p.name is ProtocolName.METADATA]
        self._server = RequestServer(protocols, self._answer, self._settings.requests)
        self._records: dict[str, PeerRecord] = {}
        self._strangers: OrderedDict[str, float] = OrderedDict()
        # Weak: a link may be parted with before or after anybody attends it.
        self._parting: WeakSet[Connection] = WeakSet()

    # What the host asks of us.

    @property
    def protocol_ids(self) -> Sequence[str]:
        """Return the protocols that are served."""
        return self._server.protocol_ids

    def may_dial(self, peer: str) -> bool:
        """Say whether a peer may be dialled: not soon after it proved to be a stranger."""
        return self._strangers.get(peer, 0.0) <= trio.current_time()

    async def serve(self, link: Connection, protocol_id: str, stream: Stream) -> None:
        """Answer one request, then act on what it told."""
        await self._server.serve(link, protocol_id, stream)
        record = self._records.get(link.peer_id)
        if record is None:
            return
        record.announce()
        if record.goodbye is not None:
            self.counters["goodbye_received"] += 1
            self.goodbyes[Parting.THEIRS, known_reason(record.goodbye)] += 1
            # Whoever is told that a connection ends drops what it has not read of it.
            await trio.sleep(self._settings.goodbye_s)
            link.close()
        else:
            await self._part_with_stranger(link, record)

    async def attend(self, link: Connection) -> None:
        """Exchange status and metadata, then ping until the connection ends."""
        record = self._records.setdefault(link.peer_id, PeerRecord())
        record.links += 1
        try:
            if await self._introduce(link, record):
                await self._keep_up(link, record)
        except PeerError as error:
            # Whoever speaks a protocol and does not answer in it, or breaks it, is of no use.
            logger.debug("peer %s: %s", link.peer_id, error)
            self.counters["unanswered"] += 1
            link.close()
        finally:
            record.links -= 1
            if not record.links:
                del self._records[link.peer_id]

    async def part(self, link: Connection) -> None:
        """Say goodbye because we shut down, unless the peer has left, or has said that it does."""
        record = self._records.get(link.peer_id)
        if record is None or record.goodbye is not None:
            return
        await self._say_goodbye(link, GoodbyeReason.CLIENT_SHUT_DOWN)

    # What the embedder asks.

    def peers(self) -> dict[str, PeerRecord]:
        """Return what every connected peer has told."""
        return dict(self._records)

    def update_metadata(self, metadata: MetaData) -> None:
        """Serve other metadata; its sequence number is ours to raise."""
        self.metadata = replace(metadata, seq_number=self.metadata.seq_number + 1)

    # The course of a connection.

    async def _introduce(self, link: Connection, record: PeerRecord) -> bool:
        """Learn the peer's status; False when there is nobody to keep up with."""
        if not link.is_initiator:
            # The side that dialled speaks first; the other one asks when that takes too long.
            with trio.move_on_after(self._settings.status_grace_s):
                while record.status is None:
                    await record.changed.wait()
        if record.status is None or link.is_initiator:
            try:
                await self._ask_status(link, record)
            except Unsupported:
                self.counters["without_status"] += 1
                if self._settings.requires_status:
                    link.close()
                return False
        if record.status is None or await self._part_with_stranger(link, record):
            return False
        if self._asks_proof_status and link.is_initiator:
            await self._ask_proof_status(link, record)
        return True

    async def _keep_up(self, link: Connection, record: PeerRecord) -> None:
        missed, status_due_s = 0, trio.current_time() + self._settings.status_interval_s
        while missed < self._settings.most_missed_pings:
            if record.metadata_is_old:
                await self._ask_metadata(link, record)
            # Spread, so that the pings of many links do not meet; S311: no secret hangs on it.
            pause_s = self._settings.ping_interval_s * random.uniform(0.8, 1.2)  # noqa: S311
            with trio.move_on_after(pause_s):
                await self._wait_for_news(record)
            missed = 0 if await self._ping(link, record) else missed + 1
            if trio.current_time() >= status_due_s:
                status_due_s += self._settings.status_interval_s
                await self._ask_status(link, record)
                if await self._part_with_stranger(link, record):
                    return
        self.counters["unresponsive"] += 1
        link.close()

    async def _wait_for_news(self, record: PeerRecord) -> None:
        while not record.metadata_is_old:
            await record.changed.wait()

    async def _ask_status(self, link: Connection, record: PeerRecord) -> None:
        try:
            _, record.status = await self.client.ask(link, STATUS_PROTOCOLS, self._chain.status())
        except ResponseError as error:
            logger.debug("peer %s tells no status: %s", link.peer_id, error)

    async def _ask_proof_status(self, link: Connection, record: PeerRecord) -> None:
        ours = self._chain.proof_status()
        if ours is None:
            return
        try:
            _, record.proof_status = await self.client.ask(link, [PROOF_STATUS], ours)
        except (Unsupported, ResponseError) as error:
            logger.debug("peer %s tells no proof status: %s", link.peer_id, error)

    async def _ask_metadata(self, link: Connection, record: PeerRecord) -> None:
        try:
            _, metadata = await self.client.ask(link, self._metadata_protocols, None)
        except (Unsupported, ResponseError) as error:
            logger.debug("peer %s tells no metadata: %s", link.peer_id, error)
            metadata = MetaData(record.announced_seq_number)
        # A peer that announces more than it delivers is asked once for each announcement.
        record.announced_seq_number = metadata.seq_number
        record.metadata = metadata
        record.announce()

    async def _ping(self, link: Connection, record: PeerRecord) -> bool:
        try:
            _, number = await self.client.ask(link, [PING], self.metadata.seq_number)
        except (Unsupported, ResponseError):
            return True
        except PeerError:
            self.counters["missed_ping"] += 1
            return False
        record.announced_seq_number = number
        return True

    async def _part_with_stranger(self, link: Connection, record: PeerRecord) -> bool:
        reason = judge_status(self._chain, record.status) if record.status else None
        if reason is None:
            return False
        if link in self._parting:
            return True
        self._parting.add(link)
        self.counters["irrelevant_network"] += 1
        self._strangers[link.peer_id] = trio.current_time() + self._settings.stranger_pause_s
        self._strangers.move_to_end(link.peer_id)
        if len(self._strangers) > _REMEMBERED_STRANGERS:
            self._strangers.popitem(last=False)
        await self._say_goodbye(link, reason)
        link.close()
        return True

    async def _say_goodbye(self, link: Connection, reason: GoodbyeReason) -> None:
        self.goodbyes[Parting.OURS, reason] += 1
        with trio.move_on_after(self._settings.goodbye_s):
            try:
                await self.client.ask(link, [GOODBYE], reason)
            except (PeerError, ResponseError) as error:
                logger.debug("peer %s took no goodbye: %s", link.peer_id, error)

    # What peers ask of us.

    async def _answer(
        self, link: Connection, protocol: RequestProtocol, request: Any
    ) -> AsyncGenerator[Any, None]:
        record = self._records.get(link.peer_id) or PeerRecord()
        match protocol.name:
            case ProtocolName.STATUS:
                record.status = request
                yield self._chain.status()
            case ProtocolName.PING:
                record.announced_seq_number = request
                yield self.metadata.seq_number
            case ProtocolName.METADATA:
                yield self.metadata
            case ProtocolName.GOODBYE:
                record.goodbye = request
                yield request
            case ProtocolName.PROOF_STATUS:
                record.proof_status = request
                ours = self._chain.proof_status()
                if ours is None:
                    raise Refusal(ResponseCode.RESOURCE_UNAVAILABLE, "no proof status")
                yield ours
            case ProtocolName.PROOFS_BY_RANGE | ProtocolName.PROOFS_BY_ROOT:
                async for proof in answer_proofs(self._proofs, request):
                    yield proof
