"""A page as a browser builds it: its elements and attributes, and what stands in them."""

import re
from urllib.parse import quote, quote_plus

from bs4 import BeautifulSoup, Comment, Doctype, Tag

# What browsers follow, load or send to.
ADDRESSES = ("href", "src", "action", "formaction", "poster", "data", "srcset", "data-page")
_ALLOWED = re.compile(r"/(?!/)|#|\?|https?://127\.0\.0\.1|$")
_PLACEHOLDER = re.compile(r"data:image/(png|webp|gif|bmp|jpeg);base64,[A-Za-z0-9+/=]+")
# Ids, tokens, digests and keys differ from one gallery to the next.
_OWN = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|link …[0-9a-f-]{8}|[\w=-]{40,}(?:\.[\w-]+)*"
    r"|ij[\w.-]{50,}|[0-9a-f]{64}|[0-9a-f]{12}(?=\.webp)|(?<=/)[\w-]{22,}|gallery_[\w-]+"
    r"|/outputs/[^\s\"]+|/images/generations/\S+|/d/\S+|/s/\S+|/generated/\S+"
)


def built(html: str) -> BeautifulSoup:
    """Return the tree that the HTML standard's parser makes of *html*, errors and all."""
    return BeautifulSoup(html, "html5lib")


def skeleton(page: BeautifulSoup) -> list[str]:
    """Return its elements in their order, each with its place and the names of its attributes."""
    return [
        f"{'  ' * len(list(tag.parents))}{tag.name} {' '.join(sorted(tag.attrs))}"
        for tag in page.find_all()
    ]


def contents(page: BeautifulSoup, text: str) -> list[str]:
    """Return all its texts and values; for *text*, in whatever spelling, stands ``TEXT``."""
    texts = [str(node) for node in page.find_all(string=True) if type(node) is not Doctype]
    values = [f"{tag.name} {name}={value}" for tag in page.find_all() for name, value in _of(tag)]
    return [_neutral(each, text) for each in (*texts, *values)]


def dangers(page: BeautifulSoup) -> list[str]:
    """Return what no page of ours has, whatever it shows."""
    found = [str(node) for node in page.find_all(string=lambda s: isinstance(s, Comment))]
    found += [str(tag) for tag in page.select("script, style") if tag.get_text(strip=True)]
    found += [str(tag) for tag in page.select("base, iframe, object, embed, meta[http-equiv]")]
    for tag in page.find_all():
        found += [f"{tag.name} {name}" for name in tag.attrs if name.startswith(("on", "style"))]
        found += [f"{name}={value}" for name, value in _of(tag) if not _is_ours(name, value)]
    return found


def _of(tag: Tag) -> list[tuple[str, str]]:
    """Return its attributes, with lists of words as one text."""
    return [(n, " ".join(v) if isinstance(v, list) else str(v)) for n, v in tag.attrs.items()]


def _is_ours(name: str, value: str) -> bool:
    if name not in ADDRESSES:
        return True
    return bool(_ALLOWED.match(value) or (name == "src" and _PLACEHOLDER.fullmatch(value)))


def _neutral(content: str, text: str) -> str:
    content, query = _plain(content), quote_plus(text)
    once = (text, quote(text), quote(text, safe=""), query, quote(text.replace(" ", "+")))
    for spelling in (*once, quote(query), quote(quote(text))):
        content = content.replace(_plain(spelling), "TEXT")
    return _OWN.sub("…", content)


def _plain(text: str) -> str:
    """Return *text* in small letters and with single spaces, as some places show it."""
    return " ".join(text.casefold().split())
