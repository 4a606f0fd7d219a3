"""What programs and cookies show to be known, and the only thing that is kept of it."""

import hashlib


def digest_of(secret: str) -> str:
    """Return the SHA-256 of a secret, in hex.

    A secret is random and long, so a fast hash is as good as a slow one.
    """
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
