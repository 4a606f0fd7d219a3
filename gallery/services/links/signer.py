"""Sign what a link says, and read it back.

A token says what it is for, when it ends, and its id in the ledger; it is
signed (itsdangerous) with a salt for its purpose, so that a link made for
one thing can't be used for another. Nothing is ever keyed on the token
itself, since more than one text can carry the same signature.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from itsdangerous import BadSignature, Signer
from itsdangerous.signer import SigningAlgorithm

from gallery.errors import NotFound

PURPOSES = ("download", "share")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a token says. ``target_id`` is an image, or for a share a gallery."""

    purpose: str
    link_id: UUID
    target_id: UUID
    expires_at: datetime
    variant: str = "original"
    disposition: str = "attachment"


class OneShotHMAC(SigningAlgorithm):
    """HMAC-SHA256 in one call of OpenSSL: a listing signs once for each picture."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        """Return the signature of *value*."""
        return hmac.digest(key, value, "sha256")


class LinkSigner:
    """Signs claims with the newest key and reads them with any; thread-safe."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take the *keys* newest first."""
        self._signers = {purpose: _signer(purpose, keys) for purpose in PURPOSES}

    def sign(self, claim: Claim) -> str:
        """Return the token of *claim*; the same claim gives the same token."""
        before, after = self._around_target(claim)
        return self._signers[claim.purpose].sign(f"{before}{claim.target_id}{after}").decode()

    def sign_for(self, claim: Claim) -> Callable[[UUID | str], str]:
        """Return what signs *claim* for one target after another.

        A listing signs a download for each of its pictures: what they have
        in common is put together once.
        """
        sign, (before, after) = self._signers[claim.purpose].sign, self._around_target(claim)
        return lambda target_id: sign(f"{before}{target_id}{after}").decode()

    @staticmethod
    def _around_target(claim: Claim) -> tuple[str, str]:
        """Return the parts of a token's text before and after its target."""
        expiry = f"{int(claim.expires_at.timestamp()):x}"
        return f"{claim.link_id}_", f"_{claim.variant}_{claim.disposition}_{expiry}"

    def read(self, purpose: str, token: str) -> Claim:
        """Return what *token* claims, if it was signed here for *purpose*.

        Raises:
            NotFound: it was not. An expired one is still read.
        """
        try:
            fields = self._signers[purpose].unsign(token.encode()).decode().split("_")
            _refuse_other_spellings(token)
            link_id, target_id, variant, disposition, expiry = fields
            return Claim(
                purpose=purpose,
                link_id=UUID(hex=link_id),
                target_id=UUID(hex=target_id),
                variant=variant,
                disposition=disposition,
                expires_at=datetime.fromtimestamp(int(expiry, 16), UTC),
            )
        except (BadSignature, ValueError):
            raise NotFound from None


def _signer(purpose: str, keys: Sequence[str]) -> Signer:
    """Return a signer whose keys are derived from *keys* for *purpose*, once."""
    salted = Signer(
        "", salt=f"gallery.link.{purpose}", key_derivation="hmac", digest_method=hashlib.sha256
    )
    derived = [salted.derive_key(key) for key in reversed(keys)]
    return Signer(derived, sep=".", key_derivation="none", algorithm=OneShotHMAC())


def _refuse_other_spellings(token: str) -> None:
    """Refuse a token whose signature could be written in another way.

    The last character of a base64 text has spare bits, and decoders ignore
    padding: without this, several tokens would stand for one link.
    """
    signature = token.rpartition(".")[2]
    try:
        value = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    except binascii.Error:
        raise NotFound from None
    if base64.urlsafe_b64encode(value).rstrip(b"=").decode() != signature:
        raise NotFound
