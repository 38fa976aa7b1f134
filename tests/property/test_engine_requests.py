"""Whatever an engine is asked costs one answer: no fault is logged, and no room is lost."""

import contextlib

import trio
import trio.testing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers.service import PROFILE, open_gate
from tests.helpers.stand_in_engine import RETH_SP1, StandInEngine
from zkattest.api.connection import Connection
from zkattest.api.engine_service import ServiceSettings, engine_application, engine_operations
from zkattest.api.limits import ServerLimits

GATE = open_gate()
OPERATIONS = engine_operations(StandInEngine(), PROFILE, ServiceSettings(), GATE, trio.Event())
APPLICATION = engine_application(OPERATIONS, GATE, "test")
LIMITS = ServerLimits(idle_ms=1_000, head_ms=1_000, body_ms=1_000, write_ms=1_000)
ROOT = "0x" + "11" * 32
FILLED = {
    "{block_id}": "head",
    "{program}": str(RETH_SP1.id),
    "{new_payload_request_root}": ROOT,
    "{proof_type}": "1",
}


def filled(path):
    for name, value in FILLED.items():
        path = path.replace(name, value)
    return path


PATHS = sorted({filled(operation.path) for operation in OPERATIONS})
KINDS = ["application/json", "application/octet-stream", "application/protobuf", ""]
VISIBLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60)
QUERIES = VISIBLE | st.just(f"proof_type=1&new_payload_request_root={ROOT}&proof_types=1")
CALL = b'{"jsonrpc":"2.0","id":1,"method":"eth_verifyProof","params":[{}]}'
BODIES = (
    st.binary(max_size=200)
    | st.text('[]{}",:\\u0d81x proof', max_size=100).map(str.encode)
    | st.sampled_from([b'{"proof":""}', b"[]", b"{}", CALL, b"[" + CALL + b"]"])
)


def framed(body, framing):
    """Say how long a body is, rightly or not, and write it so."""
    if framing == "chunks":
        chunk = b"%x\r\n" % len(body) + body + b"\r\n" if body else b""
        return b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n"
    lengths = {"whole": len(body), "too long": len(body) + 5, "too short": len(body) // 2}
    length = lengths.get(framing)
    head = b"Content-Length: %d\r\n\r\n" % length if length is not None else b"\r\n"
    return head + body


async def ask(data):
    """Send bytes to the service; return what comes back, up to the begin of a stream of events."""
    ours, theirs = trio.testing.memory_stream_pair()
    answer = b""
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def run():
            await Connection(theirs, APPLICATION, LIMITS).run()
            await theirs.aclose()

        with contextlib.suppress(trio.BrokenResourceError):
            await ours.send_all(data)
            await ours.send_eof()
        async for piece in ours:
            answer += piece
            if b": subscribed" in answer:
                nursery.cancel_scope.cancel()
    return answer


@settings(max_examples=300, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    st.sampled_from(PATHS),
    st.sampled_from(["GET", "POST", "HEAD", "DELETE"]),
    QUERIES,
    st.sampled_from(KINDS),
    st.sampled_from(["whole", "too long", "too short", "chunks", "none"]),
    BODIES,
)
def test_request__answered_or_cut_without_a_fault(caplog, path, method, query, kind, framing, body):
    caplog.clear()
    head = f"{method} {path}?{query} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n".encode()

    async def play():
        return await ask(head + framed(body, framing))

    answer = trio.run(play, clock=trio.testing.MockClock(autojump_threshold=0.5))
    assert answer.startswith(b"HTTP/1.1 ")
    assert caplog.text == ""
    assert (GATE.work.used_bytes, GATE.work.checks, GATE.work.waiting) == (0, 0, 0)
    assert GATE.streams.open == 0
