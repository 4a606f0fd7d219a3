"""The statistics page."""

from gallery.services import retention
from tests.conftest import FixedClock, Person
from tests.pictures import picture
from tests.views.asking import WAIT, Painter, generate, look_up
from tests.views.reading import Browser, facts, heading, text_of
from tests.views.saving import save_generation


def test_empty_gallery_has_a_page_of_zeros(passer_by: Browser) -> None:
    """Without pictures there is no chart, and nothing divides by zero."""
    page = passer_by.page("/stats")

    assert heading(page) == "0 pictures"
    assert page.select("svg.bars") == []
    assert "No pictures came in the last 30 days" in text_of(page.select_one(".chart"))


def test_figures_count_what_there_is(alice: Person, passer_by: Browser) -> None:
    """Number, weight and mean are those of the pictures on show."""
    small, large = picture(size=(8, 8)), picture(size=(256, 256))
    for content in (small, large):
        save_generation(alice, content, visibility="public")

    page = passer_by.page("/stats")

    total = len(small) + len(large)
    assert heading(page) == "2 pictures"
    assert f"{total / 2:.0f} bytes each on average" in text_of(page.select_one(".page-head p"))
    kinds = [text_of(row) for row in page.select("#kinds-title ~ table tbody tr")]
    assert kinds == [f"Generations 2 {shown(total)}"]


def shown(size: int) -> str:
    return f"{size} bytes" if size < 1000 else f"{size / 1000:.1f} kB"


def test_chart_has_a_title_and_the_same_numbers_as_a_table(
    alice: Person, passer_by: Browser, clock: FixedClock
) -> None:
    """Who can't see the chart hears what it is, and reads each number in the table."""
    save_generation(alice, visibility="public")
    clock.move(days=2)
    for _ in range(2):
        save_generation(alice, visibility="public")

    page = passer_by.page("/stats")

    chart = page.select_one("svg[role=img]")
    assert text_of(chart.find("title", recursive=False)) == "Pictures per day"
    assert chart["aria-labelledby"] == "days-title days-desc"
    assert len(chart.select("rect")) == 30
    rows = [text_of(row).split()[:2] for row in page.select(".chart tbody tr")]
    assert rows[:3] == [["2026-03-16", "2"], ["2026-03-15", "0"], ["2026-03-14", "1"]]
    assert len(rows) == 30


def test_picture_made_thirty_days_ago_is_off_the_chart(
    alice: Person, passer_by: Browser, clock: FixedClock
) -> None:
    """The chart begins twenty-nine days ago."""
    save_generation(alice, visibility="public")
    clock.move(days=30)

    page = passer_by.page("/stats")

    assert page.select("svg.bars") == []
    assert heading(page) == "1 picture"


def test_kept_and_expiring_are_told_apart(
    alice: Person, passer_by: Browser, clock: FixedClock
) -> None:
    """A kept picture doesn't count among those that go within a week."""
    kept = save_generation(alice, visibility="public")["id"]
    save_generation(alice, visibility="public")
    alice.patch(f"/api/images/{kept}", json={"keep": True})
    clock.move(days=24)

    told = facts(passer_by.page("/stats"))

    assert told == {"Kept for good": "1", "Going within 7 days": "1"}


def test_page_and_json_tell_the_same(
    alice: Person, owner: Browser, clock: FixedClock, painter: Painter
) -> None:
    """Every number of the page is the one that programs get."""
    generate(alice, headers=WAIT)
    clock.move(days=1)
    for player in ("owl", "elk"):
        generate(alice, player)
    save_generation(alice, prompt="A kettle")
    told = alice.get("/api/stats").json()

    page = owner.page("/stats")

    days = [
        f"{day['date']} {day['images']} {day['cached']} {100 * day['cache_hit_rate']:.0f} %"
        f" {day['average_size_bytes']:.0f} bytes {day['cost_saved']:.2f}"
        for day in told["images_per_day"][:-3:-1]
    ]
    assert [text_of(row) for row in page.select(".chart tbody tr")][:2] == days
    assert heading(page) == f"{told['total_images']} pictures"
    lede = text_of(page.select_one("main p.lede"))
    assert f"{told['cache_hits']} pictures ({100 * told['cache_hit_rate']:.1f} %)" in lede
    assert f"saved {told['cost_saved']:.2f}" in lede
    assert (told["cache_hits"], told["cache_hit_rate"], told["cost_saved"]) == (2, 0.5, 0.08)


def test_prompts_that_came_back_are_shown_with_their_pictures(
    alice: Person, owner: Browser
) -> None:
    """A prompt that was used again leads to its picture, and is shown as text."""
    image_id = save_generation(alice, prompt="A <b>kettle</b>")["id"]
    for _ in range(3):
        look_up(alice, "A <b>kettle</b>")

    (row,) = owner.page("/stats").select(".reused li")

    assert text_of(row.a) == "A <b>kettle</b>"
    assert row.a["href"] == f"/images/{image_id}"
    assert "3 times · 0.12 saved" in text_of(row)


def test_last_sweep_is_told_to_admins_alone(app, house, clock, alice, root, visitor) -> None:
    """What the last sweep removed is the operator's business."""
    save_generation(alice, visibility="public")
    clock.move(days=31)
    with app.app_context():
        retention.expire_images(storages=house.storages, now=clock())

    admin, other = (person.get("/stats").text for person in (root, visitor))

    assert "1 picture went" in admin
    assert "Last sweep" not in other


def test_visitor_is_not_told_of_private_pictures(
    owner: Browser, passer_by: Browser, secret_generation: str
) -> None:
    """The figures cover what the asker finds."""
    own, others = owner.page("/stats"), passer_by.page("/stats")

    assert (heading(own), heading(others)) == ("1 picture", "0 pictures")
