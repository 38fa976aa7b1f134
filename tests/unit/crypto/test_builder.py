"""The builder's door: plans in, packages out, bad plans refused in one line."""

import json
from typing import Any

import pytest

from tools.chain import genesis
from tools.chain.files import CHAIN, cases
from tools.chain.plan import BlockPlan
from zkattest.crypto.builder import ChainBuilder
from zkattest.types.execution import BlockPackage, ExecutionClaim


def plan(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Describe an empty block, with some fields changed."""
    return {**BlockPlan("empty", "").as_json(number), **changes}


def test_builder__begins_with_the_recorded_anchor() -> None:
    anchor = json.loads((CHAIN / "genesis.json").read_text())["anchor"]
    header, claim = ChainBuilder(genesis.as_json()).head()
    assert header.hex() == anchor["header"][2:]
    assert claim.hex() == anchor["claim"][2:]


def test_builder__hands_the_claim_to_the_child() -> None:
    builder = ChainBuilder(genesis.as_json())
    first, second = (builder.build_block(plan(number)) for number in (1, 2))
    package = BlockPackage.decode(second.package)
    assert package.parent_claim == ExecutionClaim.decode(first.claim)
    assert (first.summary["number"], second.summary["number"]) == (1, 2)


def test_builder__continues_after_a_refused_plan() -> None:
    builder = ChainBuilder(genesis.as_json())
    with pytest.raises(ValueError, match="gas limit: 1 is out of reach of the parent's"):
        builder.build_block(plan(gas_limit=1))
    assert builder.build_block(plan()).summary["number"] == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"transactions": ["0x05"]}, "transaction 0: unknown type 5"),
        ({"transactions": ["0x02"]}, "transaction 0: "),
        ({"transactions": ["zz"]}, "description: "),
        ({"timestamp": -1}, "description: "),
    ],
)
def test_plan__is_refused_when_malformed(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        ChainBuilder(genesis.as_json()).build_block(plan(**changes))


def test_genesis__is_refused_when_malformed() -> None:
    with pytest.raises(ValueError, match=r"^description: "):
        ChainBuilder({})


def test_summary__describes_the_recorded_revert() -> None:
    [case] = [case for case in cases() if case.directory.name == "0011_wrong_gas"]
    meta = case.read_meta()
    assert meta["expected"]["revert"] == "declared gas 42001, used 42000"
    assert meta["block"]["gas_used"] == 0
