"""The gallery on which things are broken, furnished once for all tests of a process."""

from collections.abc import Callable, Iterator

import pytest

from tests.conftest import find_program
from tests.databases import Databases
from tests.faults.operations import Furnished, Work, back_up_one_more, furnish, leave_lying_about
from tests.faults.stage import Stage, a_stage
from tests.faults.trial import Trials


@pytest.fixture(scope="session")
def stage(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A gallery with a second provider, whose children strace can follow."""
    find_program("strace")
    folder = tmp_path_factory.mktemp("stage")
    with (
        databases.migrated(folder / "instance") as instance,
        a_stage(instance, str(instance / "vault")) as stage,
    ):
        yield stage


@pytest.fixture(scope="session")
def made(stage: Stage, databases: Databases) -> Furnished:
    """What is in it at first."""
    made = furnish(stage)
    if databases.name == "sqlite":
        # PostgreSQL can't be set back, and its backups need programs that not everybody has.
        back_up_one_more(stage, made)
        leave_lying_about(stage)
        stage.keep()
    return made


@pytest.fixture(scope="session")
def trials(stage: Stage, made: Furnished) -> Callable[[Work], Trials]:
    """Return what breaks an operation."""

    def trials(operation: Work) -> Trials:
        return Trials(stage, made, operation)

    return trials
