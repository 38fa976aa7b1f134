"""SSZ cases: bytes, JSON and roots of messages, public inputs and payload requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from tools.vectors.eip8025 import merkle
from tools.vectors.eip8025.messages import COUNTED, Data, Message, counted, noise, plain
from tools.vectors.eip8025.requests import request_cases
from tools.vectors.eip8025.world import ProofVector, vector
from zkattest.conformance.outcome import Outcome, invalid, valid
from zkattest.spec.reasons import Reason
from zkattest.types.proof_profiles import (
    PROFILES,
    ListKind,
    MessageKind,
    ProofProfile,
    PublicInputKind,
)

# As in the type tests of others: roots and signature count up from 0, byte i of a proof is i.
ROOT: Final = COUNTED[32:64]
REQUEST_ROOT: Final = COUNTED[:32]
SIGNATURE: Final = COUNTED[:96]
CHAIN: Final = 11_155_111
SCHEMA: Final = 0x1501
SIZES: Final = (0, 1, 31, 32, 33, 100, 673, 1024, 1025, 4096)
MALFORMED: Final = invalid(Reason.MALFORMED_MESSAGE)
_SHOWN_BYTES: Final = 1024


def cases() -> Iterator[ProofVector]:
    """Give the cases of every profile."""
    for profile in PROFILES.values():
        yield from messages(profile)
        yield from refused(profile)
        yield from texts(profile)
        yield from public_inputs(profile)
        yield from request_cases(profile)


def example(profile: ProofProfile, proof: Data) -> Message:
    """Give the message of the known vectors."""
    is_subnet = profile.message is MessageKind.SUBNET_PROOF
    return Message(
        profile=profile,
        proof=proof,
        proof_type=7,
        subject=ROOT,
        validator_index=1 if is_subnet else 12_345,
        signature=SIGNATURE,
        other=REQUEST_ROOT,
    )


def found(message: Message) -> dict[str, Any]:
    """Expect a message's roots, and the message where it is short."""
    values: dict[str, Any] = {"message_root": message.root()}
    if message.profile.message is not MessageKind.SUBNET_PROOF:
        values["content_root"] = message.content_root()
    values["proof_bytes"] = len(message.proof.raw)
    if len(message.proof.raw) <= _SHOWN_BYTES:
        values["message"] = message.json()
    return values


def messages(profile: ProofProfile) -> Iterator[ProofVector]:
    """Messages of many sizes."""
    for size in SIZES:
        yield decodes(profile, f"message__valid_{size}_bytes", example(profile, counted(size)))
    largest = example(profile, noise("the largest proof", profile.max_proof_bytes))
    yield decodes(profile, "message__valid_largest", largest)
    other = ListKind.PROGRESSIVE if profile.proof_data is ListKind.BOUNDED else ListKind.BOUNDED
    switched = replace(profile, proof_data=other)
    for size in (0, 673):
        name = f"message__valid_{size}_bytes_as_{other.value.replace('-', '_')}"
        yield decodes(switched, name, example(switched, counted(size)))


def decodes(profile: ProofProfile, name: str, message: Message) -> ProofVector:
    """Expect that bytes are a message."""
    size = len(message.proof.raw)
    story = (f"a {profile.message.value}", f"its proof has {size} bytes", "these are its roots")
    given = {"task": "decode_message", "ssz": message.ssz().to_json()}
    return vector(profile, f"ssz/message/{name}", story, given, valid(**found(message)))


def refused(profile: ProofProfile) -> Iterator[ProofVector]:
    """Bytes that are no message."""
    limit, data = profile.max_message_bytes, example(profile, counted(100)).ssz().raw
    largest = example(profile, noise("the largest proof", profile.max_proof_bytes)).ssz()
    too_large = invalid(Reason.MESSAGE_TOO_LARGE, got=limit + 1, limit=limit)
    head = limit - profile.max_proof_bytes
    changes: list[tuple[str, Outcome, str, Data]] = [
        ("one_byte_more", too_large, f"{limit + 1} bytes, one more than the largest message",
         largest + plain(b"\0")),
        ("nothing", MALFORMED, "no bytes", plain(b"")),
        ("head_cut", MALFORMED, "one byte less than a message without proof has",
         plain(data[: head - 1])),
        ("half", MALFORMED, "half of what has a fixed place", plain(data[: head // 2])),
    ]  # fmt: skip
    at = 80 if profile.message is MessageKind.SUBNET_PROOF else 0
    offset = int.from_bytes(data[at : at + 4], "little")
    for name, value in (("zero", 0), ("smaller", offset - 1), ("larger", offset + 1)):
        changed = data[:at] + value.to_bytes(4, "little") + data[at + 4 :]
        what = f"the offset is {value}, not {offset}"
        changes.append((f"offset_{name}", MALFORMED, what, plain(changed)))
    changed = data[:at] + b"\xff\xff\xff\xff" + data[at + 4 :]
    changes.append(("offset_beyond_end", MALFORMED, "the offset is 2^32 - 1", plain(changed)))
    for name, expected, what, made in changes:
        story = (f"a {profile.message.value}", what, f"invalid: {expected.values['reason']}")
        given = {"task": "decode_message", "ssz": made.to_json()}
        yield vector(profile, f"ssz/bytes/bytes__invalid_{name}", story, given, expected)


def texts(profile: ProofProfile) -> Iterator[ProofVector]:
    """JSON of the Beacon API, and what is none."""
    message = example(profile, counted(100))
    written = message.json()
    values = {name: one for name, one in found(message).items() if name != "message"}
    good = valid(**values, ssz=message.ssz().raw)
    yield _text(profile, "compact__valid", "written without spaces", _dump(written), good)
    spaced = json.dumps(written, indent=2)
    yield _text(profile, "spaces__valid", "written with line ends and spaces", spaced, good)
    turned = json.dumps(dict(reversed(written.items())))
    yield _text(profile, "order__valid_reversed", "the members stand the other way", turned, good)
    large = example(profile, counted(profile.max_proof_bytes + 1))
    text = _dump({**written, **_with_proof(profile, written, "PROOF")})
    before, _, after = text.partition("PROOF")
    pieces = [before, {"bytes": large.proof.to_json()}, after]
    yield _text(
        profile, "proof__invalid_too_large", "the proof is one byte too large", pieces, MALFORMED
    )
    for name, what, change in _bad_texts(profile, written):
        yield _text(profile, f"{name}", what, change, MALFORMED)


def _with_proof(profile: ProofProfile, written: dict[str, Any], digits: str) -> dict[str, Any]:
    proof = {"proof_data": "0x" + digits}
    if profile.message is MessageKind.SUBNET_PROOF:
        return proof
    return {"message": {**written["message"], **proof}}


def _bad_texts(profile: ProofProfile, written: dict[str, Any]) -> list[tuple[str, str, str]]:
    number = "version" if profile.message is MessageKind.SUBNET_PROOF else "validator_index"
    value = written[number]
    text = _dump(written)

    def proof(digits: str) -> str:
        return _dump({**written, **_with_proof(profile, written, digits)})

    def changed(**members: Any) -> str:
        return _dump({**written, **members})

    missing = _dump({name: one for name, one in written.items() if name != number})
    return [
        ("number__invalid_not_text", "an integer is no string", changed(**{number: int(value)})),
        ("number__invalid_hexadecimal", "an integer has 0x", changed(**{number: "0x10"})),
        ("number__invalid_leading_zero", "an integer begins with 0", changed(**{number: "01"})),
        ("number__invalid_negative", "an integer has a sign", changed(**{number: "-1"})),
        ("number__invalid_65_bits", "an integer is 2^64", changed(**{number: str(1 << 64)})),
        ("digits__invalid_odd", "an odd number of digits", proof("abc")),
        ("digits__invalid_letters", "digits that are none", proof("zz")),
        ("member__invalid_unknown", "a member that is none", changed(extra="1")),
        ("member__invalid_missing", "a member is missing", missing),
        (
            "member__invalid_twice",
            "a member stands there twice",
            text[:-1] + f',"{number}":"{value}"}}',
        ),
        ("text__invalid_cut", "the last brace is missing", text[:-1]),
        ("text__invalid_more", "another brace follows", text + "}"),
        ("text__invalid_list", "a list of one message", f"[{text}]"),
        ("text__invalid_null", "null", "null"),
    ]


def _text(profile: ProofProfile, name: str, what: str, text: Any, expected: Outcome) -> ProofVector:
    reason = expected.values.get("reason")
    then = f"invalid: {reason}" if reason else "these are its bytes and its roots"
    story = (f"a {profile.message.value} as JSON", what, then)
    return vector(
        profile, f"ssz/json/{name}", story, {"task": "decode_json", "json": text}, expected
    )


def public_inputs(profile: ProofProfile) -> Iterator[ProofVector]:
    """What a proof commits to, where it has a root of its own."""
    kind = profile.public_input
    numbers = (CHAIN.to_bytes(8, "little"), SCHEMA.to_bytes(2, "little"))
    if kind is PublicInputKind.NONE:
        return
    if kind is PublicInputKind.REQUEST_ROOT:
        data, root = REQUEST_ROOT, REQUEST_ROOT
        value: dict[str, Any] = {"new_payload_request_root": "0x" + REQUEST_ROOT.hex()}
    elif kind is PublicInputKind.VALIDATION_RESULT:
        data = REQUEST_ROOT + b"\1" + b"".join(numbers)
        leaves = (REQUEST_ROOT, *map(merkle.number, (1, CHAIN, SCHEMA)))
        root = merkle.progressive_container(*leaves)
        value = {"root": "0x" + REQUEST_ROOT.hex(), "valid": True}
    else:
        data = REQUEST_ROOT + ROOT + b"".join(numbers)
        leaves = (REQUEST_ROOT, ROOT, *map(merkle.number, (CHAIN, SCHEMA)))
        root = merkle.progressive_container(*leaves)
        value = {
            "origin_block_root": "0x" + REQUEST_ROOT.hex(),
            "head_block_root": "0x" + ROOT.hex(),
        }
    if kind is not PublicInputKind.REQUEST_ROOT:
        value |= {"chain_id": str(CHAIN), "schema_id": str(SCHEMA)}
    good = valid(root=root, value=value)
    malformed = invalid(Reason.MALFORMED_PUBLIC_VALUES)
    changes = [
        ("input__valid", "as it is", data, good),
        ("input__invalid_cut", "the last byte is missing", data[:-1], malformed),
        ("input__invalid_one_more", "a zero byte follows", data + b"\0", malformed),
    ]
    if kind is PublicInputKind.VALIDATION_RESULT:
        flag = data[:32] + b"\2" + data[33:]
        what = "successful_validation is the byte 2"
        changes.append(("input__invalid_byte_2", what, flag, malformed))
    for name, what, made, expected in changes:
        story = (f"a public input of {len(data)} bytes", what, f"it is {expected.verdict}")
        given = {"task": "public_input", "ssz": plain(made).to_json()}
        yield vector(profile, f"ssz/public_input/{name}", story, given, expected)


def _dump(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
