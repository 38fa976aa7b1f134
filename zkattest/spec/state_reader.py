"""
Read accounts from the witness, and from other sources of trie nodes where it lacks some.

A source supplies preimages of hashes, never values. Whatever it brings, accounts come out of the
same walk from the header's state root, each step checked by its hash: a wrong or lying source can
leave a check without an answer, and cannot change one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Final, Protocol

from zkattest.crypto.blocks import WitnessAccounts
from zkattest.spec.budget import DEFAULT_BUDGET, CheckBudget, require_witness_in_budget
from zkattest.spec.trie_walk import Preimages, paths
from zkattest.types.block import Account
from zkattest.types.errors import (
    MissingCode,
    MissingNode,
    SourceExhausted,
    WitnessError,
)
from zkattest.types.execution import ExecutionWitness, Header
from zkattest.types.ids import BlockHash, Root

# Sources that hold only parts may need each other's nodes, in turn.
_ROUNDS: Final = 3
_MAX_BYTES: Final = 1 << 27
# More senders than a block of 80 million gas can have. Ways are followed in Python here, one after
# another: a second or so, where an attacker has chosen the nodes.
_MAX_ADDRESSES: Final = 1 << 12


@dataclass(frozen=True, slots=True)
class StateQuery:
    """Ask a source for what the walks to some accounts lack."""

    state_root: Root
    block_hash: BlockHash
    """The block whose execution left this state."""
    addresses: tuple[bytes, ...]
    known: Preimages
    """What need not be brought again; not to be changed."""


@dataclass(frozen=True, slots=True)
class Found:
    """Answer with nodes and codes, and with what kept the source from finding more."""

    nodes: tuple[bytes, ...] = ()
    codes: tuple[bytes, ...] = ()
    failure: WitnessError | None = None


class NodeSource(Protocol):
    """Supply trie nodes and codes; the call blocks, from several threads at once."""

    def find(self, query: StateQuery) -> Found:
        """Bring what is there; never raises for anything that a disk or a peer can do."""


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """
    Bound what one check takes from sources: passes over them, bytes of preimages, and addresses.

    Addresses beyond `max_addresses` are read from what is there, and from nowhere else.
    """

    rounds: int = _ROUNDS
    max_bytes: int = _MAX_BYTES
    max_addresses: int = _MAX_ADDRESSES


@dataclass(slots=True)
class StateReader:
    """Read accounts of a header's pre-state, behind `AccountReader`."""

    state_root: Root
    block_hash: BlockHash
    witness: ExecutionWitness
    sources: tuple[NodeSource, ...] = ()
    limits: ReadLimits = field(default_factory=ReadLimits)
    budget: CheckBudget = DEFAULT_BUDGET
    _asked: list[Sequence[bytes]] = field(default_factory=list)
    _brought: Preimages = field(default_factory=Preimages)
    _from_witness: Preimages | None = None

    @classmethod
    def before(
        cls,
        header: Header,
        witness: ExecutionWitness,
        sources: Sequence[NodeSource] = (),
        budget: CheckBudget = DEFAULT_BUDGET,
    ) -> StateReader:
        """Read the state that a header's parent left."""
        root = header.pre_state_root
        return cls(root, header.parent_hash, witness, tuple(sources), budget=budget)

    def accounts(self, addresses: Sequence[bytes]) -> Sequence[Account | WitnessError | None]:
        """
        Give one answer for each address, in order.

        None where the state has no such account, an error where neither the witness nor a source
        knows. Raises `CannotVerify` for a witness beyond the budget, before any of it is hashed.
        """
        require_witness_in_budget(self.witness, self.budget)
        self._asked.append(addresses)
        answers: list[Account | WitnessError | None] = list(self._read(addresses))
        failures: list[WitnessError] = []
        # How much had been brought when a source was last heard: a reason to ask it again, or not.
        heard: dict[int, int] = {}
        for place, source in enumerate(self.sources * self.limits.rounds):
            number = place % len(self.sources)
            if heard.get(number) != len(self._brought):
                self._ask(source, addresses, answers, failures)
                heard[number] = len(self._brought)
        for index in _open(answers):
            answers[index] = _explain(answers[index], failures)
        return answers

    @property
    def held_bytes(self) -> int:
        """Sum what this reader keeps in memory of witness and sources, in bytes."""
        witness = sum(map(len, self.witness.state)) + sum(map(len, self.witness.codes))
        return witness + self._brought.size_bytes

    def passed(self) -> Preimages:
        """Collect what lies on the way to the accounts that were asked for, within the limits."""
        asked = islice(chain.from_iterable(self._asked), self.limits.max_addresses)
        return paths(self.state_root, asked, self._known())

    def _ask(
        self,
        source: NodeSource,
        addresses: Sequence[bytes],
        answers: list[Account | WitnessError | None],
        failures: list[WitnessError],
    ) -> None:
        """Have a source bring what is lacking, and read again what was not answered."""
        unanswered = _open(answers)[: self.limits.max_addresses]
        if not unanswered:
            return
        wanted = tuple(addresses[index] for index in unanswered)
        found = source.find(StateQuery(self.state_root, self.block_hash, wanted, self._known()))
        if found.failure is not None:
            failures.append(found.failure)
        if not self._take(found, failures):
            return
        for index, answer in zip(unanswered, self._read(wanted), strict=True):
            answers[index] = answer

    def _take(self, found: Found, failures: list[WitnessError]) -> bool:
        """Keep what a source brought; False where it is nothing new or too much."""
        new = Preimages.of(found.nodes, found.codes)
        known = self._known()
        if not (new.nodes.keys() - known.nodes.keys() or new.codes.keys() - known.codes.keys()):
            return False
        if self._brought.size_bytes + new.size_bytes > self.limits.max_bytes:
            failures.append(SourceExhausted(f"more than {self.limits.max_bytes} bytes of nodes"))
            return False
        self._brought.add(new)
        known.add(new)
        return True

    def _read(self, addresses: Sequence[bytes]) -> Sequence[Account | WitnessError | None]:
        nodes, codes = self.witness.state, self.witness.codes
        if self._brought:
            nodes = (*nodes, *self._brought.nodes.values())
            codes = (*codes, *self._brought.codes.values())
        reader = WitnessAccounts(nodes, codes, self.state_root, self.budget.max_walk_steps)
        return reader.accounts(addresses)

    def _known(self) -> Preimages:
        """Give everything by its hash; the witness is hashed here only where it does not do."""
        if self._from_witness is None:
            self._from_witness = Preimages.of(self.witness.state, self.witness.codes)
        return self._from_witness


def _open(answers: Sequence[Account | WitnessError | None]) -> list[int]:
    """List what a source can help with: a malformed node has no other preimage."""
    return [i for i, one in enumerate(answers) if isinstance(one, MissingNode | MissingCode)]


def _explain(
    answer: Account | WitnessError | None, failures: Sequence[WitnessError]
) -> Account | WitnessError | None:
    """Say with what is missing why the sources did not bring it."""
    if not isinstance(answer, WitnessError) or not failures:
        return answer
    # The first source that should have known decides about the cause.
    kind = type(failures[0])
    return kind("; ".join([answer.detail, *dict.fromkeys(one.detail for one in failures)]))
