"""What a store of counters has to offer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Window:
    """One counter: what was counted in its window, and how long that lasts yet."""

    count: int
    seconds_left: float


class Counters(Protocol):
    """Counters that start anew when their window is over. Safe in many threads."""

    def add(self, name: str, who: str, cost: int, *, seconds: int, now: datetime) -> Window:
        """Count *cost* for *who* under *name*, in a window of *seconds* from its first hit."""
        ...

    def forget(self, name: str, who: str) -> None:
        """Drop the counter; it may not exist."""
        ...
