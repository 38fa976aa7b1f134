"""Cases of single instructions, the newer ones above all."""

from collections.abc import Iterator
from typing import Final

from eth_utils import keccak

from tools.chain.cast import ALICE, PROPOSER, derive
from tools.chain.genesis import SECONDS_PER_SLOT
from tools.chain.wallet import GWEI, PRIORITY_FEE, word
from tools.vectors.execution import contracts
from tools.vectors.execution.abi import contract_address
from tools.vectors.execution.assembler import assemble
from tools.vectors.execution.case import Case, Story, make_case
from tools.vectors.execution.receipts import Log
from tools.vectors.execution.scene import CHAIN_ID, GAS_LIMIT, GENESIS_TIME, Scene

TARGET: Final = contract_address("vectors/target")
# Base fee of a block after an empty one: an eighth less.
FIRST_BASE_FEE: Final = GWEI // 8 * 7


def story(name: str, given: str, when: str, then: str, *tags: str) -> Story:
    """Tell what a case of this group is about."""
    return Story("opcodes", name, given, when, then, ("contract", "opcodes", *tags))


def cases() -> Iterator[Case]:
    """Play every case of the group."""
    yield transient_storage()
    yield mcopy()
    yield push0()
    yield leading_zeros()
    yield environment()
    yield codes_of_others()
    yield parent_hash()
    yield ancestors()
    yield reach_of_blockhash()
    yield invalid_instruction()


def place(name: str) -> Scene:
    """Put one contract into the genesis state."""
    scene = Scene(ALICE)
    scene.place(TARGET, contracts.runtime(name))
    return scene


def logged(*values: int | bytes | str) -> Log:
    """Describe a log of words."""
    return Log(TARGET, (), b"".join(word(value) for value in values))


def transient_storage() -> Case:
    """Write and read transient storage across calls and transactions."""
    scene = place("Transient")
    scene.send(ALICE, TARGET, logs=[logged(7), logged(7)])
    scene.send(ALICE, TARGET, b"\1", logs=[logged(0)])
    return make_case(
        story(
            "transient_storage",
            "a contract that uses TSTORE and TLOAD",
            "it writes 7, reads it in a call, lets a call write 9 and fail, reads again; then "
            "another transaction reads",
            "7, 7, and 0: a revert undoes, the transaction's end clears",
            "eip1153",
        ),
        scene.seal(),
    )


def mcopy() -> Case:
    """Copy memory over itself."""
    scene = place("Memory")
    data = bytes(range(1, 33))
    logs = [
        Log(TARGET, (), data[:1] + data),
        Log(TARGET, (), data + data[-1:]),
        # Memory reaches to the end of the word at 64.
        logged(96),
    ]
    scene.send(ALICE, TARGET, data, logs=logs)
    return make_case(
        story(
            "mcopy",
            "a contract that copies a word over itself",
            "MCOPY moves it one byte up, then one byte down; then nothing from far away",
            "both copies are whole, memory has 96 bytes",
            "eip5656",
        ),
        scene.seal(),
    )


def push0() -> Case:
    """Push zeros."""
    scene = Scene(ALICE)
    scene.place(TARGET, assemble("PUSH0 PUSH0 MSTORE PUSH1 0x20 PUSH0 LOG0 STOP"))
    # Four pushes and MSTORE: 2 + 2 + 3 + 3 + 2, one word of memory 3, the log 375 + 8 * 32.
    used = 21_000 + 12 + 3 + 375 + 256
    scene.send(ALICE, TARGET, logs=[logged(0)], used=used)
    return make_case(
        story("push0", "code with PUSH0", "it is called", f"it uses {used} units", "eip3855"),
        scene.seal(),
    )


def leading_zeros() -> Case:
    """Count leading zeros."""
    scene = place("LeadingZeros")
    values = [0, 1, 2, 3, 255, 256, 2**127, 2**128 - 1, 2**254, 2**255, 2**256 - 1]
    counts = [256, 255, 254, 254, 248, 247, 128, 128, 1, 0, 0]
    data = b"".join(word(value) for value in values)
    scene.send(ALICE, TARGET, data, logs=[logged(*counts)])
    return make_case(
        story(
            "leading_zeros",
            "a contract that uses CLZ",
            "it is given eleven words, zero and the extremes among them",
            "256 for zero, 0 for the greatest",
            "eip7939",
        ),
        scene.seal(),
    )


def environment() -> Case:
    """Look around."""
    scene = place("Environment")
    seen = logged(
        TARGET,
        ALICE.address,
        ALICE.address,
        5,
        PROPOSER.address,
        1,
        GENESIS_TIME + SECONDS_PER_SLOT,
        derive("randao/1"),
        GAS_LIMIT,
        CHAIN_ID,
        FIRST_BASE_FEE,
        FIRST_BASE_FEE + PRIORITY_FEE,
        5,
    )
    scene.send(ALICE, TARGET, value=5, logs=[seen])
    return make_case(
        story(
            "environment",
            "a contract that logs what it sees around it",
            "it is called with 5 wei in block 1",
            "addresses, value, proposer, number, time, RANDAO, gas limit, chain id, fees, balance",
        ),
        scene.seal(),
    )


def codes_of_others() -> Case:
    """Look at codes: of a contract, of an account, of nobody, of a precompile."""
    scene = place("Codes")
    code = contracts.runtime("Codes")
    nobody, precompile = contract_address("vectors/nobody"), "0x" + "00" * 19 + "02"
    empty = keccak(b"")
    logs = [
        Log(
            TARGET,
            (),
            word(len(code))
            + keccak(code)
            + code[:32]
            + word(0)
            + empty
            + word(0)
            + word(0) * 3
            + word(0) * 3,
        )
    ]
    data = b"".join(word(one) for one in (TARGET, ALICE.address, nobody, precompile))
    scene.send(ALICE, TARGET, data, logs=logs)
    return make_case(
        story(
            "codes_of_others",
            "a contract that asks for size, hash and first word of codes",
            "it looks at itself, at Alice, at nobody, at a precompile without an account",
            "the hash of the empty code for Alice, zero where there is no account",
            "eip1052",
        ),
        scene.seal(),
    )


def parent_hash() -> Case:
    """Ask for the parent, the block itself and a later one."""
    scene = place("Ancestors")
    genesis = scene.begin()
    data = word(0) + word(1) + word(2) + word(2**256 - 1)
    scene.send(ALICE, TARGET, data, logs=[logged(genesis, 0, 0, 0)])
    return make_case(
        story(
            "parent_hash",
            "block 1",
            "a contract asks for the hashes of blocks 0, 1, 2 and 2**256 - 1",
            "the parent's hash, then zeros",
            "blockhash",
        ),
        scene.seal(),
    )


def ancestors() -> Case:
    """Ask for several ancestors; the witness brings their headers."""
    scene = place("Ancestors")
    for _ in range(6):
        scene.seal()
    # The oldest header that is needed is that of block 3: it names block 2.
    data = word(2) + word(4) + word(6)
    seen = logged(scene.hashes[2], scene.hashes[4], scene.hashes[6])
    scene.send(ALICE, TARGET, data, logs=[seen])
    return make_case(
        story(
            "ancestors",
            "block 7",
            "a contract asks for the hashes of blocks 2, 4 and 6",
            "the witness has the headers of blocks 3 to 6, and the hashes follow from them",
            "blockhash",
        ),
        scene.seal(),
    )


def reach_of_blockhash() -> Case:
    """Ask for a block that is 256 blocks old, and for one older by one."""
    scene = place("Ancestors")
    for _ in range(256):
        scene.seal()
    seen = logged(0, scene.hashes[1], scene.hashes[256])
    scene.send(ALICE, TARGET, word(0) + word(1) + word(256), logs=[seen])
    return make_case(
        story(
            "reach_of_blockhash",
            "block 257",
            "a contract asks for the hashes of blocks 0, 1 and 256",
            "zero; that of block 1, for which the witness has 255 headers; the parent's",
            "blockhash",
            "limit",
        ),
        scene.seal(),
    )


def invalid_instruction() -> Case:
    """Run an instruction that is none."""
    scene = Scene(ALICE)
    scene.place(TARGET, assemble("PUSH1 0x01 PUSH0 SSTORE INVALID"))
    scene.send(ALICE, TARGET, value=3, gas=80_000, succeeds=False, used=80_000)
    return make_case(
        story(
            "invalid_instruction",
            "code that writes a slot and ends with 0xFE",
            "it is called with 3 wei",
            "all gas is gone; slot and value are as before",
            "out_of_gas",
        ),
        scene.seal(),
    )
