"""One trial: some pictures hang, some are doomed, several people come at once, and a look after."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from random import Random
from typing import Any
from uuid import UUID

from flask import Flask
from PIL import Image as Pillow
from sqlalchemy import select, true

from gallery.errors import ObjectNotFound
from gallery.extensions import House, current_session, end_reading, writing
from gallery.models import Gallery, Image
from gallery.services import ingest, integrity, retention
from gallery.services.access import Viewer
from gallery.services.galleries import open_gallery
from gallery.services.ingest import Details, Submission
from gallery.services.removal import delete_objects, delete_rows
from gallery.services.retention import SweepResult, SweepRule
from tests.races.stage import Stepping, step
from tests.races.turns import Crew, Result, Turns
from tests.services.artists import settle

# Large enough to be sent in pieces.
SIZE = (100, 100)
LONG_AGO, TOO_LONG = timedelta(days=20), timedelta(days=10)
# By then, an object without a row is an orphan.
LATER = timedelta(hours=2)


@lru_cache
def noise(seed: int, format: str = "PNG") -> bytes:  # noqa: A002 - Pillow's word
    """Return a picture that no compression makes small, in the format in which it is kept."""
    image = Pillow.frombytes("RGB", SIZE, Random(seed).randbytes(3 * SIZE[0] * SIZE[1]))
    output = io.BytesIO()
    image.save(output, format)
    return output.getvalue()


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came over the wire; ``is_broken`` is what ended before its end."""

    status: int
    body: bytes
    headers: Any
    is_broken: bool

    @property
    def is_as_long_as_promised(self) -> bool:
        return int(self.headers.get("Content-Length", len(self.body))) == len(self.body)

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(kw_only=True)
class Trial:
    """A session and a game of alice's, in which every picture made long ago is doomed.

    ``ever_there`` are the digests of all that was ever to be seen, and
    ``doomed`` and ``safe`` the ids of pictures by their places.
    """

    app: Flask
    viewer: Viewer
    key: str
    storage: Stepping
    turns: Turns
    number: int
    ever_there: set[str] = field(default_factory=set)
    doomed: dict[str, UUID] = field(default_factory=dict)
    safe: dict[str, UUID] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)

    @property
    def house(self) -> House:
        house: House = self.app.extensions["gallery"]
        return house

    @property
    def session(self) -> str:
        return f"mug-{self.number}"

    @property
    def game(self) -> str:
        return f"TEA-{self.number}"

    @property
    def sentence(self) -> str:
        return f"A fox at tea, number {self.number}"

    def place(self, image_type: str = "main") -> str:
        """Return where a picture of the session is stored and read."""
        return f"/storage/generated/{self.session}/{image_type}.png"

    def hang(self) -> None:
        """Hang two doomed pictures and a safe one in the session, and a doomed one in the game."""
        now = self.house.now()
        open_gallery("session", slug=self.session, viewer=self.viewer, now=now - LONG_AGO)
        self.doomed["main"] = self._hang("main", 1, now - LONG_AGO)
        self.doomed["lifestyle"] = self._hang("lifestyle", 2, now - LONG_AGO)
        self.safe["comparison"] = self._hang("comparison", 3, now)
        self.doomed["fox"] = ingest.save_round_image(
            self.game,
            1,
            "fox",
            noise(4, "JPEG"),
            submission=Submission(completed_sentence=self.sentence),
            details=Details(),
            viewer=self.viewer,
            intake=self.house.intake,
            now=now - LONG_AGO,
        ).image_id
        self.ever_there |= set(current_session().scalars(select(Image.sha256)))
        end_reading()

    def _hang(self, image_type: str, colour: int, at: datetime) -> UUID:
        return ingest.save_session_image(
            self.session,
            image_type,
            noise(colour),
            details=Details(),
            viewer=self.viewer,
            intake=self.house.intake,
            now=at,
        ).image_id

    def send(self, who: str, work: Callable[..., Any], *told: Any) -> Result:
        """Let somebody do *work*, inside the gallery."""

        def inside() -> Any:
            with self.app.app_context():
                return work(*told)

        return self.turns.spawn(who, inside)

    def ask(self, method: str, path: str, **options: Any) -> Answer:
        """Ask as alice does, and read the answer piece by piece."""
        response = self.app.test_client().open(
            path, method=method, headers={"Authorization": f"Bearer {self.key}"}, **options
        )
        pieces, is_broken = [], False
        try:
            for piece in response.iter_encoded():
                pieces.append(piece)
                step("read on")
        except ObjectNotFound:
            # Then the server breaks the connection off.
            is_broken = True
        response.close()
        answer = Answer(
            status=response.status_code,
            body=b"".join(pieces),
            headers=response.headers,
            is_broken=is_broken,
        )
        self.answers.append(answer)
        return answer

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, path: str, **wanted: Any) -> Answer:
        return self.ask("POST", path, json=wanted)

    def save(self, colour: int, image_type: str = "main") -> Answer:
        """Save a picture over HTTP."""
        # From here on somebody may see it, whether or not we have heard that it is kept.
        self.ever_there.add(digest(noise(colour)))
        return self.ask(
            "PUT",
            f"/api/sessions/{self.session}/images/{image_type}",
            data=noise(colour),
            content_type="image/png",
        )

    def save_in_round(self, player: str, colour: int) -> Answer:
        """Save a player's picture over HTTP."""
        content = noise(colour, "JPEG")
        self.ever_there.add(digest(content))
        return self.ask(
            "PUT",
            f"/api/games/{self.game}/rounds/1/players/{player}/image",
            data={"image": (io.BytesIO(content), "owl.jpg", "image/jpeg")},
        )

    def sweep(self, batch: int = 500) -> SweepResult:
        """Remove what was made long ago, so many at once."""
        now = self.house.now()
        rule = SweepRule(older_than=now - TOO_LONG)
        return retention.expire_images(
            storages=self.house.storages, now=now, rule=rule, batch=batch
        )

    def check(self) -> integrity.Checked:
        """Look the storage through while others are at it."""
        return integrity.check_objects(storages=self.house.storages, now=datetime.now(UTC))

    def run(self) -> None:
        """Let all who were sent go, and look at what is the same whoever they were."""
        self.turns.run()
        Crew.turns = None
        settle(self.house.studio)
        for answer in self.answers:
            assert answer.status < 500, answer.body
            assert answer.is_as_long_as_promised is not answer.is_broken
        self._look_at_storage()
        self._look_at_rows()

    def image(self, image_id: UUID) -> Image | None:
        """Return the row of an image as it is now."""
        return current_session().get(Image, image_id, populate_existing=True)

    def image_of(self, text: str) -> Image:
        """Return the row of an image that is there, by its id in an answer."""
        return current_session().get_one(Image, UUID(text), populate_existing=True)

    def at_place(self, image_type: str) -> Image | None:
        """Return the row of one of the session's pictures."""
        query = select(Image).join(Gallery, Gallery.id == Image.gallery_id)
        query = query.where(Gallery.slug == self.session, Image.image_type == image_type)
        return current_session().scalar(query.execution_options(populate_existing=True))

    def was_there(self, answer: Answer) -> bool:
        """Tell whether *answer* is, to the last byte, a picture that was ever there."""
        return answer.status == 200 and digest(answer.body) in self.ever_there

    def clear(self) -> None:
        """Take down all that hangs, and see that nothing is left of it."""
        with writing() as session:
            removed = delete_rows(session, true())
        assert delete_objects(removed, self.house.storages) == []
        assert list(self.storage.iter_keys()) == []
        self.doomed, self.safe = {}, {}

    def _look_at_storage(self) -> None:
        """Each row has its object and each object its row; no key ever came back."""
        checked = integrity.check_objects(
            storages=self.house.storages, now=datetime.now(UTC) + LATER
        )
        assert checked.is_sound, checked.findings.as_json()
        pictures = {key: n for key, n in self.storage.kept.items() if "variants/" not in key}
        assert set(pictures.values()) <= {1}

    def _look_at_rows(self) -> None:
        """What was never to go is there; whatever has a row is served, whole."""
        for image_id in self.safe.values():
            assert self.image(image_id) is not None
        for image in current_session().scalars(select(Image)):
            assert image.status == "completed"
            with self.storage.open(str(image.storage_key)) as stream:
                assert digest(stream.read()) == image.sha256
        end_reading()
