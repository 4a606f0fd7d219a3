"""A gallery in which one text stands wherever somebody may write one, and all of its pages."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from flask import Flask
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import update

from gallery import create_app
from gallery.extensions import db, writing
from gallery.models import User
from tests.attacks.siege import Siege
from tests.conftest import SECRET, FixedClock, Person, client_of, joined, serving, share_statements
from tests.pictures import picture
from tests.views.access.stage import PARAMETER
from tests.views.access.things import NO_IMAGE
from tests.views.asking import WAIT, Painter, draw_scene, generate
from tests.views.reading import Browser
from tests.views.saving import (
    illustrate,
    make_product,
    open_session,
    open_story,
    save_generation,
    save_round_image,
    save_session_image,
    share,
    sign,
)

Args = dict[str, str]
PAGE = "text/html"
# A page that names a file, with nothing in the name that is in no name.
NAMED = "no photo"
# The reference is long, and the same whatever is kept.
LEFT_OUT = ("/api/docs", "/api/games/<code>/rounds/<number>/events")
# What pages show again of an address or of a form, beside what is kept.
ASKED = (
    "/search?q={text}",
    "/generations/?model={text}",
    "/generations/?category={text}",
    "/products/?status={text}",
    "/login?next=/{text}",
    "/games/{code}/rounds/1/reveal?at=1",
    "/games/{code}/rounds/1/reveal?at=2",
    "/sessions/?cursor={text}",
    "/nowhere/{text}",
    "/images/{photo}",
    "/images/{page_image}",
    "/images/{session_image}",
    "/images/{failed}",
    "/d/{ended}",
    "/s/{ended_share}",
)


@dataclass
class World:
    """A served gallery of alice's that is furnished with one text."""

    text: str
    app: Flask
    siege: Siege
    visitor: Browser
    owner: Browser
    args: Args

    def pages(self) -> Iterator[tuple[str, httpx.Response]]:
        """Yield every page as alice gets it, and what a visitor gets otherwise, by its route."""
        asked = [route for route in self._routes() if route in ASKED or route.startswith("/s/")]
        routes = {"visitor": (self.visitor, asked), "alice": (self.owner, self._routes())}
        for who, (browser, seen) in routes.items():
            for route in seen:
                answer = browser.http.get(self._filled_in(route))
                if answer.headers["Content-Type"].startswith(PAGE):
                    yield f"{who} at {route}", answer
        for name, answer in self._forms():
            yield name, answer

    def _routes(self) -> list[str]:
        rules = (rule for rule in self.app.url_map.iter_rules() if "GET" in rule.methods)
        routes = [*sorted({rule.rule for rule in rules}.difference(LEFT_OUT)), *ASKED]
        # What can be no address of ours is not gone on to.
        is_address = self.text.isprintable() and "\\" not in self.text
        return [route for route in routes if is_address or "next=" not in route]

    def _filled_in(self, route: str) -> str:
        quoted = {"text": str(httpx.QueryParams({"": self.text}))[1:]}
        path = PARAMETER.sub(lambda found: self.args[found[1]], route)
        return path.format_map(self.args | quoted) if route in ASKED else path

    def _forms(self) -> Iterator[tuple[str, httpx.Response]]:
        """Yield the pages that answer forms, most of which are refused."""
        owner, text, product = self.owner, self.text, f"/products/{self.args['product_id']}"
        yield "wrong password", self.visitor.post("/login", email=text)
        yield "new key", owner.post("/account/keys", name=text)
        yield "long name of a key", owner.post("/account/keys", name=text * 9)
        yield "long text", owner.post(f"{product}/text", prompt_text=text * 99)
        yield "other status", owner.post(f"{product}/status", status=text)
        key = owner.page("/account").select_one("form[action$='/revoke']")["action"]
        owner.post(str(key))
        yield "key is revoked", owner.get("/account")
        no_photo = [("images[]", (f"{text}.png", b"no picture", "image/png"))]
        told = {"csrf_token": owner.token(), "prompt_text": text}
        yield NAMED, owner.http.post("/products/", data=told, files=no_photo)


@contextmanager
def world(instance: Path, text: str) -> Iterator[World]:
    """Serve a gallery in a folder that holds an empty database, with *text* all over it."""
    clock, limits = FixedClock(), dict.fromkeys(("LOGIN", "READS", "WRITES"), "none")
    settings = {f"RATE_LIMIT_{name}": rate for name, rate in limits.items()}
    app = create_app({"SECRET_KEY": SECRET, **settings}, instance_path=str(instance), clock=clock)
    share_statements(app)
    siege = Siege(app)
    with ExitStack() as stack:
        address = stack.enter_context(serving(app))
        alice = stack.enter_context(contextmanager(joined)(app, address, "alice"))
        _rename(app, alice, text)
        painter = Painter()
        painter.may_finish.set()
        app.extensions["gallery"].studio.generators = {painter.name: painter}
        # Pages hang in the order of their times, which are to be the same in every world.
        alice.http.event_hooks["request"].append(lambda _: clock.move(seconds=1))
        args = _furnish(alice, painter, text)
        browsers = [Browser(stack.enter_context(client_of(address))) for _ in range(2)]
        browsers[1].sign_in(alice.email)
        yield World(text, app, siege, *browsers, args)
    siege.check()
    app.extensions["gallery"].studio.close()
    app.extensions["gallery"].tally.flush()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def _rename(app: Flask, person: Person, name: str) -> None:
    with app.app_context(), writing() as session:
        session.execute(update(User).where(User.id == person.viewer.user_id).values(name=name))


def _furnish(alice: Person, painter: Painter, text: str) -> Args:
    """Write *text* into everything that takes one, and return what names it all."""
    args = _galleries(alice, text)
    generation = save_generation(alice, _speaking(text), visibility="public", **_words(text))
    product = make_product(alice, 2, text)
    photo = alice.get(f"/api/products/{product['id']}").json()["images"][0]
    for move in ({"status": "processing"}, {"status": "failed", "error": text}):
        assert alice.post(f"/api/products/{product['id']}/status", json=move).is_success
    painter.reason = text
    failed = generate(alice, "owl", f"{text} fails", headers=WAIT).json()
    draw_scene(alice, args["story_id"], f"{text} fails too", pageNumber=2, headers=WAIT)
    rest = generation["image_url"].removeprefix("/outputs/images/generations/")
    version = generation["thumbnails"]["320"].rpartition("-")[2].removesuffix(".webp")
    return args | _links(alice, generation["id"], args["code"]) | {
        "image_id": generation["id"],
        "rest": rest,
        "key": generation["key"].removesuffix(".png"),
        "width": "320",
        "version": version,
        "product_id": product["id"],
        "photo": photo["id"],
        "failed": failed["id"],
        "kind": "session",
        "number": "1",
        "page": "1",
        "player": "fox",
        "image_type": "main",
        "link_id": NO_IMAGE,
        "key_id": NO_IMAGE,
    }  # fmt: skip


def _galleries(alice: Person, text: str) -> Args:
    words = _words(text)
    session = open_session(alice, title=text, visibility="public")
    main = save_session_image(alice, session, **words)
    round_ = {"submission_id": text, "completed_sentence": text, "cards": [text]}
    save_round_image(alice, **round_, **words)
    alice.patch("/api/galleries/game/TEA", json={"title": text, "visibility": "public"})
    story = open_story(alice, title=text, visibility="public")
    page = illustrate(alice, story, **words | {"description": text})
    return {
        "session_id": session,
        "session_image": main["id"],
        "code": "TEA",
        "story_id": story,
        "page_image": page["id"],
        "filename": page["url"].removeprefix("/generated/"),
        "slug": session,
    }


def _links(alice: Person, image_id: str, code: str) -> Args:
    links = {"ended": sign(alice, image_id), "ended_share": share(alice, "game", code)}
    for link in links.values():
        alice.delete(f"/api/links/{link['id']}")
    links["token"] = share(alice, "game", code)
    return {name: link["url"].rpartition("/")[2] for name, link in links.items()}


def _words(text: str) -> dict[str, str]:
    """Return what is told of a picture when it is saved."""
    names = ("prompt", "negative_prompt", "model", "service", "style", "category")
    return dict.fromkeys(names, text) | {"parameters": json.dumps({text: text})}


def _speaking(text: str) -> bytes:
    """Return a picture whose file says who drew what, in the words of one generator."""
    said = PngInfo()
    said.add_itxt("parameters", f"{text}\nNegative prompt: {text}\nSteps: 20, Sampler: {text}, "
                                f"Seed: 1, Size: 48x32, Model: {text}")  # fmt: skip
    said.add_itxt("Comment", text)
    # As heavy as any other, since pages tell what it weighs.
    said.add_text("padding", "x" * (2_000 - 5 * len(text.encode())))
    return picture(pnginfo=said)
