"""Every route, asked by everybody about everything: the table says what they get.

What is refused changes nothing, and says what is said of things that
don't exist: the whole answers are compared, not only their status.
"""

from collections.abc import Iterator

import pytest

from tests.views.access.rules import Role, Row
from tests.views.access.stage import Stage, path_of, routes
from tests.views.access.table import TABLE
from tests.views.access.things import Args, Thing, missing_like
from tests.views.listening import let_listeners_go

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OWNERS_ALONE = ("private", "hidden")
STRANGER, OWNER = Role("bob", "cookie"), Role("alice", "key")
LISTENING = "GET /api/games/<code>/rounds/<number>/events"
RULES = sorted({route.partition(" ")[2] for route in routes()})


def test_every_row_has_a_route() -> None:
    """A row whose route is gone has to go as well."""
    assert set(TABLE) - set(routes()) == set()


@pytest.mark.parametrize("route", routes())
def test_everybody_gets_what_the_table_says(stage: Stage, route: str) -> None:
    """The route answers each role about each visibility by the rule, and tells no stranger more."""
    row = row_of(route)

    wrong = [
        f"{route} about {thing.name}, {told}"
        for thing in row.things
        for told in differences(stage, route, row, thing)
    ]

    assert not wrong, "\n".join(wrong)


def row_of(route: str) -> Row:
    """Return a route's row; fail where there is none."""
    if route not in TABLE:
        pytest.fail(f"{route} is missing from the table: say there what it is about")
    return TABLE[route]


def differences(stage: Stage, route: str, row: Row, thing: Thing) -> Iterator[str]:
    """Yield in words what differs from the table."""
    is_safe = route.startswith("GET ")
    made = stage.one if is_safe else stage.make
    subjects = {visibility: made(thing, visibility) for visibility in thing.visibilities}
    asked = [(role, each) for each in subjects for role in stage.askers]
    refused = [(role, each) for role, each in asked if row.expected(role, each) >= 400]
    for role, visibility in refused:
        stage.hand_over(stage.askers[role], subjects[visibility])
    before = None if is_safe else stage.state()
    for role, visibility in refused:
        yield from refusals(stage, route, row, subjects[visibility], role, visibility)
    if not is_safe and stage.state() != before:
        yield "something was changed by somebody who was refused"
    for visibility, args in subjects.items():
        for role in stage.askers:
            if (role, visibility) not in refused:
                own = stage.make(thing, visibility) if row.once else args
                yield from permissions(stage, route, row, own, role, visibility)
        if route == LISTENING:
            let_listeners_go()


def permissions(
    stage: Stage, route: str, row: Row, args: Args, role: Role, visibility: str
) -> Iterator[str]:
    """Yield what is wrong with an answer to somebody who may have it."""
    asker, expected = stage.askers[role], row.expected(role, visibility)
    stage.hand_over(asker, args)
    request, options = stage.request(route, row, args)
    answer, _ = asker.ask(request, **options)
    if answer.status_code != expected:
        yield f"{visibility}, by {role.name}: {answer.status_code}, not {expected}"
    if visibility in OWNERS_ALONE and "public" in answer.headers["Cache-Control"]:
        yield f"{visibility}, by {role.name}: shared caches may keep the answer"
    if row.ends_session:
        for each in stage.askers.values():
            if each.role.who == role.who:
                each.begin()


def refusals(
    stage: Stage, route: str, row: Row, args: Args, role: Role, visibility: str
) -> Iterator[str]:
    """Yield what is wrong with a refusal: its status, or that it tells what is there."""
    asker, expected = stage.askers[role], row.expected(role, visibility)
    request, options = stage.request(route, row, args)
    told = asker.told(request, args, **options)
    if told.status != expected:
        yield f"{visibility}, by {role.name}: {told.status}, not {expected}"
        return
    missing = missing_like(args)
    other, same_options = stage.request(route, row, missing)
    if row.missing and expected == 404:
        other, same_options = f"PATCH {row.missing}", {"json": {}}
    of_missing = asker.told(other, missing, **same_options)
    if told != of_missing:
        yield f"{visibility}, by {role.name}: unlike a missing one, {told.beyond(of_missing)}"


@pytest.mark.parametrize("rule", RULES)
def test_other_verbs_tell_nothing(stage: Stage, rule: str) -> None:
    """A verb that the rule doesn't have is 405 for everybody, whatever is there."""
    known = {route.partition(" ")[0] for route in routes() if route.endswith(f" {rule}")}
    thing = row_of(f"{min(known)} {rule}").things[0]
    args = stage.one(thing, thing.visibilities[-1])
    missing = missing_like(args)

    wrong = []
    for role in (STRANGER, OWNER):
        asker = stage.askers[role]
        for verb in ("OPTIONS", *(verb for verb in VERBS if verb not in known)):
            told = asker.told(f"{verb} {path_of(rule, args)}", args)
            expected = 200 if verb == "OPTIONS" else 405
            if told.status != expected:
                wrong.append(f"{verb} {rule} by {role.name}: {told.status}, not {expected}")
            of_missing = asker.told(f"{verb} {path_of(rule, missing)}", missing)
            if told != of_missing:
                more = told.beyond(of_missing)
                wrong.append(f"{verb} {rule} tells {role.name} what is there: {more}")

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("route", [route for route in routes() if route.startswith("GET ")])
def test_head_tells_what_get_tells(stage: Stage, route: str) -> None:
    """HEAD answers as GET does, and sends no body."""
    row = row_of(route)

    wrong = []
    for thing in row.things:
        visibility = thing.visibilities[-1]
        args = stage.one(thing, visibility)
        request, _ = stage.request(route, row, args)
        for role in (STRANGER, OWNER):
            answer, body = stage.askers[role].ask(request.replace("GET", "HEAD", 1))
            if (answer.status_code, body) != (row.expected(role, visibility), b""):
                wrong.append(f"HEAD {route} by {role.name}: {answer.status_code}, {body[:50]!r}")

    assert not wrong, "\n".join(wrong)
