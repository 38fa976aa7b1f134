"""
A validator with a good key attacks a node: real signatures, real proofs, a real process.

Honest validators' claims go from one host to another through the node meanwhile.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE
from typing import Any

import psutil
import trio

from tests.helpers.hostile_peer import TRANSPORT_ERRORS, HostilePeer, Tally, Target, joined
from tests.helpers.siege import FRIENDS_SETTINGS, MIB, ROOT
from zkattest.crypto.hashing import sha256
from zkattest.devnet.keys import validator_pubkeys, validator_secret
from zkattest.net import GossipHost, Verdict, snappy
from zkattest.net.address import Address
from zkattest.net.errors import PeerError
from zkattest.node.config import load_config
from zkattest.node.profile import Profile
from zkattest.node.signing import Signer
from zkattest.prover.program import load_program
from zkattest.spec.presets import PROOF_TYPE_SP1_DEVNET
from zkattest.spec.reasons import Reason
from zkattest.types.execution import EMPTY_REQUESTS_HASH, BlockPackage, ExecutionClaim
from zkattest.types.ids import BlockHash, ProofType, Root, Slot, ValidatorIndex
from zkattest.types.wire import DelayedBlock, ExecutionProofEnvelope

CHAIN = sorted((ROOT / "vectors" / "eip7886" / "chain").glob("*/block.ssz"))
BUILDER, HOSTILE, FIRST_HONEST = ValidatorIndex(0), ValidatorIndex(1), 2
VALIDATORS = 40
SLOT_MS = 12_000
SLOT_NOW = 1_000
SP1 = ProofType(PROOF_TYPE_SP1_DEVNET)
LIMIT_S = 240
ATTACK_S = 3.0
CLAIMS_A_SECOND = 20
MOST_LATE_MS = 4_000
MOST_GROWTH_MIB = 96
JUNK_BYTES = 100_000
SOURCE = "127.0.0.77"


@dataclass(slots=True)
class Node:
    """Hold a node's process and what it said."""

    process: trio.Process
    profile: Profile
    address: str
    lines: list[dict[str, Any]] = field(default_factory=list)

    def signer(self, index: int) -> Signer:
        """Sign as a validator of its network."""
        return Signer(self.profile.fork, ValidatorIndex(index), validator_secret(index))

    def reasons(self, verdict: Verdict) -> Counter[str]:
        """Count why it gave a verdict on what strangers sent."""
        return Counter(
            line["reason"]
            for line in self.lines
            if line["event"] == "gossip_verdict" and line["verdict"] == verdict
        )

    def rss_bytes(self) -> int:
        """Look at its memory from outside."""
        return int(psutil.Process(self.process.pid).memory_info().rss)


def write_config(folder: Path) -> Path:
    """Write a node's configuration, as an operator would."""
    keys = ", ".join(f'"0x{key.hex()}"' for key in validator_pubkeys(VALIDATORS))
    genesis_time_ms = time.time_ns() // 1_000_000 - SLOT_NOW * SLOT_MS
    path = folder / "node.toml"
    path.write_text(
        f"""
[network]
chain_id = {BlockPackage.decode(CHAIN[0].read_bytes()).chain_id}
fork_version = "0x78860000"
genesis_time_ms = {genesis_time_ms}
slot_ms = {SLOT_MS}
anchor = "{CHAIN[0]}"
validators = [{keys}]
proposers = [0]
[[network.proof_types]]
type = {SP1}
system = "sp1"
program_vk = "{load_program().program_vk}"
[node]
key_seed = "0x{"09" * 32}"
stop_with_stdin = true
"""
    )
    return path


@asynccontextmanager
async def running_node(folder: Path) -> AsyncIterator[Node]:
    """Run `zkattest node` until the test is over."""
    path = write_config(folder)
    command = [sys.executable, "-m", "zkattest.cli.main", "node", "--config", str(path)]
    command += ["--log-level", "debug"]
    process = await trio.lowlevel.open_process(command, stdin=PIPE, stdout=PIPE, cwd=ROOT)
    try:
        async with trio.open_nursery() as nursery:
            node = Node(process, load_config(path).profile, "")
            listening = trio.Event()
            nursery.start_soon(read_lines, node, listening)
            await listening.wait()
            yield node
            nursery.cancel_scope.cancel()
    finally:
        process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()


async def read_lines(node: Node, listening: trio.Event) -> None:
    """Keep what the node says."""
    assert node.process.stdout is not None
    rest = b""
    async for data in node.process.stdout:
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            node.lines.append(json.loads(line))
            if node.lines[-1]["event"] == "listening":
                node.address = node.lines[-1]["address"]
                listening.set()


def honest_claims(node: Node) -> Iterator[bytes]:
    """Sign claims about blocks that nobody knows, as many validators in turn."""
    for number in itertools.count():
        index = FIRST_HONEST + number % (VALIDATORS - FIRST_HONEST)
        root = Root(os.urandom(32))
        claim = ExecutionClaim(
            block_hash=BlockHash(os.urandom(32)),
            transactions_root=root,
            post_state_root=root,
            deferred_transactions_root=root,
            receipts_root=root,
            logs_bloom=bytes(256),
            requests_hash=EMPTY_REQUESTS_HASH,
            execution_reverted=False,
        )
        yield node.signer(index).claim(claim).encode()


@dataclass(slots=True)
class Seen:
    """Hold what the honest hosts sent and got."""

    sent: dict[bytes, float] = field(default_factory=dict)
    late_ms: dict[bytes, float] = field(default_factory=dict)
    others: list[bytes] = field(default_factory=list)
    changed: trio.Event = field(default_factory=trio.Event)


@asynccontextmanager
async def honest_pair(node: Node) -> AsyncIterator[tuple[GossipHost, GossipHost, Seen]]:
    """Open two hosts that know the node only; the second keeps what reaches it."""
    topics, seen = node.profile.topics, Seen()
    limits = topics.limits_bytes()
    listen = "/ip4/127.0.0.1/tcp/0"

    async def receive(host: GossipHost) -> None:
        async for message in host.messages:
            host.report(message.message_id, Verdict.ACCEPT)
            if message.message_id in seen.sent:
                late_s = trio.current_time() - seen.sent[message.message_id]
                seen.late_ms[message.message_id] = 1000 * late_s
            else:
                seen.others.append(message.data)
            seen.changed.set()
            seen.changed = trio.Event()

    async with (
        GossipHost.open(listen, [node.address], limits, b"\1" * 32, FRIENDS_SETTINGS) as sender,
        GossipHost.open(listen, [node.address], limits, b"\2" * 32, FRIENDS_SETTINGS) as receiver,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(receive, receiver)
        for host in (sender, receiver):
            for topic in limits:
                await host.wait_for_mesh(topic, 1)
        yield sender, receiver, seen
        nursery.cancel_scope.cancel()


Hostile = Callable[[Node, HostilePeer], Awaitable[None]]


async def keep_attacking(node: Node, attack: Hostile, tally: Tally) -> None:
    """Come back with a new name whenever the node parts."""
    topics = node.profile.topics
    target = Target(node.address, SOURCE, topics.proof, topics.block)
    while True:
        try:
            async with joined(target, tally) as peer:
                await peer.join([topics.proof, topics.block, topics.claim])
                await attack(node, peer)
        except* (PeerError, *TRANSPORT_ERRORS):
            tally.add("refused")
        await trio.sleep(0.05)


async def besieged(folder: Path, attack: Hostile) -> tuple[Node, Seen, Tally]:
    """Attack a node for a while, and hold what holds for each attack by a validator."""
    tally = Tally()
    async with running_node(folder) as node, honest_pair(node) as (sender, receiver, seen):
        before_bytes = node.rss_bytes()
        claims, topic = honest_claims(node), node.profile.topics.claim
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keep_attacking, node, attack, tally)
            started_s = trio.current_time()
            for number in range(int(ATTACK_S * CLAIMS_A_SECOND)):
                await trio.sleep_until(started_s + number / CLAIMS_A_SECOND)
                at_s = trio.current_time()
                seen.sent[sender.publish(topic, next(claims))] = at_s
            while seen.late_ms.keys() != seen.sent.keys():
                await seen.changed.wait()
            nursery.cancel_scope.cancel()
        assert max(seen.late_ms.values()) < MOST_LATE_MS
        assert (node.rss_bytes() - before_bytes) / MIB < MOST_GROWTH_MIB
        name = Address.parse(node.address).peer_id
        assert sender.connected_peers() == receiver.connected_peers() == {name}
        assert node.process.returncode is None
        honest = {sender.peer_id, receiver.peer_id}
        verdicts = {
            line["verdict"]
            for line in node.lines
            if line["event"] == "gossip_verdict" and line["from_peer"] in honest
        }
        assert verdicts == {Verdict.ACCEPT}
    return node, seen, tally


async def send_signed_garbage(node: Node, peer: HostilePeer) -> None:
    """Sign proofs that are none."""
    signer = node.signer(HOSTILE)
    while not peer.ended.is_set():
        root = Root(os.urandom(32))
        signed = signer.proof(ExecutionProofEnvelope(os.urandom(JUNK_BYTES), SP1, root))
        await peer.publish(node.profile.topics.proof, snappy.compress(signed.encode()))
        await trio.sleep(0.01)


async def test_node__parts_with_who_passes_on_signed_garbage(tmp_path: Path) -> None:
    with trio.fail_after(LIMIT_S):
        node, seen, tally = await besieged(tmp_path, send_signed_garbage)
    assert node.reasons(Verdict.REJECT).total() >= 1
    assert tally.counts["parted"] >= 1
    assert seen.others == []


async def send_old_blocks(node: Node, peer: HostilePeer) -> None:
    """Replay blocks of slots long gone, signed by their proposer, each of another slot."""
    signer, package = node.signer(BUILDER), BlockPackage.decode(CHAIN[0].read_bytes())
    signed = []
    for slot in range(1, 40):
        block = DelayedBlock.from_package(Slot(slot), package)
        signed.append(snappy.compress(signer.block(block).encode()))
    while not peer.ended.is_set():
        for payload in signed:
            await peer.publish(node.profile.topics.block, payload)
            await trio.sleep(0.001)


async def test_node__ignores_who_replays_old_slots(tmp_path: Path) -> None:
    with trio.fail_after(LIMIT_S):
        node, seen, tally = await besieged(tmp_path, send_old_blocks)
    assert node.reasons(Verdict.IGNORE)[Reason.SLOT_TOO_OLD] >= 1
    assert node.reasons(Verdict.REJECT).total() == 0
    assert tally.counts["messages"] > 100
    assert seen.others == []


async def send_equivocations(node: Node, peer: HostilePeer) -> None:
    """Sign two different proofs, both valid, for one block and type; again for other blocks."""
    signer = node.signer(HOSTILE)
    proofs = [path.with_name("proof.bin").read_bytes() for path in CHAIN[:2]]
    with suppress(PeerError):
        for number in range(3):
            root = Root(sha256(b"equivocation %d" % number))
            for proof in proofs:
                signed = signer.proof(ExecutionProofEnvelope(proof, SP1, root))
                await peer.publish(node.profile.topics.proof, snappy.compress(signed.encode()))
    await trio.sleep_forever()


async def test_node__passes_on_the_first_of_two_proofs_of_a_validator(tmp_path: Path) -> None:
    with trio.fail_after(LIMIT_S):
        node, seen, _ = await besieged(tmp_path, send_equivocations)
    assert node.reasons(Verdict.IGNORE)[Reason.DUPLICATE_FROM_VALIDATOR] >= 1
    assert node.reasons(Verdict.REJECT).total() == 0
    assert len(seen.others) == 3
