"""Whatever is done to a chain of records shows."""

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.helpers.evidence import make_record
from zkattest.crypto.hashing import sha256
from zkattest.spec.evidence import (
    ChainBroken,
    ChainHead,
    EvidenceChain,
    EvidenceRecord,
    Occasion,
    Outcome,
    require_head,
)
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.ids import ProgramVk, ProofType, Root, Slot
from zkattest.types.programs import EntryId, ProofSystem, Sha256


def maybe(strategy):
    return st.none() | strategy


def fixed(kind):
    return st.binary(min_size=kind.size_bytes, max_size=kind.size_bytes).map(kind)


RECORDS = st.builds(
    EvidenceRecord,
    time_ms=st.integers(0, 1 << 60),
    occasion=st.sampled_from(Occasion),
    proof=fixed(Sha256),
    proof_bytes=st.integers(0, 1 << 23),
    system=maybe(st.sampled_from(ProofSystem)),
    program_vk=maybe(fixed(ProgramVk)),
    outcome=st.sampled_from(Outcome),
    entry=maybe(st.just(EntryId("some-entry"))),
    proof_type=maybe(st.integers(0, 255).map(ProofType)),
    subject=maybe(fixed(Root)),
    slot=maybe(st.integers(0, 2**64 - 1).map(Slot)),
    envelope=maybe(fixed(Sha256)),
    expected=maybe(st.binary(max_size=64)),
    public_values=maybe(st.binary(max_size=64)),
    verifier_version=st.text(max_size=8),
    software=st.text(max_size=8),
    reason=maybe(st.sampled_from(Reason)),
    cause=maybe(st.sampled_from(Cause)),
    detail=st.text(max_size=40),
    operands=st.dictionaries(
        st.text(max_size=5), st.none() | st.booleans() | st.integers() | st.text(max_size=5)
    ),
    elapsed_ms=st.integers(0, 10**7).map(lambda thousandths: thousandths / 1000),
)


def chain_of(records):
    chain = EvidenceChain()
    lines = [chain.append(record)[0] for record in records]
    return lines, ChainHead(0, chain.last)


def follow(lines, head):
    chain = EvidenceChain()
    found = []
    for line in lines:
        record, link = chain.follow(line)
        require_head(head, link)
        found.append(record)
    chain.end(head)
    return found


@given(st.lists(RECORDS, max_size=4))
def test_chain__gives_back_what_was_written(records):
    lines, head = chain_of(records)
    assert follow(lines, head) == records
    assert ChainHead.decode(head.encode()) == head


@given(st.data())
def test_chain__broken_by_any_changed_byte(data):
    lines, head = chain_of([make_record(number) for number in range(3)])
    index = data.draw(st.integers(0, 2))
    position = data.draw(st.integers(0, len(lines[index]) - 1))
    value = data.draw(st.integers(0, 255))
    changed = bytearray(lines[index])
    assume(changed[position] != value)
    changed[position] = value
    lines[index] = bytes(changed)
    with pytest.raises(ChainBroken):
        follow(lines, head)


@given(st.permutations(range(4)), st.integers(0, 4))
def test_chain__broken_by_records_that_are_moved_or_left_out(order, kept):
    lines, head = chain_of([make_record(number) for number in range(4)])
    changed = [lines[index] for index in order[:kept]]
    assume(changed != lines)
    # A chain may begin anywhere, for old records are rotated away; the head says where it does.
    with pytest.raises(ChainBroken):
        follow(changed, head)


@given(st.binary(max_size=200))
def test_follow__refuses_what_is_no_record(junk):
    with pytest.raises(ChainBroken):
        EvidenceChain().follow(junk + b"\n")
    with pytest.raises(ValueError):
        ChainHead.decode(b"x" + junk)


def test_follow__takes_records_of_before_they_named_their_software():
    line, _ = EvidenceChain().append(make_record(0))
    body = json.loads(line)
    del body["hash"], body["software"]
    plain = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    name = sha256(b"zkattest evidence v1\n" + plain).hex()
    old = json.dumps({**body, "hash": name}, sort_keys=True, separators=(",", ":")).encode()
    record, link = EvidenceChain().follow(old + b"\n")
    assert (record, link.id.hex()) == (make_record(0), name)
