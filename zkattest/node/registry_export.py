"""
Sign a registry, and open one that somebody signed.

The file is a DSSE envelope (Dead Simple Signing Envelope v1.0.2, of the in-toto project): a
payload in base64, its type, and signatures over both. What is signed are the bytes themselves, so
no two programs have to agree on how JSON is written.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from zkattest.crypto import ed25519
from zkattest.crypto.ed25519 import PublicKey, SigningKey
from zkattest.types.json_text import parse_json

PAYLOAD_TYPE: Final = "application/vnd.zkattest.registry.v1+json"
_MAX_SIGNATURES: Final = 16


class UntrustedExport(Exception):
    """Say why an export is not believed."""


def is_export(data: bytes) -> bool:
    """Tell whether bytes are meant as a signed export, whoever signed it."""
    return data.lstrip()[:1] == b"{" and b'"payloadType"' in data


def export_registry(document: Mapping[str, Any], key: SigningKey) -> bytes:
    """Write a registry's document as a signed envelope, one line of JSON."""
    payload = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [
            {
                "keyid": key.public_key.hex(),
                "sig": base64.b64encode(key.sign(_to_sign(payload))).decode(),
            }
        ],
    }
    return json.dumps(envelope).encode() + b"\n"


def open_export(data: bytes, trusted: Sequence[PublicKey]) -> tuple[bytes, PublicKey]:
    """
    Return the payload and who of the trusted signed it; raise `UntrustedExport`.

    A `keyid` is a hint, as the format has it: each trusted key is tried on each signature.
    """
    if not trusted:
        raise UntrustedExport("signed, and no key is trusted: name the signer's")
    payload, signatures = _read_envelope(data)
    message = _to_sign(payload)
    for key in trusted:
        if any(ed25519.verify(key, message, signature) for signature in signatures):
            return payload, key
    raise UntrustedExport("none of the trusted keys signed it")


def _read_envelope(data: bytes) -> tuple[bytes, list[bytes]]:
    try:
        envelope = parse_json(data)
        if set(envelope) != {"payload", "payloadType", "signatures"}:
            raise UntrustedExport("expected payload, payloadType and signatures")
        if envelope["payloadType"] != PAYLOAD_TYPE:
            raise UntrustedExport(f"payloadType: expected {PAYLOAD_TYPE}")
        found = envelope["signatures"]
        if not isinstance(found, list) or not 1 <= len(found) <= _MAX_SIGNATURES:
            raise UntrustedExport(f"signatures: expected 1 to {_MAX_SIGNATURES}")
        signatures = [_decode(each["sig"]) for each in found]
        return _decode(envelope["payload"]), signatures
    except (ValueError, TypeError, KeyError) as error:
        raise UntrustedExport("not an envelope") from error


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise UntrustedExport("not base64") from error


def _to_sign(payload: bytes) -> bytes:
    """Give the pre-authentication encoding of the format: each part with its length."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
