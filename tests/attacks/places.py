"""An address of everything that has one, for attacks on something else than addresses."""

import re

from flask import Flask

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
NOBODYS = "019cece5-2470-721e-88e2-b93fb8925f53"
# A value that is right for each parameter, so that a path is wrong in one place only.
RIGHT = {
    "code": "TEA",
    "number": "1",
    "page": "1",
    "player": "fox",
    "session_id": "{session}",
    "story_id": "{session}",
    "image_type": "main",
    "image_id": "{image}",
    "link_id": NOBODYS,
    "key_id": NOBODYS,
    "product_id": "{product}",
    "kind": "session",
    "slug": "{session}",
    "token": "{token}",
    "width": "320",
    "version": "abc",
    "filename": "main.png",
    "rest": "2026-03-14/x/x.png",
    "key": "images/generations/2026-03-14/x/x.png",
}


def addresses(app: Flask, places: dict[str, str], method: str = "GET") -> list[str]:
    """Return an address for each route that *method* may ask for; those with no end are left out.

    Most lead somewhere, some would only with other ids.
    """
    return [
        PARAMETER.sub(lambda found: RIGHT[found[1]], rule.rule).format(**places)
        for rule in app.url_map.iter_rules()
        if method in rule.methods and not rule.rule.endswith("/events")
    ]
