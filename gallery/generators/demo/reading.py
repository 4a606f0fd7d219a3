"""Read a prompt: which heroes, which place, what time, which weather.

Known words decide what is drawn; all the others still decide how, through
the seed. Nothing is ever refused: an empty prompt is a composition too.
"""

import hashlib
import re
from dataclasses import dataclass
from random import Random

VERSION = "1"
READ_CHARACTERS = 4000

TIMES = {
    "night": "night midnight moon moonlit moonlight star stars starry dark dream lantern lanterns"
    " firefly fireflies aurora midnight sleeping asleep bedtime",
    "dusk": "dusk sunset evening twilight dusky autumn ember",
    "dawn": "dawn sunrise morning spring blossom breakfast early",
    "day": "day noon sunny sun summer daylight afternoon bright sunshine midday",
}
PLACES = {
    "space": "space planet planets galaxy cosmos cosmic orbit nebula comet saturn asteroid"
    " universe",
    "underwater": "underwater reef deep seabed submarine abyss kelp jellyfish",
    "sea": "sea ocean wave waves harbour harbor coast beach island shore bay lake tide water sail"
    " sailing pier lagoon",
    "city": "city town street skyline skyscraper skyscrapers downtown roof rooftop rooftops"
    " building buildings metropolis traffic windows neon",
    "desert": "desert dune dunes sand cactus canyon oasis pyramid savanna",
    "forest": "forest wood woods tree trees pine pines birch jungle grove path",
    "garden": "garden flower flowers meadow roses tulip tulips bee bees park orchard picnic"
    " field fields vegetable vegetables poppy poppies",
    "interior": "room kitchen interior bakery library cosy cozy living sofa armchair fireplace desk"
    " inside cafe window bedroom shop restaurant school office museum oven",
    "abstract": "abstract bauhaus matisse cutout cutouts geometric geometry shapes pattern collage"
    " composition suprematist cubist minimal circles",
    "mountains": "mountain mountains hill hills valley alps peak peaks summit ridge glacier fjord"
    " cliff landscape horizon snow winter volcano",
    "sky": "sky clouds cloud heaven heavens balloons flying flight",
}
HEROES = {
    "cat": "cat cats kitten kittens kitty",
    "fox": "fox foxes",
    "bear": "bear bears",
    "rabbit": "rabbit rabbits bunny hare",
    "owl": "owl owls",
    "dog": "dog dogs puppy puppies",
    "dragon": "dragon dragons dinosaur dinosaurs monster",
    "robot": "robot robots android machine",
    "whale": "whale whales",
    "octopus": "octopus octopuses squid",
    "fish": "fish goldfish fishes",
    "bird": "bird birds sparrow pigeon pigeons parrot",
    "penguin": "penguin penguins",
    "snail": "snail snails",
    "castle": "castle castles palace fortress",
    "lighthouse": "lighthouse lighthouses",
    "house": "house houses cottage cabin hut",
    "balloon": "balloon balloons",
    "rocket": "rocket rockets spaceship",
    "ship": "ship ships boat boats sailboat sail sailing pirate pirates",
    "teapot": "teapot teapots tea",
    "bicycle": "bicycle bicycles bike bikes",
    "umbrella": "umbrella umbrellas",
    "mushroom": "mushroom mushrooms toadstool",
    "cake": "cake cakes birthday",
    "book": "book books novel",
    "mug": "mug mugs cup cups coffee cocoa",
    "lamp": "lamp lamps",
    "vase": "vase vases",
    "chair": "chair chairs armchair stool",
    "backpack": "backpack backpacks rucksack bag",
    "bottle": "bottle bottles flask",
    "headphones": "headphones headphone headset earphones",
    "sneaker": "sneaker sneakers shoe shoes trainer trainers boots",
    "plant": "plant plants pot",
    "candle": "candle candles",
    "clock": "clock clocks watch alarm",
    "pear": "pear pears apple apples fruit fruits lemon lemons",
    "guitar": "guitar guitars ukulele band",
}
WARES = frozenset(
    {
        "mug",
        "lamp",
        "vase",
        "chair",
        "backpack",
        "bottle",
        "headphones",
        "sneaker",
        "plant",
        "candle",
        "clock",
        "teapot",
        "bicycle",
        "umbrella",
        "book",
        "guitar",
    }
)
HOMES = {
    "whale": ("sea",),
    "octopus": ("underwater",),
    "fish": ("underwater",),
    "ship": ("sea",),
    "lighthouse": ("sea",),
    "rocket": ("space", "mountains"),
    "balloon": ("sky", "mountains"),
    "castle": ("mountains", "forest"),
    "bear": ("forest",),
    "fox": ("forest", "garden"),
    "owl": ("forest",),
    "penguin": ("mountains",),
    "dragon": ("mountains", "desert"),
    "house": ("garden", "mountains"),
    "rabbit": ("garden",),
    "snail": ("garden",),
    "mushroom": ("forest",),
    "bicycle": ("garden", "city"),
    "cat": ("interior", "garden"),
    "robot": ("city", "desert"),
    "dog": ("garden", "interior"),
    "bird": ("garden", "sky"),
    "umbrella": ("city", "garden"),
}
OUTDOOR = frozenset({"ship", "lighthouse", "castle", "house", "whale", "balloon", "rocket"})
WEATHER = {
    "snow": "snow snowy winter snowfall snowflake snowflakes ice frost blizzard",
    "rain": "rain rainy storm drizzle umbrella wet",
    "fog": "fog foggy mist misty",
}


def _index(groups: dict[str, str]) -> dict[str, str]:
    return {word: name for name, words in groups.items() for word in words.split()}


_TIMES, _PLACES, _HEROES, _WEATHER = map(_index, (TIMES, PLACES, HEROES, WEATHER))


@dataclass(frozen=True, kw_only=True)
class Brief:
    """What the prompt asks for; ``None`` where it leaves the choice to its seed."""

    seed: int
    words: frozenset[str]
    subject_words: frozenset[str]  # those before the first comma
    heroes: tuple[str, ...]
    place: str
    time: str | None
    weather: str | None

    def rng(self, part: str) -> Random:
        """A stream of choices of its own for each *part* of the picture."""
        return Random(f"{self.seed}/{part}")  # noqa: S311 (paint, not secrets)


def seed_of(prompt: str, *extra: object) -> int:
    """A 32-bit seed; the same words in other spacing or case share it."""
    words = " ".join(prompt.lower().split())
    text = "\x1f".join([VERSION, words, *map(str, extra)])
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:4], "big")


def read_prompt(prompt: str, *, seed: int) -> Brief:
    """Find heroes (three at most, in order of appearance), place, time and weather."""
    text = re.sub(r"(picture|comic|story)[ -]?book", "", prompt[:READ_CHARACTERS].lower())
    words = re.findall(r"[a-z]+", text)
    heroes = list(dict.fromkeys(_HEROES[word] for word in words if word in _HEROES))[:3]
    places = [_PLACES[word] for word in words if word in _PLACES]
    times = [_TIMES[word] for word in words if word in _TIMES]
    weather = [_WEATHER[word] for word in words if word in _WEATHER]
    place = _choose_place(places, heroes, Random(seed))  # noqa: S311 - nothing here is secret
    return Brief(
        seed=seed,
        words=frozenset(words),
        subject_words=frozenset(re.findall(r"[a-z]+", text.partition(",")[0])),
        heroes=tuple(heroes),
        place=place,
        time=max(times, key=times.count) if times else None,
        weather=weather[0] if weather else None,
    )


def _choose_place(places: list[str], heroes: list[str], rng: Random) -> str:
    """The place named most often, unless a hero wouldn't fit through its door."""
    if "interior" in places and not OUTDOOR & set(heroes):
        # A vase of flowers in a room has one word for the garden and one for the room.
        return "interior"
    named = [place for place in places if place != "interior"]
    return max(named, key=named.count) if named else _home(heroes, rng)


def _home(heroes: list[str], rng: Random) -> str:
    """Where the first hero lives, or anywhere beautiful."""
    if heroes:
        return rng.choice(HOMES.get(heroes[0], ("interior",)))
    return rng.choice(
        ("mountains", "sea", "forest", "desert", "abstract", "space", "garden", "city")
    )
