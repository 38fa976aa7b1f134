"""
Take any bytes and hold what must hold for all of them.

A target returns for every input: documented refusals are part of its work, everything else that
comes out is a bug. Fuzzers drive the targets, and a test runs them over the committed corpus.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.fuzz.key_targets import fuzz_keystore, fuzz_validators
from tests.fuzz.link_targets import fuzz_link, fuzz_negotiation, fuzz_yamux
from tests.fuzz.peering_targets import fuzz_records, fuzz_requests
from tests.fuzz.system_targets import (
    fuzz_system_proof,
    fuzz_verifier_key,
    replay_openvm_proof,
    replay_risc0_seal,
    replay_sp1_proof,
    replay_sp1_wrapped,
    replay_zisk_proof,
)
from zkattest.cli.which_revision import readings
from zkattest.conformance.cases import VectorCase
from zkattest.conformance.claim import check_claim
from zkattest.conformance.gossip import check_gossip
from zkattest.conformance.outcome import Outcome, Verdict, read_outcome
from zkattest.conformance.pool import check_pool
from zkattest.conformance.signing import check_signing
from zkattest.conformance.ssz import check_ssz
from zkattest.conformance.static import check_static, read_package, write_package
from zkattest.conformance.values import CaseError, read_object
from zkattest.crypto.blocks import (
    WitnessAccounts,
    decode_block,
    decode_header,
    decode_osaka_header,
)
from zkattest.crypto.hashing import hash_tree_root_claim, keccak256
from zkattest.crypto.header_rlp import encode_header
from zkattest.crypto.proof_roots import hash_tree_root_message, hash_tree_root_request
from zkattest.crypto.statement import run_statement
from zkattest.machines.proof_intake import judge_public_values
from zkattest.net.errors import ProtocolViolation
from zkattest.net.snappy import SnappyError, compress, decompress
from zkattest.net.wire import decode_rpc
from zkattest.node.embed import check_block
from zkattest.spec.presets import OSAKA
from zkattest.spec.reasons import CannotVerify, Cause, InvalidBlock, Reason, Refusal
from zkattest.spec.revisions import judge_revisions
from zkattest.types.block import Account
from zkattest.types.errors import DecodeError, WitnessError
from zkattest.types.execution import (
    BlockPackage,
    ExecutionClaim,
    ExecutionWitness,
    StatelessInput,
)
from zkattest.types.ids import ChainId
from zkattest.types.json_text import parse_json
from zkattest.types.payload_request import decode_request, request_codec
from zkattest.types.proof_json import decode_message_json, encode_message_json
from zkattest.types.proof_messages import decode_message, encode_message
from zkattest.types.proof_profiles import PROFILES, ProofProfile
from zkattest.types.wire import (
    DelayedBlock,
    ExecutionProofEnvelope,
    PublicValues,
    SignedDelayedBlock,
    SignedExecutionClaim,
    SignedExecutionProofEnvelope,
)

ROOT: Final = Path(__file__).resolve().parents[2]
CHAIN: Final = sorted((ROOT / "vectors" / "eip7886" / "chain").glob("*/block.ssz"))
# The first byte of an input chooses the class.
MESSAGES: Final[tuple[Any, ...]] = (
    DelayedBlock,
    SignedDelayedBlock,
    ExecutionProofEnvelope,
    SignedExecutionProofEnvelope,
    SignedExecutionClaim,
)
OBJECTS: Final[tuple[Any, ...]] = (BlockPackage, StatelessInput, ExecutionWitness)
_LIMIT_BYTES: Final = 1 << 20


def round_trips(kind: Any, data: bytes) -> Any:
    """Decode; what decodes has no second encoding. Gives None for what does not."""
    try:
        value = kind.decode(data)
    except DecodeError as error:
        assert str(error)
        return None
    assert value.encode() == data
    return value


def fuzz_package(data: bytes) -> None:
    """Decode packages, inputs, witnesses and claims."""
    for kind in (*OBJECTS, ExecutionClaim):
        round_trips(kind, data)


def fuzz_gossip(data: bytes) -> None:
    """Decode a message of the network, chosen by the first byte."""
    if data:
        round_trips(MESSAGES[data[0] % len(MESSAGES)], data[1:])


def fuzz_rpc(data: bytes) -> None:
    """Decode a frame of gossip, and as snappy."""
    try:
        decode_rpc(data)
    except ProtocolViolation as error:
        assert str(error)
    try:
        plain = decompress(data, _LIMIT_BYTES)
    except SnappyError as error:
        assert str(error)
    else:
        assert decompress(compress(plain), _LIMIT_BYTES) == plain


def fuzz_claim(data: bytes) -> None:
    """Decode a claim and hash it."""
    claim = round_trips(ExecutionClaim, data)
    if claim is not None:
        assert len(hash_tree_root_claim(claim)) == 32


def fuzz_proof(data: bytes) -> None:
    """Decode a proof message of the profile that the first byte chooses, and hash it."""
    if data:
        profile = profile_of(data[0])
        try:
            message = decode_message(profile, data[1:])
        except DecodeError as error:
            assert str(error)
            return
        assert encode_message(profile, message) == data[1:]
        assert len(hash_tree_root_message(profile, message)) == 32
        text = encode_message_json(profile, message)
        assert decode_message_json(profile, text.encode()) == message


def fuzz_proof_json(data: bytes) -> None:
    """Read a proof message from JSON; what is read has one SSZ, and one JSON of ours."""
    if data:
        profile = profile_of(data[0])
        try:
            message = decode_message_json(profile, data[1:])
        except DecodeError as error:
            assert str(error)
            return
        assert decode_message(profile, encode_message(profile, message)) == message
        text = encode_message_json(profile, message)
        assert decode_message_json(profile, text.encode()) == message


def fuzz_payload_request(data: bytes) -> None:
    """Decode a payload request of the profile that the first byte chooses, and hash it."""
    if data:
        profile = profile_of(data[0])
        try:
            request = decode_request(profile, data[1:])
        except DecodeError as error:
            assert str(error)
            return
        assert request_codec(profile).encode(request) == data[1:]
        assert len(hash_tree_root_request(profile, request)) == 32


def fuzz_revision(data: bytes) -> None:
    """Ask which revision a file is of, in every form that it may have; nobody signed it."""
    forms = readings(data)
    assert forms
    for form in forms:
        answers = judge_revisions(form.data, bytes(48), bytes(4), bytes(32), form.decode)
        assert [answer.profile for answer in answers] == list(PROFILES)


def profile_of(byte: int) -> ProofProfile:
    """Choose a revision of EIP-8025."""
    return list(PROFILES.values())[byte % len(PROFILES)]


def fuzz_values(data: bytes) -> None:
    """Decode public values, and judge what they say."""
    values = round_trips(PublicValues, data)
    chain_id = ChainId(1) if values is None else values.chain_id
    try:
        root = judge_public_values(data, chain_id)
    except Refusal as refusal:
        assert refusal.reason in Reason
    else:
        assert root == values.root


def fuzz_check(data: bytes) -> None:
    """Check a whole package."""
    package = round_trips(BlockPackage, data)
    if package is not None:
        check(package)


def fuzz_body(data: bytes) -> None:
    """
    Check a recorded block with other transactions.

    The first byte chooses the block, the second is the number of withdrawals and ommers; the rest
    stands for the list of transactions, whose head is written here: the header does not commit to
    them, so that changed ones get as far as the rules.
    """
    if len(data) > 2:
        package = recorded()[data[0] % len(CHAIN)]
        header = encode_header(decode_block(package.block).header)
        tail = _list(b"\xc0" * (data[1] >> 4)) + _list(b"\xc0" * (data[1] & 15))
        block = _list(header + _list(data[2:]) + tail)
        check(_with_block(package, block))


def check(package: BlockPackage) -> None:
    """Give one of three answers; a panic of ours is none of them."""
    try:
        report = check_block(package)
    except InvalidBlock as refusal:
        assert refusal.reason in Reason
        assert "\n" not in str(refusal)
    except CannotVerify as failure:
        assert failure.cause in Cause
        assert failure.cause is not Cause.BACKEND_PANIC, failure.detail
    else:
        assert report.block_hash == decode_block(package.block).block_hash


def fuzz_vector(data: bytes) -> None:
    """Read the JSON of a vector's input and answer it; read it as an answer, too."""
    try:
        value = parse_json(data)
    except ValueError:
        return
    try:
        assert read_outcome(value).verdict in Verdict
    except CaseError as error:
        assert str(error)
    try:
        given = read_object(value, "")
        profile = given.get("profile", STRICT)
        runner = _runner(given)
        answer = runner(_case(given, profile))
        if runner is check_static:
            again = read_package(given)
            assert read_package(write_package(again)) == again
    except CaseError as error:
        assert str(error)
    else:
        assert answer.verdict in Verdict
        json.dumps(answer.to_json())


def _runner(given: Mapping[str, Any]) -> Callable[[VectorCase], Outcome]:
    """Choose who is asked by what the input has."""
    if "events" in given:
        return check_pool
    if "engine" in given:
        return check_gossip
    if "task" not in given:
        return check_static
    if given["task"] == "decode_claim" or "chain_id" in given or "claim" in given:
        return check_claim
    return check_signing if "network" in given else check_ssz


STRICT: Final = {"preset": OSAKA.name.value, "refund_aware": False, "cap_balance": False}


def _case(given: Any, profile: Any) -> VectorCase:
    return VectorCase(
        id="static/fuzz/case",
        runner="static",
        folder=Path(),
        given="",
        when="",
        then="",
        tags=(),
        profile=profile,
        input=given,
        expected=Outcome(Verdict.VALID),
    )


def replay_block(data: bytes) -> None:
    """Decode a block."""
    try:
        block = decode_block(data, _LIMIT_BYTES, 1 << 12)
    except DecodeError as error:
        assert Reason(error.word)
        return
    except WitnessError as error:
        assert error.cause == Cause.OUT_OF_RESOURCES
        return
    assert len(block.transactions) == len(block.columns)
    assert len(block.senders().slots) == len(block.columns)
    assert keccak256(encode_header(block.header)) == block.block_hash


def replay_header(data: bytes) -> None:
    """Decode a header of either kind."""
    for decode in (decode_header, decode_osaka_header):
        try:
            header, block_hash = decode(data)
        except DecodeError as error:
            assert error.word == Reason.MALFORMED_HEADER
        else:
            assert encode_header(header) == data
            assert keccak256(data) == block_hash


def replay_transaction(data: bytes) -> None:
    """Decode a block with this transaction only."""
    item = data if data[:1] >= b"\xc0" else _string(data)
    header = encode_header(decode_block(recorded()[0].block).header)
    replay_block(_list(header + _list(item) + b"\xc0\xc0"))


def replay_accounts(data: bytes) -> None:
    """Walk from a node that anyone may have written."""
    reader = WitnessAccounts([data, data[1:]], [data], keccak256(data))
    [answer] = reader.accounts([data[:20].ljust(20, b"\0")])
    assert answer is None or isinstance(answer, Account | WitnessError)


def replay_statement(data: bytes) -> None:
    """Execute a statement; anything that is no execution is 43 zeros."""
    decoded = round_trips(StatelessInput, data)
    if decoded is None:
        assert PublicValues.decode(_run(data)).is_sentinel
    else:
        values = run_statement(decoded)
        assert values.is_sentinel or (values.valid and values.chain_id == decoded.chain_id)


def _run(data: bytes) -> bytes:
    from zkattest import _core

    return _core.run_statement(data)


@cache
def recorded() -> tuple[BlockPackage, ...]:
    """Read the recorded chain."""
    return tuple(BlockPackage.decode(path.read_bytes()) for path in CHAIN)


def _with_block(package: BlockPackage, block: bytes) -> BlockPackage:
    return BlockPackage(
        package.chain_id, block, package.parent_claim, package.versioned_hashes, package.witness
    )


def _list(payload: bytes) -> bytes:
    return _head(len(payload), 0xC0) + payload


def _string(data: bytes) -> bytes:
    return data if len(data) == 1 and data[0] < 0x80 else _head(len(data), 0x80) + data


def _head(size: int, base: int) -> bytes:
    if size < 56:
        return bytes([base + size])
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(length)]) + length


# What atheris drives; each has a folder in the corpus.
PYTHON_TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "body": fuzz_body,
    "check": fuzz_check,
    "claim": fuzz_claim,
    "gossip": fuzz_gossip,
    "keystore": fuzz_keystore,
    "link": fuzz_link,
    "negotiation": fuzz_negotiation,
    "payload_request": fuzz_payload_request,
    "proof": fuzz_proof,
    "proof_json": fuzz_proof_json,
    "records": fuzz_records,
    "requests": fuzz_requests,
    "revision": fuzz_revision,
    "rpc": fuzz_rpc,
    "system_proof": fuzz_system_proof,
    "validators": fuzz_validators,
    "values": fuzz_values,
    "vector": fuzz_vector,
    "verifier_key": fuzz_verifier_key,
    "yamux": fuzz_yamux,
}
# What the inputs of the Rust targets mean to Python.
REPLAYS: Final[dict[str, Callable[[bytes], None]]] = {
    "accounts": replay_accounts,
    "block": replay_block,
    "circuit_key": fuzz_verifier_key,
    "header": replay_header,
    "osaka_header": replay_header,
    "openvm_proof": replay_openvm_proof,
    "risc0_seal": replay_risc0_seal,
    "sp1_proof": replay_sp1_proof,
    "sp1_wrapped": replay_sp1_wrapped,
    "zisk_proof": replay_zisk_proof,
    "package": fuzz_package,
    "signatures": replay_accounts,
    "statement": replay_statement,
    "transaction": replay_transaction,
}
