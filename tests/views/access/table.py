"""The table: what every route is about, and a request that is good in all but who asks.

Who gets what follows from what it is about, by the rule in ``rules.py``;
what doesn't follow is said in the row, with its reason. A route without a
row fails a test, and so does a row without a route. To see it whole, with
all that follows: ``python -m tests.views.access``.
"""

from typing import Any

from tests.conftest import PASSWORD
from tests.pictures import picture
from tests.views.access.rules import About, Except, Role, Row
from tests.views.access.things import (
    ASSET,
    DOWNLOAD,
    GALLERIES,
    GENERATION,
    KEY,
    LINKS,
    PICTURES,
    PRODUCT,
    ROUND,
    SESSION,
    SHARE,
    SIGN_IN,
    SOME_PICTURES,
    STORY,
    Thing,
)

UPLOAD = {"content": picture(), "headers": {"Content-Type": "image/png"}}
# Games appear on first use, so what is 404 to a stranger is somebody else's game, and no missing
# one can be asked for; what they are told must be what is told of any missing thing.
MISSING_GAME = "/api/galleries/game/N0000000000000000"
BEHIND_CURTAIN = "Until the reveal, it is its owner's, whoever has a link."
SAME_FOR_ALL = "A share or a game shows everybody the same, its owner too."
PHOTO = {"files": [("images[]", ("more.png", picture(), "image/png"))]}
PRODUCT_TEXT = {"prompt_text": "A kettle, as it is told of."}
TO_SIGN_IN = Except("public", 302, "It leads to the sign-in page.", lambda r: not r.is_signed_in)
OWNERS_ONLY = Except("private", 404, "Not even an admin's to end.", lambda r: r.who == "root")
BY_KEY = Except("public", 403, "A key that leaked is not to make others.", lambda r: r.by == "key")


def is_stranger(role: Role) -> bool:
    return not role.may_write


def everybodys(*things: Thing, **more: Any) -> Row:
    """Say that it is everybody's; a list shows each what they find."""
    return Row(about=About.OPEN, **_about(things), **more)


def ones_own(answer: int = 200, **more: Any) -> Row:
    """Say that whoever is signed in has it, or makes it, for themselves."""
    return Row(about=About.OWN, answer=answer, **more)


def gallery(*things: Thing, **more: Any) -> Row:
    """Say that it shows galleries; of a hidden round it tells that it is there."""
    return Row(about=About.FRAME, **_about(things), **more)


def seen(*things: Thing, **more: Any) -> Row:
    """Say that it shows these things."""
    return Row(about=About.SEEN, **_about(things), **more)


def changed(*things: Thing, answer: int = 200, **more: Any) -> Row:
    """Say that it changes these things, or makes something in them."""
    return Row(about=About.WRITTEN, answer=answer, **_about(things), **more)


def form(*things: Thing, **fields: str) -> Row:
    """Say that it changes these things by a form, after which a page is shown."""
    return changed(*things, answer=303, options={"data": fields})


def signed(*things: Thing, **more: Any) -> Row:
    """Say that a live link opens it."""
    return Row(about=About.SIGNED, **_about(things), **more)


def _about(things: tuple[Thing, ...]) -> dict[str, Any]:
    return {"things": things} if things else {}


TABLE: dict[str, Row] = {
    # Pages and documents for everybody; lists show each what they find.
    "GET /": everybodys(),
    "GET /sessions/": everybodys(),
    "GET /games/": everybodys(),
    "GET /stories/": everybodys(),
    "GET /generations/": everybodys(),
    "GET /search": everybodys(query="q=kettle"),
    "GET /stats": everybodys(),
    "GET /login": everybodys(),
    "GET /static/<path:filename>": everybodys(ASSET),
    "GET /healthz": everybodys(),
    "GET /readyz": everybodys(),
    "GET /metrics": everybodys(),
    "GET /api/docs": everybodys(),
    "GET /api/openapi.json": everybodys(),
    "GET /api/sessions": everybodys(),
    "GET /api/games": everybodys(),
    "GET /api/stories": everybodys(),
    "GET /api/images": everybodys(),
    "GET /api/images/generated": everybodys(),
    "GET /api/stats": everybodys(),
    "GET /api/links": ones_own(),
    # Signing in and out.
    "POST /login": everybodys(
        answer=303,
        options={"data": {"email": "bob@gallery.example", "password": PASSWORD}},
        ends_session=True,
    ),
    "POST /logout": everybodys(answer=303, ends_session=True),
    # Looking at a gallery, on pages and in JSON.
    "GET /sessions/<slug:session_id>": seen(SESSION),
    "GET /api/sessions/<session_id>": seen(SESSION),
    "GET /api/sessions/<session_id>/images": seen(SESSION),
    "GET /games/<slug:code>": gallery(ROUND),
    "GET /games/<slug:code>/rounds/<number:number>": gallery(ROUND),
    "GET /games/<slug:code>/rounds/<number:number>/reveal": seen(ROUND),
    "GET /games/<slug:code>/rounds/<number:number>/images.zip": seen(ROUND),
    "GET /galleries/<kind>/<slug:slug>/images.zip": seen(
        *GALLERIES, excepts=(Except("hidden", 404, SAME_FOR_ALL),)
    ),
    "GET /api/games/<code>": gallery(ROUND),
    "GET /api/games/<code>/rounds/<number>/images": gallery(ROUND),
    "GET /api/games/<code>/rounds/<number>/events": gallery(ROUND),
    "GET /stories/<slug:story_id>": seen(STORY),
    "GET /stories/<slug:story_id>/pages/<number:page>": seen(STORY),
    "GET /api/stories/<story_id>": seen(STORY),
    # Looking at a picture, and its files.
    "GET /images/<uuid:image_id>": seen(*SOME_PICTURES),
    "GET /api/images/<uuid:image_id>": seen(*PICTURES),
    "GET /thumbnails/<uuid:image_id>/<number:width>-<slug:version>.webp": seen(*SOME_PICTURES),
    "GET /thumbnails/<number:width>/<path:key>.webp": seen(GENERATION),
    "GET /storage/generated/<slug:session_id>/<slug:image_type>.png": seen(SESSION),
    "GET /generated-images/<slug:code>/<number:number>/<slug:player>.jpg": seen(ROUND),
    "GET /generated/<filename:filename>": seen(STORY),
    "GET /outputs/images/generations/<path:rest>": seen(GENERATION),
    # A live signed link opens what it was signed for, to everybody.
    "GET /d/<token>": signed(
        DOWNLOAD, excepts=(Except("hidden", 404, BEHIND_CURTAIN, is_stranger),)
    ),
    "GET /s/<token>": signed(SHARE),
    "GET /s/<token>/static/<path:filename>": signed(SHARE),
    "GET /s/<token>/images/<uuid:image_id>": signed(
        SHARE, excepts=(Except("hidden", 404, SAME_FOR_ALL),)
    ),
    "GET /s/<token>/images/<uuid:image_id>/download": signed(
        SHARE, excepts=(Except("hidden", 404, SAME_FOR_ALL),)
    ),
    "GET /s/<token>/images.zip": signed(SHARE, excepts=(Except("hidden", 404, SAME_FOR_ALL),)),
    "GET /s/<token>/thumbnails/<uuid:image_id>/<number:width>-<slug:version>.webp": signed(
        SHARE, excepts=(Except("hidden", 404, SAME_FOR_ALL),)
    ),
    # New things belong to whoever makes them.
    "POST /api/sessions": ones_own(201, options={"json": {}}),
    "POST /api/stories": ones_own(201, options={"json": {}}),
    "POST /api/images": ones_own(201, options=UPLOAD),
    "POST /api/prompts/lookup": ones_own(201, options={"json": {"sentence": "Dream {fresh}."}}),
    # Changes are the owner's and the admin's.
    "PUT /api/sessions/<session_id>/images/<image_type>": changed(SESSION, options=UPLOAD),
    "PUT /api/games/<code>/rounds/<number>/players/<player>/image": changed(
        ROUND, options=UPLOAD, missing=MISSING_GAME
    ),
    "POST /api/games/<code>/rounds/<number>/players/<player>/generate": changed(
        ROUND,
        options={"json": {"sentence": "Dream {fresh}."}, "headers": {"Prefer": "wait=30"}},
        missing=MISSING_GAME,
    ),
    "PATCH /api/games/<code>/rounds/<number>": changed(
        ROUND, options={"json": {"players": ["fox", "owl"]}}, missing=MISSING_GAME
    ),
    "POST /api/stories/<story_id>/illustrations": changed(
        STORY, answer=201, query="pageNumber=2", options=UPLOAD
    ),
    "PATCH /api/images/<uuid:image_id>": changed(*SOME_PICTURES, options={"json": {"keep": True}}),
    "DELETE /api/images/<uuid:image_id>": changed(*SOME_PICTURES, answer=204, once=True),
    "POST /api/images/<uuid:image_id>/links": changed(
        *SOME_PICTURES, answer=201, options={"json": {}}
    ),
    "PATCH /api/galleries/<kind>/<slug>": changed(*GALLERIES, options={"json": {"title": "New"}}),
    "POST /api/galleries/<kind>/<slug>/links": changed(
        *GALLERIES, answer=201, options={"json": {}}
    ),
    "DELETE /api/links/<uuid:link_id>": changed(*LINKS, answer=204),
    # The same by form.
    "POST /images/<uuid:image_id>/keep": form(GENERATION, keep="1"),
    "POST /images/<uuid:image_id>/links": form(GENERATION),
    "POST /images/<uuid:image_id>/delete": changed(GENERATION, answer=303, once=True),
    "POST /galleries/<kind>/<slug:slug>/links": form(SESSION, ROUND),
    "POST /galleries/<kind>/<slug:slug>/visibility": form(SESSION, ROUND, visibility="unlisted"),
    "POST /games/<slug:code>/rounds/<number:number>/hide": form(ROUND),
    "POST /games/<slug:code>/rounds/<number:number>/reveal": form(ROUND),
    "POST /links/<uuid:link_id>/revoke": form(*LINKS),
    # Products are always private.
    "GET /products/": ones_own(excepts=(TO_SIGN_IN,)),
    "GET /products/new": ones_own(excepts=(TO_SIGN_IN,)),
    "POST /products/": ones_own(303, options={"data": PRODUCT_TEXT} | PHOTO),
    "GET /products/<uuid:product_id>": seen(PRODUCT),
    "POST /products/<uuid:product_id>/images": changed(PRODUCT, answer=303, options=PHOTO),
    "POST /products/<uuid:product_id>/images/<uuid:image_id>/delete": changed(
        PRODUCT, answer=303, once=True
    ),
    "POST /products/<uuid:product_id>/primary": form(PRODUCT, image_id="{image_id}"),
    "POST /products/<uuid:product_id>/status": changed(
        PRODUCT, answer=303, options={"data": {"status": "processing"}}, once=True
    ),
    "POST /products/<uuid:product_id>/text": form(PRODUCT, **PRODUCT_TEXT),
    "POST /products/<uuid:product_id>/delete": changed(PRODUCT, answer=303, once=True),
    "GET /api/products": ones_own(),
    "POST /api/products": ones_own(201, options={"data": PRODUCT_TEXT} | PHOTO),
    "GET /api/products/<uuid:product_id>": seen(PRODUCT),
    "PATCH /api/products/<uuid:product_id>": changed(PRODUCT, options={"json": PRODUCT_TEXT}),
    "DELETE /api/products/<uuid:product_id>": changed(PRODUCT, answer=204, once=True),
    "POST /api/products/<uuid:product_id>/images": changed(PRODUCT, answer=201, options=PHOTO),
    "DELETE /api/products/<uuid:product_id>/images/<uuid:image_id>": changed(
        PRODUCT, answer=204, once=True
    ),
    "PUT /api/products/<uuid:product_id>/primary": changed(
        PRODUCT, options={"json": {"image_id": "{image_id}"}}
    ),
    "POST /api/products/<uuid:product_id>/status": changed(
        PRODUCT, options={"json": {"status": "processing"}}, once=True
    ),
    "GET /account": ones_own(),
    "POST /account/password": ones_own(401, options={"data": {"old_password": "wrong"}}),
    "POST /account/keys": ones_own(options={"data": {"name": "mine"}}, excepts=(BY_KEY,)),
    "POST /account/keys/<uuid:key_id>/revoke": form(KEY),
    "POST /account/sessions/<uuid:session_id>/end": changed(
        SIGN_IN, answer=303, excepts=(OWNERS_ONLY,)
    ),
    "POST /account/sessions/end-others": ones_own(303, ends_session=True),
    "GET /api/auth/sessions": ones_own(),
    "DELETE /api/auth/sessions/<uuid:session_id>": changed(
        SIGN_IN, answer=204, excepts=(OWNERS_ONLY,)
    ),
    "POST /api/auth/register": everybodys(
        by_body=True,
        answer=403,
        options={"json": {"email": "new@gallery.example", "password": "long enough"}},
    ),
    "POST /api/auth/login": everybodys(
        by_body=True, options={"json": {"email": "bob@gallery.example", "password": PASSWORD}}
    ),
    "POST /api/auth/refresh": everybodys(
        SIGN_IN, by_body=True, options={"json": {"refresh_token": "{refresh_token}"}}, once=True
    ),
    "POST /api/auth/logout": everybodys(
        SIGN_IN,
        by_body=True,
        answer=204,
        options={"json": {"refresh_token": "{refresh_token}"}},
        once=True,
    ),
}
