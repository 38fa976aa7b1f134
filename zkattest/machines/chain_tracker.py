"""
Track blocks from the anchor on: what is valid, what is proven, what a proven claim contradicts.

A header does not commit to its own transactions, so a block hash does not name a block: records
are kept by content (block bytes and versioned hashes), and a bad body sent under a good hash
spoils nothing. Only facts about the header itself travel to descendants: a header that a proven
claim contradicts is wrong under every body.

Invariant: `proven` never turns back; claims are proven, and execution is deterministic. The one
exception is the operator's: `withdraw` takes back claims whose programs are trusted no longer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from zkattest.machines.events import BlockStatus, ParentVerdict
from zkattest.machines.settings import Anchor
from zkattest.spec.binding import bind_parent, compare_outputs
from zkattest.spec.reasons import Cause, InvalidBlock, Reason
from zkattest.types.execution import ExecutionClaim, Header
from zkattest.types.ids import BlockHash, PeerName, Root, Slot

# What is said of a block by its parent's outputs, and falls with them.
_SAID_BY_PARENT: Final = frozenset(
    {
        Reason.PARENT_CLAIM_MISMATCH,
        Reason.PARENT_TRANSACTIONS_ROOT_MISMATCH,
        Reason.PARENT_RECEIPT_ROOT_MISMATCH,
        Reason.PARENT_BLOOM_MISMATCH,
        Reason.PARENT_REQUESTS_HASH_MISMATCH,
        Reason.PRE_STATE_ROOT_MISMATCH,
        Reason.PARENT_EXECUTION_REVERTED_MISMATCH,
        Reason.PARENT_INVALID,
    }
)


@dataclass(slots=True)
class BlockRecord:
    """Hold what is known of one block."""

    content_id: Root
    slot: Slot
    block_hash: BlockHash
    header: Header
    transactions_root: Root
    from_peer: PeerName
    status: BlockStatus = BlockStatus.CHECKING
    parent: ParentVerdict = ParentVerdict.PENDING
    static_ms: float = 0.0
    reason: Reason | None = None
    cause: Cause | None = None
    detail: str = ""
    was_valid: bool = False
    """Whether it was valid before a claim contradicted it."""

    @property
    def proven(self) -> bool:
        """Tell whether every ancestor of this block is proven, back to the anchor."""
        return self.parent is ParentVerdict.PROVEN

    @property
    def attestable(self) -> bool:
        """Tell whether an attester may vote for this block now."""
        return self.status is BlockStatus.VALID and self.proven


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Hold the blocks whose standing changed, and among them those that are to be checked anew."""

    changed: list[BlockRecord]
    restored: list[BlockRecord]
    """Valid again: only what was withdrawn had spoken against them."""
    unknown: list[BlockRecord]


@dataclass(slots=True)
class ChainTracker:
    """Hold the records and the proven claims, and settle what follows from them."""

    anchor: Anchor
    records: dict[Root, BlockRecord] = field(default_factory=dict)
    _by_hash: dict[BlockHash, list[BlockRecord]] = field(default_factory=dict)
    _children: dict[BlockHash, list[BlockRecord]] = field(default_factory=dict)
    _claims: dict[BlockHash, dict[Root, ExecutionClaim]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Enter the anchor: valid and proven because the operator says so."""
        header, claim = self.anchor.header, self.anchor.claim
        record = BlockRecord(
            content_id=Root(self.anchor.block_hash),
            slot=Slot(0),
            block_hash=self.anchor.block_hash,
            header=header,
            transactions_root=claim.transactions_root,
            from_peer=PeerName("anchor"),
            status=BlockStatus.VALID,
            parent=ParentVerdict.PROVEN,
        )
        self._enter(record)
        self._claims[self.anchor.block_hash] = {claim.transactions_root: claim}

    # --- Reading ------------------------------------------------------------------------------

    def valid_parents(self, header: Header) -> list[BlockRecord]:
        """List the valid blocks that a header may be a child of; several after equivocation."""
        known = self._by_hash.get(header.parent_hash, ())
        return [record for record in known if record.status is BlockStatus.VALID]

    def best_parent(self, header: Header) -> BlockRecord | None:
        """Give the parent to check a header against: one that agrees, else one still open."""
        parents = self.valid_parents(header)
        return min(parents, key=lambda parent: self._disagreement(header, parent), default=None)

    def valid_children(self, block_hash: BlockHash) -> list[BlockRecord]:
        """List the valid blocks that build on a hash."""
        known = self._children.get(block_hash, ())
        return [record for record in known if record.status is BlockStatus.VALID]

    def has_checking(self, block_hash: BlockHash) -> bool:
        """Tell whether a block of this hash is being checked right now."""
        known = self._by_hash.get(block_hash, ())
        return any(record.status is BlockStatus.CHECKING for record in known)

    def claim_of(self, record: BlockRecord) -> ExecutionClaim | None:
        """Give the proven outputs of a block."""
        return self._claims.get(record.block_hash, {}).get(record.transactions_root)

    def has_open_body(self, block_hash: BlockHash) -> bool:
        """Tell whether a valid body of this hash is not proven yet."""
        known = self._by_hash.get(block_hash, ())
        valid = (record for record in known if record.status is BlockStatus.VALID)
        return any(self.claim_of(record) is None for record in valid)

    def proven_claims(self, block_hash: BlockHash) -> list[ExecutionClaim]:
        """List what is proven about a hash, one claim a body."""
        return list(self._claims.get(block_hash, {}).values())

    def has_spoiled_parent(self, header: Header) -> bool:
        """Tell whether the parent's header is contradicted: no body can save its child."""
        known = self._by_hash.get(header.parent_hash, ())
        return any(record.parent is ParentVerdict.CONTRADICTED for record in known)

    def proven_slot(self) -> Slot:
        """Name the newest slot whose block is valid and proven back to the anchor."""
        return max((r.slot for r in self.records.values() if r.attestable), default=Slot(0))

    def bindings(self, record: BlockRecord) -> Iterator[ExecutionClaim]:
        """Give the claims that a header makes about its parents, one for each valid body."""
        for parent in self.valid_parents(record.header):
            yield bind_parent(record.header, parent.block_hash, parent.transactions_root)

    # --- Writing ------------------------------------------------------------------------------

    def add(self, record: BlockRecord) -> None:
        """Enter a block whose bytes are known."""
        self._enter(record)
        self._children.setdefault(record.header.parent_hash, []).append(record)

    def remove(self, record: BlockRecord) -> None:
        """Forget a block, so that it may come again."""
        self.records.pop(record.content_id, None)
        for index, key in (
            (self._by_hash, record.block_hash),
            (self._children, record.header.parent_hash),
        ):
            left = [other for other in index.get(key, ()) if other is not record]
            if left:
                index[key] = left
            else:
                index.pop(key, None)

    def add_claim(self, claim: ExecutionClaim) -> list[BlockRecord]:
        """Enter a proven claim and return the blocks whose standing changed."""
        self._claims.setdefault(claim.block_hash, {})[claim.transactions_root] = claim
        return self.settle(claim.block_hash)

    def settle(self, block_hash: BlockHash) -> list[BlockRecord]:
        """Judge the children of a hash again, then theirs; return those that changed."""
        changed: list[BlockRecord] = []
        # A work list: chains are long, and recursion would end with the interpreter's stack.
        pending = deque([block_hash])
        while pending:
            for child in self._children.get(pending.popleft(), ()):
                if self.judge_parent(child):
                    changed.append(child)
                    pending.append(child.block_hash)
        return changed

    def judge_parent(self, child: BlockRecord) -> bool:
        """Judge one block by its parents; True when that changed its standing."""
        if child.parent in (ParentVerdict.PROVEN, ParentVerdict.CONTRADICTED):
            return False
        if self.has_spoiled_parent(child.header):
            _spoil(child, Reason.PARENT_INVALID, f"parent={child.header.parent_hash}")
            return True
        parents = self.valid_parents(child.header)
        contradictions = [self._compare(child.header, parent) for parent in parents]
        # After equivocation a header may follow any of the bodies: wrong is one that follows none.
        if contradictions and all(isinstance(c, InvalidBlock) for c in contradictions):
            refusal = next(c for c in contradictions if isinstance(c, InvalidBlock))
            _spoil(child, refusal.reason, str(refusal))
            return True
        agreeing = [p for p, c in zip(parents, contradictions, strict=True) if c is True]
        if any(parent.proven for parent in agreeing):
            child.parent = ParentVerdict.PROVEN
            return True
        return False

    def withdraw(
        self, claims: Sequence[ExecutionClaim], left: Sequence[ExecutionClaim] = ()
    ) -> Withdrawn:
        """
        Take claims back, and judge again what rests on them.

        `left` are other claims about the same blocks that are proven still: of two programs that
        contradict each other one is unsound, and the other's word may have been overwritten.
        What is forgotten of older slots is not judged again: blocks that were proven by it stay so.
        """
        hashes = {claim.block_hash for claim in claims if claim.block_hash in self._claims}
        for claim in claims:
            self._remove_claim(claim)
        for claim in left:
            self._claims.setdefault(claim.block_hash, {}).setdefault(claim.transactions_root, claim)
        rests = self._descendants(hashes)
        before = [(record, record.status, record.parent) for record in rests]
        unknown = [record for record in rests if not _take_back(record)]
        for block_hash in hashes | {record.block_hash for record in rests}:
            self.settle(block_hash)
        return Withdrawn(
            changed=[r for r, *old in before if [r.status, r.parent] != old],
            restored=[r for r, old, _ in before if r.status is BlockStatus.VALID is not old],
            unknown=[r for r in unknown if r.parent is not ParentVerdict.CONTRADICTED],
        )

    def prune(self, before_slot: Slot) -> None:
        """Forget blocks and claims of older slots; what they proved about later ones stays."""
        anchor_id = Root(self.anchor.block_hash)
        old = [r for r in self.records.values() if r.slot < before_slot]
        for record in old:
            if record.content_id != anchor_id:
                self.remove(record)
                self._claims.pop(record.block_hash, None)

    def _remove_claim(self, claim: ExecutionClaim) -> None:
        known = self._claims.get(claim.block_hash, {})
        if known.get(claim.transactions_root) == claim:
            del known[claim.transactions_root]

    def _descendants(self, hashes: set[BlockHash]) -> list[BlockRecord]:
        """List the blocks that build on these hashes, and on each other."""
        found: dict[Root, BlockRecord] = {}
        pending = deque(hashes)
        while pending:
            for child in self._children.get(pending.popleft(), ()):
                if child.content_id not in found:
                    found[child.content_id] = child
                    pending.append(child.block_hash)
        return list(found.values())

    def _compare(self, header: Header, parent: BlockRecord) -> InvalidBlock | bool:
        """Compare a header with its parent's proven outputs; False where none are proven."""
        claim = self.claim_of(parent)
        if claim is None:
            return False
        try:
            compare_outputs(header, claim)
        except InvalidBlock as refusal:
            return refusal
        return True

    def _disagreement(self, header: Header, parent: BlockRecord) -> int:
        compared = self._compare(header, parent)
        return 2 if isinstance(compared, InvalidBlock) else 0 if compared else 1

    def _enter(self, record: BlockRecord) -> None:
        self.records[record.content_id] = record
        self._by_hash.setdefault(record.block_hash, []).append(record)


def _take_back(record: BlockRecord) -> bool:
    """Undo what claims have made of a block; False where it is not known what it was before."""
    if record.parent not in (ParentVerdict.PROVEN, ParentVerdict.CONTRADICTED):
        return True
    was_contradicted = record.parent is ParentVerdict.CONTRADICTED
    record.parent = ParentVerdict.PENDING
    if not was_contradicted or record.reason not in _SAID_BY_PARENT:
        return True
    record.status = BlockStatus.VALID if record.was_valid else BlockStatus.CANNOT_CHECK
    record.reason, record.detail, record.cause = None, "", None
    return record.was_valid


def _spoil(record: BlockRecord, reason: Reason, detail: str) -> None:
    """Turn a block invalid for what its header says of its parent."""
    record.parent = ParentVerdict.CONTRADICTED
    if record.status is BlockStatus.INVALID:
        return
    record.was_valid = record.status is BlockStatus.VALID
    record.status = BlockStatus.INVALID
    record.reason = reason
    record.detail = detail
    record.cause = None
