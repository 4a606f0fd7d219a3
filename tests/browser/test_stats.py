"""The statistics: drawn by the server, for browsers that run no scripts too."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
PLOTS = (
    "Pictures per day",
    "Cache hit rate per day",
    "Average size per day",
    "Money saved, adding up",
)


def test_plots_are_seen_without_javascript(plain_page: Page) -> None:
    """Four plots, each with a name, are drawn as large as one can read them."""
    plain_page.goto("/stats")

    for name in PLOTS:
        plot = plain_page.get_by_role("main").get_by_role("img", name=name)
        expect(plot).to_be_visible()
        box = plot.bounding_box()
        assert box is not None
        assert box["width"] > 200
        assert box["height"] > 50


def test_today_has_the_highest_bar(plain_page: Page) -> None:
    """On the first day of a gallery, the last bar stands above all others."""
    plain_page.goto("/stats")

    bars = plain_page.get_by_role("img", name="Pictures per day").locator("rect.bar")
    heights = [float(bar.get_attribute("height") or 0) for bar in bars.all()]

    assert len(heights) == 30
    assert heights[-1] > 10 * max(heights[:-1])


def test_numbers_of_the_days_can_be_read_as_a_table(plain_page: Page) -> None:
    """What the plots show is told in words as well."""
    plain_page.goto("/stats")

    plain_page.get_by_text("The numbers as a table").click()

    rows = plain_page.get_by_role("region", name="Numbers of each day").get_by_role("row")
    expect(rows).to_have_count(31)
    expect(rows.nth(1)).to_be_visible()
