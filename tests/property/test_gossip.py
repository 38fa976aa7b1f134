"""Properties of gossip: no bytes crash a decoder, no sequence of events forwards without ACCEPT."""

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from zkattest.net import snappy
from zkattest.net.errors import ProtocolViolation
from zkattest.net.gossipsub import MOST_COPIES, Action, Deliver, GossipRouter, Send
from zkattest.net.message_id import valid_snappy_id
from zkattest.net.score import MANNERS_FREE
from zkattest.net.settings import GossipSettings
from zkattest.net.wire import (
    Published,
    Rpc,
    check_shape,
    decode_rpc,
    encode_published,
    encode_rpc,
    encode_varint,
)
from zkattest.types.gossip import Verdict

topics = st.text(max_size=20)
ids = st.binary(max_size=24)
rpcs = st.builds(
    Rpc,
    subscribe=st.lists(topics, max_size=3).map(tuple),
    unsubscribe=st.lists(topics, max_size=3).map(tuple),
    published=st.lists(
        st.builds(Published, st.lists(topics, max_size=2).map(tuple), st.binary(max_size=50)),
        max_size=3,
    ).map(tuple),
    graft=st.lists(topics, max_size=3).map(tuple),
    prune=st.lists(st.tuples(topics, st.integers(0, 2**64 - 1)), max_size=3).map(tuple),
    ihave=st.lists(st.tuples(topics, st.lists(ids, max_size=3).map(tuple)), max_size=3).map(tuple),
    iwant=st.lists(ids, max_size=3).map(tuple),
    idontwant=st.lists(ids, max_size=3).map(tuple),
)


def body(frame: bytes) -> bytes:
    """Return a frame without its length."""
    position = next(index for index, byte in enumerate(frame) if byte < 0x80)
    return frame[position + 1 :]


@given(rpcs)
def test_rpc__survives_encoding(rpc: Rpc) -> None:
    assert decode_rpc(body(encode_rpc(rpc))) == rpc


@given(st.binary(max_size=300))
def test_decode_rpc__answers_any_bytes(data: bytes) -> None:
    try:
        decode_rpc(data)
    except ProtocolViolation:
        return


@given(rpcs, st.data())
def test_decode_rpc__answers_any_change_of_an_rpc(rpc: Rpc, data: st.DataObject) -> None:
    changed = bytearray(body(encode_rpc(rpc)) or b"\x00")
    position = data.draw(st.integers(0, len(changed) - 1))
    changed[position] = data.draw(st.integers(0, 255))
    try:
        decode_rpc(bytes(changed))
    except ProtocolViolation:
        return


@given(st.lists(st.binary(max_size=3000), max_size=20))
def test_check_shape__refuses_no_honest_frame(payloads: list[bytes]) -> None:
    check_shape(b"".join(body(encode_published("topic", each)) for each in payloads))


@given(st.integers(0, 2**64 - 1))
def test_varint__is_at_most_ten_bytes(value: int) -> None:
    assert len(encode_varint(value)) <= 10


@given(st.binary(max_size=5000))
def test_snappy__survives_compression(data: bytes) -> None:
    block = snappy.compress(data)
    assert len(block) <= snappy.max_compressed_bytes(len(data))
    assert snappy.announced_length(block) == len(data)
    assert snappy.decompress(block, len(data)) == data


@given(st.binary(max_size=500))
def test_snappy__answers_any_bytes(block: bytes) -> None:
    try:
        assert len(snappy.decompress(block, 10_000)) <= 10_000
    except snappy.SnappyError:
        return


PEERS = st.sampled_from("abcd")
TOPIC = "/eth2/00000000/t/ssz_snappy"
CONTENTS = st.sampled_from([b"one", b"two", bytes(2000), bytes(range(256)) * 10])
NAMES = CONTENTS.map(lambda content: valid_snappy_id(TOPIC, content))


class Routing(RuleBasedStateMachine):
    """Let peers, the embedder and the clock do anything in any order."""

    def __init__(self) -> None:
        super().__init__()
        limits = GossipSettings(
            degree=2, degree_low=1, degree_high=3, pending_limit=3, verdict_timeout_s=20.0
        )
        self.router = GossipRouter({TOPIC: 3000}, limits, random.Random(0))
        self.now_s = 0.0
        self.connected: set[str] = set()
        self.accepted: set[bytes] = set()
        self.blamed: set[str] = set()
        self.rejected: set[bytes] = set()
        self.breaches: Counter[str] = Counter()
        self.copies: Counter[tuple[str, bytes]] = Counter()
        self.senders: dict[bytes, set[str]] = {}

    def perform(self, actions: list[Action] | None) -> None:
        """Check everything that leaves the router."""
        for action in actions or []:
            if isinstance(action, Send):
                assert action.peer in self.connected
                assert action.message_id is None or action.message_id in self.accepted
            elif isinstance(action, Deliver):
                assert action.message.message_id not in self.accepted

    @rule(peer=PEERS)
    def connect(self, peer: str) -> None:
        """Connect a peer, perhaps once more."""
        self.connected.add(peer)
        self.perform(self.router.connected(peer))
        self.router.negotiated(peer, understands_idontwant=peer < "c")

    @rule(peer=PEERS)
    def disconnect(self, peer: str) -> None:
        """Lose a peer."""
        self.connected.discard(peer)
        self.router.disconnected(peer)

    @rule(peer=PEERS, content=CONTENTS)
    def receive(self, peer: str, content: bytes) -> None:
        """Let a peer send a message."""
        name = valid_snappy_id(TOPIC, content)
        self.senders.setdefault(name, set()).add(peer)
        if name in self.rejected:
            self.blamed.add(peer)
        self.copies[peer, name] += 1
        self.breaches[peer] += self.copies[peer, name] > MOST_COPIES
        published = Published((TOPIC,), snappy.compress(content))
        self.perform(self.router.received(peer, Rpc(published=(published,)), self.now_s))

    @rule(peer=PEERS, name=NAMES, kind=st.sampled_from(["ihave", "iwant", "idontwant"]))
    def mention(self, peer: str, name: bytes, kind: str) -> None:
        """Let a peer speak about a message."""
        rpc = {
            "ihave": Rpc(ihave=((TOPIC, (name,)),)),
            "iwant": Rpc(iwant=(name,)),
            "idontwant": Rpc(idontwant=(name,)),
        }[kind]
        # What it announces and does not send may be held against it.
        self.breaches[peer] += kind == "ihave"
        self.perform(self.router.received(peer, rpc, self.now_s))

    @rule(peer=PEERS, kind=st.sampled_from(["subscribe", "unsubscribe", "graft"]))
    def move(self, peer: str, kind: str) -> None:
        """Let a peer come and go."""
        self.breaches[peer] += kind in {"graft", "subscribe"}
        rpc = {
            "subscribe": Rpc(subscribe=(TOPIC,)),
            "unsubscribe": Rpc(unsubscribe=(TOPIC,)),
            "graft": Rpc(graft=(TOPIC,)),
        }[kind]
        self.perform(self.router.received(peer, rpc, self.now_s))

    @rule(name=NAMES, verdict=st.sampled_from(Verdict))
    def decide(self, name: bytes, verdict: Verdict) -> None:
        """Give a verdict, on a message that waits or not."""
        actions = self.router.decide(name, verdict, self.now_s)
        if verdict is Verdict.ACCEPT and actions is not None:
            self.accepted.add(name)
        if verdict is Verdict.REJECT:
            self.blamed |= self.senders.get(name, set())
            self.rejected.add(name)
        self.perform(actions)

    @rule(content=CONTENTS)
    def publish(self, content: bytes) -> None:
        """Publish a message of ours."""
        self.accepted.add(valid_snappy_id(TOPIC, content))
        self.perform(self.router.publish(TOPIC, content, self.now_s)[1])

    @rule(pause_s=st.sampled_from([0.7, 5.0, 400.0]))
    def wait(self, pause_s: float) -> None:
        """Let time pass."""
        self.now_s += pause_s
        self.perform(self.router.heartbeat(self.now_s))
        if pause_s == 400.0:
            self.accepted.clear()

    @invariant()
    def nobody_is_blamed_without_a_rejection(self) -> None:
        """Compare scores with who sent what was rejected."""
        for peer, score in self.router.scores.scores(self.now_s).items():
            unmannerly = self.breaches[peer] > MANNERS_FREE
            assert score >= 0 or peer in self.blamed or unmannerly

    @invariant()
    def meshes_hold_connected_subscribers_only(self) -> None:
        """Look into the mesh."""
        assert self.router.mesh.members[TOPIC] <= self.connected


TestRouting = Routing.TestCase
TestRouting.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
