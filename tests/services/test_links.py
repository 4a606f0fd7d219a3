"""Signed links: what they open, for how long, how often, and how they end."""

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from gallery.errors import InvalidField, LinkEnded, NotFound, SignInRequired
from gallery.extensions import House, db
from gallery.models import Gallery, Image, Link
from gallery.services import links, retention
from gallery.services.access import Viewer
from gallery.services.catalog import show_gallery, show_image
from gallery.services.galleries import change_gallery
from gallery.services.links import Claim, LinkSigner, SignedLink
from tests.conftest import FixedClock
from tests.services.conftest import Easel

WEEK = timedelta(days=7)
OLD, NEW = "an old key of the gallery", "a new key of the gallery"
CLAIM = Claim(
    purpose="download",
    link_id=UUID(int=1),
    target_id=UUID(int=2),
    expires_at=datetime(2026, 3, 21, 15, 9, 26, tzinfo=UTC),
    variant="320",
    disposition="inline",
)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class Desk:
    """Signs and follows links with the gallery's own signer and clock."""

    def __init__(self, house: House, alice: Viewer) -> None:
        self.house, self.alice = house, alice

    def sign(self, image_id: UUID, **options: object) -> SignedLink:
        options = {"viewer": self.alice, "lasts": WEEK} | options
        return links.sign_download(
            image_id, signer=self.house.signer, now=self.house.now(), **options
        )

    def share(self, kind: str, slug: str, **options: object) -> SignedLink:
        options = {"viewer": self.alice, "lasts": WEEK} | options
        return links.share_gallery(
            kind, slug, signer=self.house.signer, now=self.house.now(), **options
        )

    def follow(self, token: str) -> links.Followed:
        return links.read_download(token, signer=self.house.signer, now=self.house.now())

    def enter(self, token: str) -> links.OpenedShare:
        return links.open_share(token, signer=self.house.signer, now=self.house.now())

    def standing(self, image_id: UUID) -> Link:
        row = show_image(image_id, viewer=self.alice)
        return links.standing_link(row, now=self.house.now(), lasts=WEEK)

    def token(self, image_id: UUID, standing: Link) -> str:
        return links.download_tokens(standing, signer=self.house.signer)(image_id)


@pytest.fixture
def desk(house: House, alice: Viewer) -> Desk:
    return Desk(house, alice)


class TestSigner:
    """Tokens by themselves."""

    def test_claim_comes_back_as_it_was_signed(self) -> None:
        """A token carries its purpose, expiry, target, variant, disposition and ledger id."""
        signer = LinkSigner([NEW])

        assert signer.read("download", signer.sign(CLAIM)) == CLAIM

    def test_same_claim_makes_the_same_token(self) -> None:
        """A listing's addresses repeat, which keeps its ETag."""
        assert LinkSigner([NEW]).sign(CLAIM) == LinkSigner([NEW]).sign(CLAIM)

    def test_signing_for_many_targets_is_signing_each(self) -> None:
        """The quick way of a listing makes the very same tokens."""
        signer = LinkSigner([NEW])

        assert signer.sign_for(CLAIM)(UUID(int=2)) == signer.sign(CLAIM)

    @pytest.mark.parametrize(("made", "read"), [("download", "share"), ("share", "download")])
    def test_token_of_one_purpose_is_worth_nothing_for_another(self, made: str, read: str) -> None:
        """Each purpose has a salt of its own."""
        signer = LinkSigner([NEW])
        token = signer.sign(Claim(**vars(CLAIM) | {"purpose": made}))

        with pytest.raises(NotFound):
            signer.read(read, token)

    def test_keys_rotate(self) -> None:
        """The newest key signs, every key in the list reads, and one that was dropped doesn't."""
        old, both, new = LinkSigner([OLD]), LinkSigner([NEW, OLD]), LinkSigner([NEW])

        assert both.read("download", old.sign(CLAIM)) == CLAIM
        assert both.sign(CLAIM) == new.sign(CLAIM) != old.sign(CLAIM)
        with pytest.raises(NotFound):
            new.read("download", old.sign(CLAIM))

    def test_only_one_spelling_of_a_signature_is_taken(self) -> None:
        """Other last characters with the same bits, and padding, are refused."""
        signer = LinkSigner([NEW])
        token = signer.sign(CLAIM)
        signature = token.rpartition(".")[2]
        bits = base64.urlsafe_b64decode(signature + "=")
        twins = [
            token[:-1] + last
            for last in ALPHABET
            if base64.urlsafe_b64decode(signature[:-1] + last + "=") == bits
        ]

        assert len(twins) == 4
        for other in {*twins, token + "=", token + "=="} - {token}:
            with pytest.raises(NotFound):
                signer.read("download", other)
        assert signer.read("download", token) == CLAIM

    @pytest.mark.parametrize(
        "change",
        [
            lambda _: "",
            lambda _: ".",
            lambda token: token.rpartition(".")[0],
            lambda token: token.rpartition(".")[0] + ".",
            lambda token: "x" + token,
            lambda token: token.replace("320", "640"),
            lambda token: token.replace("inline", "attachment"),
            lambda token: token.replace("-", "_"),
            lambda token: token.upper(),
            lambda token: token + "\x00",
            lambda token: token + "é",
            lambda token: token + "\ud800",
            lambda token: token + " ",
            lambda token: token[:-3] + "!!!",
            lambda token: token * 1000,
        ],
        ids=range(15),
    )
    def test_changed_token_is_not_found(self, change) -> None:
        """What was not signed here is no link at all."""
        signer = LinkSigner([NEW])

        with pytest.raises(NotFound):
            signer.read("download", change(signer.sign(CLAIM)))

    def test_signed_nonsense_is_not_found(self) -> None:
        """A good signature under fields that say nothing is no link either."""
        signer = LinkSigner([NEW])
        token = signer._signers["download"].sign("not-a-claim").decode()

        with pytest.raises(NotFound):
            signer.read("download", token)


class TestDownload:
    """A link to one image."""

    def test_link_leads_to_its_image(self, desk: Desk, easel: Easel) -> None:
        """Whoever has the address gets a private image, in the variant it was signed for."""
        image_id = easel.generation().image_id

        made = desk.sign(image_id, variant="640", disposition="inline")
        followed = desk.follow(made.token)

        assert (followed.image.id, followed.link_id) == (image_id, made.link.id)
        assert (followed.variant, followed.disposition) == ("640", "inline")

    def test_link_lasts_until_its_second(self, desk: Desk, easel: Easel, clock: FixedClock) -> None:
        """A second before its expiry it works; at its expiry it has ended, and says when."""
        made = desk.sign(easel.generation().image_id, lasts=timedelta(hours=1))
        expires_at = clock() + timedelta(hours=1)

        clock.now = expires_at - timedelta(seconds=1)
        followed = desk.follow(made.token)
        clock.now = expires_at
        with pytest.raises(LinkEnded) as ended:
            desk.follow(made.token)

        assert followed.link_id == made.link.id
        assert (ended.value.reason, ended.value.ended_at) == ("expired", expires_at)
        assert ended.value.shared_by == "alice"

    def test_row_and_token_agree_on_the_expiry(
        self, desk: Desk, easel: Easel, clock: FixedClock
    ) -> None:
        """The ledger tells the second that the token knows, also where the clock is between."""
        clock.move(microseconds=700_000)

        made = desk.sign(easel.generation().image_id)

        assert desk.house.signer.read("download", made.token).expires_at == made.link.expires_at
        assert made.link.expires_at.microsecond == 0

    def test_revoked_link_has_ended(self, desk: Desk, easel: Easel, clock: FixedClock) -> None:
        """A revoked link says so, and when."""
        made = desk.sign(easel.generation().image_id)
        clock.move(hours=1)

        links.revoke_link(made.link.id, viewer=desk.alice, now=clock())
        with pytest.raises(LinkEnded) as ended:
            desk.follow(made.token)

        assert (ended.value.reason, ended.value.ended_at) == ("revoked", clock())

    def test_revoking_twice_changes_nothing(
        self, desk: Desk, easel: Easel, clock: FixedClock
    ) -> None:
        """The first time counts."""
        made = desk.sign(easel.generation().image_id)
        first = links.revoke_link(made.link.id, viewer=desk.alice, now=clock()).revoked_at
        clock.move(hours=1)

        second = links.revoke_link(made.link.id, viewer=desk.alice, now=clock()).revoked_at

        assert first == second

    def test_only_owner_and_admin_revoke(
        self, desk: Desk, easel: Easel, bob: Viewer, root: Viewer, visitor: Viewer
    ) -> None:
        """A stranger can't tell a link from none."""
        made, now = desk.sign(easel.generation().image_id), desk.house.now()

        with pytest.raises(NotFound):
            links.revoke_link(made.link.id, viewer=bob, now=now)
        with pytest.raises(SignInRequired):
            links.revoke_link(made.link.id, viewer=visitor, now=now)
        with pytest.raises(NotFound):
            links.revoke_link(UUID(int=9), viewer=root, now=now)
        assert links.revoke_link(made.link.id, viewer=root, now=now).revoked_at == now

    def test_only_owner_and_admin_sign(
        self, desk: Desk, easel: Easel, bob: Viewer, root: Viewer, visitor: Viewer
    ) -> None:
        """A public image is not everybody's to hand out."""
        image_id = easel.generation(visibility="public").image_id

        with pytest.raises(NotFound):
            desk.sign(image_id, viewer=bob)
        with pytest.raises(NotFound):
            desk.sign(UUID(int=9))
        with pytest.raises(SignInRequired):
            desk.sign(image_id, viewer=visitor)
        assert desk.sign(image_id, viewer=root).link.image_id == image_id

    @pytest.mark.parametrize(
        "options",
        [
            {"variant": "100"}, {"variant": ""}, {"disposition": "form-data"},
            {"max_downloads": 0}, {"max_downloads": -1}, {"max_downloads": 1_000_001},
            {"lasts": timedelta(0)}, {"lasts": timedelta(seconds=0.9)},
            {"lasts": timedelta(days=3650, seconds=1)},
        ],
        ids=str,
    )  # fmt: skip
    def test_value_out_of_bounds_is_refused(
        self, desk: Desk, easel: Easel, options: dict[str, object]
    ) -> None:
        """A link that can't be made is not made in part."""
        image_id = easel.generation().image_id

        with pytest.raises(InvalidField):
            desk.sign(image_id, **options)

        assert db.session.scalar(select(func.count()).select_from(Link)) == 0

    @pytest.mark.parametrize("lasts", [timedelta(seconds=1), timedelta(days=3650)])
    def test_shortest_and_longest_life(self, desk: Desk, easel: Easel, lasts: timedelta) -> None:
        """A second and ten years are still a link."""
        image_id = easel.generation().image_id

        assert desk.sign(image_id, lasts=lasts).link.expires_at == desk.house.now() + lasts

    def test_reading_is_not_counted(self, desk: Desk, easel: Easel) -> None:
        """Only a download uses a link up."""
        made = desk.sign(easel.generation().image_id, max_downloads=1)

        desk.follow(made.token)

        assert desk.follow(made.token).link_id == made.link.id

    def test_used_up_link_has_ended(self, desk: Desk, easel: Easel, clock: FixedClock) -> None:
        """After its last download a link says that, and when it was."""
        made = desk.sign(easel.generation().image_id, max_downloads=2)

        links.count_download(made.link.id, now=clock())
        clock.move(minutes=1)
        links.count_download(made.link.id, now=clock())
        with pytest.raises(LinkEnded) as ended:
            desk.follow(made.token)
        with pytest.raises(LinkEnded) as refused:
            links.count_download(made.link.id, now=clock())

        assert (ended.value.reason, ended.value.ended_at) == ("used_up", clock())
        assert refused.value.reason == "used_up"

    def test_revoked_link_counts_no_more(self, desk: Desk, easel: Easel, clock: FixedClock) -> None:
        """A link that is revoked between reading and sending is not sent."""
        made = desk.sign(easel.generation().image_id)
        links.revoke_link(made.link.id, viewer=desk.alice, now=clock())

        with pytest.raises(LinkEnded) as ended:
            links.count_download(made.link.id, now=clock())

        assert (ended.value.reason, ended.value.ended_at) == ("revoked", clock())

    @pytest.mark.usefixtures("inside")
    def test_link_that_is_gone_counts_no_more(self, clock: FixedClock) -> None:
        """So is one whose image went meanwhile."""
        with pytest.raises(LinkEnded):
            links.count_download(UUID(int=9), now=clock())

    def test_of_twenty_at_once_the_limit_gets_through(
        self, desk: Desk, easel: Easel, app: Flask, clock: FixedClock
    ) -> None:
        """A limited link can't be raced."""
        made = desk.sign(easel.generation().image_id, max_downloads=5)
        barrier = threading.Barrier(20)

        def download(_number: int) -> bool:
            with app.app_context():
                barrier.wait()
                try:
                    links.count_download(made.link.id, now=clock())
                except LinkEnded:
                    return False
                return True

        with ThreadPoolExecutor(20) as pool:
            through = sum(pool.map(download, range(20)))

        counted = db.session.get(Link, made.link.id, populate_existing=True)
        assert (through, counted.downloads) == (5, 5)

    def test_deleted_image_is_gone(self, desk: Desk, easel: Easel, house: House) -> None:
        """A link to a picture that is no longer kept says so."""
        image_id = easel.generation().image_id
        made = desk.sign(image_id)

        retention.delete_image(
            image_id, viewer=desk.alice, storages=house.storages, now=house.now()
        )
        with pytest.raises(LinkEnded) as ended:
            desk.follow(made.token)

        assert ended.value.reason == "gone"

    def test_token_opens_only_the_image_of_its_ledger_entry(self, desk: Desk, easel: Easel) -> None:
        """A signature under another image than the ledger names is worth nothing."""
        one, other = easel.generation().image_id, easel.generation().image_id
        made = desk.sign(one)

        crossed = links.download_tokens(made.link, signer=desk.house.signer)(other)

        with pytest.raises(NotFound):
            desk.follow(crossed)


class TestStanding:
    """The link that a gallery's listings sign their downloads with."""

    def test_one_link_serves_a_gallery_all_day(
        self, desk: Desk, easel: Easel, clock: FixedClock
    ) -> None:
        """It lives its week and up to the midnight after; until then listings repeat it."""
        one, other = easel.round("fox").image_id, easel.round("heron").image_id
        clock.now = datetime(2026, 3, 14, 0, 0, 1, tzinfo=UTC)

        first = desk.standing(one)
        clock.now = datetime(2026, 3, 14, 23, 59, 59, tzinfo=UTC)
        second = desk.standing(other)

        assert first.id == second.id
        assert first.expires_at == datetime(2026, 3, 22, tzinfo=UTC)
        assert db.session.get(Link, first.id).is_standing is True

    def test_gallery_made_private_just_before_is_not_signed_for(
        self, easel: Easel, alice: Viewer, clock: FixedClock
    ) -> None:
        """Who looked while it was open gets no link that would outlive its closing."""
        row = show_image(easel.round().image_id, viewer=alice)
        change_gallery("game", "TEA", visibility="private", viewer=alice, now=clock())

        with pytest.raises(NotFound):
            links.standing_link(row, now=clock(), lasts=WEEK)

    def test_use_of_a_link_leaves_its_addresses_equal(
        self, desk: Desk, easel: Easel, clock: FixedClock
    ) -> None:
        """What is kept of a listing by its standing link is not made anew for each download."""
        image_id = easel.round().image_id
        before = desk.standing(image_id)

        links.count_download(before.id, now=clock())

        assert desk.standing(image_id) == before

    def test_link_that_an_admin_made_is_the_owners_to_end(
        self, desk: Desk, easel: Easel, root: Viewer, alice: Viewer, clock: FixedClock
    ) -> None:
        """A link to alice's picture is in alice's list, whoever made it."""
        made = desk.sign(easel.round().image_id, viewer=root)

        ended = links.revoke_link(made.link.id, viewer=alice, now=clock())

        assert ended.revoked_at == clock()

    def test_link_is_renewed_when_less_than_its_week_is_left(
        self, desk: Desk, easel: Easel, clock: FixedClock
    ) -> None:
        """What is listed the next day lasts a whole week again; the old one lives on."""
        image_id = easel.round().image_id
        first = desk.standing(image_id)
        clock.now = datetime(2026, 3, 15, 0, 0, 1, tzinfo=UTC)

        second = desk.standing(image_id)

        assert second.id != first.id
        assert second.expires_at == datetime(2026, 3, 23, tzinfo=UTC)
        assert desk.follow(desk.token(image_id, first)).image.id == image_id

    def test_token_opens_every_image_of_the_gallery(self, desk: Desk, easel: Easel) -> None:
        """One entry in the ledger stands for all pictures of a listing."""
        one, other = easel.round("fox").image_id, easel.round("heron", 2).image_id
        standing = desk.standing(one)

        followed = [desk.follow(desk.token(image_id, standing)) for image_id in (one, other)]

        assert [each.image.id for each in followed] == [one, other]
        assert {(each.variant, each.disposition) for each in followed} == {
            ("original", "attachment")
        }

    def test_token_opens_nothing_of_another_gallery(self, desk: Desk, easel: Easel) -> None:
        """A standing link ends at the walls of its gallery."""
        one, other = easel.round(code="TEA").image_id, easel.round(code="RUM").image_id

        crossed = desk.token(other, desk.standing(one))

        with pytest.raises(NotFound):
            desk.follow(crossed)

    def test_single_generation_has_its_own(self, desk: Desk, easel: Easel) -> None:
        """What hangs in no gallery is signed by itself."""
        one, other = easel.generation().image_id, easel.generation().image_id

        first, second = desk.standing(one), desk.standing(other)

        kept = [db.session.get(Link, each.id).image_id for each in (first, second)]
        assert kept == [one, other]
        assert desk.standing(one).id == first.id

    def test_gallery_itself_can_be_asked_for(self, desk: Desk, easel: Easel) -> None:
        """The gallery's row leads to the same link as its images'."""
        image_id = easel.round().image_id
        game = show_gallery("game", "TEA", viewer=desk.alice)

        by_game = links.standing_link(game, now=desk.house.now(), lasts=WEEK)

        assert by_game.id == desk.standing(image_id).id

    def test_revoked_one_ends_its_downloads_and_is_replaced(self, desk: Desk, easel: Easel) -> None:
        """An owner can withdraw what a listing handed out; the next listing starts anew."""
        image_id = easel.round().image_id
        first = desk.standing(image_id)

        links.revoke_link(first.id, viewer=desk.alice, now=desk.house.now())
        second = desk.standing(image_id)

        assert second.id != first.id
        with pytest.raises(LinkEnded):
            desk.follow(desk.token(image_id, first))
        assert desk.follow(desk.token(image_id, second)).image.id == image_id

    def test_private_gallery_withdraws_it_and_keeps_signed_links(
        self, desk: Desk, easel: Easel
    ) -> None:
        """Making a game private ends what listings handed out, not what its owner signed."""
        image_id = easel.round().image_id
        listed, signed = desk.token(image_id, desk.standing(image_id)), desk.sign(image_id)
        shared = desk.share("game", "TEA")

        change_gallery("game", "TEA", visibility="private", viewer=desk.alice, now=desk.house.now())

        with pytest.raises(LinkEnded, match="revoked"):
            desk.follow(listed)
        assert desk.follow(signed.token).image.id == image_id
        assert desk.enter(shared.token).gallery.slug == "TEA"

    def test_twenty_listings_at_once_make_one_link(
        self, desk: Desk, easel: Easel, app: Flask
    ) -> None:
        """Workers that list a gallery at the same time share its link."""
        image_id = easel.round().image_id
        barrier = threading.Barrier(20)

        def ask(_number: int) -> UUID:
            with app.app_context():
                barrier.wait()
                return desk.standing(image_id).id

        with ThreadPoolExecutor(20) as pool:
            made = set(pool.map(ask, range(20)))

        assert len(made) == 1


class TestShare:
    """A link that opens a whole gallery."""

    def test_share_opens_a_private_gallery(self, desk: Desk, easel: Easel) -> None:
        """Whoever has the link sees the gallery, and whose it is."""
        slug = easel.open("session", "s1")

        made = desk.share("session", slug)
        opened = desk.enter(made.token)

        assert (opened.gallery.kind, opened.gallery.slug) == ("session", "s1")
        assert (opened.link_id, opened.shared_by) == (made.link.id, "alice")
        assert opened.expires_at == desk.house.now() + WEEK

    def test_share_ends_at_its_second(self, desk: Desk, easel: Easel, clock: FixedClock) -> None:
        """A share expires like a download."""
        made = desk.share("session", easel.open("session", "s1"), lasts=timedelta(seconds=10))
        clock.move(seconds=9)
        opened = desk.enter(made.token)
        clock.move(seconds=1)

        with pytest.raises(LinkEnded) as ended:
            desk.enter(made.token)

        assert opened.link_id == made.link.id
        assert (ended.value.reason, ended.value.shared_by) == ("expired", "alice")

    def test_revoked_share_has_ended(self, desk: Desk, easel: Easel) -> None:
        """A withdrawn share opens nothing."""
        made = desk.share("session", easel.open("session", "s1"))

        links.revoke_link(made.link.id, viewer=desk.alice, now=desk.house.now())

        with pytest.raises(LinkEnded, match="revoked"):
            desk.enter(made.token)

    def test_share_of_a_gallery_that_went_is_gone(self, desk: Desk, easel: Easel) -> None:
        """The link of a gallery that is no longer there says so."""
        made = desk.share("session", easel.open("session", "s1"))
        db.session.delete(db.session.scalars(select(Gallery)).one())
        db.session.commit()

        with pytest.raises(LinkEnded, match="gone"):
            desk.enter(made.token)

    def test_share_is_no_download_and_a_download_no_share(self, desk: Desk, easel: Easel) -> None:
        """A link is worth nothing at the other door."""
        share = desk.share("session", easel.open("session", "s1"))
        download = desk.sign(easel.generation().image_id)

        with pytest.raises(NotFound):
            desk.follow(share.token)
        with pytest.raises(NotFound):
            desk.enter(download.token)

    def test_share_opens_only_the_gallery_of_its_ledger_entry(
        self, desk: Desk, easel: Easel
    ) -> None:
        """A signature under another gallery than the ledger names is worth nothing."""
        made = desk.share("session", easel.open("session", "s1"))
        easel.open("session", "s2")
        other = show_gallery("session", "s2", viewer=desk.alice)
        claim = desk.house.signer.read("share", made.token)

        crossed = desk.house.signer.sign(Claim(**vars(claim) | {"target_id": other.id}))

        with pytest.raises(NotFound):
            desk.enter(crossed)

    def test_only_owner_and_admin_share(
        self, desk: Desk, easel: Easel, bob: Viewer, root: Viewer, visitor: Viewer
    ) -> None:
        """A public gallery is not everybody's to hand out either."""
        slug = easel.open("session", "s1", visibility="public")

        with pytest.raises(NotFound):
            desk.share("session", slug, viewer=bob)
        with pytest.raises(NotFound):
            desk.share("story", slug)
        with pytest.raises(SignInRequired):
            desk.share("session", slug, viewer=visitor)
        assert desk.share("session", slug, viewer=root).link.purpose == "share"


class TestLedger:
    """The list of links."""

    def test_owner_sees_theirs_newest_first(
        self, desk: Desk, easel: Easel, bob: Viewer, root: Viewer
    ) -> None:
        """Bob sees none of alice's links, an admin sees all."""
        image_id = easel.generation().image_id
        made = [desk.sign(image_id).link.id]
        easel.clock.move(seconds=1)
        made.append(desk.share("session", easel.open("session", "s1")).link.id)

        seen = {
            viewer.name: [row.id for row in links.list_links(viewer=viewer).items]
            for viewer in (desk.alice, bob, root)
        }

        assert seen == {"alice": made[::-1], "bob": [], "root": made[::-1]}

    def test_list_is_narrowed_to_an_image_or_a_gallery(self, desk: Desk, easel: Easel) -> None:
        """A page of an image or a gallery lists its own links."""
        image_id = easel.generation().image_id
        easel.open("session", "s1")
        gallery = show_gallery("session", "s1", viewer=desk.alice)
        of_image, of_gallery = desk.sign(image_id).link, desk.share("session", "s1").link

        by_image = links.list_links(viewer=desk.alice, image_id=image_id)
        by_gallery = links.list_links(viewer=desk.alice, gallery_id=gallery.id)

        assert [row.id for row in by_image.items] == [of_image.id]
        assert [row.id for row in by_gallery.items] == [of_gallery.id]

    @pytest.mark.usefixtures("inside")
    def test_visitor_has_no_ledger(self, visitor: Viewer) -> None:
        """Who is not signed in owns no links."""
        with pytest.raises(SignInRequired):
            links.list_links(viewer=visitor)

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({}, True),
            ({"expires_at": datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)}, False),
            ({"revoked_at": datetime(2026, 3, 14, tzinfo=UTC)}, False),
            ({"max_downloads": 3}, True),
            ({"max_downloads": 2}, False),
        ],
        ids=["fresh", "expired", "revoked", "some left", "used up"],
    )
    def test_liveness_is_told(
        self, clock: FixedClock, change: dict[str, object], expected: bool
    ) -> None:
        """A link is live until it expires, is revoked or is used up."""
        values = {"expires_at": clock() + timedelta(seconds=1), "downloads": 2} | change

        assert links.is_live(Link(**values), clock()) is expected


def test_links_go_with_their_image(desk: Desk, easel: Easel, house: House) -> None:
    """The ledger holds no links to nothing."""
    image_id = easel.generation().image_id
    desk.sign(image_id)

    retention.delete_image(image_id, viewer=desk.alice, storages=house.storages, now=house.now())

    assert db.session.scalar(select(func.count()).select_from(Link)) == 0
    assert db.session.scalar(select(func.count()).select_from(Image)) == 0
