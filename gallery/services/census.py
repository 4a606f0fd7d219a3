"""How much is kept, and when the last sweep ended: what is looked up for the metrics.

Counting all rows takes seconds where there are millions, so it is done
aside, once a minute at the most and for no more than a hundredth of the time.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from gallery.extensions import Clock
from gallery.services.holdings import Holdings, gather_holdings
from gallery.services.probes import Probe
from gallery.services.retention import last_sweep

COUNTED_EVERY = timedelta(minutes=1)
PATIENCE_SECONDS = 2.0
_RESTS = 99
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Census:
    """All that is held, and when the newest sweep ended, whoever ran it."""

    holdings: Holdings
    swept_at: datetime | None


def census_probe(
    *, scope: Callable[[], AbstractContextManager[object]], clock: Clock
) -> Probe[Census | None]:
    """Return what looks the holdings up, as often as is bearable."""

    def look() -> Census | None:
        try:
            with scope():
                return take_census()
        except SQLAlchemyError as error:
            log.warning("what is held could not be counted: %s", error)
            return None

    return Probe(
        look, clock=clock, lasts=COUNTED_EVERY, patience_seconds=PATIENCE_SECONDS, rests=_RESTS
    )


def take_census() -> Census:
    """Count all that is held."""
    swept = last_sweep()
    return Census(holdings=gather_holdings(), swept_at=swept.finished_at if swept else None)
