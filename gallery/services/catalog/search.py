"""Search over prompts, sentences, cards and names.

The one function that knows which full-text index the database has.
"""

import re
from typing import Any
from unicodedata import normalize

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Row,
    Uuid,
    any_,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
)

from gallery.extensions import current_session, dialect_of
from gallery.models import Image, SearchDocument
from gallery.services.access import Viewer, finds
from gallery.services.catalog.images import ImageFilter, image_rows, narrowed
from gallery.services.catalog.paging import DEFAULT_LIMIT, Page, read_page

MOST_WORDS = 16
LONGEST_WORD = 64
# So many images are soon put in order.
RARE = 2_000
_WORD = re.compile(r"\w+")
# What is left of an accent when it is parted from its letter; SQLite sees to that itself.
_MARKS = re.compile("[\u0300-\u036f]")


def search_images(
    query: str,
    *,
    viewer: Viewer,
    only: ImageFilter | None = None,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[Row[Any]]:
    """List the images that *viewer* finds and that hold every word of *query*, newest first.

    A word also finds longer words that begin with it. A query without a
    word finds nothing.

    Raises:
        InvalidCursor: the cursor did not come from a page.
    """
    words = [word[:LONGEST_WORD] for word in _WORD.findall(query)][:MOST_WORDS]
    if not words:
        return Page(items=[], next_cursor=None)
    matching = image_rows().where(_holds(_matches(words)), finds(viewer, Image))
    return read_page(
        narrowed(matching, only or ImageFilter()), Image.id, cursor=cursor, limit=limit
    )


def _holds(matches: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition on images whose documents match.

    PostgreSQL takes every word for a common one and walks through the images
    until it has a page of them; for a rare word that would be all there are.
    So what few it finds is collected first.
    """
    session = current_session()
    documents = select(SearchDocument.image_id).where(matches)
    if dialect_of(session) == "postgresql":
        found = session.scalars(documents.limit(RARE + 1)).all()
        if len(found) <= RARE:
            return Image.id == any_(literal(found, ARRAY(Uuid)))
    return Image.id.in_(documents)


def _matches(words: list[str]) -> ColumnElement[bool]:
    """Return the condition on documents in the database's own full-text language."""
    if dialect_of(current_session()) == "postgresql":
        plain = (_MARKS.sub("", normalize("NFD", word)) for word in words)
        wanted = func.to_tsquery("simple", " & ".join(f"{word}:*" for word in plain))
        # The database itself makes it of the body, as migration 0005 says.
        return literal_column(f"{SearchDocument.__tablename__}.words").op("@@")(wanted)
    index = table("search_index", column("rowid"))
    # Quoted, a word can't be an operator of the index's query language.
    wanted_text = " ".join(f'"{word}"*' for word in words)
    found = select(index.c.rowid).where(literal_column("search_index").match(wanted_text))
    return SearchDocument.id.in_(found)
