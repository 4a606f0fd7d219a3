"""One stage for each module of these tests: to set it up costs more than to ask."""

from collections.abc import Iterator

import pytest

from tests.databases import Databases
from tests.views.access.stage import Stage, set_up


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Stage]:
    """A gallery that is served, and everybody who asks."""
    instance = tmp_path_factory.mktemp("access")
    with databases.migrated(instance), set_up(instance) as stage:
        yield stage
