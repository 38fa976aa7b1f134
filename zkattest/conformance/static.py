"""Check the vectors of static verification: a block, its parent, a witness."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zkattest.conformance.cases import VectorCase
from zkattest.conformance.outcome import Outcome, cannot_check, invalid, valid
from zkattest.conformance.values import (
    CaseError,
    as_json,
    member,
    read_bytes,
    read_fixed,
    read_flag,
    read_list,
    read_number,
    read_object,
)
from zkattest.node.embed import check_block
from zkattest.spec.presets import PRESETS, Preset, PresetName
from zkattest.spec.reasons import CannotVerify, InvalidBlock
from zkattest.types.execution import (
    BLOOM_BYTES,
    BlockPackage,
    ExecutionClaim,
    ExecutionWitness,
)
from zkattest.types.ids import BlockHash, ChainId, Root


def check_static(case: VectorCase) -> Outcome:
    """Check a block without executing it; raise `CaseError` where the input is no question."""
    package, preset = read_package(case.input), read_preset(case.profile)
    try:
        report = check_block(package, preset)
    except InvalidBlock as refusal:
        return invalid(refusal.reason, **refusal.operands)
    except CannotVerify as failure:
        return cannot_check(failure.cause)
    notices = [{"notice": one.kind, "operands": one.operands} for one in report.notices]
    return valid(block_hash=report.block_hash, notices=notices)


def read_preset(profile: object) -> Preset:
    """Read a preset's name and its flags."""
    fields = read_object(profile, "profile")
    try:
        preset = PRESETS[PresetName(member(fields, "preset", "profile"))]
    except ValueError:
        raise CaseError("profile.preset", f"expected {', '.join(PresetName)}") from None
    flags = {
        name: read_flag(member(fields, name, "profile"), f"profile.{name}")
        for name in ("refund_aware", "cap_balance")
    }
    return preset.with_flags(**flags)


def read_package(given: Mapping[str, Any]) -> BlockPackage:
    """Read the block and all that its check needs."""
    witness = read_object(member(given, "witness", "input"), "input.witness")
    parent = member(given, "parent_header", "input")
    return BlockPackage(
        chain_id=read_chain_id(given),
        block=read_bytes(member(given, "block", "input"), "input.block"),
        parent_claim=read_claim(member(given, "parent_claim", "input"), "input.parent_claim"),
        versioned_hashes=tuple(
            read_fixed(one, Root, "input.versioned_hashes")
            for one in read_list(member(given, "versioned_hashes", "input"), "versioned_hashes")
        ),
        witness=ExecutionWitness(
            state=_byte_strings(witness, "state"),
            codes=_byte_strings(witness, "codes"),
            headers=() if parent is None else (read_bytes(parent, "input.parent_header"),),
        ),
    )


def write_package(package: BlockPackage) -> dict[str, Any]:
    """Write the input of a vector; the inverse of `read_package`."""
    headers, witness = package.witness.headers, package.witness
    return {
        "chain_id": as_json(package.chain_id),
        "block": as_json(package.block),
        "parent_header": as_json(headers[-1]) if headers else None,
        "parent_claim": write_claim(package.parent_claim),
        "versioned_hashes": as_json(package.versioned_hashes),
        "witness": {"state": as_json(witness.state), "codes": as_json(witness.codes)},
    }


def read_chain_id(given: Mapping[str, Any]) -> ChainId:
    """Read the chain's id."""
    try:
        return ChainId(read_number(member(given, "chain_id", "input"), "input.chain_id"))
    except ValueError as error:
        raise CaseError("input.chain_id", str(error)) from None


def read_claim(value: object, field: str) -> ExecutionClaim:
    """Read the eight fields of a claim."""
    fields = read_object(value, field)

    def root(name: str) -> Root:
        return read_fixed(member(fields, name, field), Root, f"{field}.{name}")

    bloom = read_bytes(member(fields, "logs_bloom", field), f"{field}.logs_bloom")
    if len(bloom) != BLOOM_BYTES:
        raise CaseError(f"{field}.logs_bloom", f"{len(bloom)} bytes, expected {BLOOM_BYTES}")
    return ExecutionClaim(
        block_hash=BlockHash(root("block_hash")),
        transactions_root=root("transactions_root"),
        post_state_root=root("post_state_root"),
        deferred_transactions_root=root("deferred_transactions_root"),
        receipts_root=root("receipts_root"),
        logs_bloom=bloom,
        requests_hash=root("requests_hash"),
        execution_reverted=read_flag(
            member(fields, "execution_reverted", field), f"{field}.execution_reverted"
        ),
    )


def write_claim(claim: ExecutionClaim) -> dict[str, Any]:
    """Write the eight fields of a claim, in the order of its SSZ."""
    return {name: as_json(getattr(claim, name)) for name in ExecutionClaim.__dataclass_fields__}


def _byte_strings(witness: Mapping[str, Any], name: str) -> tuple[bytes, ...]:
    field = f"input.witness.{name}"
    items = read_list(member(witness, name, "input.witness"), field)
    return tuple(read_bytes(item, field) for item in items)
