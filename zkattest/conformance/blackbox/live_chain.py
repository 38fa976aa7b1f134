"""Take blocks and validators of a live chain from a node's Beacon API, and show cases on them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import trio

from zkattest.conformance.blackbox.context import Play
from zkattest.conformance.blackbox.live import (
    EngineKind,
    LivePlan,
    LiveTerms,
    LiveValidator,
    rebuild,
)
from zkattest.conformance.blackbox.run import NodeUnavailable, Observer
from zkattest.conformance.blackbox.sight import Sight, nothing
from zkattest.conformance.proof_scene import Network
from zkattest.ports import ProofSigner
from zkattest.rpc.beacon_chain import BeaconChain
from zkattest.rpc.beacon_network import BeaconNetwork
from zkattest.spec.signing import SigningData
from zkattest.types.errors import SourceTimeout, SourceUnavailable
from zkattest.types.ids import ProofType, Root
from zkattest.types.proof_profiles import MessageKind, ProofProfile

# What lies between finality and head on a chain that finalizes late.
MOST_BLOCKS_BACK: Final = 128
POLL_S: Final = 1.0


class LiveBlocks:
    """Give out each block of a chain once, the newest first; blocks are named as messages do."""

    def __init__(self, chain: BeaconChain, profile: ProofProfile) -> None:
        """Ask nothing yet."""
        self._chain = chain
        self._names_requests = profile.message is not MessageKind.SIGNED_ENVELOPE
        self._met: set[Root] = set()
        self._free: deque[Root] = deque()
        self._quiet: list[Root] | None = None

    def take(self, count: int) -> list[Root] | None:
        """Return blocks that are given to nobody else; None where there are not so many."""
        taken: list[Root] = []
        names: list[Root] = []
        while len(names) < count:
            if not self._free:
                self._look()
            if not self._free:
                self._free.extendleft(reversed(taken))
                return None
            taken.append(self._free.popleft())
            if (name := self._name(taken[-1])) is not None:
                names.append(name)
        return names

    def share(self, count: int) -> list[Root] | None:
        """Return blocks for cases that leave no marks: all of these have the same first one."""
        if self._quiet is None:
            self._quiet = self.take(1)
        if self._quiet is None or count <= 1:
            return self._quiet and self._quiet[:count]
        others = self.take(count - 1)
        return None if others is None else [*self._quiet, *others]

    def finalized(self) -> Root | None:
        """Return a block before the one that is finalized; None where there is none."""
        header = self._chain.header(self._chain.finalized().root)
        parent = None if header is None else self._chain.header(header.parent_root)
        return None if parent is None else self._name(parent.root)

    def _look(self) -> None:
        """Walk back from the head to what was met already, or is finalized."""
        finalized = self._chain.finalized().root
        found: list[Root] = []
        header = self._chain.header("head")
        while header is not None and header.root not in self._met and header.root != finalized:
            self._met.add(header.root)
            found.append(header.root)
            if len(found) >= MOST_BLOCKS_BACK:
                break
            header = self._chain.header(header.parent_root)
        self._free.extendleft(reversed(found))

    def _name(self, root: Root) -> Root | None:
        # Where the payload is not there, no node can judge a proof of it.
        request = self._chain.payload_request_root(root)
        return request if request is None or self._names_requests else root


class LiveObserver:
    """Make each case anew when its turn comes, and have it shown."""

    def __init__(
        self,
        observer: Observer,
        plans: Mapping[str, LivePlan],
        terms: LiveTerms,
        blocks: LiveBlocks,
        wait_s: float,
    ) -> None:
        """Wait up to `wait_s` for new blocks where all that there are have been used."""
        self.most_at_once = observer.most_at_once
        self._observer = observer
        self._plans = plans
        self._terms = terms
        self._blocks = blocks
        self._wait_s = wait_s
        self._turn = trio.Lock()

    async def show(self, play: Play) -> Sight:
        """Show a case on blocks of its own, or say why there are none."""
        made = self._plans[play.case.id]
        try:
            async with self._turn:
                blocks = await self._blocks_for(made)
            if blocks is None:
                return nothing("not playable: no block of the chain is left that no case has used")
            # Messages of megabytes are hashed.
            new = await trio.to_thread.run_sync(rebuild, made, self._terms, blocks)
        except (SourceTimeout, SourceUnavailable) as error:
            return nothing(f"not playable: {error}")
        return await self._observer.show(new)

    async def _blocks_for(self, made: LivePlan) -> dict[Root, Root] | None:
        found: dict[Root, Root] = {}
        if made.final:
            before = await trio.to_thread.run_sync(self._blocks.finalized)
            if before is None or len(made.final) > 1:
                return None
            found[made.final[0]] = before
        choose = self._blocks.take if made.leaves_marks else self._blocks.share
        deadline_s = trio.current_time() + self._wait_s
        while (fresh := await trio.to_thread.run_sync(choose, len(made.fresh))) is None:
            if trio.current_time() >= deadline_s:
                return None
            await trio.sleep(POLL_S)
        return found | dict(zip(made.fresh, fresh, strict=True))


async def read_terms(
    beacon: BeaconNetwork,
    signers: Sequence[ProofSigner],
    engine: EngineKind,
    proof_types: Iterable[ProofType],
) -> LiveTerms:
    """
    Ask which network it is, and who the keys at hand are there.

    Raises `NodeUnavailable` where that cannot be found out, or no key is of an active validator.
    """
    try:
        root = await trio.to_thread.run_sync(beacon.genesis_validators_root)
        version = await trio.to_thread.run_sync(beacon.fork_version)
        validators = [await _validator(beacon, one) for one in signers]
    except (SourceTimeout, SourceUnavailable) as error:
        raise NodeUnavailable(str(error)) from None
    try:
        outside = await trio.to_thread.run_sync(beacon.one_outside)
    except (SourceTimeout, SourceUnavailable):
        # Nodes of large networks answer at more length than is read; some take no status.
        outside = None
    return LiveTerms(
        network=Network(version, root),
        engine=engine,
        proof_types=tuple(proof_types),
        validators=tuple(validators),
        outside=None if outside is None else outside.index,
    )


async def _validator(beacon: BeaconNetwork, signer: ProofSigner) -> LiveValidator:
    name = f"validator 0x{signer.pubkey.hex()[:16]}…"
    found = await trio.to_thread.run_sync(beacon.validator, signer.pubkey)
    if found is None:
        raise NodeUnavailable(f"{name} is not known to the node")
    if not found.is_active:
        raise NodeUnavailable(f"{name} is not active")

    def sign(data: SigningData) -> bytes:
        return trio.from_thread.run(signer.sign, data)

    return LiveValidator(found.index, sign)
