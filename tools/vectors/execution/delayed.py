"""Cases of what EIP-7886 changes: declared gas, reverts, fees charged in advance."""

from collections.abc import Iterator
from typing import Final

from tools.chain.cast import ALICE, BOB, CAROL, DAVE, ERIN, Actor
from tools.chain.system_contracts import WITHDRAWAL_REQUESTS
from tools.chain.wallet import ETHER, GWEI, PRIORITY_FEE, word
from tools.vectors.execution import contracts
from tools.vectors.execution.abi import contract_address, encode_call
from tools.vectors.execution.assembler import assemble
from tools.vectors.execution.blocks import blob_hashes
from tools.vectors.execution.case import Case, Story, make_case
from tools.vectors.execution.delegation import designator
from tools.vectors.execution.receipts import Log
from tools.vectors.execution.scene import FORTUNE, GAS_LIMIT, GAS_PER_BLOB, Scene
from tools.vectors.execution.token import TOKEN, balance_slot, place_token, transferred

TARGET: Final = contract_address("vectors/target")
TRANSFER_GAS: Final = 21_000
GAS_CAP: Final = 1 << 24
# In the first block after an empty one; all transactions here pay the usual tip.
PRICE: Final = GWEI // 8 * 7 + PRIORITY_FEE
# A cold balance, calldata of one address, a log of one word: see `look`.
LOOK_GAS: Final = 100_000


def story(name: str, given: str, when: str, then: str, *tags: str) -> Story:
    """Tell what a case of this group is about."""
    return Story("delayed", name, given, when, then, ("eip7886", *tags))


def cases() -> Iterator[Case]:
    """Play every case of the group."""
    for name, difference in (("one_gas_too_much", 1), ("one_gas_too_little", -1)):
        yield wrong_gas(name, difference)
    yield nothing_declared()
    yield empty_block_declares_gas()
    yield child_of_a_reverted_block()
    yield reverted_blobs_count()
    yield reverted_request()
    yield charge_is_visible()
    yield own_charge_is_ordinary()
    yield charge_of_a_later_transaction_stays()
    yield blob_fee_is_charged_too()
    yield caps_above_the_balance()
    yield nonce_moved_by_an_authorization()
    yield nonce_moved_by_a_creation()
    yield value_drained()
    yield fee_is_safe_from_draining()
    yield gas_limit_passed()
    yield gas_limit_reached()
    yield refund_below_inclusion()


def token_block(scene: Scene) -> None:
    """Send tokens and wei, and bring a withdrawal in."""
    place_token(scene, {ALICE: 1_000})
    data = encode_call("transfer(address,uint256)", BOB.address, 250)
    scene.send(ALICE, TOKEN, data, logs=[transferred(ALICE, BOB, 250)])
    scene.send(BOB, ERIN, value=7, gas=TRANSFER_GAS)
    scene.withdraw(CAROL.address, 32 * GWEI)


def gas_of_token_block() -> int:
    """Ask what the block above uses, by declaring nothing."""
    scene = Scene(ALICE, BOB)
    token_block(scene)
    return int(scene.seal().built.summary["gas_used"])


def wrong_gas(name: str, difference: int) -> Case:
    """Declare a little more or less gas than is used."""
    scene = Scene(ALICE, BOB)
    token_block(scene)
    sealed = scene.seal(declared_gas=gas_of_token_block() + difference, reverted=True)
    return make_case(
        story(
            name,
            "a block with a token transfer, a transfer and a withdrawal",
            f"it declares {abs(difference)} gas too {'much' if difference > 0 else 'little'}",
            "valid, and reverted: neither nonces, fees nor tokens moved; the withdrawal stays",
            "contract",
            "reverted",
            "withdrawal",
        ),
        sealed,
        revert="declared_gas_mismatch",
    )


def nothing_declared() -> Case:
    """Declare less than inclusion costs: statically invalid, and reverted when executed."""
    scene = Scene(ALICE)
    scene.send(ALICE, BOB, value=7, gas=TRANSFER_GAS)
    return make_case(
        story(
            "nothing_declared",
            "a block with a transfer",
            "it declares no gas",
            "the static check refuses the block; execution alone would revert it",
            "reverted",
            "finding1",
        ),
        scene.seal(declared_gas=0, reverted=True),
        revert="declared_gas_mismatch",
        static="inclusion_gas_exceeds_gas_used",
    )


def empty_block_declares_gas() -> Case:
    """Declare gas in a block without transactions."""
    scene = Scene(ALICE)
    scene.withdraw(ERIN.address, 1)
    return make_case(
        story(
            "empty_block_declares_gas",
            "a block without transactions",
            "it declares 21000 gas",
            "valid, and reverted, although there is nothing to revert",
            "reverted",
            "withdrawal",
        ),
        scene.seal(declared_gas=TRANSFER_GAS, reverted=True),
        revert="declared_gas_mismatch",
    )


def child_of_a_reverted_block() -> Case:
    """Repeat the transactions of a reverted parent."""
    scene = Scene(ALICE, BOB)
    token_block(scene)
    again = list(scene.draft.sent)
    effects = list(scene.draft.effects)
    scene.seal(declared_gas=GAS_LIMIT, reverted=True)
    scene.draft.sent, scene.draft.effects = again, effects
    move_tokens(scene)
    return make_case(
        story(
            "child_of_a_reverted_block",
            "the parent declared 36000000 gas and was reverted",
            "its child has the same transactions",
            "the nonces are still free; the header repeats the flag and empty roots, and its base "
            "fee counts no gas for the parent",
            "contract",
            "parent_reverted",
            "finding11",
        ),
        scene.seal(),
    )


def move_tokens(scene: Scene) -> None:
    """Expect what `token_block` does to the token."""
    scene.store(TOKEN, {balance_slot(ALICE): 750, balance_slot(BOB): 250})


def reverted_blobs_count() -> Case:
    """Follow a reverted block with nine blobs: its blobs count for the price (finding 12)."""
    scene = Scene(ALICE, BOB)
    scene.send(ALICE, ERIN, kind="blob", value=1, blobVersionedHashes=blob_hashes(6))
    scene.send(BOB, ERIN, kind="blob", value=1, blobVersionedHashes=blob_hashes(3, "/other"))
    scene.seal(declared_gas=2 * TRANSFER_GAS + 1, reverted=True)
    scene.wallet.skip_nonces(ALICE, -1)
    scene.send(ALICE, BOB, value=1, gas=TRANSFER_GAS)
    return make_case(
        story(
            "reverted_blobs_count",
            "the parent carried nine blobs and was reverted",
            "a child with a transfer follows",
            "its excess blob gas is 393216, as if the parent's blobs had been paid",
            "blob",
            "parent_reverted",
            "finding12",
        ),
        scene.seal(),
    )


def reverted_request() -> Case:
    """Revert a block that asked for a withdrawal: the queue knows nothing of it."""
    scene = Scene(ALICE)
    data = bytes(range(48)) + (10**9).to_bytes(8, "big")
    scene.send(ALICE, WITHDRAWAL_REQUESTS, data, value=1)
    return make_case(
        story(
            "reverted_request",
            "a block that asks for a withdrawal through EIP-7002",
            "it declares the wrong gas",
            "no request, and no system call of the predeploy: the requests hash is the empty one",
            "contract",
            "request",
            "reverted",
            "finding13",
        ),
        scene.seal(declared_gas=200_000, reverted=True),
        revert="declared_gas_mismatch",
    )


def look(scene: Scene, looker: Actor, *seen: tuple[Actor, int], value: int = 0) -> None:
    """Call the contract that logs balances, and say what it sees."""
    data = b"".join(word(account.address) for account, _ in seen)
    log = Log(TARGET, (), b"".join(word(balance) for _, balance in seen))
    scene.send(looker, TARGET, data, gas=LOOK_GAS, logs=[log], value=value)


def watching(*actors: Actor) -> Scene:
    """Place the contract that logs balances."""
    scene = Scene(*actors)
    scene.place(TARGET, contracts.runtime("Balances"))
    return scene


def charge_is_visible() -> Case:
    """Look at the balance of a sender whose turn is still to come (finding 19)."""
    scene = watching(ALICE, BOB)
    look(scene, ALICE, (BOB, FORTUNE - 50_000 * PRICE))
    # Only the fee is charged in advance, not the value, and for the whole gas limit.
    scene.send(BOB, ERIN, value=ETHER, gas=50_000)
    return make_case(
        story(
            "charge_is_visible",
            "Bob has 1000 ether and a transaction of 50000 gas at the block's end",
            "a contract looks at his balance before",
            "the fee for 50000 gas is gone already, the value is not",
            "contract",
            "precharge",
            "finding19",
        ),
        scene.seal(),
    )


def own_charge_is_ordinary() -> Case:
    """Look at the own balance: as without the EIP."""
    scene = watching(ALICE)
    look(scene, ALICE, (ALICE, FORTUNE - LOOK_GAS * PRICE - 3), value=3)
    return make_case(
        story(
            "own_charge_is_ordinary",
            "Alice has 1000 ether",
            "a contract looks at her balance during her only transaction",
            "its fee and value are gone, as everywhere",
            "contract",
            "precharge",
            "finding19",
        ),
        scene.seal(),
    )


def charge_of_a_later_transaction_stays() -> Case:
    """Look at a sender between its two transactions."""
    scene = watching(ALICE, BOB)
    first = TRANSFER_GAS * PRICE + 5
    scene.send(ALICE, ERIN, value=5, gas=60_000)
    look(scene, BOB, (ALICE, FORTUNE - first - 70_000 * PRICE))
    scene.send(ALICE, ERIN, value=6, gas=70_000)
    return make_case(
        story(
            "charge_of_a_later_transaction_stays",
            "Alice has two transactions, of 60000 and 70000 gas",
            "a contract looks at her balance between them",
            "of the first one 39000 gas came back; the second one is charged",
            "contract",
            "precharge",
            "finding19",
        ),
        scene.seal(),
    )


def blob_fee_is_charged_too() -> Case:
    """Look at a sender of blobs whose turn is still to come."""
    scene = watching(ALICE, BOB)
    fee = 30_000 * PRICE + 2 * GAS_PER_BLOB
    look(scene, ALICE, (BOB, FORTUNE - fee))
    scene.send(BOB, ERIN, kind="blob", value=1, gas=30_000, blobVersionedHashes=blob_hashes(2))
    return make_case(
        story(
            "blob_fee_is_charged_too",
            "Bob has a transaction with two blobs at the block's end",
            "a contract looks at his balance before",
            "gas fee and blob fee are gone",
            "contract",
            "precharge",
            "blob",
            "finding19",
        ),
        scene.seal(),
    )


def caps_above_the_balance() -> Case:
    """Pay with a balance that covers the effective price and not the cap (finding 5)."""
    scene = Scene(ALICE)
    scene.world.account(DAVE.address).balance = TRANSFER_GAS * PRICE + 9
    scene.send(DAVE, ERIN, value=9, gas=TRANSFER_GAS, maxFeePerGas=2**64 - 1)
    return make_case(
        story(
            "caps_above_the_balance",
            "Dave can pay the effective price to the last wei, and his cap is 2**64 - 1",
            "he sends 9 wei",
            "the transfer goes through: caps are set to effective prices for the execution",
            "precharge",
            "finding5",
        ),
        scene.seal(),
    )


def nonce_moved_by_an_authorization() -> Case:
    """Bring an authorization of a sender whose turn is still to come (finding 6)."""
    scene = Scene(ALICE, BOB)
    scene.place(TARGET, contracts.runtime("Store"))
    wish = scene.wallet.authorization(BOB, TARGET, 0)
    scene.send(ALICE, TARGET, word(1) + word(1), kind="set_code", authorizationList=[wish])
    scene.send(BOB, ERIN, value=1, gas=TRANSFER_GAS)
    scene.withdraw(CAROL.address, 1)
    return make_case(
        story(
            "nonce_moved_by_an_authorization",
            "Bob's transaction has nonce 0, which is his",
            "Alice's transaction before it brings his authorization, which takes nonce 0",
            "valid with a notice; his transaction fails when its turn comes, the block reverts",
            "contract",
            "reverted",
            "eip7702",
            "finding6",
            "finding18",
        ),
        scene.seal(declared_gas=200_000, reverted=True),
        revert="transaction_failed",
    )


def nonce_moved_by_a_creation() -> Case:
    """Let a delegated sender's account create a contract before its turn (finding 18)."""
    scene = Scene(ALICE)
    scene.place(TARGET, contracts.runtime("Creator"))
    scene.place(DAVE.address, designator(TARGET), balance=ETHER, nonce=0)
    scene.send(ALICE, DAVE, assemble("PUSH1 0x01 PUSH0 RETURN"))
    scene.send(DAVE, ERIN, value=1, gas=TRANSFER_GAS)
    return make_case(
        story(
            "nonce_moved_by_a_creation",
            "Dave's account is delegated to code that creates a contract",
            "Alice calls it before Dave's own transaction of nonce 0",
            "CREATE takes nonce 0; his transaction fails, the block reverts",
            "contract",
            "reverted",
            "eip7702",
            "finding18",
        ),
        scene.seal(declared_gas=200_000, reverted=True),
        revert="transaction_failed",
    )


def drainable() -> Scene:
    """Delegate Dave's account to code that gives all to its caller."""
    scene = Scene(ALICE)
    scene.place(TARGET, contracts.runtime("Drain"))
    scene.place(DAVE.address, designator(TARGET), balance=ETHER, nonce=0)
    return scene


def value_drained() -> Case:
    """Spend a sender's value before its turn (finding 7)."""
    scene = drainable()
    scene.send(ALICE, DAVE)
    scene.send(DAVE, ERIN, value=1, gas=TRANSFER_GAS)
    return make_case(
        story(
            "value_drained",
            "Dave's account is delegated to code that gives all to its caller",
            "Alice calls it before Dave's own transaction of 1 wei",
            "his fee was charged in advance, his wei is gone: it fails, the block reverts",
            "contract",
            "reverted",
            "eip7702",
            "finding7",
            "finding18",
        ),
        scene.seal(declared_gas=100_000, reverted=True),
        revert="transaction_failed",
    )


def fee_is_safe_from_draining() -> Case:
    """Spend all that a sender has left before its turn, which needs nothing of it."""
    scene = drainable()
    scene.send(ALICE, DAVE)
    scene.send(DAVE, ERIN, gas=50_000)
    taken = ETHER - 50_000 * PRICE
    scene.gain(DAVE.address, -taken)
    scene.gain(ALICE.address, taken)
    return make_case(
        story(
            "fee_is_safe_from_draining",
            "Dave's account is delegated to code that gives all to its caller",
            "Alice calls it before Dave's own transaction of 0 wei",
            "she gets what the advance charge left; his transaction goes through",
            "contract",
            "precharge",
            "eip7702",
            "finding7",
        ),
        scene.seal(),
    )


def burners(scene: Scene) -> None:
    """Use up two transactions' gas at the cap, by an instruction that is none."""
    scene.place(TARGET, assemble("INVALID"))
    for _ in range(2):
        scene.send(ALICE, TARGET, gas=GAS_CAP, succeeds=False)


def gas_limit_passed() -> Case:
    """Bring a transaction that no longer fits into the block (finding 8)."""
    scene = Scene(ALICE, BOB)
    burners(scene)
    scene.send(BOB, ERIN, value=1, gas=GAS_LIMIT - 2 * GAS_CAP + 1)
    scene.withdraw(CAROL.address, 1)
    return make_case(
        story(
            "gas_limit_passed",
            "two transactions have used 33554432 of 36000000 gas",
            "the third one has a limit of 2445569, one more than is left",
            "valid; the execution is reverted whatever gas is declared",
            "contract",
            "reverted",
            "finding8",
        ),
        scene.seal(declared_gas=2 * GAS_CAP + TRANSFER_GAS, reverted=True),
        revert="block_gas_limit_exceeded",
    )


def gas_limit_reached() -> Case:
    """Bring a transaction that just fits into the block."""
    scene = Scene(ALICE, BOB)
    burners(scene)
    scene.send(BOB, ERIN, value=1, gas=GAS_LIMIT - 2 * GAS_CAP)
    return make_case(
        story(
            "gas_limit_reached",
            "two transactions have used 33554432 of 36000000 gas",
            "the third one has a limit of 2445568, all that is left",
            "it is executed",
            "contract",
            "finding8",
        ),
        scene.seal(),
    )


def refund_below_inclusion() -> Case:
    """Use less gas than inclusion costs, thanks to a refund (finding 1)."""
    scene = Scene(ALICE)
    scene.place(TARGET, assemble("PUSH0 PUSH0 SSTORE"), storage={0: 9})
    listed = [{"address": TARGET, "storageKeys": ["0x" + word(0).hex()]}]
    # 25300 of them are inclusion; a warm slot is cleared for 2900, 4800 come back.
    used = TRANSFER_GAS + 2_400 + 1_900 + 4 + 2_900 - 4_800
    scene.send(ALICE, TARGET, accessList=listed, used=used)
    scene.store(TARGET, {0: 0})
    return make_case(
        story(
            "refund_below_inclusion",
            "a transaction whose inclusion costs 25300 gas",
            "it clears a slot, so that it uses 23404",
            "an honest block; the text of the EIP refuses it statically, its execution is good",
            "contract",
            "refund",
            "finding1",
        ),
        scene.seal(),
        static="inclusion_gas_exceeds_gas_used",
    )
