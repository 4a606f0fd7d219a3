"""Run the migrations inside the application, on its engine."""

from contextlib import contextmanager

from alembic import context
from flask import current_app

SEARCH_INDEX = "search_index"


def include_name(name, type_, _parents):
    """Leave the full-text index alone: it is written by hand, and SQLite gives it many tables."""
    return type_ != "table" or not (name or "").startswith(SEARCH_INDEX)


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
    with extension.db.engine.connect() as connection, tables_free_to_be_made_anew(connection):
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
