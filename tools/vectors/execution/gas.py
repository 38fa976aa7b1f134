"""Cases whose gas is counted by hand: warm and cold, refunds, calldata."""

from collections.abc import Iterator
from typing import Final

from tools.chain.cast import ALICE, BOB, PROPOSER
from tools.chain.wallet import word
from tools.vectors.execution.abi import contract_address
from tools.vectors.execution.assembler import assemble
from tools.vectors.execution.case import Case, Story, make_case
from tools.vectors.execution.receipts import Log
from tools.vectors.execution.scene import Scene

TARGET: Final = contract_address("vectors/target")
OTHER: Final = contract_address("vectors/other")
# Logs what one instruction costs, and 7 units for SWAP1, POP and GAS around it.
MEASURE: Final = (
    "PUSH0 CALLDATALOAD GAS SWAP1 {} POP GAS SWAP1 SUB PUSH0 MSTORE PUSH1 0x20 PUSH0 LOG0 STOP"
)
AROUND: Final = 7
# All that the code above costs beside the instruction itself: 33 units and a log of one word.
MEASURE_GAS: Final = 33 + 375 + 8 * 32
COLD_SLOT, COLD_ACCOUNT, WARM = 2_100, 2_600, 100
TRANSACTION: Final = 21_000


def story(name: str, given: str, when: str, then: str, *tags: str) -> Story:
    """Tell what a case of this group is about."""
    return Story("gas", name, given, when, then, ("contract", "gas", *tags))


def cases() -> Iterator[Case]:
    """Play every case of the group."""
    yield slots_cold_and_warm()
    yield accounts_cold_and_warm()
    yield access_list_of_strangers()
    yield one_slot_cleared()
    yield refund_at_its_cap()
    yield slot_written_and_cleared()
    yield slot_cleared_and_restored()
    yield calldata_floor()
    yield calldata_above_its_floor()
    yield sstore_needs_more_than_the_stipend()
    yield out_of_gas_to_the_last_unit()


def calldata_gas(data: bytes) -> int:
    """Count what calldata costs: 4 units a zero byte, 16 any other one."""
    return sum(16 if byte else 4 for byte in data)


def measured(cost: int) -> list[Log]:
    """Describe the log of one measurement."""
    return [Log(TARGET, (), word(cost + AROUND))]


def slots_cold_and_warm() -> Case:
    """Read a slot without and with an access list."""
    scene = Scene(ALICE)
    scene.place(TARGET, assemble(MEASURE.format("SLOAD")), storage={7: 1})
    data = word(7)
    plain = TRANSACTION + calldata_gas(data) + MEASURE_GAS
    listed = [{"address": TARGET, "storageKeys": ["0x" + word(7).hex()]}]
    scene.send(ALICE, TARGET, data, logs=measured(COLD_SLOT), used=plain + COLD_SLOT)
    scene.send(
        ALICE,
        TARGET,
        data,
        kind="access_list",
        accessList=listed,
        logs=measured(WARM),
        used=plain + WARM + 2_400 + 1_900,
    )
    return make_case(
        story(
            "slots_cold_and_warm",
            "code that measures SLOAD",
            "it is called without and with an access list that names the slot",
            "2100 units, then 100; the list costs 2400 and 1900",
            "access_list",
            "eip2929",
        ),
        scene.seal(),
    )


def accounts_cold_and_warm() -> Case:
    """Ask for balances of accounts that are warm for different reasons."""
    scene = Scene(ALICE)
    scene.place(TARGET, assemble(MEASURE.format("BALANCE")))
    listed = [{"address": OTHER, "storageKeys": []}]
    costs = [
        (OTHER, COLD_ACCOUNT, []),
        (OTHER, WARM, listed),
        (ALICE.address, WARM, []),
        (TARGET, WARM, []),
        # The proposer is warm since EIP-3651, precompiles always were.
        (PROPOSER.address, WARM, []),
        ("0x" + "00" * 19 + "01", WARM, []),
        ("0x" + "00" * 18 + "0100", WARM, []),
    ]
    for account, cost, warmed in costs:
        data = word(account)
        used = TRANSACTION + calldata_gas(data) + MEASURE_GAS + cost + 2_400 * len(warmed)
        scene.send(ALICE, TARGET, data, logs=measured(cost), used=used, accessList=warmed)
    return make_case(
        story(
            "accounts_cold_and_warm",
            "code that measures BALANCE",
            "it looks at a stranger, listed and not, at sender, itself, proposer, two precompiles",
            "2600 units for the stranger that is not listed, 100 for all others",
            "access_list",
            "eip3651",
        ),
        scene.seal(),
    )


def access_list_of_strangers() -> Case:
    """Pay for a list that is of no use."""
    scene = Scene(ALICE)
    keys = ["0x" + word(key).hex() for key in (1, 2)]
    listed = [
        {"address": OTHER, "storageKeys": keys},
        {"address": TARGET, "storageKeys": []},
        {"address": OTHER, "storageKeys": keys},
    ]
    # Entries that come twice are paid twice.
    used = TRANSACTION + 3 * 2_400 + 4 * 1_900
    scene.send(ALICE, BOB, value=1, accessList=listed, used=used)
    return make_case(
        story(
            "access_list_of_strangers",
            "an access list of two accounts that nobody calls, one of them twice",
            "Alice sends 1 wei with it",
            f"it costs {used} units; nothing of the listed accounts has to be in the witness",
            "access_list",
        ),
        scene.seal(),
    )


def one_slot_cleared() -> Case:
    """Clear a slot: the refund is below its cap."""
    scene = Scene(ALICE)
    scene.place(TARGET, assemble("PUSH0 PUSH0 SSTORE STOP"), storage={0: 9})
    # Two pushes; a cold slot that changes: 2100 + 2900; 4800 come back.
    scene.send(ALICE, TARGET, used=TRANSACTION + 4 + 5_000 - 4_800)
    scene.store(TARGET, {0: 0})
    return make_case(
        story(
            "one_slot_cleared",
            "a contract with one slot",
            "it clears it",
            "4800 units come back (EIP-3529); the storage is empty",
            "refund",
        ),
        scene.seal(),
    )


def refund_at_its_cap() -> Case:
    """Clear ten slots: no more than a fifth comes back."""
    scene = Scene(ALICE)
    code = "".join(f"PUSH0 PUSH1 0x{slot:02x} SSTORE " for slot in range(10))
    scene.place(TARGET, assemble(code), storage=dict.fromkeys(range(10), 1))
    before = TRANSACTION + 10 * (5 + 5_000)
    scene.send(ALICE, TARGET, used=before - before // 5)
    scene.store(TARGET, dict.fromkeys(range(10), 0))
    return make_case(
        story(
            "refund_at_its_cap",
            "a contract with ten slots",
            "it clears them",
            "of 48000 units a fifth of the gas used comes back: 14210",
            "refund",
        ),
        scene.seal(),
    )


def slot_written_and_cleared() -> Case:
    """Write a slot that was empty, and clear it again."""
    scene = Scene(ALICE)
    scene.place(TARGET, assemble("PUSH1 0x01 PUSH0 SSTORE PUSH0 PUSH0 SSTORE STOP"))
    before = TRANSACTION + 5 + 22_100 + 4 + 100
    scene.send(ALICE, TARGET, used=before - min(19_900, before // 5))
    return make_case(
        story(
            "slot_written_and_cleared",
            "a contract without storage",
            "it writes a slot and clears it",
            "19900 units would come back, a fifth does; the account stays without storage",
            "refund",
        ),
        scene.seal(),
    )


def slot_cleared_and_restored() -> Case:
    """Clear a slot and write its old value again."""
    scene = Scene(ALICE)
    scene.place(TARGET, assemble("PUSH0 PUSH0 SSTORE PUSH1 0x09 PUSH0 SSTORE"), storage={0: 9})
    # 4800 are promised, taken back, and 2800 given for the restored value.
    scene.send(ALICE, TARGET, used=TRANSACTION + 4 + 5_000 + 5 + 100 - 2_800)
    return make_case(
        story(
            "slot_cleared_and_restored",
            "a contract with one slot",
            "it clears the slot and writes the old value again",
            "2800 units come back, the state is as before",
            "refund",
        ),
        scene.seal(),
    )


def calldata_floor() -> Case:
    """Send so much calldata that its floor counts (EIP-7623)."""
    scene = Scene(ALICE)
    data = b"\xff" * 1_000 + bytes(100)
    tokens = 4 * 1_000 + 100
    scene.send(ALICE, BOB, data, value=1, used=TRANSACTION + 10 * tokens)
    return make_case(
        story(
            "calldata_floor",
            "calldata of 1000 bytes and 100 zeros",
            "it goes to an account without code",
            "4100 tokens at 10 units each, not 16 and 4 units a byte",
            "eip7623",
        ),
        scene.seal(),
    )


def calldata_above_its_floor() -> Case:
    """Do so much beside the calldata that its floor does not count."""
    scene = Scene(ALICE)
    scene.place(TARGET, assemble("PUSH1 0x01 PUSH0 SSTORE PUSH1 0x01 PUSH1 0x01 SSTORE STOP"))
    data = b"\xff" * 1_000
    used = TRANSACTION + 16 * 1_000 + 5 + 6 + 2 * 22_100
    scene.send(ALICE, TARGET, data, used=used)
    scene.store(TARGET, {0: 1, 1: 1})
    return make_case(
        story(
            "calldata_above_its_floor",
            "calldata of 1000 bytes",
            "the contract it goes to writes two slots",
            "the gas used is above the floor of 61000, so the ordinary price counts",
            "eip7623",
        ),
        scene.seal(),
    )


def sstore_needs_more_than_the_stipend() -> Case:
    """Write with 2300 units left, and with one more (EIP-2200)."""
    scene = Scene(ALICE)
    code = assemble("PUSH1 0x09 PUSH0 SSTORE")
    scene.place(TARGET, code, storage={0: 9})
    scene.place(OTHER, code, storage={0: 9})
    # The value is the old one, so the write costs 2200: a cold slot and 100.
    start = TRANSACTION + 5
    poor = start + 2_300
    scene.send(ALICE, TARGET, gas=poor, succeeds=False, used=poor)
    scene.send(ALICE, OTHER, gas=poor + 1, used=start + 2_200)
    return make_case(
        story(
            "sstore_needs_more_than_the_stipend",
            "a write that costs 2200 units",
            "it comes with 2300 units left, and with 2301",
            "the first one fails, the second does not",
            "out_of_gas",
        ),
        scene.seal(),
    )


def out_of_gas_to_the_last_unit() -> Case:
    """Write a new slot with one unit too few, and with just enough."""
    scene = Scene(ALICE)
    code = assemble("PUSH1 0x01 PUSH0 SSTORE")
    scene.place(TARGET, code)
    scene.place(OTHER, code)
    enough = TRANSACTION + 5 + 22_100
    scene.send(ALICE, TARGET, gas=enough - 1, succeeds=False, used=enough - 1)
    scene.send(ALICE, OTHER, gas=enough, used=enough)
    scene.store(OTHER, {0: 1})
    return make_case(
        story(
            "out_of_gas_to_the_last_unit",
            "a contract that writes a slot",
            "it is called with 43104 units of gas, another one like it with 43105",
            "the first one fails, the second writes",
            "out_of_gas",
        ),
        scene.seal(),
    )
