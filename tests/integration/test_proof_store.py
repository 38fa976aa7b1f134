"""The store of proofs against a real PostgreSQL server, and with a node that is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.helpers import postgres
from tests.helpers.proof_gossip import BLOCK, ProofPlayer, signed_proof
from tests.unit.store.test_proofs import fill
from zkattest.machines.proof_events import ForgetProofs, SavedProofs
from zkattest.spec.reasons import Reason
from zkattest.store.proofs import ProofStore
from zkattest.store.sqlite import StoreError
from zkattest.types.gossip import Verdict
from zkattest.types.ids import Slot

# Saves the proof of one block, says so, and waits to be killed.
NODE = """
import sys
from tests.helpers.proof_gossip import ProofPlayer, signed_proof
from tests.integration.test_proof_store import saved_effects
from zkattest.store.proofs import ProofStore

store = ProofStore(sys.argv[1], "network")
play = ProofPlayer()
play.know()
play.receive(signed_proof())
play.answer_engine()
store.save(saved_effects(play))
print("saved", flush=True)
sys.stdin.read()
"""


def saved_effects(play: ProofPlayer) -> list:
    from typing import get_args

    from zkattest.machines.proof_events import ProofSaveEffect

    return [effect for effect in play.effects if isinstance(effect, get_args(ProofSaveEffect))]


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    if not postgres.is_installed():
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with postgres.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'proofs.sqlite'}"
    return request.getfixturevalue("postgres_url")


def test_store__gives_back_what_was_saved_in_any_database(url):
    store = ProofStore(url, "network", "one")
    expected = fill(store)
    assert store.load() == expected
    store.save([ForgetProofs(Slot(100))])
    assert ProofStore(url, "network", "one").load().blocks == ()
    with pytest.raises(StoreError, match="made for network"):
        ProofStore(url, "other", "one")


def test_restart__after_a_kill_verifies_nothing_twice(url):
    node = subprocess.Popen(
        [sys.executable, "-c", NODE, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert node.stdout.readline() == "saved\n"
    node.send_signal(signal.SIGKILL)
    node.wait()
    store = ProofStore(url, "network")
    again = ProofPlayer(saved=store.load())
    again.receive(signed_proof(b"another", validator=9))
    assert again.verdicts() == [(Verdict.IGNORE, Reason.PROOF_ALREADY_KNOWN)]
    [kept] = store.proofs_by_root(BLOCK, limit=4)
    assert kept.data == signed_proof().encode()
    assert store.load() != SavedProofs()
