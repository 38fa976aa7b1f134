"""What is signed is the root of an object in a domain."""

import pytest

from zkattest.crypto.hashing import sha256
from zkattest.spec.reasons import Cause
from zkattest.spec.signing import CannotSign, SigningData
from zkattest.types.ids import Root

ROOT, DOMAIN = Root(b"\x11" * 32), b"\x0f\0\0\0" + b"\x22" * 28


def test_signing_root__hashes_the_object_and_its_domain():
    assert SigningData(ROOT, DOMAIN).signing_root == sha256(ROOT + DOMAIN)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_signing_data__refused_with_a_domain_of_another_length(size):
    with pytest.raises(ValueError, match=f"domain: {size} bytes, expected 32"):
        SigningData(ROOT, bytes(size))


def test_failure__says_its_cause_and_detail():
    assert str(CannotSign(Cause.TIMEOUT, "no answer")) == "timeout: no answer"
    assert str(CannotSign(Cause.TIMEOUT)) == "timeout"
