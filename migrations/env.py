"""Run the migrations inside the application, on its engine."""

from contextlib import contextmanager

from alembic import context
from flask import current_app

from gallery.extensions import end_limits

SEARCH_INDEX = "search_index"
# Any number that nobody else takes in this database will do; these are the letters of "gallery".
MIGRATING = int.from_bytes(b"gallery", "big")


def include_name(name, type_, parents):
    """Leave the full-text index alone: it is written by hand, for each database in its own way.

    SQLite gives it many tables, PostgreSQL an index on a column of its own.
    """
    if type_ == "column":
        return (parents["table_name"], name) != ("search_documents", "words")
    return type_ not in ("table", "index") or not (name or "").startswith(SEARCH_INDEX)


def render_item(type_, item, _context):
    """Write our types as SQLAlchemy's own, so that migrations outlive the code."""
    if type_ != "type":
        return False
    if type(item).__name__ == "UTCDateTime":
        return "sa.DateTime(timezone=True)"
    if type(item).__name__ == "JSON":
        return "PORTABLE_JSON"
    return False


@contextmanager
def tables_free_to_be_made_anew(connection):
    """Let SQLite drop a table that is made anew without what belongs to its rows.

    It takes this setting only outside of a transaction. Each migration is
    looked over before its commit instead (see ``refuse_broken_references``).
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.dbapi_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        connection.rollback()
        driver.execute("PRAGMA foreign_keys=ON")


@contextmanager
def one_at_a_time(connection):
    """Let servers that start together migrate one after another: the later find it done.

    SQLite's own lock does that; PostgreSQL would let them all make the same table.
    """
    if connection.dialect.name != "postgresql":
        yield
        return
    # To wait for the others, and to change a large table, may take longer than any request.
    end_limits(connection)
    connection.exec_driver_sql(f"SELECT pg_advisory_lock({MIGRATING})")
    connection.commit()
    try:
        yield
    finally:
        # Closed rather than given back, it holds no lock and lends nobody its patience.
        connection.invalidate()


def refuse_broken_references(ctx, **_):
    """Stop before the commit of a migration that left a row pointing to nothing."""
    if ctx.dialect.name != "sqlite":
        return
    broken = ctx.connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5)
    if broken:
        raise RuntimeError(f"the migration broke references: {broken}")


def run():
    """Bring the database of the current application to the revision that was asked for."""
    extension = current_app.extensions["migrate"]
    with (
        extension.db.engine.connect() as connection,
        one_at_a_time(connection),
        tables_free_to_be_made_anew(connection),
    ):
        context.configure(
            connection=connection,
            target_metadata=extension.db.metadata,
            include_name=include_name,
            render_item=render_item,
            on_version_apply=refuse_broken_references,
            **extension.configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
