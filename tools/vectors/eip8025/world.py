"""The network that all cases share: its fork, its validators, and one block for each case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from typing import Any, Final

from tools.vectors.eip8025.messages import (
    Data,
    Message,
    compute_domain,
    counted,
    signing_root,
)
from tools.vectors.model import Vector
from zkattest.conformance.outcome import Outcome, Verdict
from zkattest.conformance.proof_scene import write_profile
from zkattest.conformance.values import as_json
from zkattest.crypto import bls
from zkattest.spec.gossip_profiles import GOSSIP_ORDERS
from zkattest.spec.reasons import Reason
from zkattest.types.proof_profiles import PROFILES, ProofProfile

FORK_VERSION: Final = bytes.fromhex("90008025")
VALIDATORS_ROOT: Final = sha256(b"zkattest vectors of EIP-8025").digest()
OTHER_FORK_VERSION: Final = bytes.fromhex("90008026")
CHAIN_ID: Final = 11_155_111
SCHEMA_ID: Final = 0x1501
PROOF_TYPES: Final = (1, 2, 3)
ACTIVE: Final = tuple(range(8))
INACTIVE: Final = (16,)
NOBODY: Final = 99
FINALIZED_SLOT: Final = 64
SLOT: Final = 100
VERIFY_MS: Final = 40
PADDED_BYTES: Final = 256


class ProofVector(Vector):
    """Hold one vector of a pack that has a folder for each profile."""

    __slots__ = ()

    @property
    def runner(self) -> str:
        """Name who checks it: the folder below the profile's."""
        return self.id.split("/")[1]


def secret_key(index: int) -> bytes:
    """Give the secret key of a validator."""
    return bls.secret_key_from_seed(sha256(f"validator {index}".encode()).digest())


@cache
def pubkey(index: int) -> bytes:
    """Give the public key of a validator."""
    return bls.public_key(secret_key(index))


def public_values(
    root: bytes,
    *,
    valid: bool = True,
    chain_id: int = CHAIN_ID,
    schema_id: int = SCHEMA_ID,
    tail: bytes = b"",
) -> bytes:
    """Write the public values of a guest program; `tail` stands behind the 43 bytes."""
    numbers = chain_id.to_bytes(8, "little") + schema_id.to_bytes(2, "little")
    return root + bytes([valid]) + numbers + tail


def named(*words: str) -> bytes:
    """Give 32 bytes that stand for a name."""
    return sha256("/".join(words).encode()).digest()


def sign(message: Message, signer: int | None = None, **changes: bytes) -> Message:
    """Sign a message with its validator's key, or another's, or in another domain."""
    index = message.validator_index if signer is None else signer
    kind = changes.get("domain_type", message.profile.domain_type)
    if kind is None:
        raise ValueError(f"{message.profile.name} signs nothing")
    version = changes.get("fork_version", FORK_VERSION)
    domain = compute_domain(kind, version, changes.get("validators_root", VALIDATORS_ROOT))
    signature = bls.sign(secret_key(index), signing_root(message.content_root(), domain))
    return replace(message, signature=signature)


@dataclass(slots=True)
class Scene:
    """Build the world of one case; everything is named after the case."""

    profile: ProofProfile
    name: str
    proof_types: Sequence[int] = PROOF_TYPES
    max_proof_bytes: int | None = None
    finalized_slot: int = FINALIZED_SLOT
    blocks: list[dict[str, Any]] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)

    def root(self, which: str = "block") -> bytes:
        """Give the root of a block of this case."""
        return named("block", self.profile.name, self.name, which)

    def values(self, which: str = "block") -> bytes:
        """Give what a proof of that block's payload has to commit to."""
        return public_values(named("payload", self.profile.name, self.name, which))

    def know(self, which: str = "block", *, slot: int = SLOT, payload: bool = True) -> None:
        """Have a block known, with or without its payload."""
        values = as_json(self.values(which)) if payload else None
        known = {"root": as_json(self.root(which)), "slot": slot, "public_values": values}
        self.blocks.append(known)

    def message(
        self,
        *,
        which: str = "block",
        proof: Data | None = None,
        proof_type: int = 1,
        validator: int = 1,
        signer: int | None = None,
        **changes: bytes,
    ) -> Message:
        """Make a signed message about a block of this case."""
        unsigned = Message(
            profile=self.profile,
            proof=counted(32) if proof is None else proof,
            proof_type=proof_type,
            subject=self.root(which),
            validator_index=validator,
        )
        return sign(unsigned, signer, **changes)

    def saw(self, message: Message, engine: Mapping[str, Any]) -> None:
        """Have a message verified before, with this answer."""
        self.seen.append({"message": message.ssz().to_json(), "engine": dict(engine)})

    def valid(self, which: str = "block", tail: bytes = b"") -> dict[str, Any]:
        """Have the engine say that the proof is valid, and for this block."""
        return proves(self.values(which) + tail)

    def shared(self) -> dict[str, Any]:
        """Give the members that every case has."""
        given: dict[str, Any] = {
            "network": NETWORK,
            "proof_types": list(self.proof_types),
            "validators": validators(),
        }
        if self.max_proof_bytes is not None:
            given["max_proof_bytes"] = self.max_proof_bytes
        if self.faults:
            given["faults"] = self.faults
        return given

    def question(self, message: Data, engine: Mapping[str, Any] | None) -> dict[str, Any]:
        """Give the input of a gossip case."""
        return {
            **self.shared(),
            "finalized_slot": self.finalized_slot,
            "blocks": self.blocks,
            "seen": self.seen,
            "message": message.to_json(),
            "engine": None if engine is None else dict(engine),
        }


NETWORK: Final = {
    "fork_version": as_json(FORK_VERSION),
    "genesis_validators_root": as_json(VALIDATORS_ROOT),
}
INVALID: Final = {"answer": "invalid"}


def proves(values: bytes) -> dict[str, Any]:
    """Have the engine say that the proof proves these public values."""
    return {"answer": "valid", "public_values": as_json(values)}


def fails(cause: str) -> dict[str, Any]:
    """Have the engine say that it could not find out."""
    return {"answer": "fault", "cause": cause}


@cache
def _validators() -> tuple[dict[str, Any], ...]:
    known = [(index, "active") for index in ACTIVE] + [(index, "inactive") for index in INACTIVE]
    return tuple(
        {"index": index, "pubkey": as_json(pubkey(index)), "status": status}
        for index, status in known
    )


def validators() -> list[dict[str, Any]]:
    """List the validators of the network."""
    return [dict(one) for one in _validators()]


def accept() -> Outcome:
    """Expect that a message is passed on."""
    return Outcome(Verdict.ACCEPT, {"marked": True})


def ignore(
    reason: Reason, *, retry: bool = False, marked: bool = False, **operands: object
) -> Outcome:
    """Expect that a message is forgotten; `retry` says that time may cure what it lacks."""
    values = {"reason": reason.value, "operands": as_json(operands), "marked": marked}
    return Outcome(Verdict.IGNORE, {**values, "retry": retry})


def reject(reason: Reason, *, marked: bool = False, **operands: object) -> Outcome:
    """Expect that a message is held against who sent it."""
    values = {"reason": reason.value, "operands": as_json(operands), "marked": marked}
    return Outcome(Verdict.REJECT, values)


def vector(
    profile: ProofProfile,
    path: str,
    story: tuple[str, str, str],
    given: Mapping[str, Any],
    expected: Outcome,
    tags: tuple[str, ...] = (),
) -> ProofVector:
    """Describe one case; `path` is runner, group and name, `story` says given, when and then."""
    return ProofVector(
        id=f"{profile.name.value}/{path}",
        given=story[0],
        when=story[1],
        then=story[2],
        tags=tags,
        profile=write_profile(profile),
        input=given,
        expected=expected,
    )


def of_every_profile(
    *groups: Callable[[ProofProfile], Iterable[ProofVector]],
) -> Iterator[ProofVector]:
    """Give the cases of some groups for each profile that has rules of gossip."""
    for name in GOSSIP_ORDERS:
        for group in groups:
            yield from group(PROFILES[name])
