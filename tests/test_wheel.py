"""The wheel: it runs anywhere, with all that lies beside the package in a checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
VISIT = """
from gallery import HOME, create_app
from flask_migrate import upgrade
app = create_app()
with app.app_context():
    upgrade()
visitor = app.test_client()
print(HOME, visitor.get("/").status_code, visitor.get("/static/css/gallery.css").status_code)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("gallery-*.whl"))


def test_wheel_carries_what_the_pages_need(wheel: Path) -> None:
    """Templates, static files and migrations are inside the package, and nothing is beside it."""
    names = zipfile.ZipFile(wheel).namelist()

    assert "gallery/templates/base.html" in names
    assert "gallery/static/css/gallery.css" in names
    assert "gallery/migrations/versions/0001_the_first_tables.py" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"gallery"}


def test_unpacked_wheel_serves_a_page(wheel: Path, tmp_path: Path) -> None:
    """A gallery made from the wheel alone migrates its database and shows its home page."""
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)

    visit = subprocess.run(
        [sys.executable, "-c", VISIT],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site), "INSTANCE_PATH": str(tmp_path / "instance"), "PATH": ""},
        check=True,
        capture_output=True,
        text=True,
    )

    assert visit.stdout.split() == [str(site / "gallery"), "200", "200"]
