"""Cases of accounts that run code (EIP-7702)."""

from collections.abc import Iterator
from typing import Any, Final

from eth_account import Account
from eth_utils import keccak, to_canonical_address

from tools.chain.cast import ALICE, BOB, DAVE, ERIN, Actor
from tools.chain.wallet import ETHER, word
from tools.vectors.execution import contracts
from tools.vectors.execution.abi import contract_address
from tools.vectors.execution.assembler import assemble
from tools.vectors.execution.case import Case, Story, make_case
from tools.vectors.execution.probe import PROBE, Ask, answers, asked, place_probe
from tools.vectors.execution.receipts import Log
from tools.vectors.execution.scene import DELEGATION, Scene

STORE: Final = contract_address("vectors/store")
SPARE: Final = contract_address("vectors/spare")
IDENTITY: Final = "0x" + "00" * 19 + "04"
NOBODY: Final = "0x" + "00" * 20
# Two new slots: work enough for the gas used to stay above what inclusion costs, refunds or not.
WORK: Final = word(1) + word(11) + word(2) + word(22)


def story(name: str, given: str, when: str, then: str, *tags: str) -> Story:
    """Tell what a case of this group is about."""
    return Story("delegation", name, given, when, then, ("contract", "eip7702", *tags))


def cases() -> Iterator[Case]:
    """Play every case of the group."""
    yield set_for_a_new_account()
    yield set_for_oneself()
    yield set_and_used_by_others()
    yield cleared()
    yield chain_is_not_followed()
    yield loop_of_two()
    yield precompile_as_target()
    yield last_of_several_counts()
    yield skipped()
    yield any_chain()
    yield account_with_code_is_skipped()
    yield stays_after_a_failure()
    yield seen_from_outside()
    yield delegated_sender()


def designator(target: str) -> bytes:
    """Give the code that a delegated account has."""
    return DELEGATION + to_canonical_address(target)


def with_store(*actors: Actor) -> Scene:
    """Place two contracts that write what calldata lists."""
    scene = Scene(*actors)
    scene.place(STORE, contracts.runtime("Store"))
    scene.place(SPARE, contracts.runtime("Store"))
    return scene


def delegated(scene: Scene, account: Actor, target: str, *, nonce: int = 5) -> None:
    """Let an account of the genesis state be delegated already."""
    scene.place(account.address, designator(target), balance=ETHER, nonce=nonce)
    scene.wallet.skip_nonces(account, nonce)


def set_code(scene: Scene, to: str | Actor, data: bytes, *wishes: Any, **more: Any) -> None:
    """Send a transaction of type 4 from Alice."""
    scene.send(ALICE, to, data, kind="set_code", authorizationList=list(wishes), **more)


def set_for_a_new_account() -> Case:
    """Delegate an account that does not exist, and call it in the same transaction."""
    scene = with_store(ALICE)
    set_code(scene, ERIN, WORK, scene.wallet.authorization(ERIN, STORE, 0))
    scene.delegate(ERIN, STORE)
    scene.store(ERIN.address, {1: 11, 2: 22})
    return make_case(
        story(
            "set_for_a_new_account",
            "Erin has no account",
            "Alice's transaction delegates it and calls it",
            "the account has nonce 1, the delegation and the slots that the code wrote",
        ),
        scene.seal(),
    )


def set_for_oneself() -> Case:
    """Delegate the own account: the authorization's nonce is one above the transaction's."""
    scene = with_store(ALICE)
    set_code(scene, ALICE, WORK, scene.wallet.authorization(ALICE, STORE, 1))
    scene.delegate(ALICE, STORE)
    scene.store(ALICE.address, {1: 11, 2: 22})
    return make_case(
        story(
            "set_for_oneself",
            "Alice, with nonce 0",
            "she delegates her own account (nonce 1) and calls it",
            "her nonce is 2; the code ran in her account",
        ),
        scene.seal(),
    )


def set_and_used_by_others() -> Case:
    """Delegate in one transaction, use it in another one."""
    scene = with_store(ALICE, BOB, DAVE)
    set_code(scene, STORE, WORK, scene.wallet.authorization(DAVE, STORE, 0))
    scene.delegate(DAVE, STORE)
    scene.store(STORE, {1: 11, 2: 22})
    scene.send(BOB, DAVE, word(3) + word(33), value=4)
    scene.store(DAVE.address, {3: 33})
    return make_case(
        story(
            "set_and_used_by_others",
            "Dave's account",
            "Alice's transaction brings his delegation; then Bob calls Dave with 4 wei",
            "Bob's call writes into Dave's storage",
            "refund",
        ),
        scene.seal(),
    )


def cleared() -> Case:
    """Delegate to the zero address: the code goes, the storage stays."""
    scene = with_store(ALICE)
    delegated(scene, DAVE, STORE)
    scene.world.account(DAVE.address).storage[9] = 99
    set_code(scene, STORE, WORK, scene.wallet.authorization(DAVE, NOBODY, 5))
    scene.delegate(DAVE, None)
    scene.store(STORE, {1: 11, 2: 22})
    return make_case(
        story(
            "cleared",
            "Dave's account is delegated and has a slot",
            "he authorizes the zero address",
            "his account has no code any more; the slot is still there",
            "refund",
        ),
        scene.seal(),
    )


def chain_is_not_followed() -> Case:
    """Delegate to a delegated account: its designator is run, and is no code."""
    scene = with_store(ALICE)
    delegated(scene, BOB, STORE)
    wish = scene.wallet.authorization(ERIN, BOB.address, 0)
    set_code(scene, ERIN, WORK, wish, gas=150_000, succeeds=False, used=150_000)
    scene.delegate(ERIN, BOB.address)
    return make_case(
        story(
            "chain_is_not_followed",
            "Bob's account is delegated",
            "Erin's is delegated to Bob's and called",
            "0xEF is no instruction: the call takes all gas, the delegation stays",
            "out_of_gas",
        ),
        scene.seal(),
    )


def loop_of_two() -> Case:
    """Delegate two accounts to each other."""
    scene = with_store(ALICE, BOB, DAVE)
    wishes = [
        scene.wallet.authorization(BOB, DAVE.address, 0),
        scene.wallet.authorization(DAVE, BOB.address, 0),
    ]
    set_code(scene, BOB, WORK, *wishes, gas=150_000, succeeds=False, used=150_000 - 25_000)
    scene.delegate(BOB, DAVE.address)
    scene.delegate(DAVE, BOB.address)
    return make_case(
        story(
            "loop_of_two",
            "the accounts of Bob and Dave",
            "they are delegated to each other, and Bob's is called",
            "the call fails at once; 25000 units come back for two accounts that existed",
            "out_of_gas",
            "refund",
        ),
        scene.seal(),
    )


def precompile_as_target() -> Case:
    """Delegate to a precompile: there is no code to run (EIP-7702)."""
    scene = with_store(ALICE)
    place_probe(scene)
    delegated(scene, DAVE, IDENTITY)
    asks = [Ask(DAVE.address, b"data", b""), Ask(IDENTITY, b"data", b"data")]
    wish = scene.wallet.authorization(ERIN, IDENTITY, 0)
    set_code(
        scene,
        PROBE,
        asked(*asks, Ask(ERIN.address, b"x", b"")),
        wish,
        logs=[
            *answers(*asks),
            *answers(Ask(ERIN.address)),
        ],
    )
    scene.delegate(ERIN, IDENTITY)
    return make_case(
        story(
            "precompile_as_target",
            "Dave's account is delegated to the identity precompile, Erin's becomes so",
            "a contract calls both and the precompile with data",
            "the accounts answer nothing: a delegation does not reach a precompile",
            "precompile",
        ),
        scene.seal(),
    )


def last_of_several_counts() -> Case:
    """Authorize twice in one list: both count up, the last one stays."""
    scene = with_store(ALICE)
    wishes = [
        scene.wallet.authorization(ERIN, STORE, 0),
        scene.wallet.authorization(ERIN, SPARE, 1),
    ]
    set_code(scene, ERIN, WORK, *wishes)
    scene.delegate(ERIN, STORE)
    scene.delegate(ERIN, SPARE)
    scene.store(ERIN.address, {1: 11, 2: 22})
    return make_case(
        story(
            "last_of_several_counts",
            "Erin has no account",
            "one list delegates it twice, with the nonces 0 and 1",
            "nonce 2 and the second delegation",
            "refund",
        ),
        scene.seal(),
    )


def skipped() -> Case:
    """Bring authorizations that do not count: the transaction goes on."""
    scene = with_store(ALICE, BOB, DAVE)
    foreign = Account.sign_authorization(
        {"chainId": 1, "address": STORE, "nonce": 0}, DAVE.private_key
    )
    wishes = [
        scene.wallet.authorization(BOB, STORE, 7),
        foreign,
        # Signed before the transaction's own nonce was counted.
        scene.wallet.authorization(ALICE, STORE, 0),
    ]
    set_code(scene, STORE, WORK, *wishes)
    scene.store(STORE, {1: 11, 2: 22})
    return make_case(
        story(
            "skipped",
            "authorizations with a nonce ahead, for chain 1, and with a nonce behind",
            "Alice's transaction brings them",
            "none counts, none fails the transaction; each costs 25000 units",
        ),
        scene.seal(),
    )


def any_chain() -> Case:
    """Authorize for every chain."""
    scene = with_store(ALICE)
    wish = Account.sign_authorization(
        {"chainId": 0, "address": STORE, "nonce": 0}, ERIN.private_key
    )
    set_code(scene, ERIN, WORK, wish)
    scene.delegate(ERIN, STORE)
    scene.store(ERIN.address, {1: 11, 2: 22})
    return make_case(
        story("any_chain", "an authorization of Erin for chain 0", "Alice brings it", "it counts"),
        scene.seal(),
    )


def account_with_code_is_skipped() -> Case:
    """Authorize for an account that has other code than a delegation."""
    scene = with_store(ALICE)
    scene.place(DAVE.address, assemble("STOP"), nonce=5)
    set_code(scene, STORE, WORK, scene.wallet.authorization(DAVE, STORE, 5))
    scene.store(STORE, {1: 11, 2: 22})
    return make_case(
        story(
            "account_with_code_is_skipped",
            "a contract at Dave's address",
            "Dave's authorization comes, with the contract's nonce",
            "the contract keeps its code",
        ),
        scene.seal(),
    )


def stays_after_a_failure() -> Case:
    """Bring a delegation with a transaction that fails."""
    scene = with_store(ALICE)
    target = scene.place(SPARE, assemble("PUSH0 PUSH0 REVERT"))
    set_code(scene, target, b"", scene.wallet.authorization(ERIN, STORE, 0), succeeds=False)
    scene.delegate(ERIN, STORE)
    return make_case(
        story(
            "stays_after_a_failure",
            "a contract that reverts",
            "Alice's transaction calls it and brings Erin's authorization",
            "the transaction fails, Erin's account is delegated",
            "revert",
        ),
        scene.seal(),
    )


def seen_from_outside() -> Case:
    """Look at the code of a delegated account: 23 bytes, not those of its target."""
    scene = with_store(ALICE)
    target = scene.place(SPARE, contracts.runtime("Codes"))
    delegated(scene, DAVE, STORE)
    code = designator(STORE)
    seen = word(len(code)) + keccak(code) + code.ljust(32, b"\0")
    scene.send(ALICE, target, word(DAVE.address), logs=[Log(target, (), seen)])
    return make_case(
        story(
            "seen_from_outside",
            "Dave's account is delegated",
            "a contract asks for size, hash and bytes of its code",
            "they are those of the designator",
            "eip1052",
        ),
        scene.seal(),
    )


def delegated_sender() -> Case:
    """Send from a delegated account (EIP-3607 allows it) and call it from itself."""
    scene = with_store()
    delegated(scene, DAVE, STORE)
    scene.send(DAVE, ALICE, value=3)
    scene.send(DAVE, DAVE, word(4) + word(44))
    scene.store(DAVE.address, {4: 44})
    return make_case(
        story(
            "delegated_sender",
            "Dave's account is delegated, its nonce is 5",
            "he sends 3 wei to Alice, then calls himself",
            "both succeed; the second one writes a slot of his account",
        ),
        scene.seal(),
    )
