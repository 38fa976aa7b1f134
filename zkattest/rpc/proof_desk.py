"""
Hand proofs to a node that signs and publishes them: `POST /eth/v1/prover/execution_proofs`.

What the node answers is shown to a person, so its words are cut to one printable line each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import trio

from zkattest.rpc.bounded_http import BoundedHttp, HttpAnswer, shorten

ROUTE: Final = "/eth/v1/prover/execution_proofs"
_MAX_ANSWER_BYTES: Final = 65_536
_HEADERS: Final = {"content-type": "application/octet-stream"}


@dataclass(frozen=True, slots=True)
class DeskAnswer:
    """Hold what a node says of one proof; `code` is the status of HTTP."""

    code: int
    status: str
    is_kept: bool = False
    reason: str | None = None
    cause: str | None = None
    message: str = ""


class ProofDesk:
    """Hand proofs to one node."""

    def __init__(self, url: str, deadline_ms: int = 40_000) -> None:
        """Prepare for a node; raises `ValueError` for what is no http(s) address."""
        self._http = BoundedHttp(url, connections=1, deadline_ms=deadline_ms)

    async def hand_in(self, ssz_bytes: bytes) -> DeskAnswer:
        """
        Post a list with one unsigned proof, and return what the node says of it.

        Raises `SourceTimeout` and `SourceUnavailable`.
        """
        return await trio.to_thread.run_sync(
            self._hand_in,
            ssz_bytes,
            # libp2p brings trio-typing, whose stubs of an older trio hide trio's own types.
            abandon_on_cancel=True,  # type: ignore[call-arg, unused-ignore]
        )

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _hand_in(self, ssz_bytes: bytes) -> DeskAnswer:
        with self._http.within_deadline():
            answer = self._http.exchange(
                "POST", ROUTE, body=ssz_bytes, headers=_HEADERS, max_bytes=_MAX_ANSWER_BYTES
            )
        return self._read(answer)

    def _read(self, answer: HttpAnswer) -> DeskAnswer:
        if not answer.body.startswith(b"{"):
            # A node without `[signer]` answers so, or something that is no node.
            said = shorten(answer.body.decode("utf-8", "replace"))
            return DeskAnswer(answer.status, "", message=said or f"HTTP status {answer.status}")
        value = self._http.decode(answer.body)
        outcomes = value.get("data")
        if not isinstance(outcomes, list) or len(outcomes) != 1:
            return DeskAnswer(answer.status, "", message=_text(value, "message") or "")
        outcome = outcomes[0] if isinstance(outcomes[0], dict) else {}
        return DeskAnswer(
            code=answer.status,
            status=_text(outcome, "status") or "",
            is_kept=outcome.get("kept") is True,
            reason=_text(outcome, "reason"),
            cause=_text(outcome, "cause"),
            message=_text(outcome, "message") or "",
        )


def _text(value: Mapping[str, Any], key: str) -> str | None:
    text = value.get(key)
    return shorten(text) if isinstance(text, str) else None
