"""
A small chain on which a case is played, and the hand-written account of what it does.

What a block does beyond its transactions' logs and effects follows from rules that are written down
here once more: nonces, fees, tips, values, withdrawals, and the slots of the system contracts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from eth_utils import to_canonical_address

from tools.chain.cast import FUNDED, PROPOSER, Actor, derive
from tools.chain.plan import BlockPlan, Withdrawal
from tools.chain.system_contracts import BEACON_ROOTS, CODES, HISTORY_STORAGE
from tools.chain.wallet import ETHER, GWEI, MAX_FEE, PRIORITY_FEE, Wallet, created_address
from tools.vectors.execution.receipts import Log, Receipt
from tools.vectors.execution.world import Account, World
from zkattest.crypto.blocks import decode_header
from zkattest.crypto.builder import BuiltBlock, ChainBuilder
from zkattest.spec.fees import calculate_blob_gas_price
from zkattest.spec.presets import OSAKA
from zkattest.types.execution import BlockPackage, ExecutionClaim, Header

CHAIN_ID: Final = 7886
GENESIS_TIME: Final = 1_800_000_000
GAS_LIMIT: Final = 36_000_000
GENESIS_BASE_FEE: Final = GWEI
FORTUNE: Final = 1000 * ETHER
GAS_PER_BLOB: Final = 1 << 17
BEACON_ROOTS_RING: Final = 8191
HISTORY_RING: Final = 8191
DELEGATION: Final = bytes.fromhex("ef0100")
TYPES: Final = {"legacy": 0, "access_list": 1, "dynamic": 2, "blob": 3, "set_code": 4}

Effect = Callable[[World], None]


@dataclass(frozen=True, slots=True)
class Sent:
    """One signed transaction and what it must do."""

    kind: str
    raw: bytes
    sender: Actor
    fields: Mapping[str, Any]
    succeeds: bool
    logs: tuple[Log, ...]
    used: int | None
    receiver: str

    def price(self, base_fee: int) -> int:
        """Compute what it pays per gas, in wei."""
        if TYPES[self.kind] < 2:
            return int(self.fields.get("gasPrice", MAX_FEE))
        cap = int(self.fields.get("maxFeePerGas", MAX_FEE))
        return min(cap, base_fee + int(self.fields.get("maxPriorityFeePerGas", PRIORITY_FEE)))

    @property
    def blobs(self) -> int:
        """Count its blobs."""
        return len(self.fields.get("blobVersionedHashes", ()))


@dataclass(slots=True)
class Draft:
    """What the next block shall hold."""

    sent: list[Sent] = field(default_factory=list)
    withdrawals: list[Withdrawal] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A built block, the worlds before and after it, and the receipts that it must have."""

    built: BuiltBlock
    draft: Draft
    before: World
    after: World
    receipts: tuple[Receipt, ...]
    reverted: bool

    @property
    def package(self) -> BlockPackage:
        """Decode the block with its witness."""
        return BlockPackage.decode(self.built.package)

    @property
    def claim(self) -> ExecutionClaim:
        """Decode what executing it gave."""
        return ExecutionClaim.decode(self.built.claim)


class Scene:
    """Grow a chain; every block says what it does."""

    def __init__(self, *actors: Actor) -> None:
        self.wallet = Wallet(CHAIN_ID)
        self.world = World()
        self.draft = Draft()
        self.number = 0
        self.hashes: list[bytes] = []
        self._builder: ChainBuilder | None = None
        for address, code in CODES.items():
            self.place(address, code)
        for actor in actors or FUNDED[:2]:
            self.world.account(actor.address).balance = FORTUNE

    # --- What the chain begins with ---

    def place(
        self,
        address: str,
        code: bytes,
        *,
        storage: Mapping[int, int] | None = None,
        balance: int = 0,
        nonce: int = 1,
    ) -> str:
        """Put a contract into the genesis state."""
        account = Account(balance, nonce, code, dict(storage or {}))
        self.world.accounts[address.lower()] = account
        return address

    # --- What the next block holds ---

    def send(
        self,
        sender: Actor,
        to: str | Actor = "",
        data: bytes = b"",
        *,
        kind: str = "dynamic",
        value: int = 0,
        gas: int = 300_000,
        succeeds: bool = True,
        logs: Sequence[Log] = (),
        used: int | None = None,
        **fields: Any,
    ) -> Sent:
        """Add a transaction; `used` is the gas it must use, where that was counted by hand."""
        target = to.address if isinstance(to, Actor) else to
        nonce = fields.get("nonce", self.wallet.nonce(sender))
        sign = getattr(self.wallet, kind)
        raw = sign(sender, to=target, data=data, value=value, gas=gas, **fields)
        sent = Sent(
            kind=kind,
            raw=raw,
            sender=sender,
            fields={"gas": gas, "value": value, **fields},
            succeeds=succeeds,
            logs=tuple(logs),
            used=used,
            receiver=target or created_address(sender.address, nonce),
        )
        self.draft.sent.append(sent)
        return sent

    def withdraw(self, address: str, amount_gwei: int) -> None:
        """Add a withdrawal of the consensus layer."""
        index = len(self.draft.withdrawals)
        self.draft.withdrawals.append(Withdrawal(index, 100 + index, address, amount_gwei))

    # --- What it does, beyond fees, nonces and the values of its transactions ---

    def effect(self, effect: Effect) -> None:
        """Add a change of the state; effects are applied in order, after all transactions."""
        self.draft.effects.append(effect)

    def store(self, address: str, slots: Mapping[int, int]) -> None:
        """Expect slots to be written."""

        def change(world: World) -> None:
            for slot, value in slots.items():
                world.store(address, slot, value)

        self.effect(change)

    def gain(self, address: str, amount_wei: int) -> None:
        """Expect a balance to change, beside fees and values of transactions."""

        def change(world: World) -> None:
            world.account(address).balance += amount_wei

        self.effect(change)

    def create(self, address: str, code: bytes, *, nonce: int = 1) -> None:
        """Expect code and nonce of a new contract; its balance and storage are other effects."""

        def change(world: World) -> None:
            account = world.account(address)
            account.code, account.nonce = code, nonce

        self.effect(change)

    def bump(self, address: str, count: int = 1) -> None:
        """Expect a nonce to grow, beside that of a transaction's sender."""

        def change(world: World) -> None:
            world.account(address).nonce += count

        self.effect(change)

    def delegate(self, account: Actor, target: str | None) -> None:
        """Expect a delegation (EIP-7702); None clears it."""
        code = b"" if target is None else DELEGATION + to_canonical_address(target)

        def change(world: World) -> None:
            world.account(account.address).code = code
            world.account(account.address).nonce += 1

        self.effect(change)

    def remove(self, address: str) -> None:
        """Expect an account to be gone."""
        self.effect(lambda world: world.remove(address))

    def request(self, kind: int, data: bytes) -> None:
        """Expect requests of one type (EIP-7685)."""
        self.draft.requests.append(bytes([kind]) + data)

    # --- Building ---

    def seal(self, *, declared_gas: int | None = None, reverted: bool = False) -> Sealed:
        """Build the block and compute the world that must follow it."""
        builder = self._builder_of()
        self.number += 1
        draft, self.draft = self.draft, Draft()
        plan = BlockPlan("", "", [sent.raw for sent in draft.sent], draft.withdrawals, declared_gas)
        built = builder.build_block(plan.as_json(self.number))
        before, after = self.world, self.world.copy()
        header = decode_header(builder.head()[0])[0]
        receipts = () if reverted else expected_receipts(draft, built.summary)
        system_calls(after, header)
        if not reverted:
            apply_transactions(after, draft, receipts, header)
            for effect in draft.effects:
                effect(after)
        for withdrawal in draft.withdrawals:
            after.account(withdrawal.address).balance += withdrawal.amount_gwei * GWEI
        after.prune()
        self.world = after
        self.hashes.append(bytes(ExecutionClaim.decode(built.claim).block_hash))
        return Sealed(built, draft, before, after, receipts, reverted)

    def _builder_of(self) -> ChainBuilder:
        if self._builder is None:
            accounts = {
                address: {**one, "balance": hex(one["balance"]), "code": "0x" + one["code"].hex()}
                for address, one in self.world.as_json().items()
            }
            self._builder = ChainBuilder(
                {
                    "config": {"chain_id": CHAIN_ID},
                    "gas_limit": GAS_LIMIT,
                    "timestamp": GENESIS_TIME,
                    "base_fee_per_gas": GENESIS_BASE_FEE,
                    "extra_data": "0x",
                    "alloc": accounts,
                }
            )
            self.hashes.append(bytes(decode_header(self._builder.head()[0])[1]))
        return self._builder

    def begin(self) -> bytes:
        """Fix the genesis state and give its block's hash."""
        self._builder_of()
        return self.hashes[0]


def beacon_root(number: int) -> bytes:
    """Give the root of the parent beacon block that a block of this number is planned with."""
    return derive(f"beacon root/{number}")


def system_calls(world: World, header: Header) -> None:
    """Write what the two opening system calls write (EIP-4788, EIP-2935)."""
    at = header.timestamp % BEACON_ROOTS_RING
    root = int.from_bytes(header.parent_beacon_block_root, "big")
    world.store(BEACON_ROOTS, at, header.timestamp)
    world.store(BEACON_ROOTS, BEACON_ROOTS_RING + at, root)
    parent = int.from_bytes(header.parent_hash, "big")
    world.store(HISTORY_STORAGE, (header.number - 1) % HISTORY_RING, parent)


def expected_receipts(draft: Draft, summary: Mapping[str, Any]) -> tuple[Receipt, ...]:
    """Put hand-written outcomes and logs beside the gas that was used."""
    gas = [receipt["cumulative_gas"] for receipt in summary["receipts"]]
    return tuple(
        Receipt(TYPES[sent.kind], sent.succeeds, cumulative, sent.logs)
        for sent, cumulative in zip(draft.sent, gas, strict=False)
    )


def apply_transactions(
    world: World, draft: Draft, receipts: Sequence[Receipt], header: Header
) -> None:
    """Move nonces, fees, tips and values."""
    blob_price = calculate_blob_gas_price(header.excess_blob_gas, OSAKA.blobs)
    before = 0
    for sent, receipt in zip(draft.sent, receipts, strict=False):
        used, before = receipt.cumulative_gas - before, receipt.cumulative_gas
        price = sent.price(header.base_fee_per_gas)
        value = sent.fields["value"] if sent.succeeds else 0
        sender = world.account(sent.sender.address)
        sender.nonce += 1
        sender.balance -= used * price + value + sent.blobs * GAS_PER_BLOB * blob_price
        world.account(sent.receiver).balance += value
        tip = used * (price - header.base_fee_per_gas)
        world.account(PROPOSER.address).balance += tip
