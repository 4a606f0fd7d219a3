"""Compose the picture: choose inks and a place, then let the heroes in."""

from collections.abc import Callable

from gallery.generators.demo import patterns, places, rooms, waters
from gallery.generators.demo.canvas import Canvas
from gallery.generators.demo.heroes import admit_heroes
from gallery.generators.demo.kit import make_kit
from gallery.generators.demo.listing import draw_listing
from gallery.generators.demo.palettes import choose_palette
from gallery.generators.demo.reading import Brief
from gallery.generators.demo.scene import Scene, fall

PLACES: dict[str, Callable[[Scene], None]] = {
    "mountains": places.mountains,
    "sea": waters.sea,
    "forest": places.forest,
    "desert": places.desert,
    "garden": places.garden,
    "sky": places.sky,
    "underwater": waters.underwater,
    "city": rooms.city,
    "space": rooms.space,
    "interior": rooms.interior,
    "abstract": patterns.abstract,
}
SHELTERED = frozenset({"interior", "abstract", "space", "underwater"})


def compose(canvas: Canvas, brief: Brief, *, image_type: object = None) -> None:
    """Draw the whole picture on *canvas*; with an *image_type*, as a shop's listing."""
    if image_type is not None:
        _compose_listing(canvas, brief, str(image_type))
        return
    time = brief.time or ("night" if brief.place == "space" else None)
    palette = choose_palette(brief.rng("palette"), time=time, words=brief.words, place=brief.place)
    scene = Scene(canvas, brief, palette)
    PLACES[brief.place](scene)
    admit_heroes(scene)
    if scene.in_front is not None:
        scene.in_front()
    if brief.weather is not None and brief.place not in SHELTERED:
        fall(scene)


def _compose_listing(canvas: Canvas, brief: Brief, image_type: str) -> None:
    """The object keeps its own inks in all five pictures; only the room knows the hour."""
    inks = choose_palette(
        brief.rng("palette"), time="day", words=brief.subject_words, place="studio"
    )
    room = inks
    if image_type == "lifestyle" and brief.time is not None:
        room = choose_palette(
            brief.rng("palette"), time=brief.time, words=brief.words, place="interior"
        )
    draw_listing(Scene(canvas, brief, room), image_type, make_kit(inks, brief.rng("kit")))
