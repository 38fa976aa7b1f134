"""Sizes that the network fixes, and the pieces a message is made of."""

import pytest

from zkattest.types.errors import DecodeError
from zkattest.types.execution import (
    CLAIM_CODEC,
    EMPTY_TRIE_ROOT,
    MAX_CLAIM_BYTES,
    ExecutionClaim,
    ExecutionWitness,
)
from zkattest.types.ids import Address, BlockHash, ChainId, ProofType, Root, Slot, ValidatorIndex
from zkattest.types.wire import (
    MAX_PROOF_BYTES,
    MAX_SIGNED_PROOF_BYTES,
    DelayedBlock,
    ExecutionProofEnvelope,
    PublicValues,
    SignedExecutionProofEnvelope,
)

ZERO = Root(bytes(32))


def signed_proof(size):
    envelope = ExecutionProofEnvelope(bytes(size), ProofType(1), ZERO)
    return SignedExecutionProofEnvelope(envelope, ValidatorIndex(3), bytes(96))


def test_signed_proof__largest_has_the_size_of_the_specification():
    encoded = signed_proof(MAX_PROOF_BYTES).encode()
    assert len(encoded) == MAX_SIGNED_PROOF_BYTES == 4_194_449
    assert SignedExecutionProofEnvelope.decode(encoded) == signed_proof(MAX_PROOF_BYTES)


def test_signed_proof__refused_one_byte_over():
    encoded = signed_proof(MAX_PROOF_BYTES).encode() + b"\0"
    with pytest.raises(DecodeError, match="exceed the limit"):
        SignedExecutionProofEnvelope.decode(encoded)


def test_envelope__layout():
    encoded = ExecutionProofEnvelope(b"proof", ProofType(7), Root(b"\x11" * 32)).encode()
    assert encoded == (37).to_bytes(4, "little") + b"\x07" + b"\x11" * 32 + b"proof"


def test_claim__has_449_bytes():
    assert CLAIM_CODEC.fixed_bytes == MAX_CLAIM_BYTES == 449


def test_public_values__layout():
    values = PublicValues(Root(b"\x22" * 32), True, ChainId(7886), 0x7886)
    encoded = values.encode()
    assert len(encoded) == 43
    assert encoded == b"\x22" * 32 + b"\x01" + (7886).to_bytes(8, "little") + b"\x86\x78"
    assert not values.is_sentinel
    assert PublicValues.decode(bytes(43)).is_sentinel


def test_delayed_block__takes_a_package_apart_and_joins_it_again():
    claim = ExecutionClaim(
        BlockHash(ZERO), ZERO, ZERO, EMPTY_TRIE_ROOT, EMPTY_TRIE_ROOT, bytes(256), ZERO, False
    )
    witness = ExecutionWitness((b"node",), (b"code",), (b"header",))
    hints = (Address(bytes(20)),)
    block = DelayedBlock(Slot(9), ChainId(1), b"rlp", (ZERO,), witness, hints)
    package = block.package(claim)
    assert DelayedBlock.from_package(Slot(9), package, hints) == block
    assert package.stateless_input().witness == witness
