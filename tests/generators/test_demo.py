"""The demo generator: deterministic, obedient to words, indifferent to hostility."""

import io

import pytest
from PIL import Image, ImageChops, ImageStat

from gallery.generators import DemoGenerator, GenerationFailed
from gallery.generators.demo import IMAGE_TYPES
from gallery.generators.demo.compose import PLACES
from gallery.generators.demo.heroes import ARTISTS
from gallery.generators.demo.reading import HEROES, read_prompt
from gallery.generators.prompts import GAME_SENTENCES, PRODUCTS, SINGLE_PROMPTS, STORIES

SMALL = {"width": 160, "height": 160}


@pytest.fixture
def generator() -> DemoGenerator:
    return DemoGenerator()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def brightness(content: bytes) -> float:
    return float(ImageStat.Stat(opened(content).convert("L")).mean[0])


@pytest.mark.parametrize("file_format", ["png", "jpeg", "webp"])
def test_same_prompt_gives_same_bytes(generator, file_format):
    """Asked twice, the generator returns the same file to the byte."""
    first = generator.generate("a fox in the forest", format=file_format, **SMALL)
    second = DemoGenerator().generate("a fox in the forest", format=file_format, **SMALL)

    assert first == second


def test_format_does_not_change_the_seed(generator):
    """One prompt has one seed, whatever file it ends in."""
    seeds = {generator.generate("dunes", format=one, **SMALL).seed for one in ("png", "jpeg")}

    assert len(seeds) == 1


def test_different_prompts_differ(generator):
    """Each single prompt of the demo makes a picture of its own."""
    files = {generator.generate(one.prompt, **SMALL).content for one in SINGLE_PROMPTS}

    assert len(files) == len(SINGLE_PROMPTS)


def test_seed_parameter_makes_a_variation(generator):
    """A seed in the parameters overrides the prompt's own."""
    usual = generator.generate("a calm sea", **SMALL)
    other = generator.generate("a calm sea", parameters={"seed": 7}, **SMALL)

    assert other.seed == 7
    assert other.content != usual.content


def test_reference_has_an_influence(generator):
    """Another reference makes another picture, and the same one the same."""
    first = generator.generate("a calm sea", reference=b"one", **SMALL)
    again = generator.generate("a calm sea", reference=b"one", **SMALL)
    other = generator.generate("a calm sea", reference=b"another", **SMALL)

    assert first == again
    assert first.content != other.content
    assert first.parameters["reference"] is True


def test_no_reference_is_noted_where_there_was_none(generator):
    """A picture from words alone doesn't claim a reference."""
    made = generator.generate("a calm sea", **SMALL)

    assert "reference" not in made.parameters


@pytest.mark.parametrize("size", [(1, 1), (7, 2000), (2000, 7), (64, 48), (333, 517), (1600, 900)])
def test_size_is_honoured(generator, size):
    """The picture has exactly the asked size, odd ones too."""
    made = generator.generate("a castle and a cat", width=size[0], height=size[1])

    assert opened(made.content).size == size


@pytest.mark.parametrize("size", [(0, 10), (10, 0), (-5, 10), (4097, 10), (10, 4097)])
def test_size_outside_the_limits_is_refused(generator, size):
    """A side outside 1 to 4096 pixels fails and says so."""
    with pytest.raises(GenerationFailed, match="1 to 4096"):
        generator.generate("sea", width=size[0], height=size[1])


@pytest.mark.parametrize(
    ("file_format", "expected"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP")]
)
def test_format_decodes_as_itself(generator, file_format, expected):
    """Each format is what it says it is."""
    made = generator.generate("a garden", format=file_format, **SMALL)

    assert made.format == file_format
    assert opened(made.content).format == expected


def test_unknown_format_is_refused(generator):
    """A format that isn't offered fails by name."""
    with pytest.raises(GenerationFailed, match="bmp"):
        generator.generate("sea", format="bmp", **SMALL)


def test_unknown_image_type_is_refused(generator):
    """An image type outside the five fails and lists them."""
    with pytest.raises(GenerationFailed, match="infographic_1"):
        generator.generate("mug", parameters={"image_type": "hero"}, **SMALL)


def test_png_carries_its_parameters(generator):
    """A PNG embeds prompt, seed, size and model in the customary text chunk."""
    made = generator.generate("a whale at dusk", **SMALL)

    text = opened(made.content).text["parameters"]
    assert text == (
        f"a whale at dusk\nSteps: 20, Sampler: Demo, Seed: {made.seed}, "
        f"Size: 160x160, Model: {made.model}"
    )


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        " \n\t",
        "x" * 100_000,
        "cat " * 25_000,
        "a\x00cat\x00",
        "🐉🏰✨",
        "\ud800 lone surrogate",
        "كلب 猫 кошка",
        "<script>alert(1)</script>",
        "'; DROP TABLE images; --",
    ],
)
def test_hostile_prompt_still_makes_a_picture(generator, prompt):
    """Nothing that can be typed makes the generator fail."""
    made = generator.generate(prompt, **SMALL)

    assert opened(made.content).size == (160, 160)


def test_image_types_differ_from_each_other(generator):
    """The five pictures of a listing are five pictures."""
    made = [
        generator.generate("a mug", parameters={"image_type": one}, **SMALL) for one in IMAGE_TYPES
    ]

    assert len({one.content for one in made}) == 5
    assert [one.parameters["image_type"] for one in made] == list(IMAGE_TYPES)


def test_listing_shows_one_object(generator):
    """What stands before the first comma settles the seed, and so the object's colours."""
    prompts = PRODUCTS[0].prompts

    seeds = {
        generator.generate(prompt, parameters={"image_type": image_type}, **SMALL).seed
        for image_type, prompt in prompts.items()
    }

    assert len(seeds) == 1


def test_hour_leaves_the_object_alone(generator):
    """Words after the comma don't recolour the object on its backdrop."""
    wanted = {"image_type": "main"}

    noon = generator.generate("a mug, at noon", parameters=wanted, **SMALL)
    night = generator.generate("a mug, at night", parameters=wanted, **SMALL)

    assert opened(noon.content).tobytes() == opened(night.content).tobytes()


def test_comparison_has_a_grey_half_and_a_coloured_half(generator):
    """The ordinary one stands in grey, ours in colour."""
    made = generator.generate("a mug", parameters={"image_type": "comparison"}, **SMALL)

    hue = opened(made.content).convert("HSV").getchannel("S")
    ordinary = ImageStat.Stat(hue.crop((30, 75, 50, 105))).mean[0]
    ours = ImageStat.Stat(hue.crop((110, 75, 130, 105))).mean[0]
    assert ordinary < 30
    assert ours > 80


@pytest.mark.parametrize("place", ["mountains", "sea", "forest", "desert", "garden", "city"])
def test_night_is_darker_than_day(generator, place):
    """The word night darkens every place under the sky."""
    night = generator.generate(f"{place} at night", **SMALL)
    day = generator.generate(f"{place} at noon", **SMALL)

    assert brightness(night.content) < brightness(day.content) * 0.75


def test_hero_words_change_the_subject(generator):
    """With the seed held, naming a hero paints one into the same place."""
    empty = generator.generate("meadow at noon", parameters={"seed": 3}, **SMALL)
    lived_in = generator.generate("a bear in the meadow at noon", parameters={"seed": 3}, **SMALL)

    difference = ImageChops.difference(opened(empty.content), opened(lived_in.content))
    middle = ImageStat.Stat(difference.convert("L").crop((55, 70, 105, 130))).mean[0]
    assert middle > 20


@pytest.mark.parametrize("hero", sorted(HEROES))
def test_hero_can_be_drawn(generator, hero):
    """Every noun the reader knows has an artist."""
    assert hero in ARTISTS
    assert read_prompt(f"one {hero}", seed=1).heroes[:1] == (hero,)
    assert generator.generate(f"one {hero}", **SMALL).content


def test_place_words_choose_the_place():
    """Each place is reached by its own name."""
    for place in PLACES:
        assert read_prompt(f"{place} view", seed=1).place == place


def test_files_keep_to_their_budget(generator):
    """At full size a JPEG stays within 100 to 300 KB and a PNG below 1.5 MB."""
    jpeg = generator.generate("a lighthouse at night", format="jpeg")
    png = generator.generate("a lighthouse at night", format="png")

    assert 100_000 <= len(jpeg.content) <= 300_000
    assert len(png.content) < 1_500_000


@pytest.mark.parametrize("one", GAME_SENTENCES, ids=lambda one: one.sentence[:24])
def test_game_sentence_can_be_completed(one):
    """Each game sentence has a blank, more cards than blanks, and completes without a gap."""
    completed = one.complete(*one.cards[: one.blanks])

    assert 1 <= one.blanks < len(one.cards)
    assert "___" not in completed


def test_demo_content_is_complete():
    """The demo has four products in five pictures, three stories of six pages, 24 prompts."""
    assert [tuple(product.prompts) for product in PRODUCTS] == [IMAGE_TYPES] * 4
    assert [len(story.pages) for story in STORIES] == [6, 6, 6]
    assert len(SINGLE_PROMPTS) == 24
