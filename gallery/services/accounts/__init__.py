"""Users: their passwords, where they are signed in, and the keys of their programs.

A browser is known by a cookie, a program by an access token that it renews,
or by an API key. Each stands for a row, read at each request: what is taken
from a user, or ends, has ended by the next thing they ask.
"""

from gallery.services.accounts.devices import KnownDevices
from gallery.services.accounts.entrance import LOGIN_RATES, Caller, Entrance
from gallery.services.accounts.keys import (
    KEY_PREFIX,
    NewKey,
    create_key,
    create_own_key,
    revoke_key,
    viewer_with_key,
)
from gallery.services.accounts.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD, new_password
from gallery.services.accounts.sessions import (
    REFRESH_PREFIX,
    Tokens,
    end_other_sessions,
    end_session,
    refresh,
    sign_out,
    viewer_with_cookie,
    viewer_with_token,
)
from gallery.services.accounts.signing_in import (
    SignedInBrowser,
    change_password,
    register,
    sign_in,
    sign_in_browser,
    sign_in_program,
)
from gallery.services.accounts.tokens import AccessClaim, AccessTokens
from gallery.services.accounts.users import create_user, delete_user, set_admin, set_password

__all__ = [
    "KEY_PREFIX",
    "LOGIN_RATES",
    "LONGEST_PASSWORD",
    "REFRESH_PREFIX",
    "SHORTEST_PASSWORD",
    "AccessClaim",
    "AccessTokens",
    "Caller",
    "Entrance",
    "KnownDevices",
    "NewKey",
    "SignedInBrowser",
    "Tokens",
    "change_password",
    "create_key",
    "create_own_key",
    "create_user",
    "delete_user",
    "end_other_sessions",
    "end_session",
    "new_password",
    "refresh",
    "register",
    "revoke_key",
    "set_admin",
    "set_password",
    "sign_in",
    "sign_in_browser",
    "sign_in_program",
    "sign_out",
    "viewer_with_cookie",
    "viewer_with_key",
    "viewer_with_token",
]
