"""
A node that knows a context of vectors: our machine, an engine that answers as the context says.

`ContextNode` is asked in this process, `proof_api` serves it over HTTP as ethereum/beacon-APIs #569
has it. Run as `context_node CONTEXT` it joins gossip as a process, and prints its address.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import trio

from tests.helpers.web_server import Reply, Request, web_server
from zkattest.conformance.blackbox.peer import MAX_PAYLOAD_BYTES
from zkattest.conformance.proof_scene import (
    ProofScene,
    read_block,
    read_engine,
    read_profile,
    read_scene,
)
from zkattest.machines.events import (
    ProofChecked,
    ProofReceived,
    ReportGossip,
    SignatureChecked,
    VerifyProof,
)
from zkattest.machines.proof_events import (
    BlockSeen,
    CheckProofSignature,
    KeepProof,
    LookUpValidator,
    PayloadSeen,
    ProofEvent,
    SlotFinalized,
    ValidatorAnswered,
)
from zkattest.machines.proof_gossip import ProofGossipMachine
from zkattest.machines.proof_gossip_settings import ProofGossipSettings
from zkattest.machines.verification_queue import Allowance, VerificationLimits
from zkattest.machines.waiting_proofs import WaitingLimits
from zkattest.net import GossipHost, GossipMessage, Verdict
from zkattest.spec.answers import Fault, ProofOutcome
from zkattest.spec.gossip_profiles import read_gossiped_proof
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.errors import DecodeError
from zkattest.types.ids import Root, Slot
from zkattest.types.proof_json import decode_submission_json, encode_message_json
from zkattest.types.proof_messages import decode_message, encode_message, submission_codec

PATH = "/eth/v1/beacon/execution_proofs"
# Time for verifying is no part of these cases.
FREE = Allowance(1e9, 1e9)
SEED = bytes(range(32))


@dataclass
class ContextNode:
    """Judge messages at once; `settings` may be changed to make a node that is wrong."""

    context: dict[str, Any]
    change: Callable[[ProofGossipSettings], ProofGossipSettings] = lambda settings: settings
    reports: dict[bytes, ReportGossip] = field(default_factory=dict)
    kept: dict[Root, list[bytes]] = field(default_factory=dict)
    received: int = 0
    _messages: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.profile = read_profile(self.context["profile"])
        self.scene: ProofScene = read_scene(self.context, self.profile)
        settings = ProofGossipSettings(
            order=self.scene.order,
            decode=lambda data: read_gossiped_proof(self.profile, data),
            proof_types=self.scene.proof_types,
            max_message_bytes=self.profile.max_message_bytes,
            max_proof_bytes=self.profile.max_proof_bytes,
            verification=VerificationLimits(by_validator=FREE, by_peer=FREE, in_all=FREE),
            waiting=WaitingLimits(proofs_per_peer=128),
            jobs_per_peer=64,
        )
        self.machine = ProofGossipMachine(self.change(settings))
        self.answers = {
            (one["root"], one["proof_type"], one["proof_sha256"]): read_engine(one, "engine")
            for one in self.context["engine"]
        }
        for one in self.context["blocks"]:
            root, block = read_block(one, "blocks")
            self.tell(BlockSeen(root, block.slot))
            if block.public_values is not None:
                self.tell(PayloadSeen(root, block.public_values))
        self.tell(SlotFinalized(Slot(self.context["finalized_slot"])))

    def receive(self, message: GossipMessage) -> ReportGossip | None:
        """Judge a message; None where it waits for something."""
        self.received += 1
        self._messages.append(message.data)
        self.tell(ProofReceived(message))
        return self.reports.get(message.message_id)

    def tell(self, event: ProofEvent) -> None:
        for effect in self.machine.handle(event, 0):
            match effect:
                case LookUpValidator(job=job, index=index):
                    self.tell(ValidatorAnswered(job, self.scene.look_up(int(index))))
                case CheckProofSignature(job=job, pubkey=key, message_root=root, signature=given):
                    outcome = self.scene.check_signature(key, root, given)
                    self.tell(SignatureChecked(job, outcome))
                case VerifyProof(job=job):
                    self.tell(ProofChecked(job, self._verify(effect), 1.0))
                case ReportGossip(message_id=message_id):
                    self.reports[message_id] = effect
                case KeepProof(mark=mark, data=bytes() as data):
                    self.kept.setdefault(mark.subject, []).append(data)
                case _:
                    pass

    def _verify(self, effect: VerifyProof) -> ProofOutcome:
        """Answer for the newest message with this proof: one is judged at a time."""
        for data in reversed(self._messages):
            try:
                proof = read_gossiped_proof(self.profile, data)
            except DecodeError:
                continue
            if (proof.proof_type, proof.proof_data) == (effect.proof_type, effect.proof):
                digest = sha256(proof.proof_data).hexdigest()
                key = (str(proof.subject), int(proof.proof_type), "0x" + digest)
                return self.answers.get(key, Fault(Cause.BACKEND_UNAVAILABLE))
        raise AssertionError("a proof that nobody sent")


def gossip_message(data: bytes, number: int) -> GossipMessage:
    return GossipMessage("api", data, number.to_bytes(20, "big"), "api")


@dataclass
class ProofApi:
    """Where the API listens, and how it answers where it has something wrong."""

    url: str
    node: ContextNode
    takes_ssz: bool = True
    always: int | None = None
    content_types: list[str] = field(default_factory=list)


@contextmanager
def proof_api(node: ContextNode, **settings: Any) -> Iterator[ProofApi]:
    """Serve the Beacon API of a node."""
    api = ProofApi("", node, **settings)
    lock = threading.Lock()

    def respond(request: Request) -> Reply:
        if request.method == "POST":
            assert request.path == PATH
            content_type = request.headers["content-type"]
            api.content_types.append(content_type)
            with lock:
                status, said = answer_post(api, content_type, request.data)
            return Reply.json(said, status)
        root = Root.from_hex(request.path.removeprefix(PATH + "/"))
        profile = node.profile
        messages = [decode_message(profile, data) for data in node.kept.get(root, [])]
        texts = [json.loads(encode_message_json(profile, one)) for one in messages]
        return Reply.json({"version": "gloas", "data": texts})

    with web_server(respond) as server:
        api.url = server.url
        yield api


def answer_post(api: ProofApi, content_type: str, body: bytes) -> tuple[int, Any]:
    """Judge what was posted, and say so as the interface does."""
    node = api.node
    if api.always is not None:
        return api.always, {"code": api.always, "message": "always"}
    if content_type != "application/json" and not api.takes_ssz:
        return 415, {"code": 415, "message": "JSON only"}
    try:
        if content_type == "application/json":
            messages = decode_submission_json(node.profile, body)
        else:
            limit_bytes = 4 * (node.profile.max_message_bytes + 4)
            if len(body) > limit_bytes:
                return 413, {"code": 413, "message": "too large"}
            messages = submission_codec(node.profile).decode(memoryview(body), "")
    except DecodeError as error:
        return 400, {"code": 400, "message": str(error)}
    (message,) = messages
    data = encode_message(node.profile, message)
    said = node.receive(gossip_message(data, node.received))
    if said is not None and (
        said.verdict is Verdict.ACCEPT or said.reason is Reason.PROOF_ALREADY_KNOWN
    ):
        return 200, {}
    if said is not None and said.reason is Reason.NOT_CHECKED:
        return 500, {"code": 500, "message": str(said.reason)}
    reason = "waits" if said is None else str(said.reason)
    return 400, {"code": 400, "message": reason, "failures": [{"index": 0, "message": reason}]}


async def gossip(context: dict[str, Any], *, is_deaf: bool = False) -> None:
    """Join the topic and judge what comes; `is_deaf` accepts everything."""
    topic = context["topic"]
    node = ContextNode(context)
    async with GossipHost.open(
        "/ip4/127.0.0.1/tcp/0", [], {topic: MAX_PAYLOAD_BYTES}, SEED
    ) as host:
        sys.stdout.write(host.address + "\n")
        sys.stdout.flush()
        async for message in host.messages:
            if is_deaf:
                host.report(message.message_id, Verdict.ACCEPT)
                continue
            said = node.receive(message)
            if said is not None:
                host.report(message.message_id, said.verdict)


if __name__ == "__main__":
    trio.run(lambda: gossip(json.loads(Path(sys.argv[1]).read_text()), is_deaf="deaf" in sys.argv))
