"""Fetch the picture that a provider's answer points to, and nothing else.

The address comes from outside, so it is hostile until it was checked: only
public addresses are connected to, each redirect is checked anew, and time,
bytes and kind of file are bounded. The one exception is the origin that the
operator configured, since a server of one's own answers with its own private
address.
"""

from urllib.parse import urljoin

import httpcore2

from gallery.generators.base import GenerationFailed
from gallery.generators.fetching.addresses import (
    AddressRefused,
    WebAddress,
    is_public,
    read_address,
)
from gallery.generators.fetching.connections import CheckedBackend, Deadline, Network, read_body

__all__ = ["Network", "fetch_image", "format_of"]

MOST_REDIRECTS = 3
_REDIRECTS = {301, 302, 303, 307, 308}


def fetch_image(
    url: str,
    *,
    trusted_origin: str | None,
    most_bytes: int,
    deadline_seconds: float,
    network: Network | None = None,
) -> bytes:
    """Return the bytes of the PNG, JPEG or WebP at *url*.

    *trusted_origin* is an address whose scheme, host and port may lie in a
    private network. The deadline stands over everything, redirects included.
    The proxies of the environment are not used.

    Raises:
        GenerationFailed: whatever went wrong, in words fit for a visitor.
    """
    trusted = read_address(trusted_origin).origin if trusted_origin else None
    network = network or Network()
    deadline = Deadline(deadline_seconds)
    for _ in range(1 + MOST_REDIRECTS):
        address = read_address(url)
        backend = CheckedBackend(
            deadline=deadline,
            accepts=_anything if address.origin == trusted else is_public,
            network=network,
        )
        pool = httpcore2.ConnectionPool(network_backend=backend, ssl_context=network.ssl_context)
        found = _visit(pool, address, most_bytes=most_bytes)
        if isinstance(found, bytes):
            return found
        url = _joined(url, found)
    raise GenerationFailed("The image service sent us from one address to the next.")


def format_of(content: bytes) -> str | None:
    """Return ``png``, ``jpeg`` or ``webp`` by the first bytes, or None for anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    return None


def _anything(address: str) -> bool:  # noqa: ARG001 - the operator chose this origin
    return True


def _visit(pool: httpcore2.ConnectionPool, address: WebAddress, *, most_bytes: int) -> bytes | str:
    """Return the picture at *address*, or where it sends us instead."""
    url = httpcore2.URL(
        scheme=address.scheme, host=address.host, port=address.port, target=address.target
    )
    headers = [
        ("Host", address.authority),
        ("User-Agent", "gallery"),
        ("Accept", "image/png, image/jpeg, image/webp"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    ]
    try:
        with pool, pool.stream("GET", url, headers=headers) as answer:
            return _picture_or_redirect(answer, most_bytes=most_bytes)
    except httpcore2.TimeoutException as error:
        raise GenerationFailed("The picture did not arrive in time.") from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise GenerationFailed("The picture could not be fetched; try again later.") from error


def _picture_or_redirect(answer: httpcore2.Response, *, most_bytes: int) -> bytes | str:
    if answer.status in _REDIRECTS:
        headers = {name.lower(): value for name, value in answer.headers}
        return headers.get(b"location", b"").decode("latin-1")
    if answer.status != 200:
        raise GenerationFailed("The picture could not be fetched; it may be gone already.")
    content = read_body(answer, most_bytes=most_bytes)
    if format_of(content) is None:
        raise GenerationFailed("The image service answered with something that is not a picture.")
    return content


def _joined(base: str, location: str) -> str:
    try:
        return urljoin(base, location)
    except ValueError as error:
        raise AddressRefused from error
