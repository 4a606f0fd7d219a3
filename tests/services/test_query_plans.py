"""How the database goes about every list and look-up, read from its own plans.

The statements are those of the real calls, asked again with ``EXPLAIN`` over
a gallery of some thousand rows. None may read a large table from end to end,
or sort what an index has in order: with a hundred times the rows it would
take a hundred times as long.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, insert

from gallery import create_app
from gallery.extensions import Base, db, writing
from gallery.models import (
    APIKey,
    Gallery,
    Image,
    Link,
    LoginSession,
    Product,
    ProductMove,
    PromptDay,
    PromptEntry,
    Round,
    SearchDocument,
    Sweep,
    User,
)
from gallery.services import accounts, catalog, links, prompt_cache, retention
from gallery.services.access import ANONYMOUS, Viewer
from gallery.services.catalog import ImageFilter
from gallery.services.identifiers import first_id
from gallery.services.prompt_cache import Wish
from tests.databases import SECRET, Databases

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
IMAGES, GALLERIES, PRODUCTS, USERS = 12_000, 3_900, 300, 20
# More rows than any page or gallery here has; fewer than any large table.
MANY = 5_000
LARGE = {
    "images", "galleries", "rounds", "links", "search_documents", "prompt_entries", "prompt_days",
}  # fmt: skip
KINDS = ("session", "game", "story")
Statement = tuple[str, Any]


def number(offset: int, index: int) -> UUID:
    """Return ids that grow with *index* by a minute each, and differ from table to table."""
    return UUID(int=first_id(NOW - timedelta(minutes=IMAGES - index)).int + offset)


def user(index: int) -> UUID:
    return number(1, index % USERS)


def rows() -> Iterator[tuple[type[Base], list[dict[str, Any]]]]:
    yield User, [
        {"id": user(i), "email": f"{i}@gallery.example", "name": f"user {i}", "is_admin": i == 0,
         "password_hash": "-", "created_at": NOW} for i in range(USERS)
    ]  # fmt: skip
    yield APIKey, [
        {"id": number(2, i), "owner_id": user(i), "name": "-", "secret_sha256": str(i),
         "created_at": NOW} for i in range(200)
    ]  # fmt: skip
    yield LoginSession, [
        {"id": number(3, i), "user_id": user(i), "kind": "browser", "secret_sha256": str(i),
         "user_agent": "", "network": "-", "created_at": NOW, "last_used_at": NOW,
         "expires_at": NOW + timedelta(days=1)} for i in range(1_000)
    ]  # fmt: skip
    yield Gallery, [
        {"id": number(4, i), "kind": KINDS[i % 3], "slug": f"g{i}", "title": "",
         "owner_id": user(i), "visibility": "public" if i % 2 else "private", "created_at": NOW}
        for i in range(GALLERIES)
    ]  # fmt: skip
    yield Round, [
        {"id": number(5, i), "gallery_id": number(4, i - i % 3 + 1), "number": i % 3 + 1,
         "is_hidden": False, "created_at": NOW} for i in range(GALLERIES)
    ]  # fmt: skip
    yield Product, [
        {"id": number(6, i), "owner_id": user(i), "prompt_text": "A copper kettle",
         "status": "uploading", "primary_image_id": number(7, i), "created_at": NOW,
         "updated_at": NOW} for i in range(PRODUCTS)
    ]  # fmt: skip
    yield Image, [image(i) for i in range(IMAGES)]
    yield (
        ProductMove,
        [
            {"product_id": number(6, i), "number": 1, "to_status": "uploading", "at": NOW}
            for i in range(PRODUCTS)
        ],
    )
    yield (
        SearchDocument,
        [
            {"image_id": number(7, i), "body": f"number{i} word{i % 50} picture"}
            for i in range(IMAGES)
        ],
    )
    yield PromptEntry, [
        {"owner_id": user(i), "prompt_hash": Wish(sentence=str(i)).hash, "prompt": str(i),
         "image_id": number(7, i), "hits": i % 3, "saved_micros": 0, "created_at": NOW}
        for i in range(PRODUCTS, IMAGES)
    ]  # fmt: skip
    yield PromptDay, [
        {"owner_id": user(i), "prompt_hash": str(i), "day": (NOW - timedelta(days=i % 90)).date(),
         "is_public": True, "originals": 1, "hits": 1, "saved_micros": 1} for i in range(IMAGES)
    ]  # fmt: skip
    yield Link, [
        {"id": number(8, i), "purpose": "download", "is_standing": i % 2 == 0,
         "image_id": number(7, i), "owner_id": user(i), "variant": "original",
         "disposition": "inline", "created_at": NOW, "expires_at": NOW + timedelta(days=7),
         "downloads": 0} for i in range(3_000)
    ]  # fmt: skip
    yield Sweep, [
        {"id": number(9, i), "started_at": NOW - timedelta(days=i), "finished_at": NOW, "rule": {},
         "deleted": 0, "bytes": 0, "errors": 0} for i in range(500)
    ]  # fmt: skip


def image(i: int) -> dict[str, Any]:
    is_product = i < PRODUCTS
    kind = ("session", "round", "story")[i % 3] if i % 4 else "generation"
    place = i % GALLERIES
    hangs = not is_product and kind != "generation"
    return {
        "id": number(7, i), "kind": "product" if is_product else kind, "owner_id": user(i),
        "visibility": "private" if is_product or i // 50 % 2 else "public", "is_hidden": False,
        "gallery_id": number(4, place) if hangs else None, "player": f"p{i}",
        "round_id": number(5, place) if hangs and kind == "round" else None,
        "image_type": f"type {i}" if kind == "session" else None,
        "product_id": number(6, i) if is_product else None,
        "position": 1 if is_product else None, "is_character_referenced": False,
        "prompt": f"prompt {i}", "prompt_hash": Wish(sentence=str(i)).hash,
        "model": f"model {i % 40}", "category": f"category {i % 40}",
        "storage_provider": "local", "storage_key": f"{i}.png", "sha256": "-",
        "size_bytes": 1_000, "format": "png", "width": 1, "height": 1, "placeholder": "",
        "status": "completed", "is_cached": False, "is_kept": False,
        "created_at": NOW - timedelta(minutes=IMAGES - i), "completed_at": NOW,
        "expires_at": NOW + timedelta(minutes=i),
    }  # fmt: skip


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Flask]:
    """A gallery with some thousand images, whose database knows what it holds."""
    with databases.migrated(tmp_path_factory.mktemp("plans")) as instance:
        app = create_app({"SECRET_KEY": SECRET}, instance_path=str(instance), clock=lambda: NOW)
        with app.app_context():
            with writing() as session:
                for table, values in rows():
                    session.execute(insert(table), values)
            look_over()
            yield app
            db.session.remove()
            db.engine.dispose()


def look_over() -> None:
    """Let the database count what it holds, as it does by itself when it has time."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("ANALYZE")
        else:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql("VACUUM ANALYZE")


@contextmanager
def heard() -> Iterator[list[Statement]]:
    """Collect the statements that are asked in the block, with their values."""
    asked: list[Statement] = []

    def note(*said: Any) -> None:
        asked.append((said[2], said[3]))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def complaints(statement: str, values: Any, *, may_sort: bool = False) -> list[str]:
    """Return what is wrong with the way in which the database goes about a statement.

    Of a sort SQLite doesn't tell how much there is to it.
    """
    connection = db.session.connection()
    if connection.dialect.name == "sqlite":
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
        return [row[3] for row in plan if is_walk(row[3], may_sort)]
    # As where disks have no arms. By the default, tables as small as these are best walked.
    connection.exec_driver_sql("SET LOCAL random_page_cost = 1.1")
    found = connection.exec_driver_sql(
        f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", values
    )
    plan = found.scalar_one()
    db.session.rollback()
    return list(walks(plan if isinstance(plan, list) else json.loads(plan)))


def is_walk(step: str, may_sort: bool) -> bool:
    """Tell of a step of SQLite's plan whether it reads a large table without an index, or sorts."""
    words = step.split()
    return (step == "USE TEMP B-TREE FOR ORDER BY" and not may_sort) or (
        words[0] == "SCAN" and words[1] in LARGE and "INDEX" not in words
    )


def walks(plan: Any) -> Iterator[str]:
    """Yield the steps of PostgreSQL's plan that read a large table whole, or sort a lot."""
    for node in plan if isinstance(plan, list) else [plan]:
        if "Plan" in node:
            yield from walks(node["Plan"])
            continue
        read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
        total = read * node["Actual Loops"]
        table = node.get("Relation Name", "")
        if (node["Node Type"] == "Seq Scan" and table in LARGE and total) or total > MANY:
            yield f"{node['Node Type']} {table} {node.get('Index Name', '')} {total}"
        yield from walks(node.get("Plans", []))


VISITOR, ALICE = ANONYMOUS, Viewer(user_id=user(3), name="alice")
ROOT = Viewer(user_id=user(0), name="root", is_admin=True)
CURSOR = number(7, IMAGES // 2).hex
GAME = number(4, 1)


def calls() -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield every list and look-up, by everybody who may ask it."""
    for name, viewer in (("visitor", VISITOR), ("alice", ALICE), ("root", ROOT)):
        yield f"images-{name}", lambda v=viewer: catalog.list_images(viewer=v)
        yield f"images-later-{name}", lambda v=viewer: catalog.list_images(viewer=v, cursor=CURSOR)
        for only in (
            {"kind": "story"}, {"model": "model 7"}, {"category": "category 7"},
            {"provider": "local"}, {"was_made": True},
            {"made_from": NOW - timedelta(days=1), "made_to": NOW},
        ):  # fmt: skip
            yield (
                f"images-{'-'.join(only)}-{name}",
                lambda v=viewer, o=only: catalog.list_images(viewer=v, only=ImageFilter(**o)),
            )
        for kind in KINDS:
            yield f"{kind}s-{name}", lambda v=viewer, k=kind: catalog.list_galleries(k, viewer=v)
        yield f"search-rare-{name}", lambda v=viewer: catalog.search_images("number777", viewer=v)
        yield f"search-word-{name}", lambda v=viewer: catalog.search_images("word7", viewer=v)
        for column in ("model", "category"):
            yield (
                f"facets-{column}-{name}",
                lambda v=viewer, c=column: catalog.facets(c, viewer=v, kind="generation"),
            )
        yield f"round-{name}", lambda v=viewer: catalog.show_round("g1", 1, viewer=v)
        yield f"round-briefly-{name}", lambda v=viewer: catalog.list_round("g1", 1, viewer=v)
        yield (
            f"rounds-{name}",
            lambda v=viewer: catalog.list_rounds(db.session.get(Gallery, GAME), viewer=v),
        )
        yield f"image-{name}", lambda v=viewer: shown(v)
        yield f"by-key-{name}", lambda v=viewer: catalog.show_image_by_key("1000.png", viewer=v)
    yield "gallery-images", lambda: catalog.gallery_images(db.session.get(Gallery, GAME))
    yield "unfinished", lambda: catalog.unfinished_images(db.session.get(Gallery, GAME))
    yield "first-illustration", lambda: catalog.first_illustration(GAME)
    yield "gallery", lambda: catalog.show_gallery("game", "g1", viewer=ALICE)
    for name, viewer in (("alice", ALICE), ("root", ROOT)):
        yield f"products-{name}", lambda v=viewer: catalog.list_products(viewer=v)
        yield f"links-{name}", lambda v=viewer: links.list_links(viewer=v)
    yield "product", lambda: catalog.show_product(number(6, 3), viewer=ALICE)
    yield "sessions", lambda: catalog.list_sessions(viewer=ALICE, now=NOW)
    yield "keys", lambda: catalog.list_own_keys(viewer=ALICE)
    yield "users", lambda: catalog.list_users(viewer=ROOT, now=NOW)
    yield "cookie", lambda: accounts.viewer_with_cookie("-", now=NOW)
    yield "last-sweep", retention.last_sweep
    yield "hit", lambda: prompt_cache.find_hit(user(3), Wish(sentence="1003").hash, now=NOW)
    yield "leased", lambda: prompt_cache.is_leased(user(3), "-", now=NOW)
    yield "doomed", lambda: retention.doomed_images(now=NOW + timedelta(minutes=400))


def shown(viewer: Viewer) -> object:
    """Show an image that everybody sees, and its neighbours."""
    image = catalog.show_image(number(7, 1_000), viewer=viewer)
    return catalog.neighbours(image, viewer=viewer)


CALLS = dict(calls())
# What they sort is all of one page, one gallery, one round, one person, one prompt or one sweep.
SORT_FEW = {
    f"{name}-{who}"
    for name in ("sessions", "games", "storys", "round", "round-briefly", "rounds")
    for who in ("visitor", "alice", "root")
} | {"first-illustration", "keys", "hit", "doomed"}


# Lists whose length the asker chooses.
LISTS: dict[str, Callable[[int], object]] = {
    "images": lambda limit: catalog.list_images(viewer=ALICE, limit=limit),
    "galleries": lambda limit: catalog.list_galleries("game", viewer=ALICE, limit=limit),
    "search": lambda limit: catalog.search_images("word7", viewer=ALICE, limit=limit),
    "story files": lambda limit: catalog.list_story_files(viewer=ALICE, limit=limit),
    "products": lambda limit: catalog.list_products(viewer=ROOT, limit=limit),
    "sessions": lambda limit: catalog.list_sessions(viewer=ALICE, now=NOW, limit=limit),
    "links": lambda limit: links.list_links(viewer=ALICE, limit=limit),
}


@pytest.mark.parametrize("name", CALLS)
def test_nothing_large_is_walked(full: Flask, name: str) -> None:
    """What is asked goes by an index, and touches not many more rows than it returns."""
    with heard() as asked:
        CALLS[name]()
    db.session.rollback()

    may_sort = name in SORT_FEW
    found = [(each[0], complaints(*each, may_sort=may_sort)) for each in asked]
    assert found
    assert [each for each in found if each[1]] == []


@pytest.mark.parametrize("name", LISTS)
def test_long_page_asks_no_more_than_a_short_one(full: Flask, name: str) -> None:
    """However many are listed, the number of queries is the same."""
    counts = []
    for limit in (1, 50):
        with heard() as asked:
            page = LISTS[name](limit)
        counts.append((len(page.items), len(asked)))

    (short, few), (long, many) = counts
    assert (short, long) == (1, 50)
    assert few == many


def test_walk_is_noticed(full: Flask) -> None:
    """That test would see a list that no index serves."""
    by_text = "SELECT id FROM images WHERE prompt = 'prompt 7' ORDER BY prompt, width"

    assert complaints(by_text, ())
