"""Rates as operators write them."""

import pytest

from gallery.rates import Rate, parse_rate


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("120/minute", Rate(120, 60)),
        ("10/second", Rate(10, 1)),
        ("1/hour", Rate(1, 3_600)),
        ("1000/day", Rate(1_000, 86_400)),
        ("5/10 minutes", Rate(5, 600)),
        (" 7 / Hours ", Rate(7, 3_600)),
        ("none", None),
        ("None", None),
    ],
)
def test_rate_is_read(text: str, expected: Rate | None) -> None:
    """A number, a slash, and a unit that may have a number of its own."""
    assert parse_rate(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "120", "0/minute", "-1/minute", "5/fortnight", "5/0 minutes", "5/minute/2", "١/minute"],
)
def test_nonsense_is_refused(text: str) -> None:
    """What is no rate says how one looks."""
    with pytest.raises(ValueError, match="120/minute"):
        parse_rate(text)


@pytest.mark.parametrize("text", ["120/minute", "5/10 minutes", "7/90 seconds", "1/day"])
def test_rate_is_written_as_it_is_read(text: str) -> None:
    """A rate in a configuration file or a table of defaults can be read again."""
    assert str(parse_rate(text)) == text
