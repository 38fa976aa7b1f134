"""
A verifier's process that misbehaves as the proof tells it to: what real ones must never do.

`python -m tests.helpers.misbehaving_verifier MEMORY_BYTES`; only the verifier is replaced, the
process around it is the real one.
"""

from __future__ import annotations

import os
import signal
import threading

from zkattest.spec.reasons import CannotVerify, Cause, InvalidProof, Reason
from zkattest.types.ids import ProgramVk
from zkattest.verify.child import main
from zkattest.verify.proof import ProofSystem, ProofVerifier, VerifiedProof


class MisbehavingVerifier:
    """Do what the proof says."""

    max_proof_bytes = 1 << 20

    def __init__(self, system: ProofSystem, program_vk: ProgramVk, key: bytes | None) -> None:
        self._bound = (system, program_vk)
        self._key = key

    def verify(self, proof: bytes, public_values: bytes | None = None) -> VerifiedProof:
        match proof:
            case b"hang":
                threading.Event().wait()
            case b"crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            case b"signal":
                os.kill(os.getpid(), signal.SIGRTMIN + 1)
            case b"exit":
                os._exit(3)
            case b"eat":
                # Touched, not only reserved.
                hoard = [bytes(1 << 20) for _ in range(1 << 20)]
                raise AssertionError(len(hoard))
            case b"babble":
                os.write(0, b"\xff\xff\xff\xff")
                os._exit(0)
            case b"refuse":
                raise InvalidProof(Reason.PROOF_INVALID, got=proof, limit=7, detail="no")
            case b"decline":
                raise CannotVerify(Cause.UNKNOWN_KEY, "no key")
        return VerifiedProof(*self._bound, str(os.getpid()), public_values or b"", 1.0, 2.0)


def open_one(system: ProofSystem, program_vk: ProgramVk, key: bytes | None) -> ProofVerifier:
    """Make one."""
    return MisbehavingVerifier(system, program_vk, key)


if __name__ == "__main__":
    main(open_one)
