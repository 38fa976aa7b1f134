"""
Have a remote signer sign, over the HTTP interface of Web3Signer (ethereum/remote-signing-api).

The interface has a request type for each kind of object, and none for execution proofs: signers
compute the signing root themselves from an object that they know. What fits is `GENERIC`
(remote-signing-api issue 26, pull request 30: a proposal), which names the two parts of
`SigningData`:

    POST {url}/api/v1/eth2/sign/0x{pubkey}
    {"type": "GENERIC", "merkle_root": "0x…32 bytes", "domain": "0x…32 bytes"}

The domain begins with DOMAIN_EXECUTION_PROOF, so the signer can tell that it signs neither a block
nor an attestation. Signers that do not know the type answer 400; that is `UNSUPPORTED_REQUEST`
here, and nothing else is tried: there is no other request whose signature would be valid.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NoReturn

import trio

from zkattest.crypto import bls
from zkattest.rpc.bounded_http import BoundedHttp, HttpAnswer
from zkattest.spec.reasons import Cause
from zkattest.spec.signing import CannotSign, SigningData
from zkattest.types.errors import SourceTimeout, SourceUnavailable

REQUEST_TYPE: Final = "GENERIC"
_MAX_ANSWER_BYTES: Final = 4_096
_SIGNATURE: Final = re.compile(rb"0x([0-9a-fA-F]{192})")
_OK: Final = 200
_REFUSED: Final = frozenset({401, 403, 412})
_UNKNOWN_KEY: Final = 404
_UNSUPPORTED: Final = frozenset({400, 405, 415, 422, 501})


@dataclass(frozen=True, slots=True)
class SignerLimits:
    """Bound what one signature may take, and how many are asked for at once."""

    deadline_ms: int = 5_000
    connections: int = 4


class RemoteSigner:
    """Sign with a key that a remote signer holds, behind `ProofSigner`."""

    def __init__(self, url: str, pubkey: bytes, limits: SignerLimits | None = None) -> None:
        """
        Prepare for a signer and one of its keys (48 bytes); nothing is sent yet.

        Raises `ValueError` for what is no http(s) address, or no public key by its length.
        """
        limits = limits or SignerLimits()
        if len(pubkey) != bls.PUBLIC_KEY_BYTES:
            raise ValueError(f"pubkey: {len(pubkey)} bytes, expected {bls.PUBLIC_KEY_BYTES}")
        self._pubkey = pubkey
        self._http = BoundedHttp(
            url, connections=limits.connections, deadline_ms=limits.deadline_ms
        )
        self._limiter = trio.CapacityLimiter(limits.connections)

    @property
    def pubkey(self) -> bytes:
        """Return the public key, 48 bytes."""
        return self._pubkey

    async def sign(self, data: SigningData) -> bytes:
        """
        Ask for a signature, and verify it: a signer is not trusted to have signed what was asked.

        Raises `CannotSign` with `TIMEOUT`, `UNKNOWN_KEY`, `UNSUPPORTED_REQUEST`,
        `REFUSED_BY_SIGNER`, or `BACKEND_UNAVAILABLE` for everything else.
        """
        return await trio.to_thread.run_sync(
            self._sign,
            data,
            limiter=self._limiter,
            # libp2p brings trio-typing, whose stubs of an older trio hide trio's own types.
            abandon_on_cancel=True,  # type: ignore[call-arg, unused-ignore]
        )

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _sign(self, data: SigningData) -> bytes:
        request = {
            "type": REQUEST_TYPE,
            "merkle_root": f"0x{data.object_root.hex()}",
            "domain": f"0x{data.domain.hex()}",
        }
        try:
            with self._http.within_deadline():
                answer = self._http.exchange(
                    "POST",
                    f"/api/v1/eth2/sign/0x{self._pubkey.hex()}",
                    json=request,
                    max_bytes=_MAX_ANSWER_BYTES,
                )
            signature = self._signature(answer)
        except (SourceTimeout, SourceUnavailable) as error:
            raise CannotSign(Cause(error.cause), f"remote signer {error.detail}") from None
        if not bls.verify(self._pubkey, data.signing_root, signature):
            self._fail(Cause.BACKEND_UNAVAILABLE, "a signature that does not verify")
        return signature

    def _signature(self, answer: HttpAnswer) -> bytes:
        self._require_ok(answer.status)
        body = answer.body.strip()
        # Web3Signer answers with an object where JSON is accepted; the text alone is allowed, too.
        if body.startswith(b"{"):
            value = self._http.decode(body).get("signature")
            body = value.encode() if isinstance(value, str) else b""
        match = _SIGNATURE.fullmatch(body)
        if match is None:
            self._http.refuse("the answer is no signature of 96 bytes")
        return bytes.fromhex(match[1].decode())

    def _require_ok(self, status: int) -> None:
        if status == _OK:
            return
        said = f"HTTP status {status}"
        if status in _UNSUPPORTED:
            detail = f"{said}: it takes no request of type {REQUEST_TYPE}"
            self._fail(Cause.UNSUPPORTED_REQUEST, detail)
        if status == _UNKNOWN_KEY:
            self._fail(Cause.UNKNOWN_KEY, f"{said}: it holds no key 0x{self._pubkey.hex()}")
        if status in _REFUSED:
            self._fail(Cause.REFUSED_BY_SIGNER, said)
        self._fail(Cause.BACKEND_UNAVAILABLE, said)

    def _fail(self, cause: Cause, detail: str) -> NoReturn:
        raise CannotSign(cause, f"remote signer {self._http.name}: {detail}")
