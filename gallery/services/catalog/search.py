"""Search over prompts, sentences, cards and names.

The one function that knows which full-text index the database has.
"""

import re
from typing import Any

from sqlalchemy import ColumnElement, Row, column, func, literal_column, select, table

from gallery.extensions import current_session
from gallery.models import Image, SearchDocument
from gallery.services.access import Viewer, finds
from gallery.services.catalog.images import ImageFilter, image_rows, narrowed
from gallery.services.catalog.paging import DEFAULT_LIMIT, Page, read_page

MOST_WORDS = 16
LONGEST_WORD = 64
_WORD = re.compile(r"\w+")


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
    matching = (
        image_rows()
        .join(SearchDocument, SearchDocument.image_id == Image.id)
        .where(_matches(words), finds(viewer, Image))
    )
    return read_page(
        narrowed(matching, only or ImageFilter()), Image.id, cursor=cursor, limit=limit
    )


def _matches(words: list[str]) -> ColumnElement[bool]:
    """Return the condition on documents in the database's own full-text language."""
    if current_session().get_bind().dialect.name == "postgresql":
        wanted = func.to_tsquery("simple", " & ".join(f"{word}:*" for word in words))
        return func.to_tsvector("simple", SearchDocument.body).op("@@")(wanted)
    index = table("search_index", column("rowid"))
    # Quoted, a word can't be an operator of the index's query language.
    wanted_text = " ".join(f'"{word}"*' for word in words)
    found = select(index.c.rowid).where(literal_column("search_index").match(wanted_text))
    return SearchDocument.id.in_(found)
