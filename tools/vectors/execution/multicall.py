"""Cases of several calls in one transaction."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from eth_abi.abi import encode

from tools.chain.cast import ALICE, BOB, CAROL, ERIN
from tools.chain.wallet import word
from tools.vectors.execution import contracts
from tools.vectors.execution.abi import contract_address, encode_call, error, event
from tools.vectors.execution.case import Case, Story, make_case
from tools.vectors.execution.receipts import Log
from tools.vectors.execution.scene import Scene
from tools.vectors.execution.token import (
    TOKEN,
    allowance_slot,
    balance_slot,
    place_token,
    transferred,
)

MULTICALL: Final = contract_address("vectors/multicall")
STORE: Final = contract_address("vectors/store")
AGGREGATE: Final = "aggregate((address,bool,uint256,bytes)[])"
DELEGATE: Final = "delegate(address,bytes[])"
TRUE: Final = word(1)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a batch."""

    target: str
    data: bytes = b""
    value: int = 0
    may_fail: bool = False


def aggregate(*calls: Call) -> bytes:
    """Encode a batch."""
    return encode_call(
        AGGREGATE, [(call.target, call.may_fail, call.value, call.data) for call in calls]
    )


def answered(position: int, output: bytes, *, succeeded: bool = True) -> Log:
    """Describe what the contract logs of one call."""
    data = encode(["bool", "bytes"], [succeeded, output])
    return event(MULTICALL, "Answered(uint256,bool,bytes)", [position], data)


def scene_with_token() -> Scene:
    """Place the contract with 1000 tokens of its own."""
    scene = Scene(ALICE)
    scene.place(MULTICALL, contracts.runtime("Multicall"))
    scene.place(STORE, contracts.runtime("Store"))
    place_token(scene, {MULTICALL: 1_000})
    return scene


def pay(receiver: str, amount: int, *, may_fail: bool = False) -> Call:
    """Send tokens of the contract."""
    data = encode_call("transfer(address,uint256)", receiver, amount)
    return Call(TOKEN, data, may_fail=may_fail)


def balance_of(holder: str) -> Call:
    """Ask for a balance."""
    return Call(TOKEN, encode_call("balanceOf(address)", holder))


def story(name: str, given: str, when: str, then: str, *tags: str) -> Story:
    """Tell what a case of this group is about."""
    return Story("multicall", name, given, when, then, ("contract", "multicall", *tags))


def cases() -> Iterator[Case]:
    """Play every case of the group."""
    yield batch()
    yield failure_is_passed_on()
    yield failure_is_tolerated()
    yield nested()
    yield nested_failure()
    yield value_is_spread()
    yield foreign_code_in_own_storage()
    yield delegate_failure()
    yield allowance_in_one_transaction()


def batch() -> Case:
    """Write, read and write again; later calls see earlier ones."""
    scene = scene_with_token()
    data = aggregate(pay(BOB.address, 10), balance_of(BOB.address), pay(CAROL.address, 20))
    logs = [
        transferred(MULTICALL, BOB, 10),
        answered(0, TRUE),
        answered(1, word(10)),
        transferred(MULTICALL, CAROL, 20),
        answered(2, TRUE),
    ]
    scene.send(ALICE, MULTICALL, data, logs=logs)
    scene.store(
        TOKEN, {balance_slot(MULTICALL): 970, balance_slot(BOB): 10, balance_slot(CAROL): 20}
    )
    return make_case(
        story(
            "batch",
            "a contract with 1000 tokens",
            "it pays Bob 10, asks for Bob's balance, pays Carol 20",
            "three answers: true, 10, true",
        ),
        scene.seal(),
    )


def failure_is_passed_on() -> Case:
    """Let one call of three fail that may not."""
    scene = scene_with_token()
    data = aggregate(pay(BOB.address, 10), pay(CAROL.address, 991), pay(CAROL.address, 1))
    scene.send(ALICE, MULTICALL, data, succeeds=False)
    return make_case(
        story(
            "failure_is_passed_on",
            "a contract with 1000 tokens",
            "it pays Bob 10 and then Carol 991, which it does not have any more",
            "the whole transaction fails, the first payment and its log are undone",
            "revert",
        ),
        scene.seal(),
    )


def failure_is_tolerated() -> Case:
    """Let one call of three fail that may."""
    scene = scene_with_token()
    poor = error(
        "InsufficientBalance(address,uint256,uint256)",
        MULTICALL,
        990,
        991,
    )
    data = aggregate(
        pay(BOB.address, 10), pay(CAROL.address, 991, may_fail=True), pay(CAROL.address, 1)
    )
    logs = [
        transferred(MULTICALL, BOB, 10),
        answered(0, TRUE),
        answered(1, poor, succeeded=False),
        transferred(MULTICALL, CAROL, 1),
        answered(2, TRUE),
    ]
    scene.send(ALICE, MULTICALL, data, logs=logs)
    scene.store(
        TOKEN, {balance_slot(MULTICALL): 989, balance_slot(BOB): 10, balance_slot(CAROL): 1}
    )
    return make_case(
        story(
            "failure_is_tolerated",
            "a contract with 1000 tokens",
            "its second payment of three fails and may fail",
            "the custom error comes back as data; the others stay",
            "revert",
        ),
        scene.seal(),
    )


def nested() -> Case:
    """Let the contract call itself."""
    scene = scene_with_token()
    inner = aggregate(pay(BOB.address, 10), balance_of(MULTICALL))
    logs = [
        transferred(MULTICALL, BOB, 10),
        answered(0, TRUE),
        answered(1, word(990)),
        answered(0, b""),
        answered(1, word(10)),
    ]
    data = aggregate(Call(MULTICALL, inner), balance_of(BOB.address))
    scene.send(ALICE, MULTICALL, data, logs=logs)
    scene.store(TOKEN, {balance_slot(MULTICALL): 990, balance_slot(BOB): 10})
    return make_case(
        story(
            "nested",
            "a contract with 1000 tokens",
            "one call of its batch is a batch of its own",
            "the logs of the inner batch come first",
        ),
        scene.seal(),
    )


def nested_failure() -> Case:
    """Let an inner batch fail as a whole while the outer one goes on."""
    scene = scene_with_token()
    poor = error("InsufficientBalance(address,uint256,uint256)", MULTICALL, 990, 991)
    inner = aggregate(pay(BOB.address, 10), pay(CAROL.address, 991))
    data = aggregate(Call(MULTICALL, inner, may_fail=True), balance_of(BOB.address))
    logs = [answered(0, poor, succeeded=False), answered(1, word(0))]
    scene.send(ALICE, MULTICALL, data, logs=logs)
    return make_case(
        story(
            "nested_failure",
            "a contract with 1000 tokens",
            "an inner batch pays Bob, then fails; the outer one tolerates it",
            "the error is passed on through two frames; Bob's payment and its log are undone",
            "revert",
        ),
        scene.seal(),
    )


def value_is_spread() -> Case:
    """Send ether on to three accounts, one of them new."""
    scene = scene_with_token()
    calls = [Call(BOB.address, value=3), Call(ERIN.address, value=4), Call(MULTICALL, value=5)]
    logs = [answered(position, b"") for position in range(3)]
    scene.send(ALICE, MULTICALL, aggregate(*calls), value=20, logs=logs)
    scene.gain(MULTICALL, -7)
    scene.gain(BOB.address, 3)
    scene.gain(ERIN.address, 4)
    return make_case(
        story(
            "value_is_spread",
            "a transaction with 20 wei",
            "the batch sends 3 to Bob, 4 to Erin, 5 to the contract itself",
            "two accounts are created, 13 wei stay",
        ),
        scene.seal(),
    )


def foreign_code_in_own_storage() -> Case:
    """Run another contract's code by DELEGATECALL, twice."""
    scene = scene_with_token()
    inputs = [word(7) + word(77), word(8) + word(88) + word(7) + word(70)]
    seen = word(MULTICALL) + word(ALICE.address)
    logs = [answered(0, seen), answered(1, seen)]
    scene.send(ALICE, MULTICALL, encode_call(DELEGATE, STORE, inputs), logs=logs)
    scene.store(MULTICALL, {7: 70, 8: 88})
    return make_case(
        story(
            "foreign_code_in_own_storage",
            "a contract that writes what calldata lists",
            "the batch runs its code twice by DELEGATECALL",
            "slots of the caller are written; ADDRESS is the caller's, CALLER is Alice",
            "delegatecall",
        ),
        scene.seal(),
    )


def delegate_failure() -> Case:
    """Run foreign code that fails: what ran before is undone."""
    scene = scene_with_token()
    # In this contract's storage, slot 3 holds no owner, so nobody may mint.
    mint = encode_call("mint(address,uint256)", ALICE.address, 5)
    scene.send(ALICE, MULTICALL, encode_call(DELEGATE, TOKEN, [mint]), succeeds=False)
    return make_case(
        story(
            "delegate_failure",
            "a token whose owner is Alice",
            "the batch runs the token's mint by DELEGATECALL for her",
            "the code looks for the owner in the caller's storage and refuses",
            "delegatecall",
            "revert",
        ),
        scene.seal(),
    )


def allowance_in_one_transaction() -> Case:
    """Spend what somebody allowed the batch, in two steps."""
    scene = Scene(ALICE)
    scene.place(MULTICALL, contracts.runtime("Multicall"))
    place_token(scene, {ALICE: 1_000}, {(ALICE, MULTICALL): 100})
    spend = "transferFrom(address,address,uint256)"
    take = [
        Call(TOKEN, encode_call(spend, ALICE.address, BOB.address, amount)) for amount in (60, 40)
    ]
    logs = [
        transferred(ALICE, BOB, 60),
        answered(0, TRUE),
        transferred(ALICE, BOB, 40),
        answered(1, TRUE),
    ]
    scene.send(ALICE, MULTICALL, aggregate(*take), logs=logs)
    spent = {balance_slot(ALICE): 900, allowance_slot(ALICE, MULTICALL): 0, balance_slot(BOB): 100}
    scene.store(TOKEN, spent)
    return make_case(
        story(
            "allowance_in_one_transaction",
            "Alice allows the contract 100",
            "the batch takes 60 and 40 for Bob",
            "the allowance ends at zero; its slot is cleared",
            "refund",
        ),
        scene.seal(),
    )
