"""How often somebody may do something: counters under a name, one for each asker.

A counter's window begins with its first hit and lasts as long as its rate
says; then it starts anew. So an answer can say to the second when it is
worth coming back, and not everybody's window ends at once. Around the end
of a window up to twice the number fits into the length of one, which none
of the limits here minds.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gallery.errors import TooManyRequests
from gallery.metrics import RATE_LIMITED
from gallery.rates import Rate, parse_rate
from gallery.services.limits.memory import MemoryCounters
from gallery.services.limits.networks import network_of
from gallery.services.limits.opening import open_counters
from gallery.services.limits.windows import Counters, Window

__all__ = (
    "Counters",
    "Decision",
    "Limits",
    "MemoryCounters",
    "Rate",
    "Window",
    "network_of",
    "open_counters",
    "parse_rate",
)

# What askers are called may come from outside, and must not fill the memory.
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Decision:
    """What a counter says to one hit; ``limit`` is None where there is none."""

    is_allowed: bool
    limit: int | None
    remaining: int
    resets_in_seconds: int


_UNLIMITED = Decision(is_allowed=True, limit=None, remaining=0, resets_in_seconds=0)


class Limits:
    """The limits of one gallery, each under its name; None switches one off."""

    def __init__(self, counters: Counters, rates: Mapping[str, Rate | None]) -> None:
        self._counters = counters
        self.rates = dict(rates)

    def hit(self, name: str, who: str, *, now: datetime, cost: int = 1) -> Decision:
        """Count *cost* against *who*, and say whether it is within the limit *name*.

        What is refused counts too, but never makes the window longer.
        """
        rate = self.rates[name]
        if rate is None:
            return _UNLIMITED
        window = self._counters.add(name, _short(who), cost, seconds=rate.seconds, now=now)
        is_allowed = window.count <= rate.most
        if not is_allowed:
            RATE_LIMITED.labels(name).inc()
        return Decision(
            is_allowed=is_allowed,
            limit=rate.most,
            remaining=max(0, rate.most - window.count),
            resets_in_seconds=max(1, math.ceil(window.seconds_left)),
        )

    def take(self, name: str, who: str, *, now: datetime, cost: int = 1) -> Decision:
        """Count as `hit` does.

        Raises:
            TooManyRequests: it is not within the limit; the error says when to come back.
        """
        decision = self.hit(name, who, now=now, cost=cost)
        if not decision.is_allowed:
            raise TooManyRequests(retry_after_seconds=decision.resets_in_seconds)
        return decision

    def forget(self, name: str, who: str) -> None:
        """Let *who* start anew under *name*, as after a sign-in that succeeded."""
        self._counters.forget(name, _short(who))


def _short(who: str) -> str:
    if len(who) <= _LONGEST_NAME:
        return who
    return hashlib.sha256(who.encode(errors="replace")).hexdigest()
