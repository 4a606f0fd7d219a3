"""Programs that sign in: with a password once, then with the tokens they were given."""

from typing import Any

import httpx

from tests.conftest import PASSWORD, Person


class Program:
    """A program of somebody's; it keeps the tokens of its last answer."""

    def __init__(self, http: httpx.Client, email: str) -> None:
        self.http, self.email = http, email
        self.access_token = self.refresh_token = ""

    @classmethod
    def of(cls, person: Person) -> "Program":
        """Return a program of *person*'s that is signed in."""
        program = cls(person.http, person.email)
        answer = program.sign_in()
        assert answer.status_code == 200, answer.text
        return program

    def sign_in(self, password: str = PASSWORD, **options: Any) -> httpx.Response:
        wanted = {"email": self.email, "password": password}
        return self._keep(self.http.post("/api/auth/login", json=wanted, **options))

    def register(self, password: str = PASSWORD, **wanted: Any) -> httpx.Response:
        wanted = {"email": self.email, "password": password} | wanted
        return self._keep(self.http.post("/api/auth/register", json=wanted))

    def refresh(self, token: str | None = None) -> httpx.Response:
        """Send a refresh token, the newest unless another is given."""
        wanted = {"refresh_token": token or self.refresh_token}
        return self._keep(self.http.post("/api/auth/refresh", json=wanted))

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.access_token}"} | options.pop("headers", {})
        return self.http.request(method, path, headers=headers, **options)

    def status(self) -> int:
        """Return how the gallery answers a program that shows its access token."""
        return self.request("GET", "/api/links").status_code

    def sessions(self) -> list[dict[str, Any]]:
        """Return where its owner is signed in."""
        answer = self.request("GET", "/api/auth/sessions")
        assert answer.status_code == 200, answer.text
        return answer.json()["sessions"]

    def session_id(self) -> str:
        """Return the id of its own sign-in."""
        (own,) = [each["id"] for each in self.sessions() if each["current"]]
        return str(own)

    def _keep(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            tokens = answer.json()
            self.access_token = tokens["access_token"]
            self.refresh_token = tokens["refresh_token"]
        return answer
