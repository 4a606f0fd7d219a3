"""Sending a product by its form: kept whole, or refused with the reasons beside the fields."""

import http.client
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from bs4 import BeautifulSoup

from gallery.extensions import House
from tests.conftest import Person
from tests.pictures import picture
from tests.services.conftest import stored
from tests.views.reading import Browser, alts, parse, text_of
from tests.views.selling import (
    TEXT,
    errors,
    file_errors,
    files,
    photo,
    sell,
    send,
    texts,
)

PATIENCE_SECONDS = 10


@pytest.fixture
def nothing_kept(owner: Browser, house: House) -> Iterator[None]:
    """After the test there is no product, no object, and nothing unfinished."""
    yield
    assert texts(owner.page("/products/")) == []
    root = house.settings.IMAGE_STORAGE_BASE_DIR
    assert stored(root) == []


def main_photo(browser: Browser, product: str) -> str:
    link = browser.page(product).select_one("main a[data-zoom]")
    page = browser.page(str(link["href"]))
    return next(str(a["href"]) for a in page.select("a") if text_of(a) == "Original")


def answer_to_headers(
    browser: Browser, path: str = "/products/", **headers: str
) -> http.client.HTTPResponse:
    """Send nothing but the headers of an upload, and return the answer to them."""
    address = urlsplit(str(browser.http.base_url))
    cookie = "; ".join(f"{name}={value}" for name, value in browser.http.cookies.items())
    told = {
        "Host": address.netloc,
        "Cookie": cookie,
        "Content-Type": "multipart/form-data; boundary=x",
        "Content-Length": "1000000",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    place = (address.hostname, address.port)
    with socket.create_connection(place, timeout=PATIENCE_SECONDS) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        answer.read()
        return answer


def test_first_photo_is_the_main_one(owner: Browser) -> None:
    """Without a choice, which a browser without scripts can't offer, the first one counts."""
    product = sell(owner, photo(0), photo(1))

    content = owner.http.get(main_photo(owner, product), follow_redirects=True).content
    assert content == photo(0)


def test_chosen_photo_is_the_main_one(owner: Browser) -> None:
    """The choice goes by place; the others keep their order behind it."""
    product = sell(owner, photo(0), photo(1), primary="1")

    content = owner.http.get(main_photo(owner, product), follow_redirects=True).content
    assert content == photo(1)


@pytest.mark.parametrize("primary", ["7", "-1", "x", "9999999"])
def test_choice_that_is_none_keeps_nothing_or_the_first(owner: Browser, primary: str) -> None:
    """A place where no photo is is refused; what is no place is no choice."""
    answer = send(owner, photo(0), photo(1), primary=primary)

    assert answer.status_code == (422 if primary == "7" else 303)


def test_form_asks_for_what_is_needed(owner: Browser) -> None:
    """Without scripts the browser itself says what is missing."""
    page = owner.page("/products/new")
    (text,), (picker,) = page.select("textarea"), page.select("input[type=file]")

    assert (text["minlength"], text.has_attr("required")) == ("10", True)
    assert picker.has_attr("multiple")
    assert picker.has_attr("required")
    assert picker["accept"] == "image/jpeg,image/png,image/webp"
    assert "1 to 8 JPEG, PNG or WebP files, 50 MB together" in text_of(page.main)


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A mug", "The text has 5 characters"),
        ("m" * 501, "The text has 501 characters; at most 500"),
    ],
)
def test_text_out_of_bounds_is_told_at_its_field(owner: Browser, text: str, told: str) -> None:
    """What was typed is still in its field."""
    answer = send(owner, photo(), text=text)

    assert answer.status_code == 422
    assert told in errors(answer)["prompt_text"]
    assert parse(answer).textarea.get_text().strip() == text
    assert "Nothing was kept." in text_of(parse(answer).select_one("[data-form-error]"))


def test_line_breaks_count_once(owner: Browser) -> None:
    """Browsers send a line break as two characters; whoever counts them on the page sees one."""
    text = "m" * 498 + "\r\n" + "m"

    assert send(owner, photo(), text=text).status_code == 303


@pytest.mark.usefixtures("nothing_kept")
def test_bad_photo_is_named_with_its_reason(owner: Browser) -> None:
    """One bad photo among three keeps all out; it is named, the text stays, nothing else does."""
    answer = send(owner, photo(0), b"not a photo", photo(2))

    assert answer.status_code == 415
    assert file_errors(answer) == [
        "photo-2.jpg : The file is not a readable PNG, JPEG or WebP image"
    ]
    assert parse(answer).select_one("[data-file]")["data-file"] == "1"
    assert parse(answer).textarea.get_text().strip() == TEXT
    assert "Choose the photos again" in text_of(parse(answer).main)


@pytest.mark.usefixtures("nothing_kept")
def test_name_of_a_file_is_shown_as_text(owner: Browser) -> None:
    """A file may be called anything, and is never markup."""
    data = {"csrf_token": owner.token(), "prompt_text": TEXT}
    sent = [("images[]", ("<img src=x onerror=alert(1)>.jpg", b"x", "image/jpeg"))]

    answer = owner.http.post("/products/", data=data, files=sent)

    assert parse(answer).select("[data-file-errors] img") == []
    assert "<img src=x onerror=alert(1)>.jpg" in file_errors(answer)[0]


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize("number", [0, 9])
def test_number_of_photos_is_told_at_their_field(owner: Browser, number: int) -> None:
    """None is too few, nine are too many."""
    answer = send(owner, *[photo()] * number)

    assert answer.status_code == 422
    assert errors(answer)["images"]


@pytest.mark.usefixtures("nothing_kept")
def test_too_large_upload_is_refused_by_its_length(owner: Browser) -> None:
    """The size is told by the headers, so nobody waits for the body; the answer is the form."""
    token = owner.token()

    answer = answer_to_headers(owner, X_CSRFToken=token, Content_Length=str(60 * 2**20))

    assert answer.status == 413


@pytest.mark.usefixtures("nothing_kept")
def test_visitor_is_refused_before_the_photos_are_read(passer_by: Browser) -> None:
    """Who isn't signed in can't make the gallery read 50 MB."""
    assert answer_to_headers(passer_by).status == 401


@pytest.mark.usefixtures("nothing_kept")
def test_form_of_another_site_is_refused_before_the_photos_are_read(owner: Browser) -> None:
    """The browser says that another site sent it."""
    assert answer_to_headers(owner, Sec_Fetch_Site="cross-site").status == 400


@pytest.mark.usefixtures("nothing_kept")
def test_wrong_token_in_a_header_is_refused_before_the_photos_are_read(owner: Browser) -> None:
    """Scripts send the token as a header, so that it is looked at first."""
    assert answer_to_headers(owner, X_CSRFToken="forged").status == 400


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize("path", ["/products/", "{product}/images"])
def test_form_without_a_token_keeps_nothing(owner: Browser, path: str) -> None:
    """A form that no page of ours offered is refused, though its sender is signed in."""
    product = ""
    if "{" in path:
        product = sell(owner)
    answer = owner.http.post(
        path.format(product=product), data={"prompt_text": TEXT}, files=files(photo())
    )

    assert answer.status_code == 400
    if product:
        assert len(alts(owner.page(product))) == 1
        owner.post(f"{product}/delete")


def test_token_in_a_header_is_as_good_as_in_the_form(owner: Browser) -> None:
    """What the page's script sends is taken."""
    answer = owner.http.post(
        "/products/",
        data={"prompt_text": TEXT},
        files=files(photo()),
        headers={"X-CSRFToken": owner.token(), "Sec-Fetch-Site": "same-origin"},
    )

    assert answer.status_code == 303


def test_photos_for_somebody_elses_product_are_refused_before_they_are_read(
    owner: Browser, stranger: Browser
) -> None:
    """Bob is told that there is no such product by the headers alone."""
    product = sell(owner)

    answer = answer_to_headers(stranger, f"{product}/images", X_CSRFToken=stranger.token())

    assert answer.status == 404


def test_bad_photo_beside_a_product_is_told_on_its_page(owner: Browser) -> None:
    """Adding is all or nothing as well, and the page shows the product as it was."""
    product = sell(owner, photo(0))

    answer = send(owner, photo(1), picture("GIF"), to=f"{product}/images")

    page = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 415
    assert file_errors(answer)[0].startswith("photo-2.jpg")
    assert len(alts(page)) == 1


def test_key_of_a_program_needs_a_token_here_too(alice: Person) -> None:
    """Forms are for people; programs have the API."""
    answer: httpx.Response = alice.post(
        "/products/", data={"prompt_text": TEXT}, files=files(photo())
    )

    assert answer.status_code == 400
