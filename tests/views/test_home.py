"""The front wall: empty, and with the newest of everything."""

from tests.conftest import Person
from tests.views.reading import Browser, alts, heading, text_of
from tests.views.saving import save_generation, show_to


def test_bare_wall_says_so_and_offers_to_sign_in(passer_by: Browser) -> None:
    """A visitor of an empty gallery reads that it is empty, and what to do."""
    page = passer_by.page("/")

    assert heading(page) == "On the wall today"
    assert text_of(page.select_one(".empty h2")) == "The wall is bare, and waiting."
    assert page.select_one(".empty a")["href"] == "/login"


def test_bare_wall_sends_the_signed_in_to_the_api(owner: Browser) -> None:
    """Somebody who is signed in needs no invitation to do so."""
    page = owner.page("/")

    assert [link["href"] for link in page.select(".empty a")] == ["/api/docs"]


def test_wall_shows_each_kind_on_a_shelf_of_its_own(
    passer_by: Browser, session: str, game: str, story: str, generation: str
) -> None:
    """Games, stories, sessions and generations each have a shelf with a link to all of them."""
    page = passer_by.page("/")

    shelves = {text_of(each): each.find_next("a")["href"] for each in page.select(".shelf h2")}
    assert shelves == {
        "Games": "/games/",
        "Stories": "/stories/",
        "Sessions": "/sessions/",
        "Generations": "/generations/",
    }
    cards = [link["href"] for link in page.select(".gallery-card a.cover")]
    assert cards == [f"/games/{game}", f"/stories/{story}", f"/sessions/{session}"]


def test_wall_hangs_the_newest_picture_first(
    alice: Person, passer_by: Browser, generation: str, clock
) -> None:
    """What came last is seen first."""
    clock.move(minutes=1)
    save_generation(alice, prompt="A newer kettle", visibility="public")

    wall = passer_by.page("/").select_one(".wall")

    assert [each["alt"] for each in wall.select("img.real")] == [
        "A newer kettle",
        "A kettle on the moon",
    ]


def test_wall_shows_what_is_private_to_its_owner_alone(
    owner: Browser, passer_by: Browser, secret_generation: str
) -> None:
    """A private picture hangs on its owner's wall and on nobody else's."""
    own, others = owner.page("/"), passer_by.page("/")

    assert "A hidden kettle" in alts(own)
    assert alts(others) == []


def test_wall_leaves_out_what_is_unlisted(alice: Person, passer_by: Browser, game: str) -> None:
    """An unlisted gallery is seen with its address, and isn't on the wall."""
    show_to(alice, "unlisted", "game", game)

    page = passer_by.page("/")

    assert page.select(".gallery-card") == []
    assert alts(page) == []


def test_header_names_who_is_signed_in(owner: Browser, passer_by: Browser) -> None:
    """The signed-in see their name and a way out, visitors a way in."""
    own, others = owner.page("/"), passer_by.page("/")

    assert text_of(own.select_one(".who")) == "alice"
    assert own.select_one('form[action="/logout"] button') is not None
    assert others.select_one('.site-account a[href="/login"]') is not None
