"""Cases of contracts that create contracts: CREATE, CREATE2, and what stops them."""

from collections.abc import Iterator
from typing import Final

from tools.chain.cast import ALICE, BOB
from tools.chain.wallet import created2_address, created_address, word
from tools.vectors.execution import contracts
from tools.vectors.execution.abi import contract_address, encode_call, event
from tools.vectors.execution.assembler import assemble
from tools.vectors.execution.case import Case, Story, make_case
from tools.vectors.execution.receipts import Log
from tools.vectors.execution.scene import Scene
from tools.vectors.execution.token import NOBODY

FACTORY: Final = contract_address("vectors/factory")
SALT: Final = word(7886)
# Leaves a contract whose code is one STOP: memory is zero, one byte of it is returned.
LEAVE_STOP: Final = assemble("PUSH1 0x01 PUSH0 RETURN")
FAIL: Final = assemble("PUSH0 PUSH0 REVERT")
MAX_CODE: Final = 24_576
MAX_INITCODE: Final = 49_152
MORTAL: Final = contracts.initcode("Mortal") + word(42)


def leave(size: int) -> bytes:
    """Write initcode that leaves so many zero bytes as code."""
    return assemble(f"PUSH3 0x{size:06x} PUSH0 RETURN")


# Leaves code that begins with 0xEF, which EIP-3541 forbids.
LEAVE_EF: Final = assemble("PUSH1 0xef PUSH0 MSTORE8 PUSH1 0x01 PUSH0 RETURN")


def story(name: str, given: str, when: str, then: str, *tags: str) -> Story:
    """Tell what a case of this group is about."""
    return Story("create2", name, given, when, then, ("contract", "create2", *tags))


def made(child: str) -> Log:
    """Describe what the factory logs."""
    return event(FACTORY, "Made(address)", [child])


def make2(initcode: bytes) -> bytes:
    """Encode a creation by CREATE2."""
    return encode_call("make2(bytes,bytes32)", initcode, SALT)


def make(initcode: bytes) -> bytes:
    """Encode a creation by CREATE."""
    return encode_call("make(bytes)", initcode)


def place_factory() -> Scene:
    """Put the factory into the genesis state."""
    scene = Scene(ALICE, BOB)
    scene.place(FACTORY, contracts.runtime("Factory"))
    return scene


def cases() -> Iterator[Case]:
    """Play every case of the group."""
    yield address_is_known()
    yield same_salt_twice()
    yield collision_with_a_nonce()
    yield account_with_ether_is_no_collision()
    yield constructor_fails()
    yield again_after_a_failure()
    yield largest_initcode()
    yield initcode_over_the_limit()
    yield largest_code()
    yield code_over_the_limit()
    yield code_that_begins_with_ef()
    yield create_counts_nonces()
    yield value_goes_to_the_child()
    yield creation_by_transaction_fails()
    yield too_little_gas_for_the_code()


def address_is_known() -> Case:
    """Make a contract with ether and a constructor's argument."""
    scene = place_factory()
    child = created2_address(FACTORY, SALT, MORTAL)
    scene.send(ALICE, FACTORY, make2(MORTAL), value=5, logs=[made(child)])
    scene.gain(FACTORY, -5)
    scene.gain(child, 5)
    scene.create(child, contracts.runtime("Mortal"))
    scene.store(child, {0: 42})
    scene.bump(FACTORY)
    return make_case(
        story(
            "address_is_known",
            "a factory",
            "it makes a contract by CREATE2, with 5 wei and the constructor's argument 42",
            "it lies where EIP-1014 says; code, slot and balance are there",
        ),
        scene.seal(),
    )


def same_salt_twice() -> Case:
    """Make the same contract once more: the second creation fails and burns its gas."""
    scene = place_factory()
    child = created2_address(FACTORY, SALT, LEAVE_STOP)
    scene.send(ALICE, FACTORY, make2(LEAVE_STOP), logs=[made(child)])
    scene.send(BOB, FACTORY, make2(LEAVE_STOP), logs=[made(NOBODY)])
    scene.create(child, b"\0")
    # The attempt that collides counts as well.
    scene.bump(FACTORY, 2)
    return make_case(
        story(
            "same_salt_twice",
            "a factory",
            "two transactions make the same contract with the same salt",
            "the second creation gives the zero address; the factory's nonce counts both",
            "collision",
        ),
        scene.seal(),
    )


def collision_with_a_nonce() -> Case:
    """Create where an account with a nonce and no code lies (EIP-684)."""
    scene = place_factory()
    child = created2_address(FACTORY, SALT, LEAVE_STOP)
    scene.place(child, b"", nonce=1, balance=9)
    scene.send(ALICE, FACTORY, make2(LEAVE_STOP), logs=[made(NOBODY)])
    scene.bump(FACTORY)
    return make_case(
        story(
            "collision_with_a_nonce",
            "an account of nonce 1 without code at the child's address",
            "the factory makes its child",
            "the creation fails, the account stays as it was",
            "collision",
        ),
        scene.seal(),
    )


def account_with_ether_is_no_collision() -> Case:
    """Create where only ether lies."""
    scene = place_factory()
    child = created2_address(FACTORY, SALT, LEAVE_STOP)
    scene.place(child, b"", nonce=0, balance=9)
    scene.send(ALICE, FACTORY, make2(LEAVE_STOP), value=1, logs=[made(child)])
    scene.gain(FACTORY, -1)
    scene.gain(child, 1)
    scene.create(child, b"\0")
    scene.bump(FACTORY)
    return make_case(
        story(
            "account_with_ether_is_no_collision",
            "9 wei at the child's address",
            "the factory makes its child with 1 wei",
            "the contract has 10 wei",
        ),
        scene.seal(),
    )


def constructor_fails() -> Case:
    """Run initcode that reverts: nothing is left but the nonce."""
    scene = place_factory()
    scene.send(ALICE, FACTORY, make2(FAIL), value=5, logs=[made(NOBODY)])
    scene.bump(FACTORY)
    return make_case(
        story(
            "constructor_fails",
            "a factory",
            "it runs initcode that reverts, with 5 wei",
            "the zero address; the wei stay with the factory, its nonce grows",
            "revert",
        ),
        scene.seal(),
    )


def again_after_a_failure() -> Case:
    """Try a creation with too little gas, then with enough: a failed one leaves no collision."""
    scene = place_factory()
    initcode = leave(1_000)
    child = created2_address(FACTORY, SALT, initcode)
    # 1000 bytes of code cost 200000 units; the first transaction has less.
    scene.send(ALICE, FACTORY, make2(initcode), gas=200_000, logs=[made(NOBODY)])
    scene.send(BOB, FACTORY, make2(initcode), gas=400_000, logs=[made(child)])
    scene.create(child, bytes(1_000))
    scene.bump(FACTORY, 2)
    return make_case(
        story(
            "again_after_a_failure",
            "a factory",
            "a creation runs out of gas for its code; the same one comes again with enough",
            "the second one succeeds at the same address",
            "out_of_gas",
        ),
        scene.seal(),
    )


def largest_initcode() -> Case:
    """Run initcode of the greatest size (EIP-3860)."""
    scene = place_factory()
    initcode = LEAVE_STOP + bytes(MAX_INITCODE - len(LEAVE_STOP))
    child = created2_address(FACTORY, SALT, initcode)
    scene.send(ALICE, FACTORY, make2(initcode), gas=1_000_000, logs=[made(child)])
    scene.create(child, b"\0")
    scene.bump(FACTORY)
    return make_case(
        story(
            "largest_initcode",
            "a factory",
            "it runs initcode of 49152 bytes",
            "the contract is there",
            "limit",
        ),
        scene.seal(),
    )


def initcode_over_the_limit() -> Case:
    """Run initcode one byte too long: the frame of the factory ends."""
    scene = place_factory()
    initcode = LEAVE_STOP + bytes(MAX_INITCODE - len(LEAVE_STOP) + 1)
    data = make2(initcode)
    scene.send(ALICE, FACTORY, data, gas=1_000_000, succeeds=False, used=1_000_000)
    return make_case(
        story(
            "initcode_over_the_limit",
            "a factory",
            "it runs initcode of 49153 bytes",
            "CREATE2 ends the factory's frame and takes all gas",
            "limit",
            "out_of_gas",
        ),
        scene.seal(),
    )


def largest_code() -> Case:
    """Leave code of the greatest size (EIP-170)."""
    scene = place_factory()
    child = created2_address(FACTORY, SALT, leave(MAX_CODE))
    scene.send(ALICE, FACTORY, make2(leave(MAX_CODE)), gas=6_000_000, logs=[made(child)])
    scene.create(child, bytes(MAX_CODE))
    scene.bump(FACTORY)
    return make_case(
        story(
            "largest_code",
            "a factory",
            "its child leaves 24576 bytes of code",
            "the contract is there; the code alone costs 4915200 units of gas",
            "limit",
        ),
        scene.seal(),
    )


def code_over_the_limit() -> Case:
    """Leave one byte of code too much."""
    scene = place_factory()
    data = make2(leave(MAX_CODE + 1))
    scene.send(ALICE, FACTORY, data, gas=6_000_000, logs=[made(NOBODY)])
    scene.bump(FACTORY)
    return make_case(
        story(
            "code_over_the_limit",
            "a factory",
            "its child leaves 24577 bytes of code",
            "the creation fails with all its gas",
            "limit",
        ),
        scene.seal(),
    )


def code_that_begins_with_ef() -> Case:
    """Leave code that EIP-3541 forbids."""
    scene = place_factory()
    scene.send(ALICE, FACTORY, make2(LEAVE_EF), logs=[made(NOBODY)])
    scene.bump(FACTORY)
    return make_case(
        story(
            "code_that_begins_with_ef",
            "a factory",
            "its child leaves code that begins with 0xEF",
            "the creation fails",
        ),
        scene.seal(),
    )


def create_counts_nonces() -> Case:
    """Make two contracts by CREATE in two transactions."""
    scene = place_factory()
    first, second = (created_address(FACTORY, nonce) for nonce in (1, 2))
    scene.send(ALICE, FACTORY, make(LEAVE_STOP), logs=[made(first)])
    scene.send(BOB, FACTORY, make(MORTAL), logs=[made(second)])
    scene.create(first, b"\0")
    scene.create(second, contracts.runtime("Mortal"))
    scene.store(second, {0: 42})
    scene.bump(FACTORY, 2)
    return make_case(
        story(
            "create_counts_nonces",
            "a factory of nonce 1",
            "it makes two contracts by CREATE",
            "they lie where its nonces 1 and 2 put them",
            "create",
        ),
        scene.seal(),
    )


def value_goes_to_the_child() -> Case:
    """Pass the value of a call on to a child."""
    scene = Scene(ALICE)
    creator = scene.place(FACTORY, contracts.runtime("Creator"))
    scene.send(ALICE, creator, LEAVE_STOP, value=1, logs=[Log(creator, (), word(first_child()))])
    scene.gain(creator, -1)
    scene.gain(first_child(), 1)
    scene.create(first_child(), b"\0")
    scene.bump(creator)
    return make_case(
        story(
            "value_goes_to_the_child",
            "a contract without ether",
            "it is sent 1 wei and gives it to its child",
            "the child has it",
            "create",
        ),
        scene.seal(),
    )


def first_child() -> str:
    """Compute the address of the first contract that a contract of nonce 1 creates."""
    return created_address(FACTORY, 1)


def creation_by_transaction_fails() -> Case:
    """Create by a transaction whose initcode reverts."""
    scene = Scene(ALICE)
    scene.send(ALICE, data=FAIL, value=5, succeeds=False)
    return make_case(
        story(
            "creation_by_transaction_fails",
            "an account with ether",
            "its transaction creates a contract with 5 wei; the initcode reverts",
            "nonce and fee are gone, the wei are not",
            "create",
            "revert",
        ),
        scene.seal(),
    )


def too_little_gas_for_the_code() -> Case:
    """Create by a transaction that cannot pay for the code it leaves."""
    scene = Scene(ALICE)
    scene.send(ALICE, data=leave(1_000), gas=200_000, succeeds=False, used=200_000)
    return make_case(
        story(
            "too_little_gas_for_the_code",
            "an account with ether",
            "its transaction leaves 1000 bytes of code and has 200000 units of gas",
            "the code alone costs as much: all gas is gone, no contract is there",
            "create",
            "out_of_gas",
        ),
        scene.seal(),
    )
