"""
A beacon node as far as `getStateValidators` goes, with validators that a test names.

The shape of its answers is that of ethereum/beacon-APIs (July 2026): numbers as decimal text, keys
as 0x-hex, who is not known left out, `{"code", "message"}` for errors, 404 for a state that it
does not have yet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.helpers.web_server import Reply, Request
from zkattest.crypto import bls

FAR_FUTURE = 2**64 - 1
SLOTS_PER_EPOCH = 32
_PATH = re.compile(r"/eth/v1/beacon/states/([0-9]+)/validators")


def key_of(index: int) -> bytes:
    """Return a public key that stands for a validator."""
    return bls.public_key((index + 1).to_bytes(32, "big"))


@dataclass(frozen=True)
class Member:
    """What a state has of a validator."""

    activation_epoch: int = 0
    exit_epoch: int = FAR_FUTURE
    withdrawable_epoch: int = FAR_FUTURE
    slashed: bool = False

    def status(self, epoch: int) -> str:
        """Say what the interface calls it in an epoch."""
        if epoch < self.activation_epoch:
            never = self.activation_epoch == FAR_FUTURE
            return "pending_initialized" if never else "pending_queued"
        if epoch < self.exit_epoch:
            if self.exit_epoch == FAR_FUTURE:
                return "active_ongoing"
            return "active_slashed" if self.slashed else "active_exiting"
        if epoch < self.withdrawable_epoch:
            return "exited_slashed" if self.slashed else "exited_unslashed"
        return "withdrawal_possible"

    def entry(self, index: int, epoch: int) -> dict[str, Any]:
        """Write it as the interface does."""
        return {
            "index": str(index),
            "balance": "32000000000",
            "status": self.status(epoch),
            "validator": {
                "pubkey": f"0x{key_of(index).hex()}",
                "withdrawal_credentials": "0x01" + "00" * 11 + "ab" * 20,
                "effective_balance": "32000000000",
                "slashed": self.slashed,
                "activation_eligibility_epoch": "0",
                "activation_epoch": str(self.activation_epoch),
                "exit_epoch": str(self.exit_epoch),
                "withdrawable_epoch": str(self.withdrawable_epoch),
            },
        }


@dataclass
class BeaconState:
    """Answer about these validators up to a slot; `takes_post` is False for an old node."""

    members: dict[int, Member]
    head_slot: int = 1 << 40
    takes_post: bool = True

    def __call__(self, request: Request) -> Reply:
        parts = urlsplit(request.path)
        match = _PATH.fullmatch(parts.path)
        if match is None:
            return _error(404, "Not found")
        if request.method == "POST" and not self.takes_post:
            return _error(405, "Method not allowed")
        slot = int(match[1])
        if slot > self.head_slot:
            return _error(404, "State not found")
        if request.method == "POST":
            ids = request.body["ids"]
        else:
            ids = parse_qs(parts.query).get("id", [])
            if len(ids) > 64:
                return _error(414, "Too many validator IDs in request")
        epoch = slot // SLOTS_PER_EPOCH
        entries = [
            self.members[int(one)].entry(int(one), epoch) for one in ids if int(one) in self.members
        ]
        # There are no guarantees as to their order.
        return Reply.json(
            {"execution_optimistic": False, "finalized": False, "data": entries[::-1]}
        )


def _error(code: int, message: str) -> Reply:
    return Reply.json({"code": code, "message": message}, code)
