"""
A stand-in for a consensus node with a live chain: some blocks, a finalized one, a few validators.

It answers `getGenesis`, `getStateFork`, `getStateFinalityCheckpoints`, `getBlockHeader`,
`getBlockV2`, `getExecutionPayloadEnvelope` and `getStateValidators` from what it was given. Its
blocks are names with one payload; no state transition made them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.helpers.web_server import Reply, Request
from tests.unit.rpc.test_beacon_chain import BLOCK, answers
from zkattest.types.ids import Root
from zkattest.types.proof_profiles import PayloadFork

FORK_VERSION = bytes.fromhex("70000001")
GENESIS_VALIDATORS_ROOT = Root(b"\x99" * 32)


def block_root(slot: int) -> Root:
    """Name the block of a slot."""
    return Root(sha256(b"block of slot %d" % slot).digest())


@dataclass
class LiveChainStandIn:
    """Hold a chain with a block in each slot; `validators` by index: key and status."""

    head_slot: int = 77
    first_slot: int = 30
    finalized_epoch: int = 1
    validators: dict[int, tuple[bytes, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        """Answer as a consensus node does."""
        parts = urlsplit(request.path)
        self.asked.append(parts.path)
        data = self._data(parts.path, parse_qs(parts.query))
        if data is None:
            return Reply.json({"code": 404, "message": "not found"}, 404)
        return Reply.json({"data": data})

    def _data(self, path: str, query: dict[str, list[str]]) -> Any:
        kind, _, name = path.rpartition("/")
        match kind, name:
            case "/eth/v1/beacon", "genesis":
                return {"genesis_validators_root": str(GENESIS_VALIDATORS_ROOT)}
            case "/eth/v1/beacon/states/head", "fork":
                return {"current_version": "0x" + FORK_VERSION.hex()}
            case "/eth/v1/beacon/states/head", "finality_checkpoints":
                root = str(block_root(32 * self.finalized_epoch))
                return {"finalized": {"epoch": str(self.finalized_epoch), "root": root}}
            case "/eth/v1/beacon/states/head", "validators":
                return self._validators(query)
        slot = self._slot(name)
        return None if slot is None else self._block(kind, slot)

    def _slot(self, name: str) -> int | None:
        slots = range(self.first_slot, self.head_slot + 1)
        names = {str(block_root(slot)): slot for slot in slots} | {"head": self.head_slot}
        return names.get(name)

    def _block(self, kind: str, slot: int) -> Any:
        """Give the one block of other tests under the names of this one."""
        given: Any = answers(PayloadFork.GLOAS).get(f"{kind}/{BLOCK}")
        if given is None:
            return None
        root, parent = str(block_root(slot)), str(block_root(slot - 1))
        if "header" in given:
            message = {**given["header"]["message"], "slot": str(slot), "parent_root": parent}
            return {**given, "root": root, "header": {"message": message}}
        if "signature" in given:
            return {**given, "message": {**given["message"], "slot": str(slot),
                                         "parent_root": parent}}  # fmt: skip
        return given

    def _validators(self, query: dict[str, list[str]]) -> list[Any]:
        ids = {each for one in query.get("id", []) for each in one.split(",")}
        wanted = {each for one in query.get("status", []) for each in one.split(",")}
        return [
            {
                "index": str(index),
                "status": status,
                "validator": {"pubkey": "0x" + pubkey.hex()},
            }
            for index, (pubkey, status) in self.validators.items()
            if (not ids or {str(index), "0x" + pubkey.hex()} & ids)
            and (not wanted or status in wanted)
        ]
