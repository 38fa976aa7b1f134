"""Read the section `[network]`: what all nodes of one network agree on."""

from __future__ import annotations

from pathlib import Path

from zkattest.crypto.blocks import decode_header
from zkattest.machines.settings import Anchor
from zkattest.machines.slot_clock import SlotClock
from zkattest.node.config_reader import ConfigError, Mistake, Table
from zkattest.node.profile import Profile
from zkattest.types.errors import BlockDecodeError, DecodeError
from zkattest.types.execution import BlockPackage
from zkattest.types.ids import ChainId, ProgramVk, ProofType, ValidatorIndex
from zkattest.verify.proof import ProofSystem

# A witness of a full block has some ten megabytes.
_MAX_ANCHOR_BYTES = 1 << 28


def read_profile(table: Table) -> Profile | None:
    """Read a network; nothing where a mistake leaves a part of it out."""
    chain_id = table.make("chain_id", ChainId, table.integer("chain_id"))
    fork_version = table.hexadecimal("fork_version", 4)
    genesis_time_ms, slot_ms = table.integer("genesis_time_ms"), table.integer("slot_ms", least=3)
    pubkeys = table.hex_items("validators", 48)
    proposers = _read_proposers(table, len(pubkeys))
    proof_types = read_proof_types(table)
    anchor = _read_anchor_field(table)
    if chain_id is None or anchor is None:
        return None
    return Profile(
        chain_id=chain_id,
        fork_version=fork_version,
        anchor=anchor,
        clock=SlotClock(genesis_time_ms, slot_ms),
        pubkeys=pubkeys,
        proposers=proposers,
        proof_types=proof_types,
    )


def read_anchor(path: Path, field: str, package_path: Path) -> Anchor:
    """
    Take the trusted block from a package of its child, which holds its header and claim.

    Raises `ConfigError` about `field` of the file `path`.
    """
    try:
        return _anchor_of(package_path)
    except (OSError, ValueError) as error:
        raise ConfigError(path, Mistake(field, str(error))) from error


def _anchor_of(package_path: Path) -> Anchor:
    """Read the package; raise `OSError`, or `ValueError` with the file's name in it."""
    with package_path.open("rb") as file:
        data = file.read(_MAX_ANCHOR_BYTES + 1)
    if len(data) > _MAX_ANCHOR_BYTES:
        raise ValueError(f"{package_path}: larger than {_MAX_ANCHOR_BYTES} bytes")
    try:
        package = BlockPackage.decode(data)
        if not package.witness.headers:
            raise ValueError(f"{package_path}: witness holds no parent header")
        header, block_hash = decode_header(package.witness.headers[-1])
    except (DecodeError, BlockDecodeError) as error:
        raise ValueError(f"{package_path}: {error}") from error
    if package.parent_claim.block_hash != block_hash:
        raise ValueError(f"{package_path}: parent claim is about another block")
    return Anchor(block_hash, header, package.parent_claim)


def _read_anchor_field(table: Table) -> Anchor | None:
    package_path = table.path("anchor")
    if package_path is None:
        table.wrong("anchor", "missing")
        return None
    try:
        return _anchor_of(package_path)
    except (OSError, ValueError) as error:
        table.wrong("anchor", str(error))
        return None


def _read_proposers(table: Table, validator_count: int) -> tuple[ValidatorIndex, ...]:
    proposers = table.items("proposers")
    if not proposers or not all(
        isinstance(p, int) and not isinstance(p, bool) and 0 <= p < validator_count
        for p in proposers
    ):
        if table.has("proposers"):
            table.wrong("proposers", "expected indices of network.validators, one or more")
        return ()
    return tuple(ValidatorIndex(p) for p in proposers)


def read_proof_types(table: Table) -> dict[ProofType, tuple[ProofSystem, ProgramVk]]:
    """Read which program proves which type; each type once."""
    kinds: dict[ProofType, tuple[ProofSystem, ProgramVk]] = {}
    entries = table.tables("proof_types")
    for entry in entries:
        proof_type = entry.make("type", ProofType, entry.integer("type"))
        system = entry.choice("system", ProofSystem, ProofSystem.SP1)
        program_vk = entry.make("program_vk", ProgramVk.from_hex, entry.text("program_vk"))
        if proof_type in kinds:
            entry.wrong("type", f"{proof_type} is there twice")
        if proof_type is not None and program_vk is not None:
            kinds[proof_type] = (system, program_vk)
    if table.has("proof_types") and not entries:
        table.wrong("proof_types", "expected one or more")
    return kinds
