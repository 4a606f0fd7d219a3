"""A hidden round: until its reveal, nothing that a stranger can fetch tells what is in it.

All that tells one picture from another is marked with a word of its own,
and every answer that a visitor or another user can get is searched for
these words: bodies and headers, pages and JSON, files and old links.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.conftest import FixedClock, Person
from tests.pictures import picture
from tests.views.asking import WAIT, Painter, draw_scene, generate, round_places, set_round
from tests.views.listening import EVENTS, listening
from tests.views.reading import Browser, alts
from tests.views.saving import open_story, save_round_image, share, show_to, sign

SENTENCE = "The quokkasentence sells zebracard to everybody."
WORDS = ("quokkasentence", "zebracard", "narwhalplayer", "ibisstyle", "okapiservice", "geckosub")
WORDS += ("lemurmodel", "tapirprompt", "civetcategory", "dingoparameter", "hyraxexpected")
ROUND = "/games/TEA/rounds/1"


@dataclass(frozen=True)
class Secret:
    """A picture in a hidden round: its words, its bytes, and all that led to it before."""

    image: dict[str, Any]
    content: bytes
    marks: tuple[bytes, ...]
    old: dict[str, str]

    def addresses(self) -> list[str]:
        """Return every address under which anything could be told of it."""
        image_id, version = self.image["id"], self.image["sha256"][:12]
        thumbnails = [f"{image_id}/{width}-{version}.webp" for width in (320, 640, 1280)]
        share_ = self.old["share"]
        return [
            "/", "/games/", "/games/TEA", ROUND, f"{ROUND}/reveal", f"{ROUND}/reveal?at=1",
            "/games/TEA/rounds/2", "/stats", "/generations/", "/sessions/", "/stories/",
            "/api/games", "/api/games/TEA", f"/api{ROUND}/images", "/api/images",
            "/api/images?kind=round", "/api/images?model=lemurmodel", "/api/images/generated",
            "/api/images?category=civetcategory", f"/api/images/{image_id}", "/api/stats",
            f"/images/{image_id}", "/generated-images/TEA/1/narwhalplayer.jpg",
            self.old["image_url"], self.old["download"], self.old["signed"], share_,
            f"{share_}/images/{image_id}", f"{share_}/images/{image_id}/download",
            *(f"/thumbnails/{each}" for each in thumbnails),
            *(f"{share_}/thumbnails/{each}" for each in thumbnails),
            *(f"/search?q={word}" for word in WORDS),
            *(f"/api/images?q={word}" for word in WORDS),
        ]  # fmt: skip


@pytest.fixture
def secret(alice: Person, clock: FixedClock) -> Secret:
    """A marked picture of a public game, with links to it; then its round is hidden."""
    content = marked_picture()
    save_round_image(alice, number=2)
    saved = save_round_image(
        alice,
        player="narwhalplayer",
        content=content,
        completed_sentence=SENTENCE,
        cards=["zebracard"],
        art_style="ibisstyle",
        ai_service="okapiservice",
        submission_id="geckosub",
        model="lemurmodel",
        prompt="A tapirprompt.",
        category="civetcategory",
        parameters='{"dingoparameter": 1}',
    )
    show_to(alice, "public", "game", "TEA")
    place = round_places(alice)["narwhalplayer"]
    old = {
        "image_url": place["image_url"],
        "download": place["download_url"],
        "signed": sign(alice, saved["id"])["url"],
        "share": share(alice, "game", "TEA")["url"],
    }
    image = alice.get(f"/api/images/{saved['id']}").json()
    for _ in range(2):
        alice.post("/api/prompts/lookup", json=wish(image))
    assert set_round(alice, hidden=True, players=["hyraxexpected"]).status_code == 200
    texts = (image["id"], image["id"].replace("-", ""), image["sha256"], image["sha256"][:12])
    texts += (image["placeholder"], image["prompt_hash"], *WORDS)
    return Secret(image, content, tuple(each.encode() for each in texts), old)


def marked_picture() -> bytes:
    """Return a JPEG whose placeholder is no other picture's."""
    output = BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((96, 64)).save(output, "JPEG")
    return output.getvalue()


def wish(image: dict[str, Any]) -> dict[str, Any]:
    return {
        "sentence": image["prompt"],
        "cards": image["cards"],
        "art_style": image["style"],
        "ai_service": image["service"],
    }


def told(answer: httpx.Response) -> bytes:
    """Return all that an answer tells."""
    return b"\n".join(b"%b: %b" % each for each in answer.headers.raw) + b"\n\n" + answer.content


def leaks(secret: Secret, address: str, answer: httpx.Response) -> list[tuple[str, bytes]]:
    """Return the marks that an answer tells beyond what its address held already."""
    everything = told(answer)
    marks = [mark for mark in secret.marks if mark in everything and mark.decode() not in address]
    return [(address, mark) for mark in [*marks, *([b"bytes"] * (secret.content in everything))]]


@pytest.mark.parametrize("name", ["visitor", "bob"])
def test_no_answer_to_a_stranger_tells_of_it(
    request: pytest.FixtureRequest, secret: Secret, name: str
) -> None:
    """Not one mark is in any page, JSON, file or header, by whatever address."""
    person = request.getfixturevalue(name)

    found = [
        leak
        for address in secret.addresses()
        for headers in ({}, {"Range": "bytes=0-9"}, {"If-None-Match": "*"})
        for leak in leaks(secret, address, person.get(address, headers=headers))
    ]

    assert found == []


@pytest.mark.parametrize("name", ["visitor", "bob"])
def test_its_own_addresses_look_like_none(
    request: pytest.FixtureRequest, secret: Secret, name: str
) -> None:
    """What led to the picture answers like what was never there, to the letter."""
    person = request.getfixturevalue(name)
    own = secret.image["id"]
    nobodys = "019cece5-2470-721e-88e2-b93fb8925f53"
    addresses = [each for each in secret.addresses() if own in each]
    addresses += [secret.old["download"], secret.old["signed"], secret.old["image_url"]]

    found = {each: person.get(each).status_code for each in addresses}
    pairs = [
        (person.get(f"/api/images/{each}").content, person.get(f"/images/{each}").status_code)
        for each in (own, nobodys)
    ]

    assert set(found.values()) == {404}
    assert pairs[0] == pairs[1]


def test_events_tell_a_stranger_nothing_of_it(
    secret: Secret, visitor: Person, alice: Person, goodbye: None
) -> None:
    """Those who listen while it changes hear that there is something, and no more."""
    with listening(visitor, EVENTS) as listener:
        events = [listener.next(), listener.next()]
        save_round_image(alice, player="geckosub", completed_sentence=SENTENCE)
        events.append(listener.next())
        heard = "\n".join(listener.heard).encode()

    assert [mark for mark in secret.marks if mark in heard] == []
    assert {event.content["status"] for event in events} == {"hidden"}


def test_lookup_by_another_is_as_if_nobody_had_drawn_it(secret: Secret, bob: Person) -> None:
    """Bob gets the lease, and nothing of the picture."""
    answer = bob.post("/api/prompts/lookup", json=wish(secret.image))

    assert answer.status_code == 201
    assert set(answer.json()) == {"status", "prompt_hash", "lease_id", "expires_at"}


def test_another_gets_no_copy_of_it(secret: Secret, bob: Person, painter: Painter) -> None:
    """Bob's picture of the same prompt is drawn for him."""
    answer = generate(bob, "owl", SENTENCE, code="BOBS", cards=["zebracard"], headers=WAIT)

    assert (answer.status_code, answer.json()["cached"]) == (201, False)


def test_it_is_no_reference_for_another(secret: Secret, bob: Person, painter: Painter) -> None:
    """Bob can't have it drawn after."""
    answer = draw_scene(bob, open_story(bob), referenceImageId=secret.image["id"])

    assert answer.status_code == 422
    assert painter.asked == []


@pytest.mark.parametrize("name", ["visitor", "bob"])
def test_round_tells_how_many_there_are(
    request: pytest.FixtureRequest, secret: Secret, name: str
) -> None:
    """A stranger's round has a closed frame for each player who hung or is expected."""
    person = request.getfixturevalue(name)

    body = person.get(f"/api{ROUND}/images").json()
    game = person.get("/api/games/TEA").json()

    assert [image.pop("status") for image in body["images"]] == ["hidden", "hidden"]
    assert {value for image in body["images"] for value in image.values()} == {None}
    assert body["expires_at"] is None
    assert [(each["hidden"], each["image_count"]) for each in game["rounds"]] == [
        (True, 0),
        (False, 1),
    ]


def test_redrawing_is_told_to_nobody_else(
    secret: Secret, alice: Person, visitor: Person, painter: Painter
) -> None:
    """A stranger's ETag stays the same while hidden pictures change."""
    before = visitor.get(f"/api{ROUND}/images").headers["ETag"]
    generate(alice, "narwhalplayer", "Another tapirprompt.", headers=WAIT)

    answer = visitor.get(f"/api{ROUND}/images", headers={"If-None-Match": before})

    assert answer.status_code == 304


def test_figures_leave_it_out(secret: Secret, visitor: Person, alice: Person) -> None:
    """Neither the picture nor its hits are counted to a stranger; they are to the owner."""
    others, own = (person.get("/api/stats").json() for person in (visitor, alice))

    assert (others["total_images"], own["total_images"]) == (1, 2)
    assert (others["cache_hits"], own["cache_hits"]) == (0, 2)
    assert (others["cost_saved"], own["cost_saved"]) == (0.0, 0.08)
    assert others["most_reused_prompts"] == []


@pytest.mark.parametrize("name", ["alice", "root"])
def test_owner_and_admin_see_it(request: pytest.FixtureRequest, secret: Secret, name: str) -> None:
    """The host sees the round as it will be, by pages, JSON and files."""
    person = request.getfixturevalue(name)

    place = round_places(person)["narwhalplayer"]
    page = person.get(ROUND)

    assert (place["id"], place["status"]) == (secret.image["id"], "ready")
    assert person.get(place["image_url"]).content == secret.content
    assert "quokkasentence" in page.text
    assert person.get(f"/images/{secret.image['id']}").status_code == 200


class TestRevealed:
    """The same round after its reveal."""

    @pytest.fixture
    def revealed(self, secret: Secret, alice: Person) -> Secret:
        assert set_round(alice, hidden=False).json()["hidden"] is False
        return secret

    def test_visitor_sees_everything(self, revealed: Secret, visitor: Person) -> None:
        """All that was hidden is there, at its own addresses."""
        place = round_places(visitor)["narwhalplayer"]
        image = visitor.get(f"/api/images/{revealed.image['id']}").json()

        assert place["completed_sentence"] == SENTENCE
        assert (image["cards"], image["style"]) == (["zebracard"], "ibisstyle")
        assert visitor.get(place["image_url"]).content == revealed.content
        assert "quokkasentence" in visitor.get(ROUND).text
        assert revealed.image["id"] in visitor.get("/search?q=quokkasentence").text
        assert visitor.get("/api/images?q=tapirprompt").json()["images"] != []

    def test_old_links_open_again(self, revealed: Secret, visitor: Person) -> None:
        """A link from before the hiding was not used up by it."""
        links = (revealed.old["signed"], revealed.old["download"])

        found = [visitor.get(each).content == revealed.content for each in links]

        assert found == [True, True]
        assert revealed.image["id"] in visitor.get(revealed.old["share"]).text

    def test_others_may_use_it(self, revealed: Secret, bob: Person) -> None:
        """It is a hit for everybody, as a public picture is."""
        answer = bob.post("/api/prompts/lookup", json=wish(revealed.image))

        assert answer.json()["image"]["id"] == revealed.image["id"]


def test_round_can_be_hidden_before_its_first_picture(alice: Person, visitor: Person) -> None:
    """A game and a round that nobody used yet appear hidden, and stay so with each picture."""
    set_round(alice, hidden=True)
    for player in ("fox", "owl"):
        save_round_image(alice, player=player)

    places = visitor.get(f"/api{ROUND}/images").json()["images"]

    assert [each["status"] for each in places] == ["hidden", "hidden"]
    assert visitor.get("/generated-images/TEA/1/fox.jpg").status_code == 404


def test_copy_out_of_the_cache_is_hidden_with_its_round(
    alice: Person, visitor: Person, painter: Painter
) -> None:
    """What was public elsewhere is hidden where it hangs in a hidden round."""
    generate(alice, round_=2, headers=WAIT)
    set_round(alice, hidden=True)

    copy = generate(alice, "owl").json()

    assert (copy["cached"], visitor.get(f"/api/images/{copy['id']}").status_code) == (True, 404)


def test_other_rounds_stay_open(alice: Person, visitor: Person) -> None:
    """Hiding one round hides no other."""
    save_round_image(alice, number=2)

    set_round(alice, hidden=True)

    assert round_places(visitor, 2)["fox"]["status"] == "ready"


class TestForms:
    """The host's buttons."""

    @pytest.fixture
    def hung(self, alice: Person) -> str:
        return save_round_image(alice, content=picture("JPEG"))["id"]

    @pytest.mark.usefixtures("hung")
    def test_owner_hides_and_reveals_a_round_by_button(
        self,
        owner: Browser,
        passer_by: Browser,
    ) -> None:
        """One button closes the curtain for everybody else, another opens it."""
        seen = [alts(passer_by.page(ROUND)) != []]

        for action in ("hide", "reveal"):
            answer = owner.submit(ROUND, f"{ROUND}/{action}")
            assert (answer.status_code, answer.headers["Location"]) == (303, ROUND)
            seen.append(alts(passer_by.page(ROUND)) != [])

        assert seen == [True, False, True]

    @pytest.mark.parametrize("action", ["hide", "reveal"])
    @pytest.mark.usefixtures("hung")
    def test_form_without_its_token_does_nothing(
        self, owner: Browser, alice: Person, action: str
    ) -> None:
        """A page elsewhere can't open the curtain with the host's cookie."""
        set_round(alice, hidden=action == "reveal")

        answer = owner.http.post(f"{ROUND}/{action}")

        assert answer.status_code == 400
        assert alice.get("/api/games/TEA").json()["rounds"][0]["hidden"] is (action == "reveal")

    @pytest.mark.parametrize(("who", "status"), [("passer_by", 401), ("stranger", 404)])
    @pytest.mark.parametrize("action", ["hide", "reveal"])
    @pytest.mark.usefixtures("hung")
    def test_form_of_somebody_else_does_nothing(
        self,
        request: pytest.FixtureRequest,
        alice: Person,
        action: str,
        who: str,
        status: int,
    ) -> None:
        """Neither a visitor nor another user is the host."""
        set_round(alice, hidden=action == "reveal")

        answer = request.getfixturevalue(who).post(f"{ROUND}/{action}")

        assert answer.status_code == status
        assert alice.get("/api/games/TEA").json()["rounds"][0]["hidden"] is (action == "reveal")

    @pytest.mark.usefixtures("hung")
    def test_form_for_a_round_that_is_not_there_makes_none(
        self,
        owner: Browser,
        alice: Person,
    ) -> None:
        """A form belongs to a page that was there."""
        answer = owner.post("/games/TEA/rounds/7/hide")

        assert answer.status_code == 404
        assert [each["round"] for each in alice.get("/api/games/TEA").json()["rounds"]] == [1]

    @pytest.mark.usefixtures("hung")
    def test_stranger_is_offered_no_button(
        self,
        passer_by: Browser,
        stranger: Browser,
    ) -> None:
        """Who isn't the host has nothing to press."""
        forms = [
            form["action"]
            for browser in (passer_by, stranger)
            for form in browser.page(ROUND).select("form[method=post]")
        ]

        assert [each for each in forms if each.startswith(ROUND)] == []
