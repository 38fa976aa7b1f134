"""
Verify in a process of its own, which its parent can afford to lose.

`python -m zkattest.verify.child MEMORY_BYTES`: standard input is a socket that speaks
`verify/frames.py`. The process ends with its parent.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from typing import Final

from zkattest.spec.reasons import CannotVerify, Cause, InvalidProof
from zkattest.types.ids import ProgramVk
from zkattest.verify.frames import Answer, Request, receive_request, send_answer
from zkattest.verify.proof import ProofSystem, ProofVerifier
from zkattest.verify.registry import Registry

# A prepared key costs memory: who asks for ever new ones has the oldest forgotten.
MAX_PREPARED: Final = 64
_PR_SET_PDEATHSIG: Final = 1

Open = Callable[[ProofSystem, ProgramVk, bytes | None], ProofVerifier]


def open_verifier(
    system: ProofSystem, program_vk: ProgramVk, verifier_key: bytes | None
) -> ProofVerifier:
    """Prepare the verifier of a program; raise `InvalidProof` or `CannotVerify`."""
    return Registry().add(system, program_vk, verifier_key)


def main(open_one: Open = open_verifier) -> None:
    """Answer requests until the parent hangs up."""
    parent = os.getppid()
    _confine(memory_bytes=int(sys.argv[1]))
    if os.getppid() != parent:
        return
    with socket.socket(fileno=os.dup(0)) as connection:
        serve(connection, open_one)


def serve(connection: socket.socket, open_one: Open) -> None:
    """Answer requests of one connection."""
    prepared: dict[tuple[ProofSystem, ProgramVk, bytes | None], ProofVerifier] = {}
    while (request := receive_request(connection)) is not None:
        send_answer(connection, _answer(prepared, open_one, request))


def _answer(
    prepared: dict[tuple[ProofSystem, ProgramVk, bytes | None], ProofVerifier],
    open_one: Open,
    request: Request,
) -> Answer:
    key = (request.system, request.program_vk, request.verifier_key)
    try:
        if key not in prepared:
            prepared[key] = open_one(*key)
            if len(prepared) > MAX_PREPARED:
                prepared.pop(next(iter(prepared)))
        return prepared[key].verify(request.proof, request.public_values)
    except (InvalidProof, CannotVerify) as answer:
        return answer
    except MemoryError:
        return CannotVerify(Cause.OUT_OF_RESOURCES, "the verifier's memory is used up")


def _confine(memory_bytes: int) -> None:
    """Bound memory, write no files, and die with the parent."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A Ctrl-C in a terminal reaches every process of the group; the parent decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
