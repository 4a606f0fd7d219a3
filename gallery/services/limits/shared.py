"""Counters in Redis, which all processes and machines share.

Limits protect the gallery and must not be what brings it down: while Redis
does not answer, each process counts in its own memory, asks again after a
few seconds, and says so in the log once a minute.
"""

import logging
import time
from datetime import datetime

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from gallery.errors import InvalidSetting
from gallery.services.limits.memory import MemoryCounters
from gallery.services.limits.windows import Window

_ANSWERS_WITHIN_SECONDS = 0.25
# Who meets a silent Redis waits for it in vain; the others need not.
_ASKED_AGAIN_AFTER_SECONDS = 5
_SAID_AGAIN_AFTER_SECONDS = 60
_PREFIX = "gallery:limits:"
# One round trip, and no counter without an end, whatever happens in between.
_ADD = """
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  left = tonumber(ARGV[2])
  redis.call('PEXPIRE', KEYS[1], left)
end
return {count, left}
"""
# The others are what its client raises where something answers that is no Redis.
_NO_ANSWER = (RedisError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
log = logging.getLogger(__name__)


class RedisCounters:
    """Counters in the Redis at *url*, whose clock decides when a window ends."""

    def __init__(self, url: str) -> None:
        try:
            self._redis: Redis = Redis.from_url(
                url,
                socket_timeout=_ANSWERS_WITHIN_SECONDS,
                socket_connect_timeout=_ANSWERS_WITHIN_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError as error:
            raise InvalidSetting(f"REDIS_URL can't be read ({error})") from None
        self._add = self._redis.register_script(_ADD)
        self._stand_in = MemoryCounters()
        self._silent_until = 0.0
        self._say_again_at = 0.0

    def add(self, name: str, who: str, cost: int, *, seconds: int, now: datetime) -> Window:
        """Count *cost* for *who*."""
        if time.monotonic() >= self._silent_until:
            try:
                count, left = self._add(keys=[_key(name, who)], args=[cost, seconds * 1000])
            except _NO_ANSWER as error:
                self._note_silence(error)
            else:
                return Window(count, left / 1000)
        return self._stand_in.add(name, who, cost, seconds=seconds, now=now)

    def forget(self, name: str, who: str) -> None:
        """Drop the counter."""
        self._stand_in.forget(name, who)
        if time.monotonic() >= self._silent_until:
            try:
                self._redis.delete(_key(name, who))
            except _NO_ANSWER as error:
                self._note_silence(error)

    def _note_silence(self, error: Exception) -> None:
        now = time.monotonic()
        self._silent_until = now + _ASKED_AGAIN_AFTER_SECONDS
        if now >= self._say_again_at:
            self._say_again_at = now + _SAID_AGAIN_AFTER_SECONDS
            log.warning("Redis does not answer; each process counts for itself: %s", error)


def _key(name: str, who: str) -> str:
    return f"{_PREFIX}{name}:{who}"
