"""Browsers in which somebody has signed in before (OWASP's device cookies).

The cookie opens nothing. It only has tries of its own to sign in to the one
account that it was given for: so strangers who use the account's tries up
don't keep its owner out.
"""

import secrets
from collections.abc import Sequence

from itsdangerous import BadData, URLSafeSerializer

from gallery.services.accounts.digests import digest_of


class KnownDevices:
    """Signs what a browser keeps with the newest key, and reads it with any."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take the *keys* newest first."""
        self._serializer = URLSafeSerializer(list(reversed(keys)), salt="gallery.known-device")

    def sign(self, email: str, device: str | None = None) -> str:
        """Return what a browser is to keep after its sign-in; *device* is what it is known as."""
        return str(self._serializer.dumps([digest_of(email), device or secrets.token_urlsafe(12)]))

    def read(self, value: str, *, email: str) -> str | None:
        """Return what the browser is known as, or None if nobody signed in to *email* in it."""
        try:
            account, device = self._serializer.loads(value)
        except (BadData, ValueError, TypeError):
            return None
        return str(device) if account == digest_of(email) else None
