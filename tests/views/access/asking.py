"""Ask the way each role does, and read all that an answer tells."""

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.conftest import client_of
from tests.views.access.rules import Role
from tests.views.access.things import Args, without
from tests.views.reading import Browser

# What differs from one answer to the same question to the next, and tells nothing.
_PASSING = {"date", "set-cookie", "ratelimit", "x-request-id"}
_CSRF = re.compile(r'(name="csrf_token" value=")[^"]+')
# When it was packed, each entry of a ZIP file says, at its place and in the directory at the end.
_PACKED_AT = re.compile(r"(PK\x03\x04.{6}|PK\x01\x02.{8}).{4}", re.DOTALL)
_WORD = re.compile(r"[A-Za-z0-9_-]{12,}")


@dataclass(frozen=True)
class Told:
    """All that an answer told, with the names of the thing that was asked for left out."""

    status: int
    headers: tuple[tuple[str, str], ...]
    cookies: tuple[str, ...]
    body: str

    @classmethod
    def by(cls, answer: httpx.Response, body: bytes, args: Args) -> "Told":
        headers = answer.headers.multi_items()
        cookies = answer.headers.get_list("set-cookie")
        return cls(
            status=answer.status_code,
            headers=tuple(
                sorted((n, without(v, args)) for n, v in headers if n.lower() not in _PASSING)
            ),
            cookies=tuple(sorted(cookie.partition("=")[0] for cookie in cookies)),
            body=without(_without_passing(body.decode("latin-1")), args),
        )

    def beyond(self, other: "Told") -> str:
        """Return in words what this told and *other* didn't."""
        mine, others = self.parts(), other.parts()
        lines = [
            f"{part} instead of {other}"
            for part, other in zip(mine, others, strict=False)
            if part != other
        ]
        return "; ".join(lines) or "one of them told more"

    def parts(self) -> list[str]:
        headers = [f"{name}: {value}" for name, value in self.headers]
        return [str(self.status), *headers, *self.cookies, *self.body.splitlines()]


def _without_passing(body: str) -> str:
    return _PACKED_AT.sub(r"\1", _CSRF.sub(r"\1", body))


@dataclass
class Asker:
    """Somebody who asks over HTTP as *role* says; ``address`` is where."""

    role: Role
    address: str
    email: str = ""
    key: str = ""
    csrf: str = ""
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = client_of(self.address)

    def begin(self) -> None:
        """Come as nobody has come before, and sign in where the role is known by a cookie."""
        self.http.cookies.clear()
        browser = Browser(self.http)
        if self.role.by == "cookie":
            browser.sign_in(self.email)
        self.csrf = browser.token()
        # Flask-Login notes once in a cookie that it is no longer fresh.
        browser.token()

    def ask(self, request: str, **options: Any) -> tuple[httpx.Response, bytes]:
        """Return the answer to a request such as ``GET /``, and its body."""
        method, _, path = request.partition(" ")
        headers = {"X-CSRFToken": self.csrf}
        headers |= {"Authorization": f"Bearer {self.key}"} if self.role.by == "key" else {}
        headers |= options.pop("headers", {})
        with self.http.stream(method, path, headers=headers, **options) as answer:
            body = b"".join(_parts(answer))
        if answer.status_code == 303:
            # Whoever sent a form hears on the next page what came of it, and only there.
            self.http.get("/login")
        return answer, body

    def told(self, request: str, args: Args | None = None, **options: Any) -> Told:
        """Return what the answer to a request tells."""
        return Told.by(*self.ask(request, **options), args or {})


def _parts(answer: httpx.Response) -> Iterator[bytes]:
    """Yield the body; of events, which have no end worth waiting for, up to the first that tells
    something."""
    is_endless = answer.headers.get("Content-Type", "").startswith("text/event-stream")
    for part in answer.iter_bytes():
        yield part
        if is_endless and b"data: " in part:
            return


def all_that_is_told(answer: httpx.Response, body: bytes) -> str:
    """Return an answer's headers and body in plain words, cursors and cookies decoded too."""
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.multi_items())
    plain = f"{headers}\n{body.decode(errors='replace')}"
    return "\n".join((plain, *map(_decoded, _WORD.findall(plain))))


def _decoded(word: str) -> str:
    try:
        content = base64.urlsafe_b64decode(word + "=" * (-len(word) % 4))
        return (zlib.decompress(content) if content[:1] == b"\x78" else content).decode("latin-1")
    except (binascii.Error, zlib.error):
        return ""
