"""Read InvokeAI: ``invokeai_metadata`` (3 and later), ``sd-metadata`` (2), ``Dream`` (1)."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from gallery.imaging.metadata.values import Generation, load_object, pixels, whole, words

_NEGATIVE = re.compile(r"\[([^\[\]]*+)\]")


def read_invokeai(raw: dict[str, str]) -> Generation | None:
    if current := load_object(raw.get("invokeai_metadata")):
        return _read_current(current)
    if second := load_object(raw.get("sd-metadata")):
        return _read_second(second)
    return _read_dream(raw["Dream"]) if "Dream" in raw else None


def _read_current(metadata: dict[str, Any]) -> Generation:
    return Generation(
        generator="invokeai",
        prompt=words(metadata.get("positive_prompt")),
        negative_prompt=words(metadata.get("negative_prompt")),
        model=_model_name(metadata.get("model")),
        seed=whole(metadata.get("seed")),
        steps=whole(metadata.get("steps")),
        sampler=words(metadata.get("scheduler")),
        size=pixels(metadata.get("width"), metadata.get("height")),
    )


def _model_name(model: object) -> str | None:
    if isinstance(model, dict):  # "name" since 4.0, "model_name" in 3.
        return words(model.get("name")) or words(model.get("model_name"))
    return words(model)


def _read_second(metadata: dict[str, Any]) -> Generation:
    image = metadata.get("image")
    image = image if isinstance(image, dict) else {}
    prompt, negative = _split_prompt(_joined_prompt(image.get("prompt")))
    return Generation(
        generator="invokeai",
        prompt=prompt,
        negative_prompt=negative,
        model=words(metadata.get("model_weights")),
        seed=whole(image.get("seed")),
        steps=whole(image.get("steps")),
        sampler=words(image.get("sampler")),
        size=pixels(image.get("width"), image.get("height")),
    )


def _joined_prompt(prompt: object) -> str:
    """Return the prompt that is a string, or a list of {"prompt", "weight"}."""
    parts = prompt if isinstance(prompt, list) else [prompt]
    texts = [words(part.get("prompt") if isinstance(part, dict) else part) for part in parts]
    return ", ".join(text for text in texts if text)


def _read_dream(command: str) -> Generation:
    """Read '"a prompt [what not]" -s 50 -S 42 -W 512 -H 768 -A k_lms', blanks optional."""
    quoted, _, arguments = command.rpartition('"')
    if not quoted:
        quoted, _, arguments = command.partition(" -")
        arguments = f"-{arguments}"
    prompt, negative = _split_prompt(quoted.strip().removeprefix('"'))
    switches = _switches(arguments.split())
    return Generation(
        generator="invokeai",
        prompt=prompt,
        negative_prompt=negative,
        seed=whole(switches.get("S")),
        steps=whole(switches.get("s")),
        sampler=switches.get("A"),
        size=pixels(switches.get("W"), switches.get("H")),
    )


def _switches(arguments: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for argument, following in pairwise([*arguments, ""]):
        if argument[:1] == "-" and argument[1:2] in ("s", "S", "A", "W", "H"):
            found[argument[1]] = argument[2:] or following
    return found


def _split_prompt(prompt: str) -> tuple[str | None, str | None]:
    """Part a prompt from its [negative] pieces."""
    negative = ", ".join(piece.strip(" ,") for piece in _NEGATIVE.findall(prompt))
    return words(_NEGATIVE.sub("", prompt).strip(" ,")), words(negative)
