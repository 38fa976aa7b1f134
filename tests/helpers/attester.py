"""A chain of headers and claims, and a machine that is played with it under a virtual clock."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any, cast

from zkattest.crypto.hashing import hash_tree_root_claim, sha256
from zkattest.machines.attester import AttesterMachine
from zkattest.machines.events import (
    BlockChecked,
    BlockJudged,
    BlockOpened,
    BlockOutcome,
    BlockReceived,
    BlockValid,
    CheckBlock,
    CheckSignature,
    ClaimReceived,
    Decide,
    DropBlock,
    DropClaim,
    Effect,
    Event,
    OpenBlock,
    OpenedBlock,
    ParentVerdict,
    ProofChecked,
    ProofJudged,
    ProofReceived,
    ProvenRoot,
    ReportGossip,
    SaveBlock,
    SaveClaim,
    SavedBlock,
    SaveDecision,
    SavedState,
    SaveRoot,
    SignatureChecked,
    TimePassed,
    VerifyProof,
)
from zkattest.machines.settings import Anchor, AttesterSettings, Limits, Policy
from zkattest.machines.slot_clock import SlotClock
from zkattest.spec.answers import Fault, ProofOutcome, ProofValid, Refused, SignatureValid
from zkattest.spec.proof_policy import TypePolicy
from zkattest.spec.reasons import Reason
from zkattest.types.execution import (
    EMPTY_OMMERS_HASH,
    EMPTY_REQUESTS_HASH,
    EMPTY_TRIE_ROOT,
    ExecutionClaim,
    ExecutionWitness,
    Header,
)
from zkattest.types.gossip import GossipMessage, Verdict
from zkattest.types.ids import (
    Address,
    BlockHash,
    ChainId,
    ProofType,
    Root,
    Slot,
    ValidatorIndex,
)
from zkattest.types.wire import (
    DelayedBlock,
    ExecutionProofEnvelope,
    PublicValues,
    SignedDelayedBlock,
    SignedExecutionClaim,
    SignedExecutionProofEnvelope,
)

CHAIN_ID = ChainId(7886)
SLOT_MS = 6_000
GENESIS_MS = 1_000_000
BUILDER, HOSTILE = ValidatorIndex(0), ValidatorIndex(1)
SP1 = ProofType(1)
SCHEMA = 0x7886


def root_of(*words: object) -> Root:
    """Make a root that stands for these words."""
    return Root(sha256(repr(words).encode()))


@dataclass(frozen=True)
class FakeBlock:
    """Hold a block as far as the machine sees one."""

    header: Header
    block_hash: BlockHash
    body: str = "honest"
    outputs: str = "honest"
    reverted: bool = False

    @property
    def transactions_root(self) -> Root:
        return root_of("transactions", self.header.number, self.body)

    @property
    def content(self) -> bytes:
        return self.block_hash + self.body.encode()

    @property
    def claim(self) -> ExecutionClaim:
        words = (self.header.number, self.block_hash, self.body, self.outputs)
        return ExecutionClaim(
            block_hash=self.block_hash,
            transactions_root=self.transactions_root,
            post_state_root=root_of("state", *words),
            deferred_transactions_root=self.transactions_root,
            receipts_root=root_of("receipts", *words),
            logs_bloom=bytes(256),
            requests_hash=EMPTY_REQUESTS_HASH,
            execution_reverted=False,
        )

    @property
    def root(self) -> Root:
        return hash_tree_root_claim(self.claim)

    def child(
        self, *, name: str = "", of: ExecutionClaim | None = None, **changes: Any
    ) -> FakeBlock:
        """Make a block whose header repeats a claim of this one."""
        header = header_after(self.header.number + 1, self.block_hash, of or self.claim)
        header = replace(header, **changes)
        return FakeBlock(header, BlockHash(root_of("hash", name, header)))


def header_after(number: int, parent_hash: BlockHash, claim: ExecutionClaim) -> Header:
    """Make the header of the child that repeats a claim."""
    return Header(
        parent_hash=parent_hash,
        ommers_hash=EMPTY_OMMERS_HASH,
        coinbase=Address(bytes(20)),
        pre_state_root=claim.post_state_root,
        parent_transactions_root=claim.deferred_transactions_root,
        parent_receipt_root=claim.receipts_root,
        parent_bloom=claim.logs_bloom,
        parent_requests_hash=claim.requests_hash,
        parent_execution_reverted=claim.execution_reverted,
        difficulty=0,
        number=number,
        gas_limit=36_000_000,
        gas_used=0,
        timestamp=number,
        extra_data=b"",
        prev_randao=bytes(32),
        nonce=bytes(8),
        base_fee_per_gas=7,
        withdrawals_root=EMPTY_TRIE_ROOT,
        blob_gas_used=0,
        excess_blob_gas=0,
        parent_beacon_block_root=Root(bytes(32)),
    )


def genesis() -> FakeBlock:
    """Make the trusted block."""
    nothing = ExecutionClaim(
        block_hash=BlockHash(bytes(32)),
        transactions_root=EMPTY_TRIE_ROOT,
        post_state_root=Root(bytes(32)),
        deferred_transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=bytes(256),
        requests_hash=EMPTY_REQUESTS_HASH,
        execution_reverted=False,
    )
    header = header_after(0, BlockHash(bytes(32)), nothing)
    return FakeBlock(header, BlockHash(root_of("hash", "genesis")))


def chain(length: int) -> list[FakeBlock]:
    """Make an honest chain; number 0 is the anchor."""
    blocks = [genesis()]
    while len(blocks) <= length:
        blocks.append(blocks[-1].child())
    return blocks


def settings(
    policy: Policy = Policy.ABSTAIN,
    limits: Limits | None = None,
    proposers: tuple[ValidatorIndex, ...] = (BUILDER,),
    proof_policy: TypePolicy | None = None,
) -> AttesterSettings:
    """Describe the network of these tests."""
    anchor = genesis()
    return AttesterSettings(
        chain_id=CHAIN_ID,
        anchor=Anchor(anchor.block_hash, anchor.header, anchor.claim),
        clock=SlotClock(GENESIS_MS, SLOT_MS),
        proposers=proposers,
        validator_count=4,
        proof_types=frozenset(proof_policy.programs if proof_policy else {SP1}),
        policy=policy,
        limits=limits or Limits(),
        proof_policy=proof_policy,
    )


def public_values(
    root: Root, *, valid: bool = True, chain_id: int = CHAIN_ID, schema_id: int = SCHEMA
) -> bytes:
    """Make what a guest commits to."""
    return PublicValues(root, valid, ChainId(chain_id), schema_id).encode()


@dataclass
class Play:
    """Feed a machine, perform its work with scripted answers, and keep what it says."""

    machine: AttesterMachine
    now_ms: int = GENESIS_MS
    log: list[Effect] = field(default_factory=list)
    held: list[Effect] = field(default_factory=list)
    hold: bool = False
    blocks: dict[bytes, FakeBlock] = field(default_factory=dict)
    block_answers: dict[bytes, BlockOutcome] = field(default_factory=dict)
    proof_answers: dict[bytes, ProofOutcome] = field(default_factory=dict)
    unsigned: set[bytes] = field(default_factory=set)
    saved: list[Effect] = field(default_factory=list)
    _ids: int = 0

    @classmethod
    def start(cls, saved: SavedState | None = None, **options: Any) -> Play:
        """Start a machine at genesis."""
        play = cls(AttesterMachine(settings(**options), saved or SavedState()))
        play.feed(TimePassed())
        return play

    # --- Time ---------------------------------------------------------------------------------

    def at(self, slot: int, into_ms: int = 0) -> Play:
        """Move the clock, waking the machine where it asked to be."""
        target = GENESIS_MS + slot * SLOT_MS + into_ms
        while True:
            wakes = [e.time_ms for e in self.log if type(e).__name__ == "WakeAt"]
            due = wakes[-1] if wakes else self.now_ms
            if not self.now_ms < due <= target:
                break
            self.now_ms = due
            self.feed(TimePassed())
        self.now_ms = max(self.now_ms, target)
        self.feed(TimePassed())
        return self

    def deadline(self, slot: int) -> Decide:
        """Let a slot's deadline pass and return what was decided."""
        self.at(slot, SLOT_MS // 3)
        return self.decision(slot)

    # --- Messages -----------------------------------------------------------------------------

    def block(
        self, block: FakeBlock, slot: int, peer: str = "builder", proposer: int = BUILDER
    ) -> ReportGossip | None:
        """Deliver a block and return the answer to its message."""
        self.blocks[block.content] = block
        message = DelayedBlock(
            Slot(slot), CHAIN_ID, block.content, (), ExecutionWitness((), (), ())
        )
        signed = SignedDelayedBlock(message, ValidatorIndex(proposer), bytes(96))
        return self._deliver(BlockReceived, signed.encode(), peer)

    def proof(
        self,
        block: FakeBlock,
        *,
        under: FakeBlock | None = None,
        peer: str = "builder",
        validator: int = BUILDER,
        data: bytes | None = None,
        proof_type: int = SP1,
    ) -> ReportGossip | None:
        """Deliver a proof of a block, by default under its own hash."""
        data = b"proof of " + block.root if data is None else data
        self.proof_answers.setdefault(data, ProofValid(public_values(block.root)))
        hint = Root((under or block).block_hash)
        envelope = ExecutionProofEnvelope(data, ProofType(proof_type), hint)
        signed = SignedExecutionProofEnvelope(envelope, ValidatorIndex(validator), bytes(96))
        return self._deliver(ProofReceived, signed.encode(), peer)

    def claim(
        self, claim: ExecutionClaim, *, peer: str = "builder", validator: int = BUILDER
    ) -> ReportGossip | None:
        """Deliver a claim."""
        signed = SignedExecutionClaim(claim, ValidatorIndex(validator), bytes(96))
        return self._deliver(ClaimReceived, signed.encode(), peer)

    def prove(self, block: FakeBlock) -> None:
        """Deliver the claim and the proof of a block; a child's header may have made the claim."""
        self.claim(block.claim)
        assert verdict(self.proof(block)) is Verdict.ACCEPT

    def raw(
        self,
        kind: type[BlockReceived | ProofReceived | ClaimReceived],
        data: bytes,
        peer: str = "someone",
    ) -> ReportGossip | None:
        """Deliver bytes as they are."""
        return self._deliver(kind, data, peer)

    # --- What was said ------------------------------------------------------------------------

    def decision(self, slot: int) -> Decide:
        """Return the last decision about a slot."""
        return [e for e in self.log if isinstance(e, Decide) and e.slot == slot][-1]

    def decisions(self, slot: int) -> list[Decide]:
        """Return all decisions about a slot."""
        return [e for e in self.log if isinstance(e, Decide) and e.slot == slot]

    def judged(self, block: FakeBlock) -> BlockJudged:
        """Return the last word on a block."""
        found = [
            e for e in self.log if isinstance(e, BlockJudged) and e.block_hash == block.block_hash
        ]
        return found[-1]

    def last_proof(self) -> ProofJudged:
        """Return the last word on a proof."""
        return [e for e in self.log if isinstance(e, ProofJudged)][-1]

    def answers(self) -> list[ReportGossip]:
        """Return all answers to messages."""
        return [e for e in self.log if isinstance(e, ReportGossip)]

    def count(self, kind: type[Effect]) -> int:
        """Count effects of a kind."""
        return sum(isinstance(e, kind) for e in self.log)

    def restart(self, **options: Any) -> Play:
        """Start another machine from what this one saved, at the same time."""
        blocks: dict[Root, SavedBlock] = {}
        claims: dict[bytes, ExecutionClaim] = {}
        roots: dict[tuple[Root, ProofType], ProvenRoot] = {}
        for effect in self.log:
            match effect:
                case SaveBlock(block=block):
                    blocks[block.content_id] = block
                case DropBlock(content_id=content_id):
                    blocks.pop(content_id, None)
                case SaveClaim(claim=claim):
                    claims[claim.encode()] = claim
                case DropClaim(claim=claim):
                    claims.pop(claim.encode(), None)
                case SaveRoot(root=root):
                    roots[root.root, root.proof_type] = root
                case _:
                    pass
        saved = SavedState(
            blocks=tuple(blocks.values()),
            roots=tuple(roots.values()),
            claims=tuple(claims.values()),
            decided=frozenset(e.slot for e in self.log if isinstance(e, SaveDecision)),
        )
        again = Play(AttesterMachine(settings(**options), saved), self.now_ms)
        again.feed(TimePassed())
        return again

    # --- Machinery ----------------------------------------------------------------------------

    def feed(self, event: Event) -> None:
        """Give the machine an event and perform what it asks for."""
        pending = [event]
        while pending:
            effects = self.machine.handle(pending.pop(0), self.now_ms)
            self.log.extend(effects)
            for effect in effects:
                if self.hold and isinstance(effect, WORK):
                    self.held.append(effect)
                elif (answer := self.answer(effect)) is not None:
                    pending.append(answer)

    def release(self) -> None:
        """Perform the work that was held back, oldest first."""
        self.hold = False
        held, self.held = self.held, []
        for effect in held:
            answer = self.answer(effect)
            assert answer is not None
            self.feed(answer)

    def answer(self, effect: Effect) -> Event | None:
        """Do the work of the shell, as scripted."""
        match effect:
            case OpenBlock(job=job, signed=signed):
                if signed.message.block in self.unsigned:
                    return BlockOpened(job, Refused(Reason.MESSAGE_SIGNATURE_INVALID))
                return BlockOpened(job, self._open(signed.message.block))
            case CheckBlock(job=job, signed=signed):
                outcome = self.block_answers.get(signed.message.block, BlockValid())
                return BlockChecked(job, outcome, 1.5)
            case CheckSignature(job=job, signed=signed):
                message = signed.message
                data = (
                    message.proof_data
                    if isinstance(message, ExecutionProofEnvelope)
                    else message.encode()
                )
                refused = Refused(Reason.MESSAGE_SIGNATURE_INVALID)
                return SignatureChecked(job, refused if data in self.unsigned else SignatureValid())
            case VerifyProof(job=job, proof=proof):
                return ProofChecked(job, self.proof_answers[proof], 35.0)
            case _:
                return None

    def _open(self, content: bytes) -> OpenedBlock | Fault:
        block = self.blocks[content]
        return OpenedBlock(
            content_id=root_of("content", content),
            block_hash=block.block_hash,
            header=block.header,
            transactions_root=block.transactions_root,
            block=cast("Any", None),
        )

    def _deliver(
        self,
        kind: type[BlockReceived | ProofReceived | ClaimReceived],
        data: bytes,
        peer: str,
    ) -> ReportGossip | None:
        self._ids += 1
        message_id = self._ids.to_bytes(20, "big")
        self.feed(kind(GossipMessage("topic", data, message_id, peer)))
        found = [a for a in self.answers() if a.message_id == message_id]
        assert len(found) <= 1
        return found[0] if found else None


WORK = (OpenBlock, CheckBlock, CheckSignature, VerifyProof)


def advance(
    play: Play, blocks: list[FakeBlock], until: int, *, without: Collection[int] = ()
) -> Play:
    """Play blocks and proofs of slots 1 to `until`, slot s carrying block s."""
    for number in range(1, until + 1):
        play.at(number, 0)
        assert verdict(play.block(blocks[number], number)) is Verdict.ACCEPT
        play.deadline(number)
        play.at(number, SLOT_MS // 2)
        if number not in without:
            play.prove(blocks[number])
    return play


def verdict(answer: ReportGossip | None) -> Verdict | None:
    """Take the verdict out of an answer."""
    return answer.verdict if answer else None


__all__ = ["ParentVerdict", "Play", "advance", "chain", "verdict"]
