"""Access tokens that were not made here as they are: each is refused, and why is not told.

The forger of most of these tests has stolen the key itself, so that each
finds the one check that is about it alone.
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from tests.conftest import SECRET, FixedClock, Person
from tests.views.programs import Program

KEY = hmac.digest(SECRET.encode(), b"gallery.access-token", "sha256")
ATTACK = "forged access tokens"
PATH = "/api/links"


class Forger:
    """Takes a good token of alice's apart, and puts it together otherwise."""

    def __init__(self, program: Program) -> None:
        self.program, self.token = program, program.access_token
        self.header = jwt.get_unverified_header(self.token)
        self.claims = jwt.decode(self.token, options={"verify_signature": False})

    def forge(
        self,
        *,
        key: Any = KEY,
        algorithm: str = "HS256",
        header: dict[str, Any] | None = None,
        without: str = "",
        **claims: Any,
    ) -> str:
        payload = {k: v for k, v in (self.claims | claims).items() if k != without}
        return jwt.encode(payload, key, algorithm, headers=self.header | (header or {}))

    def status(self, token: str) -> int:
        answer = self.program.http.get(PATH, headers={"Authorization": f"Bearer {token}"})
        if answer.status_code == 401:
            assert answer.json()["type"] == "urn:gallery:wrong-credentials"
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        return answer.status_code


@pytest.fixture
def forger(alice: Person) -> Forger:
    return Forger(Program.of(alice))


def encoded(part: Any) -> str:
    text = part if isinstance(part, bytes) else json.dumps(part).encode()
    return urlsafe_b64encode(text).rstrip(b"=").decode()


def signed(header: Any, payload: Any, digest: str = "sha256", key: bytes = KEY) -> str:
    """Sign by hand what the library would not."""
    text = f"{encoded(header)}.{encoded(payload)}"
    return f"{text}.{encoded(hmac.digest(key, text.encode(), digest))}"


def test_forger_with_the_key_makes_good_tokens(forger: Forger) -> None:
    """What the other tests change is all that is wrong with their tokens."""
    assert forger.status(forger.token) == 200
    assert forger.status(forger.forge()) == 200
    assert forger.status(signed(forger.header, forger.claims)) == 200


def test_token_says_no_more_than_it_must(forger: Forger) -> None:
    """RFC 9068's type, an issuer, an audience, a quarter of an hour, and no rank."""
    claims = forger.claims

    assert (forger.header["typ"], forger.header["alg"]) == ("at+jwt", "HS256")
    assert set(claims) == {"iss", "aud", "sub", "sid", "type", "iat", "exp", "jti"}
    assert (claims["iss"], claims["aud"]) == ("urn:gallery", "urn:gallery:api")
    assert (claims["type"], claims["exp"] - claims["iat"]) == ("access", 900)


@pytest.mark.parametrize("missing", ["iss", "aud", "sub", "sid", "type", "iat", "exp", "jti"])
def test_missing_claim(forger: Forger, missing: str) -> None:
    """A token without an expiry would never end; none of the claims may be missing."""
    assert forger.status(forger.forge(without=missing)) == 401


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", "urn:elsewhere"),
        ("iss", ["urn:gallery"]),
        ("aud", "urn:gallery"),
        ("aud", ["urn:elsewhere"]),
        ("type", "refresh"),
        ("type", None),
        ("sub", "00000000-0000-7000-8000-000000000009"),
        ("sub", "x"),
        ("sid", "00000000-0000-7000-8000-000000000009"),
        ("sid", 7),
        ("exp", None),
        ("exp", "9999999999"),
        ("exp", 9999999999.5),
        ("exp", True),
        ("iat", 9999999999),
        ("iat", "x"),
    ],
)
def test_other_claim(forger: Forger, claim: str, value: Any) -> None:
    """Made for another gallery, another purpose, nobody, or for ever."""
    assert forger.status(signed(forger.header, forger.claims | {claim: value})) == 401


def test_expiry_is_to_the_second(forger: Forger, clock: FixedClock) -> None:
    """A token is good for 900 seconds from the second it was made in, and no longer."""
    clock.move(seconds=899)
    before = forger.status(forger.token)
    clock.move(seconds=1)

    assert (before, forger.status(forger.token)) == (200, 401)


@pytest.mark.parametrize(("seconds", "status"), [(29, 200), (31, 401)])
def test_clocks_of_machines_may_differ_a_little(forger: Forger, seconds: int, status: int) -> None:
    """A token made half a minute from now is another machine's; a later one is nobody's."""
    token = forger.forge(iat=forger.claims["iat"] + seconds, exp=forger.claims["exp"] + seconds)

    assert forger.status(token) == status


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
@pytest.mark.parametrize("keeps_signature", [True, False])
def test_no_signature(forger: Forger, algorithm: str, keeps_signature: bool) -> None:
    """A token that asks not to be checked is refused, with a signature and without."""
    text = f"{encoded(forger.header | {'alg': algorithm})}.{encoded(forger.claims)}"
    signature = forger.token.rpartition(".")[2] if keeps_signature else ""

    assert forger.status(f"{text}.{signature}") == 401


@pytest.mark.parametrize(
    ("algorithm", "digest"), [("HS512", "sha512"), ("HS384", "sha384"), ("RS256", "sha256")]
)
def test_other_algorithm_with_our_key(forger: Forger, algorithm: str, digest: str) -> None:
    """The algorithm is ours to choose, not the token's, even where the key is right."""
    token = signed(forger.header | {"alg": algorithm}, forger.claims, digest)

    assert forger.status(token) == 401


@pytest.mark.parametrize(
    "key",
    [
        b"another key that is long enough",
        SECRET.encode(),
        hmac.digest(SECRET.encode(), b"gallery.known-device", "sha256"),
        hashlib.sha256(SECRET.encode()).digest(),
        bytes(32),
    ],
)
def test_other_key(forger: Forger, key: bytes) -> None:
    """Neither a stranger's key, nor SECRET_KEY itself, nor what else is derived from it."""
    assert forger.status(signed(forger.header, forger.claims, key=key)) == 401


@pytest.mark.parametrize("kid", [None, "", "x", 7, "../../dev/null", ["a"]])
def test_other_key_id(forger: Forger, kid: Any) -> None:
    """A key that isn't here is not looked for elsewhere."""
    assert forger.status(signed(forger.header | {"kid": kid}, forger.claims)) == 401


@pytest.mark.parametrize("name", ["jku", "x5u", "jwk"])
def test_key_that_the_token_brings_along(forger: Forger, name: str) -> None:
    """A key in the header, or where the header says, is not used."""
    own = b"k" * 32
    brought = {"kty": "oct", "k": encoded(own)} if name == "jwk" else "http://127.0.0.1/keys"

    assert forger.status(signed(forger.header | {name: brought}, forger.claims, key=own)) == 401


@pytest.mark.parametrize("kind", ["JWT", "rt+jwt", None, 1])
def test_other_type(forger: Forger, kind: Any) -> None:
    """A token of another kind, signed with the same key, is no access token."""
    assert forger.status(signed(forger.header | {"typ": kind}, forger.claims)) == 401


def test_missing_type(forger: Forger) -> None:
    """A header without the type is refused."""
    header = {name: value for name, value in forger.header.items() if name != "typ"}

    assert forger.status(signed(header, forger.claims)) == 401


def test_critical_extension_that_is_not_known(forger: Forger) -> None:
    """What must be understood and isn't makes the token worthless (RFC 7515, 4.1.11)."""
    header = forger.header | {"crit": ["other"], "other": 1}

    assert forger.status(signed(header, forger.claims)) == 401


def test_changed_payload(forger: Forger, bob: Person) -> None:
    """Another user's id under the old signature is worth nothing."""
    head, _, signature = forger.token.split(".")
    payload = encoded(forger.claims | {"sub": str(bob.viewer.user_id)})

    assert forger.status(f"{head}.{payload}.{signature}") == 401


def test_one_users_token_with_anothers_sign_in(forger: Forger, bob: Person) -> None:
    """User and sign-in have to belong together, whoever signed the token."""
    assert forger.status(forger.forge(sub=str(bob.viewer.user_id))) == 401


def test_browsers_sign_in_makes_no_token(forger: Forger, owner: Any) -> None:
    """A token for what a cookie stands for was never made."""
    (browsers,) = [e["id"] for e in forger.program.sessions() if e["kind"] == "browser"]

    assert forger.status(forger.forge(sid=browsers)) == 401


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t[:-10],
        lambda t: t + "A",
        lambda t: t.rpartition(".")[0],
        lambda t: t.rpartition(".")[0] + ".",
        lambda t: "." + t,
        lambda t: t + "." + t,
        lambda t: t.replace(".", ".."),
        lambda _: "..",
        lambda _: "x",
        lambda _: "\xe9" * 40,
        lambda t: t.partition(".")[0] + ".e30." + t.rpartition(".")[2],
    ],
)
def test_text_that_is_no_token(forger: Forger, spoil: Callable[[str], str]) -> None:
    """Cut, doubled or hollow: it is refused, and nothing breaks."""
    token = spoil(forger.token).encode("latin-1")
    headers = {"Authorization": b"Bearer " + token}

    assert forger.program.http.get(PATH, headers=headers).status_code == 401


@pytest.mark.parametrize("place", ["header", "payload"])
def test_json_that_is_nested_too_deeply(forger: Forger, place: str) -> None:
    """It is read before the signature, and must break nothing."""
    deep = b"[" * 4000
    token = signed(deep, forger.claims) if place == "header" else signed(forger.header, deep)

    assert forger.status(token) == 401


@pytest.mark.parametrize("path", ["/", "/account", "/api/stats"])
def test_forged_token_is_refused_where_visitors_are_let_in(forger: Forger, path: str) -> None:
    """Who shows something wrong isn't taken for a visitor."""
    headers = {"Authorization": f"Bearer {forger.forge(key=b'k' * 32)}"}

    assert forger.program.http.get(path, headers=headers).status_code == 401


def test_refresh_token_is_no_access_token(forger: Forger) -> None:
    """A refresh token sent as a bearer opens nothing, and is not used up by it."""
    program = forger.program

    assert forger.status(program.refresh_token) == 401
    assert program.refresh().status_code == 200


def test_api_key_is_taken_in_the_same_place(alice: Person) -> None:
    """A bearer is an API key or an access token."""
    assert alice.get(PATH).status_code == 200


class TestOtherGallery:
    """A gallery that was given the same secret by mistake, under another address."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"PUBLIC_URL": "https://gallery.example"}

    def test_issuer_is_the_gallerys_address(self, forger: Forger) -> None:
        """Its tokens are told apart by who issued them."""
        assert forger.claims["iss"] == "https://gallery.example"
        assert forger.status(forger.token) == 200
        assert forger.status(forger.forge(iss="urn:gallery")) == 401


class TestRotatedSecret:
    """SECRET_KEY with a newer key in front."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"SECRET_KEY": f"a secret that is newer than the other,{SECRET}"}

    def test_newest_key_signs_and_older_ones_are_read(self, forger: Forger) -> None:
        """Who is signed in stays so while the keys are rotated."""
        old_id = hashlib.sha256(KEY).hexdigest()[:16]

        old = forger.forge(header={"kid": old_id})

        assert forger.header["kid"] != old_id
        assert (forger.status(forger.token), forger.status(old)) == (200, 200)
        assert forger.status(forger.forge()) == 401


def test_forger_reads_tokens_right(forger: Forger) -> None:
    """The parts that the tests change are those of the real token."""
    head, payload, _ = forger.token.split(".")

    assert json.loads(urlsafe_b64decode(head + "==")) == forger.header
    assert json.loads(urlsafe_b64decode(payload + "==")) == forger.claims
