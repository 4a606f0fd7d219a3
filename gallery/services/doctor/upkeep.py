"""What the rows tell of how the gallery is kept: who gets in, and whether it is swept."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import Connection, exists, func, select

from gallery.models import Image, Sweep, User
from gallery.services.demo import EMAIL as DEMO_EMAIL
from gallery.services.demo_card import NAME as DEMO_CARD
from gallery.services.doctor.findings import Finding, Setup, error, fine, hint, warning
from gallery.services.doctor.settings import is_reachable
from gallery.services.retention import SWEPT_KINDS

# A sweep a day removes what is over; twice that is late.
_LATE = timedelta(days=2)


def look_at_accounts(setup: Setup, connection: Connection) -> Iterator[Finding]:
    """Tell who may get in that should not, and whether anybody may."""
    has_demo = connection.scalar(select(exists().where(User.email == DEMO_EMAIL)))
    card = setup.instance / DEMO_CARD
    advice = f"`gallery users delete {DEMO_EMAIL}` removes it with all that is its own."
    if has_demo and is_reachable(setup.settings):
        yield warning(
            f"The demo's account {DEMO_EMAIL}, an admin, is still there, and others reach it",
            f"{advice} Its password was printed on a terminal, and may lie in {card}.",
        )
    elif has_demo:
        yield hint("This is the demo, or was", f"Before others come: {advice}")
    elif card.exists():
        yield hint(f"{card} holds a sign-in that no longer works", "Remove the file.")
    admins = select(exists().where(User.is_admin, User.email != DEMO_EMAIL))
    if not has_demo and not connection.scalar(admins):
        yield hint(
            "Nobody is an admin", "`gallery users create EMAIL --admin` makes the first account."
        )
    elif not has_demo:
        yield fine("There is an admin, and nothing of the demo")


def look_at_sweeps(setup: Setup, connection: Connection) -> Iterator[Finding]:
    """Tell whether what is over is gone."""
    over = Image.expires_at < setup.now() - _LATE
    overdue = select(func.count()).where(
        over, Image.is_kept.is_(False), Image.kind.in_(SWEPT_KINDS)
    )
    late = connection.scalar(overdue) or 0
    newest = (
        select(Sweep.started_at, Sweep.finished_at, Sweep.errors)
        .order_by(Sweep.started_at.desc())
        .limit(1)
    )
    last = connection.execute(newest).first()
    told = f"the last sweep began {last.started_at:%Y-%m-%d %H:%M} UTC" if last else "no sweep ran"
    if late:
        yield warning(
            f"{late:,} images should have gone more than {_LATE.days} days ago; {told}",
            "`gallery sweep --dry-run` lists them, `gallery sweep` removes them. The server sweeps"
            " by itself where it runs at all and IMAGE_CLEANUP_ENABLED is true; its log says why"
            " it did not.",
        )
    elif last and last.errors:
        yield warning(
            f"The sweep of {last.started_at:%Y-%m-%d %H:%M} UTC met {last.errors:,} errors",
            "`gallery storage check` lists objects that are left over.",
        )
    elif not setup.settings.IMAGE_CLEANUP_ENABLED:
        yield hint(
            "IMAGE_CLEANUP_ENABLED is false, so nothing is swept by itself",
            "Run `gallery sweep` by cron, unless all is to be kept.",
        )
    else:
        yield fine(f"Nothing is overdue; {told}")


def look_at_pictures(connection: Connection) -> Iterator[Finding]:
    """Tell of pictures whose file was found missing or damaged."""
    counted = select(Image.fault, func.count()).where(Image.fault.is_not(None))
    faults = {row[0]: row[1] for row in connection.execute(counted.group_by(Image.fault))}
    if faults:
        told = ", ".join(f"{count:,} {fault}" for fault, count in sorted(faults.items()))
        yield error(
            f"The storage check found pictures whose file is not whole: {told}".replace("_", " "),
            "Bring the files back from a backup, then run `gallery storage check --repair`, which"
            " takes the marks off what is whole again.",
        )
    else:
        yield fine("No picture is known to be missing or damaged")
