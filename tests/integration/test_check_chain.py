"""The static check over the recorded chain: every block passes, every change to one shows."""

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from zkattest.cli.check import app
from zkattest.crypto.blocks import decode_block, decode_header
from zkattest.node.embed import check_block
from zkattest.spec.binding import bind_parent
from zkattest.spec.reasons import CannotVerify, Cause, InvalidBlock, Notice
from zkattest.types.execution import BlockPackage, ExecutionClaim
from zkattest.types.ids import Root

CHAIN = Path(__file__).parents[2] / "vectors" / "eip7886" / "chain"
BLOCKS = sorted(CHAIN.glob("*/block.ssz"))


def read(path: Path) -> BlockPackage:
    return BlockPackage.decode(path.read_bytes())


@pytest.mark.parametrize("path", BLOCKS, ids=lambda path: path.parent.name)
def test_recorded_block__valid(path):
    report = check_block(read(path))
    wrong_gas = path.parent.name.endswith("wrong_gas")
    assert [one.kind for one in report.notices] == [Notice.CERTAIN_REVERT] * wrong_gas
    assert CliRunner().invoke(app, [str(path)]).output.startswith(f"valid: block {report.number} ")


@pytest.mark.parametrize("path", BLOCKS[1:], ids=lambda path: path.parent.name)
def test_recorded_block__claims_what_its_parent_gave(path):
    package = read(path)
    header = decode_block(package.block).header
    assert bind_parent(header, header.parent_hash, package.parent_claim.transactions_root) == (
        package.parent_claim
    )
    recorded = BLOCKS[BLOCKS.index(path) - 1].with_name("claim.ssz")
    assert ExecutionClaim.decode(recorded.read_bytes()) == package.parent_claim
    parent = decode_block(read(BLOCKS[BLOCKS.index(path) - 1]).block)
    assert parent.transactions_root() == package.parent_claim.transactions_root
    assert decode_header(package.witness.headers[-1]) == (parent.header, parent.block_hash)


@pytest.mark.parametrize("path", BLOCKS, ids=lambda path: path.parent.name)
def test_recorded_block__refused_after_another_parent_outcome(path):
    package = read(path)
    claim = replace(package.parent_claim, receipts_root=Root(b"\x01" * 32))
    with pytest.raises(InvalidBlock, match="parent_receipt_root_mismatch"):
        check_block(replace(package, parent_claim=claim))


@pytest.mark.parametrize("path", BLOCKS, ids=lambda path: path.parent.name)
def test_recorded_block__every_sender_node_is_needed(path):
    package = read(path)
    witness = replace(package.witness, state=())
    if not decode_block(package.block).transactions:
        check_block(replace(package, witness=witness))
        return
    with pytest.raises(CannotVerify) as caught:
        check_block(replace(package, witness=witness))
    assert caught.value.cause is Cause.MISSING_NODE


def test_recorded_block__refused_on_another_chain():
    package = replace(read(BLOCKS[0]), chain_id=1)
    with pytest.raises(InvalidBlock, match="transaction_chain_id_mismatch"):
        check_block(package)
