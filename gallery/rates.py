"""A rate as operators write it: ``120/minute``, ``10/second``, ``5/10 minutes``, or ``none``."""

import re
from dataclasses import dataclass

_UNIT_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
_RATE = re.compile(r"([1-9]\d{0,8})\s*/\s*(?:([1-9]\d{0,3})\s+)?(second|minute|hour|day)s?")


@dataclass(frozen=True)
class Rate:
    """At most *most* in a window of *seconds*."""

    most: int
    seconds: int

    def __str__(self) -> str:
        """The rate as it is written in the settings."""
        unit, length = next(
            (unit, length)
            for unit, length in reversed(_UNIT_SECONDS.items())
            if self.seconds % length == 0
        )
        times = self.seconds // length
        return f"{self.most}/{unit}" if times == 1 else f"{self.most}/{times} {unit}s"


def parse_rate(text: str) -> Rate | None:
    """Read a rate; ``none`` is no limit at all.

    Raises:
        ValueError: the text is no rate.
    """
    text = text.strip().lower()
    if text == "none":
        return None
    found = _RATE.fullmatch(text)
    if found is None:
        raise ValueError("must be a rate such as 120/minute, 10/second or 5/10 minutes; or none")
    most, times, unit = found.groups()
    return Rate(int(most), int(times or 1) * _UNIT_SECONDS[unit])
