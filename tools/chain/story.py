"""What happens in the recorded chain, block after block."""

from collections.abc import Callable, Iterator

from eth_account import Account

from tools.chain import blobs, contracts
from tools.chain.cast import ALICE, BOB, CAROL, DAVE, ERIN, FRANK, GRACE, derive
from tools.chain.genesis import BATCH, CHAIN_ID, FACTORY, LEDGER, PROBE, mapping_slot
from tools.chain.plan import BlockPlan, Withdrawal
from tools.chain.system_contracts import WITHDRAWAL_REQUESTS
from tools.chain.wallet import (
    ETHER,
    GWEI,
    Wallet,
    call,
    created2_address,
    created_address,
    dynamic_bytes,
    selector,
    word,
)

# The token is the first thing that Alice creates, in block 2, after two transfers.
TOKEN = created_address(ALICE.address, 2)
TOKEN_SUPPLY = 1_000_000
TRANSFER_GAS = 21_000


def story() -> Iterator[BlockPlan]:
    """Tell the chain from its first block; the wallet carries the nonces along."""
    wallet = Wallet(CHAIN_ID)
    for tell in CHAPTERS:
        yield tell(wallet)


def transfers(wallet: Wallet) -> BlockPlan:
    """Move ether between old and new accounts."""
    return BlockPlan(
        "transfers",
        "plain transfers of types 0 and 2, two of one sender, one to a new account",
        [
            wallet.legacy(ALICE, to=BOB.address, value=ETHER, gas=TRANSFER_GAS),
            wallet.dynamic(BOB, to=ERIN.address, value=2 * ETHER, gas=TRANSFER_GAS),
            wallet.dynamic(ALICE, to=CAROL.address, value=3, gas=TRANSFER_GAS),
        ],
    )


def token_deployment(wallet: Wallet) -> BlockPlan:
    """Create the ERC-20 contract."""
    initcode = contracts.load()["token"].initcode + word(TOKEN_SUPPLY)
    return BlockPlan(
        "token_deployment",
        "an ERC-20 contract is created; its constructor logs the first transfer",
        [wallet.dynamic(ALICE, data=initcode, to="", gas=400_000)],
    )


def token_transfers(wallet: Wallet) -> BlockPlan:
    """Use the ERC-20 contract."""
    transfer = call("transfer(address,uint256)", BOB.address, 2_500)
    approve = call("approve(address,uint256)", CAROL.address, 1_000)
    spend = call("transferFrom(address,address,uint256)", ALICE.address, DAVE.address, 400)
    return BlockPlan(
        "token_transfers",
        "an ERC-20 transfer, an approval and its use; logs in every receipt",
        [
            wallet.dynamic(ALICE, to=TOKEN, data=transfer, gas=90_000),
            wallet.dynamic(ALICE, to=TOKEN, data=approve, gas=90_000),
            wallet.legacy(CAROL, to=TOKEN, data=spend, gas=90_000),
        ],
    )


def access_lists(wallet: Wallet) -> BlockPlan:
    """Read, write and clear storage that access lists announce."""
    slots = ["0x" + word(mapping_slot(key, 0)).hex() for key in (1, 3)]
    copy = call("copy(uint256,uint256)", 1, 3)
    clear = call("record(uint256,uint256)", 2, 0)
    listed = [{"address": LEDGER, "storageKeys": slots}]
    return BlockPlan(
        "access_lists",
        "type 1 with an access list copies a slot; type 2 clears another one (gas refund)",
        [
            wallet.access_list(BOB, to=LEDGER, data=copy, gas=90_000, accessList=listed),
            wallet.dynamic(CAROL, to=LEDGER, data=clear, gas=90_000),
        ],
    )


def blob(wallet: Wallet) -> BlockPlan:
    """Carry one blob."""
    hashes = [blobs.versioned_hash(blobs.example_blob())]
    return BlockPlan(
        "blob",
        "a blob transaction (type 3) with one real commitment",
        [
            wallet.blob(
                CAROL, to=ERIN.address, value=5, gas=TRANSFER_GAS, blobVersionedHashes=hashes
            )
        ],
    )


def delegation(wallet: Wallet) -> BlockPlan:
    """Let Dave's account run the batch contract, paid for by Alice."""
    valid = wallet.authorization(DAVE, BATCH, wallet.nonce(DAVE))
    # A nonce that the account does not have: the authorization is skipped, the rest goes on.
    stale = wallet.authorization(BOB, BATCH, wallet.nonce(BOB) + 7)
    wallet.skip_nonces(DAVE, 1)
    # EIP-7886 wants the declared gas to cover intrinsic gas before refunds; the refunds for the
    # authorizations alone would break that, so the transaction does some work as well.
    transfer = call("transfer(address,uint256)", FRANK.address, 50)
    return BlockPlan(
        "delegation",
        "type 4 delegates Dave's account (EIP-7702); a second authorization is stale and skipped",
        [
            wallet.set_code(
                ALICE, to=TOKEN, data=transfer, gas=160_000, authorizationList=[valid, stale]
            )
        ],
    )


def delegated_batch(wallet: Wallet) -> BlockPlan:
    """Use the delegation from inside and, in vain, from outside."""
    transfer = call("transfer(address,uint256)", BOB.address, 100)
    batch = batch_call([(FRANK.address, 7 * GWEI, b""), (TOKEN, 0, transfer)])
    return BlockPlan(
        "delegated_batch",
        "a delegated account calls its own code in a batch; a stranger's call of it reverts",
        [
            wallet.dynamic(DAVE, to=DAVE.address, data=batch, gas=150_000),
            wallet.dynamic(CAROL, to=DAVE.address, data=batch_call([]), gas=60_000),
        ],
    )


def precompiles(wallet: Wallet) -> BlockPlan:
    """Call precompiles from a contract."""
    message = derive("message") + derive("message, continued")
    digest = derive("signed digest")
    signature = Account.unsafe_sign_hash(digest, ALICE.private_key)
    head = [word(160), digest, word(signature.v), word(signature.r), word(signature.s)]
    data = (
        selector("probe(bytes,bytes32,uint256,uint256,uint256)")
        + b"".join(head)
        + dynamic_bytes(message)
    )
    return BlockPlan(
        "precompiles",
        "a contract calls ECRECOVER, SHA-256, identity, MODEXP, BN254 addition; logs the answers",
        [wallet.dynamic(BOB, to=PROBE, data=data, gas=120_000)],
    )


def withdrawals_and_request(wallet: Wallet) -> BlockPlan:
    """Bring withdrawals in and ask for one."""
    request = (
        derive("validator key")[:16] + derive("validator key, rest") + (10**9).to_bytes(8, "big")
    )
    return BlockPlan(
        "withdrawals_and_request",
        "two withdrawals, one to a new account, and a withdrawal request (EIP-7002)",
        [wallet.dynamic(DAVE, to=WITHDRAWAL_REQUESTS, value=1, data=request, gas=150_000)],
        [Withdrawal(0, 11, BOB.address, 32 * GWEI), Withdrawal(1, 12, GRACE.address, 1_234_567)],
    )


def empty(_wallet: Wallet) -> BlockPlan:
    """Do nothing but the system calls."""
    return BlockPlan("empty", "no transactions, no withdrawals")


def wrong_gas(wallet: Wallet) -> BlockPlan:
    """Declare one gas too much: valid to attest to, but its execution is reverted."""
    plan = BlockPlan(
        "wrong_gas",
        "declares one gas more than its transactions use: execution reverted, withdrawal kept",
        repeated_transfers(wallet),
        [Withdrawal(2, 11, BOB.address, 5)],
        declared_gas=2 * TRANSFER_GAS + 1,
    )
    # Nothing of the block's transactions happened, so their nonces are free again.
    wallet.skip_nonces(BOB, -1)
    wallet.skip_nonces(CAROL, -1)
    return plan


def after_revert(wallet: Wallet) -> BlockPlan:
    """Include the reverted transactions once more."""
    return BlockPlan(
        "after_revert",
        "child of the reverted block: repeats the flag, its base fee counts no gas for the parent",
        repeated_transfers(wallet),
    )


def create2_and_selfdestruct(wallet: Wallet) -> BlockPlan:
    """Make two children by CREATE2 and end both, one at once and one later."""
    initcode = contracts.load()["mortal"].initcode
    kept, gone = derive("salt/kept"), derive("salt/gone")
    tail = dynamic_bytes(initcode)
    make = selector("make(bytes,bytes32)") + word(64) + kept + tail
    make_and_end = (
        selector("make_and_end(bytes,bytes32,address)")
        + word(96)
        + gone
        + word(FRANK.address)
        + tail
    )
    end = call("end(address)", FRANK.address)
    child = created2_address(FACTORY, kept, initcode)
    return BlockPlan(
        "create2_and_selfdestruct",
        "CREATE2 makes two contracts; SELFDESTRUCT deletes the one of the same transaction only",
        [
            wallet.dynamic(ALICE, to=FACTORY, value=9, data=make, gas=150_000),
            wallet.dynamic(BOB, to=FACTORY, value=4, data=make_and_end, gas=150_000),
            wallet.dynamic(ALICE, to=child, data=end, gas=60_000),
        ],
    )


CHAPTERS: tuple[Callable[[Wallet], BlockPlan], ...] = (
    transfers,
    token_deployment,
    token_transfers,
    access_lists,
    blob,
    delegation,
    delegated_batch,
    precompiles,
    withdrawals_and_request,
    empty,
    wrong_gas,
    after_revert,
    create2_and_selfdestruct,
)


def repeated_transfers(wallet: Wallet) -> list[bytes]:
    """Sign the transfers of the reverted block, which its child repeats."""
    return [
        wallet.legacy(BOB, to=ALICE.address, value=11, gas=TRANSFER_GAS),
        wallet.dynamic(CAROL, to=BOB.address, value=12, gas=TRANSFER_GAS),
    ]


def batch_call(calls: list[tuple[str, int, bytes]]) -> bytes:
    """Encode `execute((address,uint256,bytes)[])`."""
    tuples = [
        word(target) + word(value) + word(96) + dynamic_bytes(data) for target, value, data in calls
    ]
    positions, position = b"", 32 * len(tuples)
    for encoded in tuples:
        positions += word(position)
        position += len(encoded)
    body = word(len(tuples)) + positions + b"".join(tuples)
    return selector("execute((address,uint256,bytes)[])") + word(32) + body
