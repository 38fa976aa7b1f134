"""What a node says of a proof is read within bounds, and whatever else answers is named."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from zkattest.rpc import DeskAnswer, ProofDesk
from zkattest.types.errors import SourceTimeout, SourceUnavailable


@contextmanager
def node(status, body):
    """Answer every request with these bytes; give the address, and what came."""
    came = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            data = self.rfile.read(int(self.headers["Content-Length"]))
            came.append((self.path, self.headers["Content-Type"], data))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", came
        server.shutdown()


async def hand_in(status, body):
    with node(status, body if isinstance(body, bytes) else json.dumps(body).encode()) as (
        url,
        came,
    ):
        desk = ProofDesk(url)
        try:
            return await desk.hand_in(b"ssz"), came
        finally:
            desk.close()


async def test_answer__read_whole():
    outcome = {
        "status": "not_signed",
        "kept": True,
        "reason": "not_signed",
        "cause": "timeout",
        "message": "no\nanswer",
    }
    answer, came = await hand_in(503, {"code": 503, "message": "x", "data": [outcome]})
    assert answer == DeskAnswer(503, "not_signed", True, "not_signed", "timeout", "no answer")
    assert came == [("/eth/v1/prover/execution_proofs", "application/octet-stream", b"ssz")]


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (200, {"data": [{"status": "published", "kept": False}]}, DeskAnswer(200, "published")),
        (400, {"code": 400, "message": "no proof"}, DeskAnswer(400, "", message="no proof")),
        (200, {"data": []}, DeskAnswer(200, "")),
        (200, {"data": [7]}, DeskAnswer(200, "")),
        (200, {"data": [{"status": 7, "kept": "yes", "reason": []}]}, DeskAnswer(200, "")),
        (404, b"not found\nat all", DeskAnswer(404, "", message="not found at all")),
        (404, b"", DeskAnswer(404, "", message="HTTP status 404")),
    ],
)
async def test_answer__of_any_shape_is_read_for_what_it_is(status, body, answer):
    assert (await hand_in(status, body))[0] == answer


@pytest.mark.parametrize("body", [b"{", b'{"data": ' + b"[" * 70_000])
async def test_answer__refused_when_it_is_none(body):
    with pytest.raises(SourceUnavailable):
        await hand_in(200, body)


async def test_node__that_is_away_is_named():
    desk = ProofDesk("http://127.0.0.1:1", deadline_ms=2_000)
    with pytest.raises((SourceUnavailable, SourceTimeout), match=r"127\.0\.0\.1:1"):
        await desk.hand_in(b"ssz")


def test_address__refused_when_it_is_none():
    with pytest.raises(ValueError, match="expected http"):
        ProofDesk("ftp://x")
