"""Open galleries, and change who may see them.

Sessions and stories are opened on purpose; a game and its rounds appear
with the first image that names them.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from gallery.errors import AlreadyExists, InvalidField, InvalidName
from gallery.extensions import current_session, dialect_of, insert_into, writing
from gallery.models import Gallery, Image, Link, Round
from gallery.services.access import VISIBILITIES, Viewer, require_owner, require_user
from gallery.services.identifiers import check_slug, check_text, new_id

DEFAULT_VISIBILITY = {"session": "private", "game": "unlisted", "story": "unlisted"}
LAST_ROUND = 1_000_000
MOST_PLAYERS = 200


def open_gallery(
    kind: str,
    *,
    viewer: Viewer,
    now: datetime,
    slug: str | None = None,
    title: str = "",
    visibility: str | None = None,
) -> Gallery:
    """Open a session, a game or a story that belongs to *viewer*.

    Without *slug*, its name is made: a random one that can't be guessed.

    Raises:
        SignInRequired: nobody is signed in.
        AlreadyExists: the name is taken, by whomever.
        InvalidName, InvalidField: a value is out of bounds.
    """
    owner_id = require_user(viewer)
    with writing() as session:
        gallery = _new_gallery(kind, slug, title, visibility, owner_id, now)
        if _find(session, kind, gallery.slug):
            raise AlreadyExists(f"There is a {kind} with this name already")
        session.add(gallery)
    return gallery


def change_gallery(
    kind: str,
    slug: str,
    *,
    viewer: Viewer,
    now: datetime,
    visibility: str | None = None,
    title: str | None = None,
) -> Gallery:
    """Change a gallery's title, or who may see it and all its images.

    Making it private ends the links that its listings handed out; links
    that its owner made on purpose live on until they are revoked.

    Raises:
        SignInRequired, NotFound: not the owner's doing.
        InvalidField: a value is out of bounds.
    """
    with writing() as session:
        found = session.scalar(_named(kind, slug).with_for_update(key_share=True))
        gallery = require_owner(viewer, found)
        if title is not None:
            gallery.title = check_text("title", title.strip(), most=200)
        if visibility is not None:
            _set_visibility(session, gallery, visibility, now)
    return gallery


def change_round(
    code: str,
    number: int,
    *,
    viewer: Viewer,
    now: datetime,
    is_hidden: bool | None = None,
    players: Sequence[str] | None = None,
) -> Round:
    """Hide a round until its reveal, reveal it, or name the players who are expected.

    Game and round appear on first use, so that a round can be hidden before
    its first picture comes.

    Raises:
        SignInRequired, NotFound: the game is somebody else's.
        InvalidName, InvalidField: a value is out of bounds.
    """
    check_slug("game code", code)
    check_round_number(number)
    with writing() as session:
        game = game_for_writing(session, code, viewer, now)
        round_ = round_for_writing(session, game, number, now)
        if players is not None:
            round_.players = _checked_players(players)
        if is_hidden is not None:
            round_.is_hidden = is_hidden
            session.execute(
                update(Image).where(Image.round_id == round_.id).values(is_hidden=is_hidden)
            )
    return round_


def game_for_writing(session: Session, code: str, viewer: Viewer, now: datetime) -> Gallery:
    """Return the game *code*, opened for *viewer* if nobody did before.

    Raises:
        SignInRequired: nobody is signed in.
        NotFound: the game belongs to somebody else.
    """
    owner_id = require_user(viewer)
    # No sweep forgets it as empty while something is on its way into it.
    held = _named("game", code).with_for_update(read=True, key_share=True)
    game = session.scalar(held)
    if game is None:
        _add_once(session, _new_gallery("game", code, "", None, owner_id, now))
        game = session.scalar(held)
    return require_owner(viewer, game)


def round_for_writing(session: Session, game: Gallery, number: int, now: datetime) -> Round:
    """Return the round *number* of *game*, made on first use.

    It is locked: a picture that is saved while the round is being hidden
    must not miss it. (SQLite has one writer at a time anyway.)
    """
    same = select(Round).where(Round.gallery_id == game.id, Round.number == number)
    locked = same.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(locked)
    if found is None:
        new = Round(
            id=new_id(now), gallery_id=game.id, number=number, is_hidden=False, created_at=now
        )
        _add_once(session, new)
        found = session.scalars(locked).one()
    return found


def check_round_number(number: int) -> int:
    """Return *number* if a round can have it.

    Raises:
        InvalidName: not from 1 to a million.
    """
    if not 1 <= number <= LAST_ROUND:
        raise InvalidName(f"The round must be a number from 1 to {LAST_ROUND:,}")
    return number


def require_gallery_writer(kind: str, slug: str, *, viewer: Viewer) -> UUID:
    """Return the id of the gallery if *viewer* may change it.

    Raises:
        SignInRequired, NotFound: they may not.
    """
    return require_owner(viewer, _find(current_session(), kind, slug)).id


def _find(session: Session, kind: str, slug: str) -> Gallery | None:
    return session.scalar(_named(kind, slug))


def _named(kind: str, slug: str) -> Select[Gallery]:
    return select(Gallery).where(Gallery.kind == kind, Gallery.slug == slug)


def _add_once(session: Session, row: Gallery | Round) -> None:
    """Add *row*, unless somebody else added one of the same name a moment ago: then that is it."""
    values = {name: value for name, value in vars(row).items() if not name.startswith("_")}
    statement = insert_into(type(row), dialect_of(session)).values(**values)
    session.execute(statement.on_conflict_do_nothing())


def _new_gallery(
    kind: str,
    slug: str | None,
    title: str,
    visibility: str | None,
    owner_id: UUID,
    now: datetime,
) -> Gallery:
    gallery_id = new_id(now)
    return Gallery(
        id=gallery_id,
        kind=kind,
        slug=gallery_id.hex if slug is None else check_slug(f"{kind}'s name", slug),
        title=check_text("title", title.strip(), most=200),
        owner_id=owner_id,
        visibility=check_visibility(visibility or DEFAULT_VISIBILITY[kind]),
        created_at=now,
    )


def check_visibility(visibility: str) -> str:
    """Return *visibility* if there is such a one; raises ``InvalidField``."""
    if visibility not in VISIBILITIES:
        raise InvalidField(f"visibility must be one of {', '.join(VISIBILITIES)}")
    return visibility


def _checked_players(players: Sequence[str]) -> list[str]:
    if len(players) > MOST_PLAYERS:
        raise InvalidField(f"players has {len(players)} names; at most {MOST_PLAYERS} are taken")
    return list(dict.fromkeys(check_slug("player", player) for player in players))


def _set_visibility(session: Session, gallery: Gallery, visibility: str, now: datetime) -> None:
    gallery.visibility = check_visibility(visibility)
    session.execute(
        update(Image).where(Image.gallery_id == gallery.id).values(visibility=visibility)
    )
    if visibility == "private":
        session.execute(
            update(Link)
            .where(Link.gallery_id == gallery.id, Link.is_standing, Link.revoked_at.is_(None))
            .values(revoked_at=now)
        )
