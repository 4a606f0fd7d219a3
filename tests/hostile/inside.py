"""What no answer may show of the inside."""

import re

# Where our code and its libraries lie, what they say when they fail, and how rows are asked for.
_INSIDE = re.compile(
    r"Traceback|File \"|site-packages|\.py\b|/gallery/|sqlite3|psycopg|sqlalchemy|"
    r"\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM) \w|object at 0x",
)


def told_of_inside(text: str) -> list[str]:
    """Return what *text* shows of the inside."""
    return [f"shows {found[0]!r}" for found in _INSIDE.finditer(text)]
