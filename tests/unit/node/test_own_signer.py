"""This node's signatures: over what the guard has entered, in the domain of the slot."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.helpers.keystores import PUBKEY, SECRET, cheap_keystore
from tests.unit.node.test_proof_signing import FailingSigner
from zkattest.crypto import bls
from zkattest.crypto.hashing import hash_tree_root_envelope, signing_root
from zkattest.crypto.proof_roots import hash_tree_root_content
from zkattest.machines.proof_events import SignatureMade
from zkattest.machines.slot_clock import SlotClock
from zkattest.node.config_signer import SignerConfig
from zkattest.node.own_signer import OwnSigner, SignerError, open_own_signer
from zkattest.node.proof_signing import KeystoreSettings, RemoteSignerSettings
from zkattest.signers import RawKeySigner
from zkattest.spec.answers import Fault, Refused
from zkattest.spec.reasons import Cause, Reason
from zkattest.spec.signing import SigningRefused
from zkattest.store import SqliteSigningGuard
from zkattest.telemetry import NullObserver
from zkattest.types.ids import ProofType, Root, Slot, ValidatorIndex
from zkattest.types.proof_messages import ExecutionProof, PublicInput, decode_message
from zkattest.types.proof_profiles import PROFILES, ProfileName
from zkattest.types.wire import ExecutionProofEnvelope, SignedExecutionProofEnvelope

BETA4 = PROFILES[ProfileName.BETA4]
BLOCK, INDEX = Root(b"\x20" * 32), ValidatorIndex(7)
ENVELOPE = ExecutionProofEnvelope(b"a proof", ProofType(1), BLOCK)
OTHER = replace(ENVELOPE, proof_data=b"another proof")
SLOTS = SlotClock(0, 1_000)


def domain_at(slot):
    """Two forks: one from slot 0, one from slot 50."""
    return b"\x0f\0\0\0" + bytes([slot >= 50]) * 28


class FixedClock:
    def __init__(self, now_ms):
        self.time_ms = now_ms

    def now_ms(self):
        return self.time_ms


class Heard(NullObserver):
    def __init__(self):
        self.events = []

    def event(self, name, **fields):
        self.events.append((name, fields))


@pytest.fixture
def guard(tmp_path):
    return SqliteSigningGuard(tmp_path / "guard.sqlite")


def signer_of(guard, *, key=None, profile=BETA4, now_ms=60_000):
    key = key or RawKeySigner(SECRET)
    clock = FixedClock(now_ms)
    return OwnSigner(profile, INDEX, key, guard, domain_at, SLOTS, Heard(), clock)


@pytest.mark.parametrize("slot", [49, 50])
async def test_message__signed_in_the_domain_of_its_slot(guard, slot):
    own = signer_of(guard)
    outcome = await own.sign(own.unsigned(ENVELOPE), Slot(slot))
    assert isinstance(outcome, SignatureMade)
    message = SignedExecutionProofEnvelope.decode(outcome.data)
    assert (message.message, message.validator_index) == (ENVELOPE, INDEX)
    root = signing_root(hash_tree_root_envelope(ENVELOPE), domain_at(slot))
    assert bls.verify(PUBKEY, root, message.signature)
    [entry] = guard.entries()
    assert (entry.signing_root, entry.subject.slot) == (root, slot)


async def test_message__of_another_revision_is_signed_under_its_own_root(guard):
    profile = PROFILES[ProfileName.GLOAS_AUG]
    content = ExecutionProof(b"a proof", ProofType(1), PublicInput(BLOCK))
    own = signer_of(guard, profile=profile)
    outcome = await own.sign(own.unsigned(content), Slot(1))
    message = decode_message(profile, outcome.data)
    root = signing_root(hash_tree_root_content(profile, content), domain_at(1))
    assert bls.verify(PUBKEY, root, message.signature)
    assert guard.entries()[0].subject.beacon_block_root == BLOCK


async def test_second_message__refused_with_what_shows_it(guard):
    own = signer_of(guard)
    await own.sign(own.unsigned(ENVELOPE), Slot(1))
    outcome = await own.sign(own.unsigned(OTHER), Slot(1))
    assert isinstance(outcome, Refused)
    assert outcome.reason is Reason.SIGNED_ANOTHER_PROOF
    assert f"block_root={BLOCK}, proof_type=1, signed=" in outcome.detail
    with pytest.raises(SigningRefused, match="signed_another_proof"):
        own.check(own.unsigned(OTHER), None)
    assert own.trouble is None


def test_check__gives_the_root_that_names_the_message(guard):
    own = signer_of(guard)
    assert own.check(own.unsigned(ENVELOPE), None) == bytes(hash_tree_root_envelope(ENVELOPE))
    assert guard.entries() == []


async def test_signer__that_is_down_is_a_fault_until_it_signs_again(guard):
    own = signer_of(guard, key=FailingSigner())
    assert await own.sign(own.unsigned(ENVELOPE), Slot(1)) == Fault(Cause.TIMEOUT, "down")
    assert own.trouble == "timeout: down"
    own.signer = RawKeySigner(SECRET)
    assert isinstance(await own.sign(own.unsigned(ENVELOPE), Slot(1)), SignatureMade)
    assert own.trouble is None


async def test_guard__that_fails_is_a_fault_and_nothing_is_signed(guard, tmp_path):
    own = signer_of(guard)
    guard.close()
    outcome = await own.sign(own.unsigned(ENVELOPE), Slot(1))
    assert outcome == Fault(
        Cause.BACKEND_UNAVAILABLE,
        f"{tmp_path / 'guard.sqlite'}: Cannot operate on a closed database.",
    )
    await own.forget(Slot(2))
    assert own.observer.events[-1][0] == "guard_not_pruned"
    assert own.forgotten_before == 0


async def test_finality__prunes_the_guard_and_leaves_its_mark(guard):
    own = signer_of(guard)
    for slot, envelope in (
        (9, ENVELOPE),
        (10, replace(ENVELOPE, beacon_block_root=Root(bytes(32)))),
    ):
        await own.sign(own.unsigned(envelope), Slot(slot))
    await own.forget(Slot(10))
    assert own.observer.events == [("guard_pruned", {"before_slot": 10, "entries": 1})]
    assert [entry.subject.slot for entry in guard.entries()] == [10]
    outcome = await own.sign(own.unsigned(OTHER), Slot(9))
    assert (outcome.reason, outcome.detail) == (
        Reason.SLOT_TOO_OLD,
        "slot=9, forgotten_before=10",
    )
    await own.forget(Slot(3))
    assert own.forgotten_before == guard.forgotten_before() == 10


async def test_finality__in_the_future_moves_no_mark(guard):
    own = signer_of(guard, now_ms=60_000)
    await own.sign(own.unsigned(ENVELOPE), Slot(9))
    await own.forget(Slot(61))
    assert own.observer.events == [("finality_in_future", {"slot": 61, "present": 60})]
    assert (guard.forgotten_before(), len(guard.entries())) == (0, 1)


def config_of(folder: Path, **changes):
    (folder / "keystore.json").write_bytes(cheap_keystore())
    (folder / "password.txt").write_text("password\n")
    settings = KeystoreSettings(folder / "keystore.json", folder / "password.txt")
    return SignerConfig(
        **({"validator_index": INDEX, "signer": settings, "guard": folder / "guard"} | changes)
    )


async def test_signer__opened_with_its_keystore_and_what_the_guard_remembers(tmp_path):
    SqliteSigningGuard(tmp_path / "guard").forget(Slot(4))
    config = config_of(tmp_path)
    async with open_own_signer(config, BETA4, domain_at, SLOTS, Heard()) as own:
        assert (own.signer.pubkey, own.index, own.forgotten_before) == (PUBKEY, INDEX, 4)


async def test_signer__opened_without_asking_the_remote_one(tmp_path):
    remote = RemoteSignerSettings("http://127.0.0.1:1", PUBKEY)
    config = config_of(tmp_path, signer=remote)
    async with open_own_signer(config, BETA4, domain_at, SLOTS, Heard()) as own:
        assert own.signer.pubkey == PUBKEY


@pytest.mark.parametrize(
    ("name", "content", "field"),
    [
        ("password.txt", b"wrong\n", "signer.keystore"),
        ("guard", b"not a database" * 100, "signer.guard"),
    ],
)
async def test_signer__names_the_field_that_cannot_be_used(tmp_path, name, content, field):
    config = config_of(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SignerError) as refusal:
        async with open_own_signer(config, BETA4, domain_at, SLOTS, Heard()):
            raise AssertionError
    assert refusal.value.field == field
    assert str(tmp_path) in str(refusal.value)
    assert "\n" not in str(refusal.value)
