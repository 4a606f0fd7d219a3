"""All pictures of a gallery as one file: whole, under names that tell, or not at all."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zipfile import ZipFile

import httpx
import pytest

from gallery.extensions import House
from gallery.services.archives import file_names
from tests.conftest import FixedClock, Person
from tests.pictures import picture
from tests.views.reading import Browser
from tests.views.saving import (
    illustrate,
    open_session,
    open_story,
    save_round_image,
    save_session_image,
    share,
)

MAIN, SCENE = picture(colour=(1, 2, 3)), picture(colour=(4, 5, 6), size=(300, 200))


@pytest.fixture
def mug(alice: Person) -> str:
    """A session of alice's, which two pictures hang in."""
    session_id = open_session(alice, visibility="private")
    save_session_image(alice, session_id, "lifestyle", SCENE)
    save_session_image(alice, session_id, "main", MAIN)
    return session_id


@pytest.fixture
def folder(house: House) -> Path:
    """Where the objects lie."""
    return house.settings.IMAGE_STORAGE_BASE_DIR


def unpacked(answer: httpx.Response) -> dict[str, bytes]:
    """Return the files of an archive; each is read to its end, and its checksum is looked at."""
    assert answer.status_code == 200, answer.text
    with ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_session_comes_whole(alice: Person, mug: str) -> None:
    """Each picture is there byte for byte, and the length is known before it is sent."""
    answer = alice.get(f"/galleries/session/{mug}/images.zip")

    assert unpacked(answer) == {"main.png": MAIN, "lifestyle.png": SCENE}
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"] == f"attachment; filename={mug}.zip"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert int(answer.headers["Content-Length"]) == len(answer.content)


def test_look_at_the_headers_costs_no_picture(alice: Person, mug: str) -> None:
    """HEAD answers as GET does, without the bytes."""
    path = f"/galleries/session/{mug}/images.zip"

    answer = alice.request("HEAD", path)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == alice.get(path).headers["Content-Length"]


def test_game_comes_by_rounds_and_without_hidden_ones(alice: Person) -> None:
    """A round alone comes as well; its owner gets that while it is hidden, too."""
    for number, player in ((1, "fox"), (1, "owl"), (2, "fox")):
        save_round_image(alice, number=number, player=player)
    assert alice.patch("/api/games/TEA/rounds/2", json={"hidden": True}).status_code == 200

    game = unpacked(alice.get("/galleries/game/TEA/images.zip"))
    second = unpacked(alice.get("/games/TEA/rounds/2/images.zip"))

    assert sorted(game) == ["round-1/player-fox.jpg", "round-1/player-owl.jpg"]
    assert list(second) == ["round-2/player-fox.jpg"]


def test_pictures_of_one_page_have_names_of_their_own(alice: Person, clock: FixedClock) -> None:
    """A page may have been made twice; both are there."""
    story = open_story(alice)
    first, second = picture(colour=(1, 1, 1)), picture(colour=(2, 2, 2))
    for content in (first, second):
        illustrate(alice, story, content=content)
        clock.move(seconds=1)

    files = unpacked(alice.get(f"/galleries/story/{story}/images.zip"))

    assert files == {"page-1.png": first, "page-1-2.png": second}


def test_names_differ_on_every_file_system() -> None:
    """Some take capitals for small letters; and a free name may be somebody's own."""
    players = [player(name) for name in ("fox", "Fox", "fox-2")]

    assert file_names(players) == [
        "round-1/player-fox.jpg",
        "round-1/player-Fox-2.jpg",
        "round-1/player-fox-2-2.jpg",
    ]


def player(name: str) -> Any:
    return SimpleNamespace(kind="round", round_number=1, player=name, format="jpeg")


def test_share_opens_it_to_whoever_has_the_link(alice: Person, visitor: Person, mug: str) -> None:
    """Without the link it isn't there for them; with it, each download is a use."""
    link = share(alice, "session", mug)

    assert visitor.get(f"/galleries/session/{mug}/images.zip").status_code == 404
    assert list(unpacked(visitor.get(f"{link['url']}/images.zip"))) == ["main.png", "lifestyle.png"]
    (listed,) = alice.get("/api/links").json()["links"]
    assert listed["downloads"] == 1


@pytest.mark.parametrize("kind", ["session", "product", "sonata"])
def test_nothing_to_pack_is_not_found(alice: Person, kind: str) -> None:
    """An empty gallery has no archive, nor has what is no gallery."""
    slug = open_session(alice)

    assert alice.get(f"/galleries/{kind}/{slug}/images.zip").status_code == 404


def test_picture_that_is_gone_from_the_beginning_is_told(
    alice: Person, mug: str, folder: Path
) -> None:
    """Nothing was sent yet, so it is an error like that of the picture alone."""
    (folder / f"generated/{mug}/main.png").unlink()

    alone = alice.get(f"/storage/generated/{mug}/main.png")
    answer = alice.get(f"/galleries/session/{mug}/images.zip")

    assert answer.status_code == alone.status_code
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("content", [None, b"other bytes", SCENE[:-1], b"!" + SCENE[1:]])
def test_archive_that_lacks_something_never_arrives_whole(
    alice: Person, mug: str, folder: Path, content: bytes | None
) -> None:
    """A later picture is gone or damaged: the connection ends before the length that was told."""
    damaged = folder / f"generated/{mug}/lifestyle.png"
    damaged.unlink()
    if content is not None:
        damaged.write_bytes(content)

    with pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|without sending complete"):
        alice.get(f"/galleries/session/{mug}/images.zip")


def test_pages_lead_to_it(owner: Browser, alice: Person, mug: str) -> None:
    """Wherever pictures hang together, one link has them all."""
    save_round_image(alice)
    shared = share(alice, "session", mug)["url"]
    pages = (f"/sessions/{mug}", "/games/TEA", "/games/TEA/rounds/1", shared)

    for page in pages:
        link = owner.page(page).find("a", string="Download all")
        assert unpacked(owner.get(str(link["href"])))


def test_page_without_pictures_leads_nowhere(owner: Browser, alice: Person) -> None:
    """There would be nothing in it."""
    page = owner.page(f"/sessions/{open_session(alice)}")

    assert page.find("a", string="Download all") is None
