"""Read what cases of execution proofs share: profile, network, blocks, validators, engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from zkattest.conformance.values import (
    CaseError,
    member,
    read_bytes,
    read_fixed,
    read_list,
    read_number,
    read_object,
)
from zkattest.crypto import bls
from zkattest.crypto.hashing import signing_root
from zkattest.crypto.proof_roots import execution_proof_domain
from zkattest.spec.answers import (
    ActiveValidator,
    Fault,
    ProofOutcome,
    ProofValid,
    Refused,
    SignatureOutcome,
    SignatureValid,
    ValidatorOutcome,
)
from zkattest.spec.gossip_profiles import GOSSIP_ORDERS
from zkattest.spec.proof_gossip import GossipRule, KnownBlock
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.errors import DecodeError
from zkattest.types.ids import BoundedInt, ProofType, Root, Slot, ValidatorIndex
from zkattest.types.proof_profiles import (
    PROFILES,
    ContainerKind,
    ListKind,
    ProfileName,
    ProofProfile,
)
from zkattest.types.wire import PublicValues

PUBKEY_BYTES: Final = 48

_Enum = TypeVar("_Enum", ListKind, ContainerKind, ProfileName, Cause)
_Id = TypeVar("_Id", bound=BoundedInt)


@dataclass(frozen=True, slots=True)
class Network:
    """Hold what separates the signatures of one fork of one network from all others."""

    fork_version: bytes
    genesis_validators_root: bytes


@dataclass(frozen=True, slots=True)
class Validator:
    """Hold a validator's key, and whether it may sign proofs."""

    pubkey: bytes
    is_active: bool


@dataclass(frozen=True, slots=True)
class ProofScene:
    """
    Hold the world that a message comes into.

    `finalized_slot` is only where time stands still: a script has an event for it. `faults` name
    what could not be found out: `validator` or `signature`.
    """

    profile: ProofProfile
    network: Network
    order: tuple[GossipRule, ...]
    proof_types: frozenset[ProofType]
    max_proof_bytes: int
    validators: Mapping[int, Validator]
    faults: Mapping[str, Fault]

    def look_up(self, index: int) -> ValidatorOutcome:
        """Say who a validator is."""
        if "validator" in self.faults:
            return self.faults["validator"]
        known = self.validators.get(index)
        if known is None:
            return Refused(Reason.UNKNOWN_VALIDATOR)
        if not known.is_active:
            return Refused(Reason.VALIDATOR_NOT_ACTIVE)
        return ActiveValidator(known.pubkey)

    def check_signature(
        self, pubkey: bytes, message_root: Root, signature: bytes
    ) -> SignatureOutcome:
        """Check a signature in the domain of the network, for real."""
        if "signature" in self.faults:
            return self.faults["signature"]
        domain = execution_proof_domain(
            self.profile, self.network.fork_version, self.network.genesis_validators_root
        )
        if bls.verify(pubkey, signing_root(message_root, domain), signature):
            return SignatureValid()
        return Refused(Reason.MESSAGE_SIGNATURE_INVALID)


def read_profile(value: object) -> ProofProfile:
    """Read a profile's name and its three switches."""
    fields = read_object(value, "profile")
    preset = PROFILES[_read_enum(ProfileName, fields, "preset", "profile")]
    return replace(
        preset,
        proof_data=_read_enum(ListKind, fields, "proof_data", "profile"),
        versioned_hashes=_read_enum(ListKind, fields, "versioned_hashes", "profile"),
        new_payload_request=_read_enum(ContainerKind, fields, "new_payload_request", "profile"),
    )


def write_profile(profile: ProofProfile) -> dict[str, str]:
    """Write a profile as `read_profile` reads it."""
    return {
        "preset": profile.name.value,
        "proof_data": profile.proof_data.value,
        "versioned_hashes": profile.versioned_hashes.value,
        "new_payload_request": profile.new_payload_request.value,
    }


def read_scene(given: Mapping[str, Any], profile: ProofProfile) -> ProofScene:
    """Read the world of a case; raise `CaseError`."""
    order = GOSSIP_ORDERS.get(profile.name)
    if order is None:
        raise CaseError("profile.preset", f"{profile.name} has no rules of gossip")
    faults = read_object(given.get("faults", {}), "input.faults")
    validators = [
        read_object(one, "input.validators")
        for one in read_list(member(given, "validators", "input"), "input.validators")
    ]
    types = read_list(member(given, "proof_types", "input"), "input.proof_types")
    return ProofScene(
        profile=profile,
        network=read_network(given),
        order=order,
        proof_types=frozenset(read_id(one, ProofType, "input.proof_types") for one in types),
        max_proof_bytes=read_number(
            given.get("max_proof_bytes", profile.max_proof_bytes), "input.max_proof_bytes"
        ),
        validators=dict(_read_validator(one) for one in validators),
        faults={
            name: Fault(_read_enum(Cause, faults, name, "input.faults"))
            for name in ("validator", "signature")
            if name in faults
        },
    )


def read_network(given: Mapping[str, Any]) -> Network:
    """Read fork version and genesis validators root."""
    network = read_object(member(given, "network", "input"), "input.network")
    version = read_bytes(
        member(network, "fork_version", "input.network"), "input.network.fork_version"
    )
    if len(version) != 4:
        raise CaseError("input.network.fork_version", f"{len(version)} bytes, expected 4")
    root = member(network, "genesis_validators_root", "input.network")
    return Network(version, read_fixed(root, Root, "input.network.genesis_validators_root"))


def read_block(value: object, field: str) -> tuple[Root, KnownBlock]:
    """Read a block that is known; without public values its payload has not been seen."""
    fields = read_object(value, field)
    root = read_fixed(member(fields, "root", field), Root, f"{field}.root")
    values = member(fields, "public_values", field)
    return root, KnownBlock(
        slot=read_id(member(fields, "slot", field), Slot, f"{field}.slot"),
        public_values=None if values is None else read_values(values, f"{field}.public_values"),
    )


def read_values(value: object, field: str) -> PublicValues:
    """Read what a proof of a payload has to commit to."""
    try:
        return PublicValues.decode(read_bytes(value, field))
    except DecodeError as error:
        raise CaseError(field, str(error)) from None


def read_engine(value: object, field: str) -> ProofOutcome:
    """Read what the proof engine says: `valid` with public values, `invalid`, or a `fault`."""
    fields = read_object(value, field)
    match member(fields, "answer", field):
        case "valid":
            values = member(fields, "public_values", field)
            return ProofValid(read_bytes(values, f"{field}.public_values"))
        case "invalid":
            return Refused(Reason.PROOF_INVALID)
        case "fault":
            return Fault(_read_enum(Cause, fields, "cause", field))
    raise CaseError(f"{field}.answer", "expected valid, invalid or fault")


def read_id(value: object, kind: type[_Id], field: str) -> _Id:
    """Read a number of bounded size."""
    try:
        return kind(read_number(value, field))
    except ValueError as error:
        raise CaseError(field, str(error)) from None


def _read_validator(fields: Mapping[str, Any]) -> tuple[int, Validator]:
    field = "input.validators"
    pubkey = read_bytes(member(fields, "pubkey", field), f"{field}.pubkey")
    if len(pubkey) != PUBKEY_BYTES:
        raise CaseError(f"{field}.pubkey", f"{len(pubkey)} bytes, expected {PUBKEY_BYTES}")
    status = member(fields, "status", field)
    if status not in ("active", "inactive"):
        raise CaseError(f"{field}.status", "expected active or inactive")
    index = read_id(member(fields, "index", field), ValidatorIndex, f"{field}.index")
    return int(index), Validator(pubkey, is_active=status == "active")


def _read_enum(kind: type[_Enum], fields: Mapping[str, Any], name: str, field: str) -> _Enum:
    try:
        return kind(member(fields, name, field))
    except ValueError:
        raise CaseError(f"{field}.{name}", f"expected {', '.join(kind)}") from None
