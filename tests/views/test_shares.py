"""A shared gallery: open to whoever has its link, and closed to everything else."""

import pytest

from tests.conftest import FixedClock, Person
from tests.pictures import picture
from tests.views.reading import Browser, alts, heading, text_of
from tests.views.saving import (
    illustrate,
    open_session,
    save_generation,
    save_round_image,
    save_session_image,
    share,
    show_to,
)


@pytest.fixture
def private_session(alice: Person) -> str:
    """The id of a private session with two pictures."""
    session_id = open_session(alice, title="Copper kettle")
    save_session_image(alice, session_id, "main", prompt="The kettle")
    save_session_image(alice, session_id, "lifestyle", prompt="The kitchen")
    return session_id


@pytest.fixture
def link(alice: Person, private_session: str) -> str:
    """The address of the share of that session."""
    return share(alice, "sessions", private_session)["url"]


def test_share_shows_a_private_gallery_to_a_visitor(passer_by: Browser, link: str) -> None:
    """Whoever has the link sees the pictures, who shared them, and until when."""
    page = passer_by.page(link)

    assert heading(page) == "Copper kettle"
    assert alts(page) == ["The kettle", "The kitchen"]
    assert text_of(page.select_one("header .hint")) == "Shared by alice"
    assert "open until 21 Mar 2026, 15:09 UTC" in text_of(page.select_one(".page-head"))


def test_everything_on_a_share_lies_below_its_link(passer_by: Browser, link: str) -> None:
    """A share needs no other address of the gallery, not even for style and scripts."""
    page = passer_by.page(link)

    addresses = [tag["href"] for tag in page.select("a[href]")]
    addresses += [tag["src"] for tag in page.select("img[src]")]
    for tag in page.select("img[srcset]"):
        addresses += [entry.split()[0] for entry in tag["srcset"].split(", ")]
    outside = [
        address
        for address in addresses
        if not address.startswith((f"{link}/", "data:image/", "#main"))
    ]
    static = [tag["href"] for tag in page.select("link")] + [
        tag["src"] for tag in page.select("script")
    ]
    assert outside == []
    assert len([each for each in addresses if each.startswith(link)]) >= 6
    assert all(each.startswith(f"{link}/static/") for each in static)
    assert {passer_by.get(each).status_code for each in static} == {200}
    assert page.select("form") == []


def test_every_address_on_a_share_answers_a_visitor(passer_by: Browser, link: str) -> None:
    """All pictures, sizes and downloads of a private share open without signing in."""
    page = passer_by.page(link)

    addresses = {tag["href"] for tag in page.select("main a[href]")}
    addresses |= {tag["src"] for tag in page.select("img.real")}
    for tag in page.select("img[srcset]"):
        addresses |= {entry.split()[0] for entry in tag["srcset"].split(", ")}
    statuses = {passer_by.get(address).status_code for address in addresses}

    assert len(addresses) == 9
    assert statuses == {200}


def test_share_keeps_its_address_to_itself(passer_by: Browser, link: str) -> None:
    """The address is the secret: it goes into no referrer, index or shared cache."""
    answer = passer_by.get(link)

    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert 'content="noindex"' in answer.text


@pytest.mark.parametrize("tail", ["", "/download"])
def test_share_sends_the_stored_bytes(
    alice: Person, visitor: Person, private_session: str, link: str, tail: str
) -> None:
    """An original of a share is the stored file; the download is named to be saved."""
    (image, _) = alice.get(f"/api/sessions/{private_session}/images").json()["images"]

    answer = visitor.get(f"{link}/images/{image['id']}{tail}")

    assert answer.content == picture()
    kind = "attachment" if tail else "inline"
    assert answer.headers["Content-Disposition"] == f'{kind}; filename="The kettle.png"'
    assert answer.headers["Cache-Control"].startswith("private")


@pytest.mark.parametrize(
    "path",
    ["/images/{id}", "/images/{id}/download", "/thumbnails/{id}/320-{version}.webp"],
)
def test_share_opens_no_picture_of_another_gallery(
    alice: Person, visitor: Person, link: str, path: str
) -> None:
    """A link to one gallery shows nothing else, not even what its owner also owns."""
    other = save_session_image(alice, open_session(alice))
    single = save_generation(alice, visibility="public")

    statuses = [
        visitor.get(link + path.format(id=image["id"], version=image["sha256"][:12])).status_code
        for image in (other, single)
    ]

    assert statuses == [404, 404]


@pytest.mark.parametrize("width", [1, 100, 319, 321, 1024, 1920, 9_999_999])
def test_share_has_no_other_thumbnail_widths(
    alice: Person, visitor: Person, private_session: str, link: str, width: int
) -> None:
    """Only the three widths are made, so that nobody can fill the disk."""
    (image, _) = alice.get(f"/api/sessions/{private_session}/images").json()["images"]

    answer = visitor.get(f"{link}/thumbnails/{image['id']}/{width}-{image['sha256'][:12]}.webp")

    assert answer.status_code == 404


def test_share_of_a_game_hangs_rounds_apart(alice: Person, passer_by: Browser, game: str) -> None:
    """A shared game is grouped by rounds, in their order."""
    save_round_image(alice, number=2, player="heron")
    link = share(alice, "games", game)["url"]

    page = passer_by.page(link)

    assert [text_of(each) for each in page.select("section h2")] == ["Round 1", "Round 2"]


def test_share_of_a_story_shows_its_pages(alice: Person, passer_by: Browser, story: str) -> None:
    """A shared story is shown in page order."""
    illustrate(alice, story, 2, description="The second page.")
    link = share(alice, "stories", story)["url"]

    page = passer_by.page(link)

    assert alts(page) == ["A lighthouse that reads.", "The second page."]


def test_share_of_an_empty_gallery_says_so(alice: Person, passer_by: Browser) -> None:
    """A share whose pictures are gone says whom to ask."""
    link = share(alice, "sessions", open_session(alice, title="Bare"))["url"]

    page = passer_by.page(link)

    assert text_of(page.select_one(".empty h2")) == "Nothing hangs here at the moment."
    assert "Ask alice" in text_of(page.select_one(".empty"))


def test_share_outlives_a_change_of_visibility(
    alice: Person, passer_by: Browser, session: str
) -> None:
    """A link that was made on purpose opens a gallery that became private."""
    link = share(alice, "sessions", session)["url"]
    show_to(alice, "private", "session", session)

    assert passer_by.get(f"/sessions/{session}").status_code == 404
    assert passer_by.get(link).status_code == 200


@pytest.mark.parametrize("ended", ["expired", "revoked"])
def test_ended_share_closes_everything_below_it(
    alice: Person,
    visitor: Person,
    private_session: str,
    clock: FixedClock,
    ended: str,
) -> None:
    """With the link, its pictures, downloads and thumbnails end too."""
    made = share(alice, "sessions", private_session)
    (image, _) = alice.get(f"/api/sessions/{private_session}/images").json()["images"]
    paths = (
        made["url"],
        f"{made['url']}/images/{image['id']}",
        f"{made['url']}/images/{image['id']}/download",
        f"{made['url']}/thumbnails/{image['id']}/320-{image['sha256'][:12]}.webp",
    )
    if ended == "expired":
        clock.move(days=7)
    else:
        alice.delete(f"/api/links/{made['id']}")

    statuses = [visitor.get(path).status_code for path in paths]

    assert statuses == [410, 410, 410, 410]


def test_share_counts_visits(alice: Person, visitor: Person, private_session: str) -> None:
    """Its owner reads how often a share was opened; a HEAD opens nothing."""
    link = share(alice, "sessions", private_session)["url"]
    visitor.get(link)
    visitor.get(link)
    visitor.request("HEAD", link)

    (told,) = alice.get("/api/links").json()["links"]

    assert told["downloads"] == 2
