"""Every file of the corpus, uploaded over HTTP: kept byte for byte, or refused without a trace."""

import csv
import hashlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from gallery.extensions import House
from tests.conftest import CORPUS, Person

MANIFEST = CORPUS.parent / "MANIFEST.open.csv"


def manifest() -> list[dict[str, str]]:
    if not MANIFEST.is_file():
        return []
    with MANIFEST.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


ROWS = manifest() or [{"file": "the corpus", "expected": "accept"}]
NAMES = [row["file"] for row in ROWS]


def send(person: Person, content: bytes) -> httpx.Response:
    return person.post("/api/images", files={"image": ("upload", content)}, timeout=60)


def objects(house: House) -> list[str]:
    """Return everything in the storage folder, temporary files too."""
    root: Any = house.storages.default.root  # type: ignore[attr-defined]
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow's remarks on odd files.
@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_file_is_kept_as_it_came_or_refused(
    corpus: Path, alice: Person, house: House, row: dict[str, str]
) -> None:
    """A good file comes back byte for byte, a bad one is refused with a reason and no trace."""
    content = (corpus / row["file"]).read_bytes()

    answer = send(alice, content)

    if row["expected"] == "accept":
        assert answer.status_code == 201, answer.text
    elif row["expected"] == "reject":
        assert 400 <= answer.status_code < 500, answer.text
    if answer.status_code == 201:
        check_kept(alice, answer.json(), content)
    else:
        check_refused(answer, house)


def check_kept(alice: Person, image: dict[str, Any], content: bytes) -> None:
    stored = alice.get(image["image_url"])
    assert stored.content == content
    assert stored.headers["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    paths = (f"/images/{image['id']}", f"/api/images/{image['id']}", image["thumbnails"]["320"])
    answers = {path: alice.get(path, timeout=60).status_code for path in paths}
    assert set(answers.values()) == {200}, answers


def check_refused(answer: httpx.Response, house: House) -> None:
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"] != ""
    assert objects(house) == []


def test_manifest_and_folder_name_the_same_files(corpus: Path) -> None:
    """No file of the corpus goes untested."""
    assert sorted(NAMES) == sorted(path.name for path in corpus.iterdir())
