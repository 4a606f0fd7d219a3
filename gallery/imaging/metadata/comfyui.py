"""Read ComfyUI's graph: from the sampler back along its links to texts, model and size.

Each node is {"class_type", "inputs"}; an input is a value, or a link [node id, output].
Every search keeps a set of nodes seen, so cycles end and no text counts twice.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from gallery.imaging.metadata.values import Generation, load_object, pixels, whole, words

Node = dict[str, Any]

_EXIF_PLACES = ("Model", "Make", "ImageDescription", "DocumentName", "0x010C", "0x010B")
_EXIF_VALUE = re.compile(r"(prompt|workflow):", re.IGNORECASE)
_OUTPUTS = ("SaveImage", "SaveAnimated", "PreviewImage", "Image Save")
# Links that lead away from what a search is after.
_NOT_TEXT = {"clip", "model", "vae", "image", "images", "pixels", "mask", "latent", "samples"}
_NOT_TEXT |= {"latent_image", "control_net", "clip_vision", "clip_vision_output", "style_model"}
_NOT_LATENT = {"clip", "model", "vae", "positive", "negative", "conditioning", "control_net"}
_TEXT_NAMES = ("text", "string", "prompt", "value", "populated_text", "clip_l", "clip_g", "t5xxl")
_MODEL_NAMES = ("ckpt_name", "unet_name", "base_ckpt_name", "model_name")
_LATENT_NAMES = ("latent_image", "latent", "samples", "image")
_SCALARS = ("value", "int", "number")
# A picture has a few passes; each look for an earlier one may cost a walk over the graph.
_MAX_PASSES = 16


def read_comfyui(raw: dict[str, str]) -> Generation | None:
    texts = _graph_texts(raw)
    nodes = _nodes(load_object(texts.get("prompt")))
    if nodes:
        return _Graph(nodes).read()
    workflow = load_object(texts.get("workflow"))
    if isinstance(workflow.get("nodes"), list) and "links" in workflow:
        return Generation(generator="comfyui")
    return None


def _graph_texts(raw: dict[str, str]) -> dict[str, str]:
    """Return "prompt" and "workflow" from PNG texts, EXIF tags, or a comment that is a graph."""
    texts = {"prompt": raw.get("exif:UserComment", "")}
    for place in _EXIF_PLACES:
        text = raw.get(f"exif:{place}", "")
        if match := _EXIF_VALUE.match(text):
            texts[match[1].lower()] = text[match.end() :]
    return texts | {name: raw[name] for name in ("prompt", "workflow") if name in raw}


def _nodes(graph: dict[str, Any]) -> dict[str, Node]:
    return {
        name: node
        for name, node in graph.items()
        if isinstance(node, dict)
        and isinstance(node.get("class_type"), str)
        and isinstance(node.get("inputs"), dict)
    }


class _Graph:
    def __init__(self, nodes: dict[str, Node]) -> None:
        self._nodes = nodes

    def read(self) -> Generation:
        sampler = self._first_pass()
        if sampler is None:
            return Generation(generator="comfyui", model=self._model(self._nodes))
        return Generation(
            generator="comfyui",
            prompt=self._prompt(sampler, "positive"),
            negative_prompt=self._prompt(sampler, "negative"),
            model=self._model(self._upstream([sampler], skip=_NOT_TEXT - {"model"}))
            or self._model(self._nodes),
            seed=whole(self._scalar(sampler, ("seed", "noise_seed"), through="noise")),
            steps=whole(self._scalar(sampler, ("steps",), through="sigmas")),
            sampler=words(self._scalar(sampler, ("sampler_name",), through="sampler")),
            size=self._size(sampler),
        )

    def _link(self, value: object) -> str | None:
        """Return the node a link points to."""
        if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int):
            name = str(value[0])
            return name if name in self._nodes else None
        return None

    def _links(self, name: str, *, skip: Iterable[str] = ()) -> Iterator[str]:
        for key, value in self._nodes[name]["inputs"].items():
            if key not in skip and (target := self._link(value)) is not None:
                yield target

    def _upstream(self, names: Iterable[str], *, skip: Iterable[str] = ()) -> Iterator[str]:
        """Yield *names* and all that they depend on, nearest first."""
        waiting = deque(names)
        seen = set(waiting)
        while waiting:
            name = waiting.popleft()
            yield name
            for target in self._links(name, skip=skip):
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)

    def _is_sampler(self, name: str) -> bool:
        inputs = self._nodes[name]["inputs"]
        is_guided = any(self._link(inputs.get(key)) for key in ("positive", "guider"))
        return is_guided and any(
            key in inputs for key in ("seed", "noise_seed", "noise", "latent_image")
        )

    def _first_pass(self) -> str | None:
        """Return the sampler that began the saved picture: refiners and upscalers come later."""
        saved = [n for n, node in self._nodes.items() if node["class_type"].startswith(_OUTPUTS)]
        samplers = filter(self._is_sampler, chain(self._upstream(saved), self._nodes))
        found = next(samplers, None)
        seen = {found}
        for _ in range(_MAX_PASSES):
            before = [] if found is None else self._latents(found)
            earlier = next((n for n in before if n not in seen and self._is_sampler(n)), None)
            if earlier is None:
                break
            found = earlier
            seen.add(earlier)
        return found

    def _latents(self, sampler: str) -> Iterator[str]:
        inputs = self._nodes[sampler]["inputs"]
        starts = [t for key in _LATENT_NAMES if (t := self._link(inputs.get(key))) is not None]
        return self._upstream(starts, skip=_NOT_LATENT)

    def _prompt(self, sampler: str, side: str) -> str | None:
        """Join the texts that reach the sampler's *side*, "positive" or "negative"."""
        inputs = self._nodes[sampler]["inputs"]
        guider = self._link(inputs.get("guider"))
        if guider is not None:
            inputs = self._nodes[guider]["inputs"]
        start = self._link(inputs.get(side))
        if start is None and side == "positive":  # BasicGuider has but one.
            start = self._link(inputs.get("conditioning"))
        return None if start is None else words("\n".join(self._texts(start, side)))

    def _texts(self, start: str, side: str) -> dict[str, None]:
        other = "negative" if side == "positive" else "positive"
        found: dict[str, None] = {}
        waiting, seen = [start], {start}
        while waiting:
            name = waiting.pop()
            if self._nodes[name]["class_type"] == "ConditioningZeroOut":
                continue  # It makes an empty prompt of whatever text it is given.
            for key, value in self._nodes[name]["inputs"].items():
                if (key == side or key.startswith(_TEXT_NAMES)) and (text := words(value)):
                    found[text] = None
            targets = dict.fromkeys(self._links(name, skip={*_NOT_TEXT, other}))
            fresh = [target for target in targets if target not in seen]
            seen.update(fresh)
            waiting.extend(reversed(fresh))
        return found

    def _model(self, names: Iterable[str]) -> str | None:
        for name in names:
            inputs = self._nodes[name]["inputs"]
            for key in _MODEL_NAMES:
                if model := words(inputs.get(key)):
                    return model
        return None

    def _scalar(self, start: str, keys: tuple[str, ...], *, through: str) -> object:
        """Find the value named by one of *keys*, here or behind the link *through*."""
        waiting, seen = deque([start]), {start}
        while waiting:
            name = waiting.popleft()
            inputs = self._nodes[name]["inputs"]
            wanted = keys if name == start else (*keys, *_SCALARS)
            for key in (*wanted, through):
                value = inputs.get(key)
                target = self._link(value)
                if target is not None and target not in seen:
                    seen.add(target)
                    waiting.append(target)
                elif key in wanted and isinstance(value, str | int | float):
                    return value
        return None

    def _size(self, sampler: str) -> tuple[int, int] | None:
        for name in self._latents(sampler):
            if {"width", "height"} <= self._nodes[name]["inputs"].keys():
                width = self._scalar(name, ("width",), through="")
                return pixels(width, self._scalar(name, ("height",), through=""))
        return None
