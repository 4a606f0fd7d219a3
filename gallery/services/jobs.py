"""Let one worker of many do a scheduled job."""

from datetime import datetime, timedelta

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from gallery.extensions import writing
from gallery.models import JobRun

REMEMBERED = timedelta(days=30)


def claim_slot(job: str, *, now: datetime) -> bool:
    """Claim *job* for the minute of *now*; True for the first who asks, False for all others."""
    slot = now.replace(second=0, microsecond=0)
    try:
        with writing() as session:
            session.execute(delete(JobRun).where(JobRun.slot < now - REMEMBERED))
            session.execute(insert(JobRun).values(job=job, slot=slot))
    except IntegrityError:
        return False
    return True
