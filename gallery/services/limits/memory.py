"""Counters in this process's memory.

All windows under one name last equally long, so they end in the order in
which they began: the oldest are looked at in passing and nothing has to
tidy up. Each process counts for itself; `shared.py` counts for all.
"""

from collections import OrderedDict
from datetime import datetime
from itertools import islice
from threading import Lock

from gallery.services.limits.windows import Window

# About 25 MB for each name, if ever so many ask within one window.
MOST_ASKERS = 100_000
_CANDIDATES = 8
_TIDIED_AT_ONCE = 2


class MemoryCounters:
    """Counters in memory: a constant time for each hit, and never more than *most_askers* a name.

    When there is no room, the least counted of the eight oldest goes. To be
    forgotten, somebody who has used his limit up would have to come from
    more fresh addresses than there is room for, each of which has a limit
    of its own to use; and even then those that were used once go first.
    """

    def __init__(self, *, most_askers: int = MOST_ASKERS) -> None:
        self._most_askers = most_askers
        self._tables: dict[str, _Table] = {}
        self._lock = Lock()

    def add(self, name: str, who: str, cost: int, *, seconds: int, now: datetime) -> Window:
        """Count *cost* for *who*."""
        instant = now.timestamp()
        with self._lock:
            table = self._tables.setdefault(name, OrderedDict())
            count, ends_at = table.get(who, (0, 0.0))
            # A clock that was set back must not keep anybody out for longer than a window.
            if not instant < ends_at <= instant + seconds:
                count, ends_at = 0, instant + seconds
                table.pop(who, None)
                self._make_room(table, instant)
            table[who] = (count + cost, ends_at)
        return Window(count + cost, ends_at - instant)

    def forget(self, name: str, who: str) -> None:
        """Drop the counter."""
        with self._lock:
            self._tables.get(name, OrderedDict()).pop(who, None)

    def __len__(self) -> int:
        """How many counters there are."""
        return sum(len(table) for table in self._tables.values())

    def _make_room(self, table: "_Table", instant: float) -> None:
        # Two go for each that comes, so what has ended never piles up.
        for _ in range(_TIDIED_AT_ONCE):
            oldest = next(iter(table), None)
            if oldest is None or table[oldest][1] > instant:
                break
            del table[oldest]
        if len(table) >= self._most_askers:
            del table[min(islice(table, _CANDIDATES), key=lambda who: table[who][0])]


# Who, in the order in which their windows began: what was counted, and when the window ends.
_Table = OrderedDict[str, tuple[int, float]]
