"""The canonical prompt: what is the same wish, and what is another."""

import hashlib
from typing import Any

import pytest

from gallery.errors import InvalidField
from gallery.services.prompt_cache import Wish, canonical_prompt, hash_prompt


def test_canonical_prompt_is_spelled_out() -> None:
    """The sentence with its cards, the cards, then style, service and reference."""
    canonical = canonical_prompt(
        "A ___ at tea", ["fox"], style="gouache", service="demo", reference="ab12"
    )

    assert canonical == (
        '{"sentence":"A fox at tea","cards":["fox"],'
        '"style":"gouache","service":"demo","reference":"ab12"}'
    )


def test_hash_is_the_sha256_of_the_canonical_prompt() -> None:
    """Another program can reckon the hash."""
    canonical = '{"sentence":"Ein Füchslein","cards":[]}'

    assert hash_prompt("Ein Füchslein") == hashlib.sha256(canonical.encode()).hexdigest()


@pytest.mark.parametrize(
    "typed",
    [
        {"sentence": "  A fox \t at\n\ntea "},
        {"sentence": "A fox\u00a0at\u2003tea"},
        {"sentence": "A fox at tea", "style": "", "service": ""},
        {"sentence": "A fox at tea", "style": None, "service": None, "reference": None},
        {"sentence": "A fox at tea", "cards": []},
    ],
)
def test_same_wish_typed_otherwise(typed: dict[str, Any]) -> None:
    """White space is collapsed, and what was not given doesn't count."""
    assert hash_prompt(**typed) == hash_prompt("A fox at tea")


def test_accents_typed_in_two_characters_are_those_in_one() -> None:
    """Sentence, cards and style are in NFC."""
    composed = hash_prompt("caf\u00e9 ___", ["\u00e9clair"], style="\u00e9toile")

    apart = hash_prompt("cafe\u0301 ___", ["e\u0301clair"], style="e\u0301toile")

    assert apart == composed


def test_blanks_and_completed_sentence_are_one_wish() -> None:
    """Who sends the sentence completed asks for what was looked up with its blanks."""
    with_blanks = hash_prompt("A ___ that drinks ___", ["fox", "tea"])

    assert hash_prompt("A fox that drinks tea", ["fox", "tea"]) == with_blanks


def test_other_wishes_have_other_hashes() -> None:
    """Letters' case, cards and their order, style, service and reference make another wish."""
    wishes: list[dict[str, Any]] = [
        {"sentence": "A fox at tea"},
        {"sentence": "a fox at tea"},
        {"sentence": "A fox at tea."},
        {"sentence": "A fox at tea", "style": "gouache"},
        {"sentence": "A fox at tea", "service": "gouache"},
        {"sentence": "A fox at tea", "reference": "gouache"},
        {"sentence": "A fox at tea", "style": "gouache", "service": "gouache"},
        {"sentence": "A fox at tea", "cards": ["fox"]},
        {"sentence": "A fox at tea", "cards": ["fox", "tea"]},
        {"sentence": "A fox at tea", "cards": ["tea", "fox"]},
        {"sentence": "A fox at tea", "cards": ["fox tea"]},
        {"sentence": "A fox at tea", "cards": ['fox","tea']},
    ]

    hashes = {hash_prompt(**wish) for wish in wishes}

    assert len(hashes) == len(wishes)


@pytest.mark.parametrize(
    ("sentence", "cards", "completed"),
    [
        ("A ___ at ___", ("fox", "tea"), "A fox at tea"),
        ("A ___ at ___", ("fox",), "A fox at ___"),
        ("A ___ at ___", (), "A ___ at ___"),
        ("A ___", ("fox", "tea"), "A fox"),
        ("No blank", ("fox",), "No blank"),
        ("___", ("a ___ b",), "a ___ b"),
    ],
)
def test_cards_fill_the_blanks_in_order(
    sentence: str, cards: tuple[str, ...], completed: str
) -> None:
    """A card too many fills nothing, and a blank without a card stays."""
    assert Wish(sentence=sentence, cards=cards).completed_sentence == completed


def test_generator_is_asked_for_sentence_loose_cards_and_style() -> None:
    """A card that no blank took is asked for beside the sentence."""
    wish = Wish(sentence="A ___ at tea", cards=("fox", "with a hat"), style="gouache")

    assert wish.prompt == "A fox at tea\nwith a hat\nIn the style of gouache."


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        (Wish(sentence=""), "sentence is empty"),
        (Wish(sentence=" \n\u2003"), "sentence is empty"),
        (Wish(sentence="a" * 10_001), "sentence has 10,001 characters"),
        (Wish(sentence="a\x00b"), "sentence holds characters"),
        (Wish(sentence="\ud800"), "sentence holds characters"),
        (Wish(sentence="a", cards=("b",) * 33), "cards has 33 entries"),
        (Wish(sentence="a", cards=("b" * 1001,)), "cards has 1,001 characters"),
        (Wish(sentence="a", style="b" * 101), "style has 101 characters"),
        (Wish(sentence="a", service="b\x00"), "service holds characters"),
    ],
)
def test_wish_out_of_bounds_is_refused(wish: Wish, told: str) -> None:
    """What a row can't hold, and what asks for nothing, is no wish."""
    with pytest.raises(InvalidField, match=told):
        wish.checked()


def test_largest_wish_is_taken() -> None:
    """The bounds themselves are inside."""
    wish = Wish(sentence="a" * 10_000, cards=("b" * 1000,) * 5, style="c" * 100, service="d" * 100)

    assert wish.checked() == wish
