"""Run the migrations inside the application, on its engine."""

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


def run():
    """Bring the database of the current application to the revision that was asked for."""
    extension = current_app.extensions["migrate"]
    with extension.db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=extension.db.metadata,
            include_name=include_name,
            render_item=render_item,
            **extension.configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
