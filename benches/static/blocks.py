"""Build the blocks that the static check is measured on, with whole small states as witnesses."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from coincurve import PrivateKey
from eth_utils import to_canonical_address

from tests.helpers.blocks import Case, TestAccount
from tests.helpers.transactions import Tx, authorization, blob_hash, key
from tools.chain import contracts, genesis, system_contracts
from tools.chain.wallet import call, word
from zkattest.crypto.header_rlp import encode_header
from zkattest.crypto.statement import execute_block
from zkattest.spec.presets import OSAKA, Preset

# Accounts that share the trie with the senders, so that a witness has branches of a real size.
BYSTANDERS = 4_000
BLOBS = 9
TRANSFER_GAS = 21_000
LEDGER = to_canonical_address(genesis.LEDGER)
MISMATCH = re.compile(r"declared gas \d+, used (\d+)")

# Sizes and gas beyond today's: the rules are Osaka's, two limits are not.
PRESET: Preset = replace(OSAKA, header=replace(OSAKA.header, max_block_bytes=1 << 30))


@dataclass(frozen=True)
class Workload:
    """One block to check, with the state before it."""

    name: str
    case: Case

    @property
    def transactions(self) -> int:
        """Count the transactions."""
        return len(self.case.transactions)

    def genesis(self) -> dict[str, Any]:
        """Describe the pre-state to the independent implementation, the parent as its anchor."""
        alloc = {
            f"0x{address.hex()}": {
                "balance": hex(account.balance),
                "nonce": account.nonce,
                "code": f"0x{account.code.hex()}",
                "storage": {},
            }
            for address, account in self.case.accounts.items()
        }
        anchor = {"header": f"0x{encode_header(self.case.parent).hex()}"}
        return {"config": {"chain_id": self.case.chain_id}, "alloc": alloc, "anchor": anchor}


def transfers(count: int) -> Workload:
    """Build a block with one plain transfer from each of `count` senders."""
    txs = [Tx(signer=key(n), to=n.to_bytes(20, "big")) for n in range(count)]
    case = Case(transactions=tuple(txs), accounts=_accounts([tx.sender for tx in txs]))
    return Workload("transfers", _with_limit(case))


def mixed(count: int) -> Workload:
    """Build a block of all types: transfers, calls of a contract, blobs, delegations, calldata."""
    signers = [key(n) for n in range(max(count // 2, 1))]
    txs = [_mixed_tx(n, signers[n % len(signers)], n // len(signers)) for n in range(count)]
    accounts = _accounts([Tx(signer=one).sender for one in signers])
    ledger = contracts.load()["ledger"].runtime
    accounts[LEDGER] = TestAccount(nonce=1, balance=0, code=ledger)
    case = _with_limit(Case(transactions=tuple(txs), accounts=accounts))
    return Workload("mixed", _with_true_gas(case))


def _mixed_tx(number: int, signer: PrivateKey, nonce: int) -> Tx:
    """Choose a type by the number: two in five call the contract, one in three is a transfer."""
    common = Tx(signer=signer, nonce=nonce, to=word(number)[12:])
    record = call("record(uint256,uint256)", number, number + 1)
    if number < BLOBS:
        return common.but(type=3, blobs=(blob_hash(number),))
    match number % 20:
        case 0 | 1 | 2:
            return common.but(type=0)
        case 3:
            slot = word(genesis.mapping_slot(number, 0))
            listed = ((LEDGER, (slot,)),)
            return common.but(type=1, to=LEDGER, data=record, gas=90_000, access_list=listed)
        case 4:
            tuples = (authorization(key(10**6 + number), target=LEDGER),)
            return common.but(type=4, to=LEDGER, data=record, gas=130_000, authorizations=tuples)
        case 5:
            return common.but(data=bytes(range(256)) * 4, gas=70_000)
        case 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13:
            return common.but(to=LEDGER, data=record, value=0, gas=90_000)
    return common


def _accounts(senders: list[bytes]) -> dict[bytes, TestAccount]:
    accounts = {one: TestAccount() for one in senders}
    accounts |= {n.to_bytes(20, "big"): TestAccount() for n in range(1, BYSTANDERS)}
    for address, code in system_contracts.CODES.items():
        accounts[to_canonical_address(address)] = TestAccount(nonce=1, balance=0, code=code)
    return accounts


def _with_limit(case: Case) -> Case:
    """Give the block room for its gas; the parent is at its target, so the base fee stays."""
    limit = max(case.parent.gas_limit, 2 * sum(tx.gas for tx in case.transactions))
    return case.but(parent=replace(case.parent, gas_limit=limit, gas_used=limit // 2))


def _with_true_gas(case: Case) -> Case:
    """Declare the gas that execution uses, so that it is not reverted."""
    revert = execute_block(case.package().stateless_input()).revert
    found = MISMATCH.fullmatch(revert or "")
    return case.but(header={"gas_used": int(found[1])}) if found else case
