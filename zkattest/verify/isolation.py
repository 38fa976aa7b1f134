"""
Verify in child processes: what panics, hangs or eats memory takes one of them down, never this one.

Calls block, one child each; `VerifierPool` makes them from threads.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from zkattest.spec.reasons import CannotVerify, Cause, InvalidProof, Reason
from zkattest.types.ids import ProgramVk
from zkattest.verify.frames import Answer, Request, receive_answer, send_request
from zkattest.verify.proof import ProofSystem, ProofVerifier, VerifiedProof
from zkattest.verify.registry import Registry

COMMAND: Final = (sys.executable, "-m", "zkattest.verify.child")
DEFAULT_MEMORY_BYTES: Final = 2 << 30
DEFAULT_DEADLINE_MS: Final = 4_000
# SP1's verifier starts a thread a core, and the address space of a child ends before that of a
# large machine's threads does. Several children verify at once anyway.
MAX_CHILD_THREADS: Final = 4
_THREADS_VARIABLE: Final = "RAYON_NUM_THREADS"


@dataclass(slots=True)
class Child:
    """A process that verifies, and the socket that it listens to."""

    process: subprocess.Popen[bytes]
    connection: socket.socket

    @classmethod
    def start(cls, command: Sequence[str], memory_bytes: int) -> Self:
        """Start a process; raises `OSError`."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process = subprocess.Popen(
                    [*command, str(memory_bytes)],
                    env=child_environment(),
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            except OSError:
                ours.close()
                raise
        return cls(process, ours)

    def ask(self, request: Request, deadline_s: float) -> Answer:
        """Return its answer; raises `TimeoutError`, `EOFError`, `OSError` or `ValueError`."""
        self.connection.settimeout(max(0.001, deadline_s - time.monotonic()))
        send_request(self.connection, request)
        self.connection.settimeout(max(0.001, deadline_s - time.monotonic()))
        return receive_answer(self.connection)

    def kill(self) -> int:
        """End it whatever it does, and return how it ended: negative is a signal."""
        self.connection.close()
        self.process.kill()
        return self.process.wait()


def child_environment() -> dict[str, str]:
    """Return our own environment, with a bound of a child's threads where none is set."""
    threads = min(MAX_CHILD_THREADS, os.cpu_count() or 1)
    return {_THREADS_VARIABLE: str(threads), **os.environ}


@dataclass(slots=True)
class VerifierChildren:
    """
    Find verifiers that work in child processes; a `Programs` for `VerifierPool`.

    A child is started when none is idle, so there are as many as verify at once. Close it in the
    end, or use it in a `with`.
    """

    programs: Registry
    deadline_ms: int = DEFAULT_DEADLINE_MS
    memory_bytes: int = DEFAULT_MEMORY_BYTES
    command: Sequence[str] = COMMAND
    lost: int = 0
    """How many processes had to be given up."""
    _idle: list[Child] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _is_closed: bool = False

    def verifier(self, system: ProofSystem, program_vk: ProgramVk) -> ProofVerifier:
        """Return the verifier of a program, or raise `CannotVerify`."""
        inner = self.programs.verifier(system, program_vk)
        key = self.programs.verifier_key(system, program_vk)
        return IsolatedVerifier(self, system, program_vk, key, inner.max_proof_bytes)

    def warm_up(self, count: int) -> None:
        """Start processes before they are needed; raises `CannotVerify`."""
        for child in [self._start() for _ in range(count)]:
            self._put_back(child)

    def ask(self, request: Request) -> VerifiedProof:
        """Return what the proof proves; raises `InvalidProof` or `CannotVerify`."""
        deadline_s = time.monotonic() + self.deadline_ms / 1000
        child = self._take()
        try:
            answer = child.ask(request, deadline_s)
        except BaseException as failure:
            status = self._give_up(child)
            match failure:
                case TimeoutError():
                    detail = f"no answer within {self.deadline_ms} ms; its process was ended"
                    raise CannotVerify(Cause.TIMEOUT, detail) from None
                case EOFError() | OSError() | ValueError():
                    raise CannotVerify(Cause.BACKEND_PANIC, _describe_end(status)) from None
                case _:
                    raise
        self._put_back(child)
        if isinstance(answer, VerifiedProof):
            return answer
        raise answer

    def close(self) -> None:
        """End every idle process; one at work is ended when its answer is there."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for child in idle:
            child.kill()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def _take(self) -> Child:
        with self._lock:
            # The one that worked last has its keys prepared and its pages in memory.
            child = self._idle.pop() if self._idle else None
        if child is not None and child.process.poll() is None:
            return child
        if child is not None:
            self._give_up(child)
        return self._start()

    def _start(self) -> Child:
        try:
            return Child.start(self.command, self.memory_bytes)
        except OSError as failure:
            detail = f"no process to verify in: {failure.strerror}"
            raise CannotVerify(Cause.OUT_OF_RESOURCES, detail) from None

    def _put_back(self, child: Child) -> None:
        with self._lock:
            if not self._is_closed:
                self._idle.append(child)
                return
        child.kill()

    def _give_up(self, child: Child) -> int:
        with self._lock:
            self.lost += 1
        # A process that ended by itself is waited for: its own end says more than our signal.
        try:
            status = child.process.wait(0.1)
        except subprocess.TimeoutExpired:
            status = -signal.SIGKILL
        child.kill()
        return status


def _describe_end(status: int) -> str:
    if status < 0:
        # Most real-time signals have no name.
        names = {known.value: known.name for known in signal.Signals}
        return f"the verifier's process was ended by {names.get(-status, f'signal {-status}')}"
    return f"the verifier's process ended with {status}"


@dataclass(frozen=True, slots=True)
class IsolatedVerifier:
    """Verify proofs of one program in another process."""

    children: VerifierChildren
    system: ProofSystem
    program_vk: ProgramVk
    verifier_key: bytes | None
    max_proof_bytes: int

    def verify(self, proof: bytes, public_values: bytes | None = None) -> VerifiedProof:
        """Return what the proof proves; raises `InvalidProof` or `CannotVerify`."""
        if len(proof) > self.max_proof_bytes:
            # Here, and not behind a pipe: what is too long is copied nowhere.
            limit = self.max_proof_bytes
            raise InvalidProof(Reason.PROOF_TOO_LARGE, got=len(proof), limit=limit)
        return self.children.ask(
            Request(self.system, self.program_vk, self.verifier_key, proof, public_values)
        )
