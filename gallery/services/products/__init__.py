"""Products: what sellers upload, and its way to being published."""

from gallery.services.products.inputs import (
    LONGEST_TEXT,
    MOST_BYTES,
    MOST_IMAGES,
    SHORTEST_TEXT,
    check_size,
)
from gallery.services.products.making import (
    add_product_images,
    choose_primary,
    create_product,
    delete_product,
    edit_product,
    remove_product_image,
)
from gallery.services.products.moving import LONGEST_ERROR, estimated_processing, move_product
from gallery.services.products.states import AT_WORK, MOVES, STATUSES, draw_states

__all__ = [
    "AT_WORK",
    "LONGEST_ERROR",
    "LONGEST_TEXT",
    "MOST_BYTES",
    "MOST_IMAGES",
    "MOVES",
    "SHORTEST_TEXT",
    "STATUSES",
    "add_product_images",
    "check_size",
    "choose_primary",
    "create_product",
    "delete_product",
    "draw_states",
    "edit_product",
    "estimated_processing",
    "move_product",
    "remove_product_image",
]
