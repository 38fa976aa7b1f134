"""Compose and sign transactions of every type, deterministically (RFC 6979)."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import rlp
from eth_account import Account
from eth_utils import keccak, to_canonical_address, to_checksum_address

from tools.chain.cast import Actor

GWEI: Final = 10**9
ETHER: Final = 10**18

# Above every base fee of the chain, so that plans need not know it.
MAX_FEE: Final = 3 * GWEI
PRIORITY_FEE: Final = GWEI // 10


class Wallet:
    """Sign for the actors of one chain and count their nonces."""

    def __init__(self, chain_id: int) -> None:
        self._chain_id = chain_id
        self._nonces: Counter[str] = Counter()

    def nonce(self, sender: Actor) -> int:
        """Say which nonce the sender's next transaction has."""
        return self._nonces[sender.address]

    def skip_nonces(self, account: Actor, count: int) -> None:
        """Move an account's nonce by what does not come from its own transactions."""
        self._nonces[account.address] += count

    def legacy(self, sender: Actor, **fields: Any) -> bytes:
        """Sign a transaction of type 0, bound to the chain by EIP-155."""
        return self._sign(sender, {"gasPrice": MAX_FEE, **fields})

    def access_list(self, sender: Actor, **fields: Any) -> bytes:
        """Sign a transaction of type 1."""
        return self._sign(sender, {"type": 1, "gasPrice": MAX_FEE, **fields})

    def dynamic(self, sender: Actor, **fields: Any) -> bytes:
        """Sign a transaction of type 2."""
        return self._sign(sender, {"type": 2, "accessList": [], **_fee_caps(), **fields})

    def blob(self, sender: Actor, **fields: Any) -> bytes:
        """Sign a transaction of type 3, without its sidecar."""
        caps = {**_fee_caps(), "maxFeePerBlobGas": GWEI}
        return self._sign(sender, {"type": 3, "accessList": [], **caps, **fields})

    def set_code(self, sender: Actor, **fields: Any) -> bytes:
        """Sign a transaction of type 4."""
        return self._sign(sender, {"type": 4, "accessList": [], **_fee_caps(), **fields})

    def authorization(self, authority: Actor, delegate: str, nonce: int) -> Any:
        """Sign the authority's wish to run the delegate's code."""
        wish = {"chainId": self._chain_id, "address": delegate, "nonce": nonce}
        return Account.sign_authorization(wish, authority.private_key)

    def _sign(self, sender: Actor, fields: Mapping[str, Any]) -> bytes:
        transaction = {
            "chainId": self._chain_id,
            "nonce": self._nonces[sender.address],
            "value": 0,
            "data": b"",
            **fields,
        }
        self._nonces[sender.address] += 1
        signed = Account.sign_transaction(transaction, sender.private_key)
        return bytes(signed.raw_transaction)


def _fee_caps() -> dict[str, int]:
    return {"maxFeePerGas": MAX_FEE, "maxPriorityFeePerGas": PRIORITY_FEE}


def created_address(creator: str, nonce: int) -> str:
    """Compute where CREATE, or a transaction without receiver, puts its contract."""
    return to_checksum_address(keccak(rlp.encode([to_canonical_address(creator), nonce]))[12:])


def created2_address(creator: str, salt: bytes, initcode: bytes) -> str:
    """Compute where CREATE2 puts its contract (EIP-1014)."""
    preimage = b"\xff" + to_canonical_address(creator) + salt + keccak(initcode)
    return to_checksum_address(keccak(preimage)[12:])


def word(value: int | bytes | str) -> bytes:
    """Pad a number, an address or short bytes to a word of the EVM."""
    if isinstance(value, int):
        return value.to_bytes(32, "big")
    if isinstance(value, str):
        return to_canonical_address(value).rjust(32, b"\0")
    return value.rjust(32, b"\0")


def selector(signature: str) -> bytes:
    """Compute the four bytes that choose a function."""
    return keccak(text=signature)[:4]


def call(signature: str, *words: int | bytes | str) -> bytes:
    """Encode a call all of whose arguments are single words."""
    return selector(signature) + b"".join(word(value) for value in words)


def dynamic_bytes(data: bytes) -> bytes:
    """Encode a byte string as the ABI does: its length, then its padded content."""
    return word(len(data)) + data + bytes(-len(data) % 32)
