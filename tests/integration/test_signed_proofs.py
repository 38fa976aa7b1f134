"""A proof signed from a keystore, judged by a node that asks a beacon node who its signer is."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import trio

from tests.helpers.beacon_node import BeaconState, Member, key_of
from tests.helpers.gossip import ANY_PORT, SETTINGS, seed
from tests.helpers.keystores import cheap_keystore
from tests.helpers.web_server import Reply, web_server
from tests.integration.test_proof_gossip import (
    DOMAIN,
    PACK,
    TOPIC,
    Log,
    Verifiers,
    open_prover,
    settings_for,
)
from tests.unit.rpc.test_beacon_chain import answers, responder
from zkattest.net import GossipHost
from zkattest.node.eip8025 import open_proof_gossip
from zkattest.node.proof_signing import EnvelopeSigner, KeystoreSettings, open_signer
from zkattest.spec.reasons import Reason
from zkattest.store import SqliteSigningGuard
from zkattest.types.ids import ProofType, Root, ValidatorIndex
from zkattest.types.proof_profiles import PayloadFork
from zkattest.types.wire import MAX_SIGNED_PROOF_BYTES, ExecutionProofEnvelope

pytestmark = pytest.mark.skipif(not PACK[1].has_proof, reason="the recorded chain has no proofs")

# The block that the consensus node of the test has: slot 77, so epoch 2.
BLOCK, SLOT = Root(b"\x01" * 32), 77
MEMBERS = {0: Member(), 1: Member(exit_epoch=2), 2: Member(), 3: Member(activation_epoch=2)}
STATE = BeaconState(MEMBERS)


def consensus_node(validators):
    """Answer about blocks as a node at slot 77 does, and about validators with this."""
    known = answers(PayloadFork.GLOAS)
    known["/eth/v1/beacon/states/head/finality_checkpoints"]["finalized"]["epoch"] = "1"
    blocks = responder(known)

    def respond(request):
        return validators(request) if "/validators" in request.path else blocks(request)

    return respond


async def signed_by(folder, index, *, key):
    """Sign as a validator with the keystore of a validator, and with a guard."""
    secret = (key + 1).to_bytes(32, "big")
    keystore = KeystoreSettings(folder / f"{index}.json", folder / "password.txt")
    keystore.keystore.write_bytes(cheap_keystore(secret))
    keystore.password_file.write_text("password")
    envelope = ExecutionProofEnvelope(PACK[1].proof(), ProofType(1), BLOCK)
    async with open_signer(keystore) as signer:
        assert signer.pubkey == key_of(key)
        guard = SqliteSigningGuard(folder / "guard.sqlite")
        sealing = EnvelopeSigner(signer, ValidatorIndex(index), DOMAIN, guard)
        return (await sealing.sign(envelope)).encode()


@asynccontextmanager
async def judging(validators):
    """Run a node beside a consensus node; give what sends it messages and awaits the verdict."""
    log, verifiers = Log(), Verifiers()
    with trio.fail_after(60), web_server(consensus_node(validators)) as server:
        async with (
            GossipHost.open(
                ANY_PORT, (), {TOPIC: MAX_SIGNED_PROOF_BYTES}, seed(1), SETTINGS
            ) as host,
            open_proof_gossip(settings_for(server.url), host, verifiers, log) as runner,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(runner.run, host.messages)
            async with open_prover(3, host.address) as (prover, _):

                async def judged(data):
                    count = len(log.settled)
                    prover.publish(TOPIC, data)
                    await log.wait_for(count + 1)
                    return log.settled[-1]

                yield judged, verifiers
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("index", "key", "reason"),
    [
        (1, 1, Reason.VALIDATOR_NOT_ACTIVE),
        (9, 9, Reason.UNKNOWN_VALIDATOR),
        (2, 7, Reason.MESSAGE_SIGNATURE_INVALID),
        # These are verified; what the proof proves is of another network than this one.
        (0, 0, Reason.SCHEMA_MISMATCH),
        (3, 3, Reason.SCHEMA_MISMATCH),
    ],
    ids=["exited", "unknown", "another's key", "active", "active since this epoch"],
)
async def test_node__verifies_proofs_of_active_validators_only(tmp_path, index, key, reason):
    async with judging(STATE) as (judged, verifiers):
        assert await judged(await signed_by(tmp_path, index, key=key)) == ("reject", reason)
        assert verifiers.verified == (reason is Reason.SCHEMA_MISMATCH)


@pytest.mark.parametrize(
    "validators",
    [
        lambda request: Reply(500),
        lambda request: Reply.json({"data": []}),
        lambda request: Reply.json({"data": [Member().entry(1, 1)]}),
        replace(STATE, head_slot=31),
    ],
    ids=["broken", "empty", "not what was asked", "behind"],
)
async def test_node__blames_nobody_for_a_beacon_node_without_an_answer(tmp_path, validators):
    async with judging(validators) as (judged, verifiers):
        for index in (0, 1, 9):
            data = await signed_by(tmp_path, index, key=index)
            assert await judged(data) == ("ignore", Reason.NOT_CHECKED)
        assert verifiers.verified == 0
