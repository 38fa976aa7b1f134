"""Cases of SELFDESTRUCT as EIP-6780 left it."""

from collections.abc import Iterator
from typing import Final

from tools.chain.cast import ALICE, BOB, ERIN
from tools.chain.wallet import created2_address, word
from tools.vectors.execution import contracts
from tools.vectors.execution.abi import contract_address, encode_call, event
from tools.vectors.execution.case import Case, Story, make_case
from tools.vectors.execution.probe import PROBE, Ask, answers, asked, place_probe
from tools.vectors.execution.receipts import Log
from tools.vectors.execution.scene import Scene

FACTORY: Final = contract_address("vectors/factory")
OLD: Final = contract_address("vectors/mortal")
SALT: Final = word(6780)
INITCODE: Final = contracts.initcode("Mortal") + word(42)
CHILD: Final = created2_address(FACTORY, SALT, INITCODE)
NOBODY: Final = "0x" + "00" * 20


def story(name: str, given: str, when: str, then: str, *tags: str) -> Story:
    """Tell what a case of this group is about."""
    return Story("selfdestruct", name, given, when, then, ("contract", "selfdestruct", *tags))


def cases() -> Iterator[Case]:
    """Play every case of the group."""
    yield same_transaction()
    yield same_transaction_heir_itself()
    yield same_transaction_twice()
    yield later_transaction()
    yield later_block()
    yield old_contract_heir_itself()
    yield old_contract_absent_heir()
    yield old_contract_absent_heir_without_balance()
    yield made_again_in_the_block()
    yield ended_in_a_frame_that_fails()
    yield paid_after_its_end()


def end(heir: str) -> bytes:
    """Encode the call that ends a contract."""
    return encode_call("end(address)", heir)


def make_and_end(heir: str) -> bytes:
    """Encode a creation and an end in one transaction."""
    return encode_call("make2AndCall(bytes,bytes32,bytes)", INITCODE, SALT, end(heir))


def made(child: str = CHILD) -> Log:
    """Describe what the factory logs."""
    return event(FACTORY, "Made(address)", [child])


def with_factory() -> Scene:
    """Put the factory into the genesis state."""
    scene = Scene(ALICE, BOB)
    scene.place(FACTORY, contracts.runtime("Factory"))
    return scene


def with_old(balance: int) -> Scene:
    """Put a contract that can end itself into the genesis state."""
    scene = Scene(ALICE, BOB)
    scene.place(OLD, contracts.runtime("Mortal"), storage={0: 42}, balance=balance)
    return scene


def same_transaction() -> Case:
    """End a contract in the transaction that made it: it is gone."""
    scene = with_factory()
    scene.send(ALICE, FACTORY, make_and_end(ERIN.address), value=5, logs=[made()])
    scene.gain(FACTORY, -5)
    scene.gain(ERIN.address, 5)
    scene.bump(FACTORY)
    return make_case(
        story(
            "same_transaction",
            "a factory",
            "it makes a contract with 5 wei and ends it for Erin, who has no account",
            "Erin has 5 wei; of the contract nothing is left",
        ),
        scene.seal(),
    )


def same_transaction_heir_itself() -> Case:
    """End a new contract for itself: its ether is burnt."""
    scene = with_factory()
    scene.send(ALICE, FACTORY, make_and_end(CHILD), value=5, logs=[made()])
    scene.gain(FACTORY, -5)
    scene.bump(FACTORY)
    return make_case(
        story(
            "same_transaction_heir_itself",
            "a factory",
            "it makes a contract with 5 wei and ends it for itself",
            "contract and 5 wei are gone",
        ),
        scene.seal(),
    )


def same_transaction_twice() -> Case:
    """End a new contract twice, through the probe that is its creator's caller."""
    scene = with_factory()
    place_probe(scene)
    asks = [
        Ask(FACTORY, make_and_end(ERIN.address)),
        # Its code is there until the transaction ends.
        Ask(CHILD, end(BOB.address)),
        Ask(CHILD, b""),
    ]
    first, *others = answers(*asks)
    scene.send(ALICE, PROBE, asked(*asks), gas=500_000, logs=[made(), first, *others])
    scene.bump(FACTORY)
    return make_case(
        story(
            "same_transaction_twice",
            "a factory",
            "a contract is made, ended, called and ended again in one transaction",
            "the code runs until the transaction is over; then the account is gone",
        ),
        scene.seal(),
    )


def later_transaction() -> Case:
    """End a contract one transaction after its creation: only its ether moves."""
    scene = with_factory()
    make = encode_call("make2(bytes,bytes32)", INITCODE, SALT)
    scene.send(ALICE, FACTORY, make, value=5, logs=[made()])
    scene.send(BOB, CHILD, end(ERIN.address))
    scene.gain(FACTORY, -5)
    scene.gain(ERIN.address, 5)
    scene.create(CHILD, contracts.runtime("Mortal"))
    scene.store(CHILD, {0: 42})
    scene.bump(FACTORY)
    return make_case(
        story(
            "later_transaction",
            "a factory",
            "one transaction makes a contract with 5 wei, the next one ends it for Erin",
            "Erin has 5 wei; the contract keeps code and storage",
        ),
        scene.seal(),
    )


def later_block() -> Case:
    """End a contract of an earlier block."""
    scene = with_old(balance=7)
    scene.send(ALICE, OLD, end(BOB.address))
    scene.gain(OLD, -7)
    scene.gain(BOB.address, 7)
    return make_case(
        story(
            "later_block",
            "a contract with 7 wei",
            "it is ended for Bob",
            "Bob has the 7 wei; the contract keeps code and storage",
        ),
        scene.seal(),
    )


def old_contract_heir_itself() -> Case:
    """End an old contract for itself: nothing moves."""
    scene = with_old(balance=7)
    scene.send(ALICE, OLD, end(OLD))
    return make_case(
        story(
            "old_contract_heir_itself",
            "a contract with 7 wei",
            "it is ended for itself",
            "it keeps them",
        ),
        scene.seal(),
    )


def old_contract_absent_heir() -> Case:
    """End an old contract for an account that does not exist: 25000 units more."""
    scene = with_old(balance=7)
    scene.send(ALICE, OLD, end(ERIN.address))
    scene.gain(OLD, -7)
    scene.gain(ERIN.address, 7)
    return make_case(
        story(
            "old_contract_absent_heir",
            "a contract with 7 wei",
            "it is ended for Erin, who has no account",
            "her account is created",
        ),
        scene.seal(),
    )


def old_contract_absent_heir_without_balance() -> Case:
    """End an old contract that has nothing: no account is created (EIP-161)."""
    scene = with_old(balance=0)
    scene.send(ALICE, OLD, end(ERIN.address))
    return make_case(
        story(
            "absent_heir_of_nothing",
            "a contract without ether",
            "it is ended for Erin, who has no account",
            "she still has none",
        ),
        scene.seal(),
    )


def made_again_in_the_block() -> Case:
    """Make and end the same contract in two transactions of one block."""
    scene = with_factory()
    scene.send(ALICE, FACTORY, make_and_end(BOB.address), value=5, logs=[made()])
    scene.send(BOB, FACTORY, make_and_end(ALICE.address), value=6, logs=[made()])
    scene.gain(FACTORY, -11)
    scene.gain(BOB.address, 5)
    scene.gain(ALICE.address, 6)
    scene.bump(FACTORY, 2)
    return make_case(
        story(
            "made_again_in_the_block",
            "a factory",
            "two transactions make and end the same contract with the same salt",
            "the second creation meets no collision",
            "create2",
        ),
        scene.seal(),
    )


def ended_in_a_frame_that_fails() -> Case:
    """End a contract inside a frame that is undone."""
    scene = with_old(balance=7)
    place_probe(scene)
    scene.place(FACTORY, contracts.runtime("Multicall"))
    # The batch ends the contract and then fails at a call of the zero address with too much value.
    calls = [(OLD, False, 0, end(BOB.address)), (NOBODY, False, 1, b"")]
    batch = encode_call("aggregate((address,bool,uint256,bytes)[])", calls)
    ask = Ask(FACTORY, batch, succeeds=False)
    scene.send(ALICE, PROBE, asked(ask), logs=answers(ask))
    return make_case(
        story(
            "ended_in_a_frame_that_fails",
            "a contract with 7 wei",
            "a batch ends it for Bob and then fails",
            "the contract has its 7 wei again",
            "revert",
        ),
        scene.seal(),
    )


def paid_after_its_end() -> Case:
    """Send ether to a new contract after its end, in the same transaction: it is burnt."""
    scene = with_factory()
    place_probe(scene, balance=100)
    asks = [Ask(FACTORY, make_and_end(ERIN.address), value=5), Ask(CHILD, value=9)]
    first, second = answers(*asks)
    scene.send(ALICE, PROBE, asked(*asks), gas=500_000, logs=[made(), first, second])
    scene.gain(PROBE, -14)
    scene.gain(ERIN.address, 5)
    scene.bump(FACTORY)
    return make_case(
        story(
            "paid_after_its_end",
            "a factory, and a probe with 100 wei",
            "a contract is made with 5 wei, ended for Erin, then sent 9 wei in one transaction",
            "Erin has 5 wei; the 9 are gone with the contract",
        ),
        scene.seal(),
    )
