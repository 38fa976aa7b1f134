"""
Cases made anew on a live chain, against a node of ours and against our sidecar.

The chain is a stand-in that answers the Beacon API (`live_chain_stand_in.py`); the node behind
HTTP is our machine with an engine that stands in for one and says valid of everything.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.context_node import ContextNode, proof_api
from tests.helpers.keystores import cheap_keystore
from tests.helpers.live_chain_stand_in import (
    FORK_VERSION,
    GENESIS_VALIDATORS_ROOT,
    LiveChainStandIn,
    block_root,
)
from tests.helpers.node_process import NodeProcess, write_eip8025_config
from tests.helpers.web_server import web_server
from tests.integration.test_black_box import GOSSIP, report, vectors
from tests.integration.test_proof_gossip import PROGRAM_VK
from zkattest.crypto import bls
from zkattest.machines.events import VerifyProof
from zkattest.spec.answers import ProofOutcome, ProofValid

KEYS = {12: (12).to_bytes(32, "big"), 13: (13).to_bytes(32, "big")}
GONE = {5: (bls.public_key((5).to_bytes(32, "big")), "exited_unslashed")}
VALUES = "0x" + "ab" * 32 + "01" + "01" + "00" * 7 + "01" + "15"


def chain(**changes: Any) -> LiveChainStandIn:
    active = {index: (bls.public_key(key), "active_ongoing") for index, key in KEYS.items()}
    return LiveChainStandIn(validators=active | GONE, **changes)


class EngineStandInSaysValid(ContextNode):
    """Say of every proof what it would have to commit to."""

    def _verify(self, effect: VerifyProof) -> ProofOutcome:
        return ProofValid(bytes.fromhex(VALUES[2:]))


def node_on(live: LiveChainStandIn) -> ContextNode:
    """Know the chain as a node that followed it does."""
    statuses = {"active_ongoing": "active"}
    return EngineStandInSaysValid({
        "profile": json.loads((GOSSIP / "engine/proof__reject_invalid/case.json").read_text())[
            "profile"
        ],
        "network": {
            "fork_version": "0x" + FORK_VERSION.hex(),
            "genesis_validators_root": str(GENESIS_VALIDATORS_ROOT),
        },
        "proof_types": [1, 2, 3],
        "validators": [
            {"index": index, "pubkey": "0x" + key.hex(), "status": statuses.get(one, "inactive")}
            for index, (key, one) in live.validators.items()
        ],
        "finalized_slot": 32 * live.finalized_epoch,
        "blocks": [
            {"root": str(block_root(slot)), "slot": slot, "public_values": VALUES}
            for slot in range(live.first_slot, live.head_slot + 1)
        ],
        "engine": [],
    })  # fmt: skip


def options(folder: Path, url: str, *keys: int) -> list[object]:
    """Write keystores, and name them."""
    password = folder / "password"
    password.write_text("password")
    named: list[object] = ["--beacon", url, "--password-file", password, "--json"]
    for index in keys:
        path = folder / f"{index}.json"
        path.write_bytes(cheap_keystore(KEYS[index]))
        named += ["--keystore", path]
    return named


def agreements(said: dict[str, Any]) -> dict[str, str]:
    return {one["case_id"].removeprefix("beta4/gossip/"): one["agreement"] for one in said["cases"]}


def why_not(said: dict[str, Any]) -> Counter[str]:
    return Counter(one["why"] for one in said["cases"] if one["agreement"] == "not_observed")


def test_live__cases_agree_with_our_machine_on_blocks_of_the_chain(capsys, tmp_path):
    live = chain(head_slot=140)
    with web_server(live) as server, proof_api(node_on(live)) as api:
        code, out, err = vectors(
            capsys, GOSSIP, "--against", api.url, "--engine", "accepts-all",
            *options(tmp_path, server.url, 12, 13),
        )  # fmt: skip
    assert (code, err) == (0, "")
    said = report(out)
    assert said["differs"] == 0
    assert said["agrees"] >= 60
    found = agreements(said)
    assert found["accepted/proof__accept_32_bytes"] == "agrees"
    assert found["signature/point__reject_zeros"] == "agrees"
    assert found["validator/index__reject_unknown"] == "agrees"
    reasons = why_not(said)
    assert reasons["not playable: nobody can have a node's engine fail"] > 0
    assert reasons["not playable: the node's engine says valid of every proof"] > 0
    assert not any("no block of the chain" in one for one in reasons)


def test_live__names_cases_without_a_block_of_their_own(capsys, tmp_path):
    live = chain(head_slot=35)
    with web_server(live) as server, proof_api(node_on(live)) as api:
        code, out, _ = vectors(
            capsys, GOSSIP / "accepted", "--against", api.url, "--engine", "accepts-all",
            *options(tmp_path, server.url, 12, 13),
        )  # fmt: skip
    said = report(out)
    assert (code, said["differs"]) == (0, 0)
    none_left = "not playable: no block of the chain is left that no case has used"
    assert why_not(said)[none_left] > 0
    # Slots 33 to 35: the finalized block and those before it stand for nothing new.
    assert said["agrees"] == 3


def test_live__one_key_cannot_play_what_takes_two(capsys, tmp_path):
    live = chain()
    with web_server(live) as server, proof_api(node_on(live)) as api:
        code, out, _ = vectors(
            capsys, GOSSIP, "--filter", "*/[as]*/*", "--against", api.url,
            "--engine", "accepts-all", *options(tmp_path, server.url, 12),
        )  # fmt: skip
    assert code == 0
    assert why_not(report(out))["not playable: needs keys of 2 active validators"] > 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"validators": GONE}, "is not known to the node"),
        ({"validators": {12: (bls.public_key(KEYS[12]), "exited_slashed")}}, "is not active"),
    ],
)
def test_live__not_checked_without_an_active_validator(capsys, tmp_path, changes, words):
    live = chain()
    for name, value in changes.items():
        setattr(live, name, value)
    with web_server(live) as server, proof_api(node_on(live)) as api:
        code, out, err = vectors(
            capsys, GOSSIP, "--against", api.url, *options(tmp_path, server.url, 12)
        )
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


def test_live__not_checked_where_nothing_shows_that_the_node_knows_the_blocks(capsys, tmp_path):
    """Over HTTP a node that rejects and one that ignores say the same: 400."""
    live = chain()
    with web_server(live) as server, proof_api(node_on(live)) as api:
        code, out, err = vectors(
            capsys, GOSSIP, "--against", api.url, "--engine", "real",
            *options(tmp_path, server.url, 12),
        )  # fmt: skip
    assert (code, out) == (2, "")
    assert "is not seen to be rejected" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--beacon", "http://127.0.0.1:1"], "--beacon: needs --against"),
        (["--against", "http://127.0.0.1:1", "--beacon", "http://127.0.0.1:1"],
         "--beacon: needs --keystore"),
        (["--against", "http://127.0.0.1:1", "--keystore", "k"], "--keystore: needs --beacon"),
        (["--against", "http://127.0.0.1:1", "--beacon", "http://127.0.0.1:1", "--keystore", "k"],
         "--password-file: 0 given"),
        (["--against", "http://127.0.0.1:1", "--beacon", "http://127.0.0.1:1", "--keystore", "k",
          "--password-file", "p", "--engine", "fake"], "--engine: expected real, accepts-all"),
        (["--against", "http://127.0.0.1:1", "--beacon", "http://127.0.0.1:1", "--keystore",
          "absent.json", "--password-file", "p"], "absent.json: No such file"),
    ],
)  # fmt: skip
def test_live__options_that_do_not_fit_are_one_line(capsys, arguments, words):
    code, out, err = vectors(capsys, GOSSIP / "engine", *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


@contextmanager
def sidecar(folder: Path, url: str) -> Iterator[NodeProcess]:
    pubkey = bls.public_key(KEYS[12])
    node = NodeProcess.start(write_eip8025_config(folder, PROGRAM_VK, url, pubkey))
    try:
        yield node
    finally:
        node.stop()


@pytest.mark.slow
def test_live__our_sidecar_rejects_and_ignores_as_it_should_on_its_own_chain(capsys, tmp_path):
    """Its engine is real: what is to be accepted cannot be played, the rest can."""
    with web_server(chain()) as server, sidecar(tmp_path, server.url) as node:
        code, out, err = vectors(
            capsys, GOSSIP, "--filter", "*/[cestv]*/*", "--against", node.address,
            "--engine", "real", "--proof-type", "1", "--wait-s", "0.5", "--jobs", "4",
            *options(tmp_path, server.url, 12),
        )  # fmt: skip
    assert (code, err) == (0, "")
    said = report(out)
    assert said["differs"] == 0
    assert said["observed"]["reject"] >= 15
    assert agreements(said)["engine/proof__reject_invalid"] == "agrees"
    assert why_not(said)["not playable: needs a proof that is valid, of a block of today"] > 0
