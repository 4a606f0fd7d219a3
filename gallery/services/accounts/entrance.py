"""Who may try to sign in: slow for guessers, and no way to keep an owner out for good.

Four limits count tries:

``login-address``
    each network's, whomever it tries (``RATE_LIMIT_LOGIN``);
``login-known``
    in its place, for one account, those of all known browsers together, the right
    ones too: 30 in a quarter of an hour;
``login-account``
    for one account, those of one network or known browser: 10 in a quarter of an hour;
``login-everywhere``
    for one account, those of all networks and browsers together that it was not
    signed in from before: 100 an hour.

A sign-in that succeeds clears those of the last two that counted it. So a guesser with one address
has 40 guesses an hour, and one with a thousand has 100. While that goes on,
the owner signs in as always from a browser in which they did before
(``devices.py``) and from a network that they used in the last weeks, and
what is signed in stays so; only from elsewhere are they asked to come back.
Addresses that nobody has are counted in the same way. Whoever finds too many
passwords waiting to be checked has not used a try up.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from gallery.errors import InvalidField, SignInBusy
from gallery.extensions import current_session
from gallery.models import LoginSession, User
from gallery.services.accounts.devices import KnownDevices
from gallery.services.accounts.digests import digest_of
from gallery.services.accounts.tokens import AccessTokens
from gallery.services.accounts.users import as_address
from gallery.services.identifiers import check_text
from gallery.services.limits import Limits, Rate, network_of

LOGIN_RATES = {
    "login-account": Rate(10, 15 * 60),
    "login-known": Rate(30, 15 * 60),
    "login-everywhere": Rate(100, 60 * 60),
}
_LONGEST_AGENT = 200


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Where a sign-in comes from; ``device`` is what ``KnownDevices`` signed for the browser."""

    address: str
    user_agent: str = ""
    device: str = ""

    @property
    def network(self) -> str:
        """What its address is counted under."""
        return network_of(self.address)

    @property
    def agent(self) -> str:
        """What it calls itself, as a database and a page can carry it."""
        return "".join(c for c in self.user_agent if c.isprintable())[:_LONGEST_AGENT]


@dataclass(frozen=True, kw_only=True)
class Entrance:
    """What signing in needs. ``lasts`` is how long a sign-in does, however much it is used."""

    tokens: AccessTokens
    devices: KnownDevices
    limits: Limits
    lasts: timedelta
    is_registration_open: bool = False

    def count(self, caller: Caller, *, now: datetime) -> None:
        """Count one use of a password by the network of *caller*.

        Raises:
            TooManyRequests: too many came from there.
        """
        self.limits.take("login-address", caller.network, now=now)

    @contextmanager
    def attempt(self, email: str, caller: Caller, *, now: datetime) -> Iterator[None]:
        """Let a try happen, and forget the account's failed ones if it raises nothing.

        Raises:
            TooManyRequests: it is one too many.
        """
        email = as_address(email)
        device = self.devices.read(caller.device, email=email)
        account = digest_of(email)
        # Known browsers clear what else counts them, and one account must not fill the line
        # of those whose passwords wait to be checked.
        place = f"{account[:32]}:{device or caller.network}"
        first = ("login-address", caller.network) if device is None else ("login-known", account)
        counted = [first, ("login-account", place)]
        is_unknown = device is None and not _was_here(email, caller.network)
        if is_unknown:
            counted.append(("login-everywhere", account))
        for name, who in counted:
            self.limits.take(name, who, now=now)
        try:
            yield
        except SignInBusy:
            # No password was looked at; who is asked to come back may.
            for name, who in counted:
                self.limits.hit(name, who, now=now, cost=-1)
            raise
        self.limits.forget("login-account", place)
        if is_unknown:
            self.limits.forget("login-everywhere", account)


def _was_here(email: str, network: str) -> bool:
    """Tell whether somebody signed in to *email* from *network* lately."""
    try:
        check_text("email", email)
    except InvalidField:
        # No database can be asked for it.
        return False
    seen = (
        select(LoginSession.id)
        .join(User)
        .where(User.email == email, LoginSession.network == network)
        .limit(1)
    )
    return current_session().scalar(seen) is not None
