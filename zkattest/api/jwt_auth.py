"""
Check the tokens of the Engine API: HS256 by a shared secret, issued within 60 seconds of now.

Source: execution-apis `src/engine/authentication.md`. The only importer of PyJWT.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import jwt

_SECRET_BYTES: Final = 32
_MAX_TOKEN_CHARACTERS: Final = 4_096
_WINDOW_S: Final = 60
_SCHEME: Final = "bearer "


class NotAuthenticated(Exception):
    """Say in one line why a request's token is not taken."""


class JwtGuard:
    """Let those in who know a secret."""

    def __init__(self, secret: bytes, unix_s: Callable[[], float]) -> None:
        """Take 32 bytes, and a clock of Unix time in seconds."""
        if len(secret) != _SECRET_BYTES:
            raise ValueError(f"{len(secret)} bytes, expected {_SECRET_BYTES}")
        self._secret = secret
        self._unix_s = unix_s

    def check_all(self, authorizations: Sequence[str]) -> None:
        """Check the headers of one request; of two, a proxy before us may have read the other."""
        if len(authorizations) > 1:
            raise NotAuthenticated("more than one header Authorization")
        self.check(authorizations[0] if authorizations else None)

    def check(self, authorization: str | None) -> None:
        """Return when the header `Authorization` holds a good token; raise `NotAuthenticated`."""
        if authorization is None:
            raise NotAuthenticated("no token: expected Authorization: Bearer …")
        if authorization[: len(_SCHEME)].lower() != _SCHEME:
            raise NotAuthenticated("not a bearer token")
        token = authorization[len(_SCHEME) :].strip()
        if len(token) > _MAX_TOKEN_CHARACTERS:
            raise NotAuthenticated("the token is too long")
        try:
            # Only HS256: a token that names no algorithm, or another one, is not taken. The
            # library's own view of `iat` has no window backwards, so it is ours below.
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                options={"verify_iat": False, "verify_exp": False, "verify_nbf": False},
            )
        except (jwt.InvalidTokenError, ValueError):
            raise NotAuthenticated("the token does not hold") from None
        self._check_claims(claims)

    def _check_claims(self, claims: dict[str, object]) -> None:
        issued_s, ends_s, now_s = claims.get("iat"), claims.get("exp"), self._unix_s()
        if isinstance(issued_s, bool) or not isinstance(issued_s, int | float):
            raise NotAuthenticated("the token has no time of issue (iat)")
        # Compared and not subtracted: an integer may be too large to be a float.
        if not now_s - _WINDOW_S <= issued_s <= now_s + _WINDOW_S:
            raise NotAuthenticated(f"the token was not issued within {_WINDOW_S} s of now")
        if ends_s is not None and not (isinstance(ends_s, int | float) and now_s < ends_s):
            raise NotAuthenticated("the token has expired")
