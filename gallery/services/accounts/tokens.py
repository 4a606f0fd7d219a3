"""Access tokens: what a program shows for a quarter of an hour (JWT, RFC 9068).

The algorithm is pinned, the keys are derived from ``SECRET_KEY`` for this
purpose alone, and no claim may be missing. A token says who is signed in
and by which sign-in, never what they may do: that is read from their row.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import jwt

from gallery.errors import WrongCredentials

LASTS = timedelta(minutes=15)
AUDIENCE = "urn:gallery:api"
TYPE = "access"
HEADER_TYPE = "at+jwt"
ALGORITHM = "HS256"
_REQUIRED = ["iss", "aud", "sub", "sid", "type", "iat", "exp", "jti"]
# Machines that serve the same gallery may differ by so much; an expiry is an expiry.
_CLOCKS_DIFFER_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class AccessClaim:
    """What an access token says: the user, and the sign-in that it belongs to."""

    user_id: UUID
    session_id: UUID


class AccessTokens:
    """Signs tokens with the newest key and reads them with any; thread-safe."""

    def __init__(self, secrets: Sequence[str], *, issuer: str) -> None:
        """Take the *secrets* newest first."""
        keys = [hmac.digest(each.encode(), b"gallery.access-token", "sha256") for each in secrets]
        self._keys = {hashlib.sha256(key).hexdigest()[:16]: key for key in keys}
        self._issuer = issuer

    def sign(self, claim: AccessClaim, *, now: datetime) -> str:
        """Return a token of *claim* that is good for ``LASTS``."""
        key_id, key = next(iter(self._keys.items()))
        issued_at = int(now.timestamp())
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": str(claim.user_id),
            "sid": str(claim.session_id),
            "type": TYPE,
            "iat": issued_at,
            "exp": issued_at + int(LASTS.total_seconds()),
            "jti": uuid4().hex,
        }
        return jwt.encode(claims, key, ALGORITHM, headers={"typ": HEADER_TYPE, "kid": key_id})

    def read(self, token: str, *, now: datetime) -> AccessClaim:
        """Return what *token* claims, if it was signed here as an access token and is not over.

        Raises:
            WrongCredentials: anything about it is not as ``sign`` makes it.
        """
        try:
            header = jwt.get_unverified_header(token)
            claims = jwt.decode(
                token,
                self._keys[header["kid"]],
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=self._issuer,
                # Times are compared with the gallery's clock, below; PyJWT asks the system's.
                options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False},
            )
            if header["typ"] != HEADER_TYPE or claims["type"] != TYPE:
                raise ValueError("another type of token")
            _refuse_other_times(claims["iat"], claims["exp"], now)
            return AccessClaim(user_id=UUID(claims["sub"]), session_id=UUID(claims["sid"]))
        except (jwt.PyJWTError, KeyError, ValueError, TypeError, AttributeError):
            raise WrongCredentials("The access token is not right, or has expired") from None


def _refuse_other_times(issued_at: object, expires_at: object, now: datetime) -> None:
    if type(issued_at) is not int or type(expires_at) is not int:
        raise ValueError("a time is no whole number of seconds")
    instant = now.astimezone(UTC).timestamp()
    if not issued_at - _CLOCKS_DIFFER_SECONDS <= instant < expires_at:
        raise ValueError("the token is over, or not yet good")
