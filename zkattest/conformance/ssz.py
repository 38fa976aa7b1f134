"""Check the vectors of SSZ and JSON: bytes, values and roots of what EIP-8025 sends and proves."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from zkattest.conformance.cases import VectorCase
from zkattest.conformance.outcome import Outcome, invalid, valid
from zkattest.conformance.proof_scene import read_profile
from zkattest.conformance.values import (
    CaseError,
    member,
    read_bytes,
    read_fixed,
    read_list,
    read_text,
)
from zkattest.crypto.proof_roots import (
    hash_tree_root_content,
    hash_tree_root_message,
    hash_tree_root_public_input,
    hash_tree_root_request,
    new_payload_request_root,
)
from zkattest.spec.reasons import Reason
from zkattest.types.errors import DecodeError
from zkattest.types.ids import Root
from zkattest.types.payload_request import MAX_BLOB_COMMITMENTS_PER_BLOCK, decode_request
from zkattest.types.proof_json import decode_message_json, encode_message_json
from zkattest.types.proof_messages import (
    CHAIN_PUBLIC_INPUT,
    PUBLIC_INPUT,
    VALIDATION_RESULT,
    ProofMessage,
    SubnetExecutionProof,
    decode_message,
    encode_message,
)
from zkattest.types.proof_profiles import ProofProfile, PublicInputKind
from zkattest.types.ssz_codec import Container, decode_object
from zkattest.types.ssz_json import to_json

# Longer proofs are not repeated in an answer: the roots stand for them.
MAX_SHOWN_PROOF_BYTES: Final = 1_024
_MAX_PUBLIC_INPUT_BYTES: Final = 74


def check_ssz(case: VectorCase) -> Outcome:
    """Do the task that the input names; raise `CaseError` where the input is no question."""
    task = member(case.input, "task", "input")
    if not isinstance(task, str) or task not in TASKS:
        raise CaseError("input.task", f"expected {', '.join(TASKS)}")
    return TASKS[task](read_profile(case.profile), case.input)


def describe_message(profile: ProofProfile, message: ProofMessage) -> dict[str, Any]:
    """Give a message's roots, and the message itself where it is short."""
    found: dict[str, Any] = {"message_root": hash_tree_root_message(profile, message)}
    if isinstance(message, SubnetExecutionProof):
        proof_data = message.proof_data
    else:
        proof_data = message.message.proof_data
        found["content_root"] = hash_tree_root_content(profile, message.message)
    found["proof_bytes"] = len(proof_data)
    if len(proof_data) <= MAX_SHOWN_PROOF_BYTES:
        found["message"] = json.loads(encode_message_json(profile, message))
    return found


def _decode_message(profile: ProofProfile, given: Mapping[str, Any]) -> Outcome:
    """Decode a gossip message from SSZ."""
    data = read_bytes(member(given, "ssz", "input"), "input.ssz")
    limit_bytes = profile.max_message_bytes
    if len(data) > limit_bytes:
        return invalid(Reason.MESSAGE_TOO_LARGE, got=len(data), limit=limit_bytes)
    try:
        message = decode_message(profile, data)
    except DecodeError as error:
        return invalid(Reason.MALFORMED_MESSAGE, detail=str(error))
    return valid(**describe_message(profile, message))


def _decode_json(profile: ProofProfile, given: Mapping[str, Any]) -> Outcome:
    """Decode a gossip message from the JSON of the Beacon API."""
    text = _join_text(member(given, "json", "input"))
    try:
        message = decode_message_json(profile, text.encode())
    except DecodeError as error:
        return invalid(Reason.MALFORMED_MESSAGE, detail=str(error))
    found = describe_message(profile, message)
    if found.pop("message", None) is not None:
        found["ssz"] = encode_message(profile, message)
    return valid(**found)


def _public_input(profile: ProofProfile, given: Mapping[str, Any]) -> Outcome:
    """Decode a public input and hash it."""
    codec = _PUBLIC_INPUTS.get(profile.public_input)
    if codec is None:
        raise CaseError("profile.preset", f"{profile.name} has no public input")
    data = read_bytes(member(given, "ssz", "input"), "input.ssz")
    try:
        value = decode_object(codec, data, _MAX_PUBLIC_INPUT_BYTES)
    except DecodeError as error:
        return invalid(Reason.MALFORMED_PUBLIC_VALUES, detail=str(error))
    return valid(root=hash_tree_root_public_input(value), value=to_json(codec, value))


def _request_from_roots(profile: ProofProfile, given: Mapping[str, Any]) -> Outcome:
    """Hash a payload request whose fields are given by their roots."""
    hashes = read_list(member(given, "versioned_hashes", "input"), "input.versioned_hashes")

    def root(name: str) -> Root:
        return read_fixed(member(given, name, "input"), Root, f"input.{name}")

    if len(hashes) > MAX_BLOB_COMMITMENTS_PER_BLOCK:
        raise CaseError("input.versioned_hashes", f"more than {MAX_BLOB_COMMITMENTS_PER_BLOCK}")
    found = new_payload_request_root(
        profile,
        root("execution_payload_root"),
        [read_fixed(one, Root, "input.versioned_hashes") for one in hashes],
        root("parent_beacon_block_root"),
        root("execution_requests_root"),
    )
    return valid(root=found)


def _decode_request(profile: ProofProfile, given: Mapping[str, Any]) -> Outcome:
    """Decode a whole payload request and hash it."""
    data = read_bytes(member(given, "ssz", "input"), "input.ssz")
    try:
        request = decode_request(profile, data)
    except DecodeError as error:
        return invalid(Reason.MALFORMED_MESSAGE, detail=str(error))
    return valid(root=hash_tree_root_request(profile, request))


TASKS: Final[dict[str, Callable[[ProofProfile, Mapping[str, Any]], Outcome]]] = {
    "decode_message": _decode_message,
    "decode_json": _decode_json,
    "public_input": _public_input,
    "request_from_roots": _request_from_roots,
    "decode_request": _decode_request,
}
_PUBLIC_INPUTS: Final[Mapping[PublicInputKind, Container[Any]]] = {
    PublicInputKind.REQUEST_ROOT: PUBLIC_INPUT,
    PublicInputKind.VALIDATION_RESULT: VALIDATION_RESULT,
    PublicInputKind.CHAIN: CHAIN_PUBLIC_INPUT,
}


def _join_text(value: object) -> str:
    """Read text: a string, or a list of strings and `{"bytes": …}`, whose digits are inserted."""
    parts = value if isinstance(value, list) else [value]
    return "".join(_read_part(part) for part in parts)


def _read_part(part: object) -> str:
    if isinstance(part, dict) and part.keys() == {"bytes"}:
        return read_bytes(part["bytes"], "input.json").hex()
    return read_text(part, "input.json")
