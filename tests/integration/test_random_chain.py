"""Chains of random contents execute alike here and in the Python specification of Osaka."""

import random
from collections.abc import Callable

import pytest

from tests.oracle.client import execute_chain
from tools.chain import contracts, genesis
from tools.chain.cast import BOB, FUNDED, Actor, actor
from tools.chain.plan import BlockPlan, Withdrawal
from tools.chain.story import batch_call
from tools.chain.system_contracts import CONSOLIDATION_REQUESTS, WITHDRAWAL_REQUESTS
from tools.chain.wallet import GWEI, Wallet, call, dynamic_bytes, selector, word
from zkattest.crypto.builder import ChainBuilder
from zkattest.types.execution import BlockPackage, ExecutionClaim

BLOCKS = 10
STRANGERS = [actor(f"stranger {number}") for number in range(12)]

pytestmark = pytest.mark.slow


class Dice:
    """Draw the transactions of random blocks."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.wallet = Wallet(genesis.CHAIN_ID)
        self.draws: tuple[Callable[[Actor], bytes], ...] = (
            self.transfer,
            self.record,
            self.copy,
            self.deploy,
            self.make,
            self.end,
            self.request,
            self.delegate,
            self.batch,
        )

    def plan(self) -> BlockPlan:
        """Draw one block; some declare the wrong gas and lose their transactions."""
        senders = [self.random.choice(FUNDED) for _ in range(self.random.randrange(5))]
        before = {account: self.wallet.nonce(account) for account in FUNDED}
        transactions = [self.random.choice(self.draws)(sender) for sender in senders]
        wrong = bool(transactions) and self.random.random() < 0.15
        if wrong:
            for account, nonce in before.items():
                self.wallet.skip_nonces(account, nonce - self.wallet.nonce(account))
        return BlockPlan("", "", transactions, self.withdrawals(), 1 if wrong else None)

    def withdrawals(self) -> list[Withdrawal]:
        """Draw withdrawals, some of nothing, some to nobody yet."""
        return [
            Withdrawal(number, 7, self.stranger(), self.random.choice([0, 1, GWEI]))
            for number in range(self.random.randrange(3))
        ]

    def stranger(self) -> str:
        """Draw an address that may have no account."""
        return self.random.choice(STRANGERS).address

    def transfer(self, sender: Actor) -> bytes:
        """Move some wei, perhaps none."""
        value = self.random.choice([0, 1, GWEI])
        return self.wallet.legacy(sender, to=self.stranger(), value=value, gas=21_000)

    def record(self, sender: Actor) -> bytes:
        """Write or clear a slot of the ledger."""
        key, value = self.random.randrange(6), self.random.choice([0, 0, 5])
        data = call("record(uint256,uint256)", key, value)
        return self.wallet.dynamic(sender, to=genesis.LEDGER, data=data, gas=90_000)

    def copy(self, sender: Actor) -> bytes:
        """Copy a slot, announced by an access list that may name the wrong one."""
        source, target = self.random.randrange(6), self.random.randrange(6)
        slot = genesis.mapping_slot(self.random.randrange(6), 0)
        listed = [{"address": genesis.LEDGER, "storageKeys": ["0x" + word(slot).hex()]}]
        data = call("copy(uint256,uint256)", source, target)
        return self.wallet.access_list(
            sender, to=genesis.LEDGER, data=data, gas=90_000, accessList=listed
        )

    def deploy(self, sender: Actor) -> bytes:
        """Create a contract; now and then with too little gas."""
        initcode = contracts.load()["token"].initcode + word(1_000)
        gas = self.random.choice([400_000, 80_000])
        return self.wallet.dynamic(sender, to="", data=initcode, gas=gas)

    def make(self, sender: Actor) -> bytes:
        """Make a contract by CREATE2; a salt that comes twice fails."""
        data = (
            selector("make(bytes,bytes32)")
            + word(64)
            + word(self.random.randrange(3))
            + dynamic_bytes(contracts.load()["mortal"].initcode)
        )
        return self.wallet.dynamic(sender, to=genesis.FACTORY, value=3, data=data, gas=200_000)

    def end(self, sender: Actor) -> bytes:
        """Make a contract and end it at once."""
        data = (
            selector("make_and_end(bytes,bytes32,address)")
            + word(96)
            + word(100 + self.random.randrange(3))
            + word(self.stranger())
            + dynamic_bytes(contracts.load()["mortal"].initcode)
        )
        value = self.random.choice([0, 4])
        return self.wallet.dynamic(sender, to=genesis.FACTORY, value=value, data=data, gas=200_000)

    def request(self, sender: Actor) -> bytes:
        """Ask for a withdrawal or a consolidation; the fee may have risen above what is paid."""
        target, length = self.random.choice(
            [(WITHDRAWAL_REQUESTS, 56), (CONSOLIDATION_REQUESTS, 96)]
        )
        data = self.random.randbytes(length)
        return self.wallet.dynamic(sender, to=target, value=1, data=data, gas=200_000)

    def delegate(self, sender: Actor) -> bytes:
        """Delegate an account that sends nothing else, or fail to; work on the side."""
        authority = self.random.choice(STRANGERS)
        target = self.random.choice([genesis.BATCH, "0x" + "00" * 20])
        wish = self.wallet.authorization(authority, target, self.random.randrange(3))
        data = call("record(uint256,uint256)", self.random.randrange(1000), 1)
        return self.wallet.set_code(
            sender, to=genesis.LEDGER, data=data, gas=150_000, authorizationList=[wish]
        )

    def batch(self, sender: Actor) -> bytes:
        """Call a stranger's account as if it were delegated; only itself may do so."""
        data = batch_call([(BOB.address, 1, b"")])
        return self.wallet.dynamic(sender, to=self.stranger(), value=2, data=data, gas=90_000)


@pytest.mark.parametrize("seed", range(4))
def test_random_chain__executes_as_the_specification_says(seed: int) -> None:
    dice = Dice(seed)
    description = genesis.as_json()
    builder = ChainBuilder(description)
    description["anchor"] = {"header": "0x" + builder.head()[0].hex()}
    built = [builder.build_block(dice.plan().as_json(number)) for number in range(1, BLOCKS + 1)]
    blocks = [BlockPackage.decode(block.package).block for block in built]
    for number, (block, answer) in enumerate(
        zip(built, execute_chain(description, blocks), strict=True), start=1
    ):
        claim = ExecutionClaim.decode(block.claim)
        claimed = {
            "post_state_root": claim.post_state_root.hex(),
            "transactions_root": claim.deferred_transactions_root.hex(),
            "receipts_root": claim.receipts_root.hex(),
            "logs_bloom": claim.logs_bloom.hex(),
            "requests_hash": claim.requests_hash.hex(),
            "execution_reverted": claim.execution_reverted,
            "base_fee_per_gas": block.summary["base_fee_per_gas"],
        }
        assert claimed == {name: answer[name] for name in claimed}, f"block {number}"
