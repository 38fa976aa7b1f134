"""
Write the seeds of the fuzz targets from the recorded chain and the vectors.

`python -m tools.fuzz_seeds`: the same files every time, `seed-…` in each target's folder of the
corpus. What fuzzers found beyond them lies beside them and is left alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import astuple, fields
from pathlib import Path
from typing import Final

from tests.fuzz.system_targets import CHANGE_HEAD, KEYED, WRAPPED
from tests.helpers.proofs import FIXTURES, GOLDEN_PROOFS, PLONK_V5_KEY
from zkattest.crypto.blocks import decode_block, decode_header
from zkattest.crypto.hashing import hash_tree_root_claim
from zkattest.crypto.header_rlp import encode_header
from zkattest.net.link import IDENTIFY_PROTOCOL, MESHSUB_PROTOCOLS, PING_PROTOCOL, PROTOCOLS
from zkattest.net.muxer import DATA, FIN, GO_AWAY, HEADER, PING, RST, SYN, WINDOW_UPDATE
from zkattest.net.snappy import compress
from zkattest.net.wire import Published, Rpc, encode_published, encode_rpc
from zkattest.spec.presets import SCHEMA_DELAYED_EXECUTION
from zkattest.types.execution import BlockPackage, ExecutionClaim, OsakaHeader
from zkattest.types.ids import Address, ProofType, Slot, ValidatorIndex
from zkattest.types.programs import ProofSystem
from zkattest.types.proof_profiles import PROFILES
from zkattest.types.wire import (
    SIGNATURE_BYTES,
    DelayedBlock,
    ExecutionProofEnvelope,
    PublicValues,
    SignedDelayedBlock,
    SignedExecutionClaim,
    SignedExecutionProofEnvelope,
)

ROOT: Final = Path(__file__).resolve().parent.parent
VECTORS: Final = ROOT / "vectors" / "eip7886"
PROOF_VECTORS: Final = ROOT / "vectors" / "eip8025" / "beta4"
PACKS: Final = (VECTORS, PROOF_VECTORS)
CORPUS: Final = ROOT / "tests" / "fuzz" / "corpus"
# Others are hundreds of kilobytes, and the corpus is small.
MAX_SYSTEM_PROOF_BYTES: Final = 2_000
# Of an OpenVM proof: what is read of its front, and its public values.
OPENVM_HEAD_BYTES: Final = 1_024
OPENVM_END_BYTES: Final = 549
MESSAGES: Final = ROOT / "tests" / "fixtures" / "proof_messages"
KEYSTORES: Final = ROOT / "tests" / "fixtures" / "eip2335"
# Larger inputs teach a fuzzer little and make it slow.
MAX_VECTOR_BYTES: Final = 6_000
_LONG_LIST: Final = 0xF7


def main() -> None:
    """Write all seeds; old ones go."""
    for path in CORPUS.glob("*/seed-*"):
        path.unlink()
    count = 0
    for target, name, data in seeds():
        path = CORPUS / target / f"seed-{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        count += 1
    print(f"{count} seeds in {CORPUS.relative_to(ROOT)}")


def seeds() -> Iterator[tuple[str, str, bytes]]:
    """Give target, name and bytes of each seed."""
    for index, folder in enumerate(sorted(VECTORS.glob("chain/*/block.ssz"))):
        package = BlockPackage.decode(folder.read_bytes())
        claim = ExecutionClaim.decode(folder.with_name("claim.ssz").read_bytes())
        for target, data in block_seeds(index, package):
            yield target, f"{index:02}", data
        for target, data in message_seeds(index, package, claim):
            yield target, f"{index:02}", data
    for name, data in transaction_seeds():
        yield "transaction", name, data
    yield from proof_seeds()
    yield from system_seeds()
    yield from json_seeds()
    yield from connection_seeds()
    for group, path in sorted(smallest_vectors().items()):
        given = json.loads(path.read_bytes())
        if PROOF_VECTORS in path.parents:
            # Without it an input is taken for one of EIP-7886.
            given["profile"] = json.loads((path.parent / "case.json").read_bytes())["profile"]
        yield "vector", group, json.dumps(given, separators=(",", ":")).encode()


def block_seeds(index: int, package: BlockPackage) -> Iterator[tuple[str, bytes]]:
    """Take a package and its parts."""
    header = decode_block(package.block).header
    payload = transactions_payload(package.block, len(encode_header(header)))
    yield "check", package.encode()
    yield "package", package.encode()
    yield "statement", package.stateless_input().encode()
    yield "block", package.block
    yield "header", encode_header(header)
    yield "osaka_header", encode_header(before_fork(package.witness.headers[-1]))
    yield "body", bytes([index, 0]) + payload


def message_seeds(
    index: int, package: BlockPackage, claim: ExecutionClaim
) -> Iterator[tuple[str, bytes]]:
    """Make messages about a block; the signatures are zeros."""
    root = hash_tree_root_claim(claim)
    signature, who = bytes(SIGNATURE_BYTES), ValidatorIndex(index)
    values = PublicValues(root, valid=True, chain_id=package.chain_id, schema_id=SCHEMA)
    block = DelayedBlock.from_package(Slot(index), package, (Address(bytes(20)),))
    envelope = ExecutionProofEnvelope(values.encode(), ProofType(1), root)
    messages = (
        block,
        SignedDelayedBlock(block, who, signature),
        envelope,
        SignedExecutionProofEnvelope(envelope, who, signature),
        SignedExecutionClaim(claim, who, signature),
    )
    yield "claim", claim.encode()
    yield "values", values.encode()
    kind = index % len(messages)
    yield "gossip", bytes([kind]) + messages[kind].encode()
    message = messages[-1].encode()
    if index % 2:
        yield "rpc", compress(message)
    else:
        yield "rpc", encode_published("/eth2/00000000/execution_claim/ssz_snappy", message)


SCHEMA: Final = SCHEMA_DELAYED_EXECUTION


def transaction_seeds() -> Iterator[tuple[str, bytes]]:
    """Take every transaction of the chain."""
    for index, folder in enumerate(sorted(VECTORS.glob("chain/*/block.ssz"))):
        block = decode_block(BlockPackage.decode(folder.read_bytes()).block)
        for place, raw in enumerate(block.transactions):
            yield f"{index:02}-{place:02}", raw


def system_seeds() -> Iterator[tuple[str, str, bytes]]:
    """Take the small proofs of each system, and the keys of circuits."""
    for index, (name, golden) in enumerate(GOLDEN_PROOFS.items()):
        if len(golden.proof) < MAX_SYSTEM_PROOF_BYTES:
            yield "system_proof", name, bytes([index]) + golden.proof
        if golden.verifier_key is not None:
            chosen = KEYED.index(golden.system)
            for target in ("verifier_key", "circuit_key"):
                yield target, name, bytes([chosen]) + golden.verifier_key
    chosen = KEYED.index(ProofSystem.SP1_PLONK)
    for target in ("verifier_key", "circuit_key"):
        yield target, "sp1-plonk", bytes([chosen]) + PLONK_V5_KEY
    openvm = (FIXTURES / "openvm-2.1-stark" / "proof.bin").read_bytes()
    # What stands between the head and the end is not read.
    yield "openvm_proof", "golden", openvm[:OPENVM_HEAD_BYTES] + openvm[-OPENVM_END_BYTES:]
    yield "risc0_seal", "golden", GOLDEN_PROOFS["risc0-groth16"].proof
    for index, name in enumerate(WRAPPED):
        yield "sp1_wrapped", name, bytes([index]) + GOLDEN_PROOFS[name].proof
    for name in ("sp1", "zisk"):
        proof = GOLDEN_PROOFS[name].proof
        yield f"{name}_proof", "unchanged", CHANGE_HEAD.pack(0, 1)
        yield f"{name}_proof", "cut", CHANGE_HEAD.pack(len(proof) // 2, 0)
        yield f"{name}_proof", "extended", CHANGE_HEAD.pack(len(proof), 1) + b"more"
        yield f"{name}_proof", "head", CHANGE_HEAD.pack(0, 1) + proof[:64]
        yield f"{name}_proof", "tail", CHANGE_HEAD.pack(len(proof) - 64, 1) + proof[-64:]
        yield f"{name}_proof", "not-canonical", CHANGE_HEAD.pack(8, 1) + b"\xff" * 8


def proof_seeds() -> Iterator[tuple[str, str, bytes]]:
    """Take a proof message and a payload request of every revision."""
    for index, (name, profile) in enumerate(PROFILES.items()):
        chosen = bytes([index])
        message = (MESSAGES / f"{name}.ssz").read_bytes()
        yield "proof", name, chosen + message
        yield "proof_json", name, chosen + (MESSAGES / f"{name}.json").read_bytes()
        yield "revision", name, compress(message)
        request = MESSAGES / f"request-{profile.payload_fork}.ssz"
        yield "payload_request", name, chosen + request.read_bytes()


def json_seeds() -> Iterator[tuple[str, str, bytes]]:
    """Take the keystores of EIP-2335, and answers about validators in the Beacon API's shape."""
    for path in sorted(KEYSTORES.glob("*.json")):
        yield "keystore", path.stem, path.read_bytes()
    yield "validators", "none", b'{"execution_optimistic":false,"finalized":false,"data":[]}'
    for status, exit_epoch in (("active_ongoing", (1 << 64) - 1), ("exited_slashed", 9)):
        validator = {
            "pubkey": "0x" + "a5" * 48,
            "withdrawal_credentials": "0x01" + "00" * 31,
            "effective_balance": "32000000000",
            "slashed": False,
            "activation_eligibility_epoch": "0",
            "activation_epoch": "1",
            "exit_epoch": str(exit_epoch),
            "withdrawable_epoch": str((1 << 64) - 1),
        }
        entry = {"index": "1", "balance": "1", "status": status, "validator": validator}
        yield "validators", status, json.dumps({"data": [entry]}).encode()


def connection_seeds() -> Iterator[tuple[str, str, bytes]]:
    """Give what a peer sends: negotiations, frames of yamux, and streams of each protocol."""
    hello, topic = b"\x13/multistream/1.0.0\n", "/eth2/01020304/execution_proof/ssz_snappy"
    for index, protocol in enumerate((*MESHSUB_PROTOCOLS, IDENTIFY_PROTOCOL, PING_PROTOCOL)):
        proposal = bytes([len(protocol) + 1]) + protocol.encode() + b"\n"
        yield "negotiation", f"{index}", hello + b"\x03ls\n" + b"\x04/no\n" + proposal
    frames = (
        HEADER.pack(0, WINDOW_UPDATE, SYN, 1, 0),
        HEADER.pack(0, DATA, 0, 1, 5) + b"hello",
        HEADER.pack(0, PING, SYN, 0, 7),
        HEADER.pack(0, DATA, SYN | FIN, 3, 1) + b"x",
        HEADER.pack(0, WINDOW_UPDATE, 0, 1, 1 << 20),
        HEADER.pack(0, WINDOW_UPDATE, RST, 1, 0),
        HEADER.pack(0, GO_AWAY, 0, 0, 0),
    )
    yield "yamux", "all", b"".join(frames)
    yield "yamux", "two-streams", frames[0] + frames[1] + frames[3]
    ids = (bytes(20), b"\x01" * 20)
    talk = Rpc(
        subscribe=(topic,), graft=(topic,), ihave=((topic, ids),), iwant=ids, idontwant=ids[:1]
    )
    message = Rpc(published=(Published((topic,), compress(b"a message")),), prune=((topic, 60),))
    gossip = encode_rpc(talk) + encode_rpc(message)
    for index in range(len(PROTOCOLS) + 12):
        body = gossip if index < len(MESHSUB_PROTOCOLS) else bytes(index * 8)
        yield "link", f"{index:02}", bytes([index]) + len(body).to_bytes(2, "big") + body
    yield "rpc", "control", encode_rpc(talk)[2:]


def before_fork(parent: bytes) -> OsakaHeader:
    """Give a header of the kind before the fork the values of another."""
    header, _ = decode_header(parent)
    values = astuple(header)
    # The flag goes, and the requests hash from the middle to the end.
    ordered = (*values[:7], *values[9:], values[7])
    names = (field.name for field in fields(OsakaHeader))
    return OsakaHeader(**dict(zip(names, ordered, strict=True)))


def transactions_payload(block: bytes, header_bytes: int) -> bytes:
    """Cut the list of transactions out of a block that is longer than 55 bytes."""
    start = 1 + (block[0] - _LONG_LIST) + header_bytes
    if block[start] <= _LONG_LIST:
        return block[start + 1 : start + 1 + block[start] - 0xC0]
    body = start + 1 + block[start] - _LONG_LIST
    return block[body : body + int.from_bytes(block[start + 1 : body], "big")]


def smallest_vectors() -> dict[str, Path]:
    """Choose the smallest input of each group of vectors."""
    smallest: dict[str, tuple[bool, int, Path]] = {}
    for path in sorted(one for pack in PACKS for one in pack.glob("*/*/*/input.json")):
        group = f"{path.parents[2].name}-{path.parents[1].name}"
        data = path.read_bytes()
        if len(data) <= MAX_VECTOR_BYTES:
            # Megabytes that are written in a line stand behind what is small when it is read, too.
            size = (b'"repeat"' in data, len(data), path)
            smallest[group] = min(size, smallest.get(group, size))
    return {group: path for group, (_, _, path) in smallest.items()}


if __name__ == "__main__":
    main()
