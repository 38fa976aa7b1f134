"""Answer requests for proofs from a source, within caps; for profiles that have such requests."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from zkattest.net.reqresp import Refusal
from zkattest.net.reqresp_codec import ResponseCode
from zkattest.ports import ProofSource
from zkattest.types.errors import ProofSourceFault, ProofsUnavailable
from zkattest.types.peering import (
    MAX_EXECUTION_PROOFS_PER_PAYLOAD,
    ExecutionProofsByRangeRequest,
    ProofByRootIdentifier,
    compute_max_request_execution_proofs,
)

MAX_RESPONSE_BYTES: Final = 64 << 20
"""The specification lets a responder limit its response; at least one proof is always sent."""

ProofsRequest = ExecutionProofsByRangeRequest | tuple[ProofByRootIdentifier, ...]


async def answer_proofs(
    source: ProofSource | None, request: ProofsRequest
) -> AsyncGenerator[bytes, None]:
    """
    Yield signed proofs for a request, at most as many as it may have.

    Raises `Refusal` for a request above its limits, and for what the source raises.
    """
    # A range is refused as a whole when all its slots could hold more proofs than one response.
    if (
        isinstance(request, ExecutionProofsByRangeRequest)
        and request.count * MAX_EXECUTION_PROOFS_PER_PAYLOAD
        > compute_max_request_execution_proofs()
    ):
        raise Refusal(ResponseCode.INVALID_REQUEST, f"{request.count} slots are too many")
    if source is None:
        raise Refusal(ResponseCode.RESOURCE_UNAVAILABLE, "no proofs are kept")
    sent_bytes = 0
    try:
        async with aclosing(_proofs(source, request)) as proofs:
            async for proof in proofs:
                if sent_bytes and sent_bytes + len(proof) > MAX_RESPONSE_BYTES:
                    return
                sent_bytes += len(proof)
                yield proof
    except ProofsUnavailable as error:
        raise Refusal(ResponseCode.RESOURCE_UNAVAILABLE, str(error)) from error
    except ProofSourceFault as error:
        raise Refusal(ResponseCode.SERVER_ERROR, "proofs cannot be read now") from error


async def _proofs(source: ProofSource, request: ProofsRequest) -> AsyncGenerator[bytes, None]:
    if isinstance(request, ExecutionProofsByRangeRequest):
        most = request.count * MAX_EXECUTION_PROOFS_PER_PAYLOAD
        types = frozenset(request.proof_types)
        parts = [(most, source.by_range(request.start_slot, request.count, types))]
    else:
        # A block that is named twice is answered once.
        parts = [
            (len(types), source.by_root(each.block_root, types))
            for each in dict.fromkeys(request)
            if (types := frozenset(each.proof_types))
        ]
    for most, proofs in parts:
        async with aclosing(proofs):
            sent = 0
            async for proof in proofs:
                if sent >= most:
                    break
                sent += 1
                yield proof
