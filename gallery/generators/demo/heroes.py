"""Heroes enter: where each of them stands, floats or flies, and how large."""

from gallery.generators.demo.canvas import Shape
from gallery.generators.demo.creatures import CREATURES
from gallery.generators.demo.kit import Kit, make_kit
from gallery.generators.demo.palettes import lighten
from gallery.generators.demo.scene import Scene
from gallery.generators.demo.things import THINGS
from gallery.generators.demo.wares import WARES

ARTISTS = {**CREATURES, **THINGS, **WARES}
FLYERS = frozenset({"balloon", "rocket"})
SWIMMERS = frozenset({"fish", "octopus", "whale", "ship"})
TALL = {
    "castle": 1.3,
    "lighthouse": 1.45,
    "house": 1.15,
    "balloon": 1.05,
    "rocket": 1.1,
    "ship": 1.05,
    "mushroom": 0.8,
    "snail": 0.72,
    "bird": 0.72,
    "book": 0.62,
    "mug": 0.62,
    "pear": 0.62,
    "candle": 0.66,
    "clock": 0.72,
    "sneaker": 0.66,
    "teapot": 0.7,
    "whale": 0.62,
    "bottle": 0.8,
    "vase": 0.8,
    "fish": 0.62,
    "cake": 0.85,
    "headphones": 0.72,
}
BUILT = frozenset({"castle", "lighthouse", "house", "ship", "balloon", "rocket"})
# Left, centre, right: buildings go to the back row, so the order is kept by eye, not by size.
SPOTS = {1: (0.5,), 2: (0.3, 0.71), 3: (0.22, 0.52, 0.81)}


def draw_hero(
    scene: Scene,
    hero: str,
    kit: Kit,
    x: float,
    y: float,
    height: float,
    *,
    flip: bool = False,
    tilt: float = 0,
    far: float = 0.0,
) -> None:
    """Draw *hero* with its feet at (x, y) pixels."""
    ARTISTS[hero](scene.pen(x, y, height, flip=flip, tilt=tilt, far=far), kit)


def admit_heroes(scene: Scene) -> None:
    """Place up to three heroes so that none hides another."""
    heroes = scene.brief.heroes
    if not heroes:
        return
    rng = scene.brief.rng("heroes")
    spots = SPOTS[len(heroes)]
    size = scene.hero_height * (1.0, 0.84, 0.68)[len(heroes) - 1]
    if scene.brief.place == "abstract":
        _medallion(scene)
    order = sorted(range(len(heroes)), key=lambda i: heroes[i] not in BUILT)
    for index in order:
        hero = heroes[index]
        tall = size * TALL.get(hero, 1.0) * min(1.0, 0.6 + 0.4 * scene.width / scene.height)
        x = scene.width * (spots[index] + rng.uniform(-0.03, 0.03))
        y = _level(scene, hero, rng.random())
        flip = x > scene.width * 0.6 or (len(heroes) == 1 and rng.random() < 0.4)
        tilt = rng.uniform(12, 24) if hero == "rocket" else 0.0
        draw_hero(
            scene,
            hero,
            make_kit(scene.palette, scene.brief.rng(f"kit/{index}")),
            x,
            y,
            tall,
            flip=flip,
            tilt=tilt,
        )


def _level(scene: Scene, hero: str, luck: float) -> float:
    """The height of its feet: in the air, in the water, or on the ground."""
    place = scene.brief.place
    floats = place in ("space", "sky") and hero not in ("castle", "house", "lighthouse")
    if hero in FLYERS or (place == "sky" and floats) or (place == "space" and hero == "rocket"):
        return scene.height * (0.56 + 0.1 * luck)
    if hero in ("fish", "octopus", "whale") and place == "underwater":
        return scene.height * (0.62 + 0.08 * luck)
    if hero == "bird" and place == "sky":
        return scene.height * 0.55
    return scene.ground + scene.unit * (2 if hero not in BUILT else -3 if place != "sea" else 4)


def _medallion(scene: Scene) -> None:
    """A calm disc to stand on, so that a hero reads on top of a pattern."""
    x, y, unit = scene.width / 2, scene.height * 0.6, scene.unit
    scene.canvas.glow(x + unit, y + unit * 2, unit * 44, scene.palette.ink, alpha=0.4)
    scene.canvas.fill(Shape().oval(x, y, unit * 37), lighten(scene.palette.cream, 0.2), shade=0.35)
