"""The pages of products, as their owner reads them, and as nobody else does."""

import httpx
import pytest
from bs4 import BeautifulSoup

from tests.conftest import FixedClock, Person
from tests.pictures import picture
from tests.views.reading import Browser, alts, heading, read, text_of
from tests.views.selling import TEXT, actions, move, photo, sell, send, texts

NEXT = {
    (): ["Start processing", "Mark as failed"],
    ("processing",): ["Mark as ready", "Mark as failed"],
    ("processing", "ready"): ["Publish", "Mark as failed"],
    ("processing", "ready", "publishing"): ["Mark as published", "Mark as failed"],
    ("processing", "ready", "publishing", "published"): [],
    ("processing", "failed"): ["Try again"],
}


@pytest.fixture
def product(owner: Browser) -> str:
    """The page of a product of alice's with three photos."""
    return sell(owner, photo(0), photo(1), photo(2))


def buttons(page: BeautifulSoup, action: str) -> list[str]:
    return [text_of(form.button) for form in page.select(f'main form[action="{action}"]')]


def notices(page: BeautifulSoup) -> list[str]:
    return [text_of(each) for each in page.select(".notice")]


def photo_ids(page: BeautifulSoup) -> list[str]:
    """Return the ids of the photos that a product's page shows, the main one first."""
    return [str(link["href"]).rpartition("/")[2] for link in page.select("main a[data-zoom]")]


def steps(page: BeautifulSoup) -> list[str]:
    return [text_of(step) for step in page.select("ol.course li")]


class TestList:
    """``/products/``"""

    @pytest.mark.parametrize("path", ["/products/", "/products/new", "/products/?status=ready"])
    def test_visitor_is_asked_to_sign_in_and_led_back(self, passer_by: Browser, path: str) -> None:
        """There is nothing here that a visitor could ever see, so they are sent to the door."""
        answer = passer_by.get(path)

        assert answer.status_code == 302
        assert httpx.URL(answer.headers["Location"]).params["next"] == path

    def test_shows_what_there_is_newest_first(self, owner: Browser, clock: FixedClock) -> None:
        """A card has the main photo, the text, the status and how many photos there are."""
        sell(owner, text="A canvas backpack")
        clock.move(hours=1)
        move(owner, sell(owner, photo(0), photo(1)), "processing")

        page = owner.page("/products/")

        assert texts(page) == [TEXT, "A canvas backpack"]
        cards = [text_of(card.select_one(".tile-meta")) for card in page.select("article")]
        assert cards == [
            "Processing · 2 photos 14 Mar 2026, 16:09 UTC",
            "Uploading · 1 photo 14 Mar 2026, 15:09 UTC",
        ]
        assert len(page.select("article img.real")) == 2

    def test_status_narrows_the_list(self, owner: Browser) -> None:
        """Who looks for what failed finds that alone, and sees what they chose."""
        sell(owner, text="A canvas backpack")
        move(owner, sell(owner), "failed")

        page = owner.page("/products/?status=failed")

        assert texts(page) == [TEXT]
        assert text_of(page.select_one(".chips [aria-current]")) == "Failed"

    @pytest.mark.usefixtures("product")
    def test_status_that_nothing_has_leads_back_to_all(self, owner: Browser) -> None:
        """An empty answer to a choice is not an invitation to begin."""
        main = owner.page("/products/?status=published").main

        assert "None is published." in text_of(main)
        assert "Add your first product" not in text_of(main)

    def test_status_that_does_not_exist_is_refused(self, owner: Browser) -> None:
        """Nonsense in the address is told."""
        assert owner.get("/products/?status=sold").status_code == 422

    def test_list_goes_on_by_cursor_with_its_status(
        self, owner: Browser, clock: FixedClock
    ) -> None:
        """The second page holds what the first had no room for, of the same status."""
        for number in range(25):
            sell(owner, text=f"Mug number {number} of many")
            clock.move(seconds=1)
        move(owner, sell(owner, text="A canvas backpack"), "processing")

        first = owner.page("/products/?status=uploading")
        second = owner.page(first.select_one("[data-more] a")["href"])

        assert len(texts(first)) == 24
        assert texts(second) == ["Mug number 0 of many"]

    def test_empty_list_invites(self, owner: Browser) -> None:
        """Who has nothing yet is shown the way."""
        main = owner.page("/products/").main

        assert "What do you sell?" in text_of(main)
        assert main.select_one('a[href="/products/new"]') is not None

    @pytest.mark.usefixtures("product")
    def test_is_nobody_elses(self, stranger: Browser) -> None:
        """Another user's list is empty."""
        assert texts(stranger.page("/products/")) == []

    @pytest.mark.usefixtures("product")
    def test_admin_sees_all(self, root: Person) -> None:
        """An admin's list has everybody's, as other lists do."""
        assert texts(read(root.get("/products/"))) == [TEXT]

    def test_header_leads_here_who_is_signed_in(self, owner: Browser, passer_by: Browser) -> None:
        """A visitor's header doesn't speak of products."""
        links = [
            browser.page("/").select('.site-nav a[href="/products/"]')
            for browser in (owner, passer_by)
        ]

        assert [len(found) for found in links] == [1, 0]


class TestProduct:
    """``/products/<id>``"""

    def test_shows_the_text_and_all_photos(self, owner: Browser, product: str) -> None:
        """The main photo comes first; each is described by the product's text."""
        page = owner.page(product)

        assert heading(page) == TEXT
        assert alts(page)[:3] == [TEXT] * 3
        assert "Uploading · 3 photos" in text_of(page.select_one(".product-status"))

    def test_long_text_is_shown_whole(self, owner: Browser) -> None:
        """The heading is cut, and the whole text stands below it."""
        text = "A mug. " * 40 + "The end."

        page = owner.page(sell(owner, text=text))

        assert heading(page).endswith("…")
        assert text_of(page.select_one(".product-text")) == text

    def test_text_is_shown_as_text(self, owner: Browser) -> None:
        """What a seller types is never markup."""
        page = owner.page(sell(owner, text="<b>bold</b> & <script>alert(1)</script>"))

        assert heading(page) == "<b>bold</b> & <script>alert(1)</script>"

    @pytest.mark.parametrize("way", NEXT, ids=lambda way: way[-1] if way else "uploading")
    def test_offers_the_moves_that_are_legal(
        self, owner: Browser, product: str, way: tuple[str, ...]
    ) -> None:
        """There is a button for each move that the table of moves has, and for no other."""
        move(owner, product, *way)

        page = owner.page(product)

        assert buttons(page, f"{product}/status") == NEXT[way]

    def test_tells_its_way_with_times_and_people(
        self, owner: Browser, product: str, clock: FixedClock
    ) -> None:
        """Each move stands there with who made it and when."""
        clock.move(minutes=5)
        move(owner, product, "processing")

        page = owner.page(product)

        assert steps(page) == [
            "Uploading 14 Mar 2026, 15:09 UTC · alice",
            "Processing 14 Mar 2026, 15:14 UTC · alice",
        ]
        assert text_of(page.select_one("ol.course [aria-current=step]")).startswith("Processing")

    def test_failed_one_says_why_and_can_be_tried_again(self, owner: Browser, product: str) -> None:
        """The reason stands by the status and in the history; one button starts over."""
        move(owner, product, "processing")
        owner.post(f"{product}/status", status="failed", error="The shop is closed.")

        page = owner.page(product)
        again = owner.post(f"{product}/status", status="processing")

        assert notices(page) == ["The shop is closed."]
        assert steps(page)[-1].endswith("alice The shop is closed.")
        assert again.status_code == 303
        assert notices(owner.page(product)) == []

    def test_illegal_move_is_a_409_that_shows_where_it_is(
        self, owner: Browser, product: str
    ) -> None:
        """A button of a page that is out of date changes nothing, and the page says so."""
        answer = owner.post(f"{product}/status", status="published")

        assert answer.status_code == 409
        assert "It is uploading" in answer.text
        assert len(steps(owner.page(product))) == 1

    @pytest.mark.parametrize("way", [("processing",), ("processing", "ready", "publishing")])
    def test_is_fixed_while_somebody_works_on_it(
        self, owner: Browser, product: str, way: tuple[str, ...]
    ) -> None:
        """The page offers no change that would be refused, and says when there will be."""
        move(owner, product, *way)

        page = owner.page(product)

        forms = [action for action in actions(page) if not action.endswith("/status")]
        assert forms == [f"{product}/delete"]
        assert f"when it is no longer {way[-1]}" in text_of(page.main)

    def test_image_page_leads_back_to_its_product(self, owner: Browser, product: str) -> None:
        """A photo's own page says whose it is, and offers no keeping: it stays anyway."""
        photo_page = owner.page(f"/images/{photo_ids(owner.page(product))[0]}")

        assert photo_page.select_one(".kicker a")["href"] == product
        assert not any(action.endswith("/keep") for action in actions(photo_page))

    def test_download_gives_back_what_was_sent(self, owner: Browser) -> None:
        """The link on the page leads to the bytes as they were sent."""
        content = photo(1)
        page = owner.page(sell(owner, content))
        (link,) = [a for a in page.select("a") if text_of(a).startswith("Download")]

        assert owner.http.get(link["href"], follow_redirects=True).content == content


class TestChanges:
    """The forms on a product's page."""

    def test_other_photo_becomes_the_main_one(self, owner: Browser, product: str) -> None:
        """The chosen photo hangs large, and on the card."""
        first, second, _ = photo_ids(owner.page(product))

        answer = owner.post(f"{product}/primary", image_id=second)

        assert (answer.status_code, answer.headers["Location"]) == (303, product)
        assert photo_ids(owner.page(product))[0] == second
        card = owner.page("/products/").select_one("article img.real")["src"]
        assert second in card
        assert first not in card

    def test_photo_of_another_product_is_not_found(self, owner: Browser, product: str) -> None:
        """The main photo is one of the product's own."""
        foreign = photo_ids(owner.page(sell(owner)))[0]

        for image_id in (foreign, "nonsense"):
            assert owner.post(f"{product}/primary", image_id=image_id).status_code == 404

    def test_photos_are_added_behind_the_others(self, owner: Browser, product: str) -> None:
        """New photos come last, and the main one stays."""
        before = photo_ids(owner.page(product))

        answer = send(owner, photo(1), photo(2), to=f"{product}/images")

        after = photo_ids(owner.page(product))
        assert (answer.status_code, answer.headers["Location"]) == (303, product)
        assert len(after) == 5
        assert after[:3] == before

    def test_full_product_takes_no_more(self, owner: Browser) -> None:
        """With eight photos the form is gone; sent all the same, it is refused."""
        product = sell(owner, *[photo(n) for n in range(8)])

        page = owner.page(product)
        answer = send(owner, photo(), to=f"{product}/images")

        assert f"{product}/images" not in actions(page)
        assert "no room for more photos" in text_of(page.main)
        assert answer.status_code == 422

    def test_photo_is_removed(self, owner: Browser, product: str) -> None:
        """Where the main one goes, the next takes its place."""
        first, *others = photo_ids(owner.page(product))

        answer = owner.submit(product, f"{product}/images/{first}/delete")

        assert (answer.status_code, answer.headers["Location"]) == (303, product)
        assert photo_ids(owner.page(product)) == others
        assert owner.get(f"/images/{first}").status_code == 404

    def test_last_photo_stays(self, owner: Browser) -> None:
        """A product without a photo is none: there is no such button, and asking is refused."""
        product = sell(owner)
        (only,) = photo_ids(owner.page(product))

        answer = owner.post(f"{product}/images/{only}/delete")

        assert answer.status_code == 409
        assert photo_ids(owner.page(product)) == [only]
        assert not any("/images/" in action for action in actions(owner.page(product)))

    def test_text_is_changed(self, owner: Browser, product: str) -> None:
        """The new text is the heading from now on."""
        answer = owner.post(f"{product}/text", prompt_text="  A mug with two handles  ")

        assert answer.status_code == 303
        assert heading(owner.page(product)) == "A mug with two handles"

    def test_refused_text_is_still_in_its_field(self, owner: Browser, product: str) -> None:
        """What was typed is not lost, the reason stands by it, and the product is as it was."""
        answer = owner.post(f"{product}/text", prompt_text="A mug")

        page = BeautifulSoup(answer.text, "html.parser")
        assert answer.status_code == 422
        assert page.textarea.get_text().strip() == "A mug"
        assert "The text has 5 characters" in text_of(page.select_one("#prompt_text-error"))
        assert text_of(page.select_one("[data-form-error]")) == ""
        assert heading(owner.page(product)) == TEXT

    def test_delete_asks_first_and_removes_everything(self, owner: Browser, product: str) -> None:
        """The button lies behind a step of its own; then product and photos are gone."""
        page = owner.page(product)
        photos = photo_ids(page)
        (form,) = page.select(f'form[action="{product}/delete"]')

        answer = owner.submit(product, f"{product}/delete")

        assert form.find_parent("details").summary is not None
        assert (answer.status_code, answer.headers["Location"]) == (303, "/products/")
        assert owner.get(product).status_code == 404
        assert {owner.get(f"/images/{each}").status_code for each in photos} == {404}

    def test_no_form_of_somebody_elses_product_does_anything(
        self, owner: Browser, stranger: Browser, passer_by: Browser, product: str
    ) -> None:
        """Another user finds nothing there, a visitor is asked to sign in; all stays as it was."""
        before = str(owner.page(product).main.select_one(".course")), photo_ids(owner.page(product))
        forms = {
            "images": {},
            f"images/{before[1][0]}/delete": {},
            "primary": {"image_id": before[1][1]},
            "status": {"status": "processing"},
            "text": {"prompt_text": "Mine from now on"},
            "delete": {},
        }

        for browser, seen, sent in ((stranger, 404, 404), (passer_by, 404, 401)):
            assert browser.get(product).status_code == seen
            statuses = {browser.post(f"{product}/{f}", **x).status_code for f, x in forms.items()}
            assert statuses == {sent}
        after = owner.page(product)
        assert (str(after.main.select_one(".course")), photo_ids(after)) == before
        assert heading(after) == TEXT


def test_photo_is_found_by_the_products_text(owner: Browser, stranger: Browser) -> None:
    """The owner's search finds the photos; nobody else's does."""
    sell(owner, picture("WEBP"), text="A zanzibarian teapot")

    assert len(alts(owner.page("/search?q=zanzibarian"))) == 1
    assert alts(stranger.page("/search?q=zanzibarian")) == []
