"""Payload requests: roots from the roots of their fields, and of whole requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from tools.vectors.eip8025 import merkle
from tools.vectors.eip8025.messages import plain
from tools.vectors.eip8025.world import ProofVector, named, vector
from zkattest.conformance.outcome import invalid, valid
from zkattest.conformance.values import as_json
from zkattest.spec.reasons import Reason
from zkattest.types.proof_profiles import (
    ContainerKind,
    ListKind,
    PayloadFork,
    ProofProfile,
    PublicInputKind,
)

MAX_HASHES: Final = 4096
LISTS: Final = (ListKind.BOUNDED, ListKind.PROGRESSIVE)
CONTAINERS: Final = (ContainerKind.PLAIN, ContainerKind.PROGRESSIVE)


def request_cases(profile: ProofProfile) -> Iterator[ProofVector]:
    """Give the cases of a profile whose proofs are about payload requests."""
    if profile.public_input is PublicInputKind.NONE:
        return
    for count in (0, 1, 6, 22):
        yield from_roots(profile, count, f"roots__valid_{count}_hashes")
    for hashes in LISTS:
        for container in CONTAINERS:
            switched = replace(profile, versioned_hashes=hashes, new_payload_request=container)
            words = f"{hashes.value}_in_{container.value}".replace("-", "_")
            yield from_roots(switched, 3, f"roots__valid_{words}")
    yield from whole(profile)


def from_roots(profile: ProofProfile, count: int, name: str) -> ProofVector:
    """Expect the root of a request whose fields are given by their roots."""
    hashes = [b"\1" + named("blob", str(number))[1:] for number in range(count)]
    payload, parent, requests = (named("request", part) for part in ("payload", "parent", "more"))
    root = request_root(profile, payload, hashes, parent, requests)
    given = {
        "task": "request_from_roots",
        "execution_payload_root": payload,
        "versioned_hashes": hashes,
        "parent_beacon_block_root": parent,
        "execution_requests_root": requests,
    }
    kinds = f"{profile.versioned_hashes.value}, {profile.new_payload_request.value}"
    story = ("the roots of a payload and of its requests", f"{count} versioned hashes: {kinds}",
             "this is new_payload_request_root")  # fmt: skip
    return vector(profile, f"ssz/request/{name}", story, as_json(given), valid(root=root))


def request_root(
    profile: ProofProfile,
    payload: bytes,
    hashes: Sequence[bytes],
    parent: bytes,
    requests: bytes,
) -> bytes:
    """Hash a request from its parts, as the two switches say."""
    if profile.versioned_hashes is ListKind.PROGRESSIVE:
        hashes_root = merkle.progressive_root_list(hashes)
    else:
        hashes_root = merkle.root_list(hashes, MAX_HASHES)
    if profile.new_payload_request is ContainerKind.PROGRESSIVE:
        return merkle.progressive_container(payload, hashes_root, parent, requests)
    return merkle.container(payload, hashes_root, parent, requests)


def whole(profile: ProofProfile) -> Iterator[ProofVector]:
    """Expect the root of a request with an empty block, and that its neighbours are none."""
    data, root = empty_block(profile)
    good, bad = valid(root=root), invalid(Reason.MALFORMED_MESSAGE)
    for name, what, made, expected in (
        ("block__valid_empty", "the block has neither transactions nor requests", data, good),
        ("block__invalid_cut", "the last byte is missing", data[:-1], bad),
        ("block__invalid_offset", "the first offset is 45", b"\x2d" + data[1:], bad),
    ):
        story = ("a whole payload request", what, f"it is {expected.verdict}")
        given = {"task": "decode_request", "ssz": plain(made).to_json()}
        yield vector(profile, f"ssz/request/{name}", story, given, expected)


def empty_block(profile: ProofProfile) -> tuple[bytes, bytes]:
    """Write a request without transactions, and hash it."""
    is_gloas = profile.payload_fork is PayloadFork.GLOAS
    payload, payload_root = _payload(is_gloas=is_gloas)
    lists = 5 if is_gloas else 3
    requests = b"".join((4 * lists).to_bytes(4, "little") for _ in range(lists))
    parent = named("request", "parent")
    head = 4 + 4 + 32 + 4
    offsets = [head, head + len(payload), head + len(payload)]
    first, second, third = (offset.to_bytes(4, "little") for offset in offsets)
    data = first + second + parent + third + payload + requests
    if is_gloas:
        empty = merkle.progressive_root_list(())
        requests_root = merkle.progressive_container(*[empty] * lists)
    else:
        requests_root = merkle.container(*(_empty_list(limit) for limit in (8192, 16, 2)))
    return data, request_root(profile, payload_root, (), parent, requests_root)


def _payload(*, is_gloas: bool) -> tuple[bytes, bytes]:
    """Write an empty payload of a fork, and hash it."""
    hashes = [named("payload", part) for part in ("parent", "state", "receipts", "randao", "hash")]
    parent, state, receipts, randao, block_hash = hashes
    recipient, bloom, extra, base_fee = b"\xfe" * 20, bytes(256), b"zkattest", 7
    counts = [number.to_bytes(8, "little") for number in (93_354, 60_000_000, 0, 1_764_000_000)]
    blob_gas = [number.to_bytes(8, "little") for number in (0, 393_216)]
    slot = (100).to_bytes(8, "little")
    head = 528 + (12 if is_gloas else 0)
    offsets = [head, head + len(extra), head + len(extra), head + len(extra)]
    words = [offset.to_bytes(4, "little") for offset in offsets]
    data = parent + recipient + state + receipts + bloom + randao + b"".join(counts)
    data += words[0] + base_fee.to_bytes(32, "little") + block_hash + words[1] + words[2]
    data += b"".join(blob_gas) + (words[3] + slot if is_gloas else b"") + extra
    leaves = [parent, recipient.ljust(32, b"\0"), state, receipts, merkle.byte_vector(bloom)]
    leaves += [randao, *(one.ljust(32, b"\0") for one in counts), merkle.byte_list(extra, 32)]
    leaves += [merkle.number(base_fee), block_hash]
    if is_gloas:
        empty = merkle.progressive_root_list(())
        leaves += [empty, empty, *(one.ljust(32, b"\0") for one in blob_gas)]
        return data, merkle.progressive_container(*leaves, empty, slot.ljust(32, b"\0"))
    leaves += [_empty_list(1 << 20), _empty_list(16), *(one.ljust(32, b"\0") for one in blob_gas)]
    return data, merkle.container(*leaves)


def _empty_list(limit: int) -> bytes:
    return merkle.root_list((), limit)
