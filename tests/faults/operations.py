"""What is done to a gallery while its steps are broken, and what has to be there afterwards.

The gallery that each begins with holds one image of each kind, and two of
them once more as copies out of the prompt cache.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from tests.faults.orders import Command, Order, Request, Told
from tests.faults.stage import Stage
from tests.faults.verdict import BACKUPS, FOLDERS, Kept, kept_images
from tests.pictures import picture

OWNER = "alice@gallery.example"
SENTENCE = "The fox sells moonlight."
PNG = picture()
OTHER_PNG = picture(colour=(10, 90, 200))
DELETED = picture(colour=(70, 70, 70))
JPEG = picture("JPEG", colour=(20, 160, 90))
PHOTOS = (picture("JPEG", colour=(9, 9, 9)), picture("JPEG", colour=(90, 9, 9)))
# After so many days all that can expire has.
EXPIRED_DAYS = 40


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An order, the SHA-256s of the pictures it ``adds``, and what known images ``become``.

    An image that becomes None is gone. Done twice, it adds a second time, or fills the same
    place again. ``goes_to`` is the provider where all images are afterwards, ``also_done`` what
    is answered where it was done before.
    """

    order: Order
    adds: tuple[str, ...] = ()
    adds_each_time: bool = False
    becomes: Mapping[str, str | None] = field(default_factory=dict)
    goes_to: str | None = None
    also_done: tuple[int, ...] = ()

    def is_acknowledged(self, told: Told) -> bool:
        """Tell whether *told* says that it was done."""
        if isinstance(self.order.what, Command):
            return told.status == 0
        return told.status in (200, 201, 204, *self.also_done)


@dataclass(frozen=True, kw_only=True)
class Furnished:
    """A gallery with images in it, and a key to it."""

    instance: Path
    key: str
    session: str
    story: str
    images: Kept

    def request(self, method: str, path: str, **options: Any) -> Request:
        """Return a request of its owner's."""
        headers = {"Authorization": f"Bearer {self.key}"} | options.pop("headers", {})
        return Request(method=method, path=path, options=options | {"headers": headers})

    def image(self, beginning: str) -> str:
        """Return the id of the image whose key begins like this."""
        return next(each for each in self.images if self.images[each].key.startswith(beginning))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def furnish(stage: Stage) -> Furnished:
    """Save one image of each kind, and copies of one."""
    told = partial(_told, stage)
    told(Command(arguments=("users", "create", OWNER, "--json")))
    key = told(Command(arguments=("keys", "create", "k", "--owner", OWNER, "--json")))["key"]
    bare = Furnished(instance=stage.instance, key=key, session="", story="", images={})
    session = told(bare.request("POST", "/api/sessions", json={}))["id"]
    story = told(bare.request("POST", "/api/stories", json={}))["id"]
    made = Furnished(instance=stage.instance, key=key, session=session, story=story, images={})
    told(_session(made, "main", PNG))
    for page in (1, 2):
        told(_story(made, page))
    told(_generation(made, OTHER_PNG))
    told(_round(made, "fox"))
    told(_copy(made, "owl"))
    told(_product(made))
    # Makes all thumbnails, so that later repairs have little to do.
    told(REPAIR.what)
    return replace(made, images=kept_images(stage.instance))


def back_up_one_more(stage: Stage, made: Furnished) -> None:
    """Make a backup with one image more, which is deleted then."""
    deleted = _told(stage, _generation(made, DELETED))["id"]
    _told(stage, back_up(made).order.what)
    _told(stage, made.request("DELETE", f"/api/images/{deleted}"))


def leave_lying_about(stage: Stage) -> None:
    """Give repairs something to do: an orphan, and a temporary file of a process that died."""
    storage = stage.instance / FOLDERS["local"]
    (storage / "generated" / "orphan.png").write_bytes(PNG)
    (storage / ".tmp" / "dead.part").write_bytes(PNG)


def _told(stage: Stage, what: Request | Command) -> Any:
    (answer,) = stage.do(Order(what=what)).told
    assert answer.status in (0, 200, 201, 204), answer
    return json.loads(answer.body or "null")


def _session(made: Furnished, image_type: str, content: bytes) -> Request:
    path = f"/api/sessions/{made.session}/images/{image_type}"
    return made.request("PUT", path, data=content, content_type="image/png")


def _story(made: Furnished, page: int) -> Request:
    fields = {"description": "A lighthouse that reads.", "pageNumber": str(page)}
    form = fields | {"image": (BytesIO(PNG), "p.png")}
    return made.request("POST", f"/api/stories/{made.story}/illustrations", data=form)


def _generation(made: Furnished, content: bytes) -> Request:
    return made.request("POST", "/api/images", data=content, content_type="image/png")


def _round(made: Furnished, player: str) -> Request:
    form = {"completed_sentence": SENTENCE, "image": (BytesIO(JPEG), "p.jpg")}
    return made.request("PUT", f"/api/games/TEA/rounds/1/players/{player}/image", data=form)


def _copy(made: Furnished, player: str) -> Request:
    path = f"/api/games/TEA/rounds/1/players/{player}/generate"
    return made.request("POST", path, json={"sentence": SENTENCE})


def _product(made: Furnished) -> Request:
    files = [(BytesIO(photo), f"{number}.jpg") for number, photo in enumerate(PHOTOS)]
    form = {"prompt_text": "A copper kettle on white", "images[]": files}
    return made.request("POST", "/api/products", data=form)


def save_session_image(made: Furnished) -> Operation:
    return _filling(_session(made, "comparison", PNG), PNG)


def save_round_image(made: Furnished) -> Operation:
    return _filling(_round(made, "hare"), JPEG)


def save_story_image(made: Furnished) -> Operation:
    order = Order(what=_story(made, 3))
    return Operation(order=order, adds=(sha256(PNG),), adds_each_time=True)


def save_generation(made: Furnished) -> Operation:
    order = Order(what=_generation(made, PNG))
    return Operation(order=order, adds=(sha256(PNG),), adds_each_time=True)


def save_product(made: Furnished) -> Operation:
    adds = tuple(sha256(photo) for photo in PHOTOS)
    return Operation(order=Order(what=_product(made)), adds=adds, adds_each_time=True)


def save_copy(made: Furnished) -> Operation:
    """Keep a picture that the prompt cache knows, which is a hard link."""
    return _filling(_copy(made, "hare"), JPEG)


def save_with_thumbnails(made: Furnished) -> Operation:
    order = Order(what=_session(made, "lifestyle", PNG), makes_thumbnails_ahead=True)
    return Operation(order=order, adds=(sha256(PNG),))


def look_at_thumbnail(made: Furnished) -> Operation:
    """Look at a picture for the first time, which makes its thumbnail."""
    target = made.image("generated/story")
    path = f"/thumbnails/{target}/320-{sha256(PNG)[:12]}.webp"
    return Operation(order=Order(what=made.request("GET", path)))


def replace_session_image(made: Furnished) -> Operation:
    order = Order(what=_session(made, "main", OTHER_PNG))
    target = made.image(f"generated/{made.session}/main")
    return Operation(order=order, becomes={target: sha256(OTHER_PNG)})


def delete_image(made: Furnished) -> Operation:
    target = made.image("images/generations")
    order = Order(what=made.request("DELETE", f"/api/images/{target}"))
    return Operation(order=order, becomes={target: None}, also_done=(404,))


def sweep(made: Furnished) -> Operation:
    order = Order(what=Command(arguments=("sweep", "--json")), days_later=EXPIRED_DAYS)
    swept = {each for each in made.images if not made.images[each].key.startswith("products/")}
    return Operation(order=order, becomes=dict.fromkeys(swept))


def migrate(_made: Furnished) -> Operation:
    ends = ("--from", "local", "--to", "vault", "--linger", "0", "--json")
    return Operation(
        order=Order(what=Command(arguments=("storage", "migrate", *ends))), goes_to="vault"
    )


def back_up(made: Furnished) -> Operation:
    return Operation(order=Order(what=Command(arguments=_backup(made.instance, "create"))))


def restore(made: Furnished) -> Operation:
    """Bring back a backup, which has an image that was deleted since."""
    arguments = (*_backup(made.instance, "restore"), "--yes")
    return Operation(order=Order(what=Command(arguments=arguments)), adds=(sha256(DELETED),))


def repair(_made: Furnished) -> Operation:
    return Operation(order=REPAIR)


def verification(made: Furnished) -> Order:
    """Return what reads all backups there are."""
    return Order(what=Command(arguments=_backup(made.instance, "verify")))


def _backup(instance: Path, what: str) -> tuple[str, ...]:
    return ("backup", what, str(instance / BACKUPS), "--json")


def _filling(what: Request, content: bytes) -> Operation:
    return Operation(order=Order(what=what), adds=(sha256(content),))


Work = Callable[[Furnished], Operation]
REPAIR = Order(what=Command(arguments=("storage", "check", "--repair", "--grace", "0", "--json")))
SAVES = (
    save_session_image,
    save_round_image,
    save_story_image,
    save_generation,
    save_product,
    save_copy,
    save_with_thumbnails,
    look_at_thumbnail,
)
OPERATIONS: tuple[Work, ...] = (
    *SAVES,
    replace_session_image,
    delete_image,
    sweep,
    migrate,
    back_up,
    restore,
    repair,
)
