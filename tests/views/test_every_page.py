"""What all pages have in common, whoever looks at them."""

import httpx
import pytest
from bs4 import BeautifulSoup

from tests.conftest import Person
from tests.views.reading import Browser, parse
from tests.views.saving import make_product, share, sign

PAGES = (
    "/",
    "/sessions/",
    "/sessions/{session}",
    "/games/",
    "/games/{game}",
    "/games/{game}/rounds/1",
    "/games/{game}/rounds/1/reveal",
    "/games/{game}/rounds/1/reveal?at=1",
    "/games/{game}/rounds/1/reveal?at=2",
    "/stories/",
    "/stories/{story}",
    "/stories/{story}/pages/1",
    "/generations/",
    "/images/{generation}",
    "/search",
    "/search?q=kettle",
    "/search?q=nothing",
    "/stats",
    "/login",
    "/account",
    "/api/docs",
    "/s/{share}",
    "/d/{ended}",
    "/not-there",
    "/search?cursor=x",
)
# Pages that a visitor is led away from.
OWN_PAGES = (
    "/products/",
    "/products/?status=failed",
    "/products/new",
    "/products/{product}",
    "/images/{photo}",
)


@pytest.fixture
def places(alice: Person, session: str, game: str, story: str, generation: str) -> dict[str, str]:
    """What the addresses of pages are filled in with."""
    link = sign(alice, generation)
    alice.delete(f"/api/links/{link['id']}")
    product = alice.get(f"/api/products/{make_product(alice, 2)['id']}").json()
    return {
        "product": product["id"],
        "photo": product["images"][0]["id"],
        "session": session,
        "game": game,
        "story": story,
        "generation": generation,
        "share": share(alice, "games", game)["url"].rpartition("/")[2],
        "ended": link["url"].rpartition("/")[2],
    }


def faults(answer: httpx.Response) -> list[str]:
    """Return what is wrong with a page whatever it shows."""
    page = parse(answer)
    policy = answer.headers["Content-Security-Policy"]
    checks = {
        "one h1": len(page.select("h1")) == 1 and page.h1.get_text(strip=True) != "",
        "a title": page.title is not None and page.title.get_text(strip=True) != "",
        "a language": page.html["lang"] == "en",
        "a main part": len(page.select("main")) == 1,
        "no style attribute": page.select("[style], style") == [],
        "no inline script": not any(script.get_text() for script in page.select("script")),
        "no handler attribute": not handlers(page),
        "a policy": "default-src 'none'" in policy and "unsafe-" not in policy,
        "nosniff": answer.headers["X-Content-Type-Options"] == "nosniff",
        "unique ids": len(ids := [tag["id"] for tag in page.select("[id]")]) == len(set(ids)),
        "labelled fields": all(labelled(page, field) for field in fields(page)),
    }
    pictures = [
        str(image)
        for image in page.select("img")
        if not all(image.has_attr(name) for name in ("alt", "width", "height"))
    ]
    return [name for name, holds in checks.items() if not holds] + pictures


def handlers(page: BeautifulSoup) -> list[str]:
    return [name for tag in page.find_all() for name in tag.attrs if name.startswith("on")]


def fields(page: BeautifulSoup) -> list:
    return page.select("input:not([type=hidden]), select, textarea")


def labelled(page: BeautifulSoup, field) -> bool:
    inside = field.find_parent("label")
    return inside is not None or bool(page.select(f'label[for="{field.get("id", "")}"]'))


@pytest.mark.parametrize("path", PAGES)
def test_page_is_sound_for_a_visitor(passer_by: Browser, places: dict[str, str], path: str) -> None:
    """A page has one heading, a title, complete images, and nothing that needs `unsafe-`."""
    answer = passer_by.get(path.format(**places))

    assert faults(answer) == []


@pytest.mark.parametrize("path", PAGES + OWN_PAGES)
def test_page_is_sound_for_the_owner(owner: Browser, places: dict[str, str], path: str) -> None:
    """The owner's forms keep to the same rules."""
    answer = owner.get(path.format(**places))

    assert faults(answer) == []


@pytest.mark.parametrize("path", ["/", "/sessions/", "/games/", "/stories/", "/generations/"])
def test_empty_page_is_sound(passer_by: Browser, path: str) -> None:
    """A page with nothing to show keeps to the same rules."""
    answer = passer_by.get(path)

    assert faults(answer) == []


def test_owners_empty_list_of_products_is_sound(owner: Browser) -> None:
    """The invitation keeps to the same rules."""
    assert faults(owner.get("/products/")) == []


def test_static_file_is_cached_for_ever_only_under_its_versioned_address(
    passer_by: Browser,
) -> None:
    """The address of a static file changes with its content, so that one may be kept."""
    versioned = passer_by.page("/").select_one("link[rel=stylesheet]")["href"]
    bare = versioned.partition("?")[0]

    cached = [passer_by.get(path).headers["Cache-Control"] for path in (versioned, bare)]

    assert cached[0] == "public, max-age=31536000, immutable"
    assert "immutable" not in cached[1]
