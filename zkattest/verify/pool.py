"""Verify in threads: so many at once, so long at most, so many waiting."""

from __future__ import annotations

import os
from typing import Final, Protocol

import trio

from zkattest.spec.budget import DEAR_VERIFICATION_MS
from zkattest.spec.reasons import CannotVerify, Cause, InvalidProof
from zkattest.types.ids import ProgramVk
from zkattest.verify.proof import ProofSystem, ProofVerifier, VerifiedProof

DEFAULT_DEADLINE_MS: Final = 4_000
DEFAULT_MAX_PENDING: Final = 64
# How far one verification moves what is thought to be usual.
_LEARNING: Final = 0.2


class Programs(Protocol):
    """Find the verifier of a program: what a `Registry` does."""

    def verifier(self, system: ProofSystem, program_vk: ProgramVk) -> ProofVerifier:
        """Return the verifier of a program, or raise `CannotVerify`."""
        ...


class _DearLane:
    """Let so many dear proofs into a pool's threads; give a place back when the thread ends."""

    def __init__(self, threads: trio.CapacityLimiter) -> None:
        self._threads = threads
        self._lane = trio.CapacityLimiter(max(1, int(threads.total_tokens) - 1))

    @property
    def has_room(self) -> bool:
        """Tell whether no more wait than run."""
        return self._lane.statistics().tasks_waiting < self._lane.total_tokens

    async def acquire_on_behalf_of(self, borrower: object) -> None:
        """Wait for the lane first: who waits there is in nobody's way."""
        await self._lane.acquire_on_behalf_of(borrower)
        try:
            await self._threads.acquire_on_behalf_of(borrower)
        except BaseException:
            self._lane.release_on_behalf_of(borrower)
            raise

    def release_on_behalf_of(self, borrower: object) -> None:
        """Give both places back."""
        self._threads.release_on_behalf_of(borrower)
        self._lane.release_on_behalf_of(borrower)


class _Turn:
    """
    Wait for a thread for one proof, and give it back where too little time is left.

    Under overload whoever comes first has waited longest: without this, threads would verify what
    nobody waits for by the time they are done.
    """

    def __init__(
        self, places: trio.CapacityLimiter | _DearLane, deadline_ms: int, usual_s: float
    ) -> None:
        self._places = places
        self._started_s = trio.current_time()
        self._usual_s = usual_s
        self.deadline_s = self._started_s + deadline_ms / 1000
        self.began_s: float | None = None

    async def acquire_on_behalf_of(self, borrower: object) -> None:
        """Raise `CannotVerify` for a proof that waited long and would be late."""
        await self._places.acquire_on_behalf_of(borrower)
        now_s = trio.current_time()
        waited_s, left_s = now_s - self._started_s, self.deadline_s - now_s
        # Who did not wait always has a turn: so it is found out what is usual now.
        if left_s < min(waited_s, self._usual_s):
            self._places.release_on_behalf_of(borrower)
            raise CannotVerify(Cause.TIMEOUT, "no thread came free in time")
        self.began_s = now_s

    def release_on_behalf_of(self, borrower: object) -> None:
        """Give the place back."""
        self._places.release_on_behalf_of(borrower)


class VerifierPool:
    """Run verifications beside the event loop; the extension releases the GIL."""

    def __init__(
        self,
        programs: Programs,
        *,
        threads: int | None = None,
        deadline_ms: int = DEFAULT_DEADLINE_MS,
        max_pending: int = DEFAULT_MAX_PENDING,
    ) -> None:
        """Use as many threads as there are cores unless told otherwise."""
        self._programs = programs
        self._limiter = trio.CapacityLimiter(threads or os.cpu_count() or 1)
        self._dear = _DearLane(self._limiter)
        self._deadline_ms = deadline_ms
        self._max_pending = max_pending
        self._usual_s: dict[ProofSystem, float] = {}

    async def verify(
        self,
        system: ProofSystem,
        program_vk: ProgramVk,
        proof: bytes,
        public_values: bytes | None = None,
    ) -> VerifiedProof:
        """
        Return what the proof proves; raise `InvalidProof` or `CannotVerify`.

        The deadline counts the wait for a thread. A thread that misses it cannot be stopped: it
        keeps its place until it ends, so late work never adds up. Proofs of systems that are dear
        leave one thread of several to the others, and no more of them wait than run. What could
        not end in time, as others of its system do, does not begin.
        """
        verifier = self._programs.verifier(system, program_vk)
        is_dear = system in DEAR_VERIFICATION_MS
        self._require_room()
        if is_dear and not self._dear.has_room:
            raise CannotVerify(Cause.OUT_OF_RESOURCES, f"other {system} proofs wait for a thread")
        places = self._dear if is_dear else self._limiter
        turn = _Turn(places, self._deadline_ms, self._usual_s.get(system, 0.0))
        with trio.move_on_at(turn.deadline_s):
            try:
                return await trio.to_thread.run_sync(
                    verifier.verify,
                    proof,
                    public_values,
                    # Any object with these two methods will do, the documentation says.
                    limiter=turn,  # type: ignore[arg-type]
                    # libp2p brings trio-typing, whose stubs of an older trio hide trio's own types.
                    abandon_on_cancel=True,  # type: ignore[call-arg, unused-ignore]
                )
            finally:
                self._learn(system, turn)
        raise CannotVerify(Cause.TIMEOUT, f"no answer within {self._deadline_ms} ms")

    @property
    def busy(self) -> int:
        """Return how many threads are at work."""
        return int(self._limiter.borrowed_tokens)

    @property
    def waiting(self) -> int:
        """Return how many proofs wait for a thread."""
        return int(self._limiter.statistics().tasks_waiting)

    @property
    def has_room(self) -> bool:
        """Tell whether one more proof would be taken."""
        return self._limiter.available_tokens >= 1 or self.waiting < self._max_pending

    def _learn(self, system: ProofSystem, turn: _Turn) -> None:
        """Remember how long a proof of a system takes nowadays."""
        if turn.began_s is not None:
            took_s = trio.current_time() - turn.began_s
            usual_s = self._usual_s.get(system, took_s)
            self._usual_s[system] = usual_s + _LEARNING * (took_s - usual_s)

    def _require_room(self) -> None:
        if not self.has_room:
            raise CannotVerify(Cause.OUT_OF_RESOURCES, f"{self.waiting} proofs wait for a thread")

    async def answer(
        self,
        system: ProofSystem,
        program_vk: ProgramVk,
        proof: bytes,
        public_values: bytes | None = None,
    ) -> VerifiedProof | InvalidProof | CannotVerify:
        """Return the answer as data, whichever of the three it is."""
        try:
            return await self.verify(system, program_vk, proof, public_values)
        except (InvalidProof, CannotVerify) as answer:
            return answer
