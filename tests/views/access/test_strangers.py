"""What alice keeps to herself makes no difference to anybody else.

Every list is read by strangers before and after she makes private and
unlisted things, and uses them: not a byte may change, so neither items nor
counts, figures, cursors or ETags tell of them. Then every route is asked
about these things, and no text of their rows may be in any answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import pytest

from tests.views.access.asking import Told, all_that_is_told
from tests.views.access.rules import About, Role
from tests.views.access.secrets import SHARED_SENTENCE, Kept, keep_everything, texts_in
from tests.views.access.stage import PARAMETER, Stage, routes
from tests.views.access.table import TABLE
from tests.views.access.things import Args, missing_like
from tests.views.asking import WAIT, generate
from tests.views.saving import save_round_image, show_to

STRANGERS = (Role("visitor", ""), Role("bob", "cookie"), Role("bob", "key"))
# The operator's numbers count everything there is; whom they shouldn't tell, a token keeps out.
READ = [route for route in routes() if route.startswith("GET ") and route != "GET /metrics"]
LISTS = [route for route in READ if not PARAMETER.search(route)]
# Events have no end, and say what the round's images say.
SHOWS = [route for route in READ if route not in LISTS and not route.endswith("/events")]
# A request about something that a stranger knows the address of, and so may see.
WITH_ADDRESS = {About.FRAME, About.SEEN}
MARK = "quokka"
QUERIES = ("limit=1", f"q={MARK}", "q=teapot", f"model={MARK}-private+model", "kind=session")
NARROWED = (
    "GET /search",
    "GET /generations/",
    "GET /api/images",
    "GET /api/sessions",
    "GET /api/games",
)
Answers = dict[tuple[str, Role, str], Told]


@dataclass(frozen=True)
class Worlds:
    """What strangers were told by lists before and after alice kept things to herself."""

    before: Answers
    after: Answers
    kept: Kept

    def told_anew(self, route: str) -> list[str]:
        """Return in words what a route tells after and didn't before."""
        return [
            f"{request} tells {role.name}: {self.after[asked].beyond(told)}"
            for asked, told in self.before.items()
            for about, role, request in (asked,)
            if about == route and self.after[asked] != told
        ]


@pytest.fixture(scope="module")
def worlds(stage: Stage) -> Worlds:
    public = keep_everything(stage.alice, "public", "kettle")
    # Bob has everything that alice has: what is found in her rows alone is hers alone.
    keep_everything(stage.bob, "private", "teapot")
    save_round_image(stage.bob, "SHOWN", player="bob")
    show_to(stage.bob, "public", "game", "SHOWN")
    answer = generate(stage.bob, "owl", SHARED_SENTENCE, code="SHOWN", headers=WAIT)
    assert answer.status_code == 201, answer.text
    known, before = set(texts_in(stage.state()[0])), read(stage, public)
    things = keep_everything(stage.alice, "private", f"{MARK}-private")
    things |= keep_everything(stage.alice, "unlisted", f"{MARK}-unlisted")
    secrets = frozenset(texts_in(stage.state()[0])) - known | {MARK}
    return Worlds(before, read(stage, public), Kept(things, secrets))


def read(stage: Stage, public: dict[tuple[str, str], Args]) -> Answers:
    """Read all that strangers may: every list, and everything that is public."""
    lists = [
        (route, f"{route}?{query}")
        for route in LISTS
        for query in ("", *(QUERIES if route in NARROWED else ()))
    ]
    shown = [
        (route, stage.request(route, TABLE[route], args)[0])
        for route, args in product(SHOWS, public.values())
        if set(PARAMETER.findall(route)) <= args.keys()
    ]
    return {
        (route, role, request): stage.askers[role].told(request)
        for role, (route, request) in product(STRANGERS, [*lists, *shown])
    }


@pytest.mark.parametrize("route", LISTS)
def test_list_is_the_same_to_strangers_whatever_alice_keeps(worlds: Worlds, route: str) -> None:
    """Items, counts, figures, cursors and headers are what they were before her things came."""
    wrong = worlds.told_anew(route)

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("route", SHOWS)
def test_what_is_public_leads_to_nothing_that_alice_keeps(worlds: Worlds, route: str) -> None:
    """Her public things tell of no other, not even as their neighbours."""
    wrong = worlds.told_anew(route)

    assert not wrong, "\n".join(wrong)


def test_lists_of_the_test_hold_something(worlds: Worlds) -> None:
    """The lists that strangers read are not all empty, and alice's words are worth finding."""
    told = worlds.after["GET /api/images", Role("bob", "key"), "GET /api/images?"]

    assert "kettle" in told.body
    assert "teapot" in told.body
    assert len(worlds.kept.secrets) > 200


@pytest.mark.parametrize("role", STRANGERS, ids=[role.name for role in STRANGERS])
def test_no_answer_tells_strangers_what_alice_keeps(
    stage: Stage, worlds: Worlds, role: Role
) -> None:
    """No route tells any of her private words, ids or hashes, whatever it is asked about."""
    wrong = []
    for route, args in questions(worlds.kept):
        request, options = stage.request(route, TABLE[route], args)
        told = all_that_is_told(*stage.askers[role].ask(request, **options))
        found = worlds.kept.found_in(told, args, missing_like(args))
        wrong += [f"{request}: {found}"] if found else []

    assert not wrong, "\n".join(wrong)


def questions(kept: Kept) -> Iterator[tuple[str, Args]]:
    """Yield every route with each of alice's things that it can be asked about."""
    for route, row in TABLE.items():
        if row.about is About.SIGNED or row.ends_session or row.by_body:
            continue
        names = set(PARAMETER.findall(route))
        for (visibility, _), args in list(kept.things.items())[: None if names else 1]:
            is_shown = visibility == "unlisted" and row.about in WITH_ADDRESS
            if names <= args.keys() and not is_shown:
                yield route, args


def test_cursors_of_alice_lead_strangers_nowhere(stage: Stage, worlds: Worlds) -> None:
    """With a cursor out of her lists, others go on in their own."""
    cursors = {
        (route, cursor)
        for route in LISTS
        if route.startswith("GET /api/")
        for cursor in walk(stage, route)
    }

    wrong = []
    for (route, cursor), role in product(sorted(cursors), STRANGERS):
        told = all_that_is_told(*stage.askers[role].ask(f"{route}?limit=2&cursor={cursor}"))
        found = worlds.kept.found_in(told.replace(cursor, ""))
        wrong += [f"{route} tells {role.name}: {found}"] if found else []

    assert len(cursors) > 20
    assert not wrong, "\n".join(wrong)


def walk(stage: Stage, route: str) -> Iterator[str]:
    """Yield the cursors of a list of alice's, item by item."""
    path = f"{route.removeprefix('GET ')}?limit=1"
    while True:
        answer = stage.alice.get(path)
        if "next" not in answer.links:
            return
        path = answer.links["next"]["url"]
        yield path.rpartition("cursor=")[2]
