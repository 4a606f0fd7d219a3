"""The one gate that turns a text into a storage key."""

import pytest

from gallery.errors import InvalidKey
from gallery.storage import check_key


@pytest.mark.parametrize(
    "key",
    [
        "a",
        "main.png",
        "main.v2.png",
        "generated/01a1a80ba5cb7660be6a713e51e58de4/infographic_1.png",
        "generated-images/game-TEA/round-1/player-fox.jpg",
        "_underscore/0digit",
        "a..b",
        "a./b-",
        "x" * 200,
        "/".join(["y" * 101] * 5) + "zz",
    ],
)
def test_key_of_ours_passes_unchanged(key: str) -> None:
    """Letters, digits, dots, hyphens and underscores in segments make a key."""
    assert check_key(key) == key


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("", id="empty"),
        pytest.param(".", id="the folder itself"),
        pytest.param("..", id="the folder above"),
        pytest.param("../etc/passwd", id="out of the storage"),
        pytest.param("a/../../b", id="out by the middle"),
        pytest.param("a/./b", id="a dot between"),
        pytest.param("a/..", id="up at the end"),
        pytest.param("...", id="three dots"),
        pytest.param(".hidden", id="leading dot"),
        pytest.param("a/.hidden", id="leading dot below"),
        pytest.param(".tmp/x.part", id="the folder of temporary files"),
        pytest.param("-rf", id="leading hyphen"),
        pytest.param("/", id="the root"),
        pytest.param("/etc/passwd", id="leading slash"),
        pytest.param("a/", id="trailing slash"),
        pytest.param("a//b", id="double slash"),
        pytest.param("a\x00b", id="NUL"),
        pytest.param("a.png\x00", id="NUL at the end"),
        pytest.param("a\\b", id="backslash"),
        pytest.param("..\\a", id="up with a backslash"),
        pytest.param("C:a", id="drive letter"),
        pytest.param("a b", id="space"),
        pytest.param("a\n", id="newline at the end"),
        pytest.param("\na", id="newline at the start"),
        pytest.param("a\r\nb", id="line break"),
        pytest.param("a\tb", id="tab"),
        pytest.param("%2e%2e/a", id="escaped dots"),
        pytest.param("a%2fb", id="escaped slash"),
        pytest.param("~root", id="home folder"),
        pytest.param("$HOME", id="variable"),
        pytest.param("a*", id="wildcard"),
        pytest.param("bücher", id="umlaut"),
        pytest.param("\u0430", id="cyrillic twin of a"),
        pytest.param("\uff0e\uff0e", id="fullwidth dots"),
        pytest.param("a\u2215b", id="division slash"),
        pytest.param("a\u2044b", id="fraction slash"),
        pytest.param("\u0661", id="arabic digit"),
        pytest.param("a\u202egnp", id="right-to-left override"),
        pytest.param("\ud800", id="half a surrogate pair"),
        pytest.param("x" * 201, id="segment of 201 characters"),
        pytest.param("/".join(["y" * 102] * 5), id="key of 514 characters"),
        pytest.param("x" * 65_000, id="65,000 characters"),
        pytest.param("a/" * 32_500 + "a", id="65,001 characters in many segments"),
    ],
)
def test_key_that_is_not_ours_is_refused(key: str) -> None:
    """What could lead elsewhere, or be mistaken for another key, is no key."""
    with pytest.raises(InvalidKey, match="can't be a storage key"):
        check_key(key)


def test_refusal_does_not_repeat_a_long_key() -> None:
    """A hostile key does not fill the log."""
    with pytest.raises(InvalidKey) as caught:
        check_key("x" * 65_000)

    assert len(str(caught.value)) < 150


def test_longest_key_has_512_characters() -> None:
    """The limit of the database's column is the limit of a key."""
    longest = "/".join(["k" * 127] * 4) + "k"

    assert len(longest) == 512
    assert check_key(longest) == longest
    with pytest.raises(InvalidKey):
        check_key(longest + "k")
