"""Words and families of refusals."""

import pytest

from zkattest.spec.reasons import (
    CannotVerify,
    Cause,
    GossipIgnore,
    InvalidBlock,
    Reason,
    Refusal,
    answers_required,
    show_operands,
)
from zkattest.types.errors import BackendPanic, MalformedNode, MissingCode, MissingNode


def test_words__are_the_names_in_lower_case():
    for word in (*Reason, *Cause):
        assert word.value == word.name.lower()


def test_refusal__shows_reason_and_operands():
    refusal = InvalidBlock(Reason.NONCE_MISMATCH, index=2, got=5, expected=4)
    assert str(refusal) == "nonce_mismatch (index=2, got=5, expected=4)"
    assert refusal.operands == {"index": 2, "got": 5, "expected": 4}


def test_refusal__shows_bytes_as_hex_and_cuts_long_ones():
    refusal = Refusal(Reason.PARENT_BLOOM_MISMATCH, got=b"\xab" * 32, expected=bytes(256))
    assert show_operands(refusal) == {
        "got": "0x" + "ab" * 32,
        "expected": "0x0000000000000000…0000000000000000",
    }


def test_gossip_ignore__keeps_the_time_of_the_second_look():
    assert GossipIgnore(Reason.UNKNOWN_BLOCK, retry_until_ms=70).retry_until_ms == 70


def test_cannot_verify__is_no_refusal():
    failure = CannotVerify(Cause.MISSING_NODE, "0xab")
    assert not isinstance(failure, Refusal)
    assert str(failure) == "missing_node: 0xab"


@pytest.mark.parametrize("error", [MissingNode, MalformedNode, MissingCode, BackendPanic])
def test_missing_answer__becomes_cannot_verify(error):
    with pytest.raises(CannotVerify) as caught, answers_required():
        raise error("what is missing")
    assert caught.value.cause == error.cause
    assert caught.value.detail == "what is missing"
