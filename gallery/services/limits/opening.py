"""Open the counters that the settings name."""

from gallery.errors import InvalidSetting
from gallery.services.limits.memory import MemoryCounters
from gallery.services.limits.windows import Counters


def open_counters(redis_url: str) -> Counters:
    """Return counters in memory, or in Redis if an address is given.

    Raises:
        InvalidSetting: the extra ``gallery[redis]`` is not installed.
    """
    if not redis_url:
        return MemoryCounters()
    try:
        from gallery.services.limits.shared import RedisCounters
    except ImportError:
        raise InvalidSetting("REDIS_URL needs the extra gallery[redis]") from None
    return RedisCounters(redis_url)
