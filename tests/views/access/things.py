"""What the table's requests are about: each thing is somebody's, and made anew when asked for.

A thing's arguments are what paths and bodies are filled in with, under the
names that the URL map has for them. Every text of it begins with its mark,
so that it is known again wherever it is told.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex
from typing import Any

from tests.conftest import PASSWORD, Person, client_of
from tests.pictures import picture
from tests.views.reading import Browser
from tests.views.saving import (
    illustrate,
    open_session,
    open_story,
    save_generation,
    save_round_image,
    save_session_image,
    share,
    sign,
)

Args = dict[str, str]
Make = Callable[[Person, str, str], Args]
VISIBILITIES = ("public", "unlisted", "private")
HIDEABLE = (*VISIBILITIES, "hidden")
MARK = "kettle"
# Ids that nothing has, by what they would name.
NO_IMAGE = "019cece5-2470-721e-88e2-b93fb8925f53"
NOBODYS = {
    "image_id": NO_IMAGE,
    "link_id": "019cece5-2470-721e-88e2-b93fb8925f54",
    "product_id": "019cece5-2470-721e-88e2-b93fb8925f55",
    "session_id": "019cece5-2470-721e-88e2-b93fb8925f56",
    "key_id": "019cece5-2470-721e-88e2-b93fb8925f57",
}


@dataclass(frozen=True)
class Thing:
    """Something that can be asked about; ``make`` takes its owner, its visibility and its mark."""

    name: str
    make: Make
    visibilities: tuple[str, ...] = VISIBILITIES


def content_of(mark: str) -> bytes:
    """Return a picture that is like no other mark's."""
    return picture(colour=tuple(sha256(mark.encode()).digest()[:3]))


def words_of(mark: str) -> dict[str, str]:
    """Return what is told of a picture when it is saved."""
    names = ("prompt", "negative_prompt", "model", "service", "style", "category")
    parameters = json.dumps({"parameter": f"{mark} parameter"})
    return {name: f"{mark} {name}" for name in names} | {"parameters": parameters}


def _session(owner: Person, visibility: str, mark: str) -> Args:
    session = open_session(owner, title=f"{mark} session", visibility=visibility)
    image = save_session_image(owner, session, content=content_of(mark), **words_of(mark))
    names = {"session_id": session, "image_type": "main", "kind": "session", "slug": session}
    return names | _picture(image)


def _round(owner: Person, visibility: str, mark: str) -> Args:
    code, player = f"G{token_hex(8).upper()}", f"{mark}-fox"
    told = {
        "submission_id": f"{mark} submission",
        "completed_sentence": f"{mark} sentence",
        "cards": [f"{mark} card"],
    }
    expected, is_hidden = [player, f"{mark}-owl"], visibility == "hidden"
    # A game appears with its first round; its pictures are to be what it is from the beginning.
    _change(owner, f"/api/games/{code}/rounds/1", hidden=is_hidden, players=expected)
    shown = "public" if is_hidden else visibility
    _change(owner, f"/api/galleries/game/{code}", title=f"{mark} game", visibility=shown)
    image = save_round_image(owner, code, 1, player, content_of(mark), **told, **words_of(mark))
    names = {"code": code, "number": "1", "player": player, "kind": "game", "slug": code}
    return names | _picture(image)


def _story(owner: Person, visibility: str, mark: str) -> Args:
    story = open_story(owner, title=f"{mark} story", visibility=visibility)
    words = words_of(mark) | {"description": f"{mark} page"}
    page = illustrate(owner, story, content=content_of(mark), **words)
    names = {"story_id": story, "page": "1", "kind": "story", "slug": story}
    image = owner.get(f"/api/images/{page['id']}").json()
    return names | _picture(image) | {"filename": page["url"].removeprefix("/generated/")}


def _generation(owner: Person, visibility: str, mark: str) -> Args:
    words = words_of(mark) | {"visibility": visibility}
    image = save_generation(owner, content_of(mark), **words)
    rest = image["image_url"].removeprefix("/outputs/images/generations/")
    return _picture(image) | {"rest": rest, "key": image["key"]}


def _product(owner: Person, _visibility: str, mark: str) -> Args:
    files = [("images[]", (f"{mark}-{n}.png", content_of(f"{mark}{n}"), "image/png")) for n in "12"]
    told = {"prompt_text": f"{mark} product, as it is told of"}
    answer = owner.post("/api/products", data=told, files=files)
    assert answer.status_code == 201, answer.text
    product = answer.json()["id"]
    images = owner.get(f"/api/products/{product}").json()["images"]
    return {"product_id": product} | _picture(images[-1])


def _sign_in(owner: Person, _visibility: str, _mark: str) -> Args:
    told = {"email": owner.email, "password": PASSWORD}
    tokens = owner.http.post("/api/auth/login", json=told).json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    listed = owner.http.get("/api/auth/sessions", headers=bearer).json()["sessions"]
    (session,) = (each["id"] for each in listed if each["current"])
    return {"session_id": session, "refresh_token": tokens["refresh_token"]}


def _key(owner: Person, _visibility: str, _mark: str) -> Args:
    with client_of(owner.http.base_url) as http:
        browser = Browser(http)
        browser.sign_in(owner.email)
        browser.post("/account/keys", name="spare")
        forms = browser.page("/account").select("form[action$='/revoke']")
        (spare, *_) = (form["action"] for form in forms if "spare" in form.find_parent("li").text)
    return {"key_id": str(spare).split("/")[-2]}


def _download(owner: Person, visibility: str, mark: str) -> Args:
    args = _round(owner, visibility, mark)
    return args | _signed(sign(owner, args["image_id"]))


def _share(owner: Person, visibility: str, mark: str) -> Args:
    args = _round(owner, visibility, mark)
    return args | _signed(share(owner, "game", args["slug"])) | _asset()


def _picture(image: dict[str, Any]) -> Args:
    version = image["thumbnails"]["320"].rpartition("-")[2].removesuffix(".webp")
    return {"image_id": image["id"], "width": "320", "version": version}


def _change(owner: Person, path: str, **changes: Any) -> None:
    answer = owner.patch(path, json=changes)
    assert answer.status_code == 200, answer.text


def _signed(link: dict[str, Any]) -> Args:
    return {"link_id": link["id"], "token": link["url"].rpartition("/")[2]}


def _asset(*_of_nobody: object) -> Args:
    return {"filename": "css/gallery.css"}


NOTHING = Thing("nothing in particular", lambda *_: {}, ("public",))
ASSET = Thing("a style sheet", _asset, ("public",))
SESSION = Thing("a session", _session)
ROUND = Thing("a round", _round, HIDEABLE)
STORY = Thing("a story", _story)
GENERATION = Thing("a generation", _generation)
DOWNLOAD = Thing("a link to a picture", _download, HIDEABLE)
SHARE = Thing("a link to a gallery", _share, HIDEABLE)
PRODUCT = Thing("a product", _product, ("private",))
SIGN_IN = Thing("a sign-in", _sign_in, ("private",))
KEY = Thing("a key", _key, ("private",))
GALLERIES = (SESSION, ROUND, STORY)
# Whatever it hangs in, a picture is asked for by its id.
PICTURES = (GENERATION, PRODUCT, *GALLERIES)
SOME_PICTURES = (GENERATION, PRODUCT, ROUND)
LINKS = (DOWNLOAD, SHARE)
EVERYTHING = (*PICTURES, *LINKS)


def link_to(alice: Person, args: Args) -> str:
    """Return the path of a live link to a thing: to its gallery, or else to its picture."""
    if "slug" in args:
        return str(share(alice, args["kind"], args["slug"])["url"])
    return str(sign(alice, args["image_id"])["url"])


def _missing(name: str, value: str) -> str:
    """Return what stands for a thing that was never there, as long as what names one that is."""
    if name in NOBODYS and value.count("-") == 4:
        return NOBODYS[name]
    if name in ("session_id", "story_id", "code", "slug"):
        return "N" + "0" * (len(value) - 1)
    if name == "token":
        return value.swapcase()
    return value.replace("2026", "2025").replace("story-1", "story-2")


# What names a thing: who sent these may read them in the answer.
NAMES = (*NOBODYS, "story_id", "code", "slug", "token", "rest", "filename", "key")


def missing_like(args: Args) -> Args:
    """Return the arguments of such a thing that doesn't exist."""
    return {name: _missing(name, value) if name in NAMES else value for name, value in args.items()}


def without(text: str, args: Args) -> str:
    """Return *text* without the names of the thing, which are told to who sent them."""
    # A token first: it holds the names of what it opens.
    for name in sorted(set(NAMES) & args.keys(), key=lambda name: -len(args[name])):
        text = text.replace(args[name], f"<{name}>")
    return text
