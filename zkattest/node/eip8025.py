"""Compose the parts that judge the execution proofs of a consensus network (EIP-8025)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import trio

from zkattest.crypto.hashing import compute_domain
from zkattest.machines.own_proofs import OwnLimits, OwnValidator
from zkattest.machines.proof_events import KeepPrograms, ProofEvent, SavedProofs
from zkattest.machines.proof_gossip import ProofGossipMachine
from zkattest.machines.proof_gossip_settings import ProofGossipSettings
from zkattest.node.beacon_feed import BeaconFeed, FeedSettings
from zkattest.node.config_eip8025 import Eip8025Settings
from zkattest.node.own_signer import OwnSigner
from zkattest.node.proof_runner import ProofGossipRunner
from zkattest.node.validators import (
    BeaconValidators,
    ListedValidators,
    open_beacon_validators,
)
from zkattest.ports import ChainFeed, Network, ProofChecker, ValidatorView
from zkattest.rpc import BeaconChain
from zkattest.spec.budget import DEAR_VERIFICATION_MS
from zkattest.spec.gossip_profiles import GOSSIP_ORDERS, read_gossiped_proof
from zkattest.spec.program_registry import program_names
from zkattest.store.proofs import ProofStore
from zkattest.telemetry import Observer
from zkattest.types.ids import ProofType
from zkattest.types.programs import ProofSystem
from zkattest.types.proof_profiles import MessageKind


class NoFeed:
    """Know of no blocks but those that somebody tells the runner of."""

    async def follow(self, tell: Callable[[ProofEvent], Awaitable[None]]) -> None:
        """Tell nothing."""
        await trio.sleep_forever()


def domain_of(settings: Eip8025Settings) -> bytes:
    """Return the domain of proofs, 32 bytes; raise ValueError where messages are not signed."""
    domain_type = settings.profile.domain_type
    if domain_type is None:
        raise ValueError(f"{settings.profile.name}: messages are not signed")
    return compute_domain(domain_type, settings.fork_root)


def machine_settings(
    settings: Eip8025Settings,
    own: OwnValidator | None = None,
    revoked_types: frozenset[ProofType] = frozenset(),
) -> ProofGossipSettings:
    """
    Give the part that the machine reads.

    `own` says who signs here, if anybody does; `revoked_types` whose proofs count no longer.
    """
    return ProofGossipSettings(
        order=GOSSIP_ORDERS[settings.profile.name],
        decode=partial(read_gossiped_proof, settings.profile),
        proof_types=frozenset(settings.proof_types),
        dear_types=dear_types({kind: one for kind, (one, _) in settings.proof_types.items()}),
        max_message_bytes=settings.profile.max_message_bytes,
        max_proof_bytes=settings.profile.max_proof_bytes,
        verification=settings.verification,
        own=own,
        revoked_types=revoked_types,
        programs=program_names(settings.proof_types),
    )


def dear_types(systems: Mapping[ProofType, ProofSystem]) -> dict[ProofType, float]:
    """Say of which types proofs are dear to verify, and what each is charged beforehand, in ms."""
    dear = DEAR_VERIFICATION_MS
    return {kind: dear[system] for kind, system in systems.items() if system in dear}


@dataclass(frozen=True, slots=True)
class Kept:
    """Hold an open store and what was in it."""

    store: ProofStore | None
    saved: SavedProofs


@asynccontextmanager
async def open_proof_gossip(
    settings: Eip8025Settings,
    network: Network,
    proofs: ProofChecker,
    observer: Observer,
    kept: Kept | None = None,
    signer: OwnSigner | None = None,
    own_limits: OwnLimits | None = None,
    revoked_types: frozenset[ProofType] = frozenset(),
) -> AsyncIterator[ProofGossipRunner]:
    """
    Make a runner, with what it needs beside it, and close that afterwards.

    The store is `kept` where somebody opened it before, as one does who wants its errors alone:
    `StoreError` for one that cannot be opened or is another network's.
    """
    domain = domain_of(settings)
    own = OwnValidator(signer.signer.pubkey, own_limits or OwnLimits()) if signer else None
    async with AsyncExitStack() as stack:
        kept = kept or open_kept(settings, stack)
        feed = _open_feed(settings, observer, stack)
        yield ProofGossipRunner(
            machine=ProofGossipMachine(machine_settings(settings, own, revoked_types), kept.saved),
            network=network,
            validators=await stack.enter_async_context(_open_validators(settings)),
            proofs=proofs,
            feed=feed,
            domain_at=lambda _slot: domain,
            observer=observer,
            slots=settings.clock,
            store=kept.store,
            slots_per_epoch=settings.slots_per_epoch,
            signer=signer,
        )


def open_kept(settings: Eip8025Settings, stack: AsyncExitStack | ExitStack) -> Kept:
    """Open the store, where there is one, until the stack is left; raise `StoreError`."""
    if settings.store is None:
        return Kept(None, SavedProofs())
    network_id = f"{settings.profile.name}-{settings.fork_root.hex()}"
    store = ProofStore(settings.store, network_id, max_kept_bytes=settings.store_bytes)
    stack.callback(store.close)
    # What is kept of a number that stands for another program now is forgotten first.
    store.save([KeepPrograms(program_names(settings.proof_types))])
    return Kept(store, store.load())


def _open_feed(settings: Eip8025Settings, observer: Observer, stack: AsyncExitStack) -> ChainFeed:
    """Ask the node about blocks, where there is one."""
    if settings.beacon_node is None:
        return NoFeed()
    chain = BeaconChain(settings.beacon_node, settings.profile)
    stack.callback(chain.close)
    return BeaconFeed(
        chain,
        settings.chain_id,
        observer,
        FeedSettings(slots_per_epoch=settings.slots_per_epoch),
        names_requests=settings.profile.message is MessageKind.SIGNED_PROOF,
    )


@asynccontextmanager
async def _open_validators(settings: Eip8025Settings) -> AsyncIterator[ValidatorView]:
    """Take the validators that are listed; without a list, ask the node."""
    if settings.validators or settings.beacon_node is None:
        yield ListedValidators(settings.validators)
        return
    asked = BeaconValidators(settings.beacon_node, settings.slots_per_epoch)
    async with open_beacon_validators(asked) as view:
        yield view
