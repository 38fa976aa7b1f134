"""A proof is signed after its guard has said yes, and never before."""

import pytest
import trio

from tests.helpers.keystores import PUBKEY, SECRET, cheap_keystore
from tests.helpers.remote_signer import generic_signer
from tests.helpers.web_server import web_server
from zkattest.crypto import bls
from zkattest.crypto.hashing import hash_tree_root_envelope
from zkattest.node.proof_signing import (
    EnvelopeSigner,
    KeystoreSettings,
    RemoteSignerSettings,
    open_signer,
)
from zkattest.rpc import SignerLimits
from zkattest.signers import KeystoreError, RawKeySigner
from zkattest.spec.reasons import Cause, Reason
from zkattest.spec.signing import CannotSign, ProofSubject, SigningData, SigningRefused
from zkattest.store import SqliteSigningGuard
from zkattest.store.signing_guard import SignedProof
from zkattest.types.ids import ProofType, Root, Slot, ValidatorIndex
from zkattest.types.wire import ExecutionProofEnvelope, SignedExecutionProofEnvelope

DOMAIN = b"\x0f\0\0\0" + b"\x22" * 28
BLOCK, TYPE, INDEX, SLOT = Root(b"\x20" * 32), ProofType(1), ValidatorIndex(7), Slot(99)
ENVELOPE = ExecutionProofEnvelope(b"a proof", TYPE, BLOCK)
OTHER = ExecutionProofEnvelope(b"another proof", TYPE, BLOCK)
DATA = SigningData(hash_tree_root_envelope(ENVELOPE), DOMAIN)


class FailingSigner:
    """Hold the key, and be down."""

    pubkey = PUBKEY

    async def sign(self, data):
        await trio.lowlevel.checkpoint()
        raise CannotSign(Cause.TIMEOUT, "down")


class WatchingSigner(RawKeySigner):
    """Look, as another process would, what is on disk when the key is asked."""

    def __init__(self, path):
        super().__init__(SECRET)
        self.path = path
        self.seen = []

    async def sign(self, data):
        self.seen += SqliteSigningGuard(self.path).entries()
        return await super().sign(data)


@pytest.fixture
def guard(tmp_path):
    return SqliteSigningGuard(tmp_path / "guard.sqlite")


async def test_envelope__signed_in_its_domain():
    signed = await EnvelopeSigner(RawKeySigner(SECRET), INDEX, DOMAIN).sign(ENVELOPE)
    signature = bls.sign(SECRET, DATA.signing_root)
    assert signed == SignedExecutionProofEnvelope(ENVELOPE, INDEX, signature)


async def test_envelope__entered_with_key_block_type_and_slot_before_it_is_signed(guard):
    signer = WatchingSigner(guard.path)
    await EnvelopeSigner(signer, INDEX, DOMAIN, guard).sign(ENVELOPE, SLOT)
    subject = ProofSubject(PUBKEY, BLOCK, TYPE, SLOT)
    assert signer.seen == guard.entries() == [SignedProof(subject, DATA.signing_root)]


async def test_envelope__refused_where_another_proof_was_signed(guard):
    signer = EnvelopeSigner(RawKeySigner(SECRET), INDEX, DOMAIN, guard)
    first = await signer.sign(ENVELOPE, SLOT)
    assert await signer.sign(ENVELOPE, SLOT) == first
    with pytest.raises(SigningRefused) as refusal:
        await signer.sign(OTHER, SLOT)
    assert refusal.value.reason is Reason.SIGNED_ANOTHER_PROOF
    second = await signer.sign(OTHER, SLOT, allow_second=True)
    assert second.message == OTHER


async def test_envelope__may_be_signed_again_after_the_signer_failed(guard):
    with pytest.raises(CannotSign, match="timeout: down"):
        await EnvelopeSigner(FailingSigner(), INDEX, DOMAIN, guard).sign(ENVELOPE, SLOT)
    # The entry stays: a signature may have been made and lost on its way.
    signer = EnvelopeSigner(RawKeySigner(SECRET), INDEX, DOMAIN, guard)
    assert (await signer.sign(ENVELOPE, SLOT)).message == ENVELOPE
    with pytest.raises(SigningRefused):
        await signer.sign(OTHER, SLOT)


async def test_envelope__one_of_two_signed_when_both_are_asked_for_at_once(guard):
    signer = EnvelopeSigner(RawKeySigner(SECRET), INDEX, DOMAIN, guard)
    outcomes = []

    async def sign(envelope):
        try:
            outcomes.append((await signer.sign(envelope, SLOT)).message)
        except SigningRefused as refusal:
            outcomes.append(refusal.reason)

    async with trio.open_nursery() as nursery:
        for envelope in (ENVELOPE, OTHER):
            nursery.start_soon(sign, envelope)
    assert Reason.SIGNED_ANOTHER_PROOF in outcomes
    assert (ENVELOPE in outcomes) != (OTHER in outcomes)


async def test_signer__opened_from_a_keystore(tmp_path):
    settings = KeystoreSettings(tmp_path / "keystore.json", tmp_path / "password.txt")
    settings.keystore.write_bytes(cheap_keystore())
    settings.password_file.write_text("password")
    async with open_signer(settings) as signer:
        assert signer.pubkey == PUBKEY
        assert bls.verify(PUBKEY, DATA.signing_root, await signer.sign(DATA))
    settings.password_file.write_text("guessed")
    with pytest.raises(KeystoreError, match="wrong"):
        async with open_signer(settings):
            pass


async def test_signer__opened_at_a_remote_address():
    with web_server(generic_signer(SECRET)) as server:
        settings = RemoteSignerSettings(server.url, PUBKEY, SignerLimits(deadline_ms=20_000))
        async with open_signer(settings) as signer:
            assert signer.pubkey == PUBKEY
            assert server.requests == []
            assert bls.verify(PUBKEY, DATA.signing_root, await signer.sign(DATA))
