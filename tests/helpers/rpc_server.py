"""A JSON-RPC server on this machine: one that answers from a state, and ones that misbehave."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.helpers.state import State
from tests.helpers.web_server import running
from zkattest.spec.trie_walk import walk

Answer = Callable[[Any], Any]


@dataclass
class Server:
    """Where a server listens, what it was asked, and over how many connections."""

    url: str
    requests: list[Any] = field(default_factory=list)
    connections: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)


class _Threads(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def raw_server(speak: Callable[[Any, Server], None]) -> Iterator[Server]:
    """Serve whatever `speak` writes to the stream of each connection."""
    known = Server("")

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            known.connections += 1
            # The client goes away in the middle: that is what most of these servers are for.
            with suppress(OSError):
                speak(self, known)

    with running(_Threads(("127.0.0.1", 0), Handler)) as known.url:
        try:
            yield known
        finally:
            known.stopping.set()


def read_request(stream: Any) -> Any:
    """Read one HTTP request and decode its body; None at the end of the connection."""
    length = 0
    line = stream.rfile.readline()
    if not line:
        return None
    while line not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        line = stream.rfile.readline()
    return json.loads(stream.rfile.read(length))


def http_answer(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


@contextmanager
def http_server(respond: Callable[[Any], bytes]) -> Iterator[Server]:
    """Answer each decoded request with these bytes, over connections that stay."""

    def speak(stream: Any, server: Server) -> None:
        while (request := read_request(stream)) is not None:
            server.requests.append(request)
            stream.wfile.write(respond(request))

    with raw_server(speak) as server:
        yield server


@contextmanager
def rpc_server(answer: Answer) -> Iterator[Server]:
    """Answer each call with an object that has `result` or `error`."""

    def one(call: Any) -> Any:
        return {"jsonrpc": "2.0", "id": call["id"]} | answer(call)

    def respond(request: Any) -> bytes:
        answers = [one(call) for call in request] if isinstance(request, list) else one(request)
        return http_answer(json.dumps(answers).encode())

    with http_server(respond) as server:
        yield server


def honest(state: State) -> Answer:
    """Answer as an execution client that has a state."""

    def answer(call: Any) -> Any:
        address = bytes.fromhex(call["params"][0][2:])
        if call["method"] == "eth_getCode":
            account = state.accounts.get(address)
            return {"result": f"0x{account.code.hex() if account else ''}"}
        nodes = walk(state.root, address, state.trie.nodes.get).nodes
        return {
            "result": {
                "address": call["params"][0],
                # Nobody may believe these.
                "balance": "0xffffffffffff",
                "nonce": "0x7",
                "accountProof": [f"0x{node.hex()}" for node in nodes.values()],
                "storageProof": [],
            }
        }

    return answer
