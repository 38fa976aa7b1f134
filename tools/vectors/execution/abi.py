"""Calls, events and storage slots as Solidity lays them out."""

from typing import Any

from eth_abi.abi import encode
from eth_abi.grammar import TupleType, parse
from eth_utils import keccak

from tools.chain.genesis import contract_address
from tools.chain.wallet import selector, word
from tools.vectors.execution.receipts import Log

__all__ = ["contract_address", "encode_call", "error", "event", "mapping_slot", "nested_slot"]


def encode_call(signature: str, *arguments: Any) -> bytes:
    """Encode a call: four bytes that choose the function, then its arguments."""
    return selector(signature) + encode_arguments(signature, *arguments)


def encode_arguments(signature: str, *arguments: Any) -> bytes:
    """Encode the arguments alone."""
    if not arguments:
        return b""
    kinds = parse(signature[signature.index("(") :])
    if not isinstance(kinds, TupleType):
        raise TypeError(signature)
    return encode([kind.to_type_str() for kind in kinds.components], arguments)


def error(signature: str, *arguments: Any) -> bytes:
    """Encode a custom error; it looks like a call."""
    return encode_call(signature, *arguments)


def event(address: str, signature: str, indexed: list[int | bytes | str], data: bytes = b"") -> Log:
    """Describe a log; `indexed` are its topics after the first."""
    topics = (keccak(text=signature), *(word(value) for value in indexed))
    return Log(address, topics, data)


def mapping_slot(key: int | str, position: int) -> int:
    """Compute the slot of an entry of a mapping at `position`."""
    return int.from_bytes(keccak(word(key) + word(position)), "big")


def nested_slot(first: int | str, second: int | str, position: int) -> int:
    """Compute the slot of an entry of a mapping of mappings."""
    return int.from_bytes(keccak(word(second) + word(mapping_slot(first, position))), "big")
