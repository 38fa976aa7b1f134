"""The blocking work of a node answers, whatever a message holds."""

from dataclasses import replace

from tests.helpers.blocks import Case
from zkattest.crypto import bls
from zkattest.crypto.header_rlp import header_hash
from zkattest.machines.events import (
    JobId,
    OpenBlock,
    OpenedBlock,
)
from zkattest.machines.settings import Anchor
from zkattest.machines.slot_clock import SlotClock
from zkattest.node.checks import StaticChecker
from zkattest.node.profile import Profile
from zkattest.node.signing import Signer
from zkattest.spec.answers import Fault, Refused
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.ids import Slot, ValidatorIndex
from zkattest.types.wire import DelayedBlock, SignedDelayedBlock

SECRET = bls.secret_key_from_seed(bytes(32))
CASE = Case()
PROFILE = Profile(
    chain_id=CASE.chain_id,
    fork_version=bytes(4),
    anchor=Anchor(header_hash(CASE.parent), CASE.parent, CASE.claim),
    clock=SlotClock(0, 12_000),
    pubkeys=(bls.public_key(SECRET),),
    proposers=(ValidatorIndex(0),),
    proof_types={},
)
MESSAGE = DelayedBlock.from_package(Slot(1), CASE.package())
SIGNER = Signer(PROFILE.fork, ValidatorIndex(0), SECRET)


def open_block(signed: SignedDelayedBlock):
    return StaticChecker(PROFILE).open_block(OpenBlock(JobId(1), signed))


def test_block__opened():
    opened = open_block(SIGNER.block(MESSAGE))
    assert isinstance(opened, OpenedBlock)
    assert opened.header == CASE.child_header()


def test_block__refused_signature():
    signed = SIGNER.block(MESSAGE)
    changed = replace(signed, message=replace(MESSAGE, slot=Slot(2)))
    assert open_block(changed) == Refused(Reason.MESSAGE_SIGNATURE_INVALID)


def test_block__with_a_witness_of_crumbs_is_not_even_hashed():
    crumbs = replace(MESSAGE.witness, state=(b"x",) * 2_000)
    signed = SignedDelayedBlock(replace(MESSAGE, witness=crumbs), ValidatorIndex(0), bytes(96))
    outcome = open_block(signed)
    assert isinstance(outcome, Fault)
    assert outcome.cause is Cause.OUT_OF_RESOURCES


def test_block__with_too_many_transactions_is_a_fault_of_nobody():
    # 4,000 transactions of one byte each: more than a block of its size can have.
    block = CASE.but(transactions=()).block_rlp()
    assert block.endswith(b"\xc0" * 3)
    payload = block[3:-3] + b"\xf9\x0f\xa0" + bytes(4_000) + b"\xc0\xc0"
    long = b"\xf9" + len(payload).to_bytes(2, "big") + payload
    outcome = open_block(SIGNER.block(replace(MESSAGE, block=long)))
    assert isinstance(outcome, Fault)
    assert (outcome.cause, outcome.detail) == (
        Cause.OUT_OF_RESOURCES,
        f"4000 transactions, limit {1_024 + len(long) // 64}",
    )
