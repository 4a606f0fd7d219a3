"""Answers of the images API that are no answers."""

import base64
import json

import pytest

from gallery.generators.base import GenerationFailed
from gallery.generators.openai.answers import read_answer
from tests.pictures import picture


def test_answer_of_a_million_empty_parts_is_not_read() -> None:
    """It would fill the memory, though a picture stands in front."""
    first = {"b64_json": base64.b64encode(picture()).decode()}
    body = json.dumps({"data": [first, *([] for _ in range(2_000))]}).encode()

    with pytest.raises(GenerationFailed, match="can't be read"):
        read_answer(body, fetch=lambda _url: b"")
