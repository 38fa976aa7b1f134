"""Which status of a peer makes it a stranger."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zkattest.net.status import FixedChain, judge_status
from zkattest.types.ids import Root, Slot
from zkattest.types.peering import ForkDigest, GoodbyeReason, Status

ROOT_A, ROOT_B, ZERO = Root(b"a" * 32), Root(b"b" * 32), Root(bytes(32))
OURS = Status(ForkDigest(b"abcd"), ROOT_A, 5, ROOT_B, Slot(200))


def test_status__accepted_when_it_is_ours() -> None:
    assert judge_status(FixedChain(OURS), OURS) is None


def test_status__refused_on_another_fork() -> None:
    theirs = replace(OURS, fork_digest=ForkDigest(b"abce"))
    assert judge_status(FixedChain(OURS), theirs) is GoodbyeReason.IRRELEVANT_NETWORK


def test_status__refused_with_another_finalized_block() -> None:
    theirs = replace(OURS, finalized_root=ROOT_B)
    assert judge_status(FixedChain(OURS), theirs) is GoodbyeReason.IRRELEVANT_NETWORK


@pytest.mark.parametrize("epoch", [0, 4, 6, 2**64 - 1])
def test_status__accepted_where_we_cannot_compare(epoch: int) -> None:
    theirs = replace(OURS, finalized_root=ROOT_B, finalized_epoch=epoch)
    assert judge_status(FixedChain(OURS), theirs) is None


@pytest.mark.parametrize(("ours", "theirs"), [(ZERO, ROOT_A), (ROOT_A, ZERO), (ZERO, ZERO)])
def test_status__accepted_before_anything_is_finalized(ours: Root, theirs: Root) -> None:
    chain = FixedChain(replace(OURS, finalized_root=ours))
    assert judge_status(chain, replace(OURS, finalized_root=theirs)) is None
