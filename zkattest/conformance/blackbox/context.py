"""Say what a foreign node has to know before cases are shown to it, as one JSON file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from zkattest.conformance.cases import VectorCase
from zkattest.conformance.gossip import read_view
from zkattest.conformance.proof_scene import (
    Network,
    read_network,
    read_profile,
    read_scene,
    write_profile,
)
from zkattest.conformance.values import CaseError, as_json, member, read_bytes
from zkattest.crypto.hashing import fork_data_root
from zkattest.net.topics import topic_string
from zkattest.spec.gossip_profiles import read_gossiped_proof
from zkattest.types.errors import DecodeError
from zkattest.types.ids import Root
from zkattest.types.proof_profiles import ProofProfile

FORMAT: Final = 1
# The runner whose cases are about a message and its verdict.
RUNNER: Final = "gossip"
# What a case may bring of its own; all else has to be the same in all of them.
_SHARED: Final = ("network", "proof_types", "validators", "finalized_slot")


@dataclass(frozen=True, slots=True)
class Sent:
    """Hold one message, what it is about, and what the engine is to say of its proof."""

    data: bytes
    subject: Root | None
    proof_type: int
    proof_sha256: bytes
    engine: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Play:
    """Hold a case as it is shown: what goes before, and the message that is judged."""

    case: VectorCase
    before: tuple[Sent, ...]
    sent: Sent


@dataclass(frozen=True, slots=True)
class Context:
    """Hold what a node has to know, and the cases that can be shown to it."""

    profile: ProofProfile
    network: Network
    shared: Mapping[str, Any]
    blocks: tuple[Mapping[str, Any], ...]
    engine: tuple[Mapping[str, Any], ...]
    plays: tuple[Play, ...]
    hidden: Mapping[str, str]
    """Cases that cannot be shown, and why."""

    @property
    def fork_digest(self) -> bytes:
        """Return `compute_fork_digest` as it was before blob schedules were mixed in."""
        network = self.network
        return fork_data_root(network.fork_version, network.genesis_validators_root)[:4]

    def topic(self, fork_digest: bytes | None = None) -> str:
        """Return the topic of the profile."""
        return topic_string(fork_digest or self.fork_digest, self.profile.topic_names[0])

    def to_json(self) -> dict[str, Any]:
        """Give the file that a node is prepared with."""
        return {
            "format": FORMAT,
            "profile": write_profile(self.profile),
            **self.shared,
            "fork_digest": as_json(self.fork_digest),
            "topic": self.topic(),
            "blocks": list(self.blocks),
            "engine": list(self.engine),
        }

    def render(self) -> bytes:
        """Write the file."""
        return (json.dumps(self.to_json(), indent=1) + "\n").encode()


def make_context(cases: Sequence[VectorCase]) -> Context:
    """
    Join the worlds of all cases that one node can be shown.

    Raises `CaseError` where there is none, or where they are of several profiles.
    """
    plays, hidden = [], {}
    for case in cases:
        try:
            plays.append(_play(case))
        except CannotShow as reason:
            hidden[case.id] = str(reason)
    if not plays:
        raise CaseError("", "no case that a running node can be shown")
    profiles = {json.dumps(one.case.profile, sort_keys=True) for one in plays}
    if len(profiles) > 1:
        raise CaseError("profile", "cases of several profiles; one node speaks one of them")
    # The commonest world is the node's; a case with another one is for another node.
    worlds = [json.dumps(_world(one.case), sort_keys=True) for one in plays]
    common = max(sorted(set(worlds)), key=worlds.count)
    kept = []
    for play, world in zip(plays, worlds, strict=True):
        if world == common:
            kept.append(play)
        else:
            hidden[play.case.id] = "it is about another network than most"
    given = kept[0].case.input
    return Context(
        profile=read_profile(kept[0].case.profile),
        network=read_network(given),
        shared=json.loads(common),
        blocks=tuple(_joined(kept, lambda play: play.case.input["blocks"], ("root",))),
        engine=tuple(_engine_answers(kept)),
        plays=tuple(kept),
        hidden=hidden,
    )


class CannotShow(Exception):
    """Say why a running node cannot be shown a case."""


def _play(case: VectorCase) -> Play:
    if case.runner != RUNNER:
        raise CannotShow(f"{case.runner}: not about one message that comes")
    given = case.input
    if given.get("faults"):
        raise CannotShow("nobody can have a node's own look-ups fail")
    if "max_proof_bytes" in given:
        raise CannotShow("about a limit that a network may set")
    profile = read_profile(case.profile)
    # Whatever is wrong with the input is told here, with its field.
    read_view(given, read_scene(given, profile))
    slots = {one["root"]: one["slot"] for one in member(given, "blocks", "input")}
    before = tuple(
        _sent(profile, one["message"], one["engine"]) for one in member(given, "seen", "input")
    )
    if any(slots.get(as_json(one.subject), 0) < given["finalized_slot"] for one in before):
        raise CannotShow("what came before would have come before a slot was finalized")
    engine = member(given, "engine", "input")
    return Play(case, before, _sent(profile, member(given, "message", "input"), engine))


def _sent(profile: ProofProfile, message: object, engine: Mapping[str, Any] | None) -> Sent:
    data = read_bytes(message, "input.message")
    try:
        proof = read_gossiped_proof(profile, data)
    except DecodeError:
        return Sent(data, None, 0, b"", None)
    digest = sha256(proof.proof_data).digest()
    return Sent(data, proof.subject, int(proof.proof_type), digest, engine)


def _world(case: VectorCase) -> dict[str, Any]:
    return {name: member(case.input, name, "input") for name in _SHARED}


def _engine_answers(plays: Sequence[Play]) -> list[Mapping[str, Any]]:
    """List what the engine says of each proof of each block."""
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for play in plays:
        for one in (*play.before, play.sent):
            if one.engine is None or one.subject is None:
                continue
            key = (one.subject, one.proof_type, one.proof_sha256)
            entry = {
                "root": as_json(one.subject),
                "proof_type": one.proof_type,
                "proof_sha256": as_json(one.proof_sha256),
                **one.engine,
            }
            if found.setdefault(key, entry) != entry:
                raise CaseError(play.case.id, "the engine says two things of one proof")
    return list(found.values())


def _joined(plays: Iterable[Play], items: Any, key: tuple[str, ...]) -> list[Mapping[str, Any]]:
    """Join lists of objects; those of one key have to be the same."""
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for play in plays:
        for one in items(play):
            name = tuple(one[part] for part in key)
            if found.setdefault(name, one) != one:
                raise CaseError(play.case.id, "two cases say different things of one block")
    return list(found.values())
