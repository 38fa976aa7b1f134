"""Turn what the extension raises into the refusals of the project, in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from zkattest import _core
from zkattest.spec.reasons import CannotVerify, Cause, InvalidProof, Reason


@contextmanager
def core_answers() -> Iterator[None]:
    """Raise `InvalidProof` and `CannotVerify` for what the extension answers inside the block."""
    try:
        yield
    except _core.Refused as refusal:
        reason, operands = refusal.args
        raise InvalidProof(Reason(reason), **operands) from None
    except _core.CannotCheck as failure:
        cause, detail = failure.args
        raise CannotVerify(Cause(cause), detail) from None
