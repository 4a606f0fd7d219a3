"""The stage that the table is walked on: a gallery that is served, and everybody who asks."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask

from gallery import create_app
from gallery.extensions import db
from tests.attacks.siege import Siege, state
from tests.conftest import SECRET, FixedClock, Person, joined, serving
from tests.reliability import tell
from tests.views.access.asking import Asker
from tests.views.access.rules import ROLES, Role, Row
from tests.views.access.things import MARK, Args, Thing, link_to
from tests.views.asking import Painter

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_fresh = count(1)


@lru_cache(maxsize=1)
def routes() -> tuple[str, ...]:
    """Return all routes of the URL map, such as ``GET /``; HEAD and OPTIONS follow from them."""
    with TemporaryDirectory() as instance:
        app = create_app({"SECRET_KEY": SECRET}, instance_path=instance)
    return tuple(
        sorted(
            f"{method} {rule.rule}"
            for rule in app.url_map.iter_rules()
            for method in rule.methods - {"HEAD", "OPTIONS"}
        )
    )


def path_of(route: str, args: Args) -> str:
    """Return the path of a route, or of its rule alone, about a thing with these arguments."""
    rule = route.rpartition(" ")[2]
    return PARAMETER.sub(lambda parameter: args[parameter[1]], rule)


@dataclass
class Stage:
    """A served gallery in which all things are alice's."""

    app: Flask
    clock: FixedClock
    alice: Person
    bob: Person
    askers: dict[Role, Asker]
    _made: dict[tuple[str, str], Args] = field(default_factory=dict)
    _followed: set[str] = field(default_factory=set)

    def make(self, thing: Thing, visibility: str) -> Args:
        """Make a thing that nobody has touched."""
        return thing.make(self.alice, visibility, MARK)

    def one(self, thing: Thing, visibility: str) -> Args:
        """Return a thing to look at; whoever changes one makes their own."""
        if (thing.name, visibility) not in self._made:
            self._made[thing.name, visibility] = self.make(thing, visibility)
        return self._made[thing.name, visibility]

    def request(self, route: str, row: Row, args: Args) -> tuple[str, dict[str, Any]]:
        """Return the request of a row about a thing, as ``ask`` takes it."""
        method = route.partition(" ")[0]
        query = f"?{row.query}" if row.query else ""
        options = row.filled_in(args | {"fresh": f"number {next(_fresh)}"})
        return f"{method} {path_of(route, args)}{query}", options

    def hand_over(self, asker: Asker, args: Args) -> None:
        """Let who is to hold a live link to a thing follow it, once."""
        if asker.role.by == "link" and args.get("image_id", "") not in {"", *self._followed}:
            self._followed.add(args["image_id"])
            asker.ask(f"GET {link_to(self.alice, args)}")

    def state(self) -> Any:
        """Return every row of every table and every file of the storage."""
        return state(self.app, self.app.extensions["gallery"])


@contextmanager
def set_up(instance: Path) -> Iterator[Stage]:
    """Serve a gallery in a folder that holds an empty database."""
    clock = FixedClock()
    limits = dict.fromkeys(("LOGIN", "READS", "WRITES"), "none")
    settings = {f"RATE_LIMIT_{name}": rate for name, rate in limits.items()}
    app = create_app({"SECRET_KEY": SECRET, **settings}, instance_path=str(instance), clock=clock)
    siege = Siege(app)
    painter = Painter()
    painter.may_finish.set()
    app.extensions["gallery"].studio.generators = {painter.name: painter}
    with ExitStack() as stack:
        address = stack.enter_context(serving(app))
        cast = {
            name: stack.enter_context(
                contextmanager(joined)(app, address, name, is_admin=name == "root")
            )
            for name in ("alice", "bob", "root")
        }
        askers = {}
        for role in ROLES:
            person = cast.get(role.who)
            asker = Asker(role, address, *((person.email, person.key) if person else ()))
            stack.enter_context(asker.http)
            asker.begin()
            askers[role] = asker
        yield Stage(app, clock, cast["alice"], cast["bob"], askers)
    siege.check()
    tell("attacks", "other people's things, and forms of other sites", siege.counts)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
