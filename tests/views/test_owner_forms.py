"""The owner's forms, sent the way a browser sends them: cookie, token and all."""

import re

import pytest

from tests.conftest import FixedClock, Person
from tests.views.reading import Browser, text_of

FORMS = (
    ("/images/{generation}/keep", {"keep": "1"}),
    ("/images/{generation}/delete", {}),
    ("/images/{generation}/links", {"expires_in": "3600"}),
    ("/galleries/session/{session}/links", {"expires_in": "3600"}),
    ("/galleries/session/{session}/visibility", {"visibility": "private"}),
    ("/links/{link}/revoke", {}),
)


@pytest.fixture
def places(alice: Person, generation: str, session: str) -> dict[str, str]:
    """What the addresses of forms are filled in with."""
    answer = alice.post(f"/api/images/{generation}/links", json={})
    return {"generation": generation, "session": session, "link": answer.json()["id"]}


@pytest.fixture
def state(alice: Person, places: dict[str, str]):
    """A function that returns all that the forms could change."""

    def told() -> list:
        image = alice.get(f"/api/images/{places['generation']}")
        return [
            image.status_code,
            image.json().get("keep"),
            alice.get(f"/api/sessions/{places['session']}").json()["visibility"],
            [(link["id"], link["live"]) for link in made_links(alice)],
        ]

    return told


def made_links(person: Person) -> list[dict]:
    links = person.get("/api/links").json()["links"]
    return [link for link in links if not link["standing"]]


@pytest.mark.parametrize(("action", "fields"), FORMS)
def test_form_without_a_token_changes_nothing(
    owner: Browser, places: dict[str, str], state, action: str, fields: dict[str, str]
) -> None:
    """A form that no page of ours offered is refused, though its sender is signed in."""
    before = state()

    answer = owner.http.post(action.format(**places), data=fields)

    assert answer.status_code == 400
    assert state() == before


@pytest.mark.parametrize(("action", "fields"), FORMS)
def test_form_of_somebody_else_is_a_404(
    stranger: Browser, places: dict[str, str], state, action: str, fields: dict[str, str]
) -> None:
    """What is alice's can't be changed by bob, who is told that it isn't there."""
    before = state()

    answer = stranger.post(action.format(**places), **fields)

    assert answer.status_code == 404
    assert state() == before


@pytest.mark.parametrize(("action", "fields"), FORMS)
def test_form_of_a_visitor_is_a_401(
    passer_by: Browser, places: dict[str, str], state, action: str, fields: dict[str, str]
) -> None:
    """A visitor is asked to sign in first."""
    before = state()

    answer = passer_by.post(action.format(**places), **fields)

    assert answer.status_code == 401
    assert state() == before


def test_keep_keeps_and_lets_go_again(owner: Browser, alice: Person, generation: str) -> None:
    """The owner keeps a picture, and the same form lets its time run again."""
    path = f"/images/{generation}"
    kept = owner.submit(path, f"{path}/keep")
    told = alice.get(f"/api/images/{generation}").json()["keep"]
    let_go = owner.submit(path, f"{path}/keep")

    assert (kept.status_code, kept.headers["Location"]) == (303, path)
    assert told is True
    assert let_go.status_code == 303
    assert alice.get(f"/api/images/{generation}").json()["keep"] is False


def test_keep_tells_what_happened(owner: Browser, generation: str) -> None:
    """After the form the page says that the picture is kept, once."""
    path = f"/images/{generation}"
    owner.submit(path, f"{path}/keep")

    notices = [owner.page(path).select(".flashes .notice") for _ in range(2)]

    assert [text_of(each) for each in notices[0]] == ["This picture is kept now."]
    assert notices[1] == []


def test_delete_removes_the_picture_and_goes_to_where_it_hung(
    owner: Browser, alice: Person, generation: str
) -> None:
    """A deleted generation is gone at once; its owner is back at the generations."""
    path = f"/images/{generation}"

    answer = owner.submit(path, f"{path}/delete")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/generations/")
    assert alice.get(f"/api/images/{generation}").status_code == 404


def test_delete_of_a_sessions_picture_goes_back_to_the_session(
    owner: Browser, alice: Person, session: str
) -> None:
    """After a picture of a gallery is deleted, its owner sees the rest of the gallery."""
    (image,) = alice.get(f"/api/sessions/{session}/images").json()["images"]
    path = f"/images/{image['id']}"

    answer = owner.submit(path, f"{path}/delete")

    assert answer.headers["Location"] == f"/sessions/{session}"
    assert alice.get(f"/api/sessions/{session}/images").json()["images"] == []


def test_new_link_is_shown_in_full_once(
    owner: Browser, passer_by: Browser, generation: str
) -> None:
    """The page shows a new link once; it works for whoever gets it."""
    path = f"/images/{generation}"
    owner.submit(path, f"{path}/links", expires_in="86400")

    first, second = owner.page(path), owner.page(path)

    url = first.select_one("#fresh-link")["value"]
    assert re.fullmatch(r"/d/[\w.-]+", url)
    assert "15 Mar 2026, 15:09 UTC" in text_of(first.select_one(".fresh-link"))
    assert second.select("#fresh-link") == []
    assert passer_by.get(url).status_code == 200


def test_new_link_is_shown_on_no_other_page(owner: Browser, session: str, generation: str) -> None:
    """A link to one thing is not offered beside another."""
    path = f"/images/{generation}"
    owner.submit(path, f"{path}/links", expires_in="86400")

    other, own = owner.page(f"/sessions/{session}"), owner.page(path)

    assert other.select("#fresh-link") == []
    assert len(own.select("#fresh-link")) == 1


def test_new_link_is_not_left_to_the_next_user_of_the_browser(
    owner: Browser, alice: Person, generation: str
) -> None:
    """Signing out leaves nothing behind in the browser, not even for who may see the page."""
    path = f"/images/{generation}"
    owner.submit(path, f"{path}/links", expires_in="86400")
    owner.post("/logout")

    owner.sign_in(alice.email)

    assert owner.page(path).select("#fresh-link") == []


def test_token_from_before_signing_out_is_no_good_after(owner: Browser) -> None:
    """Signing out leaves no token behind in the browser."""
    kept = owner.token()
    owner.post("/logout")

    answer = owner.http.post("/login", data={"csrf_token": kept, "email": "x", "password": "x"})

    assert answer.status_code == 400


def test_token_from_before_signing_in_is_no_good_after(owner: Browser, generation: str) -> None:
    """Who planted a cookie in somebody's browser can't forge their forms."""
    owner.post("/logout")
    planted = owner.token()
    owner.sign_in("alice@gallery.example")

    answer = owner.http.post(
        f"/images/{generation}/keep", data={"csrf_token": planted, "keep": "1"}
    )

    assert answer.status_code == 400


def test_new_link_keeps_to_what_the_form_says(
    owner: Browser, alice: Person, generation: str
) -> None:
    """Size, disposition and number of downloads are those that were chosen."""
    path = f"/images/{generation}"

    owner.submit(path, f"{path}/links", variant="320", disposition="inline", max_downloads="2")

    (link,) = made_links(alice)
    assert (
        link
        | {
            "variant": "320",
            "disposition": "inline",
            "max_downloads": 2,
            "expires_at": "2026-03-21T15:09:26Z",
        }
        == link
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"expires_in": "0"},
        {"expires_in": "-5"},
        {"expires_in": "x"},
        {"expires_in": "９"},
        {"expires_in": "99999999999"},
        {"expires_in": "9" * 5000},
        {"variant": "321"},
        {"disposition": "x"},
        {"max_downloads": "0"},
        {"max_downloads": "1000001"},
    ],
)
def test_link_form_with_nonsense_is_a_422_page(
    owner: Browser, alice: Person, generation: str, fields: dict[str, str]
) -> None:
    """Values that the form doesn't offer are refused, and no link is made."""
    answer = owner.post(f"/images/{generation}/links", **fields)

    assert answer.status_code == 422
    assert made_links(alice) == []


@pytest.mark.parametrize("kind", ["session", "game", "story"])
def test_share_form_makes_a_link_to_the_gallery(
    request: pytest.FixtureRequest, owner: Browser, passer_by: Browser, kind: str
) -> None:
    """The owner of a gallery makes a link that opens it; its page shows it once."""
    slug = request.getfixturevalue(kind)
    path = {"session": "/sessions/", "game": "/games/", "story": "/stories/"}[kind] + slug

    answer = owner.submit(path, f"/galleries/{kind}/{slug}/links")
    url = owner.page(path).select_one("#fresh-link")["value"]

    assert (answer.status_code, answer.headers["Location"]) == (303, path)
    assert passer_by.get(url).status_code == 200
    assert owner.page(path).select("#fresh-link") == []


@pytest.mark.parametrize("visibility", ["private", "unlisted", "public"])
def test_visibility_form_changes_gallery_and_pictures(
    owner: Browser, alice: Person, session: str, visibility: str
) -> None:
    """What the owner chooses holds for the gallery and all its pictures."""
    path = f"/sessions/{session}"

    answer = owner.submit(path, f"/galleries/session/{session}/visibility", visibility=visibility)

    told = alice.get(f"/api/sessions/{session}").json()
    assert (answer.status_code, answer.headers["Location"]) == (303, path)
    assert told["visibility"] == visibility
    assert [image["visibility"] for image in told["images"]] == [visibility]


def test_visibility_form_with_nonsense_is_a_422_page(
    owner: Browser, alice: Person, session: str
) -> None:
    """A visibility that there isn't changes nothing."""
    answer = owner.post(f"/galleries/session/{session}/visibility", visibility="secret")

    assert answer.status_code == 422
    assert alice.get(f"/api/sessions/{session}").json()["visibility"] == "public"


@pytest.mark.parametrize("tail", ["links", "visibility"])
def test_gallery_form_of_a_kind_that_there_is_not_is_a_404(owner: Browser, tail: str) -> None:
    """Only sessions, games and stories are galleries."""
    answer = owner.post(f"/galleries/product/x/{tail}", visibility="public")

    assert answer.status_code == 404


def test_revoke_on_the_pictures_page_ends_the_link(
    owner: Browser, passer_by: Browser, alice: Person, generation: str
) -> None:
    """The owner takes a link back where it is listed, and it opens nothing any more."""
    made = alice.post(f"/api/images/{generation}/links", json={}).json()
    path = f"/images/{generation}"

    answer = owner.submit(path, f"/links/{made['id']}/revoke")

    assert (answer.status_code, answer.headers["Location"]) == (303, path)
    assert passer_by.get(made["url"]).status_code == 410
    assert "Revoked 14 Mar 2026, 15:09 UTC" in text_of(owner.page(path).select_one("ul.links"))


def test_revoke_on_the_gallerys_page_ends_the_share(
    owner: Browser, passer_by: Browser, alice: Person, session: str
) -> None:
    """A share is taken back on the page of its gallery."""
    made = alice.post(f"/api/galleries/sessions/{session}/links", json={}).json()
    path = f"/sessions/{session}"

    answer = owner.submit(path, f"/links/{made['id']}/revoke")

    assert (answer.status_code, answer.headers["Location"]) == (303, path)
    assert passer_by.get(made["url"]).status_code == 410


def test_list_of_links_tells_how_each_stands(
    owner: Browser, passer_by: Browser, alice: Person, generation: str, clock: FixedClock
) -> None:
    """The owner reads how often a link was used, and whether it still works."""
    used = alice.post(f"/api/images/{generation}/links", json={"max_downloads": 3}).json()
    clock.move(seconds=1)
    alice.post(f"/api/images/{generation}/links", json={"expires_in": 60})
    passer_by.get(used["url"])
    clock.move(hours=1)

    rows = [text_of(row) for row in owner.page(f"/images/{generation}").select("ul.links li")]

    assert "Ended 14 Mar 2026, 15:10 UTC · used 0 times" in rows[0]
    assert "Works until 21 Mar 2026, 15:09 UTC · used 1 of 3 times" in rows[1]
    assert [row.endswith("Revoke") for row in rows] == [False, True]
