"""Cases of an ERC-20 token."""

from collections.abc import Iterator

from tools.chain.cast import ALICE, BOB, CAROL, DAVE, actor
from tools.chain.wallet import created_address, word
from tools.vectors.execution import contracts
from tools.vectors.execution.abi import encode_call
from tools.vectors.execution.case import Case, Story, make_case
from tools.vectors.execution.scene import Scene
from tools.vectors.execution.token import (
    NOBODY,
    OWNER_SLOT,
    SUPPLY_SLOT,
    TOKEN,
    allowance_slot,
    approved,
    balance_slot,
    place_token,
    transferred,
)

UNLIMITED = 2**256 - 1
TRANSFER = "transfer(address,uint256)"
TRANSFER_FROM = "transferFrom(address,address,uint256)"


def cases() -> Iterator[Case]:
    """Play every case of the group."""
    yield deploy()
    yield transfer()
    yield transfer_without_balance()
    yield transfer_of_nothing()
    yield transfer_to_oneself()
    yield whole_balance_leaves()
    yield approve_and_spend()
    yield spend_over_allowance()
    yield unlimited_allowance()
    yield mint_by_the_owner()
    yield mint_by_a_stranger()
    yield supply_overflow()
    yield burn()
    yield many_holders()


def story(name: str, given: str, when: str, then: str, *tags: str) -> Story:
    """Tell what a case of this group is about."""
    return Story("erc20", name, given, when, then, ("contract", "erc20", *tags))


def deploy() -> Case:
    """Create the token by a transaction."""
    scene = Scene(ALICE)
    token = created_address(ALICE.address, 0)
    scene.send(
        ALICE,
        data=contracts.initcode("Token") + word(1_000_000),
        gas=1_000_000,
        logs=[transferred(NOBODY, ALICE, 1_000_000, address=token)],
    )
    scene.create(token, contracts.runtime("Token"))
    slots = {SUPPLY_SLOT: 1_000_000, balance_slot(ALICE): 1_000_000}
    scene.store(token, {**slots, OWNER_SLOT: int(ALICE.address, 16)})
    return make_case(
        story(
            "deploy",
            "an account with ether",
            "it creates an ERC-20 whose constructor mints a million",
            "code, supply, balance and owner are there; the constructor's log is in the receipt",
            "create",
        ),
        scene.seal(),
    )


def transfer() -> Case:
    """Move some tokens to a new holder."""
    scene = Scene(ALICE)
    place_token(scene, {ALICE: 1_000})
    data = encode_call(TRANSFER, BOB.address, 250)
    scene.send(ALICE, TOKEN, data, logs=[transferred(ALICE, BOB, 250)])
    scene.store(TOKEN, {balance_slot(ALICE): 750, balance_slot(BOB): 250})
    return make_case(
        story("transfer", "Alice holds 1000", "she sends 250 to Bob", "she has 750, Bob 250"),
        scene.seal(),
    )


def transfer_without_balance() -> Case:
    """Try to move one token too much."""
    scene = Scene(ALICE)
    place_token(scene, {ALICE: 1_000})
    scene.send(ALICE, TOKEN, encode_call(TRANSFER, BOB.address, 1_001), succeeds=False)
    return make_case(
        story(
            "transfer_without_balance",
            "Alice holds 1000",
            "she sends 1001 to Bob",
            "the transaction fails with a custom error; only its fee is gone",
            "revert",
        ),
        scene.seal(),
    )


def transfer_of_nothing() -> Case:
    """Move nothing: a log, and no slot."""
    scene = Scene(ALICE)
    place_token(scene, {ALICE: 1_000})
    scene.send(
        ALICE, TOKEN, encode_call(TRANSFER, BOB.address, 0), logs=[transferred(ALICE, BOB, 0)]
    )
    return make_case(
        story(
            "transfer_of_nothing",
            "Alice holds 1000",
            "she sends 0 to Bob, who holds nothing",
            "the log is there; writing zero over zero leaves the storage trie as it was",
        ),
        scene.seal(),
    )


def transfer_to_oneself() -> Case:
    """Move tokens from an account to itself."""
    scene = Scene(ALICE)
    place_token(scene, {ALICE: 1_000})
    data = encode_call(TRANSFER, ALICE.address, 400)
    scene.send(ALICE, TOKEN, data, logs=[transferred(ALICE, ALICE, 400)])
    return make_case(
        story(
            "transfer_to_oneself",
            "Alice holds 1000",
            "she sends 400 to herself",
            "her slot is written twice and ends as it began",
            "storage",
        ),
        scene.seal(),
    )


def whole_balance_leaves() -> Case:
    """Clear the sender's slot, for a refund."""
    scene = Scene(ALICE)
    place_token(scene, {ALICE: 1_000, BOB: 1})
    data = encode_call(TRANSFER, BOB.address, 1_000)
    scene.send(ALICE, TOKEN, data, logs=[transferred(ALICE, BOB, 1_000)])
    scene.store(TOKEN, {balance_slot(ALICE): 0, balance_slot(BOB): 1_001})
    return make_case(
        story(
            "whole_balance_leaves",
            "Alice holds 1000, Bob 1",
            "she sends all to Bob",
            "her slot is cleared: the storage trie loses a leaf and gas is refunded",
            "storage",
            "refund",
        ),
        scene.seal(),
    )


def approve_and_spend() -> Case:
    """Let another one spend a part."""
    scene = Scene(ALICE, CAROL)
    place_token(scene, {ALICE: 1_000})
    approve = encode_call("approve(address,uint256)", CAROL.address, 300)
    spend = encode_call(TRANSFER_FROM, ALICE.address, BOB.address, 120)
    scene.send(ALICE, TOKEN, approve, logs=[approved(ALICE, CAROL, 300)])
    scene.send(CAROL, TOKEN, spend, kind="legacy", logs=[transferred(ALICE, BOB, 120)])
    scene.store(
        TOKEN,
        {balance_slot(ALICE): 880, balance_slot(BOB): 120, allowance_slot(ALICE, CAROL): 180},
    )
    return make_case(
        story(
            "approve_and_spend",
            "Alice holds 1000",
            "she allows Carol 300, and Carol moves 120 of them to Bob in the same block",
            "Alice has 880, Bob 120, and Carol may still spend 180",
        ),
        scene.seal(),
    )


def spend_over_allowance() -> Case:
    """Try to spend one more than is allowed."""
    scene = Scene(CAROL)
    place_token(scene, {ALICE: 1_000}, {(ALICE, CAROL): 300})
    spend = encode_call(TRANSFER_FROM, ALICE.address, BOB.address, 301)
    scene.send(CAROL, TOKEN, spend, succeeds=False)
    return make_case(
        story(
            "spend_over_allowance",
            "Alice holds 1000 and allows Carol 300",
            "Carol moves 301 to Bob",
            "the transaction fails and nothing moves",
            "revert",
        ),
        scene.seal(),
    )


def unlimited_allowance() -> Case:
    """Spend from an allowance that is not counted down."""
    scene = Scene(CAROL)
    place_token(scene, {ALICE: 1_000}, {(ALICE, CAROL): UNLIMITED})
    spend = encode_call(TRANSFER_FROM, ALICE.address, BOB.address, 5)
    scene.send(CAROL, TOKEN, spend, logs=[transferred(ALICE, BOB, 5)])
    scene.store(TOKEN, {balance_slot(ALICE): 995, balance_slot(BOB): 5})
    return make_case(
        story(
            "unlimited_allowance",
            "Alice allows Carol 2**256 - 1",
            "Carol moves 5 to Bob",
            "the allowance stays as it is",
        ),
        scene.seal(),
    )


def mint_by_the_owner() -> Case:
    """Make new tokens."""
    scene = Scene(ALICE)
    place_token(scene, {ALICE: 1_000})
    scene.send(
        ALICE,
        TOKEN,
        encode_call("mint(address,uint256)", BOB.address, 77),
        logs=[transferred(NOBODY, BOB, 77)],
    )
    scene.store(TOKEN, {SUPPLY_SLOT: 1_077, balance_slot(BOB): 77})
    return make_case(
        story("mint_by_the_owner", "Alice owns the token", "she mints 77 for Bob", "supply 1077"),
        scene.seal(),
    )


def mint_by_a_stranger() -> Case:
    """Try to make new tokens without being the owner."""
    scene = Scene(BOB)
    place_token(scene, {ALICE: 1_000})
    scene.send(BOB, TOKEN, encode_call("mint(address,uint256)", BOB.address, 77), succeeds=False)
    return make_case(
        story("mint_by_a_stranger", "Alice owns the token", "Bob mints 77", "it fails", "revert"),
        scene.seal(),
    )


def supply_overflow() -> Case:
    """Overflow checked arithmetic."""
    scene = Scene(ALICE)
    place_token(scene, {ALICE: 1_000})
    data = encode_call("mint(address,uint256)", BOB.address, UNLIMITED - 999)
    scene.send(ALICE, TOKEN, data, succeeds=False)
    return make_case(
        story(
            "supply_overflow",
            "a supply of 1000",
            "the owner mints 2**256 - 1000, one too much",
            "checked arithmetic panics, the transaction fails",
            "revert",
        ),
        scene.seal(),
    )


def burn() -> Case:
    """Destroy tokens."""
    scene = Scene(ALICE)
    place_token(scene, {ALICE: 1_000})
    scene.send(ALICE, TOKEN, encode_call("burn(uint256)", 1), logs=[transferred(ALICE, NOBODY, 1)])
    scene.store(TOKEN, {SUPPLY_SLOT: 999, balance_slot(ALICE): 999})
    return make_case(
        story("burn", "Alice holds all 1000", "she burns 1", "supply and balance are 999"),
        scene.seal(),
    )


def many_holders() -> Case:
    """Pay twenty holders, of whom each pays on to the next."""
    holders = [actor(f"holder/{index}") for index in range(10)]
    scene = Scene(ALICE, *holders)
    place_token(scene, {ALICE: 1_000})
    for index, holder in enumerate(holders):
        pay = encode_call(TRANSFER, holder.address, 10 + index)
        scene.send(ALICE, TOKEN, pay, logs=[transferred(ALICE, holder, 10 + index)])
    for holder, following in zip(holders, [*holders[1:], DAVE], strict=True):
        pay = encode_call(TRANSFER, following.address, 5)
        scene.send(holder, TOKEN, pay, logs=[transferred(holder, following, 5)])
    scene.store(TOKEN, {balance_slot(ALICE): 1_000 - sum(range(10, 20)), balance_slot(DAVE): 5})
    # The first holder pays 5 and gets none; every other one gets 5 and pays 5.
    kept = {balance_slot(one): 10 + index for index, one in enumerate(holders)}
    scene.store(TOKEN, {**kept, balance_slot(holders[0]): 5})
    return make_case(
        story(
            "many_holders",
            "Alice holds 1000",
            "she pays ten holders; each pays 5 on to the next, the last one to Dave",
            "twenty transfers of eleven senders, one log each, eleven new slots",
        ),
        scene.seal(),
    )
