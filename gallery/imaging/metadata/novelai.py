"""Read NovelAI: ``Software``, ``Description`` (the prompt) and ``Comment`` (a JSON of settings)."""

from __future__ import annotations

from gallery.imaging.metadata.values import Generation, load_object, pixels, whole, words


def read_novelai(raw: dict[str, str]) -> Generation | None:
    # WebP has the PNG's texts as one JSON object in UserComment.
    texts: dict[str, object] = {**raw}
    if "Comment" not in raw:
        texts.update(load_object(raw.get("exif:UserComment")))
    comment = load_object(words(texts.get("Comment")))
    if texts.get("Software") != "NovelAI" and not {"uc", "sampler", "scale"} <= comment.keys():
        return None
    return Generation(
        generator="novelai",
        prompt=words(texts.get("Description")) or words(comment.get("prompt")),
        negative_prompt=words(comment.get("uc")),
        model=words(texts.get("Source")),
        seed=whole(comment.get("seed")),
        steps=whole(comment.get("steps")),
        sampler=words(comment.get("sampler")),
        size=pixels(comment.get("width"), comment.get("height")),
    )
