"""
Fetch the trie nodes of accounts from an execution client (`eth_getProof`, EIP-1186).

The client is told the block whose state is meant by its hash (EIP-1898), so that a client on
another fork says that it does not know it. Of its answers only the nodes count that lie on the way
from the state root; balances and nonces that it also states are never read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from zkattest.rpc.client import Call, JsonRpcClient, RpcLimits
from zkattest.spec.state_reader import Found, StateQuery
from zkattest.spec.trie_walk import Path, Preimages, walk
from zkattest.types.errors import (
    MissingCode,
    MissingNode,
    SourceExhausted,
    SourceUnavailable,
    WitnessError,
)

# A branch of 16 hashes takes 532 bytes; a leaf with an account is shorter.
_MAX_NODE_BYTES: Final = 1_024
# Nibbles of a hashed address: no way is longer.
_MAX_DEPTH: Final = 64
# EIP-170; a sender's code is a delegation of 23 bytes, or refused whatever it holds.
_MAX_CODE_BYTES: Final = 24_576
_HEX: Final = re.compile(r"0x(?:[0-9a-fA-F]{2})*")


class ExecutionClient:
    """Ask one execution client, behind `NodeSource`."""

    def __init__(self, url: str, limits: RpcLimits | None = None) -> None:
        """Prepare for a client; raises `ValueError` for what is no http(s) address."""
        self._limits = limits or RpcLimits()
        self._rpc = JsonRpcClient(url, self._limits)

    def find(self, query: StateQuery) -> Found:
        """Bring the nodes of some accounts, and the codes of those that have one."""
        search = _Search(self._rpc, query, self._limits)
        failure: WitnessError | None = None
        try:
            with self._rpc.within_deadline():
                search.fetch_nodes()
                search.fetch_codes()
        except WitnessError as error:
            failure = type(error)(f"execution client {error.detail}")
        brought = search.brought
        return Found(tuple(brought.nodes.values()), tuple(brought.codes.values()), failure)

    def close(self) -> None:
        """Close all connections."""
        self._rpc.close()


class _Search:
    def __init__(self, rpc: JsonRpcClient, query: StateQuery, limits: RpcLimits) -> None:
        self.brought = Preimages()
        self._rpc = rpc
        self._query = query
        self._limits = limits
        self._requests_left = limits.requests
        self._block = {"blockHash": f"0x{query.block_hash.hex()}"}

    def fetch_nodes(self) -> None:
        """Ask for the proof of each account whose way is not known to its end."""
        lost = [one for one in self._query.addresses if self._walk(one).missing is not None]
        for addresses, answers in self._ask("eth_getProof", lost, []):
            nodes = [node for answer in answers for node in self._proof(answer)]
            offered = Preimages.of(nodes, ())
            for address in addresses:
                self._take_path(address, offered)

    def fetch_codes(self) -> None:
        """Ask for each code that stands at the end of a way and is not known."""
        wanted: dict[bytes, bytes] = {}
        for address in self._query.addresses:
            code_hash = self._walk(address).code_hash
            if code_hash is not None and code_hash not in self._query.known.codes:
                wanted.setdefault(code_hash, address)
        by_address = {address: code_hash for code_hash, address in wanted.items()}
        for addresses, answers in self._ask("eth_getCode", list(by_address)):
            codes = Preimages.of((), (self._code(answer) for answer in answers)).codes
            for code_hash in (by_address[address] for address in addresses):
                if code_hash not in codes:
                    raise MissingCode(f"{self._rpc.name}: a code has another hash")
                self.brought.codes[code_hash] = codes[code_hash]

    def _ask(
        self, method: str, addresses: Sequence[bytes], *params: object
    ) -> Iterator[tuple[Sequence[bytes], list[object]]]:
        """Call a method for addresses, one batch after another."""
        size = self._limits.batch
        for start in range(0, len(addresses), size):
            if self._requests_left == 0:
                raise SourceExhausted(f"{self._rpc.name}: {self._limits.requests} requests spent")
            self._requests_left -= 1
            part = addresses[start : start + size]
            calls = [Call(method, [f"0x{one.hex()}", *params, self._block]) for one in part]
            yield part, self._rpc.call_all(calls)

    def _take_path(self, address: bytes, offered: Preimages) -> None:
        """Keep of an offer what lies on the way to an account."""
        path = self._walk(address, offered)
        for key, node in path.nodes.items():
            if key not in self._query.known.nodes:
                self.brought.nodes[key] = node
        if path.missing is not None:
            raise MissingNode(f"{self._rpc.name}: a proof does not begin at the state root")

    def _walk(self, address: bytes, offered: Preimages | None = None) -> Path:
        kinds = (self._query.known, self.brought, offered or Preimages())

        def node_of(key: bytes) -> bytes | None:
            return next((kind.nodes[key] for kind in kinds if key in kind.nodes), None)

        return walk(self._query.state_root, address, node_of)

    def _proof(self, answer: object) -> list[bytes]:
        proof = answer.get("accountProof") if isinstance(answer, dict) else None
        if not isinstance(proof, list) or len(proof) > _MAX_DEPTH:
            raise SourceUnavailable(f"{self._rpc.name}: accountProof is not a list of nodes")
        return [self._bytes("accountProof", node, _MAX_NODE_BYTES) for node in proof]

    def _code(self, answer: object) -> bytes:
        return self._bytes("code", answer, _MAX_CODE_BYTES)

    def _bytes(self, what: str, text: object, max_bytes: int) -> bytes:
        if not isinstance(text, str) or len(text) > 2 + 2 * max_bytes or not _HEX.fullmatch(text):
            raise SourceUnavailable(
                f"{self._rpc.name}: {what} is not 0x-hex of at most {max_bytes} bytes"
            )
        return bytes.fromhex(text[2:])
