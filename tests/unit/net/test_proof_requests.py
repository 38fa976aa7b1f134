"""Requests for proofs: caps, refusals, and a source that is read lazily."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from zkattest.net import proof_requests
from zkattest.net.proof_requests import ProofsRequest, answer_proofs
from zkattest.net.reqresp import Refusal
from zkattest.net.reqresp_codec import ResponseCode
from zkattest.types.errors import ProofSourceFault, ProofsUnavailable
from zkattest.types.ids import ProofType, Root, Slot
from zkattest.types.peering import ExecutionProofsByRangeRequest, ProofByRootIdentifier

ONE, TWO = ProofType(1), ProofType(2)
ROOT_A, ROOT_B = Root(b"a" * 32), Root(b"b" * 32)


class Source:
    """Yield proofs without end, and count how many were taken."""

    def __init__(self, error: Exception | None = None, size_bytes: int = 145) -> None:
        self.taken = 0
        self.asked: list[tuple[object, ...]] = []
        self._error = error
        self._size_bytes = size_bytes

    async def _endless(self) -> AsyncGenerator[bytes, None]:
        while True:
            if self._error is not None:
                raise self._error
            self.taken += 1
            yield bytes(self._size_bytes)

    def by_root(self, block_root: Root, proof_types: frozenset[ProofType]) -> AsyncGenerator:
        self.asked.append((block_root, proof_types))
        return self._endless()

    def by_range(
        self, start_slot: Slot, count: int, proof_types: frozenset[ProofType]
    ) -> AsyncGenerator:
        self.asked.append((start_slot, count, proof_types))
        return self._endless()


async def answered(source: Source | None, request: ProofsRequest) -> int:
    return len([proof async for proof in answer_proofs(source, request)])


def by_range(count: int) -> ExecutionProofsByRangeRequest:
    return ExecutionProofsByRangeRequest(Slot(9), count, (ONE,))


async def test_range__capped_at_four_proofs_a_slot() -> None:
    source = Source()
    assert await answered(source, by_range(3)) == 12
    assert source.asked == [(Slot(9), 3, frozenset({ONE}))]
    assert source.taken == 13


@pytest.mark.parametrize(("count", "proofs"), [(0, 0), (128, 512)])
async def test_range__accepted_at_its_limits(count: int, proofs: int) -> None:
    assert await answered(Source(), by_range(count)) == proofs


@pytest.mark.parametrize("count", [129, 2**64 - 1])
async def test_range__refused_above_its_limit(count: int) -> None:
    source = Source()
    with pytest.raises(Refusal) as refusal:
        await answered(source, by_range(count))
    assert refusal.value.code is ResponseCode.INVALID_REQUEST
    assert source.asked == []


async def test_roots__capped_at_the_types_that_were_named() -> None:
    source = Source()
    request = (
        ProofByRootIdentifier(ROOT_A, (ONE, TWO, TWO)),
        ProofByRootIdentifier(ROOT_B, (TWO,)),
        ProofByRootIdentifier(ROOT_B, (TWO,)),
        ProofByRootIdentifier(ROOT_B, ()),
    )
    assert await answered(source, request) == 3
    assert source.asked == [(ROOT_A, frozenset({ONE, TWO})), (ROOT_B, frozenset({TWO}))]


async def test_response__capped_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_requests, "MAX_RESPONSE_BYTES", 1000)
    assert await answered(Source(size_bytes=400), by_range(10)) == 2
    # One proof is sent whatever it weighs.
    assert await answered(Source(size_bytes=4000), by_range(10)) == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ProofsUnavailable("pruned"), ResponseCode.RESOURCE_UNAVAILABLE),
        (ProofSourceFault("disk"), ResponseCode.SERVER_ERROR),
    ],
)
async def test_response__says_whose_fault_it_is(error: Exception, code: ResponseCode) -> None:
    with pytest.raises(Refusal) as refusal:
        await answered(Source(error), by_range(1))
    assert refusal.value.code is code


async def test_response__unavailable_without_a_source() -> None:
    with pytest.raises(Refusal) as refusal:
        await answered(None, by_range(1))
    assert refusal.value.code is ResponseCode.RESOURCE_UNAVAILABLE
