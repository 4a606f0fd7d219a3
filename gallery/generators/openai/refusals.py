"""Why the service drew nothing, in words fit for a visitor.

A visitor learns what they can do about it. They never learn the key, an
address inside the house, or how the program is built.
"""

import re

import openai

MOST_QUOTED_CHARACTERS = 200
# Read before it is cleaned: a server may say megabytes.
_MOST_READ_CHARACTERS = 1000
_PROMPT_REFUSED = re.compile(
    r"content_?policy|content_?filter|moderation|safety|image_generation_user"
)
# A word with one of these in it: a key, an address, a machine's number, a port.
_PRIVATE = re.compile(
    r"\b(?:sk|pk|key)-|//|\d\.\d+\.\d+\.\d|:\d\d|::|localhost|\.(?:internal|local|lan|home)\b",
    re.IGNORECASE,
)


def reason_of(error: openai.OpenAIError, *, api_key: str) -> str:
    """Return why there is no picture; *api_key* is what must not appear in it."""
    if isinstance(error, openai.APIStatusError):
        return _reason_of_status(error, api_key)
    return "The image service can't be reached; try again later."


def _reason_of_status(error: openai.APIStatusError, api_key: str) -> str:
    status = error.status_code
    if status in (401, 403):
        return "The image service is not set up: it refused the key."
    if status in (404, 405) or 300 <= status < 400:
        return "The image service is not set up: it does not know this model or address."
    if "insufficient_quota" in (error.code, error.type):
        return "The image service has no credit left."
    if status in (408, 409, 429):
        return "The image service is busy; try again later."
    if status >= 500:
        return "The image service is out of order; try again later."
    quoted = _quoted(error, api_key)
    what = "prompt" if _PROMPT_REFUSED.search(f"{error.code} {error.type}") else "request"
    return f"The image service refused the {what}{f': {quoted}' if quoted else '.'}"


def _quoted(error: openai.APIStatusError, api_key: str) -> str:
    """What the service itself says about it, cleaned and shortened."""
    told = error.body
    if isinstance(told, dict):
        told = told.get("message") or told.get("detail")
    # An error page of something in between says nothing to a visitor.
    if not isinstance(told, str) or told.lstrip().startswith(("<", "{", "[")):
        return ""
    # What has no width would hide where a word ends; what parts words becomes a space.
    words = "".join(
        one if one.isprintable() else " " * one.isspace() for one in told[:_MOST_READ_CHARACTERS]
    )
    kept = [
        "…" if _PRIVATE.search(word) or (api_key and api_key in word) else word
        for word in words.split()
    ]
    if len(told) > _MOST_READ_CHARACTERS:
        kept = kept[:-1]  # It may be half a key.
    quoted = " ".join(kept)
    if len(quoted) <= MOST_QUOTED_CHARACTERS:
        return quoted
    return quoted[: MOST_QUOTED_CHARACTERS - 1].rstrip() + "…"
