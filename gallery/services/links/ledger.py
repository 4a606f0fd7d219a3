"""Signed links: handed out, followed, counted, revoked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Row, bindparam, or_, select, update

from gallery.errors import DatabaseUnwritable, InvalidField, LinkEnded, NotFound
from gallery.extensions import current_session, end_reading, writing
from gallery.metrics import LINKS_FOLLOWED, LINKS_SIGNED
from gallery.models import Gallery, Image, Link, User
from gallery.services.access import ANONYMOUS, Viewer, may_write, require_owner, require_user
from gallery.services.catalog.images import image_rows
from gallery.services.catalog.paging import DEFAULT_LIMIT, Page, read_page
from gallery.services.identifiers import new_id
from gallery.services.links.signer import Claim, LinkSigner
from gallery.services.links.tally import Tally

VARIANTS = ("original", "320", "640", "1280")
DISPOSITIONS = ("attachment", "inline")
SHORTEST = timedelta(seconds=1)
LONGEST = timedelta(days=3650)
# Built once: to put a query together costs more than to run it.
_LINK: Any = select(*Link.__table__.columns).where(Link.id == bindparam("link_id"))
_IMAGE: Any = image_rows().where(Image.id == bindparam("image_id"))


@dataclass(frozen=True, kw_only=True)
class SignedLink:
    """A link that was just made, with the only copy of its token."""

    link: Link
    token: str


@dataclass(frozen=True, kw_only=True)
class Followed:
    """What a followed link leads to."""

    image: Row[Any]
    variant: str
    disposition: str
    link_id: UUID
    expires_at: datetime
    is_limited: bool


@dataclass(frozen=True, kw_only=True)
class OpenedShare:
    """The gallery that a share link opens."""

    gallery: Gallery
    link_id: UUID
    expires_at: datetime
    shared_by: str


def sign_download(
    image_id: UUID,
    *,
    viewer: Viewer,
    signer: LinkSigner,
    now: datetime,
    lasts: timedelta,
    variant: str = "original",
    disposition: str = "attachment",
    max_downloads: int | None = None,
) -> SignedLink:
    """Make a link to one image, for whoever gets it.

    Raises:
        SignInRequired, NotFound: not the owner's doing.
        InvalidField: a value is out of bounds.
    """
    _check_choice("variant", variant, VARIANTS)
    _check_choice("disposition", disposition, DISPOSITIONS)
    if max_downloads is not None and not 1 <= max_downloads <= 1_000_000:
        raise InvalidField("max_downloads must be from 1 to 1,000,000")
    with writing() as session:
        # Nobody deletes it before its link is written.
        lock = {"read": True, "key_share": True}
        found = session.get(Image, image_id, with_for_update=lock, populate_existing=True)
        image = require_owner(viewer, found)
        link = _new_link("download", image.owner_id, now, lasts)
        link.image_id, link.variant, link.disposition = image_id, variant, disposition
        link.max_downloads = max_downloads
        session.add(link)
    LINKS_SIGNED.labels("download").inc()
    return SignedLink(link=link, token=signer.sign(claim_of(link, image_id)))


def share_gallery(
    kind: str, slug: str, *, viewer: Viewer, signer: LinkSigner, now: datetime, lasts: timedelta
) -> SignedLink:
    """Make a link that opens a whole gallery.

    Raises:
        SignInRequired, NotFound: not the owner's doing.
        InvalidField: *lasts* is out of bounds.
    """
    named = select(Gallery).where(Gallery.kind == kind, Gallery.slug == slug)
    with writing() as session:
        # No sweep forgets it as empty before its link is written.
        found = session.scalar(named.with_for_update(read=True, key_share=True))
        gallery = require_owner(viewer, found)
        link = _new_link("share", gallery.owner_id, now, lasts)
        link.gallery_id = gallery.id
        session.add(link)
    LINKS_SIGNED.labels("share").inc()
    return SignedLink(link=link, token=signer.sign(claim_of(link, gallery.id)))


def read_download(
    token: str, *, signer: LinkSigner, now: datetime, viewer: Viewer = ANONYMOUS
) -> Followed:
    """Return what a download link leads to, without counting it as used.

    Who follows it makes no difference, but for what is hidden until its
    round's reveal: that, only who may write gets.

    Raises:
        NotFound: the token was not signed here.
        LinkEnded: it was, and has expired, was revoked or used up, or its
            image is no longer kept.
    """
    claim = signer.read("download", token)
    connection = current_session().connection()
    link = connection.execute(_LINK, {"link_id": claim.link_id}).first()
    _refuse_ended(claim, link, now)
    image = connection.execute(_IMAGE, {"image_id": claim.target_id}).first()
    if image is None:
        raise _ended("gone", link, None)
    if image.is_hidden and not may_write(viewer, image.owner_id):
        # Until the reveal nobody gets it; after that the link opens it again.
        raise NotFound
    if link is None or not _opens(link, image):
        raise NotFound
    return Followed(
        image=image,
        variant=claim.variant,
        disposition=claim.disposition,
        link_id=link.id,
        expires_at=claim.expires_at,
        is_limited=link.max_downloads is not None,
    )


def count_use(followed: Followed, *, tally: Tally, now: datetime) -> None:
    """Count that a link was followed; raises as ``count_download`` where it has a limit."""
    if followed.is_limited:
        count_download(followed.link_id, now=now)
    else:
        tally.add(followed.link_id, now=now)
        LINKS_FOLLOWED.inc()


def count_download(link_id: UUID, *, now: datetime) -> None:
    """Count one use of a link, unless it has ended meanwhile.

    The condition and the count are one statement, so that of twenty at once
    a link for one download lets exactly one through. Where that can't be
    counted, a link without a limit is followed all the same.

    Raises:
        LinkEnded: it was used up or revoked.
        DatabaseUnwritable: it is limited, and can't be counted.
    """
    try:
        _count_download(link_id, now)
    except DatabaseUnwritable:
        link = current_session().get(Link, link_id, populate_existing=True)
        if link is None or link.revoked_at or link.max_downloads is not None:
            raise
    LINKS_FOLLOWED.inc()


def _count_download(link_id: UUID, now: datetime) -> None:
    with writing() as session:
        counted = session.execute(
            update(Link)
            .where(
                Link.id == link_id,
                Link.revoked_at.is_(None),
                or_(Link.max_downloads.is_(None), Link.downloads < Link.max_downloads),
            )
            .values(downloads=Link.downloads + 1, last_used_at=now)
            .returning(Link.id)
        ).first()
        link = session.get(Link, link_id)
    if counted is None:
        raise _ended(
            "revoked" if link and link.revoked_at else "used_up",
            link,
            link.revoked_at if link else None,
        )


def open_share(token: str, *, signer: LinkSigner, now: datetime) -> OpenedShare:
    """Return the gallery that a share link opens; raises as ``read_download`` does."""
    claim = signer.read("share", token)
    link = _live_link(claim, now)
    gallery = current_session().get(Gallery, claim.target_id)
    if gallery is None or link.gallery_id != gallery.id:
        raise NotFound
    return OpenedShare(
        gallery=gallery,
        link_id=link.id,
        expires_at=link.expires_at,
        shared_by=_owner_name(link) or "",
    )


def revoke_link(link_id: UUID, *, viewer: Viewer, now: datetime) -> Link:
    """End a link at once; doing so twice changes nothing.

    Raises:
        SignInRequired, NotFound: not the owner's doing.
    """
    with writing() as session:
        link = require_owner(viewer, session.get(Link, link_id, populate_existing=True))
        link.revoked_at = link.revoked_at or now
    return link


def list_links(
    *,
    viewer: Viewer,
    image_id: UUID | None = None,
    gallery_id: UUID | None = None,
    tally: Tally | None = None,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[Row[Any]]:
    """List the links that *viewer* may revoke, newest first, with the uses that *tally* holds.

    Raises:
        SignInRequired: nobody is signed in.
        InvalidCursor: the cursor did not come from a page.
    """
    user_id = require_user(viewer)
    if tally is not None:
        tally.flush()
        # What was read so far is of before that.
        end_reading()
    query = select(*Link.__table__.columns)
    if not viewer.is_admin:
        query = query.where(Link.owner_id == user_id)
    if image_id:
        query = query.where(Link.image_id == image_id)
    if gallery_id:
        query = query.where(Link.gallery_id == gallery_id)
    return read_page(query, Link.id, cursor=cursor, limit=limit)


def is_live(link: Link | Row[Any], now: datetime) -> bool:
    """Tell whether the link still opens what it was made for."""
    left = link.max_downloads is None or link.downloads < link.max_downloads
    return bool(link.revoked_at is None and now < link.expires_at and left)


def _check_choice(what: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise InvalidField(f"{what} must be one of {', '.join(choices)}")


def _new_link(purpose: str, owner_id: UUID, now: datetime, lasts: timedelta) -> Link:
    if not SHORTEST <= lasts <= LONGEST:
        raise InvalidField(f"expires_in must be from 1 to {int(LONGEST.total_seconds()):,} seconds")
    # Whole seconds, since that is what the token can say.
    expires_at = (now + lasts).replace(microsecond=0)
    return Link(
        id=new_id(now),
        purpose=purpose,
        owner_id=owner_id,
        created_at=now,
        expires_at=expires_at,
    )


def claim_of(link: Link | Row[Any], target_id: UUID) -> Claim:
    return Claim(
        purpose=link.purpose,
        link_id=link.id,
        target_id=target_id,
        variant=link.variant or "original",
        disposition=link.disposition or "attachment",
        expires_at=link.expires_at,
    )


def _opens(link: Link | Row[Any], image: Row[Any]) -> bool:
    """Tell whether *image* is, or belongs to, what the link was made for."""
    made_for = (
        (link.image_id, image.id),
        (link.gallery_id, image.gallery_id),
        (link.product_id, image.product_id),
    )
    return all(target in (None, its_own) for target, its_own in made_for)


def _live_link(claim: Claim, now: datetime) -> Link:
    link = current_session().get(Link, claim.link_id, populate_existing=True)
    _refuse_ended(claim, link, now)
    return cast(Link, link)


def _refuse_ended(claim: Claim, link: Link | Row[Any] | None, now: datetime) -> None:
    if now >= claim.expires_at:
        raise _ended("expired", link, claim.expires_at)
    if link is None:
        # The row went with its image or gallery.
        raise _ended("gone", None, None)
    if link.revoked_at is not None:
        raise _ended("revoked", link, link.revoked_at)
    if link.max_downloads is not None and link.downloads >= link.max_downloads:
        raise _ended("used_up", link, link.last_used_at)


def _ended(reason: str, link: Link | Row[Any] | None, ended_at: datetime | None) -> LinkEnded:
    return LinkEnded(reason, ended_at=ended_at, shared_by=_owner_name(link))


def _owner_name(link: Link | Row[Any] | None) -> str | None:
    if link is None:
        return None
    return current_session().scalar(select(User.name).where(User.id == link.owner_id))
