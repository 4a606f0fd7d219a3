"""Every kind of request, what each of them needs, and what may be answered where that is away."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import httpx

from tests.conftest import PASSWORD, Person
from tests.pictures import picture
from tests.views.asking import look_up
from tests.views.reading import Browser, heading, parse
from tests.views.saving import (
    illustrate,
    make_product,
    open_session,
    open_story,
    save_generation,
    save_round_image,
    save_session_image,
    send_product,
    sign,
)

# What weather takes away: rows to be read, rows to be written, objects to be read, room for more.
ROWS, WRITES, OBJECTS, ROOM = "rows", "writes", "objects", "room"
NOTHING: frozenset[str] = frozenset()
EVERY_ROW = frozenset({ROWS, WRITES})
EVERY_OBJECT = frozenset({OBJECTS, ROOM})
# Words from the inside, which nobody outside has any use for.
INSIDE = ("Traceback", "sqlite3", "psycopg", "sqlalchemy", "SELECT ", "botocore", "/tmp/", "rclone")
_AT_ONCE = 8
UPLOAD = {"Content-Type": "image/png"}


@dataclass
class World:
    """A gallery with something of each kind in it, and those who ask for it."""

    alice: Person
    visitor: Person
    browser: Browser
    guest: Browser
    token: str
    cookie: str
    image: dict[str, Any]
    session: str
    story: str
    free: str
    limited: str
    doomed: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def restock(self) -> None:
        """See to it that there are enough pictures to be deleted, and that nobody has seen."""
        while len(self.doomed) < 2:
            self.doomed.append(save_generation(self.alice)["id"])
        while len(self.unseen) < 2:
            self.unseen.append(save_generation(self.alice)["thumbnails"]["320"])
        # A list signs the downloads of what is new with links that are made once a day.
        for path in ("/api/images", "/api/games/TEA/rounds/1/images"):
            self.alice.get(path)


Ask = Callable[[World], httpx.Response]


@dataclass(frozen=True)
class Wish:
    """A request: what it needs, and the statuses that it is answered with where all is well."""

    name: str
    needs: frozenset[str]
    ask: Ask
    good: tuple[int, ...] = (200,)
    is_page: bool = False


def build_world(alice: Person, visitor: Person, browser: Browser, guest: Browser) -> World:
    """Fill a gallery over HTTP, in good weather; a guest's browser has only the form open."""
    token = guest.token()
    cookie = f"gallery={guest.http.cookies['gallery']}"
    guest.http.cookies.clear()
    image = save_generation(alice, visibility="public")
    alice.get(image["thumbnails"]["320"])
    session, story = open_session(alice), open_story(alice)
    save_session_image(alice, session)
    save_round_image(alice)
    illustrate(alice, story)
    make_product(alice)
    browser.sign_in(alice.email)
    world = World(
        alice=alice,
        visitor=visitor,
        browser=browser,
        guest=guest,
        token=token,
        cookie=cookie,
        image=image,
        session=session,
        story=story,
        free=sign(alice, image["id"])["url"],
        limited=sign(alice, image["id"], max_downloads=100)["url"],
    )
    world.restock()
    return world


def _upload(world: World) -> dict[str, Any]:
    colour = (next(world.numbers) % 256, 90, 30)
    return {"content": picture(colour=colour), "headers": UPLOAD}


def _save_story_page(world: World) -> httpx.Response:
    return world.alice.post(
        f"/api/stories/{world.story}/illustrations",
        files={"image": ("p.png", picture(), "image/png")},
        data={"description": "A lighthouse.", "pageNumber": str(1 + next(world.numbers))},
    )


def _sign_in_by_form(world: World) -> httpx.Response:
    """Send the form that was fetched in good weather; it may be sent again and again."""
    told = {"csrf_token": world.token, "email": world.alice.email, "password": PASSWORD}
    answer = world.guest.http.post("/login", data=told, headers={"Cookie": world.cookie})
    world.guest.http.cookies.clear()
    return answer


def _sign_in_by_program(world: World) -> httpx.Response:
    told = {"email": world.alice.email, "password": PASSWORD}
    return world.visitor.post("/api/auth/login", json=told)


def _delete(world: World) -> httpx.Response:
    answer = world.alice.delete(f"/api/images/{world.doomed[-1]}")
    if answer.status_code == 204:
        world.doomed.pop()
    return answer


def _look_at_unseen(world: World) -> httpx.Response:
    """Ask for a thumbnail that nobody has made yet."""
    answer = world.alice.get(world.unseen[-1])
    if answer.status_code == 200:
        world.unseen.pop()
    return answer


def _path(path: str) -> Ask:
    return lambda world: world.alice.get(path)


_READS = frozenset({ROWS})
_SENDS = frozenset({ROWS, OBJECTS})
_CHANGES = frozenset({ROWS, WRITES})
_SAVES = frozenset({ROWS, WRITES, ROOM})

WISHES = (
    Wish("health", NOTHING, _path("/healthz")),
    Wish("metrics", NOTHING, lambda w: w.visitor.get("/metrics")),
    Wish("static file", NOTHING, _path("/static/favicon.svg")),
    Wish("home page", _READS, _path("/"), is_page=True),
    Wish("signed-in page", _READS, lambda w: w.browser.get("/generations/"), is_page=True),
    Wish(
        "page of a picture", _READS, lambda w: w.alice.get(f"/images/{w.image['id']}"), is_page=True
    ),
    Wish("search", _READS, _path("/search?q=kettle"), is_page=True),
    Wish("statistics", _READS, _path("/api/stats")),
    Wish("list", _READS, _path("/api/images")),
    Wish("round", _READS, _path("/api/games/TEA/rounds/1/images")),
    Wish("original", _SENDS, lambda w: w.alice.get(w.image["image_url"]), (200, 302), is_page=True),
    Wish(
        "thumbnail",
        _SENDS,
        lambda w: w.alice.get(w.image["thumbnails"]["320"]),
        (200, 302),
        is_page=True,
    ),
    Wish("new thumbnail", _SENDS, _look_at_unseen, (200, 302), is_page=True),
    Wish("link", _SENDS, lambda w: w.visitor.get(w.free), (200, 302), is_page=True),
    Wish(
        "counted link",
        _SENDS | {WRITES},
        lambda w: w.visitor.get(w.limited),
        (200, 302),
        is_page=True,
    ),
    Wish("save a generation", _SAVES, lambda w: w.alice.post("/api/images", **_upload(w)), (201,)),
    Wish(
        "save in a session",
        _SAVES,
        lambda w: w.alice.put(f"/api/sessions/{w.session}/images/comparison", **_upload(w)),
        (200, 201),
    ),
    Wish(
        "replace in a round",
        _SAVES,
        lambda w: w.alice.put("/api/games/TEA/rounds/1/players/fox/image", **_upload(w)),
    ),
    Wish("save a story's page", _SAVES, _save_story_page, (201,)),
    Wish("save a product", _SAVES, lambda w: send_product(w.alice), (201,)),
    Wish("delete", _CHANGES, _delete, (204,)),
    Wish(
        "look a prompt up", _CHANGES, lambda w: look_up(w.alice, f"Moon {next(w.numbers)}"), (201,)
    ),
    Wish(
        "sign a link",
        _CHANGES,
        lambda w: w.alice.post(f"/api/images/{w.image['id']}/links", json={}),
        (201,),
    ),
    Wish("sign in by form", _CHANGES, _sign_in_by_form, (303,), is_page=True),
    Wish("sign in by program", _CHANGES, _sign_in_by_program),
)


def led_elsewhere(wishes: Sequence[Wish]) -> list[Wish]:
    """Return the wishes as they are where the storage serves by itself what it is known to have."""
    kept = ("original", "thumbnail", "link", "counted link")
    return [
        replace(each, needs=each.needs - {OBJECTS}) if each.name in kept else each
        for each in wishes
    ]


def judge(wish: Wish, answer: httpx.Response, weather: "Weather") -> str:
    """Return what came of a request: ``as ever``, or a refusal that says when to come back."""
    told = f"{wish.name}: {answer.status_code} {answer.text[:500]}"
    assert answer.status_code in (*wish.good, weather.refusal), told
    if answer.status_code in wish.good:
        assert not wish.needs & weather.away, told
        return "as ever"
    assert wish.needs & (weather.away | weather.shaky), told
    assert int(answer.headers["Retry-After"]) > 0, told
    assert not [word for word in INSIDE if word in answer.text], told
    if wish.is_page:
        assert heading(parse(answer)), told
    else:
        assert answer.headers["Content-Type"] == "application/problem+json", told
        assert answer.json()["status"] == answer.status_code, told
    return f"{answer.status_code} with Retry-After"


@dataclass(frozen=True, kw_only=True)
class Weather:
    """What is *away*, so that who needs it is refused; and what is *shaky*: who needs it may be."""

    away: frozenset[str] = NOTHING
    shaky: frozenset[str] = NOTHING
    refusal: int = 503


FAIR = Weather()


def ask_all(
    world: World, weather: Weather = FAIR, *, wishes: Sequence[Wish] = WISHES
) -> Counter[str]:
    """Make every request once, many at a time, and count what came of them.

    None hangs: those who ask are no more patient than the limits allow.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = list(pool.map(lambda wish: wish.ask(world), wishes))
    return Counter(
        judge(wish, answer, weather) for wish, answer in zip(wishes, answers, strict=True)
    )
