"""Requests that stay for a while: those that listen to a round, or wait for a picture.

Each holds one of the server's threads, so only some of them may stay at
once; the others are asked to come back. A request that finds no place is
no error: who asks again gets the same answer, only later.
"""

import re
from threading import BoundedSemaphore

from flask import request

# Half of the threads that ``gallery serve`` gives each of its processes.
MOST_LINGERING = 12
LONGEST_WAIT_SECONDS = 30
PLACES = BoundedSemaphore(MOST_LINGERING)
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?([0-9]{1,6})\"?(?=$|[,;\s])", re.IGNORECASE)


def preferred_wait() -> int:
    """Return how many seconds the asker would rather wait (RFC 7240), at most half a minute."""
    wish = _WAIT.search(",".join(request.headers.getlist("Prefer")))
    return min(int(wish[1]), LONGEST_WAIT_SECONDS) if wish else 0
