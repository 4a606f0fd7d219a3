"""Signed links, and the ledger that lists, counts, limits and revokes them."""

from gallery.services.links.inputs import InputTokens, input_tokens
from gallery.services.links.ledger import (
    DISPOSITIONS,
    LONGEST,
    SHORTEST,
    VARIANTS,
    Followed,
    OpenedShare,
    SignedLink,
    count_download,
    count_use,
    is_live,
    list_links,
    open_share,
    read_download,
    revoke_link,
    share_gallery,
    sign_download,
)
from gallery.services.links.secure import SecureLinks, SecureThumbnails
from gallery.services.links.signer import PURPOSES, Claim, LinkSigner
from gallery.services.links.standing import download_tokens, standing_link
from gallery.services.links.tally import Tally

__all__ = [
    "DISPOSITIONS",
    "LONGEST",
    "PURPOSES",
    "SHORTEST",
    "VARIANTS",
    "Claim",
    "Followed",
    "InputTokens",
    "LinkSigner",
    "OpenedShare",
    "SecureLinks",
    "SecureThumbnails",
    "SignedLink",
    "Tally",
    "count_download",
    "count_use",
    "download_tokens",
    "input_tokens",
    "is_live",
    "list_links",
    "open_share",
    "read_download",
    "revoke_link",
    "share_gallery",
    "sign_download",
    "standing_link",
]
