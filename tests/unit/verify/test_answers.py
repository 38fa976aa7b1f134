"""What the extension raises, as the project's three families of errors."""

import pytest

from zkattest import _core
from zkattest.spec.reasons import CannotVerify, Cause, InvalidProof, Reason
from zkattest.verify.answers import core_answers


def test_core_answers__invalid_proof_for_a_refusal() -> None:
    with pytest.raises(InvalidProof) as refused, core_answers():
        raise _core.Refused("proof_too_large", {"got": 2, "limit": 1})
    assert refused.value.reason is Reason.PROOF_TOO_LARGE
    assert refused.value.operands == {"got": 2, "limit": 1}


def test_core_answers__cannot_verify_for_a_panic() -> None:
    with pytest.raises(CannotVerify) as failure, core_answers():
        raise _core.CannotCheck("backend_panic", "verifier panicked")
    assert failure.value.cause is Cause.BACKEND_PANIC
    assert failure.value.detail == "verifier panicked"


def test_core_answers__bug_propagates() -> None:
    with pytest.raises(ValueError, match="not a word of ours"), core_answers():
        raise ValueError("not a word of ours")
