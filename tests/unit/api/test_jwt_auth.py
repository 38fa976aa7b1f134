"""Only tokens of the Engine API open the door, and only for a minute."""

import base64
import hashlib
import hmac
import json

import pytest

from zkattest.api.jwt_auth import JwtGuard, NotAuthenticated

SECRET = bytes(range(32))
NOW_S = 1_700_000_000


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


def token(claims, *, secret=SECRET, algorithm="HS256"):
    """Sign claims without the library that reads them."""
    signed = part({"alg": algorithm, "typ": "JWT"}) + b"." + part(claims)
    signature = hmac.new(secret, signed, hashlib.sha256).digest()
    return "Bearer " + (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


GUARD = JwtGuard(SECRET, lambda: float(NOW_S))


@pytest.mark.parametrize("iat", [NOW_S, NOW_S - 60, NOW_S + 60, NOW_S + 0.5])
def test_token__taken_within_a_minute(iat):
    assert GUARD.check(token({"iat": iat})) is None


@pytest.mark.parametrize(
    ("authorization", "why"),
    [
        (None, "no token"),
        ("Basic abc", "not a bearer"),
        ("Bearer abc", "does not hold"),
        ("Bearer " + "a" * 5_000, "too long"),
        (token({"iat": NOW_S - 61}), "within 60 s"),
        (token({"iat": NOW_S + 61}), "within 60 s"),
        (token({"iat": float("nan")}), "within 60 s"),
        (token({}), "no time of issue"),
        (token({"iat": "1700000000"}), "no time of issue"),
        (token({"iat": True}), "no time of issue"),
        (token({"iat": NOW_S, "exp": NOW_S - 1}), "expired"),
        (token({"iat": NOW_S}, secret=bytes(32)), "does not hold"),
        (token({"iat": NOW_S}, algorithm="none"), "does not hold"),
        (token({"iat": NOW_S}, algorithm="HS512"), "does not hold"),
        (token({"iat": NOW_S}, algorithm="RS256"), "does not hold"),
        (token({"iat": NOW_S}, algorithm="ES256"), "does not hold"),
        (token({"iat": NOW_S}, algorithm="nOnE"), "does not hold"),
        (token({"iat": NOW_S}, algorithm="hs256"), "does not hold"),
        (token({"iat": NOW_S}, algorithm=["HS256"]), "does not hold"),
        (token({"iat": NOW_S}, algorithm=None), "does not hold"),
        ("", "not a bearer"),
        ("Bearer", "not a bearer"),
        ("Bearer ", "does not hold"),
        ("Bearer ..", "does not hold"),
        ("Bearer \xe9.\xe9.\xe9", "does not hold"),
        (token({"iat": NOW_S}) + ", Bearer x", "does not hold"),
        (token({"iat": 10**400}), "within 60 s"),
        (token({"iat": -(10**400)}), "within 60 s"),
        (token({"iat": float("inf")}), "within 60 s"),
        (token({"iat": None}), "no time of issue"),
        (token({"iat": [NOW_S]}), "no time of issue"),
        (token({"iat": NOW_S, "exp": NOW_S}), "expired"),
        (token({"iat": NOW_S, "exp": "never"}), "expired"),
        (token({"iat": NOW_S, "exp": -(10**400)}), "expired"),
        (token([NOW_S]), "does not hold"),
        ("Bearer " + base64.urlsafe_b64encode(b"[" * 3_000).decode() + ".e30.x", "does not hold"),
    ],
)
def test_token__refused(authorization, why):
    with pytest.raises(NotAuthenticated, match=why):
        GUARD.check(authorization)


def test_unsigned_token__refused():
    unsigned = (part({"alg": "none"}) + b"." + part({"iat": NOW_S}) + b".").decode()
    with pytest.raises(NotAuthenticated, match="does not hold"):
        GUARD.check(f"Bearer {unsigned}")


def test_token__refused_where_it_stands_beside_another():
    good = token({"iat": NOW_S})
    assert GUARD.check_all([good]) is None
    with pytest.raises(NotAuthenticated, match="more than one"):
        GUARD.check_all([good, good])
    with pytest.raises(NotAuthenticated, match="no token"):
        GUARD.check_all([])
