"""A sweep that would remove most of what there is stops before it removes anything."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from gallery import scheduler
from gallery.cli import cli
from gallery.errors import SweepStopped
from gallery.extensions import House, db
from gallery.models import Image, Sweep
from gallery.services.retention import SweepResult, SweepRule, expire_images, last_sweep
from tests.conftest import FixedClock
from tests.services.conftest import Easel, row, rows

WORST = 0.5
Hang = Callable[..., None]


@pytest.fixture
def hang(easel: Easel, clock: FixedClock) -> Hang:
    """Let so many images hang: Hang, of which some are over."""

    def hang(*, total: int, over: int) -> None:
        first = row(easel.generation())
        values = {c.name: getattr(first, c.name) for c in Image.__table__.columns}
        others = [
            values | {"id": UUID(int=first.id.int + n), "storage_key": f"many/{n}.png"}
            for n in range(1, total)
        ]
        now = clock()
        for n, each in enumerate(others):
            each["expires_at"] = now - timedelta(days=1) if n < over else now + timedelta(days=9)
        db.session.execute(Image.__table__.insert(), others)
        db.session.commit()

    return hang


def sweep(house: House, **options: object) -> SweepResult:
    options = {"most_share": WORST, "now": house.now(), "storages": house.storages} | options
    return expire_images(**options)


@pytest.mark.parametrize(("total", "over", "goes"), [(102, 51, True), (102, 52, False)])
def test_up_to_half_may_go(hang: Hang, house: House, total: int, over: int, goes: bool) -> None:
    """Exactly the share that is set, and not one more."""
    hang(total=total, over=over)

    if goes:
        assert len(sweep(house).deleted) == over
    else:
        with pytest.raises(SweepStopped, match="52 of 102 images"):
            sweep(house)

    assert rows() == (total - over if goes else total)


def test_small_gallery_may_lose_all(hang: Hang, house: House) -> None:
    """Of a hundred images, any number may be over."""
    hang(total=100, over=99)

    assert len(sweep(house).deleted) == 99


def test_rule_of_the_operator_is_stopped_as_well(hang: Hang, house: House) -> None:
    """A date with a wrong year dooms as much as a wrong clock."""
    hang(total=102, over=0)

    with pytest.raises(SweepStopped, match="101 of 102 images"):
        sweep(house, rule=SweepRule(keep_count=1))

    assert rows() == 102


def test_stop_is_recorded(hang: Hang, house: House) -> None:
    """As no sweep: whoever waits for the next one goes on waiting."""
    hang(total=102, over=60)

    with pytest.raises(SweepStopped):
        sweep(house)

    (record,) = db.session.scalars(select(Sweep))
    assert (record.stopped_at, record.deleted, last_sweep()) == (60, 0, None)


def test_told_so_it_goes_on(hang: Hang, house: House) -> None:
    """A share of all stops nothing."""
    hang(total=102, over=101)

    assert len(sweep(house, most_share=1.0).deleted) == 101


def test_scheduled_sweep_stops_once_a_slot(
    hang: Hang, app: Flask, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told once in the log, and not tried again each hour."""
    hang(total=102, over=60)

    first = scheduler.run_sweep(app)
    clock.move(hours=1)
    second = scheduler.run_sweep(app)

    assert (first, second, rows()) == (None, None, 102)
    assert (
        caplog.text.count("The sweep stopped before it removed anything: It would remove 60") == 1
    )
    assert len(db.session.scalars(select(Sweep)).all()) == 1


class TestByHand:
    """gallery sweep."""

    @staticmethod
    def run(app: Flask, *arguments: str) -> Result:
        return app.test_cli_runner().invoke(cli, ["sweep", *arguments])

    def test_stop_is_an_error(self, hang: Hang, app: Flask) -> None:
        """It says what it would do, and how to go on."""
        hang(total=102, over=60)

        done = self.run(app, "--json")

        assert (done.exit_code, done.stdout, rows()) == (1, "", 102)
        assert done.stderr == (
            "Error: The sweep stopped before it removed anything: It would remove 60 of 102 images,"
            " more than SWEEP_MOST_SHARE allows: gallery sweep --dry-run lists them, and with"
            " --force they go\n"
        )

    def test_dry_run_tells_that_it_would_stop(self, hang: Hang, app: Flask) -> None:
        """And lists them all the same."""
        hang(total=102, over=60)

        done = self.run(app, "--dry-run")

        assert done.exit_code == 0
        assert done.stderr.startswith("The sweep itself would stop. It would remove 60 of 102")
        assert len(done.stdout.splitlines()) == 61

    def test_force_goes_on(self, hang: Hang, app: Flask) -> None:
        """The operator has looked."""
        hang(total=102, over=60)

        done = self.run(app, "--force")

        assert (done.exit_code, rows()) == (0, 42)

    def test_nothing_is_said_of_less(self, hang: Hang, app: Flask) -> None:
        """A usual day."""
        hang(total=102, over=40)

        done = self.run(app, "--dry-run")

        assert (done.exit_code, done.stderr) == (0, "")
