"""What each database keeps up by itself, asked past the gallery, at whatever migration."""

from sqlalchemy import inspect, text

from gallery.extensions import db


def matches(word: str) -> list[int]:
    """Return the numbers of the documents that the full-text index finds by *word*."""
    if db.engine.dialect.name == "sqlite":
        condition = "rowid FROM search_index WHERE search_index MATCH :word"
    else:
        columns = {column["name"] for column in inspect(db.engine).get_columns("search_documents")}
        document = "words" if "words" in columns else "to_tsvector('simple', body)"
        condition = f"id FROM search_documents WHERE {document} @@ to_tsquery('simple', :word)"
    return list(db.session.scalars(text(f"SELECT {condition} ORDER BY 1"), {"word": word}))


def check_in_step() -> None:
    """Fail where SQLite's index differs from its documents, or a row points to nothing.

    PostgreSQL has no second copy of the words, and never lets go of a reference.
    """
    if db.engine.dialect.name == "sqlite":
        db.session.execute(
            text("INSERT INTO search_index (search_index, rank) VALUES ('integrity-check', 1)")
        )
        assert db.session.execute(text("PRAGMA foreign_key_check")).all() == []
