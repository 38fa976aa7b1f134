"""Read and write the messages of a profile as JSON, as the Beacon API carries them."""

from __future__ import annotations

import json
from typing import Any, Final

from zkattest.types.proof_messages import (
    MAX_EXECUTION_PROOFS_PER_PAYLOAD,
    ProofContent,
    ProofMessage,
    content_submission_codec,
    message_codec,
    submission_codec,
)
from zkattest.types.proof_profiles import ProofProfile
from zkattest.types.ssz_json import from_json, to_json

# Keys, punctuation and white space beside the digits of a message.
_MARKUP_BYTES: Final = 4096


def max_json_bytes(profile: ProofProfile) -> int:
    """Bound the JSON text of one message, which writes each byte as two digits."""
    return 2 * profile.max_message_bytes + _MARKUP_BYTES


def encode_message_json(profile: ProofProfile, message: ProofMessage) -> str:
    """Write a message as one line of JSON."""
    return _text(to_json(message_codec(profile), message))


def decode_message_json(profile: ProofProfile, data: bytes) -> ProofMessage:
    """Read a message from JSON text, whose size is checked first; raises `DecodeError`."""
    message: ProofMessage = from_json(message_codec(profile), data, max_json_bytes(profile))
    return message


def encode_submission_json(profile: ProofProfile, messages: tuple[ProofMessage, ...]) -> str:
    """Write what is posted to the Beacon API: a list of messages."""
    return _text(to_json(submission_codec(profile), messages))


def decode_submission_json(profile: ProofProfile, data: bytes) -> tuple[ProofMessage, ...]:
    """Read a list of at most four messages from JSON text; raises `DecodeError`."""
    limit_bytes = MAX_EXECUTION_PROOFS_PER_PAYLOAD * max_json_bytes(profile)
    messages: tuple[ProofMessage, ...] = from_json(submission_codec(profile), data, limit_bytes)
    return messages


def max_content_submission_json_bytes(profile: ProofProfile) -> int:
    """Bound the JSON text of proofs that somebody else is to sign."""
    return MAX_EXECUTION_PROOFS_PER_PAYLOAD * max_json_bytes(profile)


def encode_content_submission_json(
    profile: ProofProfile, contents: tuple[ProofContent, ...]
) -> str:
    """Write proofs that somebody else is to sign."""
    return _text(to_json(content_submission_codec(profile), contents))


def decode_content_submission_json(profile: ProofProfile, data: bytes) -> tuple[ProofContent, ...]:
    """Read at most four proofs to sign from JSON text; raises `DecodeError`."""
    limit_bytes = max_content_submission_json_bytes(profile)
    contents: tuple[ProofContent, ...] = from_json(
        content_submission_codec(profile), data, limit_bytes
    )
    return contents


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
