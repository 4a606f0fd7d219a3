"""Every query that lists or shows: the one place that knows who may see what.

Pages, JSON and the command line all ask here, so they can't disagree.
Lists read plain rows, not objects, and walk by keyset: page 1,000 costs
what page 1 costs.
"""

from gallery.services.catalog.accounts import (
    list_all_keys,
    list_own_keys,
    list_sessions,
    list_users,
    show_account,
)
from gallery.services.catalog.galleries import (
    GalleryCard,
    RoundCard,
    RoundListing,
    first_illustration,
    gallery_images,
    list_galleries,
    list_round,
    list_rounds,
    neighbouring_rounds,
    show_gallery,
    show_gallery_by_id,
    show_round,
    unfinished_images,
)
from gallery.services.catalog.images import (
    ImageFilter,
    facets,
    list_images,
    list_story_files,
    neighbours,
    show_embedded,
    show_handed_out,
    show_image,
    show_image_by_key,
    show_picture,
    show_round_image,
    show_session_image,
    show_shared_image,
)
from gallery.services.catalog.paging import DEFAULT_LIMIT, MOST_LIMIT, Page
from gallery.services.catalog.products import (
    ProductCard,
    ProductPage,
    list_products,
    show_product,
)
from gallery.services.catalog.search import search_images

__all__ = [
    "DEFAULT_LIMIT",
    "MOST_LIMIT",
    "GalleryCard",
    "ImageFilter",
    "Page",
    "ProductCard",
    "ProductPage",
    "RoundCard",
    "RoundListing",
    "facets",
    "first_illustration",
    "gallery_images",
    "list_all_keys",
    "list_galleries",
    "list_images",
    "list_own_keys",
    "list_products",
    "list_round",
    "list_rounds",
    "list_sessions",
    "list_story_files",
    "list_users",
    "neighbouring_rounds",
    "neighbours",
    "search_images",
    "show_account",
    "show_embedded",
    "show_gallery",
    "show_gallery_by_id",
    "show_handed_out",
    "show_image",
    "show_image_by_key",
    "show_picture",
    "show_product",
    "show_round",
    "show_round_image",
    "show_session_image",
    "show_shared_image",
    "unfinished_images",
]
