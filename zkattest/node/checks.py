"""Perform the machines' blocking work in threads: signatures, decoding, static rules."""

from __future__ import annotations

from typing import Final

from zkattest.crypto import bls
from zkattest.crypto.hashing import keccak256, sha256
from zkattest.crypto.keys import KeyCache, SenderHints
from zkattest.machines.events import (
    BlockOutcome,
    BlockValid,
    CheckBlock,
    CheckSignature,
    OpenBlock,
    OpenedBlock,
    OpenOutcome,
)
from zkattest.node.profile import Profile
from zkattest.node.signing import Message
from zkattest.node.state import StateSources
from zkattest.spec.answers import Fault, Refused, SignatureOutcome, SignatureValid
from zkattest.spec.budget import DEFAULT_BUDGET, require_witness_in_budget
from zkattest.spec.presets import OSAKA
from zkattest.spec.reasons import CannotVerify, Cause, InvalidBlock, Reason
from zkattest.spec.static_block import ChainView, read_block, validate_block
from zkattest.types.errors import WitnessError
from zkattest.types.ids import Root, ValidatorIndex

# Keys of senders seen before: some 50 MiB when it is full.
KEPT_KEYS: Final = 1 << 18


class StaticChecker:
    """Answer `OpenBlock`, `CheckBlock` and `CheckSignature` for one network."""

    def __init__(self, profile: Profile, state: StateSources | None = None) -> None:
        self._profile = profile
        self._state = state or StateSources()
        self._fork = profile.fork
        self._keys = KeyCache(KEPT_KEYS)

    def open_block(self, work: OpenBlock) -> OpenOutcome:
        """Check the proposer's signature, then decode the block."""
        signed = work.signed
        try:
            # Anyone can send a witness of crumbs; hashing it for the signature would be dear.
            require_witness_in_budget(signed.message.witness, DEFAULT_BUDGET)
            if not self._is_signed(signed.message, signed.proposer_index, signed.signature):
                return Refused(Reason.MESSAGE_SIGNATURE_INVALID)
            block = read_block(signed.message.block, OSAKA)
            return OpenedBlock(
                content_id=_content_id(signed.message.block, signed.message.versioned_hashes),
                block_hash=block.block_hash,
                header=block.header,
                transactions_root=block.transactions_root(),
                block=block,
            )
        except InvalidBlock as refusal:
            return Refused(refusal.reason, str(refusal))
        except CannotVerify as failure:
            return Fault(failure.cause, failure.detail)
        except WitnessError as failure:
            return Fault(Cause(failure.cause), failure.detail)

    def check_block(self, work: CheckBlock) -> BlockOutcome:
        """Apply the static rules against the parent."""
        message, block = work.signed.message, work.opened.block
        view = ChainView(
            chain_id=message.chain_id,
            parent_header=work.parent_header,
            parent_outputs=work.parent_outputs,
        )
        accounts = self._state.reader(block.header, message.witness)
        try:
            hints = SenderHints(self._keys, message.sender_hints)
            validate_block(view, block, accounts, message.versioned_hashes, OSAKA, hints)
        except InvalidBlock as refusal:
            return Refused(refusal.reason, str(refusal))
        except CannotVerify as failure:
            return Fault(failure.cause, failure.detail)
        except WitnessError as failure:
            return Fault(Cause(failure.cause), failure.detail)
        self._state.put_aside(work.opened.content_id, accounts)
        return BlockValid()

    def check_signature(self, work: CheckSignature) -> SignatureOutcome:
        """Check the signature of a proof or of a claim."""
        signed = work.signed
        if self._is_signed(signed.message, signed.validator_index, signed.signature):
            return SignatureValid()
        return Refused(Reason.MESSAGE_SIGNATURE_INVALID)

    def _is_signed(self, message: Message, index: ValidatorIndex, signature: bytes) -> bool:
        # The machine has checked that the index is one of ours.
        return bls.verify(self._profile.pubkeys[index], self._fork.signing_root(message), signature)


def _content_id(block: bytes, versioned_hashes: tuple[Root, ...]) -> Root:
    """Name a block by all that the static rules judge; hashes of fixed length come last."""
    return Root(sha256(keccak256(block) + b"".join(versioned_hashes)))
