"""The one rule of who may do what, which every row of the table follows.

``public`` and ``unlisted`` things are seen by everybody who has the
address, ``private`` ones by their owner and admins; what hangs in a
``hidden`` round is its owner's as well. Only the owner and admins write.
Strangers are told 404, and visitors who write, 401. A key is what its
owner is. A live link opens what it was signed for, and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tests.views.access.things import NOTHING, Args, Thing


@dataclass(frozen=True)
class Role:
    """Somebody who asks: ``who`` they are, and what tells the gallery so."""

    who: str
    by: str

    @property
    def name(self) -> str:
        return f"{self.who} by {self.by}" if self.by else self.who

    @property
    def is_signed_in(self) -> bool:
        return self.who in ("alice", "bob", "root")

    @property
    def may_write(self) -> bool:
        """Everything in the table is alice's; root is an admin."""
        return self.who in ("alice", "root")


ROLES = (
    Role("visitor", ""),
    Role("visitor", "link"),
    Role("bob", "cookie"),
    Role("bob", "key"),
    Role("alice", "cookie"),
    Role("alice", "key"),
    Role("root", "cookie"),
    Role("root", "key"),
)


class About(Enum):
    """What a request is about, from which follows who may make it."""

    OPEN = "what is everybody's, or a list that shows each what they find"
    OWN = "what one has, makes or changes for oneself"
    FRAME = "a gallery, whose hidden rounds are seen to be there"
    SEEN = "what is looked at"
    WRITTEN = "what is changed"
    SIGNED = "what a live link opens to whoever has it"


@dataclass(frozen=True)
class Except:
    """Statuses that don't follow from the rule, and why."""

    visibility: str
    status: int
    why: str
    applies_to: Callable[[Role], bool] = lambda _role: True


@dataclass(frozen=True, kw_only=True)
class Row:
    """What a route is about, a request that is good in all but who asks, and its answer.

    ``query`` and ``options`` (those of httpx) are filled in with the thing's
    arguments. ``once`` says that a second such request would be answered
    differently, so that each asker gets a thing of their own. ``missing`` is a
    request that is told the 404 that all are told, for routes where nothing
    can be missing. ``ends_session`` is for requests after which the asker is
    somebody else, ``by_body`` for those that look at neither cookie nor key.
    """

    about: About
    things: tuple[Thing, ...] = (NOTHING,)
    answer: int = 200
    query: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    excepts: tuple[Except, ...] = ()
    once: bool = False
    missing: str = ""
    ends_session: bool = False
    by_body: bool = False

    def expected(self, role: Role, visibility: str) -> int:
        """Return the status that *role* is to get where the thing has this visibility."""
        for each in self.excepts:
            if each.visibility == visibility and each.applies_to(role):
                return each.status
        return self.answer if self._allows(role, visibility) else self._refusal(role)

    def _allows(self, role: Role, visibility: str) -> bool:
        if self.about is About.OWN:
            return role.is_signed_in
        if self.about in (About.OPEN, About.SIGNED) or role.may_write:
            return True
        shown = {"public", "unlisted"} | ({"hidden"} if self.about is About.FRAME else set())
        return self.about is not About.WRITTEN and visibility in shown

    def _refusal(self, role: Role) -> int:
        is_unnamed = self.about in (About.OWN, About.WRITTEN) and not role.is_signed_in
        return 401 if is_unnamed else 404

    def filled_in(self, args: Args) -> dict[str, Any]:
        """Return the options of the request about a thing with these arguments."""
        return {
            name: {key: _filled(value, args) for key, value in option.items()}
            if isinstance(option, dict)
            else option
            for name, option in self.options.items()
        }


def _filled(value: Any, args: Args) -> Any:
    return value.format(**args) if isinstance(value, str) else value
