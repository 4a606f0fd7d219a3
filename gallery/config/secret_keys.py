"""What may not be a secret: it signs every link and cookie, so guessing it opens everything."""

import re

SHORTEST_SIGNING_KEY = 32
# Random text of 32 hexadecimal digits has fewer than this once in ten million times.
_FEWEST_CHARACTERS = 8
# A text of this length, said again and again, is as easy to guess as once.
_SHORTEST_UNIT = 12
# What manuals and templates write where one's own belongs; without case, blanks and signs.
_PLACEHOLDERS = (
    "changeme",
    "changethis",
    "replaceme",
    "replacethis",
    "placeholder",
    "yoursecret",
    "yourkey",
    "djangoinsecure",
    "correcthorsebatterystaple",
    # Two that Flask's own manual showed for years.
    "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
    "a0zr98jyxrxhhjmnlwxrt",
)


def weakness_of(secret: str, *, shortest: int = SHORTEST_SIGNING_KEY) -> str | None:
    """Return why *secret* is none, as the rest of a sentence that its name begins; or None."""
    if len(secret.encode()) < shortest:
        return f"needs at least {shortest} characters in each key"
    bare = re.sub(r"[^a-z0-9]", "", secret.lower())
    if any(each in bare for each in _PLACEHOLDERS):
        return "is a placeholder that everybody knows"
    return None


def is_monotonous(secret: str) -> bool:
    """Tell whether *secret* is a few characters again and again, which its length doesn't help."""
    return len(set(secret)) < _FEWEST_CHARACTERS or _unit(secret) < _SHORTEST_UNIT


def _unit(secret: str) -> int:
    """Return the length of the shortest text that *secret* is repetitions of."""
    return next(
        length
        for length in range(1, len(secret) + 1)
        if secret == (secret[:length] * len(secret))[: len(secret)]
    )
