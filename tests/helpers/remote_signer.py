"""
Remote signers as far as proofs concern them: one that knows `GENERIC`, one as released.

Both follow Web3Signer 26.4: 400 for a request that does not decode or is of a type it does not
know, 404 for a key it does not hold, an object where JSON is accepted and text otherwise. The
first one knows the type that remote-signing-api's pull request 30 proposes, as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.helpers.web_server import Reply, Request
from zkattest.crypto import bls
from zkattest.crypto.hashing import signing_root
from zkattest.types.ids import Root

RELEASED_TYPES = frozenset(
    {
        "BLOCK",
        "BLOCK_V2",
        "ATTESTATION",
        "AGGREGATION_SLOT",
        "AGGREGATE_AND_PROOF",
        "AGGREGATE_AND_PROOF_V2",
        "DEPOSIT",
        "RANDAO_REVEAL",
        "VOLUNTARY_EXIT",
        "SYNC_COMMITTEE_MESSAGE",
        "SYNC_COMMITTEE_SELECTION_PROOF",
        "SYNC_COMMITTEE_CONTRIBUTION_AND_PROOF",
        "VALIDATOR_REGISTRATION",
    }
)
_PATH = re.compile(r"/api/v1/eth2/sign/(?:0x)?([0-9a-fA-F]{96})")


def generic_signer(*secrets: bytes) -> Callable[[Request], Reply]:
    """Sign `GENERIC` requests with these keys."""
    keys = {bls.public_key(secret).hex(): secret for secret in secrets}

    def respond(request: Request) -> Reply:
        match = _PATH.fullmatch(request.path)
        if request.method != "POST" or match is None:
            return Reply(404)
        body = request.body
        if not isinstance(body, dict) or body.get("type") != "GENERIC":
            return Reply(400)
        try:
            root, domain = (_bytes32(body[name]) for name in ("merkle_root", "domain"))
        except (KeyError, ValueError, AttributeError):
            return Reply(400)
        # Blocks and attestations have to come with what protects them.
        if domain[:4] in (b"\0\0\0\0", b"\1\0\0\0"):
            return Reply(400)
        if match[1].lower() not in keys:
            return Reply(404)
        signature = bls.sign(keys[match[1].lower()], signing_root(Root(root), domain))
        text = f"0x{signature.hex()}"
        if "application/json" in request.headers.get("accept", ""):
            return Reply.json({"signature": text})
        return Reply(200, text.encode(), {"Content-Type": "text/plain; charset=utf-8"})

    return respond


def released_signer(request: Request) -> Reply:
    """Refuse every type that Web3Signer 26.4 does not list, before the key is looked for."""
    known = isinstance(request.body, dict) and request.body.get("type") in RELEASED_TYPES
    return Reply(500 if known else 400)


def _bytes32(text: str) -> bytes:
    if not text.startswith("0x") or len(text) != 66:
        raise ValueError(text)
    return bytes.fromhex(text[2:])
