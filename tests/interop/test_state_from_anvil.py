"""
Read accounts from an execution client that shares no code with us, and check a block over them.

The client's newest block becomes the parent of the fork's first block: hash, state root and proofs
are all its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

import pytest

from tests.helpers import rlp
from tests.helpers.blocks import GWEI, parent_header
from tests.helpers.transactions import Tx, key
from tests.interop.anvil.client import Anvil, NoAnvil, running
from zkattest.crypto.header_rlp import encode_header, header_hash
from zkattest.node.embed import check_block
from zkattest.rpc import ExecutionClient, RpcLimits
from zkattest.spec.binding import outputs_before_fork
from zkattest.spec.fees import calculate_base_fee_per_gas, calculate_excess_blob_gas
from zkattest.spec.presets import OSAKA
from zkattest.spec.reasons import CannotVerify, Cause, InvalidBlock, Reason
from zkattest.spec.state_reader import StateReader
from zkattest.store import TrieNodeStore
from zkattest.types.execution import BlockPackage, ExecutionWitness, OsakaHeader
from zkattest.types.ids import ChainId, Root

ETHER = 10**18
CHAIN_ID = 31_337
RICH, DELEGATED, NOBODY = (Tx(signer=key(n)).sender for n in (1, 2, 3))
CONTRACT = b"\xc0" * 20
DELEGATION = b"\xef\x01\x00" + CONTRACT
NAMES = {
    "ommers_hash": "sha3Uncles",
    "coinbase": "miner",
    "receipt_root": "receiptsRoot",
    "bloom": "logsBloom",
    "prev_randao": "mixHash",
}


def hexadecimal(data: bytes) -> str:
    return f"0x{data.hex()}"


@pytest.fixture(scope="module")
def anvil() -> Iterator[Anvil]:
    try:
        with running() as client:
            for address, balance in ((RICH, 5 * ETHER), (DELEGATED, ETHER)):
                client.call("anvil_setBalance", hexadecimal(address), hex(balance))
            client.call("anvil_setNonce", hexadecimal(RICH), "0x7")
            client.call("anvil_setCode", hexadecimal(DELEGATED), hexadecimal(DELEGATION))
            client.call("anvil_setCode", hexadecimal(CONTRACT), "0x60016002")
            payer, payee, *_ = client.call("eth_accounts")
            for value in range(1, 4):
                client.call(
                    "eth_sendTransaction", {"from": payer, "to": payee, "value": hex(value)}
                )
            yield client
    except NoAnvil as reason:
        pytest.skip(f"no Anvil: {reason}")


def newest(anvil: Anvil) -> OsakaHeader:
    """Read the client's newest header; its hash says whether every field was understood."""
    block = anvil.call("eth_getBlockByNumber", "latest", False)
    values = {}
    for one in fields(OsakaHeader):
        head, *tail = one.name.split("_")
        camel = NAMES.get(one.name, head + "".join(part.title() for part in tail))
        text = block[camel]
        number = one.type in ("int", int)
        values[one.name] = int(text, 16) if number else bytes.fromhex(text[2:])
    header = OsakaHeader(**values)
    assert hexadecimal(header_hash(header)) == block["hash"]
    return header


def reader(anvil: Anvil, header: OsakaHeader, batch: int = 64) -> tuple[StateReader, Root]:
    client = ExecutionClient(anvil.url, RpcLimits(deadline_ms=60_000, batch=batch))
    root = Root(header.state_root)
    witness = ExecutionWitness((), (), ())
    return StateReader(root, header_hash(header), witness, (client,)), root


def first_block(parent: OsakaHeader, *transactions: Tx) -> BlockPackage:
    """Build the fork's first block on a foreign parent, with no witness of the state at all."""
    claim = outputs_before_fork(parent)
    header = parent_header(
        parent_hash=claim.block_hash,
        pre_state_root=claim.post_state_root,
        parent_transactions_root=claim.deferred_transactions_root,
        parent_receipt_root=claim.receipts_root,
        parent_bloom=claim.logs_bloom,
        parent_requests_hash=claim.requests_hash,
        number=parent.number + 1,
        gas_limit=parent.gas_limit,
        gas_used=sum(tx.gas for tx in transactions),
        timestamp=parent.timestamp + 12,
        base_fee_per_gas=calculate_base_fee_per_gas(
            parent.gas_limit, parent.gas_used, parent.base_fee_per_gas, OSAKA.header
        ),
        excess_blob_gas=calculate_excess_blob_gas(parent, OSAKA.blobs),
    )
    body = rlp.as_list(b"".join(rlp.encode(tx.raw()) for tx in transactions))
    return BlockPackage(
        chain_id=ChainId(CHAIN_ID),
        block=rlp.as_list(encode_header(header) + body + b"\xc0" + b"\xc0"),
        parent_claim=claim,
        versioned_hashes=(),
        witness=ExecutionWitness((), (), (encode_header(parent),)),
    )


@pytest.mark.parametrize("batch", [1, 3, 64])
def test_accounts__are_what_the_client_says_itself(anvil, batch):
    header = newest(anvil)
    others = [bytes.fromhex(one[2:]) for one in anvil.call("eth_accounts")]
    addresses = [RICH, DELEGATED, NOBODY, CONTRACT, *others]
    block = hex(header.number)
    answers = reader(anvil, header, batch)[0].accounts(addresses)
    for address, answer in zip(addresses, answers, strict=True):
        nonce, balance, code = (
            anvil.call(method, hexadecimal(address), block)
            for method in ("eth_getTransactionCount", "eth_getBalance", "eth_getCode")
        )
        said = (int(nonce, 16), int(balance, 16), bytes.fromhex(code[2:]))
        assert answer == (None if address == NOBODY else said)


def test_block__valid_over_the_client_s_state_without_a_witness(anvil, tmp_path):
    parent = newest(anvil)
    package = first_block(
        parent,
        Tx(chain_id=CHAIN_ID, nonce=7, value=4 * ETHER),
        Tx(chain_id=CHAIN_ID, signer=key(2)),
        Tx(chain_id=CHAIN_ID, nonce=8),
    )
    with pytest.raises(CannotVerify) as failure:
        check_block(package)
    assert failure.value.cause is Cause.MISSING_NODE
    client = ExecutionClient(anvil.url, RpcLimits(deadline_ms=60_000))
    assert check_block(package, sources=[client]).transactions == 3
    # Once kept, the client need not be there.
    store = TrieNodeStore(tmp_path / "state.sqlite")
    accounts, _ = reader(anvil, parent)
    accounts.accounts([RICH, DELEGATED])
    store.save(accounts.passed())
    assert check_block(package, sources=[store]).transactions == 3


@pytest.mark.parametrize(
    ("transaction", "reason"),
    [
        (Tx(chain_id=CHAIN_ID, nonce=6), Reason.NONCE_MISMATCH),
        (Tx(chain_id=CHAIN_ID, nonce=7, value=5 * ETHER), Reason.BALANCE_TOO_LOW),
        (Tx(chain_id=CHAIN_ID, signer=key(3)), Reason.BALANCE_TOO_LOW),
    ],
)
def test_block__invalid_by_the_client_s_state(anvil, transaction, reason):
    client = ExecutionClient(anvil.url, RpcLimits(deadline_ms=60_000))
    with pytest.raises(InvalidBlock) as refusal:
        check_block(first_block(newest(anvil), transaction), sources=[client])
    assert refusal.value.reason is reason


def test_block__not_checked_when_the_client_does_not_know_the_parent(anvil):
    parent = replace(newest(anvil), extra_data=b"another fork")
    client = ExecutionClient(anvil.url, RpcLimits(deadline_ms=60_000))
    package = first_block(parent, Tx(chain_id=CHAIN_ID, nonce=7, max_fee=10 * GWEI))
    with pytest.raises(CannotVerify) as failure:
        check_block(package, sources=[client])
    assert failure.value.cause is Cause.BACKEND_UNAVAILABLE
    assert "execution client 127.0.0.1:" in failure.value.detail


def test_state__of_an_older_block_is_not_taken_for_that_of_a_newer_one(anvil):
    older = newest(anvil)
    anvil.call("evm_mine")
    payer, payee, *_ = anvil.call("eth_accounts")
    anvil.call("eth_sendTransaction", {"from": payer, "to": payee, "value": "0x9"})
    newer = newest(anvil)
    assert older.state_root != newer.state_root
    client = ExecutionClient(anvil.url, RpcLimits(deadline_ms=60_000))
    mixed = StateReader(
        older.state_root, header_hash(newer), ExecutionWitness((), (), ()), (client,)
    )
    [answer] = mixed.accounts([RICH])
    assert "a proof does not begin at the state root" in answer.detail
