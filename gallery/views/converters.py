"""What a part of an address may look like; anything else is a 404 before a view sees it."""

from flask import Flask
from werkzeug.routing import BaseConverter


class SlugConverter(BaseConverter):
    """A session, a game code, a player, a story."""

    regex = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}"


class NumberConverter(BaseConverter):
    """A round's number: small enough for any database, and written in one way only."""

    regex = "[1-9][0-9]{0,6}"

    def to_python(self, value: str) -> int:
        """Return the number."""
        return int(value)


class FilenameConverter(BaseConverter):
    """A file's name without any folder."""

    regex = "[A-Za-z0-9_][A-Za-z0-9._-]{0,199}"


def init_app(app: Flask) -> None:
    """Teach the converters to the URL map."""
    app.url_map.converters.update(
        slug=SlugConverter, number=NumberConverter, filename=FilenameConverter
    )
