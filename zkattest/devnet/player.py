"""Publish what the script says, when it says so: the builder and the hostile peers."""

from __future__ import annotations

from dataclasses import dataclass

import trio

from zkattest.crypto.blocks import decode_block
from zkattest.devnet.forge import (
    corrupt_proof,
    forge_nonce_gap,
    forge_receipt_root,
    forge_signature,
)
from zkattest.devnet.pack import Pack
from zkattest.devnet.scenario import Kind, Publication
from zkattest.net import GossipHost
from zkattest.node.config import NodeConfig
from zkattest.node.loop import SystemClock
from zkattest.node.main import wait_for_stop
from zkattest.node.signing import Signer
from zkattest.spec.presets import PROOF_TYPE_SP1_DEVNET
from zkattest.telemetry import Observer
from zkattest.types.gossip import Verdict
from zkattest.types.ids import Address, ProofType, Root, Slot
from zkattest.types.wire import DelayedBlock, ExecutionProofEnvelope

FORGERS = {
    Kind.BAD_SIGNATURE: forge_signature,
    Kind.NONCE_GAP: forge_nonce_gap,
    Kind.WRONG_OUTPUT: forge_receipt_root,
}


@dataclass(slots=True)
class Player:
    """Hold what a publishing process knows: the recorded chain and its own key."""

    config: NodeConfig
    pack: Pack
    signer: Signer
    publications: list[Publication]
    observer: Observer

    async def run(self) -> None:
        """Publish on time until told to stop."""
        config, topics = self.config, self.config.profile.topics
        async with (
            GossipHost.open(
                config.listen, config.peers, topics.limits_bytes(), config.key_seed
            ) as host,
            trio.open_nursery() as nursery,
        ):
            self.observer.event("listening", address=host.address, peer_id=host.peer_id)
            nursery.start_soon(_ignore_all, host)
            nursery.start_soon(_tell_connections, host, len(config.peers), self.observer)
            nursery.start_soon(self._publish_all, host)
            await wait_for_stop(stop_with_stdin=config.stop_with_stdin)
            nursery.cancel_scope.cancel()

    async def _publish_all(self, host: GossipHost) -> None:
        clock, slots = SystemClock(), self.config.profile.clock
        for plan in self.publications:
            # Made before its time: reading and signing a proof take longer than sending it.
            topic, message = await trio.to_thread.run_sync(self._make, plan)
            due_ms = slots.start_ms(Slot(plan.slot)) + plan.at * slots.slot_ms
            await trio.sleep(max(0.0, (due_ms - clock.now_ms()) / 1000))
            message_id = host.publish(topic, message)
            self.observer.event(
                "published",
                slot=plan.slot,
                kind=plan.kind,
                number=plan.number,
                size_bytes=len(message),
                message_id=message_id,
                late_ms=round(clock.now_ms() - due_ms),
            )

    def _make(self, plan: Publication) -> tuple[str, bytes]:
        """Make and sign a message, and name its topic."""
        topics, recorded = self.config.profile.topics, self.pack[plan.number]
        match plan.kind:
            case Kind.CLAIM:
                return topics.claim, self.signer.claim(recorded.claim).encode()
            case Kind.PROOF | Kind.CORRUPTED_PROOF | Kind.FOREIGN_PROOF:
                return topics.proof, self._proof(plan)
            case Kind.BLOCK:
                package = recorded.package
            case Kind.BAD_SIGNATURE | Kind.NONCE_GAP | Kind.WRONG_OUTPUT:
                package = FORGERS[plan.kind](self.pack, plan.number)
        senders = decode_block(package.block).senders().by_transaction()
        hints = tuple(Address(sender or bytes(20)) for sender in senders)
        block = DelayedBlock.from_package(Slot(plan.slot), package, hints)
        return topics.block, self.signer.block(block).encode()

    def _proof(self, plan: Publication) -> bytes:
        proof = self.pack[plan.number].proof()
        if plan.kind is Kind.CORRUPTED_PROOF:
            proof = corrupt_proof(proof)
        named = self.pack[plan.under or plan.number].block.block_hash
        envelope = ExecutionProofEnvelope(proof, ProofType(PROOF_TYPE_SP1_DEVNET), Root(named))
        return self.signer.proof(envelope).encode()


async def _ignore_all(host: GossipHost) -> None:
    """Answer every message with IGNORE: a player checks nothing, so it passes nothing on."""
    async for message in host.messages:
        host.report(message.message_id, Verdict.IGNORE)


async def _tell_connections(host: GossipHost, wanted: int, observer: Observer) -> None:
    """Say once that all peers can be reached."""
    while len(host.connected_peers()) < wanted:
        await host.wait_for_change()
    observer.event("connected", peers=wanted)
