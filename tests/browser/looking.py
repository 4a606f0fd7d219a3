"""What somebody sees who looks at a page, and whether it is still the same one."""

from playwright.sync_api import Page, expect

DRAWN = """([name, number]) => [...document.querySelectorAll('main img')].filter(
    (image) => image.alt.includes(name) && image.complete && image.naturalWidth > 100
).length >= number"""


def stay(page: Page) -> None:
    """Leave a mark on the document, which is gone when another one is loaded."""
    page.evaluate("window.stayed = true")


def has_stayed(page: Page) -> bool:
    """Return whether the document is still the one that was marked."""
    return page.evaluate("window.stayed === true")


def expect_place(page: Page, place: str) -> None:
    """Wait until the page's heading says where it is."""
    expect(page.get_by_role("heading", level=1)).to_have_text(place)


def expect_drawn(page: Page, name: str = "", number: int = 1) -> None:
    """Wait until so many large pictures whose descriptions have *name* are decoded."""
    page.wait_for_function(DRAWN, arg=[name, number])
