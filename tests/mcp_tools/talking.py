"""Talk to the gallery's tools as assistants do: through the SDK's own client."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx2
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, Tool


@dataclass
class Assistant:
    """Somebody who uses the tools with the API key of one of the cast.

    The client looks each answer over by the schema that the tool announced.
    """

    client: Client
    portal: BlockingPortal

    def tools(self) -> dict[str, Tool]:
        return {tool.name: tool for tool in self.portal.call(self.client.list_tools).tools}

    def call(self, name: str, arguments: dict[str, Any], **options: Any) -> CallToolResult:
        return self.portal.call(partial(self.client.call_tool, name, arguments, **options))

    def ask(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Use a tool, and return its answer."""
        result = self.call(name, arguments)
        assert not result.is_error, result.content
        return result.structured_content

    def refusal(self, name: str, **arguments: Any) -> str:
        """Use a tool that refuses, and return what it says."""
        result = self.call(name, arguments)
        assert result.is_error
        (content,) = result.content
        return content.text


@contextmanager
def talking(transport: Any) -> Iterator[Assistant]:
    """Connect by *transport* until the block ends."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Client(transport)) as client,
    ):
        yield Assistant(client, portal)


@contextmanager
def talking_http(address: str, key: str) -> Iterator[Assistant]:
    """Connect over HTTP with an API key."""
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, verify=False)
    with talking(streamable_http_client(f"{address}/mcp", http_client=http)) as assistant:
        yield assistant
        assistant.portal.call(http.aclose)
