"""Name the one way in which proving fails: it could not be done, for a cause, in one line."""

from __future__ import annotations

from zkattest.spec.reasons import Cause


class CannotProve(Exception):
    """Say that there is no proof, and why; the block may be good all the same."""

    def __init__(self, cause: Cause, detail: str) -> None:
        """Keep the cause and one line for a person."""
        super().__init__(f"{cause}: {detail}")
        self.cause = cause
        self.detail = detail


class JobFailed(CannotProve):
    """Say what the worker answered to one job; the worker may still be good for others."""

    def __init__(self, kind: str, message: str, logged: str | None) -> None:
        """Keep the worker's own word for the failure and the first thing its log says."""
        cause = Cause.BACKEND_PANIC if kind == "panic" else Cause.UNREADABLE_INPUT
        if kind in {"proving", "output"}:
            cause = Cause.BACKEND_UNAVAILABLE
        detail = (
            message if not logged or logged in message else f"{message} (first cause: {logged})"
        )
        super().__init__(cause, detail)
        self.kind = kind
        self.message = message
        self.logged = logged


class WorkerGone(CannotProve):
    """Say that the worker process ended in the middle of a job."""

    def __init__(self, detail: str) -> None:
        """Keep how it ended."""
        super().__init__(Cause.BACKEND_UNAVAILABLE, detail)
