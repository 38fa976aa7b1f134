"""Measure what a message costs before its proof is verified: decoding, roots, signature."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable

from zkattest.crypto import bls
from zkattest.crypto.proof_roots import hash_tree_root_content
from zkattest.types.ids import ProofType, Root, ValidatorIndex
from zkattest.types.proof_json import decode_message_json, encode_message_json
from zkattest.types.proof_messages import decode_message
from zkattest.types.proof_profiles import PROFILES, ProfileName, ProofProfile
from zkattest.types.wire import (
    MAX_PROOF_BYTES,
    ExecutionProofEnvelope,
    SignedExecutionProofEnvelope,
)

BETA4, CS5566 = PROFILES[ProfileName.BETA4], PROFILES[ProfileName.CS5566]

SP1_PROOF_BYTES = 1_272_569
TARGETS_MS = {
    "decode_and_root_4_mib": 10.0,
    "decode_and_root_sp1": 3.5,
    "decode_and_progressive_root_4_mib": 10.0,
    "read_json_4_mib": 100.0,
    "bls_verify": 2.3,
}


def envelope(size_bytes: int) -> bytes:
    """Encode a signed envelope around a proof of this size."""
    message = ExecutionProofEnvelope(
        bytes(range(256)) * (size_bytes // 256), ProofType(1), Root(bytes(32))
    )
    return SignedExecutionProofEnvelope(message, ValidatorIndex(0), bytes(96)).encode()


def decode_and_root(encoded: bytes, profile: ProofProfile = BETA4) -> None:
    """Do what a receiver does with the bytes."""
    match decode_message(profile, encoded):
        case SignedExecutionProofEnvelope(message=content):
            hash_tree_root_content(profile, content)


def best_ms(work: Callable[[], object], rounds: int) -> float:
    """Return the shortest of some rounds."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter_ns()
        work()
        times.append(time.perf_counter_ns() - started)
    return round(min(times) / 1e6, 3)


def measure(rounds: int) -> dict[str, float]:
    """Measure each operation; milliseconds."""
    large, usual = envelope(MAX_PROOF_BYTES), envelope(SP1_PROOF_BYTES)
    text = encode_message_json(BETA4, decode_message(BETA4, large)).encode()
    secret = bls.secret_key_from_seed(bytes(32))
    public, message = bls.public_key(secret), bytes(32)
    signature = bls.sign(secret, message)
    return {
        "decode_and_root_4_mib": best_ms(lambda: decode_and_root(large), rounds),
        "decode_and_root_sp1": best_ms(lambda: decode_and_root(usual), rounds),
        "decode_and_progressive_root_4_mib": best_ms(
            lambda: decode_and_root(large, CS5566), rounds
        ),
        "read_json_4_mib": best_ms(lambda: decode_message_json(BETA4, text), rounds),
        "bls_verify": best_ms(lambda: bls.verify(public, message, signature), rounds),
    }


def main() -> None:
    """Print a table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=30)
    arguments = parser.parse_args()
    measured = measure(arguments.rounds)
    if arguments.json:
        sys.stdout.write(json.dumps({"measured_ms": measured, "targets_ms": TARGETS_MS}) + "\n")
        return
    for name, value in measured.items():
        sys.stdout.write(f"{name:>34}  {value:8.3f} ms  target {TARGETS_MS[name]} ms\n")


if __name__ == "__main__":
    main()
