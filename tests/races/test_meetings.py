"""Whoever meets a sweep, a save or a deletion: nothing is cut short, and nothing wrongly lost."""

import io
import os
from collections import Counter
from collections.abc import Callable, Iterable
from zipfile import ZipFile

import pytest
from PIL import Image as Pillow

from tests.databases import Databases
from tests.races.trial import Answer, Trial, digest, noise
from tests.reliability import tell, trials

Play = Callable[[Callable[[Trial], str], int], str]
KEEP = {"keep": True}


def sweep_against_download(trial: Trial) -> str:
    """Who downloads gets the picture, or hears that it is gone; a thumbnail alike."""
    thumbnail = f"/thumbnails/{trial.doomed['main']}/320-{digest(noise(1))[:12]}.webp"
    trial.send("sweep", trial.sweep)
    download = trial.send("download", trial.get, trial.place())
    small = trial.send("thumbnail", trial.get, thumbnail)
    trial.run()

    assert trial.was_there(download.result()) or download.result().status == 404
    if small.result().status != 404:
        Pillow.open(io.BytesIO(small.result().body)).load()
    return "whole" if download.result().status == 200 else "gone before"


def sweep_against_save(trial: Trial) -> str:
    """What is saved into a doomed picture's place is there afterwards."""
    sweep = trial.send("sweep", trial.sweep)
    save = trial.send("save", trial.save, 5)
    download = trial.send("download", trial.get, trial.place())
    trial.run()

    image = trial.at_place("main")
    assert image
    assert image.sha256 == digest(noise(5))
    assert trial.was_there(download.result()) or download.result().status == 404
    is_in_time = save.result().status == 200
    assert (image.id == trial.doomed["main"]) is is_in_time
    assert (trial.doomed["main"] in sweep.result().deleted) is not is_in_time
    return "saved before it went" if is_in_time else "hung anew"


def sweep_against_keeping(trial: Trial) -> str:
    """Who was told that a picture is kept has it for good."""
    image_id = trial.doomed["main"]
    sweep = trial.send("sweep", trial.sweep)
    keep = trial.send("keep", lambda: trial.ask("PATCH", f"/api/images/{image_id}", json=KEEP))
    trial.run()

    is_kept = keep.result().status == 200
    assert is_kept or keep.result().status == 404
    assert (trial.image(image_id) is not None) is is_kept
    assert (image_id in sweep.result().deleted) is not is_kept
    return "kept" if is_kept else "gone before"


def sweep_against_copy(trial: Trial) -> str:
    """Two ask for what was drawn already: they get a copy, or another drawing, but get one."""
    trial.send("sweep", trial.sweep)
    asked = [
        trial.send(
            player,
            lambda player=player: trial.post(
                f"/api/games/{trial.game}/rounds/1/players/{player}/generate",
                sentence=trial.sentence,
            ),
        )
        for player in ("owl", "wren")
    ]
    trial.run()

    assert [answer.result().status // 100 for answer in asked] == [2, 2]
    ids = [answer.result().json()["id"] for answer in asked]
    copies = sum(bool(trial.image_of(each).is_cached) for each in ids)
    return ("drawn anew", "drawn anew, and copied", "copied")[copies]


def sweep_against_share(trial: Trial) -> str:
    """A link that was handed out opens a whole picture, or says that it is gone."""
    share = trial.send("share", share_and_open, trial)
    game = trial.send("game", trial.post, f"/api/galleries/game/{trial.game}/links")
    link = trial.send("link", link_and_follow, trial)
    trial.send("sweep", trial.sweep)
    trial.run()

    for answer in (*share.result(), *link.result()):
        assert trial.was_there(answer) or answer.status in (404, 410)
    assert game.result().status in (201, 404)
    return "opened" if trial.was_there(link.result()[-1]) else "gone before"


def sweep_against_zip(trial: Trial) -> str:
    """An archive lacks nothing of what it was begun with, or never arrives whole."""
    path = f"/galleries/session/{trial.session}/images.zip"
    trial.send("sweep", trial.sweep)
    archive = trial.send("zip", trial.get, path)
    trial.run()

    if archive.result().is_broken:
        return "broken off"
    with ZipFile(io.BytesIO(archive.result().body)) as unpacked:
        names = unpacked.namelist()
        assert {digest(unpacked.read(name)) for name in names} <= trial.ever_there
    assert names in (["main.png", "lifestyle.png", "comparison.png"], ["comparison.png"])
    return "whole" if len(names) == 3 else "whole, of what was left"


def sweep_against_first_picture(trial: Trial) -> str:
    """What is empty is forgotten, but not from under who saves or shares: they are told truly."""
    trial.clear()
    trial.send("sweep", trial.sweep)
    into_game = trial.send("game", trial.save_in_round, "owl", 4)
    into_session = trial.send("session", trial.save, 5)
    shares = [
        trial.send(f"share {kind}", trial.post, f"/api/galleries/{kind}/{slug}/links")
        for kind, slug in (("game", trial.game), ("session", trial.session))
    ]
    trial.run()

    # A game comes with its first picture, a session doesn't.
    assert into_game.result().status == 201
    assert trial.image_of(into_game.result().json()["id"]).sha256 == digest(noise(4, "JPEG"))
    assert {share.result().status for share in shares} <= {201, 404}
    is_saved = into_session.result().status == 201
    assert is_saved or into_session.result().status == 404
    assert (trial.at_place("main") is not None) is is_saved
    return "kept in time" if is_saved else "forgotten before"


def two_sweeps(trial: Trial) -> str:
    """Each picture goes once, whichever of the two takes it; and its bytes count once."""
    doomed = {image_id: trial.image(image_id).size_bytes for image_id in trial.doomed.values()}
    first, second = (trial.send(name, trial.sweep, 1) for name in ("first", "second"))
    download = trial.send("download", trial.get, trial.place())
    trial.run()

    swept = [first.result(), second.result()]
    assert sorted(swept[0].deleted + swept[1].deleted) == sorted(doomed)
    assert [each.bytes for each in swept] == [sum(map(doomed.get, s.deleted)) for s in swept]
    assert [each.errors for each in swept] == [[], []]
    assert trial.was_there(download.result()) or download.result().status == 404
    return "one took all" if not all(each.deleted for each in swept) else "shared between them"


def two_replacements(trial: Trial) -> str:
    """One place holds one picture, the later; neither save fails, and nothing is left over."""
    saves = [trial.send(f"save {colour}", trial.save, colour) for colour in (5, 6)]
    download = trial.send("download", trial.get, trial.place())
    trial.run()

    assert [save.result().status for save in saves] == [200, 200]
    image = trial.at_place("main")
    assert image
    assert image.id == trial.doomed["main"]
    assert image.sha256 in {digest(noise(5)), digest(noise(6))}
    assert trial.was_there(download.result())
    return "the first stays" if image.sha256 == digest(noise(5)) else "the second stays"


def replacement_against_deletion(trial: Trial) -> str:
    """A picture is deleted while another takes its place: either order is right."""
    path = f"/api/images/{trial.doomed['main']}"
    save = trial.send("save", trial.save, 5)
    delete = trial.send("delete", trial.ask, "DELETE", path)
    download = trial.send("download", trial.get, trial.place())
    trial.run()

    assert delete.result().status == 204
    assert trial.was_there(download.result()) or download.result().status == 404
    image = trial.at_place("main")
    # What was deleted before its saver was answered is not there to be told of.
    is_in_time = save.result().status in (200, 404)
    assert (image is None) is is_in_time
    return "saved before it went" if is_in_time else "hung anew"


def storage_check_against_all(trial: Trial) -> str:
    """While others save, sweep and delete, a check misses nothing that is there."""
    check = trial.send("check", trial.check)
    trial.send("sweep", trial.sweep)
    trial.send("save", trial.save, 5)
    trial.send("delete", trial.ask, "DELETE", f"/api/images/{trial.doomed['fox']}")
    trial.run()

    assert check.result().is_sound, check.result().findings.as_json()
    return "sound"


def crowd(trial: Trial) -> str:
    """All of them at once."""
    image_id = trial.doomed["lifestyle"]
    sweeps = [trial.send(f"sweep {number}", trial.sweep, 2) for number in (1, 2)]
    saves = [trial.send(f"save {colour}", trial.save, colour) for colour in (5, 6)]
    keep = trial.send("keep", lambda: trial.ask("PATCH", f"/api/images/{image_id}", json=KEEP))
    share = trial.send("share", share_and_open, trial)
    link = trial.send("link", link_and_follow, trial)
    download = trial.send("download", trial.get, trial.place("lifestyle"))
    trial.run()

    deleted = [each for sweep in sweeps for each in sweep.result().deleted]
    assert len(deleted) == len(set(deleted))
    assert set(deleted) <= set(trial.doomed.values())
    assert trial.at_place("main")
    assert {save.result().status for save in saves} <= {200, 201}
    assert (trial.image(image_id) is not None) is (keep.result().status == 200)
    for answer in (*share.result(), *link.result(), download.result()):
        assert trial.was_there(answer) or answer.status in (404, 410)
    return "all well"


def share_and_open(trial: Trial) -> Iterable[Answer]:
    """Share the session, open the page, and follow it to a picture."""
    made = trial.post(f"/api/galleries/session/{trial.session}/links")
    assert made.status == 201, made.body
    page = made.json()["url"]
    assert trial.get(page).status == 200
    return [trial.get(f"{page}/images/{trial.doomed['main']}/download")]


def link_and_follow(trial: Trial) -> Iterable[Answer]:
    """Sign a link to a picture, unless it is gone, and follow it."""
    made = trial.post(f"/api/images/{trial.doomed['main']}/links")
    return [trial.get(made.json()["url"]) if made.status == 201 else made]


MEETINGS = (
    sweep_against_download,
    sweep_against_save,
    sweep_against_keeping,
    sweep_against_copy,
    sweep_against_share,
    sweep_against_zip,
    sweep_against_first_picture,
    two_sweeps,
    two_replacements,
    replacement_against_deletion,
    storage_check_against_all,
    crowd,
)


def numbers() -> Iterable[int]:
    """Return which trials to play: the one that is named, or as many as are wanted."""
    alone = os.environ.get("GALLERY_TRIAL")
    return [int(alone)] if alone else range(trials(3, full=100))


@pytest.mark.parametrize("meeting", MEETINGS, ids=lambda each: each.__name__)
def test_meeting_ends_well_in_every_order(
    meeting: Callable[[Trial], str], play: Play, databases: Databases
) -> None:
    """The seed decides who goes when; what each meeting promises is said where it is played."""
    happened = Counter(play(meeting, number) for number in numbers())

    tell("races", f"{meeting.__name__.replace('_', ' ')}, {databases.name}", happened)
