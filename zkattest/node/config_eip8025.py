"""Read the section `[eip8025]`: a consensus network whose execution proofs are gossiped."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from zkattest.crypto.hashing import fork_data_root
from zkattest.machines.slot_clock import SlotClock
from zkattest.machines.verification_queue import VerificationLimits
from zkattest.net import topic_string
from zkattest.node.config_network import read_proof_types
from zkattest.node.config_reader import Table
from zkattest.rpc import parse_url
from zkattest.spec.gossip_profiles import GOSSIP_ORDERS
from zkattest.store.proof_limits import DEFAULT_MAX_KEPT_BYTES
from zkattest.types.ids import ChainId, ProgramVk, ProofType, Root, ValidatorIndex
from zkattest.types.proof_profiles import (
    PROFILES,
    ContainerKind,
    ListKind,
    ProfileName,
    ProofProfile,
)
from zkattest.verify.proof import ProofSystem

_PUBKEY_BYTES: Final = 48
_DIGEST_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Eip8025Settings:
    """Hold what a node has to know of a consensus network, and its bounds."""

    profile: ProofProfile
    chain_id: ChainId
    fork_version: bytes
    genesis_validators_root: Root
    fork_digest: bytes
    clock: SlotClock
    slots_per_epoch: int
    proof_types: dict[ProofType, tuple[ProofSystem, ProgramVk]]
    beacon_node: str | None = None
    validators: dict[ValidatorIndex, bytes] = field(default_factory=dict)
    store: str | None = None
    store_bytes: int = DEFAULT_MAX_KEPT_BYTES
    verification: VerificationLimits = field(default_factory=VerificationLimits)

    @property
    def topics(self) -> tuple[str, ...]:
        """Spell the topics of the revision."""
        return tuple(topic_string(self.fork_digest, name) for name in self.profile.topic_names)

    @property
    def fork_root(self) -> Root:
        """Return the root that domains come from."""
        return fork_data_root(self.fork_version, self.genesis_validators_root)


def read_eip8025(root: Table, *, names_programs: bool = True) -> Eip8025Settings | None:
    """
    Read the section; nothing where it is left out, or where a mistake leaves a part out.

    An engine's file names no programs in it (`names_programs`): its registry does.
    """
    if not root.has("eip8025"):
        return None
    table = root.table("eip8025")
    profile = _read_profile(table)
    chain_id = table.make("chain_id", ChainId, table.integer("chain_id"))
    version = table.hexadecimal("fork_version", _DIGEST_BYTES)
    validators_root = Root(table.hexadecimal("genesis_validators_root", Root.size_bytes))
    digest = fork_data_root(version, validators_root)[:_DIGEST_BYTES]
    if table.has("fork_digest"):
        digest = table.hexadecimal("fork_digest", _DIGEST_BYTES)
    genesis_time_ms = table.integer("genesis_time_ms")
    slot_ms = table.integer("slot_ms", 12_000, least=3)
    beacon_node = table.text("beacon_node", "")
    if beacon_node:
        table.make("beacon_node", parse_url, beacon_node)
    validators = _read_validators(table)
    if not beacon_node and not validators:
        table.wrong("beacon_node", "missing, and no validators are listed either")
    parallel = table.integer("parallel_verifications", VerificationLimits().parallel, least=1)
    settings = Eip8025Settings(
        profile=profile,
        chain_id=chain_id or ChainId(0),
        fork_version=version,
        genesis_validators_root=validators_root,
        fork_digest=digest,
        clock=SlotClock(genesis_time_ms, slot_ms),
        slots_per_epoch=table.integer("slots_per_epoch", 32, least=1),
        proof_types=read_proof_types(table) if names_programs else {},
        beacon_node=beacon_node or None,
        validators=validators,
        store=table.text("store", "") or None,
        store_bytes=table.integer("store_bytes", DEFAULT_MAX_KEPT_BYTES, least=1),
        verification=VerificationLimits(parallel=parallel),
    )
    return settings if chain_id is not None else None


def _read_profile(table: Table) -> ProofProfile:
    """Read a revision and the switches that a network has turned."""
    name = table.choice("profile", ProfileName, ProfileName.BETA4)
    if name not in GOSSIP_ORDERS:
        table.wrong(
            "profile", f"{name}: no rules of gossip, expected one of " + ", ".join(GOSSIP_ORDERS)
        )
    profile = PROFILES[name]
    return replace(
        profile,
        proof_data=table.choice("proof_data", ListKind, profile.proof_data),
        versioned_hashes=table.choice("versioned_hashes", ListKind, profile.versioned_hashes),
        new_payload_request=table.choice(
            "new_payload_request", ContainerKind, profile.new_payload_request
        ),
    )


def _read_validators(table: Table) -> dict[ValidatorIndex, bytes]:
    """Read a static list of active validators; each index once."""
    known: dict[ValidatorIndex, bytes] = {}
    if not table.has("validators"):
        return known
    for entry in table.tables("validators"):
        index = ValidatorIndex(entry.integer("index"))
        if index in known:
            entry.wrong("index", f"{index} is there twice")
        known[index] = entry.hexadecimal("pubkey", _PUBKEY_BYTES)
    return known
