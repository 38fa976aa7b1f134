"""
Show cases over the Beacon API: post a message, then look whether its proof is kept.

ethereum/beacon-APIs #569: `POST /eth/v1/beacon/execution_proofs` takes a list of up to four
messages, `GET /eth/v1/beacon/execution_proofs/{block_id}` gives those that are kept. What a status
says: 200 accepted or known already, 400 refused, 500 the engine has no answer, 501 there is none.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import trio

from zkattest.conformance.blackbox.context import Play, Sent
from zkattest.conformance.blackbox.run import NodeUnavailable
from zkattest.conformance.blackbox.sight import (
    Sight,
    accepted,
    ignored,
    not_accepted,
    not_rejected,
    nothing,
)
from zkattest.rpc.bounded_http import BoundedHttp, HttpAnswer
from zkattest.spec.gossip_profiles import read_gossiped_proof
from zkattest.types.errors import DecodeError, SourceTimeout, SourceUnavailable
from zkattest.types.proof_json import encode_submission_json, max_json_bytes
from zkattest.types.proof_messages import MAX_EXECUTION_PROOFS_PER_PAYLOAD, decode_message
from zkattest.types.proof_profiles import MessageKind, ProofProfile

PATH: Final = "/eth/v1/beacon/execution_proofs"
_ANSWER_BYTES: Final = 1 << 16
_OFFSET: Final = (4).to_bytes(4, "little")
_OK: Final = 200
# Asked for by the interface where SSZ is posted; the newest fork that proofs are made for.
_CONSENSUS_VERSION: Final = "gloas"
_SEEN: Final = {
    202: not_accepted("202: passed on, but it did not pass validation"),
    400: not_accepted("400: refused"),
    413: not_accepted("413: too large"),
    500: ignored("500: the node could not find out"),
}
_UNAVAILABLE: Final = {
    404: "the node has no such path",
    405: "the node takes no proofs",
    501: "the node has no proof engine",
    503: "the node is not ready",
}


class BeaconObserver:
    """Ask one node, one case at a time: what is kept is looked at before and after."""

    most_at_once = 1

    def __init__(self, url: str, profile: ProofProfile, timeout_s: float) -> None:
        """Prepare for a node; raises `ValueError` for what is no http(s) address."""
        if profile.message is not MessageKind.SIGNED_ENVELOPE:
            raise ValueError(f"the Beacon API carries no messages of {profile.name}")
        self._profile = profile
        self._timeout_s = timeout_s
        self._http = BoundedHttp(url, connections=1, deadline_ms=int(timeout_s * 1_000))
        self._as_json = False

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    async def show(self, play: Play) -> Sight:
        """Post what goes before, then the message, and look whether it is kept."""
        return await trio.to_thread.run_sync(partial(self._show, play))

    def _show(self, play: Play) -> Sight:
        try:
            for one in play.before:
                self._post(one)
            was_kept = self._is_kept(play.sent)
            answer = self._post(play.sent)
            if answer is None:
                return nothing("not SSZ of a message, and the node takes JSON alone")
            if answer.status in _UNAVAILABLE:
                raise NodeUnavailable(f"{self._http.name}: {_UNAVAILABLE[answer.status]}")
            if answer.status != _OK:
                unknown = nothing(f"{answer.status}: says nothing of a verdict")
                return _SEEN.get(answer.status, unknown)
            is_kept = self._is_kept(play.sent)
        except (SourceTimeout, SourceUnavailable) as error:
            return nothing(str(error))
        if was_kept:
            return not_rejected("200: its proof was kept before, and is")
        if is_kept:
            return accepted("200: its proof is kept")
        return ignored("200: its proof is not kept")

    def _post(self, sent: Sent) -> HttpAnswer | None:
        """Post one message; None where only JSON is taken, and there is none of it."""
        if not self._as_json:
            answer = self._exchange(_OFFSET + sent.data, "application/octet-stream")
            if answer.status != 415:
                return answer
            self._as_json = True
        try:
            message = decode_message(self._profile, sent.data)
        except DecodeError:
            return None
        text = encode_submission_json(self._profile, (message,))
        return self._exchange(text.encode(), "application/json")

    def _exchange(self, body: bytes, content_type: str) -> HttpAnswer:
        headers = {"content-type": content_type, "eth-consensus-version": _CONSENSUS_VERSION}
        with self._http.within_deadline():
            return self._http.exchange(
                "POST", PATH, body=body, headers=headers, max_bytes=_ANSWER_BYTES
            )

    def _is_kept(self, sent: Sent) -> bool:
        """Tell whether the node gives this proof of its block."""
        if sent.subject is None:
            return False
        limit_bytes = MAX_EXECUTION_PROOFS_PER_PAYLOAD * max_json_bytes(self._profile)
        with self._http.within_deadline():
            answer = self._http.exchange("GET", f"{PATH}/{sent.subject}", max_bytes=limit_bytes)
        if answer.status != _OK:
            return False
        proof = read_gossiped_proof(self._profile, sent.data)
        wanted = (
            "0x" + proof.proof_data.hex(),
            str(int(proof.proof_type)),
            str(proof.subject),
            str(int(proof.validator_index)),
        )
        listed = self._http.decode(answer.body)
        items = listed.get("data") if isinstance(listed, dict) else None
        if not isinstance(items, list):
            self._http.refuse("the answer has no list of proofs")
        return any(_named(item) == wanted for item in items)


def _named(item: Any) -> tuple[Any, ...]:
    """Give what tells a kept message from others."""
    message = item.get("message") if isinstance(item, dict) else None
    if not isinstance(message, dict):
        return ()
    names = ("proof_data", "proof_type", "beacon_block_root")
    return (*(message.get(name) for name in names), item.get("validator_index"))
