"""An execution client brings proofs; what it says is checked, whatever it says."""

import pytest

from tests.helpers.rpc_server import honest, rpc_server
from tests.helpers.state import BLOCK, HeldNodes, State, address_of
from zkattest.rpc import ExecutionClient, RpcLimits
from zkattest.types.errors import (
    MissingCode,
    MissingNode,
    SourceExhausted,
    SourceUnavailable,
    WitnessError,
)

STATE = State.sized(150)
ADDRESSES = [address_of(n) for n in (0, 1, 2, 3, 900)]
VALUES = STATE.values(ADDRESSES)


def ask(server, addresses=ADDRESSES, nodes=(), codes=(), sources=(), **limits):
    client = ExecutionClient(server.url, RpcLimits(**limits))
    try:
        reader = STATE.reader(nodes, codes, [*sources, client])
        return list(reader.accounts(addresses)), reader
    finally:
        client.close()


def faults(answers):
    return [(type(one), one.detail) for one in answers if isinstance(one, WitnessError)]


def test_client__answers_without_any_witness():
    with rpc_server(honest(STATE)) as server:
        answers, reader = ask(server)
    assert answers == VALUES
    proofs, codes = server.requests
    assert [call["params"] for call in proofs] == [
        [f"0x{one.hex()}", [], {"blockHash": f"0x{BLOCK.hex()}"}] for one in ADDRESSES
    ]
    assert (codes["method"], codes["params"][1]) == (
        "eth_getCode",
        {"blockHash": f"0x{BLOCK.hex()}"},
    )
    assert server.connections == 1
    passed = reader.passed()
    assert list(STATE.reader(passed.nodes.values(), STATE.codes).accounts(ADDRESSES)) == VALUES


def test_client__not_asked_for_what_the_witness_shows():
    with rpc_server(honest(STATE)) as server:
        assert ask(server, nodes=STATE.nodes, codes=STATE.codes)[0] == VALUES
        assert server.requests == []
        assert ask(server, nodes=STATE.nodes)[0] == VALUES
    assert [request["method"] for request in server.requests] == ["eth_getCode"]


def test_client__asked_after_the_sources_before_it():
    held = HeldNodes(STATE.nodes[: len(STATE.nodes) // 2], STATE.codes)
    with rpc_server(honest(STATE)) as server:
        assert ask(server, sources=[held])[0] == VALUES


def test_client__batches_are_bounded():
    with rpc_server(honest(STATE)) as server:
        assert ask(server, codes=STATE.codes, batch=2)[0] == VALUES
    assert [len(r) if isinstance(r, list) else 1 for r in server.requests] == [2, 2, 1]
    assert server.connections == 1


def test_client__single_calls_for_servers_without_batches():
    with rpc_server(honest(STATE)) as server:
        assert ask(server, codes=STATE.codes, batch=1)[0] == VALUES
    assert all(isinstance(request, dict) for request in server.requests)


def test_client__not_checked_beyond_its_requests():
    with rpc_server(honest(STATE)) as server:
        answers, _ = ask(server, codes=STATE.codes, batch=2, requests=2)
    assert len(server.requests) == 2
    assert answers[:4] == VALUES[:4]
    [(kind, detail)] = faults(answers)
    assert kind is SourceExhausted
    assert detail.endswith(": 2 requests spent")


def test_client__not_checked_with_proofs_of_another_state():
    with rpc_server(honest(State.sized(151))) as server:
        answers, _ = ask(server)
    assert {kind for kind, _ in faults(answers)} == {MissingNode}
    assert "a proof does not begin at the state root" in faults(answers)[0][1]
    assert len(server.requests) == 1


def test_client__not_checked_with_a_code_of_another_hash():
    def answer(call):
        if call["method"] == "eth_getCode":
            return {"result": "0x00"}
        return honest(STATE)(call)

    with rpc_server(answer) as server:
        answers, _ = ask(server)
    assert {kind for kind, _ in faults(answers)} == {MissingCode}
    assert "a code has another hash" in faults(answers)[0][1]
    assert answers[1:3] == VALUES[1:3]


def shortened(change):
    def answer(call):
        found = honest(STATE)(call)
        found["result"]["accountProof"] = change(found["result"]["accountProof"])
        return found

    return answer


@pytest.mark.parametrize(
    "change",
    [
        lambda nodes: nodes[:-1],
        lambda nodes: nodes[1:],
        lambda nodes: [],
        lambda nodes: [nodes[0][:-2], *nodes[1:]],
        lambda nodes: [*nodes[:-1], nodes[-1][:-1] + "0"],
        lambda nodes: ["0x", *nodes[1:]],
    ],
)
def test_client__not_checked_with_a_broken_proof(change):
    with rpc_server(shortened(change)) as server:
        answers, _ = ask(server, addresses=ADDRESSES[:1])
    assert {kind for kind, _ in faults(answers)} == {MissingNode}


def test_client__valid_with_a_proof_that_is_shuffled_and_padded():
    extra = [f"0x{node.hex()}" for node in State.sized(9).nodes]
    with rpc_server(shortened(lambda nodes: [*extra, *nodes[::-1], nodes[0]])) as server:
        answers, reader = ask(server, codes=STATE.codes)
    assert answers == VALUES
    # What does not lie on the way was not even kept.
    assert not set(reader._brought.nodes.values()) - set(STATE.nodes)


@pytest.mark.parametrize(
    "result",
    [
        None,
        [],
        "0x",
        7,
        {},
        {"accountProof": None},
        {"accountProof": "0x00"},
        {"accountProof": {"0": "0x00"}},
        {"accountProof": [7]},
        {"accountProof": ["00"]},
        {"accountProof": ["0x0"]},
        {"accountProof": ["0xzz"]},
        {"accountProof": ["0x00 00"]},
        {"accountProof": ["0x00\n"]},
        {"accountProof": ["0x" + "00" * 1025]},
        {"accountProof": ["0x00"] * 65},
        {"accountProof": [["0x00"]]},
    ],
)
def test_client__not_checked_with_a_malformed_result(result):
    with rpc_server(lambda call: {"result": result}) as server:
        answers, _ = ask(server)
    assert {kind for kind, _ in faults(answers)} == {SourceUnavailable}


@pytest.mark.parametrize("code", [None, 7, "0xzz", "0x" + "00" * 24_577])
def test_client__not_checked_with_a_malformed_code(code):
    with rpc_server(lambda call: {"result": code}) as server:
        answers, _ = ask(server, nodes=STATE.nodes)
    assert [kind for kind, _ in faults(answers)] == [SourceUnavailable] * 2
    assert "code is not 0x-hex of at most 24576 bytes" in faults(answers)[0][1]


def test_client__passes_on_the_client_s_own_words_in_one_line():
    error = {"code": -32000, "message": "header\nnot\x1b[31m found\ud800 " + "x" * 400}
    with rpc_server(lambda call: {"error": error}) as server:
        answers, _ = ask(server)
    kind, detail = faults(answers)[0]
    assert kind is SourceUnavailable
    assert "error: header not?[31m found? xxx" in detail
    assert detail.isprintable()
    assert len(detail) < 400
