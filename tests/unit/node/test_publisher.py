"""What is answered about proofs that are handed in, by status of HTTP."""

import json

import pytest

from zkattest.machines.proof_events import OwnProofStatus
from zkattest.node.publisher import Outcome, answer_of
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.ids import ProofType, Root

BLOCK = Root(b"\x20" * 32)


def outcome(status, **changes):
    return Outcome(BLOCK, ProofType(2), status, **changes)


@pytest.mark.parametrize(
    ("status", "is_kept", "reason", "code"),
    [
        (OwnProofStatus.PUBLISHED, False, None, 200),
        (OwnProofStatus.ALREADY_KNOWN, False, Reason.PROOF_ALREADY_KNOWN, 200),
        (OwnProofStatus.WAITING, True, Reason.UNKNOWN_BLOCK, 202),
        (OwnProofStatus.WAITING, False, Reason.UNKNOWN_BLOCK, 503),
        ("in_progress", True, None, 202),
        (OwnProofStatus.NOT_CHECKED, True, Reason.NOT_CHECKED, 503),
        (OwnProofStatus.NOT_CHECKED, False, Reason.QUEUE_FULL, 503),
        (OwnProofStatus.NOT_SIGNED, True, Reason.NOT_SIGNED, 503),
        (OwnProofStatus.REFUSED, False, Reason.PROOF_INVALID, 400),
        (OwnProofStatus.REFUSED, False, Reason.SIGNER_KEY_MISMATCH, 400),
        (OwnProofStatus.REFUSED, False, Reason.SIGNED_ANOTHER_PROOF, 409),
        (OwnProofStatus.REFUSED, False, Reason.DUPLICATE_FROM_VALIDATOR, 409),
        (OwnProofStatus.REFUSED, False, Reason.SLOT_TOO_OLD, 409),
    ],
)
def test_outcome__has_its_status_of_http(status, is_kept, reason, code):
    one = outcome(status, is_kept=is_kept, reason=reason)
    assert one.code == answer_of([one]).status == code


def test_answer__shows_every_outcome_and_numbers_the_failures():
    answer = answer_of(
        [
            outcome(OwnProofStatus.PUBLISHED),
            outcome(
                OwnProofStatus.NOT_SIGNED,
                is_kept=True,
                reason=Reason.NOT_SIGNED,
                cause=Cause.TIMEOUT,
                detail="no answer",
            ),
        ]
    )
    assert (answer.status, answer.content_type) == (503, "application/json")
    named = {"block_root": str(BLOCK), "proof_type": "2"}
    assert json.loads(answer.body) == {
        "code": 503,
        "message": "1 of 2 proofs not published",
        "failures": [{"index": "1", "message": "no answer"}],
        "data": [
            named
            | {"status": "published", "kept": False, "reason": None, "cause": None, "message": ""},
            named
            | {
                "status": "not_signed",
                "kept": True,
                "reason": "not_signed",
                "cause": "timeout",
                "message": "no answer",
            },
        ],
    }


def test_answer__without_failures_has_only_data():
    answer = answer_of([outcome(OwnProofStatus.PUBLISHED), outcome("in_progress", is_kept=True)])
    assert answer.status == 202
    assert json.loads(answer.body).keys() == {"data"}
