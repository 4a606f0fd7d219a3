"""The demo's products: photos of things to sell, one product in each state worth seeing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from gallery.generators.base import GeneratedImage, Generator
from gallery.services.access import Viewer
from gallery.services.ingest import Intake, spooled
from gallery.services.products import create_product, move_product

# As cameras hold them: across, upright, and one that was cropped to a square.
SIZES = ((1280, 960), (960, 1280), (1200, 1200))
EXTENSIONS = {"jpeg": "jpg", "webp": "webp"}


@dataclass(frozen=True, kw_only=True)
class Offer:
    """Something to sell: its text, what its photos show, and the way it has gone since."""

    name: str
    text: str
    shots: tuple[str, ...]
    way: tuple[str, ...]
    sent_ago: timedelta
    primary: int = 0
    failure: str | None = None


OFFERS = (
    Offer(
        name="teapot",
        text="A round stoneware teapot for six cups. Its spout doesn't drip, its lid stays on when"
        " you pour, and the glaze is lead-free.",
        shots=(
            "A dotted teapot and a mug for breakfast",
            "A stoneware teapot on a wooden table by the window",
            "A teapot in a cosy room at dusk",
            "A teapot and a vase of flowers, soft window light",
        ),
        way=("processing", "ready", "publishing", "published"),
        sent_ago=timedelta(days=12, hours=4),
    ),
    Offer(
        name="chair",
        text="Reading chair with a deep wool seat and oiled oak legs, made to be mended: every"
        " part can be bought by itself.",
        shots=(
            "An armchair in a quiet room at noon",
            "A chair beside a plant in a bright hallway",
            "A chair and a lamp at night, warm light",
        ),
        way=("processing", "ready"),
        sent_ago=timedelta(days=4, hours=1),
        primary=1,
    ),
    Offer(
        name="bicycle",
        text="A steel town bicycle with eight gears, a basket in front and lights that need no"
        " batteries.",
        shots=(
            "A bicycle in a city street in summer daylight",
            "A bicycle in a green meadow in spring",
        ),
        way=("processing", "failed"),
        sent_ago=timedelta(days=1, hours=6),
        failure="The second photo is too small for the shop: it asks for 1,600 pixels on the"
        " longer side.",
    ),
    Offer(
        name="candle",
        text="Beeswax candles in a glass that can be filled again. Forty-five hours of quiet"
        " light, without perfume.",
        shots=(
            "A candle on a wooden table at night",
            "A candle and a book by the window at dusk",
            "Three candles in a quiet room, warm evening light",
        ),
        way=(),
        sent_ago=timedelta(minutes=25),
    ),
)
PHOTOS = sum(len(offer.shots) for offer in OFFERS)


def fill_products(
    *, viewer: Viewer, intake: Intake, generator: Generator, pool: ThreadPoolExecutor, now: datetime
) -> Iterator[None]:
    """Draw and save the products, and move them on; yields once for each photo."""
    shots = [
        (shot, place, seed)
        for seed, offer in enumerate(OFFERS, 1)
        for place, shot in enumerate(offer.shots)
    ]
    drawn = pool.map(lambda shot: _draw(generator, *shot), shots)
    for offer in OFFERS:
        photos = []
        for _ in offer.shots:
            photos.append(next(drawn))
            yield
        _save(offer, photos, viewer=viewer, intake=intake, at=now - offer.sent_ago)


def _draw(generator: Generator, prompt: str, place: int, seed: int) -> GeneratedImage:
    width, height = SIZES[place % len(SIZES)]
    return generator.generate(
        prompt,
        width=width,
        height=height,
        format="jpeg" if place % 3 < 2 else "webp",
        # All photos of a product show the same thing in the same colours.
        parameters={"seed": seed},
    )


def _save(
    offer: Offer, photos: list[GeneratedImage], *, viewer: Viewer, intake: Intake, at: datetime
) -> None:
    named = [
        (f"{offer.name}-{number}.{EXTENSIONS[photo.format]}", photo.content)
        for number, photo in enumerate(photos, 1)
    ]
    with spooled(named, storage=intake.storage) as files:
        product = create_product(
            offer.text, files, viewer=viewer, intake=intake, now=at, primary=offer.primary
        )
    for minutes, status in enumerate(offer.way, 1):
        move_product(
            product.id,
            status,
            viewer=viewer,
            now=at + timedelta(minutes=minutes),
            error=offer.failure if status == "failed" else None,
        )
