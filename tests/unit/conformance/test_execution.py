"""Cases of execution are read strictly and answered by the native function."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zkattest.conformance.cases import VectorCase
from zkattest.conformance.execution import check_execution, read_execution_case
from zkattest.conformance.outcome import Verdict
from zkattest.conformance.registry import RUNNERS
from zkattest.conformance.values import CaseError

ROOT = Path(__file__).resolve().parents[3]
GROUP = ROOT / "vectors" / "eip7886" / "execution" / "erc20"
ZEROS = "0x" + "00" * 43

Edit = Callable[[str, Callable[[Any], None]], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(GROUP / "transfer__valid", tmp_path / "case")
    return tmp_path / "case"


@pytest.fixture
def edit(folder: Path) -> Edit:
    def change(name: str, edit: Callable[[Any], None]) -> None:
        path = folder / f"{name}.json"
        content = json.loads(path.read_text())
        edit(content)
        path.write_text(json.dumps(content))

    return change


def read(folder: Path) -> VectorCase:
    return read_execution_case(folder, "execution/erc20/transfer__valid", "execution")


def test_registry__knows_the_runner() -> None:
    assert RUNNERS["execution"].check is check_execution


def test_execution__gives_the_public_values(folder: Path) -> None:
    case = read(folder)
    answer = check_execution(case)
    assert answer.verdict is Verdict.VALID
    assert answer.values == case.expected.values
    assert answer.values["public_values"] != ZEROS


def test_execution__cannot_be_checked_without_a_node(folder: Path, edit: Edit) -> None:
    edit("input", lambda content: content["witness"]["state"].pop())
    answer = check_execution(read(folder))
    assert answer.verdict is Verdict.CANNOT_CHECK
    assert answer.values == {"cause": "unreadable_input", "public_values": ZEROS}


def test_execution__cannot_be_checked_with_a_block_that_is_none(folder: Path, edit: Edit) -> None:
    edit("input", lambda content: content.update(block="0x"))
    assert check_execution(read(folder)).values["public_values"] == ZEROS


def test_case__refused_with_a_claim_that_is_not_bound(folder: Path, edit: Edit) -> None:
    edit("expected", lambda content: content["claim"].update(receipts_root="0x" + "11" * 32))
    with pytest.raises(CaseError, match=r"expected\.claim: not the one"):
        read(folder)


@pytest.mark.parametrize("values", ["0x", "0x" + "00" * 42, "0x" + "02" * 43])
def test_case__refused_with_public_values_that_do_not_decode(
    folder: Path, edit: Edit, values: str
) -> None:
    edit("expected", lambda content: content.update(public_values=values))
    with pytest.raises(CaseError, match=r"expected\.public_values"):
        read(folder)


def test_case__refused_without_public_values(folder: Path, edit: Edit) -> None:
    edit("expected", lambda content: content.pop("public_values"))
    with pytest.raises(CaseError, match=r"expected\.public_values: missing"):
        read(folder)


@pytest.mark.parametrize("part", ["state", "codes", "headers"])
def test_input__refused_without_a_part_of_the_witness(folder: Path, edit: Edit, part: str) -> None:
    edit("input", lambda content: content["witness"].pop(part))
    with pytest.raises(CaseError, match=f"input.witness.{part}: missing"):
        check_execution(read(folder))


def test_input__refused_with_text_that_is_no_bytes(folder: Path, edit: Edit) -> None:
    edit("input", lambda content: content["witness"].update(codes=["0x0"]))
    with pytest.raises(CaseError, match=r"input\.witness\.codes"):
        check_execution(read(folder))
