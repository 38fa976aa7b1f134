"""A signature counts for one kind of message, of one fork of one network."""

from tests.helpers.attester import chain
from zkattest.crypto import bls
from zkattest.machines.events import (
    CheckSignature,
    JobId,
)
from zkattest.machines.settings import Anchor
from zkattest.machines.slot_clock import SlotClock
from zkattest.node.checks import StaticChecker
from zkattest.node.profile import Profile
from zkattest.node.signing import ForkIdentity, Signer
from zkattest.spec.answers import Refused, SignatureValid
from zkattest.spec.reasons import Reason
from zkattest.types.ids import ChainId, ProofType, Root, ValidatorIndex
from zkattest.types.wire import ExecutionProofEnvelope, SignedExecutionProofEnvelope

SECRETS = [bls.secret_key_from_seed(bytes([n]) * 32) for n in (1, 2)]
ANCHOR = chain(0)[0]
PROFILE = Profile(
    chain_id=ChainId(7886),
    fork_version=b"\x78\x86\x00\x00",
    anchor=Anchor(ANCHOR.block_hash, ANCHOR.header, ANCHOR.claim),
    clock=SlotClock(0, 6000),
    pubkeys=tuple(map(bls.public_key, SECRETS)),
    proposers=(ValidatorIndex(0),),
    proof_types={},
)
ENVELOPE = ExecutionProofEnvelope(b"proof", ProofType(1), Root(bytes(32)))


def check(signed):
    return StaticChecker(PROFILE).check_signature(CheckSignature(JobId(1), signed))


def signer(index=0, fork=None):
    return Signer(fork or PROFILE.fork, ValidatorIndex(index), SECRETS[index])


def test_signature__valid_for_what_was_signed():
    assert check(signer().proof(ENVELOPE)) == SignatureValid()
    assert check(signer(1).claim(ANCHOR.claim)) == SignatureValid()


def test_signature__refused_for_another_message_signer_kind_or_fork():
    good = signer().proof(ENVELOPE)
    other = ExecutionProofEnvelope(b"proog", ProofType(1), Root(bytes(32)))
    refused = Refused(Reason.MESSAGE_SIGNATURE_INVALID)
    assert check(SignedExecutionProofEnvelope(other, ValidatorIndex(0), good.signature)) == refused
    assert check(SignedExecutionProofEnvelope(ENVELOPE, ValidatorIndex(1), good.signature)) == (
        refused
    )
    assert check(SignedExecutionProofEnvelope(ENVELOPE, ValidatorIndex(0), bytes(96))) == refused
    fork = ForkIdentity(b"\x00\x00\x00\x01", PROFILE.fork.genesis_validators_root)
    assert check(signer(fork=fork).proof(ENVELOPE)) == refused


def test_domains__differ_by_kind():
    roots = {PROFILE.fork.signing_root(m) for m in (ENVELOPE, ANCHOR.claim)}
    assert len(roots) == 2
