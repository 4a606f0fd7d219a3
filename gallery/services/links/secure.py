"""Addresses of thumbnails that nginx itself can tell from others, and serves without asking us.

What is signed here is what ``secure_link`` of nginx checks: an address, when
it ends, and a secret that both sides know. ``deploy/nginx.conf`` has the
other half, so a change to one is a change to both.
"""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from hashlib import md5
from typing import Any

# Ends are rounded to these, so that addresses repeat, and with them ETags and caches.
SHOWN_SECONDS = 24 * 60 * 60
PRIVATE_SECONDS = 60 * 60


@dataclass(frozen=True, slots=True)
class SecureThumbnails:
    """Signs the thumbnails that are handed out at one time; equal as long as their ends are."""

    secret: str
    shown_until: int
    private_until: int

    def path(self, image: Any, width: int) -> str:
        """Return the address of a thumbnail of *image*, and what proves that it was handed out."""
        is_private = image.is_hidden or image.visibility == "private"
        until = self.private_until if is_private else self.shown_until
        return self._signed(f"/thumbnails/{width}/{image.storage_key}.webp", until)

    def sign(self, path: str) -> str:
        """Return *path* with what proves, for an hour or two, that it was handed out."""
        return self._signed(path, self.private_until)

    def _signed(self, path: str, until: int) -> str:
        return f"{path}?until={until}&key={_signature(path, until, self.secret)}"


class SecureLinks:
    """Signs, and checks where nginx could not serve what was signed."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def at(self, now: datetime) -> SecureThumbnails:
        """Return what signs thumbnails now.

        What everybody may see ends after one to two days, what only some may
        see after one to two hours.
        """
        return SecureThumbnails(
            self._secret, _rounded_end(now, SHOWN_SECONDS), _rounded_end(now, PRIVATE_SECONDS)
        )

    def opens(self, path: str, *, until: str, key: str, now: datetime) -> bool:
        """Tell whether *path* was handed out here, and has not ended.

        As nginx sees it: it serves what ends at this very second.
        """
        if not (until.isascii() and until.isdecimal() and len(until) <= 12):
            return False
        is_signed = hmac.compare_digest(
            _signature(path, until, self._secret).encode(), key.encode()
        )
        return is_signed and int(now.timestamp()) <= int(until)


def _rounded_end(now: datetime, least_seconds: int) -> int:
    """Return the end of the span after the one that *now* is in."""
    return (int(now.timestamp()) // least_seconds + 2) * least_seconds


def _signature(path: str, until: int | str, secret: str) -> str:
    # MD5 is all that secure_link has. With the secret at the end nothing can be appended, and
    # to find a second path for a signature that exists is out of reach for MD5 too.
    text = f"{until}{path} {secret}".encode()
    digest = md5(text, usedforsecurity=False).digest()
    return urlsafe_b64encode(digest)[:22].decode()
