"""Write transactions: what is told of a database that can't take them."""

import sqlite3

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from gallery.errors import DatabaseFull, DatabaseUnwritable
from gallery.extensions import db, writing


class DiskFull(Exception):
    """What PostgreSQL's driver raises, by the code that the manual gives for it."""

    sqlstate = "53100"


class AdminShutdown(Exception):
    """Another of its troubles, which ends by itself."""

    sqlstate = "57P01"


def test_full_disk_of_postgresql_is_a_full_database(inside: Flask) -> None:
    """Whichever database it is, the gallery has one word for it."""
    with pytest.raises(DatabaseFull), writing():
        raise OperationalError("INSERT", None, DiskFull())


def test_other_trouble_is_told_as_it_came(inside: Flask) -> None:
    """What passes by itself is not a full disk."""
    with pytest.raises(OperationalError), writing():
        raise OperationalError("INSERT", None, AdminShutdown())


@pytest.mark.only_on("sqlite", because="PostgreSQL lets many write at once")
def test_database_that_another_writer_holds_is_away_for_a_while(inside: Flask) -> None:
    """Nothing was changed, which is told, and it is there again when the other has done."""
    db.session.execute(text("PRAGMA busy_timeout=1"))
    other = sqlite3.connect(db.engine.url.database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(DatabaseUnwritable, match="database is locked"), writing():
        pass

    other.close()
    with writing() as session:
        assert session.scalar(text("SELECT 1")) == 1
