"""The line to PostgreSQL: its client is killed at any call, or the line is cut there."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import text

from tests.faults.operations import (
    Furnished,
    Operation,
    Work,
    delete_image,
    replace_session_image,
    save_generation,
)
from tests.faults.stage import Stage
from tests.faults.tracing import LINE, Call, failing, killing
from tests.faults.trial import Trials, break_calls
from tests.faults.verdict import database_of, kept_images

pytestmark = pytest.mark.only_on("postgresql", because="SQLite has no line")
PATIENCE_SECONDS = 20
OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid != pg_backend_pid() AND backend_type = 'client backend'"
)


class Growing(Trials):
    """Trials on a database that can't be set back: each begins with what the last one left."""

    def __init__(self, stage: Stage, made: Furnished, operation: Work) -> None:
        super().__init__(stage, made, operation)
        self._work = operation
        self._about = LINE

    def begin(self) -> None:
        """Save what may be deleted, and look at what is there."""
        self._stage.do(save_generation(self._made).order)
        self._made = replace(self._made, images=kept_images(self._stage.instance))
        self._operation: Operation = self._work(self._made)

    def settle(self) -> None:
        """Wait until the server has let go of a client that is gone.

        What it was sent last may be committed up to then, and a repair without
        a grace is for when nobody writes.
        """
        until = time.monotonic() + PATIENCE_SECONDS
        with database_of(self._stage.instance) as connection:
            while connection.scalar(OTHERS):
                assert time.monotonic() < until, "the server still holds a client that is gone"
                connection.rollback()
                time.sleep(0.005)


@pytest.mark.parametrize("work", [save_generation, replace_session_image, delete_image])
@pytest.mark.parametrize(
    ("fault", "inject"),
    [("killed", killing), ("the line cut", lambda call: failing(call, "ECONNRESET"))],
)
def test_broken_line_to_the_database_loses_nothing(
    stage: Stage,
    made: Furnished,
    work: Work,
    fault: str,
    inject: Callable[[Call], tuple[str, ...]],
) -> None:
    """Done or not, rows and objects agree after one repair; and the same process goes on."""
    each = Growing(stage, made, work)

    break_calls(
        each,
        each.points(),
        sample=1,
        what=f"{work.__name__} over PostgreSQL, {fault}",
        inject=inject,
        again=fault != "killed",
    )
