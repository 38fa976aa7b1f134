"""Compose the parts that judge the execution proofs of a consensus network (EIP-8025)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import trio

from zkattest.crypto.hashing import compute_domain
from zkattest.machines.proof_events import ProofEvent, SavedProofs
from zkattest.machines.proof_gossip import ProofGossipMachine, ProofGossipSettings
from zkattest.node.beacon_feed import BeaconFeed, FeedSettings
from zkattest.node.config_eip8025 import Eip8025Settings
from zkattest.node.loop import SystemClock
from zkattest.node.proof_runner import ProofGossipRunner
from zkattest.ports import ChainFeed, Network, ProofChecker, ValidatorView
from zkattest.rpc import BeaconChain, BeaconLimits, BeaconNode, CachedValidatorView
from zkattest.spec.answers import ActiveValidator, Refused, ValidatorOutcome
from zkattest.spec.gossiped_proof import GOSSIP_ORDERS, proof_decoder
from zkattest.spec.reasons import Reason
from zkattest.store.proofs import ProofStore
from zkattest.telemetry import Observer
from zkattest.types.ids import Epoch, ValidatorIndex
from zkattest.types.proof_profiles import MessageKind


@dataclass(frozen=True, slots=True)
class ListedValidators:
    """Take validators from a list: all of them are active, nobody else is known."""

    pubkeys: Mapping[ValidatorIndex, bytes]

    async def validator_at(self, index: ValidatorIndex, epoch: Epoch) -> ValidatorOutcome:
        """Say who a validator is, whatever the epoch."""
        await trio.lowlevel.checkpoint()
        pubkey = self.pubkeys.get(index)
        return ActiveValidator(pubkey) if pubkey else Refused(Reason.UNKNOWN_VALIDATOR)


class NoFeed:
    """Know of no blocks but those that somebody tells the runner of."""

    async def follow(self, tell: Callable[[ProofEvent], Awaitable[None]]) -> None:
        """Tell nothing."""
        await trio.sleep_forever()


def machine_settings(settings: Eip8025Settings) -> ProofGossipSettings:
    """Give the part that the machine reads."""
    return ProofGossipSettings(
        order=GOSSIP_ORDERS[settings.profile.name],
        decode=proof_decoder(settings.profile),
        proof_types=frozenset(settings.proof_types),
        max_message_bytes=settings.profile.max_message_bytes,
        max_proof_bytes=settings.profile.max_proof_bytes,
        verification=settings.verification,
    )


@asynccontextmanager
async def open_proof_gossip(
    settings: Eip8025Settings, network: Network, proofs: ProofChecker, observer: Observer
) -> AsyncIterator[ProofGossipRunner]:
    """
    Make a runner, with what it needs beside it, and close that afterwards.

    Raises `StoreError` for a store that cannot be opened or is another network's.
    """
    domain_type = settings.profile.domain_type
    if domain_type is None:
        raise ValueError(f"{settings.profile.name}: messages are not signed")
    domain = compute_domain(domain_type, settings.fork_root)
    store = _open_store(settings)
    chain, view = _open_beacon_node(settings)
    feed: ChainFeed = NoFeed()
    if chain is not None:
        feed_settings = FeedSettings(slots_per_epoch=settings.slots_per_epoch)
        feed = BeaconFeed(
            chain,
            settings.chain_id,
            observer,
            feed_settings,
            names_requests=settings.profile.message is MessageKind.SIGNED_PROOF,
        )
    try:
        saved = store.load() if store else SavedProofs()
        async with trio.open_nursery() as nursery:
            if isinstance(view, CachedValidatorView):
                nursery.start_soon(view.run)
            yield ProofGossipRunner(
                machine=ProofGossipMachine(machine_settings(settings), saved),
                network=network,
                validators=view,
                proofs=proofs,
                feed=feed,
                domain_at=lambda _slot: domain,
                observer=observer,
                slots=settings.clock,
                store=store,
                slots_per_epoch=settings.slots_per_epoch,
            )
            nursery.cancel_scope.cancel()
    finally:
        if chain is not None:
            chain.close()
        if store is not None:
            store.close()


def _open_store(settings: Eip8025Settings) -> ProofStore | None:
    if settings.store is None:
        return None
    network_id = f"{settings.profile.name}-{settings.fork_root.hex()}"
    return ProofStore(settings.store, network_id, max_kept_bytes=settings.store_bytes)


def _open_beacon_node(settings: Eip8025Settings) -> tuple[BeaconChain | None, ValidatorView]:
    """Ask the node about blocks; about validators too, unless they are listed."""
    if settings.beacon_node is None:
        return None, ListedValidators(settings.validators)
    chain = BeaconChain(settings.beacon_node, settings.profile)
    if settings.validators:
        return chain, ListedValidators(settings.validators)
    node = BeaconNode(settings.beacon_node, settings.slots_per_epoch, BeaconLimits())
    return chain, CachedValidatorView(node, SystemClock())
