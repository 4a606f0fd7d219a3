"""Take an image in: the one way by which pictures come into the gallery."""

from gallery.services.ingest.keeping import copy_of, keep, prepare, versioned_key
from gallery.services.ingest.kinds import (
    IMAGE_TYPES,
    PAGE_METHODS,
    ROUND_FORMAT,
    SHORTEST_SESSION,
    check_page,
    check_place,
    round_key,
    round_slot,
    save_generation,
    save_round_image,
    save_session_image,
    save_story_image,
    story_key,
    story_slot,
)
from gallery.services.ingest.rows import Slot, write_search
from gallery.services.ingest.several import Spooled, spooled
from gallery.services.ingest.told import Details, Intake, Saved, Submission

__all__ = [
    "IMAGE_TYPES",
    "PAGE_METHODS",
    "ROUND_FORMAT",
    "SHORTEST_SESSION",
    "Details",
    "Intake",
    "Saved",
    "Slot",
    "Spooled",
    "Submission",
    "check_page",
    "check_place",
    "copy_of",
    "keep",
    "prepare",
    "round_key",
    "round_slot",
    "save_generation",
    "save_round_image",
    "save_session_image",
    "save_story_image",
    "spooled",
    "story_key",
    "story_slot",
    "versioned_key",
    "write_search",
]
