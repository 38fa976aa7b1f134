"""Cases of plain transfers, blobs and withdrawals: what a block carries beside contracts."""

from collections.abc import Iterator
from typing import Final

from tools.chain.blobs import VERSION_KZG
from tools.chain.cast import ALICE, BOB, CAROL, DAVE, ERIN, FRANK, PROPOSER, Actor, derive
from tools.chain.wallet import ETHER, GWEI, word
from tools.vectors.execution import contracts, kzg
from tools.vectors.execution.abi import contract_address
from tools.vectors.execution.assembler import assemble
from tools.vectors.execution.case import Case, Story, make_case
from tools.vectors.execution.receipts import Log
from tools.vectors.execution.scene import DELEGATION, Scene

TARGET: Final = contract_address("vectors/target")
TRANSFER_GAS: Final = 21_000
MAX_BLOBS_OF_A_TRANSACTION: Final = 6


def cases() -> Iterator[Case]:
    """Play every case of the groups."""
    yield from transfers()
    yield from blob_cases()
    yield from withdrawals()


# --- transfers ---


def transfers() -> Iterator[Case]:
    """Play the cases of plain transfers."""
    yield empty_block()
    yield every_type()
    yield two_of_one_sender()
    yield to_oneself_and_to_the_proposer()
    yield nothing_to_nobody()
    yield whole_balance()
    yield to_a_contract_that_refuses()


def about_transfers(name: str, given: str, when: str, then: str, *tags: str) -> Story:
    """Tell what a case of transfers is about."""
    return Story("transfers", name, given, when, then, ("transfer", *tags))


def empty_block() -> Case:
    """Build a block without transactions."""
    return make_case(
        about_transfers(
            "empty_block",
            "a block without transactions and withdrawals",
            "it is executed",
            "the two opening system calls write three slots; nothing else changes",
            "system_call",
        ),
        Scene(ALICE).seal(),
    )


def every_type() -> Case:
    """Transfer with types 0, 1 and 2."""
    scene = Scene(ALICE, BOB)
    scene.send(ALICE, BOB, value=ETHER, kind="legacy", gas=TRANSFER_GAS, used=TRANSFER_GAS)
    scene.send(BOB, ERIN, value=5, kind="access_list", accessList=[], gas=TRANSFER_GAS)
    scene.send(ALICE, FRANK, value=6, gas=30_000, used=TRANSFER_GAS)
    return make_case(
        about_transfers(
            "every_type",
            "Alice and Bob with ether; Erin and Frank have no accounts",
            "transfers of types 0, 1 and 2",
            "21000 units each, two new accounts, the tips go to the proposer",
        ),
        scene.seal(),
    )


def two_of_one_sender() -> Case:
    """Send what came earlier in the block on, beside the own balance."""
    scene = Scene(ALICE, BOB)
    scene.send(ALICE, BOB, value=7, gas=TRANSFER_GAS)
    scene.send(BOB, ALICE, value=8, gas=TRANSFER_GAS)
    scene.send(ALICE, BOB, value=9, gas=TRANSFER_GAS)
    return make_case(
        about_transfers(
            "two_of_one_sender",
            "Alice and Bob with ether",
            "Alice sends, Bob sends, Alice sends again",
            "nonces 2 and 1; balances of all three",
        ),
        scene.seal(),
    )


def to_oneself_and_to_the_proposer() -> Case:
    """Send to oneself, and to the account that gets the tips."""
    scene = Scene(ALICE)
    scene.send(ALICE, ALICE, value=ETHER, gas=TRANSFER_GAS)
    scene.send(ALICE, PROPOSER, value=11, gas=TRANSFER_GAS)
    return make_case(
        about_transfers(
            "to_oneself_and_to_the_proposer",
            "Alice with ether; the proposer has no account",
            "she sends 1 ether to herself and 11 wei to the proposer",
            "the proposer has 11 wei and both tips",
        ),
        scene.seal(),
    )


def nothing_to_nobody() -> Case:
    """Send nothing to an account that does not exist: it does not come to be."""
    scene = Scene(ALICE)
    scene.send(ALICE, ERIN, gas=TRANSFER_GAS, maxPriorityFeePerGas=0)
    return make_case(
        about_transfers(
            "nothing_to_nobody",
            "Erin and the proposer have no accounts",
            "Alice sends 0 wei to Erin without a tip",
            "no account is created (EIP-161)",
            "eip161",
        ),
        scene.seal(),
    )


def whole_balance() -> Case:
    """Send all there is: the account stays, with its nonce."""
    scene = Scene(ALICE)
    price = GWEI
    fee = TRANSFER_GAS * price
    scene.world.account(DAVE.address).balance = fee + 123
    scene.send(
        DAVE, ERIN, value=123, gas=TRANSFER_GAS, maxFeePerGas=price, maxPriorityFeePerGas=price
    )
    return make_case(
        about_transfers(
            "whole_balance",
            "Dave has exactly 123 wei and a fee",
            "he sends 123 wei to Erin",
            "his balance is 0, his nonce 1",
        ),
        scene.seal(),
    )


def to_a_contract_that_refuses() -> Case:
    """Send ether to code that refuses it."""
    scene = Scene(ALICE)
    scene.place(TARGET, assemble("PUSH0 PUSH0 REVERT"))
    scene.send(ALICE, TARGET, value=5, succeeds=False)
    return make_case(
        about_transfers(
            "to_a_contract_that_refuses",
            "a contract that reverts",
            "Alice sends it 5 wei",
            "the wei stay with her, the fee does not",
            "contract",
            "revert",
        ),
        scene.seal(),
    )


# --- blobs ---


def blob_cases() -> Iterator[Case]:
    """Play the cases of blobs."""
    yield one_blob()
    yield nine_blobs()
    yield blob_price_rises()


def about_blobs(name: str, given: str, when: str, then: str, *tags: str) -> Story:
    """Tell what a case of blobs is about."""
    return Story("blobs", name, given, when, then, ("contract", "blob", "eip4844", *tags))


def see_blobs() -> Scene:
    """Place a contract that logs blob hashes and the price of blob gas."""
    scene = Scene(ALICE, BOB)
    scene.place(TARGET, contracts.runtime("Blobs"))
    return scene


def blob_hashes(count: int, label: str = "") -> list[bytes]:
    """Make up versioned hashes; execution never sees what is behind them."""
    return [VERSION_KZG + derive(f"vectors/blob{label}/{at}")[1:] for at in range(count)]


def send_blobs(scene: Scene, sender: Actor, hashes: list[bytes], price: int) -> None:
    """Call the contract with blobs and say what it logs."""
    first, second = (hashes + [bytes(32)] * 2)[:2]
    log = Log(TARGET, (), first + second + word(0) + word(price))
    scene.send(sender, TARGET, kind="blob", blobVersionedHashes=hashes, value=3, logs=[log])


def one_blob() -> Case:
    """Carry one blob with a real commitment."""
    scene = see_blobs()
    send_blobs(scene, ALICE, [kzg.versioned_hash()], 1)
    # A transaction without blobs sees none.
    scene.send(BOB, TARGET, logs=[Log(TARGET, (), word(0) * 3 + word(1))])
    return make_case(
        about_blobs(
            "one_blob",
            "a contract that logs BLOBHASH at 0, 1 and 7, and BLOBBASEFEE",
            "a transaction with one blob calls it, then one without",
            "the hash and zeros, then zeros; the price is 1 wei; 131072 wei are burnt",
        ),
        scene.seal(),
    )


def nine_blobs() -> Case:
    """Carry as many blobs as a transaction may (EIP-7594), and as many as a block may."""
    scene = see_blobs()
    send_blobs(scene, ALICE, blob_hashes(MAX_BLOBS_OF_A_TRANSACTION), 1)
    send_blobs(scene, BOB, blob_hashes(3, "/other"), 1)
    return make_case(
        about_blobs(
            "nine_blobs",
            "the same contract",
            "two transactions with six and three blobs",
            "each sees its own hashes only",
            "limit",
        ),
        scene.seal(),
    )


def blob_price_rises() -> Case:
    """Fill blocks with blobs until the price of blob gas moves."""
    scene = see_blobs()
    for number in range(10):
        send_blobs(scene, ALICE, blob_hashes(6, f"/{number}"), 1)
        send_blobs(scene, BOB, blob_hashes(3, f"/{number}/other"), 1)
        scene.seal()
    # EIP-7918: of nine blobs a third counts, 393216 a block; e**(3932160 / 5007716) is above 2.
    send_blobs(scene, ALICE, blob_hashes(1), 2)
    return make_case(
        about_blobs(
            "price_rises",
            "ten blocks of nine blobs each",
            "the next one carries one blob",
            "blob gas costs 2 wei: BLOBBASEFEE says so, 262144 wei are burnt",
            "eip7918",
        ),
        scene.seal(),
    )


# --- withdrawals ---


def withdrawals() -> Iterator[Case]:
    """Play the cases of withdrawals."""
    yield withdrawal_kinds()
    yield withdrawal_of_nothing()
    yield withdrawals_and_transactions()
    yield withdrawal_to_the_proposer()


def about_withdrawals(name: str, given: str, when: str, then: str, *tags: str) -> Story:
    """Tell what a case of withdrawals is about."""
    return Story("withdrawals", name, given, when, then, ("withdrawal", "eip4895", *tags))


def withdrawal_kinds() -> Case:
    """Withdraw to an account, a new one, a contract that refuses ether, a delegated account."""
    scene = Scene(ALICE)
    scene.place(TARGET, assemble("PUSH0 PUSH0 REVERT"))
    scene.place(DAVE.address, DELEGATION + bytes.fromhex(TARGET[2:]), balance=1)
    for account in (ALICE.address, ERIN.address, TARGET, DAVE.address):
        scene.withdraw(account, 32 * GWEI)
    scene.withdraw(ERIN.address, 1)
    return make_case(
        about_withdrawals(
            "kinds_of_receivers",
            "an account, none, a contract that reverts, a delegated account",
            "each gets 32 ether, the new one 1 gwei more",
            "all balances grow: no code is run",
            "contract",
            "eip7702",
        ),
        scene.seal(),
    )


def withdrawal_of_nothing() -> Case:
    """Withdraw nothing to nobody, and to an account."""
    scene = Scene(ALICE)
    scene.withdraw(ERIN.address, 0)
    scene.withdraw(ALICE.address, 0)
    return make_case(
        about_withdrawals(
            "nothing",
            "Erin has no account, Alice has one",
            "both get withdrawals of 0 gwei",
            "no account is created, none changes; the withdrawals root is in the header",
            "eip161",
        ),
        scene.seal(),
    )


def withdrawals_and_transactions() -> Case:
    """Withdraw to an account that sent all it had earlier in the block."""
    scene = Scene(ALICE)
    scene.place(TARGET, contracts.runtime("Balances"))
    # Withdrawals come after the transactions: the contract does not see them yet.
    seen = Log(TARGET, (), word(0))
    scene.send(ALICE, TARGET, word(CAROL.address), logs=[seen])
    scene.withdraw(CAROL.address, 2**63)
    return make_case(
        about_withdrawals(
            "after_transactions",
            "Carol has no account",
            "a contract logs her balance in the block that brings her 2**63 gwei",
            "it logs 0; afterwards she has them",
            "contract",
        ),
        scene.seal(),
    )


def withdrawal_to_the_proposer() -> Case:
    """Withdraw to the account that gets the tips."""
    scene = Scene(ALICE)
    scene.send(ALICE, BOB, value=1, gas=TRANSFER_GAS)
    scene.withdraw(PROPOSER.address, 3)
    return make_case(
        about_withdrawals(
            "to_the_proposer",
            "the proposer has no account",
            "the block has a transfer and a withdrawal of 3 gwei to the proposer",
            "it has the tip and 3 gwei",
        ),
        scene.seal(),
    )
