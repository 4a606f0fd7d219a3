"""What is said of a picture wherever it is shown."""

from typing import Any

LONGEST_ALT = 240
TYPE_NAMES = {
    "main": "Main picture",
    "infographic_1": "First infographic",
    "infographic_2": "Second infographic",
    "lifestyle": "Lifestyle picture",
    "comparison": "Comparison",
}


def alt_text(image: Any) -> str:
    """Return what the picture shows, in words: the sentence or prompt that it was made from."""
    told = " ".join((image.completed_sentence or image.prompt or "").split())
    if told:
        return told if len(told) <= LONGEST_ALT else told[: LONGEST_ALT - 1].rstrip() + "…"
    if image.kind == "session":
        return f"{TYPE_NAMES[image.image_type]} of {image.gallery_title or 'a session'}"
    if image.kind == "round":
        return f"The picture of {image.player} in round {image.round_number}"
    if image.kind == "story":
        return f"Illustration of page {image.page_number}"
    return "A generated picture"
