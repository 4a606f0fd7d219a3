"""A seller at a browser: photos dropped, looked at, sent; and the same without scripts."""

import base64
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenPage, sign_in
from tests.browser.looking import expect_drawn
from tests.pictures import picture

pytestmark = pytest.mark.browser
# Made in the page, as the browser makes them of what is dragged in.
DROP = """(files) => {
  const carried = new DataTransfer();
  for (const { name, mimeType, content } of files) {
    const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
    carried.items.add(new File([bytes], name, { type: mimeType }));
  }
  for (const kind of ['dragover', 'drop']) {
    const event = new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true });
    document.querySelector('main').dispatchEvent(event);
  }
}"""
# Whether so many previews are painted.
PAINTED = """(number) => [...document.querySelectorAll('canvas')].filter((canvas) => canvas
  .getContext('2d').getImageData(0, 0, 9, 9).data.some((byte) => byte)).length === number"""
COLOURS = ((200, 80, 40), (40, 120, 90), (90, 60, 160))
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


def photo(number: int, content: bytes | None = None) -> dict[str, Any]:
    """Return a file as Playwright puts it into a form."""
    colour = COLOURS[number % len(COLOURS)]
    return {
        "name": f"mug-{number}.jpg",
        "mimeType": "image/jpeg",
        "buffer": content or picture("JPEG", size=(900, 600), colour=colour),
    }


def drop(page: Page, *photos: dict[str, Any]) -> None:
    """Drop files onto the page, beside the zone that asks for them."""
    carried = [
        {**each, "buffer": None, "content": base64.b64encode(each["buffer"]).decode()}
        for each in photos
    ]
    page.evaluate(DROP, carried)


def names(page: Page) -> list[str]:
    return page.locator(".tray-name").all_inner_texts()


@pytest.fixture
def form(page: Page) -> Page:
    """The form for a new product, before alice."""
    sign_in(page)
    page.goto("/products/new")
    return page


def test_seller_drops_photos_chooses_the_main_one_and_sends(form: Page) -> None:
    """Three photos dropped show as previews; the second is made the main one, and hangs large."""
    form.get_by_label("What is it?").fill("A mug that was dropped, and is whole.")

    drop(form, photo(0), photo(1), photo(2))
    form.get_by_role("radio", name="Main photo: mug-1.jpg").check()
    form.wait_for_function(PAINTED, arg=3)
    form.get_by_role("button", name="Save the product").click()

    form.wait_for_url(re.compile(r"/products/[0-9a-f-]{36}$"))
    expect(form.get_by_role("heading", level=1)).to_have_text(
        "A mug that was dropped, and is whole."
    )
    expect_drawn(form, "A mug that was dropped", number=3)
    expect(form.get_by_role("button", name="Make it the main one (photo 1)")).to_be_visible()
    expect(form.get_by_role("button", name="Make it the main one (photo 3)")).to_be_visible()


def test_photos_are_ordered_and_removed_by_keyboard(form: Page) -> None:
    """Who uses no mouse moves a photo, keeps their place, and takes another one out."""
    form.get_by_label("Choose photos").set_input_files([photo(0), photo(1), photo(2)])
    earlier = form.get_by_role("button", name="Earlier: mug-2.jpg")
    earlier.focus()

    form.keyboard.press("Enter")
    expect(earlier).to_be_focused()
    form.keyboard.press("Enter")
    expect(form.get_by_role("status")).to_have_text("mug-2.jpg is photo 1 of 3 now.")
    expect(form.get_by_role("button", name="Later: mug-2.jpg")).to_be_focused()
    form.get_by_role("button", name="Remove: mug-0.jpg").press("Enter")

    assert names(form) == ["mug-2.jpg", "mug-1.jpg"]
    expect(form.get_by_role("button", name="Remove: mug-1.jpg")).to_be_focused()


def test_what_is_wrong_is_said_before_anything_is_sent(form: Page) -> None:
    """Too short a text, no photo, a wrong kind of file: each is told beside its field."""
    form.on("request", lambda request: pytest.fail("sent") if request.method == "POST" else None)
    form.get_by_label("What is it?").fill("A mug 🍵")

    form.get_by_role("button", name="Save the product").click()
    expect(form.locator("#prompt_text-error")).to_have_text(
        "The text needs at least 10 characters; it has 7."
    )
    expect(form.locator("#images-error")).to_have_text("Choose at least one photo.")
    expect(form.get_by_label("What is it?")).to_be_focused()
    drop(form, {"name": "notes.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"})
    expect(form.locator("#images-error")).to_contain_text("notes.pdf was left out")
    form.get_by_label("What is it?").press_sequentially(" of clay")

    expect(form.locator("#prompt_text-error")).to_be_empty()
    expect(form.locator("[data-count]")).to_have_text("15 of 500")


def test_ninth_photo_is_left_out(form: Page) -> None:
    """A product has at most eight; which one has no room is said."""
    form.get_by_label("Choose photos").set_input_files([photo(n) for n in range(9)])

    assert len(names(form)) == 8
    expect(form.locator("#images-error")).to_contain_text("mug-8.jpg was left out")
    expect(form.locator("[data-sum]")).to_contain_text("8 of 8 photos")


def test_upload_shows_its_progress_and_can_be_stopped(form: Page) -> None:
    """While photos are on their way there is a bar; stopped, all that was chosen is still there."""
    slow = form.context.new_cdp_session(form)
    slow.send("Network.enable")
    slow.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 200_000},
    )
    form.get_by_label("What is it?").fill("A mug that takes its time")
    large = picture("PNG", size=(900, 900)) + b"\0" * 2_000_000
    form.get_by_label("Choose photos").set_input_files([photo(0, large)])

    form.get_by_role("button", name="Save the product").click()
    bar = form.get_by_role("progressbar", name="Sending the photos")
    expect(bar).to_be_visible()
    form.wait_for_function("() => document.querySelector('progress').value > 0")
    stop = form.get_by_role("button", name="Stop sending")
    expect(stop).to_be_focused()
    stop.click()

    expect(form.get_by_role("alert")).to_contain_text("You stopped it.")
    expect(bar).to_be_hidden()
    expect(form.get_by_label("What is it?")).to_have_value("A mug that takes its time")
    assert names(form) == ["mug-0.jpg"]
    form.goto("/products/")
    expect(form.get_by_text("A mug that takes its time")).to_have_count(0)


def test_servers_refusal_stands_at_its_photo_and_loses_nothing(open_page: OpenPage) -> None:
    """A damaged photo is told at that photo; text and photos stay, and the rest can be sent."""
    page = open_page(allowed=REFUSED)
    sign_in(page)
    page.goto("/products/new")
    page.get_by_label("What is it?").fill("A mug with one bad photo")
    whole = picture("JPEG", size=(900, 600))
    page.get_by_label("Choose photos").set_input_files([photo(0), photo(1, whole[:-900])])

    page.get_by_role("button", name="Save the product").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was kept.")
    bad = page.get_by_role("listitem").filter(has_text="mug-1.jpg")
    expect(bad.locator(".field-error")).to_contain_text("can't be decoded to its end")
    expect(page.get_by_label("What is it?")).to_have_value("A mug with one bad photo")
    page.get_by_role("button", name="Remove: mug-1.jpg").click()
    page.get_by_role("button", name="Save the product").click()

    page.wait_for_url(re.compile(r"/products/[0-9a-f-]{36}$"))
    expect_drawn(page, "A mug with one bad photo")


def test_who_was_signed_out_signs_in_elsewhere_and_sends_again(open_page: OpenPage) -> None:
    """The form waits, and takes the new session's token."""
    page = open_page(allowed=REFUSED)
    sign_in(page)
    page.goto("/products/new")
    page.get_by_label("What is it?").fill("A mug for patient people")
    page.get_by_label("Choose photos").set_input_files([photo(0)])
    page.context.clear_cookies()

    page.get_by_role("button", name="Save the product").click()
    expect(page.get_by_role("alert")).to_contain_text("You are signed out by now.")
    sign_in(page.context.new_page())
    page.get_by_role("button", name="Save the product").click()

    page.wait_for_url(re.compile(r"/products/[0-9a-f-]{36}$"))


def test_broken_connection_loses_nothing(open_page: OpenPage) -> None:
    """Where no answer comes, what was typed and chosen stays, and can be sent again."""
    page = open_page(allowed=re.compile("Failed to load resource: net::ERR_"))
    sign_in(page)
    page.goto("/products/new")
    page.get_by_label("What is it?").fill("A mug from far away")
    page.get_by_label("Choose photos").set_input_files([photo(0)])

    def break_off(route: Route) -> None:
        route.abort("connectionreset")

    page.route("**/products/", break_off)
    page.get_by_role("button", name="Save the product").click()

    expect(page.get_by_role("alert")).to_contain_text("The connection broke off.")
    page.unroute("**/products/", break_off)
    page.get_by_role("button", name="Save the product").click()
    page.wait_for_url(re.compile(r"/products/[0-9a-f-]{36}$"))


def test_photos_are_added_on_the_products_page(form: Page) -> None:
    """The same tray stands on the product's page, without a choice of the main one."""
    form.get_by_label("What is it?").fill("A mug that gets company")
    form.get_by_label("Choose photos").set_input_files([photo(0)])
    form.get_by_role("button", name="Save the product").click()
    form.wait_for_url(re.compile(r"/products/[0-9a-f-]{36}$"))

    drop(form, photo(1))
    expect(form.get_by_role("radio")).to_have_count(0)
    form.get_by_role("button", name="Add them").click()

    expect(form.locator(".product-status")).to_contain_text("2 photos")


class TestWithoutScripts:
    """The same forms in a browser that runs no scripts."""

    @pytest.fixture
    def plain(self, plain_page: Page) -> Page:
        sign_in(plain_page)
        plain_page.goto("/products/new")
        return plain_page

    def test_seller_sends_photos_and_chooses_the_main_one_afterwards(self, plain: Page) -> None:
        """The first photo hangs large until another one is chosen with a button."""
        plain.get_by_label("What is it?").fill("A mug without any scripts")
        plain.get_by_label("Choose photos").set_input_files([photo(0), photo(1)])
        plain.get_by_role("button", name="Save the product").click()
        plain.wait_for_url(re.compile(r"/products/[0-9a-f-]{36}$"))

        plain.get_by_role("button", name="Make it the main one (photo 2)").click()

        expect(plain.get_by_role("button", name="Make it the main one (photo 1)")).to_be_visible()
        expect(plain.get_by_text("This is the main photo now.")).to_be_visible()

    def test_refused_form_keeps_its_text(self, open_page: OpenPage) -> None:
        """The page that comes back says which photo was bad, and still has the text."""
        plain = open_page(java_script_enabled=False, allowed=REFUSED)
        sign_in(plain)
        plain.goto("/products/new")
        plain.get_by_label("What is it?").fill("A mug with one bad photo")
        plain.get_by_label("Choose photos").set_input_files([photo(0), photo(1, b"bad")])

        plain.get_by_role("button", name="Save the product").click()

        expect(plain.get_by_text("mug-1.jpg: The file is not a readable")).to_be_visible()
        expect(plain.get_by_text("Choose the photos again")).to_be_visible()
        expect(plain.get_by_label("What is it?")).to_have_value("A mug with one bad photo")

    def test_product_is_moved_on_and_deleted(self, plain: Page) -> None:
        """Each step is a button, and deleting asks first."""
        plain.get_by_label("What is it?").fill("A mug that goes its way")
        plain.get_by_label("Choose photos").set_input_files([photo(0)])
        plain.get_by_role("button", name="Save the product").click()

        for step in ("Start processing", "Mark as ready", "Publish", "Mark as published"):
            plain.get_by_role("button", name=step, exact=True).click()
        expect(plain.locator(".course li")).to_have_count(5)
        plain.get_by_text("Delete the product…").click()
        plain.get_by_role("button", name="Delete it for good").click()

        plain.wait_for_url("/products/")
        expect(plain.get_by_text("The product and its photos are deleted.")).to_be_visible()
        expect(plain.get_by_text("A mug that goes its way")).to_have_count(0)


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_header_shows_every_entry_at_any_width(open_page: OpenPage, width: int) -> None:
    """No entry is cut off or hidden, and the page doesn't scroll sideways."""
    page = open_page(viewport={"width": width, "height": 844})
    sign_in(page)
    page.goto("/products/")

    links = page.locator(".site-nav a")
    boxes = [link.bounding_box() for link in links.all()]
    assert [box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes] == [True] * 6
    assert all(box["height"] >= 44 and box["width"] >= 44 for box in boxes)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
