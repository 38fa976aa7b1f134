"""A consensus node's answers about blocks, over real HTTP, and what is made of nonsense."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from tests.helpers.web_server import Reply, Request, web_server
from zkattest.crypto.hashing import sha256
from zkattest.crypto.proof_roots import hash_tree_root_request
from zkattest.rpc.beacon_chain import BeaconChain, BeaconHead, Checkpoint, versioned_hashes
from zkattest.types.errors import SourceUnavailable
from zkattest.types.ids import Address, BlockHash, Epoch, Root, Slot
from zkattest.types.payload_request import (
    ExecutionPayload,
    ExecutionRequests,
    FuluExecutionPayload,
    FuluExecutionRequests,
    NewPayloadRequest,
    Withdrawal,
    request_codec,
)
from zkattest.types.proof_profiles import PROFILES, PayloadFork, ProfileName
from zkattest.types.ssz_json import to_json

GLOAS = PROFILES[ProfileName.BETA4]
FULU = PROFILES[ProfileName.FULU_DEVNET]
BLOCK, PARENT = Root(b"\x01" * 32), Root(b"\x02" * 32)
COMMITMENTS = [bytes([number]) * 48 for number in (5, 6)]
COMMON: dict[str, Any] = {
    "parent_hash": BlockHash(b"\x03" * 32),
    "fee_recipient": Address(b"\x04" * 20),
    "state_root": Root(b"\x05" * 32),
    "receipts_root": Root(b"\x06" * 32),
    "logs_bloom": bytes(256),
    "prev_randao": Root(b"\x07" * 32),
    "block_number": 12,
    "gas_limit": 60_000_000,
    "gas_used": 21_000,
    "timestamp": 1_800_000_000,
    "extra_data": b"zkattest",
    "base_fee_per_gas": 10**20,
    "block_hash": BlockHash(b"\x08" * 32),
    "transactions": (b"\x02\xc0", b"\xc0"),
    "withdrawals": (Withdrawal(1, 2, Address(b"\x09" * 20), 3),),
    "blob_gas_used": 262_144,
    "excess_blob_gas": 0,
}


def request_of(fork: PayloadFork) -> NewPayloadRequest:
    payload: FuluExecutionPayload = FuluExecutionPayload(**COMMON)
    requests: FuluExecutionRequests = FuluExecutionRequests((), (), ())
    if fork is PayloadFork.GLOAS:
        payload = ExecutionPayload(**COMMON, block_access_list=b"\xc0", slot_number=77)
        requests = ExecutionRequests((), (), (), (), ())
    return NewPayloadRequest(payload, versioned_hashes(COMMITMENTS), PARENT, requests)


def answers(fork: PayloadFork) -> dict[str, Any]:
    """Answer as a node does whose head is one block."""
    profile = GLOAS if fork is PayloadFork.GLOAS else FULU
    request = to_json(request_codec(profile), request_of(fork))
    payload, requests = request["execution_payload"], request["execution_requests"]
    commitments = ["0x" + one.hex() for one in COMMITMENTS]
    message: dict[str, Any] = {"slot": "77", "proposer_index": "1", "parent_root": str(PARENT)}
    if fork is PayloadFork.FULU:
        message["body"] = {
            "execution_payload": payload,
            "execution_requests": requests,
            "blob_kzg_commitments": commitments,
        }
    else:
        bid = {"message": {"blob_kzg_commitments": commitments}, "signature": "0x"}
        message["body"] = {"signed_execution_payload_bid": bid}
    header = {"root": str(BLOCK), "canonical": True, "header": {"message": message}}
    envelope = {"message": {"payload": payload, "execution_requests": requests}}
    return {
        "/eth/v1/beacon/headers/head": header,
        f"/eth/v1/beacon/headers/{BLOCK}": header,
        f"/eth/v2/beacon/blocks/{BLOCK}": {"message": message, "signature": "0x"},
        f"/eth/v1/beacon/execution_payload_envelopes/{BLOCK}": envelope,
        "/eth/v1/beacon/states/head/finality_checkpoints": {
            "finalized": {"epoch": "9", "root": str(PARENT)}
        },
    }


def responder(known: dict[str, Any]) -> Any:
    def respond(request: Request) -> Reply:
        if request.path in known:
            return Reply.json({"version": "gloas", "data": known[request.path]})
        return Reply.json({"code": 404, "message": "not found"}, status=404)

    return respond


@pytest.mark.parametrize(("fork", "profile"), [("fulu", FULU), ("gloas", GLOAS)])
def test_block__read_as_the_request_that_its_proof_is_about(fork, profile):
    with web_server(responder(answers(PayloadFork(fork)))) as server:
        chain = BeaconChain(server.url, profile)
        head = BeaconHead(BLOCK, Slot(77), PARENT)
        assert chain.header("head") == chain.header(BLOCK) == head
        assert chain.header(PARENT) is None
        assert chain.finalized() == Checkpoint(Epoch(9), PARENT)
        expected = hash_tree_root_request(profile, request_of(PayloadFork(fork)))
        assert chain.payload_request_root(BLOCK) == expected
        assert chain.payload_request_root(PARENT) is None
        chain.close()


def test_payload__none_while_its_envelope_is_missing_and_the_block_is_not_fetched():
    known = answers(PayloadFork.GLOAS)
    path = f"/eth/v1/beacon/execution_payload_envelopes/{BLOCK}"
    del known[path]
    with web_server(responder(known)) as server:
        assert BeaconChain(server.url, GLOAS).payload_request_root(BLOCK) is None
        assert [request.path for request in server.requests] == [path]


def test_payload__none_while_its_block_is_missing():
    known = answers(PayloadFork.GLOAS)
    del known[f"/eth/v2/beacon/blocks/{BLOCK}"]
    with web_server(responder(known)) as server:
        assert BeaconChain(server.url, GLOAS).payload_request_root(BLOCK) is None


def test_versioned_hash__begins_with_its_version():
    [one] = versioned_hashes(COMMITMENTS[:1])
    assert one == b"\x01" + sha256(COMMITMENTS[0])[1:]


@pytest.mark.parametrize(
    ("path", "change", "complaint"),
    [
        ("headers/head", None, "message: expected an object"),
        ("headers/head", {"root": "0x12"}, "root: 1 bytes, expected 32"),
        ("headers/head", {"header": []}, "header: expected an object"),
        ("headers/head", {"header": {"message": 5}}, "message: expected an object"),
    ],
)
def test_answer__unusable_where_its_shape_is_wrong(path, change, complaint):
    known = copy.deepcopy(answers(PayloadFork.GLOAS))
    full = f"/eth/v1/beacon/{path}"
    known[full] = {**known[full], **change} if change else {"root": str(BLOCK), "header": {}}
    with (
        web_server(responder(known)) as server,
        pytest.raises(SourceUnavailable, match=complaint),
    ):
        BeaconChain(server.url, GLOAS).header("head")


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        (Reply(500, b"oops"), "status 500"),
        (Reply(200, b"<html>"), "Expecting value"),
        (Reply(200, b"[]"), "data: expected an object"),
        (Reply(200, b'{"data": 5}'), "data: expected an object"),
        (Reply(200, bytes(1 << 17)), "an answer of more than 65536 bytes"),
        (Reply(302, b"", {"Location": "http://elsewhere/"}), "status 302"),
    ],
)
def test_answer__unusable_where_it_is_none(reply, complaint):
    with (
        web_server(lambda _: reply) as server,
        pytest.raises(SourceUnavailable, match=complaint) as refused,
    ):
        BeaconChain(server.url, GLOAS).header("head")
    assert refused.value.detail.startswith("127.0.0.1:")


def test_payload__unusable_with_a_field_too_many():
    known = answers(PayloadFork.GLOAS)
    path = f"/eth/v1/beacon/execution_payload_envelopes/{BLOCK}"
    known[path]["message"]["payload"]["surprise"] = "0x"
    with (
        web_server(responder(known)) as server,
        pytest.raises(SourceUnavailable, match=r"payload\.surprise: unknown key"),
    ):
        BeaconChain(server.url, GLOAS).payload_request_root(BLOCK)


def test_root__differs_where_a_blob_does():
    one, other = request_of(PayloadFork.GLOAS), request_of(PayloadFork.GLOAS)
    other = replace(other, versioned_hashes=versioned_hashes(COMMITMENTS[:1]))
    assert hash_tree_root_request(GLOAS, one) != hash_tree_root_request(GLOAS, other)
