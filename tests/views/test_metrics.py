"""What Prometheus reads: valid, right to the last one, and where wanted nobody else's business."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import FixedClock, Person
from tests.databases import Databases
from tests.pictures import picture
from tests.views.asking import Painter, look_up
from tests.views.saving import save_generation, save_round_image, sign

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
Read = Callable[..., float]


@pytest.fixture
def read(visitor: Person) -> Read:
    """Read one metric off the page; 0 where nothing was counted."""

    def read(name: str, **labels: str) -> float:
        for family in text_string_to_metric_families(visitor.get("/metrics").text):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return float(sample.value)
        return 0.0

    return read


@pytest.fixture
def grown(read: Read) -> Callable[..., float]:
    """Tell how much a counter grew since it was last asked for: all tests count together."""
    seen: dict[Any, float] = {}

    def grown(name: str, **labels: str) -> float:
        key = (name, *labels.items())
        now = read(name, **labels)
        before, seen[key] = seen.get(key, now), now
        return now - before

    return grown


def test_page_is_valid_text_of_prometheus(visitor: Person, generation: str) -> None:
    """The format that all versions of Prometheus read."""
    answer = visitor.get("/metrics")

    families = list(text_string_to_metric_families(answer.text))
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert all(family.documentation for family in families)
    assert all(family.name.startswith("gallery_") for family in families)


def test_page_is_valid_openmetrics_where_that_is_asked_for(
    visitor: Person, generation: str
) -> None:
    """Newer versions of Prometheus ask for it."""
    accepted = "application/openmetrics-text; version=1.0.0"

    answer = visitor.get("/metrics", headers={"Accept": accepted})

    assert answer.headers["Content-Type"].startswith(accepted)
    assert list(openmetrics.text_string_to_metric_families(answer.text))


def test_readme_names_every_metric_and_no_other(visitor: Person) -> None:
    """The table is what there is."""
    there = set(re.findall(r"^# TYPE (\w+) ", visitor.get("/metrics").text, re.MULTILINE))
    section = README.partition("## Watching it")[2].partition("\n## ")[0]

    assert set(re.findall(r"^\| `(gallery_\w+)`", section, re.MULTILINE)) == there


def test_no_label_holds_what_somebody_typed(visitor: Person, alice: Person) -> None:
    """Ids, paths, names and methods of anybody's invention don't make new series."""
    save_round_image(alice, code="SECRETCODE", player="secret-player")
    visitor.request("INVENTED", "/secret-path")
    visitor.get("/games/SECRETCODE")

    text = visitor.get("/metrics").text

    assert "secret" not in text.lower()
    assert "INVENTED" not in text
    assert 'endpoint="unmatched",method="OTHER",status="4xx"' in text


def test_requests_are_counted_by_route_and_status(visitor: Person, grown) -> None:
    """Three looks are three more, and their latencies as well."""
    by = {"method": "GET", "endpoint": "browse.stats"}
    grown("gallery_requests_total", **by, status="2xx")
    grown("gallery_request_seconds_count", **by)

    for _ in range(3):
        visitor.get("/stats")

    assert grown("gallery_requests_total", **by, status="2xx") == 3
    assert grown("gallery_request_seconds_count", **by) == 3


def test_saves_are_counted_with_their_bytes(alice: Person, grown) -> None:
    """A new picture, one in its place, and one that is none."""
    for name in ("saved", "replaced"):
        grown("gallery_saves_total", kind="round", outcome=name)
    grown("gallery_saves_refused_total", kind="generation", reason="unsupported-image")
    grown("gallery_saved_bytes_total", kind="round")

    save_round_image(alice)
    save_round_image(alice)
    refused = alice.post("/api/images", content=b"no picture at all")

    reason = refused.json()["type"].rpartition(":")[2]
    assert grown("gallery_saves_total", kind="round", outcome="saved") == 1
    assert grown("gallery_saves_total", kind="round", outcome="replaced") == 1
    assert grown("gallery_saved_bytes_total", kind="round") == 2 * len(picture("JPEG"))
    assert reason == "unsupported-image"
    assert grown("gallery_saves_refused_total", kind="generation", reason=reason) == 1


def test_prompt_cache_is_counted_with_what_it_saved(alice: Person, bob: Person, grown) -> None:
    """A lease, an asker who waits, and a hit that saved the price of one picture."""
    for answer in ("lease", "pending", "hit"):
        grown("gallery_prompt_lookups_total", answer=answer)
    grown("gallery_prompt_saved_cost_total")

    look_up(alice)
    look_up(alice)
    save_round_image(alice, completed_sentence="The fox sells moonlight.", cards=[])
    look_up(alice)

    counted = [
        grown("gallery_prompt_lookups_total", answer=answer)
        for answer in ("lease", "pending", "hit")
    ]
    assert counted == [1, 1, 1]
    assert grown("gallery_prompt_saved_cost_total") == pytest.approx(0.04)


def test_generations_are_counted_by_how_they_end(alice: Person, painter: Painter, grown) -> None:
    """One that was drawn, one that failed, and one that was a copy and needed none."""
    for outcome in ("drawn", "failed"):
        grown("gallery_generations_total", generator="demo", outcome=outcome)
    grown("gallery_prompt_lookups_total", answer="miss")
    grown("gallery_prompt_lookups_total", answer="hit")

    generate(alice, "fox", "Moonlight.")
    generate(alice, "owl", "Moonlight.")
    painter.reason = "No more paint."
    generate(alice, "elk", "Sunlight.")

    assert grown("gallery_generations_total", generator="demo", outcome="drawn") == 1
    assert grown("gallery_generations_total", generator="demo", outcome="failed") == 1
    assert grown("gallery_prompt_lookups_total", answer="miss") == 2
    assert grown("gallery_prompt_lookups_total", answer="hit") == 1


def generate(person: Person, player: str, sentence: str) -> None:
    person.post(
        f"/api/games/TEA/rounds/1/players/{player}/generate",
        json={"sentence": sentence},
        headers={"Prefer": "wait=30"},
    )


def test_sent_images_are_counted_with_their_bytes(
    visitor: Person, alice: Person, generation: str, grown
) -> None:
    """One GET; not the visitor who has it already, nor who asks for its headers alone."""
    by = {"kind": "generation", "variant": "original", "disposition": "attachment"}
    grown("gallery_sends_total", **by)
    grown("gallery_sent_bytes_total", variant="original")
    url = sign(alice, generation)["url"]

    etag = visitor.get(url).headers["ETag"]
    visitor.get(url, headers={"If-None-Match": etag})
    visitor.request("HEAD", url)

    assert grown("gallery_sends_total", **by) == 1
    assert grown("gallery_sent_bytes_total", variant="original") == len(picture())


def test_links_are_counted_from_their_signing_to_their_end(
    visitor: Person, alice: Person, generation: str, grown
) -> None:
    """Signed, followed once, and followed once too often."""
    names = {
        "gallery_links_signed_total": {"purpose": "download"},
        "gallery_links_followed_total": {},
        "gallery_links_ended_total": {"reason": "used_up"},
    }
    for name, labels in names.items():
        grown(name, **labels)
    url = sign(alice, generation, max_downloads=1)["url"]

    statuses = [visitor.get(url).status_code for _ in range(2)]

    assert statuses == [200, 410]
    assert [grown(name, **labels) for name, labels in names.items()] == [1, 1, 1]


def test_storage_is_timed_and_its_refusals_are_counted(
    visitor: Person, alice: Person, house, generation: str, grown
) -> None:
    """A lost object is an error of the operation that missed it."""
    by = {"provider": "local", "operation": "stat"}
    grown("gallery_storage_seconds_count", **by)
    grown("gallery_storage_errors_total", **by, error="object-not-found")
    key = alice.get(f"/api/images/{generation}").json()["key"]
    house.storages.default.delete(key)

    visitor.get(f"/outputs/{key}")

    # It is looked for again, since it might have been replaced just then.
    assert grown("gallery_storage_seconds_count", **by) == 2
    assert grown("gallery_storage_errors_total", **by, error="object-not-found") == 2


def test_wrong_passwords_and_keys_are_counted(visitor: Person, alice: Person, grown) -> None:
    """What guessers leave."""
    wrong = {"kind": "program", "outcome": "wrong-credentials"}
    grown("gallery_sign_ins_total", **wrong)
    grown("gallery_credentials_refused_total", kind="key")

    visitor.post("/api/auth/login", json={"email": alice.email, "password": "wrong password"})
    visitor.get("/api/images", headers={"Authorization": "Bearer gallery_wrong"})

    assert grown("gallery_sign_ins_total", **wrong) == 1
    assert grown("gallery_credentials_refused_total", kind="key") == 1


class TestLimits:
    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"RATE_LIMIT_WRITES": "1/minute"}

    def test_refusals_are_counted(self, visitor: Person, grown) -> None:
        """Whoever comes too often is counted under the limit that stopped them."""
        grown("gallery_rate_limited_total", limit="writes")

        for _ in range(3):
            visitor.post("/api/images")

        assert grown("gallery_rate_limited_total", limit="writes") == 2


def test_holdings_are_what_the_database_says(
    visitor: Person, alice: Person, read: Read, clock: FixedClock
) -> None:
    """Counted anew a minute later at the earliest, however often somebody asks."""
    save_generation(alice)
    by = {"kind": "generation", "provider": "local"}
    first = [read("gallery_images", **by), read("gallery_images_bytes", **by)]
    save_generation(alice)

    soon = read("gallery_images", **by)
    clock.move(days=1)
    later = read("gallery_images", **by)

    assert first == [1, len(picture())]
    assert (soon, later) == (1, 2)


def test_database_that_is_away_hides_nothing_but_what_it_holds(
    visitor: Person, instance: Path, databases: Databases, read: Read
) -> None:
    """What is counted is still told: just then it is wanted."""
    visitor.get("/stats")
    databases.lose(instance)

    answer = visitor.get("/metrics")

    assert answer.status_code == 200
    assert read("gallery_requests_total", endpoint="browse.stats") > 0


class TestWithoutAToken:
    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"TRUSTED_PROXIES": "1"}

    @pytest.mark.parametrize(
        ("sender", "status"),
        [
            ("10.1.2.3", 200),
            ("fd00::7", 200),
            ("8.8.8.8", 404),
            ("::ffff:8.8.8.8", 404),
            ("8.8.8.8:4242", 404),
            ("unknown", 404),
            ("2001:0:1::5", 404),
            ("::ffff:10.1.2.3", 200),
        ],
    )
    def test_only_the_own_network_may_look(self, visitor: Person, sender: str, status: int) -> None:
        """Totals of private galleries are nothing for the world."""
        answer = visitor.get("/metrics", headers={"X-Forwarded-For": sender})

        assert answer.status_code == status


class TestWithAToken:
    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"METRICS_TOKEN": "a-token-for-prometheus"}

    @pytest.fixture
    def token(self, settings: dict[str, Any]) -> dict[str, str]:
        return {"Authorization": f"Bearer {settings['METRICS_TOKEN']}"}

    def test_who_has_it_may_look(self, visitor: Person, token: dict[str, str]) -> None:
        """Prometheus sends it as a bearer token, which is no wrong key of anybody's."""
        before = refused(visitor.get("/metrics", headers=token).text)

        answer = visitor.get("/metrics", headers=token)

        assert answer.status_code == 200
        assert refused(answer.text) == before

    def test_an_admin_may_look(self, root: Person) -> None:
        """An admin's key does as well."""
        assert root.get("/metrics").status_code == 200

    @pytest.mark.parametrize("sent", [None, "Bearer wrong", "Bearer gallery_wrong", "Basic eDp5"])
    def test_strangers_learn_nothing(self, visitor: Person, sent: str | None) -> None:
        """To everybody else there is no such page."""
        headers = {"Authorization": sent} if sent else {}

        answer, nowhere = (visitor.get(path, headers=headers) for path in ("/metrics", "/nowhere"))

        assert answer.status_code == 404
        assert answer.text == nowhere.text.replace("nowhere", "metrics")

    def test_users_learn_nothing(self, alice: Person) -> None:
        """A key that is right is not enough."""
        assert alice.get("/metrics").status_code == 404


def refused(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("gallery_credentials_refused")]
