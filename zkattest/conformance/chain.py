"""Read recorded chains as vectors: each block is a question of the static runner."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from zkattest.conformance.cases import VectorCase, read_file
from zkattest.conformance.outcome import Outcome, Verdict
from zkattest.conformance.static import write_package
from zkattest.conformance.values import CaseError, member, read_object
from zkattest.spec.presets import OSAKA
from zkattest.types.errors import DecodeError
from zkattest.types.execution import MAX_PACKAGE_BYTES, BlockPackage

META_FILE: Final = "meta.yaml"
MAX_META_BYTES: Final = 1 << 20
# The only profile that chains are recorded under: the text of the EIP.
STRICT: Final = {"preset": OSAKA.name.value, "refund_aware": False, "cap_balance": False}


def read_chain_case(folder: Path, case_id: str, _runner: str) -> VectorCase:
    """Read `block.ssz` and what `meta.yaml` expects of it; raise `CaseError`."""
    meta = _read_meta(folder)
    if meta.get("profile") != "strict":
        raise CaseError("profile", "expected strict")
    expected = read_object(member(meta, "expected", ""), "expected")
    if expected.get("static") != Verdict.VALID:
        raise CaseError("expected.static", "a chain has valid blocks only")
    block = read_object(member(meta, "block", ""), "block")
    try:
        package = BlockPackage.decode(read_file(folder / "block.ssz", MAX_PACKAGE_BYTES))
    except DecodeError as error:
        raise CaseError("block.ssz", str(error)) from None
    return VectorCase(
        id=case_id,
        runner="static",
        folder=folder,
        given="a recorded chain up to the parent",
        when=str(meta.get("summary", "")),
        then="the block is statically valid",
        tags=("chain",),
        profile=STRICT,
        input=write_package(package),
        expected=Outcome(Verdict.VALID, {"block_hash": member(block, "hash", "block")}),
    )


def _read_meta(folder: Path) -> dict[str, Any]:
    try:
        meta = yaml.safe_load(read_file(folder / META_FILE, MAX_META_BYTES))
    except (yaml.YAMLError, RecursionError) as error:
        raise CaseError(META_FILE, f"not YAML: {str(error).splitlines()[0]}") from None
    return dict(read_object(meta, META_FILE))
