"""The generator for OpenAI and whoever speaks its images API, against a real server."""

import base64
import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gallery.errors import InvalidSetting
from gallery.generators.base import GeneratedImage, GenerationFailed
from gallery.generators.openai import LONGEST_PAUSE_SECONDS, OpenAIGenerator
from tests.generators.images_server import (
    ImagesServer,
    drip,
    drip_head,
    endless,
    hang_up_in_the_middle,
    pictures,
    raw,
    redirect,
    refusal,
    serving_images,
    stall,
    told,
)
from tests.pictures import picture

KEY = "sk-test-0123456789abcdef"
PICTURE = picture()
SOON = {"retry_after": "0.01"}


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with serving_images() as server:
        yield server


def generator_at(server: ImagesServer, **settings: Any) -> OpenAIGenerator:
    usual: dict[str, Any] = {
        "base_url": server.base_url,
        "api_key": KEY,
        "model": "gpt-image-2",
        "size": "1024x1536",
        "timeout_seconds": 5.0,
        "most_attempts": 3,
    }
    return OpenAIGenerator(**{**usual, **settings})


def failure(server: ImagesServer, **settings: Any) -> str:
    """Ask for a fox, which must fail, and return what a visitor would read."""
    with pytest.raises(GenerationFailed) as caught:
        generator_at(server, **settings).generate("a fox")
    return str(caught.value)


def test_picture_comes_back_whole(server):
    """The picture is the server's own to the byte, named by its real format."""
    server.answer_with(pictures(picture("WEBP")))

    made = generator_at(server).generate("a fox", format="png", parameters={"mood": "calm"})

    assert made == GeneratedImage(
        content=picture("WEBP"),
        format="webp",
        model="gpt-image-2",
        seed=None,
        parameters={"mood": "calm", "size": "1024x1536", "output_format": "png"},
    )


def test_request_is_the_images_api(server):
    """The prompt goes to /images/generations as JSON, with the key in the header."""
    generator_at(server).generate("a fox", width=64, height=64, format="webp")

    (asked,) = server.received
    assert (asked.method, asked.path) == ("POST", "/v1/images/generations")
    assert asked.headers["Authorization"] == f"Bearer {KEY}"
    assert asked.json == {
        "model": "gpt-image-2",
        "prompt": "a fox",
        "size": "1024x1536",
        "output_format": "webp",
    }


@pytest.mark.parametrize("size", ["", "auto"])
def test_open_size_is_left_to_the_server(server, size):
    """Without a size, or with auto, none is asked for."""
    generator_at(server, size=size).generate("a fox")

    assert "size" not in server.received[0].json


def test_retired_models_are_asked_for_base64(server):
    """A DALL·E model would answer with an address, so the picture itself is asked for."""
    generator_at(server, model="dall-e-3").generate("a fox")

    assert server.received[0].json["response_format"] == "b64_json"
    assert "output_format" not in server.received[0].json


def test_unknown_models_are_asked_for_nothing_special(server):
    """A model of another maker gets only the fields that every server knows."""
    generator_at(server, model="flux-schnell").generate("a fox")

    assert set(server.received[0].json) == {"model", "prompt", "size"}


@pytest.mark.parametrize("file_format", ["png", "jpeg", "webp"])
def test_reference_is_uploaded(server, file_format):
    """A reference goes to /images/edits as a file of its real type, with the prompt."""
    reference = picture(file_format.upper())

    made = generator_at(server).generate("the same fox, asleep", reference=reference)

    (asked,) = server.received
    image = asked.form["image"]
    assert asked.path == "/v1/images/edits"
    assert image.get_content_type() == f"image/{file_format}"
    assert image.get_filename() == f"reference.{file_format}"
    assert image.get_payload(decode=True) == reference
    assert asked.form["prompt"].get_content() == "the same fox, asleep"
    assert made.parameters["reference"] is True


def test_reference_must_be_a_picture(server):
    """Something else as a reference fails before anything is sent."""
    with pytest.raises(GenerationFailed, match="not a PNG, JPEG or WebP"):
        generator_at(server).generate("a fox", reference=b"<svg/>")

    assert server.received == []


def test_server_without_keys_can_be_used(server):
    """A server of one's own may want no key at all."""
    made = generator_at(server, api_key="").generate("a fox")

    assert made.content == PICTURE


@pytest.mark.parametrize("prompt", ["", "a\x00fox", "\ud800 half a pair", "🦊" * 20_000])
def test_odd_prompt_arrives(server, prompt):
    """Anything that can be typed can be sent."""
    made = generator_at(server).generate(prompt)

    assert made.content == PICTURE
    assert len(server.received[0].json["prompt"]) == len(prompt)


def test_unknown_format_is_refused(server):
    """A format that Gallery doesn't keep fails by name."""
    with pytest.raises(GenerationFailed, match="svg"):
        generator_at(server).generate("a fox", format="svg")


@pytest.mark.parametrize(
    ("told_cost", "cost"),
    [
        (0.042, 0.042),
        (0, 0.0),
        (-1, None),
        (True, None),
        ("0.1", None),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
    ],
)
def test_cost_is_kept_where_it_is_one(server, told_cost, cost):
    """What the server says it cost is kept if it is a sensible number."""
    server.answer_with(pictures(PICTURE, usage={"total_tokens": 7, "cost": told_cost}))

    made = generator_at(server).generate("a fox")

    assert made.cost == cost


def test_revised_prompt_is_noted(server):
    """The prompt that the model made of ours is noted, printable and not too long."""
    server.answer_with(pictures(PICTURE, revised_prompt="a red\x1b fox" + "!" * 3000))

    made = generator_at(server).generate("a fox")

    assert made.parameters["revised_prompt"] == "a red  fox" + "!" * 1990


def test_address_is_fetched(server):
    """A picture that is told by its address is fetched from the same server."""
    url = f"{server.origin}/files/fox.png"
    server.answer_with(told({"data": [{"url": url}]}), raw(PICTURE))

    made = generator_at(server).generate("a fox")

    assert (made.content, made.url) == (PICTURE, url)
    assert server.received[1].path == "/files/fox.png"
    assert "Authorization" not in server.received[1].headers


def test_picture_is_taken_before_its_address(server):
    """Where both arrive nothing is fetched, and the address is kept."""
    server.answer_with(pictures(PICTURE, url="https://pictures.example/fox.png"))

    made = generator_at(server).generate("a fox")

    assert (made.content, made.url) == (PICTURE, "https://pictures.example/fox.png")
    assert len(server.received) == 1


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://a/\n", "https://a/" + "x" * 2000])
def test_address_that_no_page_could_link_to_is_dropped(server, url):
    """An address is handed on only if a page could link to it."""
    server.answer_with(pictures(PICTURE, url=url))

    made = generator_at(server).generate("a fox")

    assert made.url is None


@pytest.mark.parametrize("wrapped", ["data:image/png;base64,{}", "{}\n"])
def test_wrapped_base64_is_understood(server, wrapped):
    """A data URL and broken lines are base64 as well."""
    text = base64.encodebytes(PICTURE).decode()
    server.answer_with(told({"data": [{"b64_json": wrapped.format(text)}]}))

    made = generator_at(server).generate("a fox")

    assert made.content == PICTURE


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            refusal(400, "No foxes.", code="content_policy_violation"),
            "refused the prompt: No foxes",
        ),
        (refusal(400, "No foxes.", code="moderation_blocked"), "refused the prompt: No foxes"),
        (refusal(400, "Invalid size."), "refused the request: Invalid size"),
        (refusal(422, "Too long."), "refused the request: Too long"),
        (told({"detail": "Too long."}, status=422), "refused the request: Too long"),
        (told({"error": "Too long."}, status=400), "refused the request: Too long"),
        (raw(b"<html>400</html>", status=400), "refused the request.$"),
        (refusal(401, f"Wrong key {KEY}"), "not set up: it refused the key"),
        (refusal(403, "Not you"), "not set up: it refused the key"),
        (refusal(404, "No such model"), "does not know this model or address"),
        (refusal(429, "Pay", code="insufficient_quota"), "no credit left"),
        (redirect("https://example.org/"), "does not know this model or address"),
    ],
)
def test_refusal_is_told_and_final(server, answer, reason):
    """A refusal is told in its own words, and isn't asked for again."""
    server.answer_with(answer)

    with pytest.raises(GenerationFailed, match=reason):
        generator_at(server).generate("a fox")

    assert len(server.received) == 1


def test_server_cannot_have_a_refusal_retried(server):
    """A header that asks for more of the same is not obeyed."""
    server.answer_with(refusal(400, "No.", x_should_retry="true"))

    failure(server)

    assert len(server.received) == 1


@pytest.mark.parametrize(
    "secret",
    [
        KEY,
        "sk-another-key-of-somebody",
        "http://10.1.2.3:8188/queue",
        "https://painter.internal/queue",
        "10.1.2.3",
        "painter.internal:8188",
        "[fd00::a]",
    ],
)
def test_secret_is_not_repeated(server, secret):
    """Neither a key nor an address from inside the house reaches the visitor."""
    server.answer_with(refusal(400, f"Upstream {secret} said: no foxes"))

    reason = failure(server)

    assert secret not in reason
    assert reason.endswith("said: no foxes")


@pytest.mark.parametrize("before", ["Upstream", "http://painter.internal/ " * 39])
def test_key_of_any_shape_is_not_repeated(server, before):
    """The key of one's own server may look like a word; not even half of it is repeated."""
    server.answer_with(refusal(400, f"{before} painters-own-secret-{'x' * 50}"))

    reason = failure(server, api_key=f"painters-own-secret-{'x' * 50}")

    assert "painters" not in reason


def test_quoted_words_are_short_and_printable(server):
    """However much a server says, it is one short line."""
    server.answer_with(refusal(400, "no\x1b[31m\n\n" + "foxes " * 500))

    reason = failure(server)

    assert reason.isprintable()
    assert len(reason) < 260


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
def test_passing_trouble_is_asked_again(server, status):
    """After an error that may pass the same is asked again, and the picture comes."""
    server.answer_with(refusal(status, "Later", **SOON), pictures(PICTURE))

    made = generator_at(server).generate("a fox")

    assert made.content == PICTURE
    assert server.received[0].json == server.received[1].json


def test_reference_is_uploaded_again(server):
    """A second attempt carries the whole reference too."""
    server.answer_with(refusal(500, "Later", **SOON), pictures(PICTURE))

    generator_at(server).generate("a fox", reference=PICTURE)

    assert server.received[1].form["image"].get_payload(decode=True) == PICTURE


def test_pause_is_as_long_as_asked(server):
    """The next attempt waits as long as Retry-After says."""
    server.answer_with(refusal(429, "Later", retry_after="0.9"), pictures(PICTURE))

    generator_at(server).generate("a fox")

    first, second = server.received
    assert second.at - first.at >= 0.9


def test_pause_until_a_date_is_understood(server):
    """Retry-After may be a date, and is held against the server's own clock."""
    when = {"date": "Sat, 14 Mar 2026 15:09:26 GMT", "retry_after": "Sat, 14 Mar 2026 15:09:27 GMT"}
    server.answer_with(refusal(503, "Later", **when), pictures(PICTURE))

    generator_at(server).generate("a fox")

    first, second = server.received
    assert second.at - first.at >= 1.0


@pytest.mark.parametrize(
    "pause",
    [
        {"retry_after": "21"},
        {"retry_after": "inf"},
        {"retry_after_ms": "60000"},
        {"date": "Sat, 14 Mar 2026 15:00:00 GMT", "retry_after": "Sat, 14 Mar 2026 15:01:00 GMT"},
    ],
)
def test_long_pause_is_not_waited_for(server, pause):
    """Who wants us to come back much later is left alone, and the visitor told."""
    server.answer_with(refusal(429, "Later", **pause))

    reason = failure(server)

    assert reason == "The image service is busy; try again later."
    assert len(server.received) == 1


@pytest.mark.parametrize("pause", ["nan", "-5", "soon", "Sat, 99 Mar", "9" * 400])
def test_odd_pause_ends_in_an_answer(server, pause):
    """A Retry-After that makes no sense never ends in another error."""
    server.answer_with(refusal(503, "Later", retry_after=pause))

    reason = failure(server, most_attempts=1)

    assert reason == "The image service is out of order; try again later."


@pytest.mark.parametrize("most_attempts", [1, 2, 3])
def test_attempts_are_counted(server, most_attempts):
    """A server that stays broken is asked as often as was set, and no more."""
    server.answer_with(refusal(500, "Broken", **SOON))

    reason = failure(server, most_attempts=most_attempts)

    assert reason == "The image service is out of order; try again later."
    assert len(server.received) == most_attempts


def test_broken_connection_is_asked_again(server):
    """A connection that breaks in the middle of the answer costs one attempt."""
    server.answer_with(hang_up_in_the_middle, pictures(PICTURE))

    made = generator_at(server).generate("a fox")

    assert made.content == PICTURE


def test_server_that_is_gone_is_told(server):
    """Nobody at the address is said in so many words."""
    server.answer_with(hang_up_in_the_middle)

    reason = failure(server, base_url="http://127.0.0.1:9/v1", most_attempts=1)

    assert reason == "The image service can't be reached; try again later."


@pytest.mark.parametrize(
    "answer", [stall, drip_head, drip(json.dumps({"data": [{"b64_json": "x"}]}).encode())]
)
def test_slow_answer_ends_in_time(server, answer):
    """Whether a server says nothing or drips, the attempt ends, and isn't paid for twice."""
    server.answer_with(answer)

    reason = failure(server, timeout_seconds=0.5)

    assert reason == "The image service did not answer in time."
    assert len(server.received) == 1


def test_picture_that_drips_ends_in_time(server):
    """The picture behind an address has to arrive in time as well."""
    url = f"{server.origin}/fox.png"
    server.answer_with(told({"data": [{"url": url}]}), drip(PICTURE))

    reason = failure(server, timeout_seconds=0.5)

    assert reason == "The picture did not arrive in time."


@pytest.mark.parametrize("answer", [endless(), endless(b'{"data": ['), raw(b" " * 70_000)])
def test_oversized_answer_is_cut_off(server, answer):
    """An answer longer than a picture can be is not read to its end, nor asked for again."""
    server.answer_with(answer)

    reason = failure(server, most_answer_bytes=64_000)

    assert reason == "The image service's answer is too large."
    assert len(server.received) == 1


def test_compressed_answer_is_refused(server):
    """A few kilobytes can unfold to gigabytes, so nothing is unfolded."""
    bomb = gzip.compress(b" " * 10_000_000)
    server.answer_with(raw(bomb, content_encoding="gzip"))

    reason = failure(server)

    assert reason == "The image service answered in an encoding nobody asked for."
    assert server.received[0].headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not JSON",
        b"\xff\xfe",
        b'{"data": [{"b64_json": "iVBO',
        b"[" * 100_000,
        b"9" * 5000,
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"data": null}',
        b'{"data": []}',
        b'{"data": {}}',
        b'{"data": "x"}',
        b'{"data": [null]}',
        b'{"data": [[]]}',
        b'{"data": [{}]}',
        b'{"data": [{"b64_json": null, "url": null}]}',
        b'{"data": [{"b64_json": 7, "url": 7}]}',
        b'{"data": [{"b64_json": ""}]}',
        b'{"data": [{"b64_json": "???"}]}',
        b'{"data": [{"b64_json": "\xc3\xa4"}]}',
        b'{"data": [{"b64_json": "abc"}]}',
        b'{"data": [{"b64_json": "PGh0bWw+"}]}',
    ],
)
def test_nonsense_is_told_as_such(server, body):
    """Whatever a server says instead of a picture ends in words for the visitor."""
    server.answer_with(raw(body))

    reason = failure(server)

    assert reason.startswith("The image service")


def test_garbage_in_base64_is_not_skipped(server):
    """Base64 with other characters in it was damaged on its way."""
    text = base64.b64encode(PICTURE).decode()
    server.answer_with(told({"data": [{"b64_json": f"{text[:40]}!{text[40:]}"}]}))

    reason = failure(server)

    assert reason == "The image service's answer can't be read."


def test_html_in_base64_is_not_a_picture(server):
    """What is called a picture has to begin like one."""
    server.answer_with(pictures(b"<html>sign in first</html>"))

    reason = failure(server)

    assert reason == "The image service answered with something that is not a picture."


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("charset", ["rot13", "base64", "no-such-thing", "\xff"])
def test_odd_character_set_changes_nothing(server, status, charset):
    """A character set that is none can't bring the reading down."""
    server.answer_with(
        raw(b'{"error": {}}', status=status, content_type=f"application/json; charset={charset}")
    )

    reason = failure(server, most_attempts=1)

    assert reason.startswith("The image service")


@pytest.mark.parametrize("depth", [900, 950, 990, 10_000])
def test_deeply_nested_refusal_changes_nothing(server, depth):
    """An error inside of errors inside of errors is an error."""
    nested = b'{"error": {"code": ' + b"[" * depth + b"]" * depth + b"}}"
    server.answer_with(raw(nested, status=400))

    reason = failure(server)

    assert reason.startswith("The image service")


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:1/",
        "http://[::1]/",
        "file:///etc/passwd",
        "http://localhost/",
    ],
)
def test_address_inside_the_house_is_not_fetched(server, url):
    """A server can't send us to our own services."""
    server.answer_with(told({"data": [{"url": url}]}))

    reason = failure(server)

    assert reason == "The image service answered with an address that can't be fetched."


def test_proxies_of_the_environment_are_not_used(server, monkeypatch):
    """The prompt and the key go to the configured server, whatever the shell says."""
    with serving_images() as proxy:
        monkeypatch.setenv("http_proxy", proxy.origin)
        monkeypatch.setenv("ALL_PROXY", proxy.origin)

        generator_at(server).generate("a fox")

    assert proxy.received == []
    assert len(server.received) == 1


def test_redirect_is_not_followed_with_the_key(server):
    """The key never goes where a redirect points."""
    with serving_images() as other:
        server.answer_with(redirect(f"{other.base_url}/images/generations", status=307))

        failure(server)

    assert other.received == []


def test_one_generator_serves_many_threads(server):
    """Eight at once each get the picture of their own prompt."""
    barrier = threading.Barrier(8, timeout=5)

    def by_prompt(conversation):
        mine = next(
            each.json["prompt"] for each in server.received if each.headers is conversation.headers
        )
        barrier.wait()
        pictures(PICTURE + mine.encode())(conversation)

    server.answer_with(by_prompt)
    generator = generator_at(server)
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda n: generator.generate(f"fox {n}"), range(8)))

    assert [one.content for one in made] == [PICTURE + f"fox {n}".encode() for n in range(8)]


def test_longest_time_counts_everything(server):
    """Three attempts of 5 seconds, two pauses, and fetching the picture."""
    generator = generator_at(server, timeout_seconds=5.0, most_attempts=3)

    assert generator.longest_seconds == 4 * 5.0 + 2 * LONGEST_PAUSE_SECONDS


def test_pauses_of_the_sdk_are_within_ours():
    """Where the server names no pause the SDK chooses one, no longer than we count on."""
    from openai._constants import MAX_RETRY_DELAY

    assert MAX_RETRY_DELAY <= LONGEST_PAUSE_SECONDS


@pytest.mark.parametrize("base_url", ["", "api.openai.com/v1", "ftp://x/", "https://u:p@x/"])
def test_unusable_base_url_stops_the_start(server, base_url):
    """An address that can't be one is found when the generator is built."""
    with pytest.raises(InvalidSetting, match="base URL"):
        generator_at(server, base_url=base_url)


@pytest.mark.parametrize("api_key", ["two words", "sk-\n", "schlüssel"])
def test_unusable_key_stops_the_start(server, api_key):
    """A key that no header can carry is found when the generator is built, and not repeated."""
    with pytest.raises(InvalidSetting, match="ASCII") as caught:
        generator_at(server, api_key=api_key)

    assert api_key not in str(caught.value)


def test_missing_extra_is_named():
    """Without the SDK the module still loads, and building a generator names the extra."""
    program = (
        "import sys; sys.modules['openai'] = None\n"
        "from gallery.errors import InvalidSetting\n"
        "from gallery.generators.openai import OpenAIGenerator\n"
        "try:\n"
        "    OpenAIGenerator(base_url='https://example.org/v1', api_key='k', model='m', size='',\n"
        "                    timeout_seconds=1, most_attempts=1)\n"
        "except InvalidSetting as error:\n"
        "    print(error)\n"
    )

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert ran.stdout == "IMAGE_GENERATOR openai needs the extra: pip install 'gallery[openai]'\n"


def test_sdk_is_not_loaded_before_it_is_needed():
    """Naming the generator costs nothing to those who don't use it."""
    program = "import sys, gallery.generators.openai; print('openai' in sys.modules)"

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert ran.stdout == "False\n"
