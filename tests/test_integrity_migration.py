"""Migration 0006 over a full gallery: nothing is lost, up or down, and a fault is one of three."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from gallery import create_app
from gallery.extensions import db
from tests.conftest import FixedClock
from tests.databases import SECRET, Databases
from tests.fulltext import matches
from tests.test_prompts_migration import contents, fill


@pytest.fixture
def old(tmp_path: Path, databases: Databases, clock: FixedClock) -> Iterator[Flask]:
    """A gallery of the version before, with pictures in it."""
    with databases.empty(tmp_path / "old") as instance:
        app = create_app({"SECRET_KEY": SECRET}, instance_path=str(instance), clock=clock)
        with app.app_context():
            upgrade(revision="0001")
            fill()
            upgrade(revision="0005")
            yield app
            db.session.remove()
            db.engine.dispose()


@pytest.mark.usefixtures("old")
def test_up_and_down_again_changes_nothing() -> None:
    """All rows are what they were, and are found by their words."""
    before, found = contents(), len(matches("fox"))
    db.session.commit()

    upgrade(revision="0006")
    upgraded = db.session.execute(text("SELECT fault, fault_found_at FROM images")).all()
    db.session.commit()
    downgrade(revision="0005")

    assert set(upgraded) == {(None, None)}
    assert (contents(), len(matches("fox"))) == (before, found)
    assert "storage_marks" not in inspect(db.engine).get_table_names()


@pytest.mark.usefixtures("old")
def test_marked_gallery_can_go_back() -> None:
    """What was found out is forgotten, and nothing else."""
    before = contents()
    upgrade(revision="0006")
    db.session.execute(text("UPDATE images SET fault = 'missing'"))
    db.session.execute(text("INSERT INTO storage_marks VALUES ('local', 'm', true)"))
    db.session.commit()

    downgrade(revision="0005")

    assert contents() == before


@pytest.mark.usefixtures("old")
def test_fault_is_one_of_three() -> None:
    """The database itself refuses another."""
    upgrade(revision="0006")

    with pytest.raises(IntegrityError):
        db.session.execute(text("UPDATE images SET fault = 'ugly'"))
    db.session.rollback()
