"""One stage for each module of these tests: to set it up costs more than to ask."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.views.access.stage import Stage, set_up


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, migrated_database: Path) -> Iterator[Stage]:
    """A gallery that is served, and everybody who asks."""
    instance = tmp_path_factory.mktemp("access")
    shutil.copy(migrated_database, instance / "gallery.db")
    with set_up(instance) as stage:
        yield stage
