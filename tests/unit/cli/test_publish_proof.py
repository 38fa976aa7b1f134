"""`zkattest publish-proof`: three answers in exit codes, one line each, and patience."""

import json

import pytest

from tests.unit.rpc.test_proof_desk import node
from zkattest.cli import publish_proof
from zkattest.cli.main import run
from zkattest.types.ids import ProofType, Root
from zkattest.types.proof_messages import decode_content_submission
from zkattest.types.wire import MAX_PROOF_BYTES, ExecutionProofEnvelope

BLOCK = Root(b"\x20" * 32)
SHOWN = f"proof of type 2 for block {BLOCK}"


@pytest.fixture
def proof(tmp_path):
    path = tmp_path / "proof.bin"
    path.write_bytes(b"a proof")
    return path


def outcome(capsys, proof, url, *options, root=str(BLOCK)):
    arguments = ["publish-proof", str(proof), "--proof-type", "2", "--block-root", root]
    with pytest.raises(SystemExit) as left:
        run([*arguments, "--node", url, "--wait-s", "0", *options])
    captured = capsys.readouterr()
    return left.value.code, captured.out, captured.err


def said(status, **fields):
    return json.dumps({"data": [{"status": status, "kept": False} | fields]}).encode()


def test_publish_proof__hands_in_the_proof_and_says_that_it_is_published(capsys, proof):
    with node(200, said("published")) as (url, came):
        code, out, err = outcome(capsys, proof, url)
    assert (code, out, err) == (0, f"published: {SHOWN}\n", "handing the proof in: try 1/?\n")
    [(_, _, data)] = came
    envelope = ExecutionProofEnvelope(b"a proof", ProofType(2), BLOCK)
    assert decode_content_submission(publish_proof.PROFILE, data) == (envelope,)


@pytest.mark.parametrize(
    ("status", "body", "code", "lines"),
    [
        (200, said("already_known"), 0, [f"already_known: {SHOWN}"]),
        (
            400,
            said("refused", reason="proof_invalid", message="proof_invalid (x=1)"),
            1,
            [f"refused: {SHOWN}", "  proof_invalid (x=1)"],
        ),
        (
            409,
            said("refused", reason="signed_another_proof"),
            1,
            [f"refused: {SHOWN}", "  signed_another_proof"],
        ),
        (
            503,
            said("not_signed", kept=True, cause="timeout", message="not_signed (cause=timeout)"),
            2,
            [
                f"not published: {SHOWN}",
                "  not_signed (cause=timeout)",
                "  the node keeps it, and tries again",
            ],
        ),
        (
            202,
            said("waiting", kept=True, reason="unknown_block"),
            2,
            [
                f"not published: {SHOWN}",
                "  unknown_block",
                "  the node keeps it, and tries again",
            ],
        ),
        (404, b"not found", 2, [f"not published: {SHOWN}", "  not found"]),
    ],
)
def test_publish_proof__answers_in_its_exit_code(capsys, proof, status, body, code, lines):
    with node(status, body) as (url, _):
        left, out, _ = outcome(capsys, proof, url)
    assert (left, out.splitlines()) == (code, lines)


def test_publish_proof__prints_json_and_nothing_else(capsys, proof):
    with node(409, said("refused", reason="slot_too_old", message="x")) as (url, _):
        code, out, err = outcome(capsys, proof, url, "--json")
    assert (code, err) == (1, "")
    assert json.loads(out) == {
        "block_root": str(BLOCK),
        "proof_type": 2,
        "code": 409,
        "status": "refused",
        "is_kept": False,
        "reason": "slot_too_old",
        "cause": None,
        "message": "x",
        "tries": 1,
    }


def test_publish_proof__tries_again_while_that_may_help(capsys, proof, monkeypatch):
    monkeypatch.setattr(publish_proof, "PAUSE_S", 0.05)
    with node(202, said("waiting", kept=True, reason="unknown_block")) as (url, came):
        code, out, _ = outcome(capsys, proof, url, "--wait-s", "0.5", "--json")
    assert code == 2
    assert json.loads(out)["tries"] == len(came) > 1


def test_publish_proof__says_that_no_node_answers(capsys, proof):
    code, out, _ = outcome(capsys, proof, "http://127.0.0.1:1", "--json")
    said_of_it = json.loads(out)
    assert (code, said_of_it["status"], said_of_it["cause"]) == (
        2,
        "no_answer",
        "backend_unavailable",
    )


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"root": "0x12"}, "--block-root"),
        ({"url": "ftp://x"}, "arguments: --node: expected http://host[:port][/path] or https://…"),
        ({"content": b""}, "empty"),
        ({"content": bytes(MAX_PROOF_BYTES + 1)}, f"more than {MAX_PROOF_BYTES} bytes"),
    ],
)
def test_publish_proof__refuses_bad_input_in_one_line(capsys, proof, changes, line):
    proof.write_bytes(changes.get("content", b"a proof"))
    url, root = changes.get("url", "http://127.0.0.1:1"), changes.get("root", str(BLOCK))
    code, out, err = outcome(capsys, proof, url, root=root)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert line in err
