"""The reference page of the JSON endpoints."""

from tests.views.contract import Contract
from tests.views.reading import Browser, heading, text_of

METHODS = {"get", "post", "put", "patch", "delete"}


def test_page_has_every_call_of_the_document(passer_by: Browser, contract: Contract) -> None:
    """Each path and method of the OpenAPI document is on the page, and nothing else."""
    page = passer_by.page("/api/docs")

    shown = {text_of(each) for each in page.select("article.operation h3")}
    documented = {
        f"{method.upper()} {path}"
        for path, item in contract.document["paths"].items()
        for method in METHODS & set(item)
    }
    assert heading(page) == "Gallery"
    assert shown == documented
    assert len(shown) >= 25


def test_index_leads_to_each_call(passer_by: Browser) -> None:
    """Every entry of the index is an anchor on the page."""
    page = passer_by.page("/api/docs")

    targets = {link["href"].removeprefix("#") for link in page.select(".docs-index a")}
    assert targets <= {tag["id"] for tag in page.select("[id]")}
    assert len(targets) > 25


def test_upload_is_explained_with_its_fields(passer_by: Browser) -> None:
    """A call that takes a picture tells its fields, which are required, and an example."""
    page = passer_by.page("/api/docs")

    call = page.select_one("#put-api-sessions-session_id-images-image_type")
    body = call.find("h4", string="Body").find_next("dl")
    names = [text_of(each) for each in body.select("dt code")]
    assert names[:2] == ["image", "prompt"]
    assert "required" in text_of(body.select_one("dt"))
    assert "-F image=@picture.png" in text_of(call.select_one("pre"))


def test_parameters_are_told_with_their_kind(passer_by: Browser) -> None:
    """A parameter's place, type and whether it is required are told."""
    page = passer_by.page("/api/docs")

    told = {
        text_of(each.select_one("code")): text_of(each.select_one("small"))
        for each in page.select("#get-api-images .params dt")
        if each.select_one("small")
    }
    assert told["limit"].startswith("query, integer")
    assert told["kind"] == "query, session, round, story, generation, product"


def test_page_links_the_document(passer_by: Browser) -> None:
    """The document itself is one click away."""
    page = passer_by.page("/api/docs")

    assert passer_by.get(page.select_one(".spec-line a")["href"]).json()["openapi"] == "3.1.0"
