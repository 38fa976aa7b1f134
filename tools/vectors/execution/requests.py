"""Cases of requests to the consensus layer: deposits, withdrawals, consolidations (EIP-7685)."""

from collections.abc import Iterator
from typing import Final

from eth_abi.abi import encode
from eth_utils import keccak, to_canonical_address

from tools.chain.cast import ALICE, BOB, derive
from tools.chain.system_contracts import CONSOLIDATION_REQUESTS, WITHDRAWAL_REQUESTS
from tools.vectors.execution import contracts
from tools.vectors.execution.abi import contract_address
from tools.vectors.execution.case import Case, Story, make_case
from tools.vectors.execution.receipts import Log
from tools.vectors.execution.scene import Scene

DEPOSIT_CONTRACT: Final = "0x00000000219ab540356cBB839Cbe05303d7705Fa"
DEPOSIT_EVENT: Final = keccak(text="DepositEvent(bytes,bytes,bytes,bytes,bytes)")
DEPOSIT, WITHDRAWAL, CONSOLIDATION = 0, 1, 2
EXCESS_SLOT, COUNT_SLOT, HEAD_SLOT, TAIL_SLOT, QUEUE_SLOT = range(5)
STORE: Final = contract_address("vectors/deposits")


def story(name: str, given: str, when: str, then: str, *tags: str) -> Story:
    """Tell what a case of this group is about."""
    return Story("requests", name, given, when, then, ("contract", "request", *tags))


def cases() -> Iterator[Case]:
    """Play every case of the group."""
    yield deposits()
    yield deposit_of_another_contract()
    yield malformed_deposit()
    yield withdrawal_request()
    yield withdrawal_request_without_fee()
    yield queue_of_withdrawal_requests()
    yield consolidation_requests()
    yield all_kinds()
    yield predeploy_without_code()


def public_key(name: str) -> bytes:
    """Make up the 48 bytes of a validator's key."""
    return derive(f"vectors/validator/{name}") + derive(f"vectors/validator/{name}/rest")[:16]


def deposit_parts(index: int) -> list[bytes]:
    """Make up a deposit: key, credentials, amount, signature, index."""
    signature = b"".join(derive(f"vectors/signature/{index}/{part}") for part in range(3))
    amount = (32 * 10**9).to_bytes(8, "little")
    credentials = derive(f"vectors/credentials/{index}")
    number = index.to_bytes(8, "little")
    return [public_key(f"deposit/{index}"), credentials, amount, signature, number]


def deposit_data(index: int) -> bytes:
    """Encode a deposit as the contract logs it: 576 bytes."""
    return encode(["bytes"] * 5, deposit_parts(index))


def deposited(data: bytes, address: str = DEPOSIT_CONTRACT) -> Log:
    """Describe the log of a deposit."""
    return Log(address, (DEPOSIT_EVENT,), data)


def with_deposits() -> Scene:
    """Place a contract at the deposit contract's address that logs what it is given."""
    scene = Scene(ALICE, BOB)
    scene.place(DEPOSIT_CONTRACT, contracts.runtime("Deposits"))
    return scene


def deposits() -> Case:
    """Deposit twice, in two transactions."""
    scene = with_deposits()
    for sender, index in ((ALICE, 0), (BOB, 1)):
        scene.send(
            sender, DEPOSIT_CONTRACT, deposit_data(index), logs=[deposited(deposit_data(index))]
        )
    scene.request(DEPOSIT, b"".join(deposit_parts(0) + deposit_parts(1)))
    return make_case(
        story(
            "deposits",
            "a contract at the deposit contract's address",
            "two transactions log a deposit each",
            "one request of type 0 with both, in the order of the logs",
            "eip6110",
        ),
        scene.seal(),
    )


def deposit_of_another_contract() -> Case:
    """Log a deposit elsewhere: nobody listens."""
    scene = Scene(ALICE)
    scene.place(STORE, contracts.runtime("Deposits"))
    data = deposit_data(0)
    scene.send(ALICE, STORE, data, logs=[deposited(data, STORE)])
    return make_case(
        story(
            "deposit_of_another_contract",
            "a contract at another address",
            "it logs a deposit",
            "no request",
            "eip6110",
        ),
        scene.seal(),
    )


def malformed_deposit() -> Case:
    """Log a deposit of the wrong length: the block's execution is reverted."""
    scene = with_deposits()
    data = deposit_data(0)[:-32]
    scene.send(ALICE, DEPOSIT_CONTRACT, data, value=1)
    scene.withdraw(BOB.address, 5)
    # The gas is declared as it is used, by the floor of EIP-7623.
    declared = 21_000 + 10 * sum(4 if byte else 1 for byte in data)
    return make_case(
        story(
            "malformed_deposit",
            "a contract at the deposit contract's address",
            "it logs a deposit of 544 bytes instead of 576",
            "no honest block has such a log: the execution is reverted, its withdrawal stays",
            "eip6110",
            "reverted",
        ),
        scene.seal(declared_gas=declared, reverted=True),
        revert="requests_failed",
    )


def ask_withdrawal(scene: Scene, at: int, amount_gwei: int) -> bytes:
    """Ask for a withdrawal; expect its log and its place in the queue; give the request's data."""
    key = public_key(f"withdrawal/{at}")
    data = key + amount_gwei.to_bytes(8, "big")
    source = to_canonical_address(ALICE.address)
    log = Log(WITHDRAWAL_REQUESTS, (), source + data)
    scene.send(ALICE, WITHDRAWAL_REQUESTS, data, value=1, logs=[log])
    queue(scene, WITHDRAWAL_REQUESTS, QUEUE_SLOT + 3 * at, data)
    return source + key + amount_gwei.to_bytes(8, "little")


def queue(scene: Scene, predeploy: str, slot: int, data: bytes) -> None:
    """Expect a request in a queue: who asked, then its data; what was there stays."""
    words = [data[at : at + 32].ljust(32, b"\0") for at in range(0, len(data), 32)]
    values = [int(ALICE.address, 16), *(int.from_bytes(one, "big") for one in words)]
    scene.store(predeploy, {slot + at: value for at, value in enumerate(values)})


def withdrawal_request() -> Case:
    """Ask for one withdrawal (EIP-7002)."""
    scene = Scene(ALICE)
    scene.request(WITHDRAWAL, ask_withdrawal(scene, 0, 10**9))
    return make_case(
        story(
            "withdrawal_request",
            "an empty queue, a fee of 1 wei",
            "Alice asks for a withdrawal of 1 ether",
            "one request of type 1; the queue is empty again, its slots keep their values",
            "eip7002",
        ),
        scene.seal(),
    )


def withdrawal_request_without_fee() -> Case:
    """Ask without paying, and with calldata of a wrong length."""
    scene = Scene(ALICE)
    data = public_key("withdrawal/0") + bytes(8)
    scene.send(ALICE, WITHDRAWAL_REQUESTS, data, succeeds=False)
    scene.send(ALICE, WITHDRAWAL_REQUESTS, data[:-1], value=1, succeeds=False)
    # Without calldata the predeploy answers with the fee, and takes no ether.
    scene.send(ALICE, WITHDRAWAL_REQUESTS)
    return make_case(
        story(
            "withdrawal_request_refused",
            "an empty queue, a fee of 1 wei",
            "Alice asks without the fee, with 55 bytes, and for the fee",
            "the first two fail, the third succeeds; no request",
            "eip7002",
            "revert",
        ),
        scene.seal(),
    )


def queue_of_withdrawal_requests() -> Case:
    """Ask for eighteen withdrawals in one block: sixteen of them leave."""
    scene = Scene(ALICE)
    asked = [ask_withdrawal(scene, at, at) for at in range(18)]
    scene.request(WITHDRAWAL, b"".join(asked[:16]))
    # The target is 2 a block, so 16 are in excess; head and tail of the queue are kept.
    scene.store(WITHDRAWAL_REQUESTS, {EXCESS_SLOT: 16, HEAD_SLOT: 16, TAIL_SLOT: 18})
    scene.seal()
    scene.request(WITHDRAWAL, b"".join(asked[16:]))
    # Nobody asked in this block; what was in excess falls by the target.
    scene.store(WITHDRAWAL_REQUESTS, {EXCESS_SLOT: 14, HEAD_SLOT: 0, TAIL_SLOT: 0})
    return make_case(
        story(
            "queue_is_emptied",
            "eighteen withdrawals were asked for in the parent, sixteen left it",
            "an empty block follows",
            "the last two are its requests; the queue starts over, the excess falls to 14",
            "eip7002",
        ),
        scene.seal(),
    )


def ask_consolidation(scene: Scene, at: int) -> bytes:
    """Ask for a consolidation; expect its log and its place; give the request's data."""
    data = public_key(f"source/{at}") + public_key(f"target/{at}")
    source = to_canonical_address(ALICE.address)
    log = Log(CONSOLIDATION_REQUESTS, (), source + data)
    scene.send(ALICE, CONSOLIDATION_REQUESTS, data, value=1, logs=[log])
    queue(scene, CONSOLIDATION_REQUESTS, QUEUE_SLOT + 4 * at, data)
    return source + data


def consolidation_requests() -> Case:
    """Ask for three consolidations: two leave (EIP-7251)."""
    scene = Scene(ALICE)
    asked = [ask_consolidation(scene, at) for at in range(3)]
    scene.request(CONSOLIDATION, b"".join(asked[:2]))
    scene.store(CONSOLIDATION_REQUESTS, {EXCESS_SLOT: 2, HEAD_SLOT: 2, TAIL_SLOT: 3})
    return make_case(
        story(
            "consolidation_requests",
            "an empty queue",
            "Alice asks for three consolidations",
            "two are requests of type 2, one stays in the queue; the excess is 2",
            "eip7251",
        ),
        scene.seal(),
    )


def all_kinds() -> Case:
    """Make requests of all three types, in the wrong order."""
    scene = with_deposits()
    consolidation = ask_consolidation(scene, 0)
    withdrawal = ask_withdrawal(scene, 0, 0)
    data = deposit_data(3)
    scene.send(BOB, DEPOSIT_CONTRACT, data, logs=[deposited(data)])
    scene.request(DEPOSIT, b"".join(deposit_parts(3)))
    scene.request(WITHDRAWAL, withdrawal)
    scene.request(CONSOLIDATION, consolidation)
    return make_case(
        story(
            "all_kinds",
            "the three contracts that make requests",
            "a consolidation, a full exit and a deposit, in this order",
            "requests in the order of their types: deposit, withdrawal, consolidation",
            "eip6110",
            "eip7002",
            "eip7251",
        ),
        scene.seal(),
    )


def predeploy_without_code() -> Case:
    """Leave the predeploy of EIP-7251 out: the block's execution is reverted."""
    scene = Scene(ALICE)
    scene.world.remove(CONSOLIDATION_REQUESTS)
    scene.send(ALICE, BOB, value=7_251, gas=21_000)
    return make_case(
        story(
            "predeploy_without_code",
            "a state without the predeploy of EIP-7251",
            "a block with a transfer is executed",
            "requests cannot be collected: the execution is reverted",
            "eip7251",
            "reverted",
        ),
        scene.seal(declared_gas=21_000, reverted=True),
        revert="requests_failed",
    )
