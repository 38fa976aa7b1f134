"""Cases of calls inside calls: depth, gas of calls, and what failures leave."""

from collections.abc import Iterator
from typing import Final

from tools.chain.cast import ALICE, BOB
from tools.chain.wallet import ETHER, word
from tools.vectors.execution import contracts
from tools.vectors.execution.abi import contract_address, encode_call, error, event, mapping_slot
from tools.vectors.execution.assembler import assemble
from tools.vectors.execution.case import Case, Story, make_case
from tools.vectors.execution.probe import PROBE, Ask, Kind, answers, asked, place_probe
from tools.vectors.execution.receipts import Log
from tools.vectors.execution.scene import Scene

TARGET: Final = contract_address("vectors/target")
OTHER: Final = contract_address("vectors/other")
TRANSACTION_GAS_CAP: Final = 1 << 24
# Frames of `Recurse` that end well: each leaves 63/64 of its gas to the next one, and the last one
# whose remainder pays for its end counts itself.
DEPTH_AT_THE_CAP: Final = 457
# Logs how much gas is left: GAS costs 2 and counts itself.
REPORT_GAS: Final = assemble("GAS PUSH0 MSTORE PUSH1 0x20 PUSH0 LOG0 STOP")


def story(name: str, given: str, when: str, then: str, *tags: str) -> Story:
    """Tell what a case of this group is about."""
    return Story("deep_calls", name, given, when, then, ("contract", "calls", *tags))


def cases() -> Iterator[Case]:
    """Play every case of the group."""
    yield depth_at_the_gas_cap()
    yield one_64th_stays()
    yield stipend()
    yield out_of_gas_far_down()
    for name, failure in (("revert_far_down", 1), ("invalid_far_down", 2)):
        yield failure_far_down(name, failure)
    yield success_far_down()
    yield returndata_bomb()
    yield returndata_out_of_bounds()
    yield write_in_a_static_call()
    yield kinds_of_calls()
    yield value_without_balance()
    yield reentrancy_is_stopped()


def call_gas(gas: int, *, before: int, call: int) -> int:
    """Compute what a callee gets that is offered all: 63/64 of what the call leaves (EIP-150)."""
    left = gas - before - call
    return left - left // 64


def depth_at_the_gas_cap() -> Case:
    """Call as deep as the largest transaction can."""
    scene = Scene(ALICE)
    scene.place(TARGET, contracts.runtime("Recurse"))
    scene.send(ALICE, TARGET, gas=TRANSACTION_GAS_CAP)
    scene.store(TARGET, {0: DEPTH_AT_THE_CAP})
    return make_case(
        story(
            "depth_at_the_gas_cap",
            "a contract that calls itself with all its gas until that fails",
            "a transaction at the cap of EIP-7825 starts it",
            f"{DEPTH_AT_THE_CAP} frames end well: the 63/64 rule stops far above the limit of 1024",
            "one_64th",
        ),
        scene.seal(),
    )


def one_64th_stays() -> Case:
    """Count gas through two calls by hand."""
    scene = Scene(ALICE)
    call_of = "PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 PUSH20 0x{} GAS CALL STOP"
    scene.place(TARGET, assemble(call_of.format(OTHER[2:])))
    scene.place(OTHER, REPORT_GAS)
    # 21000 for the transaction; five PUSH0, PUSH20, GAS: 15; the cold account: 2600; GAS: 2.
    gas = 100_000
    seen = call_gas(gas - 21_000, before=15, call=2_600) - 2
    scene.send(ALICE, TARGET, gas=gas, logs=[Log(OTHER, (), word(seen))])
    return make_case(
        story(
            "one_64th_stays",
            "a contract that calls another one with all its gas",
            "the callee logs the gas it has",
            f"it is {seen}: a 64th stayed with the caller",
            "one_64th",
        ),
        scene.seal(),
    )


def stipend() -> Case:
    """Send value without gas: the callee has 2300."""
    scene = Scene(ALICE)
    place_probe(scene, balance=10)
    scene.place(OTHER, REPORT_GAS)
    # The callee may use at most one unit beyond its stipend here: gas 0 would mean "all".
    ask = Ask(OTHER, value=3, gas=1)
    logs = [Log(OTHER, (), word(2_300 + 1 - 2)), *answers(ask)]
    scene.send(ALICE, PROBE, asked(ask), logs=logs)
    scene.gain(PROBE, -3)
    scene.gain(OTHER, 3)
    return make_case(
        story(
            "stipend",
            "a contract that logs the gas it has",
            "it is sent 3 wei with one unit of gas",
            "it has 2301 units, enough for a log",
        ),
        scene.seal(),
    )


def descend(depth: int, failure: int) -> bytes:
    """Encode how deep to go and how to end."""
    return word(depth) + word(failure)


def out_of_gas_far_down() -> Case:
    """Use up all gas in the deepest of eleven frames."""
    scene = Scene(ALICE)
    scene.place(TARGET, contracts.runtime("Descend"))
    scene.send(ALICE, TARGET, descend(10, 3), gas=3_000_000)
    # The 64th that frame nine has kept is enough to go on, and it leaves the mark.
    scene.store(TARGET, {2: 1})
    return make_case(
        story(
            "out_of_gas_far_down",
            "a contract calls itself ten times",
            "the deepest frame writes a slot and loops until its gas is gone",
            "its write is undone; the frame above goes on with its 64th and leaves a mark",
            "one_64th",
            "out_of_gas",
        ),
        scene.seal(),
    )


def failure_far_down(name: str, failure: int) -> Case:
    """Fail in the deepest of sixty-one frames."""
    scene = Scene(ALICE)
    scene.place(TARGET, contracts.runtime("Descend"))
    scene.send(ALICE, TARGET, descend(60, failure), gas=5_000_000)
    scene.store(TARGET, {2: 1})
    how = {1: "REVERT", 2: "INVALID"}[failure]
    return make_case(
        story(
            name,
            "a contract calls itself sixty times",
            f"the deepest frame writes a slot and ends with {how}",
            "that write alone is undone; the frame above leaves a mark",
            "revert",
        ),
        scene.seal(),
    )


def success_far_down() -> Case:
    """Write in the deepest of two hundred and one frames."""
    scene = Scene(ALICE)
    scene.place(TARGET, contracts.runtime("Descend"))
    scene.send(ALICE, TARGET, descend(200, 0), gas=5_000_000)
    scene.store(TARGET, {0: 1})
    return make_case(
        story(
            "success_far_down",
            "a contract calls itself two hundred times",
            "the deepest frame writes a slot",
            "the write stays",
        ),
        scene.seal(),
    )


def catch(word_: int, gas: int, copied: int) -> bytes:
    """Encode a call of the catcher to the bomb."""
    return word(OTHER) + word(word_) + word(gas) + word(copied)


def catcher() -> Scene:
    """Place a caller and a contract that gives back as much as it is told to."""
    scene = Scene(ALICE)
    scene.place(TARGET, contracts.runtime("Catcher"))
    scene.place(OTHER, contracts.runtime("Bomb"))
    return scene


def returndata_bomb() -> Case:
    """Get much data back: it costs the callee its memory, the caller only what it copies."""
    scene, size = catcher(), 100_000
    # Memory of 3125 words: 3 * 3125 + 3125**2 // 512 = 28448 units of gas.
    seen = word(0) + word(size)
    scene.send(ALICE, TARGET, catch(size, 29_000, 0), logs=[Log(TARGET, (), seen)])
    scene.send(ALICE, TARGET, catch(size, 29_000, size), logs=[Log(TARGET, (), seen)])
    # With too little gas for its memory, the callee fails and gives nothing back.
    nothing = word(0) + word(0)
    scene.send(ALICE, TARGET, catch(size, 28_000, 0), logs=[Log(TARGET, (), nothing)])
    return make_case(
        story(
            "returndata_bomb",
            "a contract that fails and gives back 100000 bytes",
            "it is called three times: the data ignored, copied, and with too little gas for it",
            "RETURNDATASIZE is 100000, 100000, and 0",
        ),
        scene.seal(),
    )


def returndata_out_of_bounds() -> Case:
    """Copy one byte more than came back."""
    scene = catcher()
    scene.send(ALICE, TARGET, catch(64, 29_000, 65), gas=100_000, succeeds=False, used=100_000)
    return make_case(
        story(
            "returndata_out_of_bounds",
            "a contract that gives back 64 bytes",
            "its caller copies 65",
            "RETURNDATACOPY ends the frame and takes all gas",
            "out_of_gas",
        ),
        scene.seal(),
    )


def write_in_a_static_call() -> Case:
    """Try to write where nothing may be written, directly and one frame below."""
    scene = Scene(ALICE)
    place_probe(scene)
    scene.place(OTHER, contracts.runtime("Store"))
    write = word(5) + word(55)
    seen = word(OTHER) + word(PROBE)
    asks = [
        Ask(OTHER, write, succeeds=False, gas=30_000, kind=Kind.STATIC),
        Ask(OTHER, b"", output=seen, kind=Kind.STATIC),
        # The inner call of the probe is inside a static one, and so is its log: the probe fails.
        Ask(PROBE, asked(Ask(OTHER, write)), succeeds=False, gas=60_000, kind=Kind.STATIC),
        Ask(OTHER, write, output=seen),
    ]
    scene.send(ALICE, PROBE, asked(*asks), logs=answers(*asks))
    scene.store(OTHER, {5: 55})
    return make_case(
        story(
            "write_in_a_static_call",
            "a contract that writes what calldata lists",
            "it is called by STATICCALL with and without a write, through a second frame, by CALL",
            "only the last write stays; the writing static calls fail",
            "staticcall",
        ),
        scene.seal(),
    )


def kinds_of_calls() -> Case:
    """Compare CALL, CALLCODE and DELEGATECALL."""
    scene = Scene(ALICE)
    place_probe(scene)
    scene.place(OTHER, contracts.runtime("Store"))
    asks = [
        Ask(OTHER, word(1) + word(11), output=word(OTHER) + word(PROBE)),
        Ask(
            OTHER, word(2) + word(22), output=word(PROBE) + word(ALICE.address), kind=Kind.DELEGATE
        ),
        Ask(OTHER, word(3) + word(33), output=word(PROBE) + word(PROBE), kind=Kind.CALLCODE),
    ]
    scene.send(ALICE, PROBE, asked(*asks), logs=answers(*asks))
    scene.store(OTHER, {1: 11})
    scene.store(PROBE, {2: 22, 3: 33})
    return make_case(
        story(
            "kinds_of_calls",
            "a contract that writes what calldata lists and answers with ADDRESS and CALLER",
            "it is called by CALL, DELEGATECALL and CALLCODE",
            "the first writes its own storage, the others the caller's; three pairs of answers",
            "delegatecall",
        ),
        scene.seal(),
    )


def value_without_balance() -> Case:
    """Send more than there is: the call fails, its gas comes back."""
    scene = Scene(ALICE)
    place_probe(scene, balance=10)
    asks = [
        Ask(BOB.address, value=11, succeeds=False),
        Ask(BOB.address, value=10),
        Ask(BOB.address, value=1, succeeds=False),
    ]
    scene.send(ALICE, PROBE, asked(*asks), logs=answers(*asks))
    scene.gain(PROBE, -10)
    scene.gain(BOB.address, 10)
    return make_case(
        story(
            "value_without_balance",
            "a contract with 10 wei",
            "it sends 11, then 10, then 1 wei to a new account",
            "only the second call succeeds",
        ),
        scene.seal(),
    )


def reentrancy_is_stopped() -> Case:
    """Attack a vault that pays before it books."""
    scene, vault, thief = Scene(ALICE), TARGET, OTHER
    held = 2 * ETHER
    scene.place(
        vault,
        contracts.runtime("Vault"),
        storage={deposit_slot(thief): ETHER, deposit_slot(BOB.address): ETHER},
        balance=held,
    )
    scene.place(thief, contracts.runtime("Thief"))
    locked = word(0) + word(64) + word(4) + error("Locked()") + bytes(28)
    tried = event(thief, "Tried(bool,bytes)", [], locked)
    scene.send(ALICE, thief, encode_call("attack(address)", vault), logs=[tried])
    scene.store(vault, {deposit_slot(thief): 0})
    scene.gain(vault, -ETHER)
    scene.gain(thief, ETHER)
    return make_case(
        story(
            "reentrancy_is_stopped",
            "a vault that pays before it books, with a guard in transient storage",
            "a depositor's contract withdraws again while it is being paid",
            "the second withdrawal fails with Locked(), the first one stands",
            "transient",
            "revert",
        ),
        scene.seal(),
    )


def deposit_slot(depositor: str) -> int:
    """Compute where the vault keeps a deposit."""
    return mapping_slot(depositor, 0)
