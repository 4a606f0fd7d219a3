"""Whatever is written, it is read as it was written: no text becomes part of a page.

The same gallery is furnished twice, once with words and once with an
attack in every text that anybody may hand in: titles, prompts, sentences,
cards, models, styles, parameters, what files and browsers say of
themselves, failures, names. Each page of the second must be built like the
first one's, element for element, with the attack where the words were.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.attacks.dom import built, contents, dangers, skeleton
from tests.attacks.worlds import NAMED, World, world
from tests.databases import Databases
from tests.reliability import SEED, tell, trials

pytestmark = pytest.mark.only_on("sqlite", because="pages don't know where rows come from")
# As long as each attack is made, since what is too long is cut.
LENGTH = 44
HARMLESS = "words and nothing else at least as it seems."
ATTACKS = {
    "many at once": """'"></script><svg/onload=alert(1)>{{7*7}}&lt;""",
    "script": "<script>alert(1)</script>",
    "end of a script": "</script><script>alert(1)</script>",
    "handler": '"><img src=x onerror=alert(1)>',
    "attribute": "' onmouseover='alert(1)' x='",
    "attribute in quotes": '" autofocus onfocus="alert(1)',
    "address": "javascript:alert(1)//",
    "address in letters": "java&#x73;cript&colon;alert(1)",
    "template": "{{7*7}}{% raw %}${7*7}<%= 7*7 %>",
    "end of a title": "</title><svg/onload=alert(1)>",
    "end of a text area": "</textarea></select><svg/onload=a()>",
    "end of a section": "]]><!--<b>--!><svg/onload=alert(1)>",
    "entities": "&lt;script&gt;alert(1)&lt;/script&gt;",
    "half an entity": "&#60script&#62 &amp;lt;b&amp;gt; &lt",
    "foreign elements": "<svg><style><img src=x onerror=a()>",
    "mathematics": "<math><mtext><table><mglyph><style><a>",
    "frame": "<iframe srcdoc='<script>a()</script>'>",
    "base": "<base href=//evil.example><form id=q>",
    "plain text": "<plaintext><xmp><noscript><!--",
    "line separators": "a\u2028b\u2029c\x85<br>d",
    "turned around": "\u202e<b>txt.exe\u202c\u061c",
    "controls": "\x1b[31m\x07\x08<i>\x7f\x01",
    "wide letters": "＜script＞alert(1)＜/script＞",
    "own spelling": "[b]x[/b] [/] \\u003cscript\\u003e %3Cb%3E",
}
ALWAYS = "many at once"


def sample() -> list[str]:
    """Return the names of all attacks, or of the one that holds most and another by chance."""
    others = sorted(ATTACKS.keys() - {ALWAYS})
    return [ALWAYS, *Random(SEED).sample(others, trials(1, full=len(others)))]


@pytest.fixture(scope="module")
def harmless(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[World]:
    instance = tmp_path_factory.mktemp("harmless") / "instance"
    with databases.migrated(instance), world(instance, HARMLESS) as found:
        yield found


@pytest.fixture(scope="module")
def expected(harmless: World) -> dict[str, tuple[list[str], list[str]]]:
    """Every page of the harmless gallery by its name: how it is built, and what is in it."""
    pages = {name: built(answer.text) for name, answer in harmless.pages()}
    return {name: (skeleton(page), contents(page, HARMLESS)) for name, page in pages.items()}


@pytest.mark.parametrize("name", sample())
def test_attack_in_every_text_is_read_as_it_was_written(
    tmp_path: Path,
    databases: Databases,
    expected: dict[str, tuple[list[str], list[str]]],
    name: str,
) -> None:
    """No page has another element, attribute or value than with words in the attack's place."""
    instance, text = tmp_path / "instance", ATTACKS[name].ljust(LENGTH, ".")

    wrong, compared = {}, 0
    with databases.migrated(instance), world(instance, text) as hostile:
        for page_name, answer in hostile.pages():
            page, (wanted, wanted_contents) = built(answer.text), expected[page_name]
            faults = [*differences(skeleton(page), wanted), *dangers(page)]
            if page_name != NAMED:
                faults += differences(contents(page, text), wanted_contents)
            compared += 1
            if faults:
                wrong[page_name] = faults[:4]

    assert not wrong, "\n".join(f"{page}: {faults}" for page, faults in wrong.items())
    tell("attacks", "pages with an attack in every text", {"built as with words": compared})


def differences(found: list[str], wanted: list[str]) -> list[str]:
    """Return where two lists differ, in words."""
    pairs = zip(found, wanted, strict=False)
    told = [f"{each[:160]} instead of {other[:160]}" for each, other in pairs if each != other]
    return told + [f"{len(found)} instead of {len(wanted)}"] * (len(found) != len(wanted))


def test_words_of_the_test_are_all_over_the_pages(
    expected: dict[str, tuple[list[str], list[str]]],
) -> None:
    """The harmless gallery shows its text on most pages, so that the attacks are shown too."""
    shown = [name for name, (_, texts) in expected.items() if any("TEXT" in t for t in texts)]

    assert len(expected) > 50
    assert len(shown) > 40
    assert len(HARMLESS) == LENGTH
    assert all(len(each) <= LENGTH for each in ATTACKS.values())
