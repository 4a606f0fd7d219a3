"""Prompts for the demo: games, shop listings, stories and single pictures.

All written for this project. The heroes are animals and objects, and each
prompt speaks of things that the demo generator can draw.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class GameSentence:
    """A party-game sentence with blanks (``___``) and the cards that may fill them."""

    sentence: str
    cards: tuple[str, ...]

    @property
    def blanks(self) -> int:
        return self.sentence.count("___")

    def complete(self, *cards: str) -> str:
        """The sentence with one card in each blank, in order."""
        parts = self.sentence.split("___")
        filled = [part + card for part, card in zip(parts, cards, strict=False)]
        return "".join(filled) + "___".join(parts[len(filled) :])


@dataclass(frozen=True, kw_only=True)
class ShopProduct:
    """A product and one prompt for each image type; up to the comma all five agree."""

    name: str
    prompts: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Story:
    """A picture book: its title and the text of each page."""

    title: str
    pages: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SinglePrompt:
    """One picture with its category."""

    category: str
    prompt: str


def _sentence(sentence: str, *cards: str) -> GameSentence:
    return GameSentence(sentence=sentence, cards=cards)


GAME_SENTENCES = (
    _sentence(
        "The dragon opened a bakery because ___ and ___.",
        "the moon asked nicely",
        "nobody else could reach the oven",
        "a cake had followed it home",
        "the castle smelled of soup",
        "fire is cheaper before breakfast",
    ),
    _sentence(
        "Nobody told the robot that ___ was only ___.",
        "the sunset",
        "a very large lemon",
        "the lighthouse",
        "a bicycle with opinions",
        "the sea",
    ),
    _sentence(
        "At midnight the teapot ___ and ___.",
        "sailed out to sea",
        "learned the guitar",
        "proposed to the lamp",
        "told the stars a secret",
        "borrowed the cat's umbrella",
    ),
    _sentence(
        "The penguin packed a backpack with ___ in case of ___.",
        "one warm candle",
        "three sunny afternoons",
        "a spare mountain",
        "sudden picnics",
        "tropical weather",
    ),
    _sentence(
        "In the forest, a fox sells ___ to ___.",
        "second-hand moonlight",
        "the owls",
        "mushrooms by the hour",
        "lost headphones",
        "anyone who whispers",
    ),
    _sentence(
        "The whale's favourite ___ is ___.",
        "way to be late",
        "a small blue boat",
        "breakfast",
        "the sound of rain",
        "waiting for the balloon",
    ),
    _sentence(
        "The snail won the bicycle race thanks to ___ and ___.",
        "a following wind",
        "excellent shoes",
        "downhill",
        "the bear who fell asleep",
        "four minutes of snow",
    ),
    _sentence(
        "On the far side of the moon there is ___, run by ___.",
        "a library",
        "two polite robots",
        "a garden of tulips",
        "an octopus",
        "the last lighthouse",
    ),
    _sentence(
        "The cat explained ___ to the bird by ___.",
        "gravity",
        "drawing a pear",
        "the rules of Sunday",
        "pushing a vase",
        "sitting on the book",
    ),
    _sentence(
        "When the clock struck ___, the whole city ___.",
        "thirteen",
        "turned into a garden",
        "a bargain",
        "put on snow",
        "looked for its other shoe",
    ),
    _sentence(
        "The rabbit built a rocket out of ___ and ___.",
        "forty chairs",
        "good intentions",
        "carrot cake",
        "an old bathtub",
        "the neighbour's fence",
    ),
    _sentence(
        "Deep under the sea, the octopus keeps ___ for ___.",
        "eight mugs",
        "visiting fish",
        "the lost afternoons",
        "its eighth birthday",
        "a rainy day",
    ),
)


def _product(name: str, what: str, *looks: str) -> ShopProduct:
    kinds = ("main", "infographic_1", "infographic_2", "lifestyle", "comparison")
    prompts = {kind: f"{what}, {look}" for kind, look in zip(kinds, looks, strict=True)}
    return ShopProduct(name=name, prompts=prompts)


PRODUCTS = (
    _product(
        "Harbour mug",
        "A stoneware mug with a dipped glaze",
        "alone on a clean soft backdrop",
        "with notes on warmth, glaze and volume",
        "on a plinth with its height and three details",
        "on a wooden table by the window",
        "beside an ordinary cup",
    ),
    _product(
        "Trail backpack",
        "A canvas backpack with leather straps",
        "alone on a clean soft backdrop",
        "with notes on its roll, pockets and volume",
        "on a plinth with its height and three details",
        "in a bright hallway after a walk",
        "beside an ordinary bag",
    ),
    _product(
        "Evening lamp",
        "A reading lamp with a pleated linen shade",
        "alone on a clean soft backdrop",
        "with notes on light, shade and size",
        "on a plinth with its height and three details",
        "in a cosy room at dusk",
        "beside an ordinary lamp",
    ),
    _product(
        "Quiet headphones",
        "Wireless headphones with large soft cups",
        "alone on a clean soft backdrop",
        "with notes on band, battery and fold",
        "on a plinth with its height and three details",
        "on a desk between two books",
        "beside an ordinary headset",
    ),
)

STORIES = (
    Story(
        title="The Lighthouse That Wanted to Travel",
        pages=(
            "On a grey rock in a blue morning sea stood a lighthouse that had never been anywhere.",
            "Every ship brought it a story: of deserts where the dunes walk at night, of cities"
            " that glow.",
            '"I should like to see a mountain," said the lighthouse to a bird at sunset. "Just'
            ' one."',
            "So the bird told the whale, and under the stars the whale put its great back to the rock"
            " and pushed.",
            "At dawn a mountain with snow on its peaks stood at the horizon, looking every bit as"
            " surprised.",
            "That night the ship came home by a new way, and there was the lighthouse, a little to the"
            " left, shining.",
        ),
    ),
    Story(
        title="Robot and the Very Small Garden",
        pages=(
            "High on a city roof lived a robot who counted windows. There were nine thousand and four.",
            "One rainy day the wind left something at its feet: a seed, no bigger than a screw.",
            'The robot looked it up in a book. "Needs soil," said the book. "And somebody who'
            ' waits."',
            "It waited through summer noons and through nights of stars, holding an umbrella over"
            " a plant"
            " in a pot.",
            "In spring a snail arrived, then a bird, then a cat who pretended to be passing through the"
            " garden.",
            "Now when the robot counts the windows at dusk, there is a flower in each. It has"
            " stopped at"
            " nine thousand and five.",
        ),
    ),
    Story(
        title="The Bear Who Kept the Moon Awake",
        pages=(
            "The bear could not sleep. In the forest the night was far too quiet.",
            "So it took its guitar to the hill and played for the moon, who had nothing else on.",
            "An owl came to complain and stayed for the second song. The forest leaned in to listen.",
            "A fox brought a teapot to the clearing, a rabbit brought cake, and nobody mentioned"
            " the hour.",
            "By the time the sunrise coloured the mountains, the moon was yawning behind a cloud.",
            '"Good morning," whispered the owl. But the bear was asleep in the meadow, under'
            " everyone's"
            " blankets.",
        ),
    ),
)

SINGLE_PROMPTS = tuple(
    SinglePrompt(category=category, prompt=prompt)
    for category, prompt in (
        ("landscape", "Layered mountains at dawn, peach haze, flat vector illustration with grain"),
        ("landscape", "Dunes under a red sunset, long shadows, mid-century travel poster"),
        ("landscape", "Green meadow hills in spring with round trees, gouache texture"),
        ("landscape", "Snow on the peaks at night, aurora green, quiet and wide"),
        ("landscape", "Pine forest in morning mist, soft light between the trunks"),
        ("seascape", "A sailboat on a calm sea at noon, turquoise, linocut feel"),
        ("seascape", "Lighthouse at night with a wide beam, midnight blue and gold"),
        ("seascape", "A whale breathing at sunset, plum and coral, storybook print"),
        ("still life", "Pears on a wooden table, warm terracotta, soft window light"),
        ("still life", "A vase of flowers in a quiet room at dusk, rose palette"),
        ("still life", "A dotted teapot and a mug for breakfast, sorbet pastels"),
        ("abstract", "Bauhaus tiles, quarter circles and stripes, retro mustard"),
        ("abstract", "Matisse cutouts, seaweed in teal and orange, painted paper"),
        ("abstract", "Minimal circles in balance, violet night, screen print"),
        ("character", "A fox in an autumn forest, evening light, cut paper"),
        ("character", "An owl under a full moon, purple magic, picture book"),
        ("character", "A plump dragon in front of the mountains at dawn, gentle smoke"),
        ("character", "A kindly robot in the city at night, neon dreams"),
        ("city", "Skyline with lit windows at night, lantern gold, art deco"),
        ("city", "Old town houses in summer daylight, coral and teal, poster"),
        ("city", "An umbrella on a rainy street, nordic grey with one red accent"),
        ("space", "Ringed planet and its moons, velvet violet nebula"),
        ("space", "A rocket passing a planet, midnight blue, comic-book age"),
        ("interior", "Cosy living room with a cat at night, warm lamp light"),
    )
)
