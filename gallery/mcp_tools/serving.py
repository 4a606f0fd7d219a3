"""Speak the protocol: to one client over standard input and output, or to many over HTTP."""

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import anyio
import uvicorn
from flask import Flask
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
)
from pydantic import AnyHttpUrl
from starlette.applications import Starlette

from gallery.errors import GalleryError
from gallery.extensions import House
from gallery.mcp_tools.calls import TOOLS, answer_call
from gallery.services import accounts

# Each call in work holds a connection to the database, of which there are 15.
MOST_AT_ONCE = 8
INSTRUCTIONS = (
    "Gallery keeps the pictures that image generators make. The tools do what the owner of the"
    " API key may: find images, read their details, hand out links that expire, and, for admins,"
    " sweep what is over and check the storage. What isn't the owner's to see looks as if it did"
    " not exist. Times are in UTC, sizes in bytes."
)
Context = ServerRequestContext[Any, Any]


def serve_stdio(app: Flask, *, key: str) -> None:
    """Serve whoever started this process, as the owner of *key*, until they hang up.

    Raises:
        WrongCredentials: the key is not right; nothing was served.
    """
    with app.app_context():
        accounts.viewer_with_key(key)
    server = build_server(app, key_of=lambda _context: key)

    async def serve() -> None:
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())

    anyio.run(serve)


def serve_http(app: Flask, *, host: str, port: int) -> None:
    """Serve everybody who shows an API key, at ``/mcp``."""
    uvicorn.run(http_app(app, host=host), host=host, port=port, log_level="warning")


def http_app(app: Flask, *, host: str) -> Starlette:
    """Return the ASGI application of the protocol; it keeps nothing from request to request."""
    server = build_server(app, key_of=_bearer)
    return server.streamable_http_app(
        stateless_http=True,
        host=host,
        transport_security=_known_hosts(app.extensions["gallery"], host),
        # The SDK asks for an issuer; it is told to nobody, since keys are made here.
        auth=AuthSettings(issuer_url=AnyHttpUrl("http://localhost"), resource_server_url=None),
        token_verifier=KeyVerifier(app),
    )


def _bearer(context: Context) -> str:
    """Return the key that ``KeyVerifier`` let in with this very request."""
    request: Any = context.request
    return str(request.user.access_token.token)


class KeyVerifier:
    """Tells the SDK whether a bearer token is an API key."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the key with its owner, or None where it is not right."""
        return await anyio.to_thread.run_sync(self._verified, token)

    def _verified(self, token: str) -> AccessToken | None:
        with self._app.app_context():
            try:
                viewer = accounts.viewer_with_key(token)
            except GalleryError:
                return None
        return AccessToken(token=token, client_id=str(viewer.user_id), scopes=[])


def build_server(app: Flask, *, key_of: Callable[[Context], str]) -> Server[Any]:
    """Return the server; *key_of* finds the API key that a request came with."""
    places = anyio.CapacityLimiter(MOST_AT_ONCE)

    async def list_tools(_: Context, __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[tool.listed() for tool in TOOLS.values()])

    async def call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult:
        tool = TOOLS.get(params.name)
        if tool is None:
            raise MCPError(code=INVALID_PARAMS, message=f"There is no tool {params.name}")
        call = partial(
            answer_call,
            app,
            tool,
            params.arguments or {},
            key=key_of(context),
            tell=_teller(context),
        )
        return await anyio.to_thread.run_sync(call, limiter=places)

    return Server(
        "gallery",
        title="Gallery",
        version=version("gallery"),
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _teller(context: Context) -> Callable[..., None]:
    """Return what tells the client how far a call is, from the thread that works on it.

    The protocol wants figures that only rise; a check counts objects and
    then, from 0, images. So steps are counted, and the rest is in words.
    """
    steps = count(1)

    def tell(done: int, total: int | None = None) -> None:
        told = f"{done:,}" if total is None else f"{done:,} of {total:,}"
        anyio.from_thread.run(context.session.report_progress, next(steps), None, told)

    return tell


def _known_hosts(house: House, host: str) -> TransportSecuritySettings:
    """Name who may be asked and from which pages, so that no foreign page reaches a loopback."""
    public = urlsplit(house.settings.PUBLIC_URL)
    names = {"127.0.0.1", "localhost", "[::1]", f"[{host}]" if ":" in host else host}
    hosts, origins = {f"{name}:*" for name in names}, {f"http://{name}:*" for name in names}
    if public.netloc:
        hosts.add(public.netloc)
        origins.add(f"{public.scheme}://{public.netloc}")
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=sorted(hosts),
        allowed_origins=sorted(origins),
    )
