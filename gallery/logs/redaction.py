"""Blot secrets out of texts: the last defence, behind not saying them at all.

Tracebacks and messages of libraries hold what they please. Whatever looks
like a credential is replaced by ``[secret]``, and so are this gallery's
own secrets wherever they stand, whatever they look like.
"""

import re
from collections.abc import Iterable

BLOT = "[secret]"
# Shorter ones, such as a password of ``postgres``, are words that texts need.
_SHORTEST = 8
_NAMES = (
    r"pass(?:word|wd)?|secret|token|api[_-]?key|access[_-]?key|signature"
    r"|x-amz-(?:signature|credential|security-token)|lease_id|csrf\w*"
)
_LOOKS = re.compile(
    "|".join(
        (
            # Signed links, in an address.
            r"(?P<path>/[ds]/)[^\s/?#\"'<>]+",
            # The head of a request, to the end of its line.
            r"(?P<head>\b(?:(?:set-)?cookie|(?:proxy-)?authorization)[\"']?\s?[=:]\s?)[^\r\n]+",
            # A scheme of HTTP and what follows it.
            r"(?P<scheme>\b(?:bearer|basic)\s+)[^\s\"',]+",
            # The password of an address such as ``postgresql://user:password@host``.
            r"(?P<user>://[^\s/:@]*:)[^\s\"'<>]+(?=@)",
            # ``password=…``, ``"api_key": "…"``, ``Set-Cookie: …``.
            rf"(?P<name>(?:{_NAMES})[\"']?\s?[=:]\s?[\"']?)[^\s\"',;&)]+",
            # API keys and refresh tokens.
            r"\b(?:gallery|grefresh)_[\w-]{40,}",
            # JWTs, and cookies that itsdangerous signs.
            r"\.?\beyJ[\w-]{8,}(?:\.[\w-]+)+|\.eJ[\w-]{8,}(?:\.[\w-]+)+",
            # Tokens of signed links, and whatever else ends in an HMAC-SHA256.
            r"(?<![\w=-])[\w=-]{16,400}\.[\w-]{43}\b",
        )
    ),
    re.IGNORECASE,
)


class Redaction:
    """Blots out what looks like a secret, and the *secrets* that are known."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({each for each in secrets if len(each) >= _SHORTEST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, text: str) -> str:
        """Return *text* without secrets."""
        if self._known is not None:
            text = self._known.sub(BLOT, text)
        return _LOOKS.sub(_blotted, text)


def _blotted(found: re.Match[str]) -> str:
    kept = found[found.lastgroup] if found.lastgroup else ""
    return f"{kept}{BLOT}"
