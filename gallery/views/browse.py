"""The pages: for looking, without JavaScript and better with it."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, render_template, request, session
from sqlalchemy import Row

from gallery.errors import NotFound
from gallery.extensions import current_house
from gallery.models import Gallery
from gallery.schemas.addresses import gallery_path, product_path
from gallery.schemas.images import READINESS
from gallery.services import catalog, links
from gallery.services.access import may_write
from gallery.services.stats import gather_stats
from gallery.views.auth import current_viewer

PER_PAGE = 48
GALLERIES_PER_PAGE = 24
STILL_GOING_ON = timedelta(minutes=10)
ON_HOME = 6
LATEST_ON_HOME = 12
INTROS = {
    "session": ("Sessions", "Product pictures, five to a session."),
    "game": ("Games", "A sentence, a few cards, and what the players made of them."),
    "story": ("Stories", "Told a page at a time."),
}
bp = Blueprint("browse", __name__)


@bp.get("/")
def home() -> str:
    """Show the newest of everything."""
    viewer = current_viewer()
    made = catalog.ImageFilter(was_made=True)
    latest = catalog.list_images(viewer=viewer, only=made, limit=LATEST_ON_HOME).items
    shown = {kind: _cards(kind, None, ON_HOME)[0] for kind in ("game", "story", "session")}
    only = catalog.ImageFilter(kind="generation")
    return render_template(
        "home.html",
        latest=latest,
        games=shown["game"],
        stories=shown["story"],
        sessions=shown["session"],
        generations=catalog.list_images(viewer=viewer, only=only, limit=LATEST_ON_HOME).items,
        is_empty=not latest and not any(shown.values()),
    )


@bp.get("/sessions/")
def sessions() -> str:
    """List sessions."""
    return _gallery_list("session")


@bp.get("/games/")
def games() -> str:
    """List games."""
    return _gallery_list("game")


@bp.get("/stories/")
def stories() -> str:
    """List stories."""
    return _gallery_list("story")


@bp.get("/sessions/<slug:session_id>")
def show_session(session_id: str) -> str:
    """Show a session's five pictures."""
    return _gallery_page("session", session_id, "sessions/show.html")


@bp.get("/stories/<slug:story_id>")
def show_story(story_id: str) -> str:
    """Show a story at a glance."""
    story = catalog.show_gallery("story", story_id, viewer=current_viewer())
    images = catalog.gallery_images(story)
    others = [
        {
            "page_number": image.page_number,
            "status": READINESS[image.status],
            "error": image.failure,
        }
        for image in catalog.unfinished_images(story)
    ]
    return render_template(
        "stories/show.html",
        images=images,
        others=others,
        read_url=f"/stories/{story_id}/pages/1" if images else None,
        **_gallery_context(story),
    )


@bp.get("/stories/<slug:story_id>/pages/<number:page>")
def read_story(story_id: str, page: int) -> str:
    """Show one page of a story, to be turned."""
    story = catalog.show_gallery("story", story_id, viewer=current_viewer())
    images = catalog.gallery_images(story)
    if page > len(images):
        raise NotFound
    urls = [f"/stories/{story_id}/pages/{n}" for n in range(1, len(images) + 1)]
    return render_template(
        "stories/page.html",
        gallery=shown_gallery(story),
        image=images[page - 1],
        page=page,
        total=len(images),
        page_urls=urls,
        previous_url=urls[page - 2] if page > 1 else None,
        next_url=urls[page] if page < len(urls) else None,
        close_url=gallery_path("story", story_id),
    )


@bp.get("/games/<slug:code>")
def show_game(code: str) -> str:
    """Show a game's rounds."""
    game = catalog.show_gallery("game", code, viewer=current_viewer())
    rounds = [
        {
            "number": round_.number,
            "is_hidden": round_.is_hidden,
            "url": f"/games/{code}/rounds/{round_.number}",
            "image_count": round_.image_count,
            "created_at": round_.created_at,
            "previews": round_.previews,
        }
        for round_ in catalog.list_rounds(game, viewer=current_viewer())
    ]
    return render_template("games/show.html", rounds=rounds, **_gallery_context(game))


@bp.get("/games/<slug:code>/rounds/<number:number>")
def show_round(code: str, number: int) -> str:
    """Show what the players of a round made."""
    listing = catalog.show_round(code, number, viewer=current_viewer())
    before, after = catalog.neighbouring_rounds(listing.game, number)
    url = f"/games/{code}/rounds/{number}"
    return render_template(
        "games/round.html",
        gallery=shown_gallery(listing.game),
        number=number,
        images=listing.pictures,
        others=_others(listing),
        is_hidden=listing.is_hidden,
        hidden_count=listing.hidden_count,
        can_write=may_write(current_viewer(), listing.game.owner_id),
        reveal_url=f"{url}/reveal" if listing.pictures else None,
        events_url=f"/api{url}/events" if _is_going_on(listing) else None,
        previous_url=before and f"/games/{code}/rounds/{before}",
        next_url=after and f"/games/{code}/rounds/{after}",
    )


@bp.get("/games/<slug:code>/rounds/<number:number>/reveal")
def play_round(code: str, number: int) -> str:
    """Show a round's pictures one after another; ``at`` is the step, from the title to the end."""
    listing = catalog.show_round(code, number, viewer=current_viewer())
    images = listing.pictures
    if not images:
        raise NotFound
    at = _step(request.args.get("at", "0"), last=len(images) + 1)
    round_url = f"/games/{code}/rounds/{number}"
    urls = [f"{round_url}/reveal?at={step}" for step in range(len(images) + 2)]
    return render_template(
        "games/reveal.html",
        gallery=shown_gallery(listing.game),
        number=number,
        at=at,
        total=len(images),
        image=images[at - 1] if 1 <= at <= len(images) else None,
        images=images,
        step_urls=urls,
        previous_url=urls[at - 1] if at else None,
        next_url=urls[at + 1] if at + 1 < len(urls) else None,
        close_url=round_url,
    )


@bp.get("/generations/")
def generations() -> str:
    """List single generations."""
    viewer = current_viewer()
    current = {name: request.args.get(name) or None for name in ("model", "category")}
    only = catalog.ImageFilter(
        kind="generation", model=current["model"], category=current["category"]
    )
    page = catalog.list_images(
        viewer=viewer, only=only, cursor=request.args.get("cursor"), limit=PER_PAGE
    )
    return render_template(
        "generations/list.html",
        images=page.items,
        next_url=_next_url(page.next_cursor, **current),
        models=catalog.facets("model", viewer=viewer, kind="generation"),
        categories=catalog.facets("category", viewer=viewer, kind="generation"),
        current=current,
    )


@bp.get("/images/<uuid:image_id>")
def show_image(image_id: UUID) -> str:
    """Show one picture, and all that is known of it."""
    viewer = current_viewer()
    image = catalog.show_image(image_id, viewer=viewer)
    before, after = catalog.neighbours(image, viewer=viewer)
    embedded = catalog.show_embedded(image_id)
    can_write = may_write(viewer, image.owner_id)
    return render_template(
        "images/show.html",
        image=image,
        metadata=embedded and {**embedded.read, "raw": embedded.raw},
        gallery=_gallery_of(image),
        previous_url=before and f"/images/{before}",
        next_url=after and f"/images/{after}",
        can_write=can_write,
        links=_listed(image_id=image_id) if can_write else [],
        new_link=_new_link() if can_write else None,
    )


@bp.get("/search")
def search() -> str:
    """Find pictures by the words of their prompts."""
    query = request.args.get("q", "").strip()
    page = catalog.search_images(
        query, viewer=current_viewer(), cursor=request.args.get("cursor"), limit=PER_PAGE
    )
    return render_template(
        "search.html", q=query, images=page.items, next_url=_next_url(page.next_cursor, q=query)
    )


@bp.get("/stats")
def stats() -> str:
    """Show figures over what the visitor finds."""
    figures = gather_stats(viewer=current_viewer(), now=current_house().now())
    return render_template("stats.html", stats=figures)


def shown_gallery(gallery: Gallery | Row[Any]) -> dict[str, Any]:
    """Return what a page tells of a gallery."""
    return {
        "kind": gallery.kind,
        "slug": gallery.slug,
        "title": gallery.title,
        "visibility": gallery.visibility,
        "created_at": gallery.created_at,
        "url": gallery_path(gallery.kind, gallery.slug),
    }


def _others(listing: catalog.RoundListing) -> list[dict[str, Any]]:
    """Return the players of a round whose pictures are still to come, or failed."""
    found = [
        {"player": image.player, "status": READINESS[image.status], "error": image.failure}
        for image in listing.images
        if image.status != "completed"
    ]
    return found + [
        {"player": player, "status": "pending", "error": None} for player in listing.expected
    ]


def _is_going_on(listing: catalog.RoundListing) -> bool:
    """Tell whether it is worth listening to a round: something is to come, or came just now."""
    if listing.is_hidden or listing.expected or len(listing.pictures) < len(listing.images):
        return True
    newest = max((image.completed_at for image in listing.pictures), default=None)
    return newest is None or newest > current_house().now() - STILL_GOING_ON


def _step(text: str, *, last: int) -> int:
    """Return the step of a reveal; what is no such step is the nearest."""
    if not (text.isascii() and text.isdecimal() and len(text) < 7):
        return 0
    return min(int(text), last)


def _gallery_list(kind: str) -> str:
    cards, next_cursor = _cards(kind, request.args.get("cursor"), GALLERIES_PER_PAGE)
    heading, intro = INTROS[kind]
    return render_template(
        "galleries/list.html",
        kind=kind,
        heading=heading,
        intro=intro,
        cards=cards,
        next_url=_next_url(next_cursor),
    )


def _cards(kind: str, cursor: str | None, limit: int) -> tuple[list[dict[str, Any]], str | None]:
    page = catalog.list_galleries(kind, viewer=current_viewer(), cursor=cursor, limit=limit)
    cards = [{**vars(card), "url": gallery_path(card.kind, card.slug)} for card in page.items]
    return cards, page.next_cursor


def _gallery_page(kind: str, slug: str, template: str) -> str:
    gallery = catalog.show_gallery(kind, slug, viewer=current_viewer())
    images = catalog.gallery_images(gallery)
    return render_template(template, images=images, **_gallery_context(gallery))


def _gallery_context(gallery: Gallery) -> dict[str, Any]:
    viewer = current_viewer()
    can_write = may_write(viewer, gallery.owner_id)
    return {
        "gallery": shown_gallery(gallery),
        "can_write": can_write,
        "links": _listed(gallery_id=gallery.id) if can_write else [],
        "new_link": _new_link() if can_write else None,
    }


def _gallery_of(image: Any) -> dict[str, Any] | None:
    if image.product_id:
        return {
            "kind": "product",
            "slug": str(image.product_id),
            "title": image.prompt,
            "url": product_path(image.product_id),
        }
    if image.gallery_id is None:
        return None
    return {
        "kind": image.gallery_kind,
        "slug": image.gallery_slug,
        "title": image.gallery_title,
        "url": gallery_path(image.gallery_kind, image.gallery_slug),
    }


def _listed(
    *, image_id: UUID | None = None, gallery_id: UUID | None = None
) -> list[dict[str, Any]]:
    """Return the links to an image or a gallery as their owner's pages list them."""
    now = current_house().now()
    page = links.list_links(
        viewer=current_viewer(),
        image_id=image_id,
        gallery_id=gallery_id,
        tally=current_house().tally,
        limit=catalog.MOST_LIMIT,
    )
    return [
        {
            "id": link.id,
            "url": "",
            "expires_at": link.expires_at,
            "downloads": link.downloads,
            "max_downloads": link.max_downloads,
            "revoked_at": link.revoked_at,
            "is_live": links.is_live(link, now),
        }
        for link in page.items
        if not link.is_standing
    ]


def _new_link() -> dict[str, Any] | None:
    """Return the link that was just made for what this page shows; it is told once."""
    made = session.get("new_link")
    if not made or made["target"] != request.path:
        return None
    del session["new_link"]
    return dict(made)


def _next_url(cursor: str | None, **kept: str | None) -> str | None:
    if cursor is None:
        return None
    query = {name: value for name, value in kept.items() if value}
    return f"{request.path}?{urlencode(query | {'cursor': cursor})}"
