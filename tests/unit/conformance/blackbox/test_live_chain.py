"""Blocks of a chain are given out once, newest first; of validators only active ones are of use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.helpers.live_chain_stand_in import (
    FORK_VERSION,
    GENESIS_VALIDATORS_ROOT,
    LiveChainStandIn,
    block_root,
)
from tests.helpers.web_server import web_server
from zkattest.conformance.blackbox.live import EngineKind
from zkattest.conformance.blackbox.live_chain import LiveBlocks, read_terms
from zkattest.conformance.blackbox.run import NodeUnavailable
from zkattest.conformance.proof_scene import Network
from zkattest.rpc import BeaconChain
from zkattest.rpc.beacon_network import BeaconNetwork
from zkattest.signers import RawKeySigner
from zkattest.types.ids import ProofType
from zkattest.types.proof_profiles import PROFILES, ProfileName, ProofProfile

BETA4, GLOAS_AUG = PROFILES[ProfileName.BETA4], PROFILES[ProfileName.GLOAS_AUG]
SIGNER = RawKeySigner(b"\x07" * 32)


@contextmanager
def blocks_of(live: LiveChainStandIn, profile: ProofProfile = BETA4) -> Iterator[LiveBlocks]:
    with web_server(live) as server, closing(BeaconChain(server.url, profile)) as chain:
        yield LiveBlocks(chain, profile)


def test_take__gives_each_block_after_the_finalized_one_once() -> None:
    live = LiveChainStandIn(head_slot=36)
    with blocks_of(live) as blocks:
        assert blocks.take(1) == [block_root(36)]
        assert blocks.take(2) == [block_root(35), block_root(34)]
        assert blocks.take(2) is None
        assert blocks.take(1) == [block_root(33)]
        assert blocks.take(1) is None
        live.head_slot = 38
        assert blocks.take(2) == [block_root(38), block_root(37)]


def test_share__gives_the_same_block_to_all_that_leave_no_marks() -> None:
    with blocks_of(LiveChainStandIn(head_slot=36)) as blocks:
        assert blocks.share(1) == blocks.share(1) == [block_root(36)]
        assert blocks.share(0) == []
        assert blocks.share(2) == [block_root(36), block_root(35)]
        assert blocks.take(1) == [block_root(34)]


def test_finalized__is_before_the_checkpoint() -> None:
    with blocks_of(LiveChainStandIn()) as blocks:
        assert blocks.finalized() == block_root(31)
    with blocks_of(LiveChainStandIn(first_slot=32)) as blocks:
        assert blocks.finalized() is None


def test_take__names_payload_requests_where_messages_do() -> None:
    with blocks_of(LiveChainStandIn(), GLOAS_AUG) as blocks:
        [one] = blocks.take(1) or []
        assert one != block_root(77)


async def test_read_terms__takes_network_and_validators_from_the_node() -> None:
    live = LiveChainStandIn(
        validators={4: (SIGNER.pubkey, "active_exiting"), 6: (b"\x01" * 48, "withdrawal_done")}
    )
    with web_server(live) as server, closing(BeaconNetwork(server.url)) as network:
        terms = await read_terms(network, [SIGNER], EngineKind.REAL, [ProofType(1)])
    assert terms.network == Network(FORK_VERSION, GENESIS_VALIDATORS_ROOT)
    assert [one.index for one in terms.validators] == [4]
    assert (terms.outside, terms.proof_types) == (6, (ProofType(1),))


@pytest.mark.parametrize(
    ("status", "words"), [(None, "is not known to the node"), ("pending_queued", "is not active")]
)
async def test_read_terms__refuses_a_key_of_nobody_active(status: str | None, words: str) -> None:
    validators = {} if status is None else {4: (SIGNER.pubkey, status)}
    live = LiveChainStandIn(validators=validators)
    with (
        web_server(live) as server,
        closing(BeaconNetwork(server.url)) as network,
        pytest.raises(NodeUnavailable, match=words),
    ):
        await read_terms(network, [SIGNER], EngineKind.REAL, [ProofType(1)])
