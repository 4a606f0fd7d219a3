"""Fill an empty gallery with pictures worth looking at.

Games with rounds and players, sessions with all five images, stories,
single generations and products, drawn from prompts by the built-in
generator and saved the way any other image is, spread over the last weeks.
"""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import exists, select

from gallery.extensions import current_session
from gallery.generators import prompts
from gallery.generators.base import GeneratedImage, Generator
from gallery.models import User
from gallery.services.access import Viewer
from gallery.services.catalog import show_round
from gallery.services.demo_products import PHOTOS, fill_products
from gallery.services.galleries import change_gallery, open_gallery
from gallery.services.generation import Asked, Studio, ask_for_round_image
from gallery.services.ingest import (
    IMAGE_TYPES,
    Details,
    Intake,
    Submission,
    save_generation,
    save_round_image,
    save_session_image,
    save_story_image,
)
from gallery.services.prompt_cache import Wish

EMAIL = "demo@gallery.example"
PLAYERS = ("fox", "heron", "otter", "lynx", "wren")
LATECOMER = "owl"
GAME_CODES = ("TEAPOT", "COMET")
STYLES = ("gouache", "paper cut-out", "night print")
ROUNDS = 3
# Pillow draws outside the interpreter's lock, so two threads fill two cores.
_ARTISTS = 2


@dataclass(frozen=True, kw_only=True)
class Commission:
    """A picture to be drawn, and how it is saved then."""

    prompt: str
    size: tuple[int, int]
    format: str
    parameters: dict[str, object]
    made_ago: timedelta
    save: Callable[[GeneratedImage, Details, datetime], object]


def is_empty() -> bool:
    """Tell whether nobody uses this gallery yet."""
    return not current_session().scalar(select(exists().where(User.id.is_not(None))))


def fill(
    *, viewer: Viewer, studio: Studio, generator: Generator, now: datetime
) -> Iterator[tuple[int, int]]:
    """Draw and save the demo; yield how many pictures of how many are done."""
    intake = studio.intake
    commissions = sorted(
        _commissions(viewer, intake, now), key=lambda each: each.made_ago, reverse=True
    )
    total = len(commissions) + PHOTOS + len(GAME_CODES) * ROUNDS
    with ThreadPoolExecutor(_ARTISTS) as pool:
        drawn = pool.map(lambda each: _draw(each, generator), commissions)
        for done, (commission, image) in enumerate(zip(commissions, drawn, strict=True), 1):
            at = now - commission.made_ago
            details = Details(prompt=commission.prompt, model=image.model, service="demo")
            commission.save(image, details, at)
            yield done, total
        sent = fill_products(viewer=viewer, intake=intake, generator=generator, pool=pool, now=now)
        for done, _ in enumerate(sent, len(commissions) + 1):
            yield done, total
    for done, _ in enumerate(_ask_again(viewer, studio, now), len(commissions) + PHOTOS + 1):
        yield done, total


def _ask_again(viewer: Viewer, studio: Studio, now: datetime) -> Iterator[Asked]:
    """Let one more player of each round hand in what the first did: it costs nothing."""
    for game, code in enumerate(GAME_CODES):
        for number in range(1, ROUNDS + 1):
            first = show_round(code, number, viewer=viewer).images[0]
            at = now - _played_ago(game, number, place=len(PLAYERS))
            yield ask_for_round_image(
                code, number, LATECOMER,
                wish=Wish(
                    sentence=first.completed_sentence, cards=tuple(first.cards), style=first.style,
                    service=first.service,
                ),
                submission_id=f"{code}-{number}-{LATECOMER}", completed_sentence=None,
                viewer=viewer, studio=studio, now=at,
            )  # fmt: skip


def _played_ago(game: int, number: int, *, place: int) -> timedelta:
    return timedelta(days=2 + 9 * game) - timedelta(minutes=6 * number + place)


def _draw(commission: Commission, generator: Generator) -> GeneratedImage:
    width, height = commission.size
    return generator.generate(
        commission.prompt,
        width=width,
        height=height,
        format=commission.format,
        parameters=commission.parameters,
    )


def _commissions(viewer: Viewer, intake: Intake, now: datetime) -> Iterator[Commission]:
    # The same demo everywhere: the seed makes the choices, not the clock.
    chance = random.Random(2026)  # noqa: S311 - nothing here is secret
    yield from _games(viewer, intake, now, chance)
    yield from _sessions(viewer, intake, now)
    yield from _stories(viewer, intake, now)
    yield from _generations(viewer, intake)


def _games(
    viewer: Viewer, intake: Intake, now: datetime, chance: random.Random
) -> Iterator[Commission]:
    sentences = iter(prompts.GAME_SENTENCES)
    for game, code in enumerate(GAME_CODES):
        ago = timedelta(days=2 + 9 * game)
        title = f"The {code.lower()} table"
        open_gallery(
            "game", slug=code, title=title, visibility="public", viewer=viewer, now=now - ago
        )
        for number in range(1, ROUNDS + 1):
            sentence = next(sentences)
            for place, player in enumerate(PLAYERS):
                cards = tuple(chance.sample(sentence.cards, sentence.blanks))
                style = STYLES[(game + place) % len(STYLES)]
                yield _round_commission(
                    code, number, player, sentence.complete(*cards), cards, style,
                    _played_ago(game, number, place=place), viewer, intake,
                )  # fmt: skip


def _round_commission(
    code: str,
    number: int,
    player: str,
    sentence: str,
    cards: tuple[str, ...],
    style: str,
    made_ago: timedelta,
    viewer: Viewer,
    intake: Intake,
) -> Commission:
    def save(image: GeneratedImage, details: Details, at: datetime) -> object:
        submission = Submission(
            submission_id=f"{code}-{number}-{player}", completed_sentence=sentence, cards=cards
        )
        told = replace(details, prompt="", style=style, parameters=image.parameters)
        return save_round_image(
            code, number, player, image.content,
            submission=submission, details=told, viewer=viewer, intake=intake, now=at,
        )  # fmt: skip

    return Commission(
        prompt=f"{sentence} {style}",
        size=(1024, 768),
        format="jpeg",
        parameters={},
        made_ago=made_ago,
        save=save,
    )


def _sessions(viewer: Viewer, intake: Intake, now: datetime) -> Iterator[Commission]:
    for place, product in enumerate(prompts.PRODUCTS):
        ago = timedelta(days=1 + 5 * place, hours=3)
        session = open_gallery("session", title=product.name, viewer=viewer, now=now - ago)
        # One stays private, as sessions are unless their owner says otherwise.
        if place < len(prompts.PRODUCTS) - 1:
            change_gallery("session", session.slug, visibility="public", viewer=viewer, now=now)
        for order, image_type in enumerate(IMAGE_TYPES):

            def save(
                image: GeneratedImage,
                details: Details,
                at: datetime,
                *,
                slug: str = session.slug,
                image_type: str = image_type,
            ) -> object:
                return save_session_image(
                    slug, image_type, image.content,
                    details=details, viewer=viewer, intake=intake, now=at,
                )  # fmt: skip

            yield Commission(
                prompt=product.prompts[image_type],
                size=(1024, 1024),
                format="png",
                parameters={"image_type": image_type},
                made_ago=ago - timedelta(minutes=order),
                save=save,
            )


def _stories(viewer: Viewer, intake: Intake, now: datetime) -> Iterator[Commission]:
    for place, story in enumerate(prompts.STORIES):
        ago = timedelta(days=3 + 7 * place, hours=5)
        told = open_gallery(
            "story", title=story.title, visibility="public", viewer=viewer, now=now - ago
        )
        for page, text in enumerate(story.pages, 1):

            def save(
                image: GeneratedImage,
                details: Details,
                at: datetime,
                *,
                slug: str = told.slug,
                page: int = page,
            ) -> object:
                return save_story_image(
                    slug, page, image.content,
                    details=details, viewer=viewer, intake=intake, now=at, method="consistent",
                    is_character_referenced=page > 1,
                )  # fmt: skip

            yield Commission(
                prompt=text,
                size=(1024, 768),
                format="png",
                parameters={},
                made_ago=ago - timedelta(minutes=2 * page),
                save=save,
            )


def _generations(viewer: Viewer, intake: Intake) -> Iterator[Commission]:
    sizes = ((1024, 1024), (1216, 832), (832, 1216))
    for place, single in enumerate(prompts.SINGLE_PROMPTS):

        def save(
            image: GeneratedImage,
            details: Details,
            at: datetime,
            *,
            category: str = single.category,
        ) -> object:
            return save_generation(
                image.content,
                details=replace(details, category=category, parameters=image.parameters),
                viewer=viewer, intake=intake, now=at, visibility="public",
            )  # fmt: skip

        yield Commission(
            prompt=single.prompt,
            size=sizes[place % len(sizes)],
            format="png" if place % 3 else "webp",
            parameters={},
            made_ago=timedelta(days=place, hours=2),
            save=save,
        )
