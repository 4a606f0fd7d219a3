"""Let one worker of many do a scheduled job, and another where that one dies of it."""

from datetime import datetime, timedelta

from sqlalchemy import and_, delete, update

from gallery.extensions import dialect_of, insert_into, writing
from gallery.models import JobRun

# Longer than anybody looks back for a slot.
REMEMBERED = timedelta(days=60)
# Who has not finished by then is taken for dead. Two at once would do no harm.
LONGEST_JOB = timedelta(hours=1)


def claim_slot(job: str, slot: datetime, *, now: datetime) -> bool:
    """Claim *job* for *slot*, the instant it was due at.

    True for the first who asks, however late, and False for all others;
    but for the first who comes an hour after a claim of which nobody said
    that it was finished.
    """
    with writing() as session:
        session.execute(delete(JobRun).where(JobRun.slot < now - REMEMBERED))
        row = insert_into(JobRun, dialect_of(session)).values(job=job, slot=slot, claimed_at=now)
        is_left = and_(JobRun.finished_at.is_(None), JobRun.claimed_at <= now - LONGEST_JOB)
        claimed = session.execute(
            row.on_conflict_do_update(
                index_elements=["job", "slot"], set_={"claimed_at": now}, where=is_left
            ).returning(JobRun.slot)
        )
        return claimed.first() is not None


def finish_slot(job: str, slot: datetime, *, now: datetime) -> None:
    """Note that a claimed slot's work is done, so that nobody takes it over."""
    with writing() as session:
        session.execute(
            update(JobRun)
            .where(JobRun.job == job, JobRun.slot == slot)
            .values(finished_at=now)
            .execution_options(synchronize_session=False)
        )
