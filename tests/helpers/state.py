"""States of some accounts, and sources of their trie nodes in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.helpers.blocks import TestAccount
from tests.helpers.trie import Trie
from zkattest.crypto.hashing import keccak256
from zkattest.spec.state_reader import Found, NodeSource, ReadLimits, StateQuery, StateReader
from zkattest.types.errors import WitnessError
from zkattest.types.execution import ExecutionWitness
from zkattest.types.ids import BlockHash, Root

BLOCK = BlockHash(b"\xb1" * 32)
DELEGATION = b"\xef\x01\x00" + b"\xdd" * 20


def address_of(number: int) -> bytes:
    return keccak256(b"account %d" % number)[:20]


@dataclass(frozen=True)
class State:
    """Accounts, and the trie that they make."""

    accounts: dict[bytes, TestAccount]
    trie: Trie

    @classmethod
    def of(cls, accounts: dict[bytes, TestAccount]) -> "State":
        return cls(accounts, Trie({keccak256(one): a.leaf() for one, a in accounts.items()}))

    @classmethod
    def sized(cls, count: int) -> "State":
        """Make accounts that differ in their balances; every third one is delegated."""
        return cls.of(
            {
                address_of(n): TestAccount(balance=n, code=b"" if n % 3 else DELEGATION)
                for n in range(count)
            }
        )

    @property
    def root(self) -> Root:
        return Root(self.trie.root)

    @property
    def nodes(self) -> tuple[bytes, ...]:
        return tuple(self.trie.nodes.values())

    @property
    def codes(self) -> tuple[bytes, ...]:
        return tuple(dict.fromkeys(a.code for a in self.accounts.values() if a.code))

    def reader(
        self,
        nodes: Iterable[bytes] = (),
        codes: Iterable[bytes] = (),
        sources: Sequence[NodeSource] = (),
        limits: ReadLimits | None = None,
    ) -> StateReader:
        witness = ExecutionWitness(tuple(nodes), tuple(codes), ())
        return StateReader(self.root, BLOCK, witness, tuple(sources), limits or ReadLimits())

    def values(self, addresses: Iterable[bytes]) -> list[tuple[int, int, bytes] | None]:
        """Give what a reader has to answer, from the accounts themselves."""
        found = (self.accounts.get(one) for one in addresses)
        return [one and (one.nonce, one.balance, one.code) for one in found]


@dataclass
class HeldNodes:
    """Bring everything that is held, asked for or not, and keep the questions."""

    nodes: tuple[bytes, ...] = ()
    codes: tuple[bytes, ...] = ()
    failure: WitnessError | None = None
    queries: list[StateQuery] = field(default_factory=list)

    def find(self, query: StateQuery) -> Found:
        self.queries.append(query)
        return Found(self.nodes, self.codes, self.failure)
