"""Answer a call of a tool: find out who asks, count it, do it, and say what went wrong."""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask
from marshmallow import ValidationError
from mcp.types import CallToolResult, TextContent

from gallery.errors import GalleryError, InvalidField
from gallery.extensions import current_house
from gallery.mcp_tools import linking, looking, upkeep
from gallery.mcp_tools.tool import Answer, Call, Tool
from gallery.services import accounts

_ALL = (
    looking.list_images,
    looking.image_details,
    looking.statistics,
    linking.sign_link,
    linking.share_gallery,
    linking.revoke_link,
    upkeep.sweep,
    upkeep.storage_check,
)
TOOLS: Mapping[str, Tool] = {tool.name: tool for tool in _ALL}
log = logging.getLogger(__name__)


def answer_call(
    app: Flask,
    tool: Tool,
    arguments: Mapping[str, Any],
    *,
    key: str,
    tell: Callable[..., object],
) -> CallToolResult:
    """Call *tool* as the owner of *key*, who is looked up anew each time.

    What was refused is told in the words that the JSON endpoints use; of
    anything else that went wrong only that it did.
    """
    try:
        # Each call has a context of its own, and gives its connection back with it.
        with app.app_context():
            answer = _call(tool, arguments, key, tell)
    except GalleryError as error:
        return _refused(f"{error.title}: {error.detail}" if error.detail else error.title)
    except Exception:
        log.exception("The tool %s failed", tool.name)
        return _refused(GalleryError.title)
    text = TextContent(type="text", text=json.dumps(answer, ensure_ascii=False))
    return CallToolResult(content=[text], structured_content=answer)


def _call(
    tool: Tool, arguments: Mapping[str, Any], key: str, tell: Callable[..., object]
) -> Answer:
    house, viewer = current_house(), accounts.viewer_with_key(key)
    house.limits.take(tool.limit, f"user:{viewer.user_id}", now=house.now())
    call = Call(viewer=viewer, house=house, tell=tell)
    return tool.run(call, **_loaded(tool, arguments))


def _loaded(tool: Tool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    # Assistants write null where they mean to leave something out.
    given = {name: value for name, value in arguments.items() if value is not None}
    try:
        loaded: dict[str, Any] = tool.takes().load(given)
    except ValidationError as error:
        wrong: dict[str, list[str]] = error.normalized_messages()  # type: ignore[no-untyped-call]
        told = (f"{field}: {' '.join(why)}" for field, why in wrong.items())
        raise InvalidField("; ".join(told)) from None
    return loaded


def _refused(why: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=why)], is_error=True)
