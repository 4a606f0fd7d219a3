"""Take an image in: the one way by which pictures come into the gallery."""

from gallery.services.ingest.keeping import versioned_key, write_search
from gallery.services.ingest.kinds import (
    IMAGE_TYPES,
    PAGE_METHODS,
    SHORTEST_SESSION,
    save_generation,
    save_round_image,
    save_session_image,
    save_story_image,
)
from gallery.services.ingest.told import MOST_CARDS, Details, Intake, Saved, Submission

__all__ = [
    "IMAGE_TYPES",
    "MOST_CARDS",
    "PAGE_METHODS",
    "SHORTEST_SESSION",
    "Details",
    "Intake",
    "Saved",
    "Submission",
    "save_generation",
    "save_round_image",
    "save_session_image",
    "save_story_image",
    "versioned_key",
    "write_search",
]
