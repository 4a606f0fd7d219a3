"""What a tool is: a name, shapes of what it takes and answers, and what it does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema
from mcp.types import Tool as ListedTool
from mcp.types import ToolAnnotations

from gallery.extensions import House
from gallery.schemas.json_schema import json_schema
from gallery.services.access import Viewer

Answer = dict[str, Any]
# What a client may let an assistant do unasked goes by these; nothing leaves the gallery.
LOOKS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
ADDS = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False
)
ENDS = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One use of a tool: who asks, of which gallery; *tell* hears how much is done, of how much."""

    viewer: Viewer
    house: House
    tell: Callable[..., object]


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool; ``run`` gets its arguments as ``takes`` has loaded them."""

    name: str
    title: str
    description: str
    takes: type[Schema]
    answers: type[Schema]
    effect: ToolAnnotations
    run: Callable[..., Answer]

    @property
    def limit(self) -> str:
        """The name of the limit that its calls are counted under."""
        return "reads" if self.effect.read_only_hint else "writes"

    def listed(self) -> ListedTool:
        """Return the tool as clients are told of it."""
        return ListedTool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=json_schema(self.takes),
            output_schema=json_schema(self.answers),
            annotations=self.effect,
        )


def tool(
    title: str, *, takes: type[Schema], answers: type[Schema], effect: ToolAnnotations
) -> Callable[[Callable[..., Answer]], Tool]:
    """Make a tool of a function: its name is the tool's, its docstring what assistants read."""

    def made(run: Callable[..., Answer]) -> Tool:
        return Tool(
            name=run.__name__,
            title=title,
            description=" ".join((run.__doc__ or "").split()),
            takes=takes,
            answers=answers,
            effect=effect,
            run=run,
        )

    return made
